"""From a path or bytes to a `Video`."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from visprog import images
from visprog.errors import ImageError, VideoError
from visprog.show import printable
from visprog.values import Image, Video
from visprog.videos.film import Film
from visprog.videos.folder import Folder
from visprog.videos.limits import VideoLimits
from visprog.videos.sniffing import FOLDER, kind_of

DEFAULT = VideoLimits()


def load(
    source: object,
    *,
    name: str | None = None,
    fps: float | None = None,
    limits: VideoLimits = DEFAULT,
    load_picture: Callable[[object], Image] = images.load,
) -> Video:
    """A video; its frames are decoded when they are asked for, in a confined process.

    Args:
        source: a path of an mp4, mov, webm, mkv or GIF, told by content; its bytes; a folder of
            pictures, in the order of their names; or a `Video`, which comes back as it is.
        name: what to call it; else the stem of its file or folder.
        fps: frames a second of a folder, 24 where nobody says. A film says it itself.
        limits: the largest video to take.
        load_picture: loads the pictures of a folder.

    Raises:
        VideoError: it cannot be read, is damaged or truncated, or breaks a limit.
    """
    if isinstance(source, Video):
        return source
    given = isinstance(source, (bytes, bytearray, memoryview))
    known = "" if given else os.fsdecode(source)  # type: ignore[arg-type]
    title = images.clean_name(known.rstrip("/\\") if name is None else name)
    about = printable(known)[-120:] or "the video"
    try:
        footage = _footage(source, title, fps, limits, load_picture)
    except ImageError as error:
        raise VideoError(f"{about}: {error}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise VideoError(f"{about}: cannot be read: {reason}") from None
    return Video(footage, footage.fps, title)


def _footage(
    source: object,
    title: str,
    fps: float | None,
    limits: VideoLimits,
    load_picture: Callable[[object], Image],
) -> Film | Folder:
    kind = kind_of(source)
    if kind == FOLDER:
        return Folder(Path(os.fsdecode(source)), title, fps, limits, load_picture)  # type: ignore[arg-type]
    if not kind:
        raise VideoError(
            "want an mp4, mov, webm, mkv, a GIF of several frames or a folder of pictures, got "
            "something else; save it anew, as by: ffmpeg -i FILE clip.mp4"
        )
    if fps is not None:
        raise VideoError("a film says itself how many frames it has a second: --fps is for folders")
    file = _opened(source, limits)
    try:
        limits.check_bytes(os.fstat(file.fileno()).st_size)
        return Film(kind, file, title, _key(file), limits)
    except BaseException:
        file.close()
        raise


def _opened(source: object, limits: VideoLimits) -> Any:
    """The file, open, with nothing of it read; bytes are put in one without a name."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        limits.check_bytes(len(source))
        made: Any = tempfile.TemporaryFile()  # noqa: SIM115 - it stays open with its film
        made.write(source)
        made.flush()
    else:
        made = open(os.fsdecode(source), "rb")  # type: ignore[arg-type]  # noqa: SIM115
    made.seek(0)
    return made


def _key(file: Any) -> str:
    made = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    file.seek(0)
    return made
