"""Pictures that were loaded lately: questions about one picture often come together."""

from __future__ import annotations

import os
import stat
import threading
from collections import OrderedDict
from collections.abc import Callable

from visprog.values import Image, Video

LIMIT = 256 * 2**20  # bytes
VIDEO = 64 * 2**20  # bytes
Stamp = tuple[str, int, int]


def weight(image: Image | Video) -> int:
    """Bytes that a picture takes, or the decoder of a video, whose frames are not held."""
    return VIDEO if isinstance(image, Video) else int(image.pixels.nbytes)


class RecentPictures:
    """Loads pictures, and remembers those of files that it loaded last. Thread-safe.

    `load`: loads a picture from any source; `limit`: bytes that the remembered ones may take. A
    file that was changed since is loaded anew.
    """

    def __init__(self, load: Callable[[object], Image | Video], limit: int = LIMIT) -> None:
        self._load = load
        self._limit = limit
        self._kept: OrderedDict[Stamp, Image | Video] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __call__(self, source: object) -> Image | Video:
        """Raises what `load` raises."""
        stamp = _stamp(source)
        if stamp is None:
            return self._load(source)
        with self._lock:
            if stamp in self._kept:
                self._kept.move_to_end(stamp)
                return self._kept[stamp]
        image = self._load(source)
        with self._lock:
            if stamp not in self._kept:
                self._kept[stamp] = image
                self._bytes += weight(image)
            while self._bytes > self._limit:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= weight(dropped)
        return image


def _stamp(source: object) -> Stamp | None:
    """A file as it is now; None for what is no file."""
    if not isinstance(source, (str, os.PathLike)):
        return None
    try:
        path = os.path.abspath(os.fsdecode(source))
        state = os.stat(path)
        if stat.S_ISDIR(state.st_mode):  # what is in it may change all the same
            return None
    except (OSError, ValueError):
        return None
    return path, state.st_mtime_ns, state.st_size
