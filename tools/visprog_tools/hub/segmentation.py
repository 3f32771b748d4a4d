"""What segmenters of the hub have in common: a picture is encoded once, and its boxes decoded."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ToolError, WeightsError
from visprog.tool import Output
from visprog.values import Image, Percent, Region
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.hub.frames import Frame, Settings
from visprog_tools.hub.remembered import Remembered
from visprog_tools.hub.snapshots import Snapshot
from visprog_tools.measure import area

T = TypeVar("T")
Box = tuple[float, float, float, float]
Mask = NDArray[np.bool_]
Place = tuple[str, Box]  # a picture's key, and where in it


class Prompts(NamedTuple):
    """What is asked of a picture, in pixels of its frame. `boxes`: (n, 4), or None; `points`:
    (n, p, 2), with `labels` (n, p), 1 for a point of the thing and 0 for one beside it."""

    boxes: Any = None
    points: Any = None
    labels: Any = None


class Segmenter(HubBackend):
    """Masks of boxes, by a promptable network.

    Of the masks that it gives for a box, the one is taken whose overlap (IoU) it predicts best. The
    features of a picture are kept, so that further boxes cost the small decoder only, which runs in
    float32: a coordinate in bfloat16 would be off by up to 4 of 1024 pixels.
    `boxes`: decoded at once; `pictures`: encoded at once.
    """

    serves: ClassVar[tuple[str, ...]] = ("segment", "area")
    boxes: ClassVar[int] = 32
    pictures: ClassVar[int] = 4

    settings: Settings

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._kept = Remembered()

    def prepare(self, found: Snapshot) -> None:
        self.settings = Settings.read(found)

    @abstractmethod
    def frame(self, image: Image) -> Frame:
        """How a picture lies in the network's square."""

    @abstractmethod
    def encode(self, pictures: Any, module: Any) -> Sequence[tuple[Any, ...]]:
        """The features of each picture. `pictures`: (n, 3, side, side), float32."""

    @abstractmethod
    def decode(self, features: tuple[Any, ...], asked: Prompts, module: Any) -> tuple[Any, Any]:
        """Of each prompt some masks, as logits (n, k, h, w), and their predicted IoU (n, k)."""

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        if tool == "area":
            return self._areas([call["region"] for call in calls], module)
        wanted = [region for call in calls for region in call["regions"]]
        masks = self.masks(wanted, module)
        return [self._result(tool, call["regions"], masks) for call in calls]

    def _areas(self, regions: Sequence[Region], module: Any) -> list[Result]:
        """In percent of the picture, by a mask; one is made where the region has none."""
        masks = self.masks([region for region in regions if region.mask is None], module)
        made: list[Result] = []
        for region in regions:
            if region.mask is not None:
                made.append(Output(area(region)))
                continue
            found = self._result("area", [region], masks)
            if isinstance(found, Output) and isinstance(found.value, list):
                found = Output(Percent(area(found.value[0])), found.notices)
            made.append(found)
        return made

    def _result(
        self, tool: str, regions: list[Region], masks: Mapping[Place, Mask | ToolError]
    ) -> Result:
        made: list[Region] = []
        notices: list[str] = []
        for region in regions:
            mask = masks.get((region.image.key, region.box))
            if isinstance(mask, ToolError):
                return ToolError(f"{tool} in {self.name}: {mask}")
            if mask is None or not mask.any():
                notices.append(no_mask(region))
                mask = None
            made.append(replace(region, mask=mask))
        return Output(made, tuple(dict.fromkeys(notices)))

    def masks(self, regions: Sequence[Region], module: Any) -> dict[Place, Mask | ToolError]:
        """The mask of each box, by its picture's key; those that lie beside their picture have
        none. An error is of the picture whose numbers are none."""
        boxes: dict[str, dict[Box, Box]] = {}  # the box as it is, and within the picture
        for region in regions:
            inside = clipped(region)
            if inside is not None:
                boxes.setdefault(region.image.key, {})[region.box] = inside
        images = {one.image.key: one.image for one in regions if one.image.key in boxes}
        masks: dict[Place, Mask | ToolError] = {}
        for key, features in self.features(images.values(), module):
            for part in parts([*boxes[key].items()], self.boxes):
                found: Sequence[Mask] | ToolError = features
                if not isinstance(features, ToolError):
                    places = self.frame(images[key]).places(images[key], [box for _, box in part])
                    prompts = Prompts(boxes=places.reshape(-1, 4).to(self.place.device))
                    found = self._decoded(features, prompts, images[key], module)
                for row, (box, _) in enumerate(part):
                    masks[key, box] = found if isinstance(found, ToolError) else found[row]
        return masks

    def features(
        self, images: Iterable[Image], module: Any
    ) -> Iterator[tuple[str, tuple[Any, ...] | ToolError]]:
        """What the network makes of each picture, by the picture's key, on the device in float32;
        pictures that it has not seen lately go through it together."""
        import torch

        new = []
        for image in images:
            kept = self._kept.get(image.key)
            if kept is None:
                new.append(image)
            else:
                yield image.key, tuple(one.to(self.place.device) for one in kept)
        for part in parts(new, self.pictures):
            squares = [self.settings.square(image, self.frame(image)) for image in part]
            made = self.encode(torch.stack(squares).to(self.place.device), module)
            for image, one in zip(part, made, strict=True):
                if not all(bool(torch.isfinite(level).all()) for level in one):
                    yield image.key, ToolError("the network gave features that are no numbers")
                    continue
                self._kept.put(image.key, tuple(level.cpu().clone() for level in one))
                yield image.key, one

    def _decoded(
        self, features: tuple[Any, ...], asked: Prompts, image: Image, module: Any
    ) -> list[Mask] | ToolError:
        import torch

        logits, scores = (one.float() for one in self.decode(features, asked, module))
        if not bool(torch.isfinite(scores).all()):
            return ToolError("the network gave scores of masks that are no numbers")
        best = logits[torch.arange(len(logits), device=logits.device), scores.argmax(1)]
        if not bool(torch.isfinite(best).all()):
            return ToolError("the network gave masks that are no numbers")
        frame = self.frame(image)
        return [frame.mask(one, image) for one in best]

    def mask_at(
        self, image: Image, points: Sequence[tuple[float, float]], labels: Sequence[int] = ()
    ) -> Mask:
        """The mask (H, W) of what lies at some points; empty where the network sees nothing.

        Args:
            points: (x, y) in pixels of the picture.
            labels: of each, 1 if it is of the thing, 0 if it is beside it; by default all are 1.

        Raises:
            ToolError: there are no points, or they are beside the picture.
            WeightsError, SettingsError
        """
        import torch

        labels = list(labels) or [1] * len(points)
        size = image.width, image.height
        if not points or len(labels) != len(points) or not set(labels) <= {0, 1}:
            raise ToolError("mask_at: want points (x, y), and of each a label that is 0 or 1")
        for point in points:
            if not all(0 <= at <= most for at, most in zip(point, size, strict=True)):
                raise ToolError(f"mask_at: the point {point} is beside the picture")
        self.ready()
        with self._module() as module, torch.inference_mode():
            places = self.frame(image).places(image, points)[None].to(self.place.device)
            told = torch.tensor([labels], device=self.place.device)
            ((_, features),) = self.features([image], module)
            found: Sequence[Mask] | ToolError = features
            if not isinstance(features, ToolError):
                prompts = Prompts(points=places, labels=told)
                found = self._decoded(features, prompts, image, module)
        if isinstance(found, ToolError):
            raise ToolError(f"mask_at in {self.name}: {found}")
        return found[0]


