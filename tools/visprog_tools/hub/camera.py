"""Pixels and depths to points in space, by what is known of the camera."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.values import Image

FIELD = 60.0  # degrees over the longer side, where nothing is known: between a phone's 70 and 47
BELIEVED = (5.0, 170.0)  # degrees of a field of view that a model may tell of


class Camera(NamedTuple):
    """A pinhole. `focal`: pixels; `x`, `y`: where the optical axis meets the picture, pixels;
    `notice`: what was assumed, else ""."""

    focal: float
    x: float
    y: float
    notice: str = ""

    @classmethod
    def of(cls, image: Image, field: float | None = None) -> Camera:
        """The camera that took a picture: as its EXIF told, else as a model sees it, else assumed.

        Args:
            field: a model's field of view over the picture's width, degrees.
        """
        if image.axis is not None:
            return cls(image.focal, *image.axis)
        middle = image.width / 2, image.height / 2
        if field is not None and BELIEVED[0] <= field <= BELIEVED[1]:
            return cls(focal_of(image.width, field), *middle)
        notice = f"camera unknown: assumed a field of view of {FIELD:g} degrees"
        return cls(focal_of(max(image.width, image.height), FIELD), *middle, notice)

    def lift(self, x: NDArray[Any], y: NDArray[Any], depth: NDArray[Any]) -> NDArray[np.float64]:
        """Points (n, 3) in the unit of `depth`: x to the right, y down, z along the optical axis.

        `x`, `y`: (n,) places in the picture, where a pixel's middle is at a half; `depth`: (n,)
        along the axis, as depth models tell it, not along the ray.
        """
        z = depth.astype(np.float64)
        return np.stack(((x - self.x) * z / self.focal, (y - self.y) * z / self.focal, z), axis=1)


def focal_of(pixels: int, field: float) -> float:
    """The focal length, in pixels, of a field of view, in degrees, over so many pixels."""
    return pixels / 2 / math.tan(math.radians(field) / 2)
