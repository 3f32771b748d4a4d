"""How a picture gets in: from a file, bytes, an array, a PIL image or an address, within limits.

Whatever goes wrong with a picture is an `ImageError`; files and bytes are taken to be hostile.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from visprog.decoding import Decoded, Limits, decode, focal, on_white, pixels, sixteen_to_eight
from visprog.errors import ImageError
from visprog.show import HIDDEN, printable
from visprog.values import Image

__all__ = ["Limits", "clean_name", "load", "load_url"]

DEFAULT = Limits()
ADDRESS = re.compile(r"\s*(https?|ftp|file|data):", re.IGNORECASE)
SUFFIX = re.compile(r"(?<=.)\.[A-Za-z][A-Za-z0-9]{1,4}$")


Decoder = Callable[[bytes, Limits], Decoded]


def load(
    source: object,
    *,
    name: str | None = None,
    limits: Limits = DEFAULT,
    decoder: Decoder = decode,
) -> Image:
    """A picture as RGB, turned the way its EXIF says, the first frame if there are several.

    Args:
        source: a path; the bytes of a file; a PIL image; an array (H, W), (H, W, 1), (H, W, 3) or
            (H, W, 4) of uint8, bool, uint16 or floats in 0 to 1, in RGB order; or an `Image`,
            which comes back as it is. Files: JPEG, PNG, WebP, BMP, TIFF, GIF, told by content.
            16 bits are scaled to 8; what is transparent becomes white.
        name: what to call the picture; else the stem of its file, or "".
        limits: the largest picture to take.
        decoder: what turns the bytes of a file into pixels, such as a process of its own.

    The focal length is what the EXIF of a file says; of a PIL image that was changed since it was
    read, and of an array, it is not known.

    Raises:
        ImageError: it cannot be read, breaks a limit, or is an address (see `load_url`).
    """
    if isinstance(source, Image):
        return source if name is None else replace(source, name=clean_name(name))
    known = ""
    if isinstance(source, (str, os.PathLike)):
        if isinstance(source, str) and ADDRESS.match(source):
            raise ImageError(
                f"want a file, got an address: {_shown(source)!r}; "
                "to fetch a picture, call visprog.images.load_url(url)"
            )
        known = os.fsdecode(source)
        with _about(_shown(known) or "an empty path"):
            made = decoder(_read(known, limits), limits)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        with _about("the picture"):
            limits.check_bytes(memoryview(source).nbytes)
            made = decoder(bytes(source), limits)
    elif isinstance(source, np.ndarray):
        with _about("the array"):
            made = Decoded(_from_array(np.asarray(source), limits))
    else:
        known = str(getattr(source, "filename", None) or "")  # of a PIL image that was a file
        with _about("the picture"):
            made = _from_pil(source, limits)
    return Image(made.pixels, clean_name(known if name is None else name), made.focal)


def load_url(url: str, *, limits: Limits = DEFAULT, timeout: float = 10.0) -> Image:
    """The picture at an http or https address, called by the last part of its path.

    Redirects to other schemes are refused. `timeout`: seconds for each wait and for the whole body.

    Raises:
        ImageError: the address cannot be fetched, or what it holds cannot be loaded.
    """
    import urllib.request
    from http.client import HTTPException

    class Redirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: Any, **options: Any) -> Any:
            _expect_web(args[-1])
            return super().redirect_request(*args, **options)

    deadline = time.monotonic() + timeout
    with _about(_shown(url)):
        _expect_web(url)
        data = bytearray()
        try:
            with urllib.request.build_opener(Redirect).open(url, timeout=timeout) as reply:
                while block := reply.read1(1 << 16):
                    data += block
                    limits.check_bytes(len(data))
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"not complete after {timeout:g} s")
        except (OSError, ValueError, HTTPException) as error:  # timeouts and HTTP errors too
            raise ImageError(f"cannot be fetched: {_shown(str(error))}") from None
        made = decode(bytes(data), limits)
        return Image(made.pixels, clean_name(unquote(urlsplit(url).path)), made.focal)


def clean_name(name: str) -> str:
    """A file's stem as a short text without directories, control or direction characters."""
    last = HIDDEN.sub("", " ".join(re.split(r"[/\\]", name)[-1].split()))
    return SUFFIX.sub("", last)[:100].strip()


def _shown(text: str) -> str:
    clean = printable(" ".join(text.split()))
    return clean if len(clean) <= 120 else clean[:60] + "..." + clean[-57:]


@contextmanager
def _about(what: str) -> Iterator[None]:
    """Every error within, of whatever class, is an ImageError that says which picture failed."""
    try:
        yield
    except ImageError as error:
        raise ImageError(f"{what}: {error}") from None
    except Exception as error:  # Pillow fails on damaged files with errors of every class
        reason = _shown(str(error)) or type(error).__name__
        raise ImageError(
            f"{what}: want a whole picture, got a damaged or truncated one ({reason}); save it anew"
        ) from None


def _expect_web(url: str) -> None:
    if not re.match(r"https?://[^/]", url, re.IGNORECASE):
        raise ImageError(f"want an http or https address, got {_shown(url)!r}")


def _read(path: str, limits: Limits) -> bytes:
    """The bytes of a regular file, opened so that a pipe cannot make us wait."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a device can already do something
            raise ImageError("want a picture file, got a directory, device or pipe")
        with os.fdopen(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ImageError("want a picture file, got something else in its place")
            limits.check_bytes(status.st_size)
            return file.read(limits.bytes + 1)  # a file may grow, or say 0: decode checks again
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _from_array(array: NDArray[Any], limits: Limits) -> NDArray[np.uint8]:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        turned = array.ndim == 3 and array.shape[0] in (1, 3, 4)
        raise ImageError(
            f"want the shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), got {array.shape}; "
            + ("channels come last: array.transpose(1, 2, 0)" if turned else "give one picture")
        )
    limits.check_size(array.shape[1], array.shape[0])
    made = _eight_bits(array)
    if made.ndim == 3 and made.shape[2] == 4:
        from PIL import Image as pil

        return on_white(pil.fromarray(np.ascontiguousarray(made)))
    made = made[:, :, None] if made.ndim == 2 else made
    return np.array(np.broadcast_to(made, (*made.shape[:2], 3)), order="C")


def _eight_bits(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:  # in either byte order
        return sixteen_to_eight(array)
    if array.dtype.kind != "f":
        raise ImageError(
            f"want uint8, bool, uint16 or floats in 0 to 1, got {array.dtype}; "
            "for numbers of 0 to 255 use array.astype(np.uint8)"
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):  # also where one is NaN
        raise ImageError(f"want floats in 0 to 1, got {low:g} to {high:g}; scale the array")
    return (array.astype(np.float32) * 255 + 0.5).astype(np.uint8)


def _from_pil(source: object, limits: Limits) -> Decoded:
    from PIL import Image as pil

    if not isinstance(source, pil.Image):
        raise ImageError(
            "want a path, bytes, a numpy array, a PIL image or a visprog Image, "
            f"got {type(source).__name__}"
        )
    limits.check_size(*source.size)
    return Decoded(pixels(source), focal(source))
