"""A planner that reads its programs from a file: for tests and demonstrations."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visprog.errors import PlanError, SettingsError
from visprog.planning.planner import Plan
from visprog.tool import Model, Toolset

PROGRAM_SUFFIXES = (".vp", ".txt", ".py")
SCRIPT = Model("script", "of its author", kind="rules")


class ScriptedPlanner:
    """Gives the program that a file holds for a question.

    The file is JSON (`{question: program}`), JSON lines (`{"question": ..., "program": ...}`), or
    the text of one program (.vp, .txt, .py) for every question. Case and spaces of a question do
    not count.

    Raises:
        SettingsError: a file that cannot be read, or has another form.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"scripted:{path}"
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"the planner cannot read {path}: {error}") from error
        self._always = text if path.suffix in PROGRAM_SUFFIXES else None
        self._programs = {} if self._always is not None else _read(path, text)

    def plan(self, question: str, tools: Toolset, inputs: Mapping[str, Any]) -> Plan:
        started = time.perf_counter()
        text = self._always if self._always is not None else self._programs.get(_plain(question))
        if text is None:
            raise PlanError(f"{self.path} has no program for the question {question!r}")
        return Plan(text, SCRIPT, time.perf_counter() - started)


def _read(path: Path, text: str) -> dict[str, str]:
    try:
        if path.suffix == ".jsonl":
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
            found = [(row["question"], row["program"]) for row in rows]
        else:
            found = list(json.loads(text).items())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"{path} is no script of programs: {error!r}") from error
    if not all(isinstance(part, str) for pair in found for part in pair):
        raise SettingsError(f"{path} is no script of programs: want texts")
    return {_plain(question): program for question, program in found}


def _plain(question: str) -> str:
    return " ".join(question.casefold().split())
