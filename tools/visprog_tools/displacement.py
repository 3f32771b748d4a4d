"""Where a thing is in the next frame, by optical flow and by how it looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from visprog_tools.appearance import (
    Anchor,
    Array,
    Box,
    alike,
    blob_motion,
    drift,
    matched,
    shifted,
    window_of,
)

GRID = 24  # points across the box
ERROR, ERROR_SHARE = 1.0, 0.05  # pixels, and of the motion, that forward and back may differ
SURVIVING = 0.25  # of the points that must come back to where they began
APART = 0.75  # pixels that a thing moves otherwise than what is around it
MOVERS = 0.3  # of its points that must do so
INSIDE = 0.3  # of the box that must be in the picture
RIGID = 6.0  # levels that a thing that only moves may look otherwise by, on average
PLAIN = 8.0  # of the Sobel gradient: less is no texture

# Of two pictures (h, w, 3) the flow (h, w, 2) from one to the other, and back, in pixels.
Flows = Callable[[Array, Array], tuple[Array, Array]]


@dataclass
class State:
    """Where the thing is, in pixels of the working frame: `box`, and `mask` (H, W) or None;
    `velocity`: of its centre a frame; `anchor`: how it looked at first, and how far its box's
    corner lies from the corner of that patch. A thing that still looks so is where that fits."""

    box: Box
    mask: Array | None
    velocity: tuple[float, float] = (0.0, 0.0)
    anchor: Anchor | None = None


class Lost(Exception):
    """The thing cannot be followed further, and why."""


def step(before: Array, now: Array, state: State, flows: Flows) -> State:
    """Where the thing is in the next frame.

    Args:
        before, now: (H, W, 3) uint8.
        flows: measures how the pixels of a window of them move.

    Raises:
        Lost: it cannot be told.
    """
    import cv2

    window = window_of(state.box)
    about = matched(before, now, state.box, state.velocity)
    guess = round(about[0]), round(about[1])
    size = window[2] - window[0], window[3] - window[1]
    middle = (window[0] + window[2] - 1) / 2, (window[1] + window[3] - 1) / 2
    one = cv2.getRectSubPix(before, size, middle)
    other = cv2.getRectSubPix(now, size, (middle[0] + guess[0], middle[1] + guess[1]))
    forward, backward = flows(one, other)
    points, plain = _points(state, window, one)
    moved, error = _compared(points, forward, backward)
    good = error < ERROR + ERROR_SHARE * np.hypot(*moved.T)
    if plain and state.mask is None:  # its inside tells nothing: its colour, or the whole patch
        blob = blob_motion(before, now, state.box, about)
        motion, movers = blob or about, np.zeros(len(points), np.bool_)
    elif good.mean() < SURVIVING:
        raise Lost("too few of its points can be found again")
    else:
        shift, movers = _motion(points, moved, good, state, window, forward)
        motion = shift[0] + guess[0], shift[1] + guess[1]
    if state.mask is not None:
        made = _carried(before, now, state.mask, motion)
        made = _warped(state.mask, window, guess, backward) if made is None else made
        ys, xs = np.nonzero(made > 0.5)
        if len(xs) < 4:
            raise Lost("nothing of its mask is left")
        box = float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)
        moved_state = State(box, made, motion)
    else:
        ratio = _ratio(points[movers], moved[movers])
        box = shifted(state.box, motion, ratio)
        across, down = drift(now, box, state.anchor)
        motion = motion[0] + across, motion[1] + down
        moved_state = State(shifted(box, (across, down)), None, motion, state.anchor)
    _expect_itself(before, now, state, moved_state, motion)
    return moved_state


def _points(state: State, window: Sequence[int], picture: Array) -> tuple[Array, bool]:
    """(n, 2) x and y in the window of what is followed: points of the mask or box that have
    texture; and whether its middle has none."""
    import cv2

    left, top, right, bottom = state.box
    xs = np.linspace(left, right - 1, min(GRID, max(2, int(right - left)))) - window[0]
    ys = np.linspace(top, bottom - 1, min(GRID, max(2, int(bottom - top)))) - window[1]
    grid = np.stack([axis.ravel() for axis in np.meshgrid(xs, ys)], 1).astype(np.float32)
    if state.mask is not None:
        cut = cv2.getRectSubPix(
            state.mask,
            (window[2] - window[0], window[3] - window[1]),
            ((window[0] + window[2] - 1) / 2, (window[1] + window[3] - 1) / 2),
        )
        inside = _sampled(cut[:, :, None], grid)[:, 0] > 0.5
        grid = grid[inside] if inside.sum() >= 4 else grid
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gradient = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    strength = _sampled(cv2.blur(gradient, (5, 5))[:, :, None], grid)[:, 0]
    middle = (
        np.array([(left + right) / 2, (top + bottom) / 2]) - window[:2],
        right - left,
        bottom - top,
    )
    inner = (np.abs(grid - middle[0]) < (0.25 * middle[1], 0.25 * middle[2])).all(1)
    plain = bool(inner.any() and np.median(strength[inner]) < PLAIN)
    kept = strength >= max(PLAIN, float(np.percentile(strength, 30)))
    return (grid[kept] if kept.sum() >= 8 else grid), plain


def _sampled(field: Array, points: Array) -> Array:
    """(n, c) a field (H, W, c) at points, between pixels too."""
    import cv2

    xs, ys = points[:, 0][:, None], points[:, 1][:, None]
    made: Array = cv2.remap(
        field, xs.astype(np.float32), ys.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return made.reshape(len(points), -1)


def _compared(points: Array, forward: Array, backward: Array) -> tuple[Array, Array]:
    """How far each point moves, and how far from it the backward flow ends."""
    moved = _sampled(forward, points)
    back = _sampled(backward, points + moved)
    return moved, np.hypot(*(moved + back).T)


def _motion(
    points: Array, moved: Array, good: Array, state: State, window: Sequence[int], flow: Array
) -> tuple[tuple[float, float], Array]:
    """The motion of the thing in the window, and which points have it."""
    around = _around(state, window)
    used = good
    if around.sum() >= 16:
        behind = np.median(flow[around], axis=0)
        apart = np.hypot(*(moved - behind).T) > APART
        if (apart & good).sum() >= MOVERS * good.sum():
            used = good & apart
    x, y = np.median(moved[used], axis=0)
    near = used & (np.hypot(*(moved - (x, y)).T) < 2.0 + 0.25 * np.hypot(x, y))
    if near.sum() < 3:
        return (float(x), float(y)), used
    x, y = np.mean(moved[near], axis=0)
    return (float(x), float(y)), near


def _around(state: State, window: Sequence[int]) -> Array:
    """(h, w) of the window: what is outside the box, a pixel away from it."""
    left, top, right, bottom = state.box
    ys, xs = np.mgrid[window[1] : window[3], window[0] : window[2]]
    made: Array = (xs < left - 3) | (xs > right + 2) | (ys < top - 3) | (ys > bottom + 2)
    return made


def _ratio(points: Array, moved: Array) -> float:
    """How much the thing grew: the median of its points' distances, after to before."""
    if len(points) < 24:
        return 1.0
    order = np.random.default_rng(0).permutation(len(points))
    pairs = order[: len(order) // 2 * 2].reshape(-1, 2)
    was = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T)
    after = points + moved
    now = np.hypot(*(after[pairs[:, 0]] - after[pairs[:, 1]]).T)
    far = was > 4
    if far.sum() < 8:
        return 1.0
    ratio = float(np.median(now[far] / was[far]))
    return min(1.05, max(0.95, ratio)) if abs(ratio - 1) > 0.004 else 1.0


