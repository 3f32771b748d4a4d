"""CLEVR: questions about rendered scenes (Johnson et al., CVPR 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visprog.eval.fields import answer_of
from visprog.eval.formats.rows import questions_of, text_of
from visprog.eval.questions import Question


def load(path: Path, limit: int | None = None) -> list[Question]:
    """`CLEVR_*_questions.json`: `questions` of `image_filename`, `question`, `answer`.

    A question is asked as it is; the answer is yes or no, a number or a word. The detailed type is
    the last function of a question's program.

    `limit`: at most so many.

    Raises:
        SettingsError: it cannot be read, is not in that form, or has no answers (the test split).
    """
    return questions_of(path, "CLEVR", _question, limit, within="questions")


def _question(row: Mapping[str, Any], place: int) -> Question:
    answer = answer_of(row)
    last: Mapping[str, Any] = (row.get("program") or [{}])[-1]
    return Question(
        id=str(row.get("question_index", place)),
        images=(text_of(row, "image_filename"),),
        text=text_of(row, "question"),
        answer=answer,
        kind="int" if answer.isdecimal() else "str",
        structural="verify" if answer in ("yes", "no") else "query",
        detailed=str(last.get("function") or last.get("type") or ""),
    )
