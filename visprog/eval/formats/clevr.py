"""CLEVR: questions about rendered scenes (Johnson et al., CVPR 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visprog.eval.formats.rows import questions_of
from visprog.eval.questions import Question


def load(path: Path) -> list[Question]:
    """`CLEVR_*_questions.json`: `questions` of `image_filename`, `question`, `answer`. The detailed
    type is the last function of a question's program.

    Raises:
        SettingsError: it cannot be read, is not in that form, or has no answers (the test split).
    """
    return questions_of(path, "CLEVR", _question, within="questions")


def _question(row: Mapping[str, Any], place: int) -> Question:
    program = row.get("program") or ()
    last = program[-1] if program else {}
    return Question(
        id=str(row.get("question_index", place)),
        images=(str(row["image_filename"]),),
        text=str(row["question"]),
        answer=str(row["answer"]),
        structural="query",
        detailed=str(last.get("function") or last.get("type") or ""),
    )