def _carried(before: Array, now: Array, mask: Array, motion: tuple[float, float]) -> Array | None:
    """The mask moved as a whole, where what it covers looks the same there; else None: flow, which
    is smooth, would blur the edge of a rigid thing a little more with every frame."""
    import cv2

    shape = mask.shape[1], mask.shape[0]
    there = np.array([[1, 0, motion[0]], [0, 1, motion[1]]], np.float32)
    inside = mask > 0.5
    back = cv2.warpAffine(now, there, shape, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    off = np.abs(back[inside].astype(np.float32) - before[inside]).mean(1)
    if not len(off) or off.mean() > RIGID or np.percentile(off, 95) > 4 * RIGID:
        return None
    made: Array = cv2.warpAffine(mask.astype(np.float32), there, shape)
    return made


def _warped(mask: Array, window: Sequence[int], guess: tuple[int, int], backward: Array) -> Array:
    """The mask in the next frame: each pixel of the window there looks back to where it was."""
    import cv2

    ys, xs = np.mgrid[window[1] : window[3], window[0] : window[2]].astype(np.float32)
    seen = cv2.remap(
        mask.astype(np.float32), xs + backward[:, :, 0], ys + backward[:, :, 1], cv2.INTER_LINEAR
    )
    made = np.zeros_like(mask, np.float32)
    height, width = mask.shape
    left, top = window[0] + guess[0], window[1] + guess[1]
    right, bottom = min(width, left + seen.shape[1]), min(height, top + seen.shape[0])
    x, y = max(0, left), max(0, top)
    if right > x and bottom > y:
        made[y:bottom, x:right] = seen[y - top : bottom - top, x - left : right - left]
    return made


def _expect_itself(
    before: Array, now: Array, was: State, state: State, motion: tuple[float, float]
) -> None:
    """See that the thing is in the picture and looks as it did a frame before.

    Raises:
        Lost: it does not.
    """
    height, width = now.shape[:2]
    left, top, right, bottom = state.box
    across = max(0.0, min(right, width) - max(left, 0.0))
    down = max(0.0, min(bottom, height) - max(top, 0.0))
    if across * down < INSIDE * max(1e-9, (right - left) * (bottom - top)):
        raise Lost("it leaves the picture")
    if right - left < 3 or bottom - top < 3:
        raise Lost("it becomes too small")
    same = shifted(was.box, motion) if state.mask is not None else state.box
    if not alike(before, was.box, now, same):
        raise Lost("it looks unlike itself: it may be hidden, or the scene was cut")
