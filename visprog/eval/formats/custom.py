"""A task of one's own: rows with a question, its picture or pictures, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visprog.eval.formats.rows import questions_of
from visprog.eval.questions import Question, box_of, kind_of

KNOWN = {
    *("question", "image", "images", "answer", "id", "type", "kind", "options", "box", "balanced"),
}


def load(path: Path) -> list[Question]:
    """Rows of `question`, `image` or `images` (names in the folder of pictures) and `answer`.

    They may have `id`, `type`, `kind` (str, int, float, box: how the answer is scored; a number
    is float, a whole one int, by default), `options`, `box` [left, top, right, bottom] in pixels,
    the answer of kind box.

    Raises:
        SettingsError: it cannot be read, or a row lacks one of the three, or has another key.
    """
    return questions_of(path, "a task of its own", _question)


def _question(row: Mapping[str, Any], place: int) -> Question:
    if unknown := sorted(row.keys() - KNOWN):
        raise ValueError(f"unknown {unknown[0]!r}; known: {', '.join(sorted(KNOWN))}")
    images = row["images"] if "images" in row else [row["image"]]
    if isinstance(images, str) or not images:
        raise ValueError(f"want a list of pictures, got {images!r}")
    box = row.get("box")
    answer = row.get("answer") if box is not None else row["answer"]
    kind = kind_of(row.get("kind", "box" if box is not None else _usual(answer)))
    if isinstance(answer, bool):
        answer = "yes" if answer else "no"
    return Question(
        id=str(row.get("id", place)),
        images=tuple(map(str, images)),
        text=str(row["question"]),
        answer="" if answer is None else str(answer),
        kind=kind,
        options=tuple(map(str, row.get("options") or ())),
        detailed=str(row.get("type") or ""),
        balanced=bool(row.get("balanced", kind not in ("box", "float"))),
        box=box_of(box, kind),
    )


def _usual(answer: Any) -> str:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return "str"
    return "int" if isinstance(answer, int) else "float"
