"""What EXIF says of the camera that took a picture.

Read here rather than by Pillow: the bytes may be hostile, and only four short numbers are wanted.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

DIAGONAL = math.hypot(36, 24)  # mm of the frame of 35 mm film
FILM = range(1, 2001)  # focal lengths in mm that are believed
SHAPE = 0.02  # by so much the sides' ratio may differ from that of the picture as it was taken
MOST = 1000  # entries of a directory that are looked at

PREFIX = b"Exif\0\0"
DIRECTORY, WIDTH, HEIGHT, IN_35MM = 0x8769, 0xA002, 0xA003, 0xA405


def focal_of(exif: bytes, width: int, height: int) -> float:
    """The focal length in pixels of a picture of this size, 0 where EXIF does not tell it.

    `FocalLengthIn35mmFilm` is the focal length that has the same angle of view over the diagonal of
    a frame of 35 mm film, 43.27 mm (CIPA DCG-001), so the picture's diagonal is what it is scaled
    by; over the width, 36 mm, the result would be 4 % less for a picture of 4 : 3. A picture that
    was made smaller is scaled with it. One whose sides have another ratio than EXIF says was cut,
    and nothing is known of it any more.
    """
    try:
        found = _numbers(exif.removeprefix(PREFIX))
    except (struct.error, ValueError):
        return 0.0
    film = found.get(IN_35MM, 0)
    if film not in FILM:
        return 0.0
    taken = found.get(WIDTH, 0), found.get(HEIGHT, 0)
    if all(taken):
        was, now = max(taken) / min(taken), max(width, height) / min(width, height)
        if abs(was / now - 1) > SHAPE:  # in either order: some turn the pixels and not the numbers
            return 0.0
    return film / DIAGONAL * math.hypot(width, height)


def _numbers(data: bytes) -> dict[int, int]:
    """The whole numbers of the camera's directory, by their tags."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        raise ValueError("no byte order")
    (start,) = struct.unpack_from(order + "4xI", data)
    inner = dict(_entries(data, start, order)).get(DIRECTORY)
    return {} if inner is None else dict(_entries(data, inner, order))


def _entries(data: bytes, start: int, order: str) -> Iterator[tuple[int, int]]:
    """Tags and values of a directory's entries that are one number of 16 or 32 bits."""
    (count,) = struct.unpack_from(order + "H", data, start)
    for place in range(min(count, MOST)):
        at = start + 2 + 12 * place
        tag, kind, many = struct.unpack_from(order + "HHI", data, at)
        if many == 1 and kind in (3, 4):
            (value,) = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, at + 8)
            yield tag, value
