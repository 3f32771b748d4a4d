"""What'sUp: which of some captions with other prepositions is right (Kamath et al., EMNLP 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from visprog.eval.formats.rows import questions_of
from visprog.eval.questions import Question

ASKED = "Which caption is right?"


def load(path: Path) -> list[Question]:
    """Rows of `image_path` and `caption_options`, of which the first is right, as in the official
    files; the options of a question are in the order of the alphabet, so that their place tells
    nothing.

    Raises:
        SettingsError: it cannot be read, or is not in that form.
    """
    return questions_of(path, "What'sUp", _question)


def _question(row: Mapping[str, Any], place: int) -> Question:
    options = [str(option) for option in row["caption_options"]]
    listed = tuple(sorted(set(options)))
    if len(listed) < 2 or len(listed) != len(options):
        raise ValueError(f"want two options or more that differ, got {options}")
    quoted = " or ".join(f'"{option.rstrip(".")}"' for option in listed)
    return Question(
        id=str(row.get("id", place)),
        images=(PurePosixPath(str(row["image_path"])).name,),
        text=f"{ASKED[:-1]}: {quoted}?",
        answer=options[0],
        options=listed,
        structural="choose",
        detailed=_preposition(listed, options[0]),
    )


def _preposition(listed: tuple[str, ...], right: str) -> str:
    """What of the right caption is in none of the others."""
    words = right.lower().rstrip(".").split()
    others = [set(option.lower().rstrip(".").split()) for option in listed if option != right]
    own = [word for word in words if all(word not in other for other in others)]
    return " ".join(own)
