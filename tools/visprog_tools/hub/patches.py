"""Parts of a picture that are drawn anew: a window around each thing, with what is around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]  # left, top, right and bottom, pixels, the last two exclusive

CONTEXT = 0.5  # of a thing's longer side, on each side of it: what the network sees around it
NARROW = 64  # pixels: a window is at least as wide and high, where the picture is
CELLS = 8  # of the network, that a side has at least


class Patch(NamedTuple):
    """`box`: of the window in the picture; `size`: width and height of it for the network."""

    box: Box
    size: tuple[int, int]

    @property
    def window(self) -> tuple[slice, slice]:
        left, top, right, bottom = self.box
        return slice(top, bottom), slice(left, right)

    def picture(self, pixels: Pixels) -> Pixels:
        """Of the picture (H, W, 3) the window as the network reads it, (h, w, 3)."""
        return _resized(pixels[self.window], self.size)

    def hole(self, mask: Mask, grain: int) -> Mask:
        """Of the mask (H, W) that in the window, (h, w): whole cells of the network, each of which
        a pixel of the mask touches."""
        part = mask[self.window]
        sums = np.pad(part.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        (top, bottom), (left, right) = (
            _spans(count, side // grain)
            for count, side in zip(part.shape, self.size[::-1], strict=True)
        )
        many = sums[bottom][:, right] - sums[top][:, right]
        cells: Mask = many - sums[bottom][:, left] + sums[top][:, left] > 0
        whole: Mask = cells.repeat(grain, axis=0).repeat(grain, axis=1)
        return whole

    def put(self, drawn: Pixels, mask: Mask, pixels: Pixels) -> None:
        """What was drawn (h, w, 3) into the picture (H, W, 3), within its mask (H, W) only."""
        left, top, right, bottom = self.box
        made = _resized(drawn, (right - left, bottom - top))
        inside = mask[self.window]
        pixels[self.window][inside] = made[inside]


def patches(things: Sequence[Mask], side: int, grain: int) -> list[Patch]:
    """Windows around things, no two of which overlap: things near each other share one.

    Args:
        things: (H, W) bool each, of one picture.
        side: pixels of the longer side for the network.
        grain: pixels of a cell of the network, in each direction.
    """
    boxes = [box for box in map(_extent, things) if box is not None]
    made: list[tuple[Box, Box]] = []  # of the things, and of the window
    while boxes:
        box = boxes.pop()
        window = _window(box, things[0].shape)
        meets = next((one for one in made if _overlap(one[1], window)), None)
        if meets is None:
            made.append((box, window))
        else:
            made.remove(meets)
            boxes.append(_joined(box, meets[0]))
    return sorted(Patch(window, _size(window, side, grain)) for _, window in made)


def _extent(mask: Mask) -> Box | None:
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _window(box: Box, shape: tuple[int, ...]) -> Box:
    """A square around a box, as far as the picture goes."""
    span = round(max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * CONTEXT))
    sides = []
    for low, high, whole in ((box[0], box[2], shape[1]), (box[1], box[3], shape[0])):
        long = min(whole, max(span, NARROW))
        start = min(max(0, (low + high - long) // 2), whole - long)
        sides.append((start, start + long))
    (left, right), (top, bottom) = sides
    return left, top, right, bottom


def _size(window: Box, side: int, grain: int) -> tuple[int, int]:
    wide, high = window[2] - window[0], window[3] - window[1]
    scale = side / max(wide, high) / grain
    return (
        grain * max(min(CELLS, side // grain), round(wide * scale)),
        grain * max(min(CELLS, side // grain), round(high * scale)),
    )


def _spans(pixels: int, cells: int) -> tuple[Any, Any]:
    """Of each cell in a row the first pixel that it touches, and the one after its last."""
    edges = np.arange(cells + 1) * pixels
    return edges[:-1] // cells, -(-edges[1:] // cells)


def _overlap(one: Box, other: Box) -> bool:
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]


def _joined(one: Box, other: Box) -> Box:
    return (
        *(min(a, b) for a, b in zip(one[:2], other[:2], strict=True)),
        *(max(a, b) for a, b in zip(one[2:], other[2:], strict=True)),
    )  # type: ignore[return-value]


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    import cv2

    if pixels.shape[1::-1] == size:
        return pixels
    smaller = pixels.shape[1] * pixels.shape[0] > size[0] * size[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    made: Any = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=how)
    return np.asarray(made, np.uint8)
