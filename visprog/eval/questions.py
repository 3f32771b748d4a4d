"""Questions of a benchmark, and GQA's forms of them: JSON, folders of chunks, parquet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError
from visprog.eval.scoring import KINDS

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
KEYS = ("questionId", "question_id", "id")  # of a question's name, where a list has it inside


@dataclass(frozen=True)
class Question:
    """One question.

    `images`: the names of its pictures, without their folder and maybe their suffix; `kind`: its
    answer type, one of scoring's KINDS; `options`: the answers to choose from, where it has some;
    `structural`, `semantic`, `detailed`: GQA's types; `program`: GQA's functional program, empty
    where there is none; `group_global`, `group_local`: GQA's groups; `entailed`: ids of questions
    whose answers follow from its own; `box`: the true box, pixels; `meta`: what a format says
    besides, such as the relation of a statement.
    """

    id: str
    images: tuple[str, ...]
    text: str
    answer: str
    kind: str = "str"
    options: tuple[str, ...] = ()
    structural: str = ""
    semantic: str = ""
    detailed: str = ""
    balanced: bool = True
    group_global: str | None = None
    group_local: str | None = None
    entailed: tuple[str, ...] = ()
    program: tuple[Mapping[str, Any], ...] = ()
    box: tuple[float, float, float, float] | None = None
    meta: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> int:
        """How many words the question has, as GQA counts."""
        return len(self.text.split())

    @property
    def steps(self) -> int:
        """How many steps its functional program has, as GQA counts."""
        texts = (f"{step.get('operation')}: {step.get('argument')}" for step in self.program)
        return sum(not any(part in text for part in UNCOUNTED) for text in texts)

    def pictures(self, folder: Path) -> tuple[Path, ...]:
        """The files of its pictures, in order.

        Raises:
            SettingsError: one is not in the folder.
        """
        return tuple(_picture(folder, name) for name in self.images)


UNCOUNTED = ("exist", "query: name", "choose name")


def _picture(folder: Path, name: str) -> Path:
    exact = folder / name
    if not exact.resolve().is_relative_to(folder.resolve()):
        raise SettingsError(f"the picture {name!r} lies outside {folder}")
    if exact.is_file():
        return exact
    for suffix in SUFFIXES:
        path = folder / f"{name}{suffix}"
        if path.is_file():
            return path
    wanted = name if exact.suffix.lower() in SUFFIXES else f"{name}.jpg (or .png ...)"
    raise SettingsError(f"no picture {wanted} in {folder}")


def load_questions(path: Path, limit: int | None = None) -> list[Question]:
    """The questions of a file in GQA's form, or of a folder's files, in their order.

    A file is JSON, an object of ids or a list; JSON lines; or parquet with GQA's columns, as in
    `lmms-lab/GQA`. `limit`: at most so many.

    Raises:
        SettingsError: no such file, or no questions in GQA's form in it.
    """
    made: list[Question] = []
    for file in question_files(path):
        for name, raw in _entries(file):
            if limit is not None and len(made) >= limit:
                return made
            made.append(_question(file, name, raw))
    if not made:
        raise SettingsError(f"no questions in {path}")
    _expect_own_ids(path, made)
    return made


def question_files(path: Path) -> list[Path]:
    """The file, or those of a folder, in the order of their names and numbers.

    Raises:
        SettingsError: a folder without such files.
    """
    if not path.is_dir():
        return [path]
    found = [file for ending in ("json", "jsonl", "parquet") for file in path.glob(f"*.{ending}")]
    if not found:
        raise SettingsError(f"no questions: {path} has no .json, .jsonl or .parquet files")
    return sorted(found, key=_place)


def _place(path: Path) -> tuple[list[str | int], str]:
    """Chunks are numbered without zeros: ..._2.json comes before ..._10.json."""
    parts = re.split(r"(\d+)", path.name)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], path.name


def load_choices(path: Path) -> dict[str, dict[str, list[str]]]:
    """GQA's answer choices: question id -> {valid, plausible}.

    Raises:
        SettingsError: it cannot be read, or is not in that form.
    """
    made = read_json(path)
    if not isinstance(made, dict):
        raise SettingsError(f"choices {path}: want an object of question ids")
    for name, one in made.items():
        lists = one.values() if isinstance(one, dict) else (None,)
        if not all(isinstance(texts, list) for texts in lists):
            raise SettingsError(f"choices {path}: {name}: want lists valid and plausible")
    return made


def read_json(path: Path) -> Any:
    """What a file of JSON holds; of JSON lines, a list.

    Raises:
        SettingsError: it cannot be read, or is not JSON.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return json.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: not JSON: {error}") from error


def _entries(path: Path) -> Iterator[tuple[str, Any]]:
    """A file of questions is an object of ids, or a list that has the ids inside."""
    if path.suffix == ".parquet":
        from visprog.eval.parquet import rows

        made: Any = rows(path)
    else:
        made = read_json(path)
    if isinstance(made, dict):
        yield from made.items()
    elif isinstance(made, list):
        for number, raw in enumerate(made):
            named = raw if isinstance(raw, dict) else {}
            yield str(next((named[key] for key in KEYS if key in named), number)), raw
    else:
        raise SettingsError(f"questions {path}: want an object or a list")


def _question(path: Path, name: str, raw: Any) -> Question:
    try:
        types = raw.get("types") or {}
        groups = raw.get("groups") or {}
        return Question(
            id=name,
            images=(str(raw["imageId"]),),
            text=str(raw["question"]),
            answer=str(raw["answer"]),
            kind=kind_of(raw.get("answerType", "str")),
            options=tuple(map(str, raw.get("choices") or ())),
            structural=str(types.get("structural") or ""),
            semantic=str(types.get("semantic") or ""),
            detailed=str(types.get("detailed") or ""),
            balanced=bool(raw.get("isBalanced", True)),
            group_global=groups.get("global"),
            group_local=groups.get("local"),
            entailed=_ids(raw.get("entailed")),
            program=tuple(raw.get("semantic") or ()),
            box=box_of(raw.get("answerBox"), raw.get("answerType")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise SettingsError(f"questions {path}: {name} is not in GQA's form: {reason}") from error


def kind_of(name: Any) -> str:
    """Raises ValueError: it is no answer type."""
    if name not in KINDS:
        raise ValueError(f"answerType {name!r} is not one of {', '.join(KINDS)}")
    return str(name)


def box_of(box: Any, kind: Any = "str") -> tuple[float, float, float, float] | None:
    """Raises ValueError: it is no box, or there is none where the answer is one."""
    if box is None and kind != "box":
        return None
    numbers = tuple(map(float, box)) if isinstance(box, (list, tuple)) else ()
    if len(numbers) != 4:
        raise ValueError(f"want answerBox [left, top, right, bottom], got {box!r}")
    return numbers


def _ids(listed: Any) -> tuple[str, ...]:
    """A list of ids, or the text of one: parquet files have "['1', '2']". It is only read."""
    if isinstance(listed, str):
        return tuple(re.findall(r"""['"]([^'"]*)['"]""", listed))
    return tuple(map(str, listed or ()))


def _expect_own_ids(path: Path, questions: Sequence[Question]) -> None:
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise SettingsError(f"questions {path}: two have the id {question.id!r}")
        seen.add(question.id)
