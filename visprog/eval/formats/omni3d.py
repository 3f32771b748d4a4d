"""Omni3D-Bench: questions in three dimensions (Marsili et al., VADAR, CVPR 2025)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visprog.eval.formats.rows import questions_of
from visprog.eval.questions import Question

KINDS = {"int": "int", "count": "int", "float": "float", "str": "str", "bool": "str", "yn": "str"}


def load(path: Path) -> list[Question]:
    """`annotations.json`: `questions` (or rows) of `image_filename`, `question`, `answer`,
    `answer_type` (float, int, str), `question_index`. Numbers are scored by mean relative accuracy.

    Raises:
        SettingsError: it cannot be read, or is not in that form.
    """
    return questions_of(path, "Omni3D-Bench", _question, within="questions")


def _question(row: Mapping[str, Any], place: int) -> Question:
    kind = str(row.get("answer_type", "str"))
    if kind not in KINDS:
        raise ValueError(f"answer_type {kind!r} is not one of {', '.join(KINDS)}")
    image = row.get("image_filename") or row.get("image") or row["image_index"]
    return Question(
        id=str(row.get("question_index", place)),
        images=(str(image),),
        text=str(row["question"]),
        answer=str(row["answer"]),
        kind=KINDS[kind],
        detailed=kind,
        balanced=KINDS[kind] != "float",
    )