def parts(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """As many as `most` at a time."""
    return (items[start : start + most] for start in range(0, len(items), most))


def clipped(region: Region) -> Box | None:
    """The part of a box that is in its picture; None if nothing is."""
    image = region.image
    left, right = max(0.0, region.left), min(float(image.width), region.right)
    top, bottom = max(0.0, region.top), min(float(image.height), region.bottom)
    return (left, top, right, bottom) if left < right and top < bottom else None


def no_mask(region: Region) -> str:
    box = ", ".join(f"{side:.0f}" for side in region.box)
    return f"no mask could be made of {region.label!r} at ({box}); its box stands for it"


def expect_side(found: Snapshot, settings: Settings, side: int) -> None:
    """Raises WeightsError: the processor's pictures are not those that the network reads."""
    if settings.side != side:
        raise WeightsError(
            f"{found.folder}: the processor makes pictures of {settings.side} pixels, the network "
            f"reads {side}"
        )


def lessen(encoder: Any, dtype: Any) -> None:
    """Put the encoder of a network that is float32 in another dtype; what it gives is float32."""
    forward = encoder.to(dtype).forward

    def run(pictures: Any, **options: Any) -> Any:
        made = forward(pictures.to(dtype), **options)
        if not isinstance(made, dict):
            return made.float()
        for name, value in made.items():
            many = isinstance(value, (tuple, list))
            made[name] = tuple(one.float() for one in value) if many else value.float()
        return made

    encoder.forward = run


def grid(tokens: Any) -> Any:
    """Tokens (n, side * side, d) of a square as maps (n, d, side, side)."""
    side = math.isqrt(tokens.shape[1])
    return tokens.transpose(1, 2).unflatten(2, (side, side))
