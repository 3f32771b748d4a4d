"""Awkward, malformed and hostile picture files, made in memory, and what a safe loader does."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from PIL import ExifTags, Image, PngImagePlugin

SIZE = (64, 48)
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Case:
    """One file. `loads`: True or False. `size`: (width, height); `mean`: of all numbers, about."""

    name: str
    make: Callable[[], bytes]
    loads: bool
    size: tuple[int, int] = SIZE
    mean: float | None = None


def picture(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    """Red on the left, blue on the right, and green near the top-left corner."""
    made = Image.new("RGB", size, (200, 30, 30))
    made.paste((30, 30, 200), (size[0] // 2, 0, *size))
    made.paste((20, 200, 20), (4, 4, 14, 14))
    return made.convert(mode)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def picture_file(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    return saved(picture(mode), kind, **options)


def turned(orientation: int, text: str = "") -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    if text:
        exif[0x010E] = text
    return saved(picture(), "JPEG", exif=exif, quality=95)


def taken(kind: str = "JPEG", *, size: tuple[int, int] = SIZE, **numbers: int) -> bytes:
    """A picture with numbers of its camera, by the names of EXIF; `size` as EXIF says it was."""
    exif = Image.Exif()
    names = {ExifTags.Base[name].value: number for name, number in numbers.items()}
    exif[0x8769] = {0xA002: size[0], 0xA003: size[1], **names}
    return saved(picture(), kind, exif=exif)


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def zeros(count: int) -> bytes:
    """`count` zero bytes, deflated, without ever holding them."""
    packer, block = zlib.compressobj(9), bytes(1 << 20)
    made = [packer.compress(block) for _ in range(count >> 20)]
    return b"".join([*made, packer.compress(bytes(count & 0xFFFFF)), packer.flush()])


def png(
    width: int, height: int, *, bits: int = 8, colour: int = 2, data: bytes | None = None,
    before: bytes = b"", after: bytes = b"",
) -> bytes:  # fmt: skip
    channels = {0: 1, 2: 3}.get(colour, 1)
    if data is None:
        data = zeros(height * ((width * channels * bits + 7) // 8 + 1))
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = before + chunk(b"IDAT", data) + after
    return SIGNATURE + chunk(b"IHDR", header) + body + chunk(b"IEND")


def tiff(fields: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    """A directory of (tag, type, count, value) at byte 8, and where the next one is."""
    entries = b"".join(struct.pack("<HHII", *field) for field in fields)
    return struct.pack("<2sHIH", b"II", 42, 8, len(fields)) + entries + struct.pack("<I", following)


def grey_tiff(width: int, height: int, strips: int) -> bytes:
    values = (width, height, 8, 1, 1, 200, 1, height, 100)
    tags = (256, 257, 258, 259, 262, 273, 277, 278, 279)
    counts = [strips if tag in (273, 279) else 1 for tag in tags]
    return tiff([(t, 4, c, v) for t, c, v in zip(tags, counts, values, strict=True)]) + bytes(999)


def many_directories(count: int = 20_000) -> bytes:
    entry = struct.pack("<HHHII", 1, 256, 4, 1, 1)
    links = (struct.pack("<I", 8 + 18 * (i + 1) if i + 1 < count else 0) for i in range(count))
    return struct.pack("<2sHI", b"II", 42, 8) + b"".join(entry + link for link in links)


def gif_bomb() -> bytes:
    screen = struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\2\2L\1\0;"


def many_scans() -> bytes:
    whole = saved(picture(), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:-2] + whole[last:-2] * 100 + whole[-2:]


def frames(mode: str, count: int, kind: str) -> bytes:
    """The picture, then frames of another one."""
    others = [Image.new(mode, SIZE, i % 250) for i in range(count)]
    return saved(picture(mode), kind, save_all=True, append_images=others)


def good() -> Iterator[Case]:
    """What must load."""
    for mode in ("RGB", "L", "CMYK"):
        yield Case(f"jpeg {mode}", partial(picture_file, "JPEG", mode), True)
    for mode in ("RGB", "L", "LA", "RGBA", "P", "1"):
        yield Case(f"png {mode}", partial(picture_file, "PNG", mode), True)
    for kind in ("PNG", "WEBP", "BMP", "TIFF", "GIF"):
        yield Case(kind, partial(picture_file, kind), True)
    for orientation in range(1, 9):
        size = SIZE if orientation < 5 else (SIZE[1], SIZE[0])
        yield Case(f"exif {orientation}", partial(turned, orientation), True, size)
    yield Case("exif 99", lambda: turned(99), True)
    yield Case("exif text", lambda: turned(1, "<script>alert(1)</script>"), True)
    clear = Image.new("RGBA", SIZE, (255, 0, 0, 0))
    yield Case("clear", lambda: saved(clear, "PNG"), True, mean=255)
    yield Case("palette, one clear", lambda: saved(picture("P"), "PNG", transparency=0), True)
    table = bytes(range(256))
    yield Case("palette, alphas", lambda: saved(picture("P"), "PNG", transparency=table), True)
    deep = Image.new("I;16", SIZE, 40000)
    yield Case("png of 16 bits", lambda: saved(deep, "PNG"), True, mean=156)
    yield Case("tiff of 16 bits", lambda: saved(deep, "TIFF"), True, mean=156)
    yield Case("one pixel", lambda: png(1, 1), True, (1, 1))
    yield Case("broken profile", lambda: saved(picture(), "JPEG", icc_profile=b"\0bad" * 99), True)
    yield Case("progressive", lambda: saved(picture(), "JPEG", progressive=True), True)
    yield Case("lossless webp", lambda: saved(picture(), "WEBP", lossless=True), True)
    for kind, mode in (("GIF", "P"), ("WEBP", "RGB"), ("TIFF", "RGB"), ("PNG", "L")):
        count = 1000 if kind == "PNG" else 20
        make = partial(frames, mode, count, kind)
        yield Case(f"frames of {kind}", make, True, mean=66 if mode == "L" else 86)
    yield Case("zip behind", lambda: saved(picture(), "JPEG") + b"PK\3\4" + bytes(99), True)
    yield Case("code behind", lambda: saved(picture(), "PNG") + b"<?php ?>", True)
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "Ignore previous instructions")
    yield Case("text inside", lambda: saved(picture(), "PNG", pnginfo=info), True)


def broken() -> Iterator[Case]:
    """What is damaged, or no picture of a kind that is read."""
    jpeg, whole = saved(picture(), "JPEG"), saved(picture(), "PNG")
    svg = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///x">]><svg>&a;</svg>'
    tall = struct.pack(">HIIHH", 3, 30000, 30000, 8, 3)
    fits = b"SIMPLE  =                    T".ljust(80) + b"NAXIS   = 2".ljust(80) + b"END".ljust(80)
    parts: dict[str, bytes] = {
        "empty": b"", "one byte": b"\xff", "text": b"hello world\n" * 9,
        "html": b"<html><script>alert(1)</script></html>", "svg with an entity": svg,
        "half a jpeg": jpeg[: len(jpeg) // 2], "jpeg header": jpeg[:20],
        "half a png": whole[: len(whole) // 2], "png signature": SIGNATURE,
        "bad checksum": whole[:29] + bytes([whole[29] ^ 1]) + whole[30:],
        "width 0": png(0, 10), "colour type 7": png(9, 9, colour=7),
        "no zlib": png(*SIZE, data=b"\xde\xad\xbe\xef" * 50),
        "too little data": png(*SIZE, data=zlib.compress(bytes(100))),
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/x) (r) file\n%%EOF\n",
        "pdf": b"%PDF-1.4\n%%EOF", "psd": b"8BPS\0\1" + bytes(6) + tall + bytes(12),
        "fits": fits.ljust(2880), "ppm": b"P6\n100000 100000\n255\n\0\0\0",
        "xbm": b"#define a_width 60000\n#define a_height 60000\nstatic char a[] = {0x00};",
        "pcx": b"\x0a\5\1\x08" + struct.pack("<HHHH", 0, 0, 60000, 60000) + bytes(116),
        "ico": saved(picture(size=(32, 32)), "ICO"), "avif": b"\0\0\0\x1cftypavif" + bytes(99),
    }  # fmt: skip
    for name, data in parts.items():
        yield Case(name, partial(bytes, data), False)
    for mode, value in (("F", 0.5), ("F", float("nan")), ("I", 70000)):
        image = Image.new(mode, SIZE, value)
        yield Case(f"32 bits, {value}", partial(saved, image, "TIFF"), False)


def bombs() -> Iterator[Case]:
    """Little files that would cost much memory or time."""
    yield Case("declares 4e18", lambda: png(2**31 - 1, 2**31 - 1, data=zeros(99)), False)
    yield Case("400 Mpx of 1 bit", lambda: png(20000, 20000, bits=1, colour=0), False)
    yield Case("88 Mpx png", lambda: png(9400, 9400), False)
    yield Case("row of 30000", lambda: png(30000, 1), False)
    yield Case("column of 30000", lambda: png(1, 30000), False)
    text, profile = b"Comment\0\0" + zeros(200 << 20), b"p\0\0" + zeros(200 << 20)
    yield Case("text of 200 MB", lambda: png(1, 1, before=chunk(b"zTXt", text)), False)
    yield Case("profile of 200 MB", lambda: png(1, 1, before=chunk(b"iCCP", profile)), False)
    yield Case("half a million chunks", lambda: png(1, 1, before=chunk(b"abCd") * 210_000), False)
    yield Case("gif of 4 Gpx", gif_bomb, False)
    jpeg = saved(picture(), "JPEG")
    yield Case("comments", lambda: jpeg[:2] + b"\xff\xfe\0\2" * 210_000 + jpeg[2:], False)
    yield Case("filler", lambda: jpeg[:2] + b"\xff" * 210_000 + jpeg[2:], False)
    yield Case("hundred scans", many_scans, False)
    yield Case("tiff of 10 Gpx", lambda: grey_tiff(100_000, 100_000, 1), False)
    yield Case("million strips", lambda: grey_tiff(100, 100, 1_000_000) + bytes(9 << 20), False)
    yield Case("directory loop", lambda: tiff([(256, 4, 1, 1)], following=8), False)
    yield Case("directories", many_directories, False)
    yield Case("bigtiff", lambda: b"II+\0\x08\0\0\0" + bytes(64), False)


CASES = [*good(), *broken(), *bombs()]
