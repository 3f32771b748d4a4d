"""The picture or clip of an answer, as a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from visprog.canvas import Pixels
from visprog.clips import SUFFIXES as CLIPS
from visprog.clips import save_clip
from visprog.drawing import draw
from visprog.errors import SettingsError
from visprog.show import describe
from visprog.values import Image, Value, Video

PICTURES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
QUALITY = 95
ANNOTATED = 2048  # the longest side of a picture that something is drawn on, pixels


def save(
    value: Value | None, images: Sequence[Image | Video], path: str | os.PathLike[str]
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Write what an answer shows into a file: a picture as it is, several as `NAME-1.png` and so
    on; regions, texts, depth and motion drawn on their picture; tracks in a video as a clip. Only
    pixels are written, nothing of what the first file said besides.

    Args:
        value: the answer; `images`: what the question was about; `path`: its suffix says the form.

    Returns:
        The files, and notices of what was left out.

    Raises:
        SettingsError: an unknown suffix, or the answer shows nothing.
        ToolError: the frames of a clip cannot be read.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    videos = [image for image in images if isinstance(image, Video)]
    if suffix in CLIPS and videos:
        return (path,), save_clip(videos[0], value, path)
    if suffix not in PICTURES:
        known = ", ".join((*PICTURES, *(CLIPS if videos else ())))
        raise SettingsError(f"an answer is saved as one of {known}, not as {suffix or path.name!r}")
    if isinstance(value, Image):
        return (_write(value.pixels, path),), ()
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, Image) for v in value):
        pictures = [item.pixels for item in value if isinstance(item, Image)]
        each = [path.with_stem(f"{path.stem}-{n}") for n in range(1, len(pictures) + 1)]
        return tuple(map(_write, pictures, each)), ()
    drawn = draw(value, ANNOTATED)
    if drawn is None:
        raise SettingsError(f"the answer shows nothing to save: it is {describe(value, 100)}")
    return (_write(drawn, path),), ()


def _write(pixels: Pixels, path: Path) -> Path:
    """Whole or not at all."""
    from PIL import Image as pil

    kind = PICTURES[path.suffix.lower()]
    part = path.with_name(f".{path.name}.part")
    options = {"quality": QUALITY} if kind != "PNG" else {}
    pil.fromarray(np.ascontiguousarray(pixels)).save(part, kind, **options)
    part.replace(path)
    return path
