"""What a source is, told by its first bytes, never by its name."""

from __future__ import annotations

import os
import stat
from typing import Any

from visprog.errors import VideoError
from visprog.values import Video

FILM, GIF, FOLDER = "film", "gif", "folder"
SUFFIXES = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".wmv", ".flv", ".ts")
PICTURE_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1", b"crx ")
QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip")  # how an old .mov begins
HEAD = 64  # bytes


def is_video(source: object) -> bool:
    """Whether a source is to be loaded as a video: one itself; a file or bytes of an mp4, mov,
    webm, mkv or a GIF of several frames; a file that is only called so; a folder."""
    if isinstance(source, Video):
        return True
    try:
        return bool(kind_of(source)) or _called(source)
    except (OSError, ValueError, VideoError):
        return False  # the loader of pictures says what is wrong with it


def kind_of(source: object) -> str:
    """FILM, GIF or FOLDER; "" where it is none of them.

    Raises:
        OSError, ValueError: a path that cannot be read.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
        return _kind(data[:HEAD], lambda: data)
    if not isinstance(source, (str, os.PathLike)):
        return ""
    state = os.stat(source)
    if stat.S_ISDIR(state.st_mode):
        return FOLDER
    if not stat.S_ISREG(state.st_mode):
        return ""
    with open(source, "rb") as file:
        head = file.read(HEAD)
        return _kind(head, lambda: head + file.read(1 << 26))


def _kind(head: bytes, whole: Any) -> str:
    if head[4:8] == b"ftyp":
        return "" if head[8:12] in PICTURE_BRANDS else FILM
    if head[4:8] in QUICKTIME or head.startswith(b"\x1a\x45\xdf\xa3"):
        return FILM
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF if several(whole()) else ""
    return ""


def _called(source: object) -> bool:
    return isinstance(source, (str, os.PathLike)) and os.fsdecode(source).lower().endswith(SUFFIXES)


def container(head: bytes) -> str:
    """What holds the frames of a film: the name that FFmpeg has for it."""
    return "matroska" if head.startswith(b"\x1a\x45\xdf\xa3") else "mov"


def matroska_end(head: bytes) -> int:
    """Where a webm or mkv ends by its own word; 0 where it does not say."""
    if container(head) != "matroska":
        return 0
    try:
        size, at = _vint(head, 4)
        at += size
        if head[at : at + 4] != b"\x18\x53\x80\x67":
            return 0
        size, at = _vint(head, at + 4)
    except IndexError:
        return 0
    return size + at if size else 0


def _vint(data: bytes, at: int) -> tuple[int, int]:
    """A number of EBML, 0 where all its bits are set (not known), and where it ends."""
    length = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1)
    _ = data[at + length - 1]
    return (0 if value == (1 << 7 * length) - 1 else value), at + length


def several(data: bytes) -> bool:
    """Whether a GIF has more than one frame. Its blocks are stepped over, nothing is decoded."""
    try:
        at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
        frames = 0
        while frames < 2:
            kind = data[at]
            if kind == 0x21:  # an extension
                at = _skipped(data, at + 2)
            elif kind == 0x2C:  # a frame
                frames += 1
                packed = data[at + 9]
                at += 10 + (3 << (packed & 7) + 1 if packed & 0x80 else 0)
                at = _skipped(data, at + 1)
            else:
                return False
    except IndexError:  # it ends too early: as a picture it is refused, as a video too
        return frames > 1 if "frames" in locals() else False
    return True


def _skipped(data: bytes, at: int) -> int:
    """Where a chain of blocks ends."""
    while size := data[at]:
        at += size + 1
    return at + 1
