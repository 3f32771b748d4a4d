"""A question on one line, and the names that a program over its pictures starts with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from visprog.errors import QuestionError
from visprog.values import Image, Value

QUESTION_LIMIT = 2_000  # characters


def clean_question(question: str) -> str:
    """The question on one line.

    Raises:
        QuestionError: it is empty or too long.
    """
    text = " ".join(question.split())
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


def input_values(images: Sequence[Image]) -> dict[str, Value]:
    names = (f"image{n}" if n > 1 else "image" for n in range(1, len(images) + 1))
    values: dict[str, Value] = dict(zip(names, images, strict=True))
    return values | ({"images": list(images)} if len(images) > 1 else {})
