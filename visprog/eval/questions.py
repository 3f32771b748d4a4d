"""Questions in GQA's form: from one file, JSON or JSON lines, or a folder of its chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError
from visprog.eval.scoring import KINDS

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True)
class Question:
    """One question. `kind`: its answer type; `type`: GQA's `types.detailed`; `program`: GQA's
    functional program, a list of steps, empty where there is none; `box`: the true box, pixels."""

    id: str
    image: str
    text: str
    answer: str
    kind: str = "str"
    type: str = ""
    balanced: bool = True
    program: tuple[Mapping[str, Any], ...] = ()
    box: tuple[float, float, float, float] | None = None

    def picture(self, folder: Path) -> Path:
        """The file of its picture.

        Raises:
            SettingsError: no picture of that id in the folder.
        """
        for suffix in SUFFIXES:
            path = folder / f"{self.image}{suffix}"
            if path.is_file():
                return path
        raise SettingsError(f"no picture {self.image}.jpg (or .png ...) in {folder}")


def load_questions(path: Path, limit: int | None = None) -> list[Question]:
    """The questions of a file or of a folder's files, in their order, at most `limit`.

    Raises:
        SettingsError: no such file, or no questions in GQA's form in it.
    """
    files = sorted([*path.glob("*.json"), *path.glob("*.jsonl")]) if path.is_dir() else [path]
    if not files:
        raise SettingsError(f"no questions: {path} has no .json or .jsonl files")
    made: list[Question] = []
    for file in files:
        for name, raw in _entries(file):
            if limit is not None and len(made) >= limit:
                return made
            made.append(_question(file, name, raw))
    if not made:
        raise SettingsError(f"no questions in {path}")
    return made


def load_choices(path: Path) -> dict[str, dict[str, list[str]]]:
    """GQA's answer choices: question id -> {valid, plausible}."""
    made = _json(path)
    if not isinstance(made, dict):
        raise SettingsError(f"choices {path}: want an object of question ids")
    return made


def _json(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return json.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{path}: not JSON: {error}") from error


def _entries(path: Path) -> Iterator[tuple[str, Any]]:
    """A file of questions is an object of ids, or a list that has the ids inside."""
    made = _json(path)
    if isinstance(made, dict):
        yield from made.items()
    elif isinstance(made, list):
        for number, raw in enumerate(made):
            keys = ("questionId", "question_id", "id")
            named = raw if isinstance(raw, dict) else {}
            yield str(next((named[key] for key in keys if key in named), number)), raw
    else:
        raise SettingsError(f"questions {path}: want an object or a list")


def _question(path: Path, name: str, raw: Any) -> Question:
    try:
        kind = str(raw.get("answerType", "str"))
        if kind not in KINDS:
            raise ValueError(f"answerType {kind!r} is not one of {', '.join(KINDS)}")
        box = raw.get("answerBox")
        if kind == "box" and (box is None or len(box) != 4):
            raise ValueError(f"want answerBox [left, top, right, bottom], got {box!r}")
        return Question(
            id=name,
            image=str(raw["imageId"]),
            text=str(raw["question"]),
            answer=str(raw["answer"]),
            kind=kind,
            type=str((raw.get("types") or {}).get("detailed") or ""),
            balanced=bool(raw.get("isBalanced", True)),
            program=tuple(raw.get("semantic") or ()),
            box=None if box is None else tuple(map(float, box)),  # type: ignore[arg-type]
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise SettingsError(f"questions {path}: {name} is not in GQA's form: {reason}") from error
