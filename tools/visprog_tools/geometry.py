"""Geometry of boxes and masks: centres, shares, gaps, overlaps, and the pixels of a region."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ToolError
from visprog.values import Image, Region

Box = tuple[float, float, float, float]


def given_metres(metres: float) -> float:
    """A size that a program gives. Raises ToolError: it is none."""
    if not 0 < metres < math.inf:
        raise ToolError(f"want a size of more than 0 metres, got {metres:g}")
    return float(metres)


def expect_picture(tool: str, image: Image, *regions: Region) -> None:
    """See that the regions belong to this picture.

    Raises:
        ToolError: one belongs to another picture, so their coordinates do not compare.
    """
    for region in regions:
        if region.image is not image and region.image != image:
            raise ToolError(
                f"{tool}: the regions belong to different pictures ({_title(image)} and "
                f"{_title(region.image)}); detect both in one of them"
            )


def _title(image: Image) -> str:
    return f"{image.name or 'unnamed'}, {image.width}x{image.height}"


def same_thing(a: Region, b: Region) -> bool:
    """Whether two regions mean one thing: same picture, name and place; masks do not count."""
    if (a.label, a.box, a.ref) != (b.label, b.box, b.ref):
        return False
    return a.image is b.image or a.image == b.image


def box_area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def intersection(a: Box, b: Box) -> float:
    """Square pixels that two boxes share."""
    overlap = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return box_area(overlap)


def share_within(inner: Box, outer: Box) -> float:
    """The share of `inner` in `outer`, 0 to 1; a box without area counts by its centre."""
    whole = box_area(inner)
    if whole > 0:
        return min(1.0, intersection(inner, outer) / whole)
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return float(outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3])


def gap(a: Box, b: Box) -> float:
    """Pixels between the nearest edges of two boxes; 0 where they touch."""
    across = max(0.0, a[0] - b[2], b[0] - a[2])
    down = max(0.0, a[1] - b[3], b[1] - a[3])
    return math.hypot(across, down)


def pixel_box(box: Box, image: Image) -> tuple[int, int, int, int]:
    """The whole pixels that a box touches, cut to the picture; never empty."""
    left = min(max(math.floor(box[0]), 0), image.width - 1)
    top = min(max(math.floor(box[1]), 0), image.height - 1)
    right = max(min(math.ceil(box[2]), image.width), left + 1)
    bottom = max(min(math.ceil(box[3]), image.height), top + 1)
    return left, top, right, bottom


def pixel_mask(region: Region) -> NDArray[np.bool_]:
    """(H, W) True on the region's mask, or else on the pixels of its box."""
    if region.mask is not None and region.mask.any():
        return region.mask
    left, top, right, bottom = pixel_box(region.box, region.image)
    made = np.zeros(region.image.pixels.shape[:2], np.bool_)
    made[top:bottom, left:right] = True
    return made
