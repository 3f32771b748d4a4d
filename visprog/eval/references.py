"""Questions with the program that answers each: GQA's own, translated, or a written one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError, VisprogError
from visprog.eval.gqa_programs import translate

KEYS = ("questionId", "question_id", "id")  # of a question's name, where a list has it inside


@dataclass(frozen=True)
class Reference:
    """A question and its program; `program` is "" where there is none, and `reason` says why.

    `also`: programs that read the question in another right way;
    `operations`: the steps of a functional program, by name, each once; `types`: how the question
    is classed, such as {"structural": "query", "detailed": "relS"}.
    """

    id: str
    question: str
    program: str
    reason: str = ""
    operations: tuple[str, ...] = ()
    types: Mapping[str, str] | None = None
    also: tuple[str, ...] = ()

    @property
    def pictures(self) -> int:
        """How many pictures the program is about."""
        numbers = [int(number) for number in re.findall(r"\bimage(\d+)\b", self.program)]
        return max([2 if re.search(r"\bimages\b", self.program) else 1, *numbers])


def load_references(path: Path, limit: int | None = None) -> list[Reference]:
    """The questions of a file or of a folder's files, in their order, at most `limit`.

    A file is in GQA's form, an object of ids or a list of questions with a functional program
    (`semantic`), or has {"question", "program"} on each line, the program in our language (where
    it is one expression, `return` may be left out), and maybe "also", a list of other programs that
    are as right.

    Raises:
        SettingsError: no such file, or no questions in one of these forms in it.
    """
    files = sorted([*path.glob("*.json"), *path.glob("*.jsonl")]) if path.is_dir() else [path]
    made: list[Reference] = []
    for file in files:
        made += (_reference(file, name, raw) for name, raw in _rows(_json(file)))
        if limit is not None and len(made) >= limit:
            break
    if not made:
        raise SettingsError(f"no questions in {path}")
    return made[:limit]


def _json(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".jsonl":
            raw = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            raw = json.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{path}: not JSON: {error}") from error
    if not isinstance(raw, (dict, list)):
        raise SettingsError(f"questions {path}: want an object or a list")
    return raw


def _rows(raw: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    """The questions with their names; those of a list have them inside, or are numbered."""
    if isinstance(raw, dict):
        yield from raw.items()
        return
    for number, row in enumerate(raw, 1):
        named = row if isinstance(row, dict) else {}
        yield str(next((named[key] for key in KEYS if key in named), number)), row


def _reference(path: Path, name: str, raw: Any) -> Reference:
    if not isinstance(raw, dict) or not isinstance(raw.get("question"), str):
        raise SettingsError(f"questions {path}: {name} has no question")
    types = raw.get("types") or {}
    if not isinstance(types, dict):
        raise SettingsError(f"questions {path}: {name}: want an object of types, got {types!r}")
    made = Reference(name, raw["question"], "", types={key: str(types[key]) for key in types})
    if isinstance(raw.get("program"), str):
        also = raw.get("also", [])
        if not isinstance(also, list) or not all(isinstance(one, str) for one in also):
            raise SettingsError(f"questions {path}: {name}: want a list of programs in `also`")
        others = tuple(map(_statement, also))
        return replace(made, program=_statement(raw["program"]), also=others)
    steps = raw.get("semantic")
    if not isinstance(steps, list):
        return replace(made, reason="it has no program")
    try:
        program = translate(steps)
    except VisprogError as error:
        return replace(made, reason=str(error))
    operations = dict.fromkeys(str(step["operation"]).strip() for step in steps)
    return replace(made, program=program, operations=tuple(operations))


def _statement(program: str) -> str:
    """A program that is one expression, with `return` before it."""
    lines = re.search(r"^\s*return\b", program, re.MULTILINE)
    return program if lines else f"return {program.strip()}\n"
