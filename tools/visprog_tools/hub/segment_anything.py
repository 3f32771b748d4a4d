"""SAM by Meta's own package, from the files of weights that Meta publishes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from visprog.errors import WeightsError
from visprog.values import Image
from visprog_tools.hub.checkpoints import fill
from visprog_tools.hub.frames import Frame, Settings
from visprog_tools.hub.segmentation import Prompts, Segmenter, expect_side, lessen
from visprog_tools.hub.snapshots import Snapshot


class SegmentAnything(Segmenter):
    """Segment Anything (Kirillov et al., ICCV 2023, arXiv 2304.02643), by the package
    `segment-anything` of its authors: https://github.com/facebookresearch/segment-anything.

    As Sam, which has the same weights in another form. A file of them is a pickle; only its tensors
    are read, by torch.load(weights_only=True).
    `kind`: of sam_model_registry.
    """

    kind: ClassVar[str]
    settings = Settings(1024, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375), 1.0)

    def prepare(self, found: Snapshot) -> None:
        try:
            import segment_anything  # noqa: F401
        except (ImportError, RuntimeError) as error:  # the second: a torchvision for another torch
            raise WeightsError(
                f"{self.name} wants the package segment-anything, and torchvision, which that "
                f"imports: pip install segment-anything torchvision ({error})"
            ) from error

    def make(self, found: Snapshot) -> Any:
        from segment_anything import sam_model_registry

        module = sam_model_registry[self.kind]()
        fill(module, found, self.kind)
        expect_side(found, self.settings, module.image_encoder.img_size)
        lessen(module.image_encoder, self.place.torch_dtype)
        return module

    def frame(self, image: Image) -> Frame:
        return Frame.fitted(image, self.settings.side)

    def encode(self, pictures: Any, module: Any) -> Sequence[tuple[Any, ...]]:
        return [(one,) for one in module.image_encoder(pictures)]

    def decode(self, features: tuple[Any, ...], asked: Prompts, module: Any) -> tuple[Any, Any]:
        points = None if asked.points is None else (asked.points, asked.labels)
        sparse, dense = module.prompt_encoder(points=points, boxes=asked.boxes, masks=None)
        logits, scores = module.mask_decoder(
            image_embeddings=features[0][None],
            image_pe=module.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True,
        )
        return logits, scores


class SegmentAnythingBase(SegmentAnything):
    name = weights = "segment-anything-vit-b"
    kind = "vit_b"


class SegmentAnythingLarge(SegmentAnything):
    name = weights = "segment-anything-vit-l"
    kind = "vit_l"
    batch = 4


class SegmentAnythingHuge(SegmentAnything):
    name = weights = "segment-anything-vit-h"
    kind = "vit_h"
    batch = 4
    pictures = 2
