"""Depth and motion as pictures, with a legend under them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visprog.canvas import Pixels, canvas
from visprog.labels import DARK, LIGHT, font
from visprog.show import number
from visprog.values import Depth, Flow

STRIP, LEGEND = 38, 18  # height of a legend, and of its text


def draw_depth(value: Depth, side: int) -> Pixels:
    """Near is bright; by ratio rather than difference where the far is many times the near."""
    import cv2

    low, high = (float(part) for part in np.percentile(value.depth, (1, 99)))
    spread = np.log if low > 0 and high / low > 8 else np.asarray
    start, end = float(spread(np.float32(low))), float(spread(np.float32(high)))
    clipped = np.clip(value.depth, low, high)
    level = (spread(clipped) - start) / max(end - start, 1e-9)
    ramp = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO)
    table = ramp[::-1, 0, ::-1].astype(np.uint8)  # BGR; near is bright
    picture = canvas(table[np.rint(level * 255).astype(np.uint8)], side)
    bar = np.repeat(table[None, np.linspace(0, 255, 120).astype(int)], 12, axis=0)
    unit = " m" if value.unit == "metres" else ""
    near, far = (f"{word} {number(x)}{unit}" for word, x in (("near", low), ("far", high)))
    notes = [] if unit else ["relative, no scale"]
    notes += ["a heuristic"] if value.heuristic else []
    after = far + (f"  ({', '.join(notes)})" if notes else "")
    return _with_legend(np.array(picture), near, bar, after)


def draw_flow(value: Flow, side: int) -> Pixels:
    """Hue is the direction, strength the speed, up to the fastest hundredth."""
    speed = np.linalg.norm(value.uv, axis=2)
    fastest = max(float(np.percentile(speed, 99)), 1e-6)
    picture = canvas(_motion_colours(value.uv / fastest), side)
    axis = np.linspace(-1, 1, STRIP - 6, dtype=np.float32)
    disc = np.stack(np.meshgrid(axis, axis), axis=-1)
    wheel = _motion_colours(disc)
    wheel[np.linalg.norm(disc, axis=2) > 1] = LIGHT
    after = f"colour: where to; strong: {number(fastest)} pixels a frame"
    return _with_legend(np.array(picture), "", wheel, after)


def _motion_colours(uv: NDArray[np.float32]) -> Pixels:
    """The usual colours of optical flow (Baker et al., A Database and Evaluation Methodology for
    Optical Flow, 2011): hue is the direction, white is rest, full colour is length 1."""
    wheel = _colour_wheel()
    length = np.clip(np.linalg.norm(uv, axis=2), 0, 1)[..., None]
    turn = np.arctan2(-uv[..., 1], -uv[..., 0]) / np.pi  # in [-1, 1]
    place = (turn + 1) / 2 * (len(wheel) - 1)
    first = np.floor(place).astype(int)
    part = (place - first)[..., None]
    hue = (1 - part) * wheel[first] + part * wheel[(first + 1) % len(wheel)]
    made: Pixels = np.rint(255 * (1 - length * (1 - hue))).astype(np.uint8)
    return made


def _colour_wheel() -> NDArray[np.float64]:
    """(55, 3) in [0, 1]: red, yellow, green, cyan, blue, magenta, with more steps where the eye
    tells more hues apart."""
    corners = [(1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1), (1, 0, 0)]
    steps = (15, 6, 4, 11, 13, 6)
    parts = [
        np.linspace(start, end, count, endpoint=False)
        for start, end, count in zip(corners, corners[1:], steps, strict=False)
    ]
    return np.concatenate(parts)


def _with_legend(picture: Pixels, before: str, key: Pixels, after: str) -> Pixels:
    """The picture with a white strip under it: text, the key of its colours, text."""
    from PIL import Image as pil
    from PIL import ImageDraw

    wide = max(picture.shape[1], 440)
    strip = pil.new("RGB", (wide, STRIP), LIGHT)
    pen = ImageDraw.Draw(strip)
    at = 8
    if before:
        pen.text((at, STRIP // 2), before, DARK, font(LEGEND), anchor="lm")
        at += round(pen.textlength(before, font(LEGEND))) + 8
    strip.paste(pil.fromarray(key), (at, (STRIP - key.shape[0]) // 2))
    pen.text((at + key.shape[1] + 8, STRIP // 2), after, DARK, font(LEGEND), anchor="lm")
    beside = ((0, 0), (0, wide - picture.shape[1]), (0, 0))
    return np.concatenate([np.pad(picture, beside, constant_values=255), np.asarray(strip)])
