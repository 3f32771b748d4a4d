"""Names written into a picture: within it, and as far as can be not over one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

Box = tuple[int, int, int, int]  # left, top, right, bottom

TEXT_SIZES = (20, 15)  # of a few labels, of many
MANY = 12
PAD = 4  # around a text in its chip
CROWDED = 0.1  # a label that would cover more than this part of its size is shortened or left out
DARK, LIGHT = (15, 20, 28), (255, 255, 255)


@dataclass(frozen=True)
class Label:
    """What to write at a box, in pixels of the picture drawn in. `brief`: where space is short."""

    text: str
    brief: str
    box: Box
    colour: tuple[int, int, int]


@lru_cache(maxsize=8)
def font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def place_labels(pen: ImageDraw, labels: Sequence[Label], size: tuple[int, int]) -> None:
    """Write each label at its box, where it covers the least of those written before it."""
    text_size = TEXT_SIZES[len(labels) > MANY]
    taken: list[Box] = []
    for label in sorted(labels, key=lambda label: (label.box[1], label.box[0])):
        for text in (label.text, label.brief):
            written = _fitting(pen, text, size[0] - 2 * PAD, text_size)
            chip = _free_place(pen, written, label.box, size, text_size, taken)
            if chip:
                taken.append(chip)
                pen.rectangle((chip[0], chip[1], chip[2] - 1, chip[3] - 1), fill=label.colour)
                middle = (chip[0] + PAD, (chip[1] + chip[3]) / 2)
                pen.text(middle, written, _ink(label.colour), font(text_size), anchor="lm")
                break


def _free_place(
    pen: ImageDraw, text: str, box: Box, size: tuple[int, int], text_size: int, taken: list[Box]
) -> Box | None:
    width = round(pen.textlength(text, font(text_size))) + 2 * PAD
    height = text_size + PAD + 2
    if not text or width > size[0] or height > size[1]:
        return None
    chips = _candidates(box, width, height, size)
    costs = [(sum(_shared(chip, other) for other in taken), chip) for chip in chips]
    cost, chip = min(costs, key=lambda pair: pair[0])  # the first of the best
    return chip if cost <= CROWDED * width * height else None


def _candidates(box: Box, width: int, height: int, size: tuple[int, int]) -> Iterator[Box]:
    """Above the box, within it at the top, below, within at the bottom; left or right."""
    left, top, right, bottom = box
    for y in (top - height, top, bottom + 1, bottom + 1 - height):
        for x in (left, right + 1 - width):
            inside_x = min(max(x, 0), size[0] - width)
            inside_y = min(max(y, 0), size[1] - height)
            yield inside_x, inside_y, inside_x + width, inside_y + height


def _shared(a: Box, b: Box) -> int:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0


def _fitting(pen: ImageDraw, text: str, width: int, text_size: int) -> str:
    """The text, cut so that it is at most `width` pixels wide."""
    if pen.textlength(text, font(text_size)) <= width:
        return text
    while text and pen.textlength(text + "\u2026", font(text_size)) > width:
        text = text[:-1]
    return text + "\u2026" if text else ""


def _ink(ground: tuple[int, int, int]) -> tuple[int, int, int]:
    red, green, blue = ground
    return DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else LIGHT
