"""Omni3D-Bench: questions in three dimensions (Marsili et al., VADAR, CVPR 2025)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visprog.eval.fields import answer_of
from visprog.eval.formats.rows import questions_of, text_of
from visprog.eval.questions import Question
from visprog.eval.scoring import TOLERANCE

KINDS = ("int", "float", "str")
WITHIN = "10%"  # of the right number: near enough to be right


def load(path: Path, limit: int | None = None) -> list[Question]:
    """`annotations.json`: `questions` (or rows) of `image_filename`, `question`, `answer`,
    `answer_type` (float, int, str), and mostly `image_index` and `question_index`.

    A question is asked as it is. The detailed types are those of its authors: count, number, yes or
    no, choice. Numbers that are no counts are scored by mean relative accuracy, apart from the
    others; one is counted as right where it is within 10 %.

    `limit`: at most so many.

    Raises:
        SettingsError: it cannot be read, or is not in that form.
    """
    return questions_of(path, "Omni3D-Bench", _question, limit, within="questions")


def _question(row: Mapping[str, Any], place: int) -> Question:
    kind = str(row.get("answer_type", "str"))
    if kind not in KINDS:
        raise ValueError(f"answer_type {kind!r} is not one of {', '.join(KINDS)}")
    answer = answer_of(row, kind)
    decided = answer.lower() in ("yes", "no")
    names = {"int": "count", "float": "number", "str": "yes or no" if decided else "choice"}
    image = text_of(row, "image_filename", "image_index")
    number = row.get("question_index", row.get("q_index"))
    return Question(
        id=str(place) if number is None else f"{row.get('image_index', image)}-{number}",
        images=(image,),
        text=text_of(row, "question"),
        answer=answer,
        kind=kind,
        structural="verify" if decided else "query",
        detailed=names[kind],
        balanced=kind != "float",
        meta={TOLERANCE: WITHIN} if kind == "float" else {},
    )
