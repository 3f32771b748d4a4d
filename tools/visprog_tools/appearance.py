"""How a thing looks, and where in a frame something looks so: patches, edges, one colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MARGIN = 0.5  # of the box, on each side: what is around a thing
LEAST = 48  # pixels of a window's side
ALIKE = 0.35  # correlation of a thing with what it was a frame before
PATCH = 32  # pixels of the square that appearance is compared in
EDGE = 4  # pixels around a thing without texture that are matched with it
COLOUR = 40  # levels that pixels of one colour may differ by
SEARCH = 4  # pixels around where flow says that the anchor is looked for
SURE = 0.85  # correlation at which the anchor is believed
UNLIKE = 20.0  # levels, on average, between things without texture
FLAT = 4.0  # grey levels: what deviates less has no texture to correlate

Array = NDArray[Any]
Box = tuple[float, float, float, float]
Anchor = tuple[Array, float, float]  # a patch, and how far the box's corner lies from its corner


def window_of(box: Sequence[float]) -> tuple[int, int, int, int]:
    """The whole pixels around a box; they may reach over the edge of the frame."""
    width, height = box[2] - box[0], box[3] - box[1]
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    across = max(LEAST, math.ceil(width * (1 + 2 * MARGIN))) / 2
    down = max(LEAST, math.ceil(height * (1 + 2 * MARGIN))) / 2
    left, top = math.floor(x - across), math.floor(y - down)
    return left, top, left + 2 * math.ceil(across), top + 2 * math.ceil(down)


def shifted(
    box: Sequence[float], motion: tuple[float, float], ratio: float = 1.0
) -> tuple[float, float, float, float]:
    x, y = (box[0] + box[2]) / 2 + motion[0], (box[1] + box[3]) / 2 + motion[1]
    across, down = (box[2] - box[0]) / 2 * ratio, (box[3] - box[1]) / 2 * ratio
    return x - across, y - down, x + across, y + down


def matched(
    before: Array, now: Array, box: Sequence[float], velocity: tuple[float, float]
) -> tuple[float, float]:
    """About how far the patch went, by correlation around where it is expected."""
    import cv2

    height, width = before.shape[:2]
    left, top = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
    right, bottom = min(width, math.ceil(box[2])), min(height, math.ceil(box[3]))
    vx, vy = round(velocity[0]), round(velocity[1])
    expected = float(vx), float(vy)
    if right - left < 4 or bottom - top < 4:
        return expected
    patch = before[top:bottom, left:right]
    if texture(patch) < 3 * FLAT:  # its edges tell more than its inside
        left, top = max(0, left - EDGE), max(0, top - EDGE)
        right, bottom = min(width, right + EDGE), min(height, bottom + EDGE)
        patch = before[top:bottom, left:right]
    if texture(patch) < FLAT:
        return expected
    reach = max(16, min(96, (right - left) * 3 // 4)), max(16, min(96, (bottom - top) * 3 // 4))
    from_x = max(0, left + vx - reach[0])
    from_y = max(0, top + vy - reach[1])
    field = now[
        from_y : min(height, bottom + vy + reach[1]),
        from_x : min(width, right + vx + reach[0]),
    ]
    if field.shape[0] < patch.shape[0] or field.shape[1] < patch.shape[1]:
        return expected
    scores = cv2.matchTemplate(field, patch, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(scores)
    if best <= ALIKE:
        return expected
    return from_x + x + _peak(scores[y], x) - left, from_y + y + _peak(scores[:, x], y) - top


def anchor_of(frame: Array, box: Sequence[float]) -> Anchor | None:
    """The patch of a box, with the edge around it; None where it reaches out of the frame or has
    nothing to match."""
    left, top = math.floor(box[0]) - EDGE, math.floor(box[1]) - EDGE
    right, bottom = math.ceil(box[2]) + EDGE, math.ceil(box[3]) + EDGE
    if left < 0 or top < 0 or right > frame.shape[1] or bottom > frame.shape[0]:
        return None
    patch = frame[top:bottom, left:right]
    return (patch, box[0] - left, box[1] - top) if texture(patch) >= FLAT else None


def drift(now: Array, box: Sequence[float], anchor: Anchor | None) -> tuple[float, float]:
    """How far off a box is from where the anchor fits best, between pixels, in whose patch it lay;
    (0, 0) where that fits nowhere near."""
    import cv2

    if anchor is None:
        return 0.0, 0.0
    patch, dx, dy = anchor
    height, width = patch.shape[:2]
    left, top = round(box[0] - dx) - SEARCH, round(box[1] - dy) - SEARCH
    right, bottom = left + width + 2 * SEARCH, top + height + 2 * SEARCH
    if left < 0 or top < 0 or right > now.shape[1] or bottom > now.shape[0]:
        return 0.0, 0.0
    scores = cv2.matchTemplate(now[top:bottom, left:right], patch, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(scores)
    if best < SURE:
        return 0.0, 0.0
    exact = left + x + _peak(scores[y], x) + dx, top + y + _peak(scores[:, x], y) + dy
    return exact[0] - box[0], exact[1] - box[1]


def _peak(scores: Array, place: int) -> float:
    """Where between -0.5 and 0.5 the top of a parabola through three scores lies."""
    if not 0 < place < len(scores) - 1:
        return 0.0
    a, b, c = (float(score) for score in scores[place - 1 : place + 2])
    bend = a - 2 * b + c
    return max(-0.5, min(0.5, 0.5 * (a - c) / bend)) if bend < 0 else 0.0


def blob_motion(
    before: Array, now: Array, box: Sequence[float], guess: tuple[float, float]
) -> tuple[float, float] | None:
    """How far a thing of one colour went: the centre of the pixels of its colour before and now.
    None where its colour does not set it apart from what is around it."""
    was = _blob(before, box, None)
    if was is None:
        return None
    colour, x, y, size = was
    found = _blob(now, shifted(box, guess), colour)
    if found is None or not 0.8 < found[3] / size < 1.25:
        return None
    motion = found[1] - x, found[2] - y
    apart = math.dist(motion, guess)
    return motion if apart <= max(3.0, 0.25 * (box[2] - box[0])) else None


def _blob(
    frame: Array, box: Sequence[float], colour: Array | None
) -> tuple[Array, float, float, int] | None:
    """The colour of a box's middle, and the centre and size of what has it there; None where that
    reaches the edge of the window around the box, or is little of the box."""
    import cv2

    window = window_of(box)
    left, top = max(0, window[0]), max(0, window[1])
    right, bottom = min(frame.shape[1], window[2]), min(frame.shape[0], window[3])
    x, y = round((box[0] + box[2]) / 2) - left, round((box[1] + box[3]) / 2) - top
    part = frame[top:bottom, left:right].astype(np.float32)
    if not (2 <= x < part.shape[1] - 2 and 2 <= y < part.shape[0] - 2):
        return None
    if colour is None:
        colour = np.median(part[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3), axis=0)
    alike = (np.abs(part - colour).max(2) < COLOUR).astype(np.uint8)
    _, labels, stats, centres = cv2.connectedComponentsWithStats(alike, connectivity=4)
    label = int(labels[y, x])
    if label == 0:
        return None
    from_x, from_y, across, down, size = (int(part) for part in stats[label])
    touches = from_x == 0 or from_y == 0
    touches |= from_x + across == part.shape[1] or from_y + down == part.shape[0]
    area = (box[2] - box[0]) * (box[3] - box[1])
    if touches or size < 0.3 * area or size > 1.5 * area:
        return None
    return colour, float(centres[label][0]) + left, float(centres[label][1]) + top, size


def texture(patch: Array) -> float:
    """How much its brightness or colour varies, in levels of 0 to 255."""
    return float(patch.reshape(-1, 3).std(0).max())


def patch_of(frame: Array, box: Sequence[float]) -> Array:
    import cv2

    size = max(2, round(box[2] - box[0])), max(2, round(box[3] - box[1]))
    middle = (box[0] + box[2] - 1) / 2, (box[1] + box[3] - 1) / 2
    cut = cv2.getRectSubPix(frame, size, middle)
    made: Array = cv2.resize(cut, (PATCH, PATCH), interpolation=cv2.INTER_AREA).astype(np.float32)
    return made


def alike(before: Array, was: Sequence[float], now: Array, box: Sequence[float]) -> bool:
    """Whether what is in a box looks as what was in another, a frame before."""
    one, other = patch_of(before, was), patch_of(now, box)
    if texture(one) < 3 * FLAT:
        return bool(abs(one - other).mean() <= UNLIKE)
    a, b = one - one.mean((0, 1)), other - other.mean((0, 1))
    norm = math.sqrt(float((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) >= ALIKE * max(1e-9, norm)
