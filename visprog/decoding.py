"""From the bytes of a hostile file, or a PIL image, to upright 8-bit RGB, within limits.

Errors here do not say which picture they are about; `visprog.images` puts its name in front.
"""

from __future__ import annotations

import io
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ImageError
from visprog.exif import focal_of

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
SIGNATURES = (b"\xff\xd8", b"\x89PNG", b"RIFF", b"BM", b"II*\0", b"MM\0*", b"GIF8")
JPEG_SCANS = 50  # a progressive JPEG has about ten; each one costs a pass over all pixels
READS = 200_000  # of a file while it is decoded: bounds the chunks, markers and blocks it may have
TIFF_ENTRIES = 50_000  # values of one TIFF field: tables of strips or tiles
ORIENTATION = 0x0112  # of EXIF; 1 is upright, the others are told in `_upright`

_FILTERS = threading.RLock()  # held while the filters of warnings are others


@dataclass(frozen=True)
class Limits:
    """The largest picture taken. `bytes`: of the file; `pixels`: width x height; `side`: either."""

    bytes: int = 50 * 1024 * 1024
    pixels: int = 40_000_000
    side: int = 16_384

    def check_bytes(self, size: int) -> None:
        if size > self.bytes:
            raise ImageError(
                f"want at most {self.bytes:,} bytes, got {size:,} or more; "
                "shrink the picture, or raise Limits.bytes"
            )

    def check_size(self, width: int, height: int) -> None:
        if width < 1 or height < 1:
            raise ImageError(f"want a picture with pixels, got {width} x {height}")
        if width > self.side or height > self.side or width * height > self.pixels:
            raise self.too_large(f"{width:,} x {height:,}")

    def too_large(self, size: str) -> ImageError:
        return ImageError(
            f"want at most {self.pixels / 1e6:g} million pixels and {self.side:,} a side, "
            f"got {size}; shrink the picture, or raise Limits"
        )


class Decoded(NamedTuple):
    """What was in a file. `pixels`: (H, W, 3) uint8; `focal`: of the camera, as in `Image`."""

    pixels: NDArray[np.uint8]
    focal: float = 0.0


class _Metered(io.BytesIO):
    """A file that ends the decoding when it is read in more than READS pieces."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > READS:
            raise ImageError("want an ordinary picture, got one of too many parts; save it anew")
        return super().read(size)


def decode(data: bytes, limits: Limits) -> Decoded:
    """The first frame. Sizes are checked before pixels are decoded.

    Raises:
        ImageError: a limit is broken. Pillow's own errors, of any class, are the caller's to name.
    """
    from PIL import Image as pil
    from PIL import UnidentifiedImageError

    limits.check_bytes(len(data))
    _check_structure(data)
    try:
        with _unwarned():
            image = pil.open(_Metered(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise ImageError(
            f"want a whole {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file, got {_kind(data)}; "
            "if it is a picture, save it as PNG or JPEG"
        ) from None
    except (pil.DecompressionBombError, pil.DecompressionBombWarning):  # Pillow has its own limit
        raise limits.too_large("a header that declares far more") from None
    with image:
        limits.check_size(*image.size)
        with _unwarned() if image.format == "TIFF" else nullcontext():  # it reads its entries again
            return Decoded(pixels(image), focal(image))


def _kind(data: bytes) -> str:
    """What a file is that Pillow does not take, as far as its first bytes tell."""
    start = data[:512].lstrip().lower()
    if not data:
        return "an empty file"
    if b"<svg" in start or start.startswith((b"<?xml", b"<html", b"<!doctype")):
        return "an SVG, XML or HTML text"
    if data[4:8] == b"ftyp":
        return "a HEIC, AVIF or video file"
    if start.startswith((b"%pdf", b"%!ps")):
        return "a PDF or PostScript document"
    return "a damaged one" if data.startswith(SIGNATURES) else "something else"


def _check_structure(data: bytes) -> None:
    """Refuse what would keep Pillow busy for minutes, whatever its size in pixels."""
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > JPEG_SCANS:
        raise ImageError(f"want at most {JPEG_SCANS} scans in a JPEG, got more; save it anew")
    if data[:4] in (b"II+\0", b"MM\0+"):
        raise ImageError("want a TIFF, got a BigTIFF; save it as PNG or JPEG")
    if data[:4] in (b"II*\0", b"MM\0*"):
        order = "<" if data.startswith(b"II") else ">"
        (start,) = struct.unpack_from(order + "I", data, 4)
        (fields,) = struct.unpack_from(order + "H", data, start)
        for position in range(start + 2, start + 2 + 12 * fields, 12):
            _, kind, count = struct.unpack_from(order + "HHI", data, position)
            if count > TIFF_ENTRIES and kind not in (1, 2, 6, 7):  # bytes and text may be long
                raise ImageError("want an ordinary TIFF, got one of too many strips; save it anew")


def pixels(image: PILImage) -> NDArray[np.uint8]:
    """The pixels (H, W, 3) of a PIL image of any mode, upright; what is transparent is white."""
    image.load()
    if image.mode.startswith("I;16"):
        grey = sixteen_to_eight(np.asarray(image))
        return _upright(np.repeat(grey[:, :, None], 3, axis=2), image)
    if image.mode in ("I", "F"):
        raise ImageError(
            "want 8 or 16 bits a channel, got 32, where white is not defined; scale the numbers "
            "and save it anew"
        )
    if image.has_transparency_data:
        return _upright(on_white(image), image)
    return _upright(np.array(image if image.mode == "RGB" else image.convert("RGB")), image)


def focal(image: PILImage) -> float:
    """The focal length in pixels of a PIL image as it was read from its file, else 0: of one that
    was cut or changed its EXIF tells nothing."""
    exif = image.info.get("exif") if image.format else None
    return focal_of(exif, *image.size) if isinstance(exif, bytes) else 0.0


def on_white(image: PILImage) -> NDArray[np.uint8]:
    """The pixels (H, W, 3) of a PIL image laid on white."""
    from PIL import Image as pil

    layer = image.convert("RGBA")
    ground = pil.new("RGB", layer.size, "white")
    ground.paste(layer, mask=layer.getchannel("A"))
    return np.array(ground)


def sixteen_to_eight(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Numbers of 0 to 65535 scaled to 0 to 255, rounded."""
    table = (np.arange(65536, dtype=np.uint32) * 255 + 32767) // 65535
    return np.take(table.astype(np.uint8), array)


def _upright(rgb: NDArray[np.uint8], image: PILImage) -> NDArray[np.uint8]:
    try:
        with _unwarned():
            orientation = image.getexif().get(ORIENTATION, 1)
    except Exception:  # EXIF that cannot be read says nothing about the picture
        orientation = 1
    if orientation in (5, 6, 7, 8):
        rgb = rgb.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        rgb = rgb[:, ::-1]
    if orientation in (3, 4, 7, 8):
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)


@contextmanager
def _unwarned() -> Iterator[None]:
    """Without Pillow's warnings of damaged entries in EXIF and TIFF, and of sizes, for which there
    are limits of our own: the pixels are there, or an error is. One thread at a time, as filters
    are of the whole process."""
    from PIL import Image as pil

    with _FILTERS, warnings.catch_warnings():
        for kind in (UserWarning, pil.DecompressionBombWarning):
            warnings.simplefilter("ignore", kind)
        yield
