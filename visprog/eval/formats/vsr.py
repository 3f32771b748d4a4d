"""Visual Spatial Reasoning: statements about one picture (Liu, Emerson and Collier, TACL 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visprog.eval.formats.rows import questions_of, text_of, yes_or_no
from visprog.eval.questions import Question


def load(path: Path, limit: int | None = None) -> list[Question]:
    """Rows of `image`, `caption`, `label` (1 or 0), and mostly `relation`, the detailed type.

    The caption is asked as it is, and the answer is yes or no. A row has no id: it is its place.

    `limit`: at most so many.

    Raises:
        SettingsError: it cannot be read, or is not in that form.
    """
    return questions_of(path, "VSR", _question, limit)


def _question(row: Mapping[str, Any], place: int) -> Question:
    return Question(
        id=str(row.get("id", place)),
        images=(text_of(row, "image"),),
        text=text_of(row, "caption"),
        answer=yes_or_no(row["label"]),
        options=("yes", "no"),
        structural="verify",
        detailed=str(row.get("relation") or ""),
    )
