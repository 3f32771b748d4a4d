"""A task of one's own: rows with a question, its picture or pictures, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visprog.eval.fields import answer_of, box_of, kind_of
from visprog.eval.formats.rows import questions_of, text_of
from visprog.eval.questions import Question
from visprog.eval.scoring import TOLERANCE, normal, tolerance

KNOWN = {
    *("question", "image", "images", "answer", "id", "type", "kind", "options", "box", "balanced"),
    TOLERANCE,
}
WITHIN = "10%"


def load(path: Path, limit: int | None = None) -> list[Question]:
    """Rows of `question`, `image` or `images` (names in the folder of pictures) and `answer`, as
    JSON lines or a list.

    They may have `id` (else it is the row's place), `type` (of the table of accuracies), `options`
    (the answers to choose from), `kind` (str, int, float or box: how the answer is scored; by
    default a number with a point is float and a whole one int), `tolerance` (how far a float may be
    off: `2`, or `10%`, the default), `box` [left, top, right, bottom] in pixels, the answer of kind
    box, and `balanced` (whether it counts for `accuracy`; floats and boxes do not by default).

    `limit`: at most so many.

    Raises:
        SettingsError: it cannot be read, or a row lacks one of the three, or has another key.
    """
    return questions_of(path, "a task of its own", _question, limit)


def _question(row: Mapping[str, Any], place: int) -> Question:
    if unknown := sorted(map(str, row.keys() - KNOWN)):
        raise ValueError(f"unknown {unknown[0]!r}; known: {', '.join(sorted(KNOWN))}")
    boxed = row.get("box") is not None
    kind = kind_of(row.get("kind", "box" if boxed else _usual(row["answer"])))
    answer = answer_of(row, kind) if row.get("answer") is not None or not boxed else ""
    balanced = row.get("balanced", kind not in ("box", "float"))
    if not isinstance(balanced, bool):
        raise ValueError(f"want balanced true or false, got {balanced!r}")
    return Question(
        id=str(row.get("id", place)),
        images=_images(row),
        text=text_of(row, "question"),
        answer=answer,
        kind=kind,
        options=_options(row, answer),
        detailed=str(row.get("type") or ""),
        balanced=balanced,
        box=box_of(row.get("box"), kind),
        meta=_meta(row, kind),
    )


def _images(row: Mapping[str, Any]) -> tuple[str, ...]:
    if "images" not in row:
        return (text_of(row, "image", "images"),)
    images = row["images"]
    if "image" in row or not isinstance(images, list) or not images:
        raise ValueError(f"want image, or a list of images, got {images!r}")
    return tuple(text_of({"images": image}, "images") for image in images)


def _options(row: Mapping[str, Any], answer: str) -> tuple[str, ...]:
    listed = row.get("options") or ()
    if not isinstance(listed, (list, tuple)):
        raise ValueError(f"want options as a list, got {listed!r}")
    options = tuple(answer_of({"options": option}, key="options") for option in listed)
    if options and answer and normal(answer) not in map(normal, options):
        raise ValueError(f"the answer {answer!r} is none of its options")
    return options


def _meta(row: Mapping[str, Any], kind: str) -> dict[str, str]:
    if kind != "float":
        if TOLERANCE in row:
            raise ValueError(f"a tolerance is of kind float, not {kind}")
        return {}
    given = str(row.get(TOLERANCE, WITHIN))
    tolerance(given, 1.0)
    return {TOLERANCE: given}


def _usual(answer: Any) -> str:
    if isinstance(answer, bool) or not isinstance(answer, (int, float)):
        return "str"
    return "int" if isinstance(answer, int) else "float"
