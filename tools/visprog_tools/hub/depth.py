"""Depth of every pixel, and Depth Anything V2, which gives it relative or in metres."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ToolError, VisprogError, WeightsError
from visprog.tool import Output
from visprog.values import Depth, Image
from visprog_tools.hub import space
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.hub.camera import Camera
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.remembered import Remembered
from visprog_tools.hub.snapshots import Snapshot
from visprog_tools.picture import FRAGMENT

RELATIVE = ("depth", "nearest", "farthest", "in_front_of", "behind")
SIZES = ("tall", "wide", "point", "height_from")
METRIC = (*RELATIVE, "distance", *SIZES)
LEAST = 0.01  # of the largest disparity in a picture: ratios are not kept below it
OBLONG = 4.0  # squares of the processor's size that a picture may take; a longer one is shrunk
RATIOS = (
    "relative depth: the order is measured, ratios are approximate, since the model leaves open "
    "where its scale begins"
)


class DepthBackend(HubBackend):
    """What depth models have in common: one pass a picture, which all words share.

    A prediction is kept at the size that the model gives, and brought to the picture's own by
    bilinear interpolation of pixels' middles, which moves nothing and adds no edges of its own.
    `unit`: of Depth.
    """

    unit: ClassVar[str]
    serves: ClassVar[tuple[str, ...]] = RELATIVE

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._kept = Remembered()

    @abstractmethod
    def predict(self, images: Sequence[Image], module: Any) -> list[tuple[Any, ...]]:
        """Tensors of each picture: the first (h, w), further ones of whatever else it tells."""

    @abstractmethod
    def scene(
        self, told: NDArray[np.float32], more: Sequence[Any], image: Image, module: Any
    ) -> space.Scene:
        """`told`: (H, W), the prediction at the picture's size."""

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        wanted: list[Image | VisprogError | None] = []
        for call in calls:
            try:
                wanted.append(space.picture_of(tool, call))
            except VisprogError as error:
                wanted.append(error)
        scenes = self._scenes([one for one in wanted if isinstance(one, Image)], module)
        return [
            self._result(tool, call, scenes[one.key])
            if isinstance(one, Image)
            else one or space.without_depth(tool, call)
            for call, one in zip(calls, wanted, strict=True)
        ]

    def _result(self, tool: str, call: Mapping[str, Any], scene: space.Scene | ToolError) -> Result:
        if isinstance(scene, ToolError):
            return ToolError(f"{tool}: {scene}")
        if tool == "distance":
            return space.distance(scene, call)
        if tool in SIZES:
            return space.measured(tool, scene, call)
        if tool != "depth":
            return space.chosen(tool, scene, call)
        image = call["image"]
        notices = scene.notices
        if self.unit == "metres" and FRAGMENT.search(image.name):
            notices = (*notices, space.PART)
        return Output(Depth(image, scene.depth, self.unit), notices)

    def _scenes(self, images: Sequence[Image], module: Any) -> dict[str, space.Scene | ToolError]:
        """By the pictures' keys. An error is of the picture whose prediction is no number."""
        import torch

        pictures = {image.key: image for image in images}
        known = {key: self._kept.get(key) for key in pictures}
        found: dict[str, tuple[Any, ...]] = {k: one for k, one in known.items() if one is not None}
        new = [key for key in pictures if key not in found]
        scenes: dict[str, space.Scene | ToolError] = {}
        predicted = self.predict([pictures[key] for key in new], module) if new else []
        for key, made in zip(new, predicted, strict=True):
            kept = tuple(one.float().cpu() for one in made)
            if all(bool(torch.isfinite(one).all()) for one in kept):
                found[key] = kept
                self._kept.put(key, kept)
            else:
                scenes[key] = ToolError(f"{self.name} gave depths that are no numbers")
        for key, (low, *more) in found.items():
            image = pictures[key]
            told = torch.nn.functional.interpolate(
                low[None, None], (image.height, image.width), mode="bilinear", align_corners=False
            )
            scenes[key] = self.scene(told[0, 0].numpy(), more, image, module)
        return scenes


