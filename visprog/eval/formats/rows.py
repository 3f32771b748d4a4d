"""Rows of JSON, and what several forms do with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError
from visprog.eval.fields import unicode_of
from visprog.eval.questions import Question, json_lines, question_files, read_json

Make = Callable[[Any, int], Question | Sequence[Question]]


def questions_of(
    path: Path,
    form: str,
    make: Make,
    limit: int | None = None,
    *,
    within: str = "",
    lists: bool = False,
) -> list[Question]:
    """The questions of each row of a file or of a folder's files.

    Args:
        form: the name of the form, for errors; `make`: gives the question or the questions of a
            row, from its place; `limit`: at most so many; `within`: the key of the rows, where a
            file is an object that holds them; `lists`: whether a row may be a list.

    Raises:
        SettingsError: no such file, or a row is not in that form, or two questions have one id.
    """
    made: list[Question] = []
    seen: set[str] = set()
    place = 0
    for file in question_files(path):
        for row in _rows(file, within):
            for question in _made(file, form, make, row, place, lists):
                if question.id in seen:
                    raise SettingsError(f"questions {file}: two have the id {question.id!r}")
                seen.add(question.id)
                made.append(question)
            place += 1
            if limit is not None and len(made) >= limit:
                return made[:limit]
    if not made:
        raise SettingsError(f"no questions in {path}")
    return made


def _made(
    file: Path, form: str, make: Make, row: Any, place: int, lists: bool
) -> Sequence[Question]:
    try:
        if not isinstance(row, (dict, list) if lists else dict):
            raise ValueError(f"want an object, got {type(row).__name__}")
        made = make(row, place)
    except KeyError as error:
        reason = f"it has no {error.args[0]!r}"
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        reason = str(error)
    else:
        return [made] if isinstance(made, Question) else made
    raise SettingsError(f"questions {file}: row {place} is not in the form of {form}: {reason}")


def _rows(path: Path, within: str) -> Iterator[Any]:
    made = content_of(path)
    if within and isinstance(made, dict) and within in made:
        made = made[within]
    if isinstance(made, dict):
        made = list(made.values())
    if not isinstance(made, list):
        raise SettingsError(f"questions {path}: want a list of rows")
    yield from made


def content_of(path: Path) -> Any:
    """What a file holds. A file of JSON lines may end in .json.

    Raises:
        SettingsError: it cannot be read, or is not JSON.
    """
    if path.suffix == ".parquet":
        raise SettingsError(f"{path}: this form is read from JSON, not from a parquet table")
    try:
        return read_json(path)
    except SettingsError:
        if path.suffix != ".json" or not path.is_file():
            raise
        text = path.read_text(encoding="utf-8-sig", errors="replace").strip()
        if not text.startswith("{") or "\n" not in text or text[1:2].isspace():
            raise  # one object, over several lines
        return json_lines(path, text)


def text_of(row: Mapping[str, Any], *keys: str) -> str:
    """The text under the first of the keys that a row has.

    Raises:
        KeyError: it has none of them; ValueError: it is empty, or no text or number.
    """
    for key in keys:
        if (value := row.get(key)) is not None:
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                raise ValueError(f"want {key} as a text, got {value!r}")
            if not str(value).strip():
                raise ValueError(f"{key} is empty")
            return unicode_of(value)
    raise KeyError(" or ".join(keys))


def yes_or_no(value: Any) -> str:
    """A label as an answer. Raises ValueError: it is neither true nor false."""
    words = {"true": "yes", "1": "yes", "yes": "yes", "false": "no", "0": "no", "no": "no"}
    text = str(value).strip().lower()
    if text not in words:
        raise ValueError(f"label {value!r} is neither true nor false")
    return words[text]
