"""What models are shown of things, and what is read of what they reply."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from visprog.tool import Output
from visprog.values import Image, Region, Unknown
from visprog_tools.nouns import ARTICLES
from visprog_tools.picture import part

Subject = Region | Image

LONGEST = 200  # characters of an answer
ASKED = 500  # characters of a question
CONTEXT = 0.2  # of a box's width and height, on each side: what is shown around a thing
OBLONG = 8  # a picture longer than this to its shorter side is shown on a larger ground
LEAST = 32  # pixels of the shorter side
GROUND = 127
COMPARED = "two answers about two pictures compared: the same word is taken for the same thing"


def shown(subject: Subject) -> Image:
    """The picture that a model is shown of a thing: its box, with some context."""
    if isinstance(subject, Image):
        return subject
    across, down = CONTEXT * subject.width, CONTEXT * subject.height
    left, top, right, bottom = subject.box
    return part(subject.image, (left - across, top - down, right + across, bottom + down))


def shown_together(a: Region, b: Region) -> Image:
    """The picture that a model is shown of two things: what holds both boxes, with some context."""
    left, top = min(a.left, b.left), min(a.top, b.top)
    right, bottom = max(a.right, b.right), max(a.bottom, b.bottom)
    across, down = CONTEXT * (right - left), CONTEXT * (bottom - top)
    return part(a.image, (left - across, top - down, right + across, bottom + down))


def called(subject: Subject) -> str:
    return plain(subject.label, 100) or "thing" if isinstance(subject, Region) else "picture"


def canvas(image: Image) -> Any:
    """The picture for networks that refuse very small and very long ones: (H, W, 3) uint8.

    Those are shown in the middle of grey ground (or, if tiny, enlarged by whole factors).
    """
    pixels = image.pixels
    factor = max(1, -(-LEAST // max(image.width, image.height)))
    pixels = pixels.repeat(factor, axis=0).repeat(factor, axis=1)
    high, wide = pixels.shape[:2]
    height, width = (max(n, LEAST, -(-max(high, wide) // OBLONG)) for n in (high, wide))
    if (height, width) == (high, wide):
        return pixels
    made = np.full((height, width, 3), GROUND, np.uint8)
    top, left = (height - high) // 2, (width - wide) // 2
    made[top : top + high, left : left + wide] = pixels
    return made


def plain(text: str, most: int = LONGEST) -> str:
    """One line of printable characters, at most so many of them."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def word(text: str) -> str:
    """As words are compared: lower case, no article, no marks around them."""
    return ARTICLES.sub("", plain(text).lower().strip(" .,;:!?\"'")).strip()


def first(replies: Sequence[str]) -> Output:
    return Output(replies[0])


def yes_or_no(replies: Sequence[str]) -> Output:
    """Strictly: the first word is yes or no."""
    found = re.match(r"\W*(yes|no)\b(?!-)", replies[0].lower())
    if found is None:
        return Output(Unknown(f"the model answered neither yes nor no, but {replies[0]!r}"))
    return Output(found[1] == "yes")


def alike(replies: Sequence[str]) -> Output:
    return Output(word(replies[0]) == word(replies[1]), (COMPARED,))