class DepthAnything(DepthBackend):
    """Depth Anything V2 (Yang et al., NeurIPS 2024, arXiv 2406.09414).

    A picture is scaled as its processor does it, so that the side that changes less is 518 pixels
    and both are multiples of 14. One longer than 4 : 1 is shrunk further, as its cost grows with
    the square of its length, and no side is less than 14 pixels.
    """

    def prepare(self, found: Snapshot) -> None:
        from transformers import DPTImageProcessorPil  # of the two, the one without torchvision

        self._processor = load_processor(DPTImageProcessorPil, found)

    def make(self, found: Snapshot) -> Any:
        from transformers import DepthAnythingForDepthEstimation

        module = load_module(DepthAnythingForDepthEstimation, found, self.place.torch_dtype)
        kind = module.config.depth_estimation_type
        if (kind == "metric") != (self.unit == "metres"):
            raise WeightsError(f"{found.folder} has weights of {kind} depth: not for {self.name}")
        return module

    def predict(self, images: Sequence[Image], module: Any) -> list[tuple[Any, ...]]:
        by_size: dict[tuple[int, int], list[int]] = defaultdict(list)
        for place, image in enumerate(images):
            by_size[self.input_size(image)].append(place)
        made: dict[int, tuple[Any, ...]] = {}
        for (height, width), places in by_size.items():
            inputs = self._processor(
                [images[place].pixels for place in places],
                size={"height": height, "width": width},
                keep_aspect_ratio=False,
                input_data_format="channels_last",  # of 3 rows it could be mistaken
                return_tensors="pt",
            )
            depths = module(**self.tensors(inputs)).predicted_depth
            made.update((place, (one,)) for place, one in zip(places, depths, strict=True))
        return [made[place] for place in range(len(images))]

    def input_size(self, image: Image) -> tuple[int, int]:
        """Height and width that a picture has in the network, by its processor's rule."""
        processor = self._processor
        step, size = processor.ensure_multiple_of, processor.size
        tall, wide = size["height"] / image.height, size["width"] / image.width
        if processor.keep_aspect_ratio:
            tall = wide = wide if abs(1 - wide) < abs(1 - tall) else tall
        area = tall * image.height * wide * image.width
        less = min(1.0, math.sqrt(OBLONG * size["height"] * size["width"] / area))
        sides = tall * less * image.height, wide * less * image.width
        height, width = (max(step, round(side / step) * step) for side in sides)
        return height, width


class RelativeDepth(DepthAnything):
    """Without a scale: https://huggingface.co/depth-anything/Depth-Anything-V2-Small-hf.

    The network gives disparity, which is larger for what is nearer, up to a factor and an offset.
    Depth here is its inverse as if there were no offset, and 1 where the picture is nearest (see
    `farness`).
    """

    unit = "relative"

    def scene(
        self, told: NDArray[np.float32], more: Sequence[Any], image: Image, module: Any
    ) -> space.Scene:
        return space.Scene(farness(told), notices=(RATIOS,))


class DepthAnythingSmall(RelativeDepth):
    name = weights = "depth-anything-v2-small"


class DepthAnythingBase(RelativeDepth):
    name = weights = "depth-anything-v2-base"


class DepthAnythingLarge(RelativeDepth):
    name = weights = "depth-anything-v2-large"


class MetricDepth(DepthAnything):
    """In metres up to a limit (indoors 20, outdoors 80), learned from rendered rooms or streets:
    https://huggingface.co/depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf.

    The depths hang on cameras like those it learned from; the picture's own counts only for where
    its pixels lie.
    """

    unit = "metres"
    serves = METRIC

    def scene(
        self, told: NDArray[np.float32], more: Sequence[Any], image: Image, module: Any
    ) -> space.Scene:
        return space.Scene(told, Camera.of(image), float(module.config.max_depth))


class DepthAnythingIndoor(MetricDepth):
    name = weights = "depth-anything-v2-metric-indoor"


class DepthAnythingOutdoor(MetricDepth):
    name = weights = "depth-anything-v2-metric-outdoor"


def farness(disparity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Depth without a scale, (H, W) float32, of disparity: 1 for the largest, and more for less.

    It is the inverse, so that ratios are those of depths if the disparity has no offset; below
    LEAST of the largest it goes on along the tangent, so that it ends (at 2 / LEAST, for no
    disparity at all) and the order is kept everywhere.
    """
    largest = float(disparity.max())
    if largest <= 0:
        return np.ones_like(disparity)
    share = np.maximum(disparity, 0) / largest
    made = np.where(share >= LEAST, 1 / np.maximum(share, LEAST), (2 - share / LEAST) / LEAST)
    return made.astype(np.float32)
