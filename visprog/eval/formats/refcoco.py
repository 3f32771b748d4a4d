"""RefCOCO, RefCOCO+, RefCOCOg: expressions that refer to a thing (Yu et al., ECCV 2016)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError
from visprog.eval.formats.rows import questions_of
from visprog.eval.questions import Question, read_json


def load(path: Path) -> list[Question]:
    """Referring expressions with the box of what they mean.

    A file of rows with `image` (or `file_name`, `image_id`), `sentence` (or `expression`, `ref`,
    `sentences`), and the box as `bbox` [left, top, width, height] of COCO or `box` [left, top,
    right, bottom]; or a folder with `refs.json` and `instances.json`, as the official ones in JSON.
    Every sentence is a question. The pickled form of the official refs is not read: it is code.

    Raises:
        SettingsError: it cannot be read, or is not in that form.
    """
    if path.suffix == ".p":
        raise SettingsError(f"{path} is a pickle, which is code: convert it to refs.json first")
    if path.is_dir() and (path / "refs.json").is_file():
        return _official(path)
    rows = _Rows()
    asked = questions_of(path, "RefCOCO", rows.first)
    return [*_interleaved(asked, rows.more)]


def _interleaved(
    asked: Sequence[Question], more: Mapping[str, Sequence[Question]]
) -> Sequence[Question]:
    return [one for question in asked for one in (question, *more.get(question.id, ()))]


class _Rows:
    """A row may have several sentences; those after its first are kept in `more`."""

    def __init__(self) -> None:
        self.more: dict[str, list[Question]] = {}

    def first(self, row: Mapping[str, Any], place: int) -> Question:
        name = str(row.get("id", row.get("ref_id", place)))
        image = row.get("image") or row.get("file_name") or row["image_id"]
        sentences = _sentences(row)
        made = [
            _asked(name if not number else f"{name}-{number}", str(image), text, _box(row), row)
            for number, text in enumerate(sentences)
        ]
        self.more[name] = made[1:]
        return made[0]


def _sentences(row: Mapping[str, Any]) -> list[str]:
    given = row.get("sentences")
    if given is None:
        given = next(row[key] for key in ("sentence", "expression", "ref", "caption") if key in row)
    listed = [given] if isinstance(given, str) else given
    made = [str(one.get("sent") or one["raw"] if isinstance(one, dict) else one) for one in listed]
    if not made:
        raise ValueError("want a sentence, got none")
    return made


def _box(row: Mapping[str, Any]) -> tuple[float, float, float, float]:
    if "box" in row:
        left, top, right, bottom = map(float, row["box"])
        return left, top, right, bottom
    left, top, width, height = map(float, row["bbox"])
    return left, top, left + width, top + height


def _asked(
    name: str,
    image: str,
    text: str,
    box: tuple[float, float, float, float],
    row: Mapping[str, Any],
) -> Question:
    return Question(
        id=name,
        images=(image,),
        text=text,
        answer=text,
        kind="box",
        detailed=str(row.get("split") or "refer"),
        balanced=False,
        box=box,
    )


def _official(folder: Path) -> list[Question]:
    """refs.json and instances.json of one dataset, joined on the annotations' ids."""
    refs, instances = read_json(folder / "refs.json"), read_json(folder / "instances.json")
    try:
        boxes = {one["id"]: one["bbox"] for one in instances["annotations"]}
        files = {one["id"]: one["file_name"] for one in instances["images"]}
        made = []
        for ref in refs:
            row = {"bbox": boxes[ref["ann_id"]], "split": ref.get("split")}
            for sentence in ref["sentences"]:
                name = f"{ref['ref_id']}-{sentence['sent_id']}"
                file = files[ref["image_id"]]
                made.append(_asked(name, file, sentence["sent"], _box(row), row))
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise SettingsError(f"{folder} is not in the form of RefCOCO: {reason}") from error
    if not made:
        raise SettingsError(f"no expressions in {folder}")
    return made
