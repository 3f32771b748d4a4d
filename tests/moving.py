"""Clips in which one thing moves as told, and files of them."""

from __future__ import annotations

import io
import math
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as pil

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]

WAYS = ("right", "down right", "down", "down left", "left", "up left", "up", "up right")


def texture(random: np.random.Generator, height: int, width: int, cell: int) -> Pixels:
    coarse = random.integers(0, 255, (height // cell + 2, width // cell + 2, 3)).astype(np.uint8)
    made: Pixels = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return made


def clip(
    way: int,
    pixels: float,
    *,
    count: int = 12,
    disc: bool = True,
    plain: bool = False,
    wall: bool = False,
    size: int = 44,
    width: int = 320,
    height: int = 240,
) -> tuple[list[Pixels], Box]:
    """A disc, or square, that goes one of the eight WAYS, so many pixels a frame, over the middle
    of the picture; and its box in the first frame. `plain`: it has one colour, not a texture;
    `wall`: so has what is behind it."""
    random = np.random.default_rng(100 * way + int(10 * pixels))
    behind = texture(random, height, width, 12) // 2 + 50
    if wall:
        behind = np.full_like(behind, 120)
    thing = texture(random, size, size, 6)
    if plain:
        thing[:] = (220, 40, 30)
    ys, xs = np.mgrid[:size, :size] - size / 2 + 0.5
    cover = (np.hypot(xs, ys) < size / 2 if disc else np.ones((size, size))).astype(np.float32)
    across, down = (pixels * f(way * math.pi / 4) for f in (math.cos, math.sin))
    left = width / 2 - across * (count - 1) / 2 - size / 2
    top = height / 2 - down * (count - 1) / 2 - size / 2
    frames = []
    for number in range(count):
        place = np.array([[1, 0, left + across * number], [0, 1, top + down * number]], np.float32)
        moved = cv2.warpAffine(thing, place, (width, height), borderMode=cv2.BORDER_REPLICATE)
        share = cv2.warpAffine(cover, place, (width, height))[:, :, None]
        frames.append((behind * (1 - share) + moved * share).round().astype(np.uint8))
    return frames, (left, top, left + size, top + size)


def film(
    frames: list[Pixels],
    *,
    fps: int = 25,
    kind: str = "mp4",
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    skip: tuple[int, ...] = (),
    turned: int = 0,
) -> bytes:
    """The bytes of a film. `skip`: places that have no frame, so that times are uneven."""
    import av

    with (
        tempfile.TemporaryDirectory() as scratch,
        av.open(f"{scratch}/film", "w", format=kind, options=options or {}) as container,
    ):
        stream: Any = container.add_stream(codec, rate=fps)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, fps)
        if codec == "libx264":
            stream.options = {"crf": "16", "g": "12"}
        if turned:
            stream.set_display_rotation(turned)
        for place, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts, frame.time_base = place, Fraction(1, fps)
            if place not in skip:
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        container.close()
        return (Path(scratch) / "film").read_bytes()


def gif(frames: list[Pixels], delay: int = 40) -> bytes:
    first, *others = (pil.fromarray(pixels) for pixels in frames)
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=delay)
    return file.getvalue()


def folder(path: Path, frames: list[Pixels]) -> Path:
    path.mkdir(exist_ok=True)
    for number, pixels in enumerate(frames):
        pil.fromarray(pixels).save(path / f"{number}.png")
    return path
