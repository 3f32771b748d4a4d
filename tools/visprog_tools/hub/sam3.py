"""SAM 3: everything that a text names, with its mask; and the mask of a box or of a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from visprog.errors import ToolError
from visprog.tool import Output
from visprog.values import Image, Region, Unknown, Value
from visprog_tools.hub.backend import Result
from visprog_tools.hub.detection import phrase
from visprog_tools.hub.frames import Frame
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.remembered import Remembered
from visprog_tools.hub.sam import options
from visprog_tools.hub.segmentation import (
    Prompts,
    Segmenter,
    expect_side,
    grid,
    lessen,
    no_mask,
    parts,
)
from visprog_tools.hub.snapshots import Snapshot

Found = list[Region] | Unknown | ToolError


class Sam3(Segmenter):
    """SAM 3 (Carion et al., 2025, arXiv 2511.16719): https://huggingface.co/facebook/sam3.

    The checkpoint has two networks over one encoder: a detector, which finds what a noun phrase
    names, and a tracker, which makes the mask of a box as SAM 2 does. What is kept of a picture is
    what the encoder makes of it, so that either costs its own small part only. A picture is
    stretched to a square of 1008 pixels.
    `threshold`: the least score, that a box is of the phrase times that there is any.
    """

    name = weights = "sam3"
    serves = ("detect", "segment", "area")
    exact = r"(?!detector_model\.(vision_encoder\.backbone|text_encoder)\.)"
    batch = 4
    pictures = 2
    threshold: ClassVar[float] = 0.5  # of the model card's example, as is the next
    in_mask: ClassVar[float] = 0.5
    phrases: ClassVar[int] = 4  # about one picture at once

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._texts = Remembered(16 * 2**20)

    @property
    def parameters(self) -> Mapping[str, Value]:
        return {"threshold": self.threshold}

    def prepare(self, found: Snapshot) -> None:
        from transformers import CLIPTokenizer

        super().prepare(found)
        self._tokenizer = load_processor(CLIPTokenizer, found)

    def make(self, found: Snapshot) -> Any:
        """Both networks, the encoder once in them: it is read twice, and one copy let go."""
        import torch
        from transformers import Sam3Model, Sam3TrackerModel

        detector = load_module(Sam3Model, found, torch.float32, ("sam3_video",))
        expect_side(found, self.settings, detector.config.vision_config.image_size)
        encoder = detector.vision_encoder.backbone
        tracker = load_module(Sam3TrackerModel, found, torch.float32, ("sam3_video",))
        tracker.vision_encoder.backbone = encoder
        lessen(encoder, self.place.torch_dtype)
        detector.text_encoder.to(self.place.torch_dtype)
        return torch.nn.ModuleDict({"detector": detector, "tracker": tracker})

    def frame(self, image: Image) -> Frame:
        return Frame.stretched(image, self.settings.side)

    def encode(self, pictures: Any, module: Any) -> Sequence[tuple[Any, ...]]:
        made = module["detector"].vision_encoder.backbone(pictures)
        return [(one,) for one in made.last_hidden_state]

    def decode(self, features: tuple[Any, ...], asked: Prompts, module: Any) -> tuple[Any, Any]:
        """As the tracker does it in a first frame. Its neck makes a fourth, coarsest map, which is
        of no use here."""
        tracker = module["tracker"]
        maps, _ = tracker.vision_encoder.neck(grid(features[0][None]))
        fine, middle, coarse = maps[:3]
        levels = [
            tracker.mask_decoder.conv_s0(fine),
            tracker.mask_decoder.conv_s1(middle),
            coarse + tracker.no_memory_embedding.reshape(1, -1, 1, 1),
        ]
        made = tracker(image_embeddings=levels, **options(asked))
        return made.pred_masks[0], made.iou_scores[0]

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        if tool != "detect":
            return super().work(tool, calls, module)
        asked = [(call["image"], phrase(call["name"])) for call in calls]
        images = {image.key: image for image, text in asked if text}
        found: dict[tuple[str, str], Found] = {}
        texts = self._encode({text for _, text in asked if text}, module)
        for key, features in self.features(images.values(), module):
            names = list(dict.fromkeys(text for image, text in asked if image.key == key and text))
            if isinstance(features, ToolError):
                found.update({(key, text): features for text in names})
                continue
            found.update({(key, text): texts[text] for text in names})
            readable = [text for text in names if not isinstance(texts[text], Unknown)]
            for part in parts(readable, self.phrases):
                told = self._detect(
                    images[key], features[0], [texts[text] for text in part], module
                )
                found.update({(key, text): one for text, one in zip(part, told, strict=True)})
        return [
            self._detected(call, found[image.key, text])
            if text
            else ToolError(f"detect: want a name, got {call['name']!r}")
            for call, (image, text) in zip(calls, asked, strict=True)
        ]

    def _detected(self, call: Mapping[str, Any], found: Found) -> Result:
        if isinstance(found, ToolError):
            return ToolError(f"detect in {self.name}: {found}")
        if isinstance(found, Unknown):
            return Output(found)
        label = " ".join(call["name"].split())
        made = [Region(one.image, one.box, label, one.score, one.mask) for one in found]
        notices = [no_mask(one) for one in made if one.mask is None]
        return Output(made, tuple(dict.fromkeys(notices)))

    def _encode(self, names: set[str], module: Any) -> dict[str, Any]:
        """Of each name its embedding (1, t, d) and which word pieces are its own (1, t); an Unknown
        for one that is too long."""
        detector = module["detector"]
        most = detector.config.text_config.max_position_embeddings
        made: dict[str, Any] = {}
        for name in sorted(names):
            kept = self._texts.get(name)
            if kept is None:
                size = len(self._tokenizer(name)["input_ids"])
                if size > most:
                    made[name] = Unknown(
                        f"{self.name} reads texts of {most} word pieces, and {name!r} takes {size}"
                        ": ask for a shorter name and filter what is found, or use a Grounding DINO"
                    )
                    continue
                inputs = self._tokenizer(
                    name, padding="max_length", max_length=most, return_tensors="pt"
                ).to(self.place.device)
                ids, own = inputs["input_ids"], inputs["attention_mask"]
                told = detector.text_encoder(input_ids=ids, attention_mask=own).last_hidden_state
                kept = detector.text_projection(told.float()).cpu().clone(), own.cpu()
                self._texts.put(name, kept)
            made[name] = kept
        return made

    def _detect(
        self, image: Image, features: Any, texts: Sequence[Any], module: Any
    ) -> list[Found]:
        import torch

        detector = module["detector"]
        many = len(texts)
        embedded, own = (torch.cat(one).to(self.place.device) for one in zip(*texts, strict=True))
        maps, places = detector.vision_encoder.neck(grid(features[None]))
        seen = SimpleNamespace(
            fpn_hidden_states=[one.expand(many, -1, -1, -1) for one in maps],
            fpn_position_encoding=[one.expand(many, -1, -1, -1) for one in places],
            hidden_states=None,
            attentions=None,
        )
        made = detector(
            vision_embeds=seen,
            text_embeds=SimpleNamespace(pooler_output=embedded),
            attention_mask=own,
        )
        scores = made.pred_logits.sigmoid() * made.presence_logits.sigmoid()
        rows = zip(scores, made.pred_boxes, made.pred_masks, strict=True)
        return [self._regions(image, *row) for row in rows]

    def _regions(self, image: Image, scores: Any, boxes: Any, masks: Any) -> Found:
        """What is found of one phrase, best first. `boxes`: (n, 4), shares of the picture's width
        and height; `masks`: logits (n, h, w)."""
        shares, found = (one.float().cpu().numpy() for one in (boxes, scores))
        if not np.isfinite(found).all() or not np.isfinite(shares).all():
            return ToolError("the network gave boxes that are no numbers")
        limit = np.array((image.width, image.height) * 2, np.float32)
        made: list[Region] = []
        for row in np.argsort(-found, kind="stable"):
            left, top, right, bottom = map(float, np.clip(shares[row], 0, 1) * limit)
            if found[row] <= self.threshold or right - left < 1 or bottom - top < 1:
                continue
            chances = masks[int(row)].float().sigmoid()
            if not bool(chances.isfinite().all()):
                return ToolError("the network gave masks that are no numbers")
            mask = self.frame(image).mask(chances, image, self.in_mask)
            box, score = (left, top, right, bottom), min(1.0, float(found[row]))
            made.append(Region(image, box, "thing", score, mask if mask.any() else None))
        return made
