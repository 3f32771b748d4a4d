"""Questions of a benchmark, and GQA's forms of them: JSON, folders of chunks, parquet."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError
from visprog.eval.fields import (
    answer_of,
    box_of,
    group_of,
    ids_of,
    kind_of,
    program_of,
    truth_of,
    unicode_of,
)
from visprog.eval.pictures import find_picture

KEYS = ("questionId", "question_id", "id")  # of a question's name, where a list has it inside


@dataclass(frozen=True)
class Question:
    """One question.

    `images`: the names of its pictures, without their folder and maybe their suffix; `kind`: its
    answer type, one of scoring's KINDS; `options`: the answers to choose from, where it has some;
    `structural`, `semantic`, `detailed`: GQA's types; `program`: GQA's functional program, empty
    where there is none; `group_global`, `group_local`: GQA's groups; `entailed`: ids of questions
    whose answers follow from its own; `box`: the true box, pixels; `meta`: what a format says
    besides, such as which statements belong together.

    Raises:
        ValueError: no such kind.
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

    def __post_init__(self) -> None:
        kind_of(self.kind)

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
        return tuple(find_picture(folder, name) for name in self.images)


UNCOUNTED = ("exist", "query: name", "choose name")


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
                break
            made.append(_question(file, name, raw))
        if len(made) == limit:
            break  # the other files are not read
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
    endings = (".json", ".jsonl", ".parquet")
    files = (file for file in path.iterdir() if not file.name.startswith("."))
    found = [file for file in files if file.suffix in endings and file.is_file()]
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
        if not all(map(_is_texts, lists)):
            raise SettingsError(f"choices {path}: {name}: want lists valid and plausible")
    return made


def _is_texts(listed: object) -> bool:
    return isinstance(listed, list) and all(isinstance(text, str) for text in listed)


def read_json(path: Path) -> Any:
    """What a file of JSON holds; of JSON lines (`.jsonl`), a list.

    Raises:
        SettingsError: it cannot be read, or is not JSON.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        return json_lines(path, text) if path.suffix == ".jsonl" else _parsed(text)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: not JSON: {error}") from error


def json_lines(path: Path, text: str) -> list[Any]:
    """What the lines of a text hold.

    Raises:
        SettingsError: one is not JSON.
    """
    made = []
    for place, line in enumerate(text.split("\n"), 1):  # others than \n may stand in a string
        if line.strip():
            try:
                made.append(_parsed(line))
            except (ValueError, RecursionError) as error:
                raise SettingsError(f"{path}, line {place}: not JSON: {error}") from error
    return made


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError: two have one key, of which JSON's readers drop one."""
    made = dict(pairs)
    if len(made) < len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"two values have the key {name!r}")
    return made


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
        kind = kind_of(raw.get("answerType", "str"))
        types = raw.get("types") or {}
        groups = raw.get("groups") or {}
        return Question(
            id=unicode_of(name),
            images=(unicode_of(raw["imageId"]),),
            text=unicode_of(raw["question"]),
            answer=answer_of(raw, kind),
            kind=kind,
            options=tuple(map(unicode_of, raw.get("choices") or ())),
            structural=str(types.get("structural") or ""),
            semantic=str(types.get("semantic") or ""),
            detailed=str(types.get("detailed") or ""),
            balanced=truth_of(raw.get("isBalanced", True)),
            group_global=group_of(groups, "global"),
            group_local=group_of(groups, "local"),
            entailed=ids_of(raw.get("entailed")),
            program=program_of(raw.get("semantic") or ()),
            box=box_of(raw.get("answerBox"), raw.get("answerType")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise SettingsError(f"questions {path}: {name} is not in GQA's form: {reason}") from error


def _expect_own_ids(path: Path, questions: Sequence[Question]) -> None:
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise SettingsError(f"questions {path}: two have the id {question.id!r}")
        seen.add(question.id)
