"""SAM: the mask of a box or of a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from visprog.values import Image
from visprog_tools.hub.frames import Frame
from visprog_tools.hub.loading import load_module
from visprog_tools.hub.segmentation import Prompts, Segmenter, expect_side, lessen
from visprog_tools.hub.snapshots import Snapshot


class Sam(Segmenter):
    """Segment Anything (Kirillov et al., ICCV 2023, arXiv 2304.02643):
    https://huggingface.co/facebook/sam-vit-base.

    The longer side of a picture is scaled to 1024 pixels; the rest of the square is padding.
    """

    exact = r"(?!vision_encoder\.)"

    def make(self, found: Snapshot) -> Any:
        import torch
        from transformers import SamModel

        module = load_module(SamModel, found, torch.float32)
        expect_side(found, self.settings, module.config.vision_config.image_size)
        lessen(module.vision_encoder, self.place.torch_dtype)
        return module

    def frame(self, image: Image) -> Frame:
        return Frame.fitted(image, self.settings.side)

    def encode(self, pictures: Any, module: Any) -> Sequence[tuple[Any, ...]]:
        return [(one,) for one in module.get_image_embeddings(pictures)]

    def decode(self, features: tuple[Any, ...], asked: Prompts, module: Any) -> tuple[Any, Any]:
        made = module(image_embeddings=features[0][None], **options(asked))
        return made.pred_masks[0], made.iou_scores[0]


class SamBase(Sam):
    name = weights = "sam-vit-base"


class SamLarge(Sam):
    name = weights = "sam-vit-large"
    batch = 4


class SamHuge(Sam):
    name = weights = "sam-vit-huge"
    batch = 4
    pictures = 2


def options(asked: Prompts) -> dict[str, Any]:
    """Prompts about one picture, as models of transformers take them: with an axis of pictures."""
    if asked.boxes is not None:
        return {"input_boxes": asked.boxes[None]}
    return {"input_points": asked.points[None], "input_labels": asked.labels[None]}
