"""SAM 2.1: the mask of a box or of a point, by features of three sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from visprog.values import Image
from visprog_tools.hub.frames import Frame
from visprog_tools.hub.loading import load_module
from visprog_tools.hub.sam import options
from visprog_tools.hub.segmentation import (
    Prompts,
    Segmenter,
    expect_side,
    lessen,
)
from visprog_tools.hub.snapshots import Snapshot


class Sam2(Segmenter):
    """SAM 2 (Ravi et al., ICLR 2025, arXiv 2408.00714), as of SAM 2.1:
    https://huggingface.co/facebook/sam2.1-hiera-small.

    A picture is stretched to a square of 1024 pixels. The checkpoints are of the model for videos;
    its memory is left out.
    """

    exact = r"(?!vision_encoder\.backbone\.)"

    def make(self, found: Snapshot) -> Any:
        import torch
        from transformers import Sam2Model

        module = load_module(Sam2Model, found, torch.float32, ("sam2", "sam2_video"))
        expect_side(found, self.settings, module.prompt_encoder.input_image_size)
        lessen(module.vision_encoder.backbone, self.place.torch_dtype)
        return module

    def frame(self, image: Image) -> Frame:
        return Frame.stretched(image, self.settings.side)

    def encode(self, pictures: Any, module: Any) -> Sequence[tuple[Any, ...]]:
        return [*zip(*module.get_image_embeddings(pictures), strict=True)]

    def decode(self, features: tuple[Any, ...], asked: Prompts, module: Any) -> tuple[Any, Any]:
        made = module(image_embeddings=[one[None] for one in features], **options(asked))
        return made.pred_masks[0], made.iou_scores[0]


class Sam2Small(Sam2):
    name = weights = "sam2-small"


class Sam2BasePlus(Sam2):
    name = weights = "sam2-base-plus"


class Sam2Large(Sam2):
    name = weights = "sam2-large"
    batch = 4
