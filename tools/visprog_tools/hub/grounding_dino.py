"""Grounding DINO, MM Grounding DINO and LLMDet: find what a text names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from visprog.errors import ToolError
from visprog.values import Image, Unknown, Value
from visprog_tools.hub.detection import (
    Boxes,
    OpenVocabulary,
    boxes_of,
    lessen,
)
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.snapshots import Snapshot

STEP = 32  # pixels: sides are padded to a multiple of this, so that pictures share a pass
NARROWEST = 64  # pixels: the network wants 900 places to look at


class GroundingDino(OpenVocabulary):
    """Grounding DINO (Liu et al., ECCV 2024, arXiv 2303.05499):
    https://huggingface.co/IDEA-Research/grounding-dino-tiny.

    A name is a text of its own, "name.": in one text with others its scores would hang on them. A
    box is kept where its best word piece scores `threshold` and all of them `text_threshold` on
    the average, so that a chair is no *red car* for being red; its score is that of the best. The
    label is the name that was asked, not what the network read.

    Each picture is padded by its own size only, and masked there: results do not hang on which
    pictures were batched. All but the backbone is float32 (see `lessen`).
    """

    threshold = 0.4  # both of the model card's example
    text_threshold: ClassVar[float] = 0.3
    same = 0.8  # Grounded SAM (arXiv 2401.14159) took this; the network gives few twice
    batch = 4

    exact = r"(?!model\.backbone\.)"

    kind: ClassVar[str] = "GroundingDinoForObjectDetection"

    @property
    def parameters(self) -> Mapping[str, Value]:
        return {**super().parameters, "text_threshold": self.text_threshold}

    def prepare(self, found: Snapshot) -> None:
        from transformers import BertTokenizer, GroundingDinoImageProcessorPil

        self._tokenizer = load_processor(BertTokenizer, found)
        self._processor = load_processor(GroundingDinoImageProcessorPil, found)

    def make(self, found: Snapshot) -> Any:
        import torch
        import transformers

        module = load_module(getattr(transformers, self.kind), found, torch.float32)
        lessen(module.model.backbone.conv_encoder, self.place.torch_dtype)
        return module

    def search(
        self, asked: Sequence[tuple[Image, str]], module: Any
    ) -> list[Boxes | Unknown | ToolError]:
        made: dict[int, Boxes | Unknown | ToolError] = {}
        by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
        for place, (image, text) in enumerate(asked):
            unread = self._unread(text, module.config.max_text_len)
            if unread:
                made[place] = Unknown(unread)
            else:
                by_size[_canvas(self.input_size(image))].append(place)
        for canvas, places in by_size.items():
            found = self._pass([asked[place] for place in places], canvas, module)
            made.update(zip(places, found, strict=True))
        return [made[place] for place in range(len(asked))]

    def input_size(self, image: Image) -> tuple[int, int]:
        """Height and width of a picture in the network, by its processor's rule."""
        from transformers.image_transforms import get_size_with_aspect_ratio

        size = self._processor.size
        height, width = get_size_with_aspect_ratio(
            (image.height, image.width), size["shortest_edge"], size["longest_edge"]
        )
        return max(1, int(height)), max(1, int(width))

    def _unread(self, text: str, most: int) -> str:
        """Why the network cannot read a name; "" where it can."""
        tokens = self._tokenizer(f"{text}.")["input_ids"]
        if len(tokens) > most:
            return f"{self.name} reads {most} word pieces, and the name takes {len(tokens)}"
        if set(tokens[1:-2]) <= {self._tokenizer.unk_token_id}:
            return f"{self.name} knows none of the letters of {text!r}: name it in English"
        return ""

    def _pass(
        self, asked: Sequence[tuple[Image, str]], canvas: tuple[int, int], module: Any
    ) -> list[Boxes | ToolError]:
        texts = self._tokenizer(
            [f"{text}." for _, text in asked], padding=True, return_tensors="pt"
        )
        pictures, mask = self._pictures([image for image, _ in asked], canvas)
        device = self.place.device
        told = module(
            pixel_values=pictures.to(device),
            pixel_mask=mask.to(device),
            input_ids=texts["input_ids"].to(device),
            attention_mask=texts["attention_mask"].to(device),
        )
        made: list[Boxes | ToolError] = []
        for place, length in enumerate(texts["attention_mask"].sum(1).tolist()):
            words = slice(1, length - 2)  # without what begins and ends a text, and its full stop
            scores = told.logits[place, :, words].float().sigmoid()
            wholly = scores.mean(dim=1) >= self.text_threshold
            made.append(boxes_of(told.pred_boxes[place], scores.amax(dim=1) * wholly))
        return made

    def _pictures(self, images: Sequence[Image], canvas: tuple[int, int]) -> tuple[Any, Any]:
        """Pictures (n, 3, H, W) in the upper left of a canvas, and (n, H, W), 1 where they are."""
        import torch

        scaled: dict[str, Any] = {}
        batch = torch.zeros((len(images), 3, *canvas))
        mask = torch.zeros((len(images), *canvas), dtype=torch.long)
        for place, image in enumerate(images):
            height, width = self.input_size(image)
            if image.key not in scaled:
                scaled[image.key] = self._processor(
                    image.pixels,
                    size={"height": height, "width": width},
                    do_pad=False,
                    input_data_format="channels_last",  # of 3 rows it could be mistaken
                    return_tensors="pt",
                )["pixel_values"][0]
            batch[place, :, :height, :width] = scaled[image.key]
            mask[place, :height, :width] = 1
        return batch, mask


class GroundingDinoTiny(GroundingDino):
    name = weights = "grounding-dino-tiny"


class GroundingDinoBase(GroundingDino):
    name = weights = "grounding-dino-base"


class MMGroundingDino(GroundingDino):
    """MM Grounding DINO (Zhao et al., 2024, arXiv 2401.02361), trained anew on open data:
    https://huggingface.co/openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg_v3det."""

    kind = "MMGroundingDinoForObjectDetection"


class MMGroundingDinoTiny(MMGroundingDino):
    name = weights = "mm-grounding-dino-tiny"


class LLMDet(MMGroundingDino):
    """LLMDet (Fu et al., CVPR 2025, arXiv 2501.18954): the same network, trained with captions of
    a language model: https://huggingface.co/iSEE-Laboratory/llmdet_tiny."""


class LLMDetTiny(LLMDet):
    name = weights = "llmdet-tiny"


class LLMDetBase(LLMDet):
    name = weights = "llmdet-base"


def _canvas(size: tuple[int, int]) -> tuple[int, int]:
    height, width = (max(NARROWEST, -(-side // STEP) * STEP) for side in size)
    return height, width
