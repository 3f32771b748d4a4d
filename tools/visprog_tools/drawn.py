"""What is drawn over a picture: labels that do not overlap, and emoji from a few shapes."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]
Place = tuple[int, int, int, int]  # left, top, right, bottom
Draw = Callable[["ImageDraw", float], None]

TEXT = 0.022  # of the longer side: the height of a label's letters
SMALLEST, LARGEST = 12, 40  # pixels of it
PAD = 4
LONGEST = 60  # characters
DARK, LIGHT = (17, 20, 26), (255, 255, 255)
FINE = 4  # times as large as it is used is an emoji drawn
UNIT = 100.0  # an emoji is drawn in a square of so many units
YELLOW, BROWN, RED, WHITE = (255, 205, 64), (92, 58, 20), (226, 42, 62), (255, 255, 255)
BLUE, BLACK, PINK = (64, 140, 240), (30, 30, 36), (250, 150, 170)


def tagged(pixels: Pixels, things: Sequence[tuple[str, Box]]) -> tuple[Pixels, list[str]]:
    """A picture with boxes and labels drawn in, and the labels that no room was found for.

    Args:
        pixels: (H, W, 3) uint8; `things`: labels with boxes in pixels.
    """
    from PIL import Image as pil
    from PIL import ImageDraw, ImageFont

    page = pil.fromarray(pixels)
    pen = ImageDraw.Draw(page)
    size = int(min(LARGEST, max(SMALLEST, TEXT * max(page.size))))
    line = max(2, size // 8)
    for number, (_, box) in enumerate(things):
        left, top, right, bottom = (round(side) for side in box)
        pen.rectangle(
            (left, top, max(left, right - 1), max(top, bottom - 1)), None, _ink(number), line
        )
    placed: list[Place] = []
    unplaced: list[str] = []
    for number, (label, box) in enumerate(things):
        text = "".join(c if c.isprintable() else " " for c in label)[:LONGEST]
        for points in (size, SMALLEST):
            font: Any = ImageFont.load_default(points)
            place = _free(placed, _extent(pen, text, font), box, page.size)
            if place is not None:
                break
        if place is None:
            unplaced.append(label)
            continue
        placed.append(place)
        pen.rectangle((place[0], place[1], place[2] - 1, place[3] - 1), fill=_ink(number))
        pen.text((place[0] + PAD, (place[1] + place[3]) / 2), text, DARK, font, anchor="lm")
    return np.array(page), unplaced


def _ink(number: int) -> tuple[int, int, int]:
    """Colours that are far from each other, and light enough for dark letters."""
    red, green, blue = colorsys.hls_to_rgb((0.57 + number * 0.381966) % 1, 0.62, 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def _extent(pen: ImageDraw, text: str, font: Any) -> tuple[int, int]:
    left, top, right, bottom = pen.textbbox((0, 0), text, font)
    _, above, _, below = pen.textbbox((0, 0), "Ag", font)
    return int(right - left) + 2 * PAD + 1, int(max(bottom - top, below - above)) + 2 * PAD


def _free(
    placed: Sequence[Place], extent: tuple[int, int], box: Box, page: tuple[int, int]
) -> Place | None:
    """The first place for a label within the page where no other is."""
    wide, high = extent
    if wide > page[0] or high > page[1]:
        return None
    for x, y in _candidates(box, extent, page):
        left = min(max(0, round(x)), page[0] - wide)
        top = min(max(0, round(y)), page[1] - high)
        place = left, top, left + wide, top + high
        if not any(_meet(place, other) for other in placed):
            return place
    return None


def _candidates(
    box: Box, extent: tuple[int, int], page: tuple[int, int]
) -> Iterator[tuple[float, float]]:
    """Upper left corners: at the box, then ever farther from it."""
    left, top, right, bottom = box
    wide, high = extent
    yield from ((left, top - high), (left, top), (left, bottom), (left, bottom - high))
    yield from (
        (right - wide, top - high),
        (right - wide, bottom),
        (right, top),
        (left - wide, top),
    )
    rows = sorted(range(0, page[1], high), key=lambda y: abs(y - top))
    for y in rows:
        for x in sorted(range(0, page[0], max(1, wide // 2)), key=lambda x: abs(x - left)):
            yield x, y


def _meet(a: Place, b: Place) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


# -- emoji


def sticker(pixels: Pixels, draw: Draw, center: tuple[float, float], size: float) -> None:
    """Draw an emoji into a picture (H, W, 3) uint8, in its own pixels.

    Args:
        center: x, y in pixels; `size`: its width and height, pixels.
    """
    from PIL import Image as pil
    from PIL import ImageDraw

    side = max(4, round(size))
    fine = min(FINE, max(1, 4096 // side))
    square = pil.new("RGBA", (side * fine, side * fine))
    draw(ImageDraw.Draw(square), side * fine / UNIT)
    cover = np.asarray(square.resize((side, side), pil.Resampling.LANCZOS), np.float64)
    left, top = round(center[0] - side / 2), round(center[1] - side / 2)
    high, wide = pixels.shape[:2]
    rows = slice(max(0, top), max(0, min(high, top + side)))
    columns = slice(max(0, left), max(0, min(wide, left + side)))
    part = cover[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    if not part.size:
        return
    share = part[..., 3:] / 255
    mixed = pixels[rows, columns] * (1 - share) + part[..., :3] * share
    pixels[rows, columns] = np.where(share > 0, np.round(mixed), pixels[rows, columns])


def _disc(
    pen: ImageDraw, k: float, x: float, y: float, r: float, fill: Any, tall: float = 1
) -> None:
    pen.ellipse((k * (x - r), k * (y - r * tall), k * (x + r), k * (y + r * tall)), fill)


def _face(pen: ImageDraw, k: float, color: Any = YELLOW) -> None:
    _disc(pen, k, 50, 50, 48, BROWN)
    _disc(pen, k, 50, 50, 45, color)


def _eyes(pen: ImageDraw, k: float) -> None:
    for x in (33, 67):
        _disc(pen, k, x, 40, 6, BROWN, 1.4)


def _mouth(pen: ImageDraw, k: float, box: Box, start: float, end: float) -> None:
    left, top, right, bottom = (k * side for side in box)
    pen.arc((left, top, right, bottom), start, end, BROWN, max(1, round(5 * k)))


def _smile(pen: ImageDraw, k: float) -> None:
    _face(pen, k)
    _eyes(pen, k)
    _mouth(pen, k, (24, 28, 76, 80), 20, 160)


def _sad(pen: ImageDraw, k: float) -> None:
    _face(pen, k)
    _eyes(pen, k)
    _mouth(pen, k, (28, 62, 72, 100), 205, 335)


def _laugh(pen: ImageDraw, k: float) -> None:
    _face(pen, k)
    for x in (33, 67):
        _mouth(pen, k, (x - 10, 34, x + 10, 52), 200, 340)
    pen.pieslice((k * 22, k * 26, k * 78, k * 86), 0, 180, BROWN)
    pen.pieslice((k * 32, k * 58, k * 68, k * 96), 190, 350, RED)


def _surprised(pen: ImageDraw, k: float) -> None:
    _face(pen, k)
    _eyes(pen, k)
    _disc(pen, k, 50, 70, 11, BROWN, 1.3)


def _angry(pen: ImageDraw, k: float) -> None:
    _face(pen, k, (244, 110, 80))
    _eyes(pen, k)
    for near, far in ((42, 22), (58, 78)):
        pen.line((k * near, k * 34, k * far, k * 25), BROWN, max(1, round(5 * k)))
    _mouth(pen, k, (32, 64, 68, 92), 205, 335)


def _wink(pen: ImageDraw, k: float) -> None:
    _face(pen, k)
    _disc(pen, k, 33, 40, 6, BROWN, 1.4)
    _mouth(pen, k, (56, 34, 78, 50), 200, 340)
    _mouth(pen, k, (24, 28, 76, 80), 20, 160)


def _cool(pen: ImageDraw, k: float) -> None:
    _face(pen, k)
    pen.rounded_rectangle((k * 14, k * 30, k * 47, k * 52), k * 9, BLACK)
    pen.rounded_rectangle((k * 53, k * 30, k * 86, k * 52), k * 9, BLACK)
    pen.rectangle((k * 8, k * 32, k * 92, k * 37), BLACK)
    _mouth(pen, k, (26, 32, 74, 80), 25, 155)


def _love(pen: ImageDraw, k: float) -> None:
    _face(pen, k)
    for x in (32, 68):
        _hearted(pen, k, x, 40, 0.3)
    _mouth(pen, k, (24, 30, 76, 82), 20, 160)


def _hearted(pen: ImageDraw, k: float, x: float, y: float, scale: float) -> None:
    """A heart around a point: x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t."""
    t = np.linspace(0, 2 * np.pi, 120)
    across = 16 * np.sin(t) ** 3
    up = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    points = zip(k * (x + 2.9 * scale * across), k * (y - 2.9 * scale * (up + 2.5)), strict=True)
    pen.polygon([(float(a), float(b)) for a, b in points], RED)


def _heart(pen: ImageDraw, k: float) -> None:
    _hearted(pen, k, 50, 50, 1.0)


def _star(pen: ImageDraw, k: float) -> None:
    points = []
    for corner in range(10):
        reach = 48 if corner % 2 == 0 else 20
        turn = np.pi * (corner / 5 - 0.5)
        points.append(
            (float(k * (50 + reach * np.cos(turn))), float(k * (53 + reach * np.sin(turn))))
        )
    pen.polygon(points, YELLOW, BROWN, max(1, round(2 * k)))


def _dog(pen: ImageDraw, k: float) -> None:
    fur = (206, 150, 92)
    for x in (16, 84):
        _disc(pen, k, x, 42, 15, BROWN, 2)
    _disc(pen, k, 50, 52, 42, fur)
    _disc(pen, k, 50, 68, 21, WHITE, 0.9)
    _eyes(pen, k)
    _disc(pen, k, 50, 59, 9, BLACK, 0.75)
    _mouth(pen, k, (34, 58, 50, 80), 20, 170)
    _mouth(pen, k, (50, 58, 66, 80), 10, 160)


def _cat(pen: ImageDraw, k: float) -> None:
    fur = (250, 180, 90)
    for near, far, tip in ((16, 46, 12), (84, 54, 88)):
        pen.polygon([(k * near, k * 44), (k * far, k * 18), (k * tip, k * 4)], fur)
    _disc(pen, k, 50, 54, 42, fur)
    _eyes(pen, k)
    pen.polygon([(k * 44, k * 58), (k * 56, k * 58), (k * 50, k * 65)], PINK)
    for side in (-1, 1):
        for y in (60, 68):
            ends = (k * (50 + side * 14), k * y, k * (50 + side * 44), k * (y - 4 + (y - 60)))
            pen.line(ends, BROWN, max(1, round(2 * k)))
    _mouth(pen, k, (36, 58, 50, 76), 20, 170)
    _mouth(pen, k, (50, 58, 64, 76), 10, 160)


NAMES: dict[str, Draw] = {
    **dict.fromkeys(("smile", "smiling", "smiley", "smiling face", "happy", "smiley face"), _smile),
    **dict.fromkeys(("sad", "sad face", "crying"), _sad),
    **dict.fromkeys(("laugh", "laughing", "grin", "grinning", "joy"), _laugh),
    **dict.fromkeys(("surprised", "shocked", "astonished"), _surprised),
    **dict.fromkeys(("angry", "angry face", "rage"), _angry),
    **dict.fromkeys(("wink", "winking", "winking face"), _wink),
    **dict.fromkeys(("cool", "sunglasses", "smiling face with sunglasses"), _cool),
    **dict.fromkeys(("love", "heart eyes", "in love"), _love),
    **dict.fromkeys(("heart", "red heart"), _heart),
    "star": _star,
    **dict.fromkeys(("dog", "dog face", "puppy"), _dog),
    **dict.fromkeys(("cat", "cat face", "kitten"), _cat),
}
