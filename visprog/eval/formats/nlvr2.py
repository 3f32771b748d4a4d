"""NLVR2: statements about two pictures (Suhr et al., ACL 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visprog.eval.formats.rows import questions_of, yes_or_no
from visprog.eval.questions import Question


def load(path: Path) -> list[Question]:
    """Rows of `identifier`, `sentence`, `label`, as in the official JSON lines.

    `dev-850-0-1` is a statement (850, 0) about the pair 0; its pictures are `dev-850-0-img0` and
    `dev-850-0-img1`. A set's identifier ends in the number of its statement, which the names of
    pictures do not have. Consistency is over the pairs that share a statement: `meta["statement"]`.

    Raises:
        SettingsError: it cannot be read, or is not in that form.
    """
    return questions_of(path, "NLVR2", _question)


def _question(row: Mapping[str, Any], place: int) -> Question:
    name = str(row["identifier"])
    split, of_set, pair, statement = name.rsplit("-", 3)
    pictures = f"{split}-{of_set}-{pair}"
    given = row.get("left_image"), row.get("right_image")
    left, right = given if all(given) else (f"{pictures}-img0.png", f"{pictures}-img1.png")
    return Question(
        id=name,
        images=(str(left), str(right)),
        text=str(row["sentence"]),
        answer=yes_or_no(row["label"]),
        options=("yes", "no"),
        structural="verify",
        detailed="pair",
        meta={"statement": f"{split}-{of_set}-{statement}"},
    )
