"""Visual Spatial Reasoning: statements about one picture (Liu, Emerson and Collier, TACL 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visprog.eval.formats.rows import questions_of, yes_or_no
from visprog.eval.questions import Question


def load(path: Path) -> list[Question]:
    """Rows of `image`, `caption`, `label`, `relation`. The detailed type is the relation.

    Raises:
        SettingsError: it cannot be read, or is not in that form.
    """
    return questions_of(path, "VSR", _question)


def _question(row: Mapping[str, Any], place: int) -> Question:
    return Question(
        id=str(row.get("id", place)),
        images=(str(row["image"]),),
        text=str(row["caption"]),
        answer=yes_or_no(row["label"]),
        options=("yes", "no"),
        structural="verify",
        detailed=str(row.get("relation") or ""),
    )
