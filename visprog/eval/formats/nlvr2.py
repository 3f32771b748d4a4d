"""NLVR2: statements about two pictures (Suhr et al., ACL 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visprog.eval.formats.rows import questions_of, text_of, yes_or_no
from visprog.eval.questions import Question


def load(path: Path, limit: int | None = None) -> list[Question]:
    """Rows of `identifier`, `sentence`, `label`, as in the official JSON lines.

    The identifier is split-set-pair-statement; the pictures of `dev-850-0-1` are
    `dev-850-0-img0.png` (left) and `dev-850-0-img1.png` (right). The statement is asked as it is,
    and the answer is yes or no. `meta["statement"]` names set and statement: consistency is the
    share of these that are right for all their pairs of pictures.

    `limit`: at most so many.

    Raises:
        SettingsError: it cannot be read, or is not in that form.
    """
    return questions_of(path, "NLVR2", _question, limit)


def _question(row: Mapping[str, Any], place: int) -> Question:
    name = text_of(row, "identifier")
    parts = name.rsplit("-", 3)
    if len(parts) != 4:
        raise ValueError(f"want an identifier split-set-pair-statement, got {name!r}")
    split, of_set, pair, statement = parts
    pictures = f"{split}-{of_set}-{pair}"
    return Question(
        id=name,
        images=(f"{pictures}-img0.png", f"{pictures}-img1.png"),
        text=text_of(row, "sentence"),
        answer=yes_or_no(row["label"]),
        options=("yes", "no"),
        structural="verify",
        detailed="statement",
        meta={"statement": f"{split}-{of_set}-{statement}"},
    )
