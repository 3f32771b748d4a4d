"""Rows of JSON, and what several forms do with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError
from visprog.eval.questions import Question, question_files, read_json

Make = Callable[[Mapping[str, Any], int], Question]


def questions_of(path: Path, form: str, make: Make, within: str = "") -> list[Question]:
    """A question of each row of a file or of a folder's files.

    Args:
        form: the name of the form, for errors; `make`: gives the question of a row, from its place;
        within: the key of the rows, where a file is an object that holds them.

    Raises:
        SettingsError: no such file, or a row is not in that form, or two have one id.
    """
    made: list[Question] = []
    seen: set[str] = set()
    for file in question_files(path):
        for place, row in enumerate(_rows(file, within), len(made)):
            try:
                question = make(row, place)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                reason = f"{type(error).__name__}: {error}"
                raise SettingsError(
                    f"questions {file}: row {place} is not in the form of {form}: {reason}"
                ) from error
            if question.id in seen:
                raise SettingsError(f"questions {file}: two have the id {question.id!r}")
            seen.add(question.id)
            made.append(question)
    if not made:
        raise SettingsError(f"no questions in {path}")
    return made


def _rows(path: Path, within: str) -> Iterator[Any]:
    made = rows_of(path)
    if within and isinstance(made, dict) and within in made:
        made = made[within]
    if isinstance(made, dict):
        made = list(made.values())
    if not isinstance(made, list):
        raise SettingsError(f"questions {path}: want a list of rows")
    yield from made


def rows_of(path: Path) -> Any:
    """What a file holds. A file of JSON lines may end in .json."""
    try:
        return read_json(path)
    except SettingsError:
        if path.suffix != ".json":
            raise
        text = path.read_text(encoding="utf-8")
        if not text.lstrip().startswith("{") or "\n" not in text.strip():
            raise
        lines = path.with_suffix(".jsonl")
        return read_lines(text, lines)


def read_lines(text: str, path: Path) -> list[Any]:
    import json

    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise SettingsError(f"{path}: not JSON lines: {error}") from error


def yes_or_no(value: Any) -> str:
    """A label as an answer. Raises ValueError: it is neither true nor false."""
    words = {"true": "yes", "1": "yes", "yes": "yes", "false": "no", "0": "no", "no": "no"}
    text = str(value).strip().lower()
    if text not in words:
        raise ValueError(f"label {value!r} is neither true nor false")
    return words[text]
