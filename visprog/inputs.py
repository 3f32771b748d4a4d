"""A question on one line, and the names that a program over its pictures starts with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from visprog.errors import QuestionError
from visprog.values import Footage, Image, Value, Video

QUESTION_LIMIT = 2_000  # characters


def clean_question(question: str) -> str:
    """The question on one line.

    Raises:
        QuestionError: it is empty or too long, or no text.
    """
    text = " ".join(question.split())
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a pair, or a byte of another encoding than UTF-8
        raise QuestionError("the question is no text: it has half a character") from None
    if not text:
        raise QuestionError("the question is empty: ask something about the picture")
    if len(text) > QUESTION_LIMIT:
        raise QuestionError(
            f"the question has {len(text)} characters; at most {QUESTION_LIMIT} are taken"
        )
    return text


def input_kinds(count: int) -> dict[str, Any]:
    """The names that a program over so many pictures starts with, and their annotations."""
    kinds: dict[str, Any] = {f"image{n}" if n > 1 else "image": Image for n in range(1, count + 1)}
    return kinds | ({"images": list[Image]} if count > 1 else {})


VIDEO_KINDS: dict[str, Any] = {"video": Video, "image": Image}
"""What a program over a video starts with: the video, and its first frame."""


def kinds_of(given: Sequence[Image | Video]) -> dict[str, Any]:
    """The names that a program over these starts with, and their annotations.

    Raises:
        QuestionError: a video is not alone.
    """
    videos = sum(isinstance(one, Video) for one in given)
    if not videos:
        return input_kinds(len(given))
    if len(given) > 1:
        others = f"{len(given) - videos} pictures" if videos == 1 else f"{videos} videos"
        raise QuestionError(
            f"a video is asked about alone, got {others.replace('1 pictures', '1 picture')} "
            f"{'with one' if videos == 1 else 'at once'}: ask about each by itself, or put all "
            "pictures into one folder, which is a video too"
        )
    return VIDEO_KINDS


def values_of(given: Sequence[Image | Video]) -> dict[str, Value]:
    """The values of those names."""
    match given:
        case [Video() as video]:
            return {"video": video, "image": video.frames[0]}
    return input_values(pictures_of(given))


PARTLY = "the program looks at"  # how a notice begins that it does not look at all


def noting_overlooked(
    given: Sequence[Image | Video], program: str, told: Sequence[str]
) -> tuple[str, ...]:
    """The notices `told`, and one where the program leaves out a part of what it was given: all
    but the first frame of a video, or some of several pictures. What was told so of a program
    before it is dropped."""
    kept = [notice for notice in told if not notice.startswith(PARTLY)]
    if given and isinstance(given[0], Video):
        if not re.search(r"\bvideo\b", program):
            kept.append(f"{PARTLY} the first frame of the video only")
    elif not re.search(r"\bimages\b", program):
        names = [name for name in input_kinds(len(given)) if name != "images"]
        seen = [name for name in names if re.search(rf"\b{name}\b", program)]
        if len(seen) < len(names) and len(names) > 1:
            kept.append(f"{PARTLY} {len(seen)} of the {len(names)} pictures only")
    return tuple(kept)


def opening_notices(given: Sequence[Image | Video]) -> tuple[str, ...]:
    """What was changed or assumed when a video was opened."""
    footage = (one.frames for one in given if isinstance(one, Video))
    return tuple(told for one in footage if isinstance(one, Footage) for told in one.notices)


def pictures_of(given: Sequence[Image | Video]) -> tuple[Image, ...]:
    """The pictures to show to a model that sees: of a video its first frame."""
    return tuple(one.frames[0] if isinstance(one, Video) else one for one in given)


def input_values(images: Sequence[Image]) -> dict[str, Value]:
    names = (f"image{n}" if n > 1 else "image" for n in range(1, len(images) + 1))
    values: dict[str, Value] = dict(zip(names, images, strict=True))
    return values | ({"images": list(images)} if len(images) > 1 else {})
