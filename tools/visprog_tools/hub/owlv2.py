"""OWLv2: finds what a text names, each picture encoded once for all names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from visprog.errors import ToolError, WeightsError
from visprog.values import Image, Unknown
from visprog_tools.hub.detection import (
    Boxes,
    OpenVocabulary,
    boxes_of,
)
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.remembered import Remembered
from visprog_tools.hub.snapshots import Snapshot


class Owlv2(OpenVocabulary):
    """OWLv2 (Minderer, Gritsenko, Houlsby, NeurIPS 2023, arXiv 2306.09683):
    https://huggingface.co/google/owlv2-base-patch16-ensemble.

    A picture is padded with black to a square, at the right or at the bottom, and scaled to the
    network's size; boxes are shares of that square. The features of a picture are kept, so that
    further names cost two small heads only. These run in float32, for boxes to the pixel.
    """

    threshold = 0.1  # of the model card's example
    same = 0.5  # boxes come one a patch, often several for a thing; VisProg (CVPR 2023) took this

    exact = r"(box|class)_head\."

    TEXT = "a photo of a {}"  # of the model card

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._pictures = Remembered()
        self._texts = Remembered(16 * 2**20)

    def prepare(self, found: Snapshot) -> None:
        """The tokenizer, and the settings of the image processor, which itself would want scipy or
        torchvision."""
        from transformers import CLIPTokenizer, Owlv2ImageProcessorPil

        self._tokenizer = load_processor(CLIPTokenizer, found)
        told = load_processor(Owlv2ImageProcessorPil, found)
        try:
            self._size = int(told.size["height"]), int(told.size["width"])
            self._mean, self._std = tuple(told.image_mean), tuple(told.image_std)
            self._factor = float(told.rescale_factor)
        except (KeyError, TypeError, ValueError) as error:
            raise WeightsError(f"{found.folder} has no settings of a processor: {error}") from error

    def make(self, found: Snapshot) -> Any:
        from transformers import Owlv2ForObjectDetection

        module = load_module(Owlv2ForObjectDetection, found, self.place.torch_dtype)
        for head in (module.box_head, module.class_head):
            head.float()
        grid = module.num_patches_height, module.num_patches_width
        module.box_bias = module.compute_box_bias(*grid)
        return module

    def search(
        self, asked: Sequence[tuple[Image, str]], module: Any
    ) -> list[Boxes | Unknown | ToolError]:
        import torch

        texts = self._encode({text for _, text in asked}, module)
        readable = [(image, text) for image, text in asked if not isinstance(texts[text], Unknown)]
        pictures = self._look({image.key: image for image, _ in readable}, module)
        found: dict[tuple[str, str], Boxes | ToolError] = {}
        for image in {image.key: image for image, _ in readable}.values():
            features = pictures[image.key].to(self.place.device).float()[None]
            boxes = module.box_predictor(features, features)[0]
            names = [text for other, text in readable if other.key == image.key]
            queries = torch.stack([texts[text] for text in names]).to(self.place.device).float()
            logits, _ = module.class_predictor(features, queries[None])
            longest = max(image.width, image.height)
            frame = longest / image.width, longest / image.height
            for text, column in zip(names, logits[0].unbind(1), strict=True):
                found[image.key, text] = boxes_of(boxes, column.sigmoid(), frame)
        return [
            told if isinstance(told := texts[text], Unknown) else found[image.key, text]
            for image, text in asked
        ]

    def _encode(self, names: set[str], module: Any) -> dict[str, Any]:
        """The embedding (d,) of each name; an Unknown for one that is too long."""
        most = module.config.text_config.max_position_embeddings
        made: dict[str, Any] = {name: self._texts.get(name) for name in names}
        new = []
        for name in sorted(name for name, one in made.items() if one is None):
            tokens = self._tokenizer(self.TEXT.format(name))["input_ids"]
            if len(tokens) <= most:
                new.append(name)
                continue
            made[name] = Unknown(
                f"{self.name} reads texts of {most} word pieces, and {name!r} takes {len(tokens)}: "
                "ask for a shorter name and filter what is found, or use a Grounding DINO"
            )
        if new:
            inputs = self._tokenizer(
                [self.TEXT.format(name) for name in new],
                padding="max_length",
                max_length=most,
                return_tensors="pt",
            )
            inputs = inputs.to(self.place.device)
            told = module.owlv2.get_text_features(inputs["input_ids"], inputs["attention_mask"])
            for name, one in zip(new, told.pooler_output.cpu(), strict=True):
                made[name] = one.clone()
                self._texts.put(name, made[name])
        return made

    def _look(self, images: Mapping[str, Image], module: Any) -> dict[str, Any]:
        """The features (patches, d) of each picture, by its key."""
        import torch

        made: dict[str, Any] = {key: self._pictures.get(key) for key in images}
        new = [key for key, one in made.items() if one is None]
        if new:
            squares = torch.stack([self._square(images[key]) for key in new])
            squares = squares.to(self.place.device, self.place.torch_dtype)
            maps, _ = module.image_embedder(pixel_values=squares)
            for key, one in zip(new, maps.flatten(1, 2).cpu(), strict=True):
                made[key] = one.clone()
                self._pictures.put(key, made[key])
        return made

    def _square(self, image: Image) -> Any:
        """A picture (3, H, W) in the upper left of a black square, in the network's numbers."""
        import torch

        side = max(image.width, image.height)
        square = np.zeros((side, side, 3), np.uint8)
        square[: image.height, : image.width] = image.pixels
        scaled = torch.nn.functional.interpolate(
            torch.from_numpy(square).permute(2, 0, 1)[None],
            self._size,
            mode="bilinear",
            antialias=True,
        )
        mean, std = (torch.tensor(one)[:, None, None] for one in (self._mean, self._std))
        return (scaled[0] * self._factor - mean) / std


class Owlv2Base(Owlv2):
    name = weights = "owlv2-base"


class Owlv2Large(Owlv2):
    name = weights = "owlv2-large"
    batch = 4
