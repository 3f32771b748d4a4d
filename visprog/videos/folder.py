"""The frames of a folder of pictures, in the order of their names."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from visprog.errors import ImageError, ToolError, VideoError
from visprog.show import printable
from visprog.values import Image
from visprog.videos.film import Frames
from visprog.videos.limits import VideoLimits

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
FPS = 24.0  # where nobody says


class Folder(Frames):
    """Pictures of one folder; others than those of the usual names are left out.

    `load`: loads one picture, within its own limits.
    """

    codec = "pictures"

    def __init__(
        self,
        path: Path,
        name: str,
        fps: float | None,
        limits: VideoLimits,
        load: Callable[[object], Image],
    ) -> None:
        """
        Raises:
            VideoError: there is no picture in it, or too much.
            ImageError: the first cannot be loaded.
        """
        super().__init__(name, "")
        self._load = load
        try:
            self._paths = pictures_in(path)
            self.key = _key(self._paths, limits)
        except OSError as error:
            raise VideoError(f"cannot be read: {error.strerror or error}") from None
        if not self._paths:
            raise VideoError(f"want a folder of pictures ({', '.join(SUFFIXES)}), got none in it")
        self.fps = fps or FPS
        limits.check_length(len(self._paths), len(self._paths) / self.fps)
        self.times = tuple(place / self.fps for place in range(len(self._paths)))
        first = load(self._paths[0])
        self.natural = first.width, first.height
        self.size = limits.fitted(*self.natural)
        self.key += f" {self.fps!r} {self.size[0]}x{self.size[1]}"
        if fps is None and len(self._paths) > 1:
            self.notices = (
                f"a folder of pictures has no frame rate: {FPS:g} a second are assumed, so that "
                "times and speeds hang on it; say it by --fps",
            )

    def read(self, place: int) -> Any:
        path = self._paths[place]
        try:
            image = self._load(path)
        except ImageError as error:
            raise ToolError(f"frame {place} of the folder: {error}") from None
        if (image.width, image.height) != self.natural:
            raise ToolError(
                f"the pictures of a folder are of one size: {printable(path.name)} has "
                f"{image.width} x {image.height}, the first {self.natural[0]} x {self.natural[1]}"
            )
        if self.size == self.natural:
            return image.pixels
        from PIL import Image as pil

        return np.array(pil.fromarray(image.pixels).resize(self.size, pil.Resampling.BOX))


def pictures_in(path: Path) -> list[Path]:
    """The pictures of a folder in the order of their names, numbers by their size: 2 before 10."""
    found = [
        entry
        for entry in path.iterdir()
        if entry.suffix.lower() in SUFFIXES and not entry.name.startswith(".") and entry.is_file()
    ]
    return sorted(found, key=lambda entry: (_natural(entry.name), entry.name))


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"(\d{1,4000})", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _key(paths: list[Path], limits: VideoLimits) -> str:
    made = hashlib.blake2b(digest_size=16)
    total = 0
    for path in paths[: limits.frames + 1]:
        total += os.stat(path).st_size
        limits.check_bytes(total)
        with open(path, "rb") as file:
            made.update(hashlib.file_digest(file, "sha256").digest())
        made.update(path.name.encode("utf-8", "surrogateescape"))
    return made.hexdigest()
