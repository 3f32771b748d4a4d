"""Runs an evaluation: questions are answered, each result is written as it comes, and a run that
was cut off goes on from what it has written.

A run's folder has `run.json` (what was asked for, the command, versions), `results.jsonl` (of the
planned programs), `columns/NAME.jsonl` (of the other columns), `predictions.json` (in the form that
GQA's own script reads) and the reports.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError
from visprog.eval.columns import PROGRAM, REFERENCE, Answering, Column, columns
from visprog.eval.metrics import Choices
from visprog.eval.progress import Progress
from visprog.eval.questions import Question
from visprog.eval.report import write_report
from visprog.eval.results import Result, read_results
from visprog.eval.solvers import Solve

RUN, RESULTS, PREDICTIONS = "run.json", "results.jsonl", "predictions.json"


@dataclass(frozen=True)
class Evaluation:
    """What is to be measured.

    `questions`: all of the task, in order; `sets`: what they are read from, for the report; `by`:
    what answers; `only`, `ablate`: as of `columns`; `limit`: the first so many; `shard`: (i, n),
    every n-th question from the i-th, from 1; `protocol`: how the questions were drawn, "" for all
    of them; `seed`: of the draws and the intervals.
    """

    task: str
    questions: Sequence[Question]
    by: Answering
    sets: Mapping[str, str] = field(default_factory=dict)
    choices: Choices | None = None
    only: Sequence[str] | None = None
    ablate: Sequence[str] = ()
    limit: int | None = None
    shard: tuple[int, int] | None = None
    protocol: str = ""
    seed: int = 0

    @property
    def asked(self) -> list[Question]:
        """The questions of this run."""
        first = list(self.questions[: self.limit])
        if self.shard is None:
            return first
        place, among = self.shard
        return first[place - 1 :: among]

    def to_json(self) -> dict[str, Any]:
        """What a run that goes on must share with the one that was cut off."""
        return {
            "task": self.task,
            "planner": self.by.planner,
            "tools": self.by.tools,
            "limit": self.limit,
            "shard": "{}/{}".format(*self.shard) if self.shard else None,
            "protocol": self.protocol,
            "seed": self.seed,
            "columns": list(self.only) if self.only is not None else None,
            "ablate": list(self.ablate),
            "n_questions": len(self.asked),
            "questions_digest": _digest(self.asked),
            **self.sets,
        }


def _digest(questions: Iterable[Question]) -> str:
    made = hashlib.sha256()
    for question in questions:
        made.update(repr((question.id, question.images, question.text, question.answer)).encode())
    return made.hexdigest()[:16]


def evaluate(
    what: Evaluation, out: Path, *, solve: Solve | None = None, overwrite: bool = False
) -> dict[str, Any]:
    """Answer the questions in every column, and write results and reports into a folder.

    A folder that has results of the same evaluation is gone on with: nothing that is written there
    is asked again.

    Args:
        solve: what answers the column of programs; by default a `visprog.Agent`.
        overwrite: begin anew where the folder has results.

    Returns:
        The report, as in `report.json`.

    Raises:
        SettingsError: the folder has results of another evaluation; an unknown planner, profile,
            column or word.
        KeyboardInterrupt: it was stopped; the report is of the questions that were done.
    """
    asked = what.asked
    if not asked:
        raise SettingsError("no questions are left to ask")
    if solve is None:
        what.by.expect()
    made = columns(what.by, asked, what.only, what.ablate, solve)
    about = _begin(what, out, overwrite)
    begin, stopped = time.perf_counter(), False
    results: dict[str, list[Result]] = {}
    for column in made:
        if column.open is None:
            continue
        path = out / RESULTS if column.name == PROGRAM else out / "columns" / f"{column.name}.jsonl"
        results[column.name] = done = _resumed(path, asked)
        try:
            for result in _answered(what, column, asked[len(done) :], done, results[PROGRAM]):
                _append(path, result)
                done.append(result)
        except KeyboardInterrupt:  # what is done is kept, and told before it stops
            stopped = True
            break
    if not results[PROGRAM]:
        raise KeyboardInterrupt
    about["unavailable"] = {one.name: one.why for one in made if one.why}
    about["about"] = {one.name: one.about for one in made}
    if stopped:
        about["stopped"] = f"after {len(results[PROGRAM])} of {len(asked)} questions"
    about["models"] = _models(what.by)
    about["run_seconds"] = round(time.perf_counter() - begin, 3)
    _write_json(about, out / RUN)
    _write_predictions(results[PROGRAM], out / PREDICTIONS)
    report = write_report(about, asked, results, what.choices, what.by.images, out)
    if stopped:
        raise KeyboardInterrupt
    return report


def _begin(what: Evaluation, out: Path, overwrite: bool) -> dict[str, Any]:
    """Make the folder that of this evaluation, and say what `run.json` says."""
    out.mkdir(parents=True, exist_ok=True)
    about = what.to_json()
    path = out / RUN
    if overwrite:
        for file in (out / RESULTS, *(out / "columns").glob("*.jsonl")):
            file.unlink(missing_ok=True)
    elif path.is_file() and (out / RESULTS).exists():
        before = _read_run(path)
        changed = [name for name in about if before.get(name) != about[name]]
        if changed:
            name = changed[0]
            raise SettingsError(
                f"{out} has results of another evaluation: its {name} is {before.get(name)!r}, "
                f"this one's {about[name]!r}; choose another --out, or --overwrite"
            )
    elif (out / RESULTS).exists():
        raise SettingsError(f"{out} has results of an older release; choose another --out")
    told = {**about, "command": _command(), "versions": _versions()}
    _write_json(told, path)
    return told


def _read_run(path: Path) -> dict[str, Any]:
    try:
        made = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is damaged: {error}") from error
    return made if isinstance(made, dict) else {}


def _models(by: Answering) -> dict[str, dict[str, str]]:
    """By word, what serves it in the column of programs."""
    with by.agent(planner=REFERENCE) as agent:
        serving = {
            word: agent.tools.model(word) for word in agent.tools if agent.tools.backend(word)
        }
    return {
        word: {"id": model.id, "revision": model.revision, "licence": model.licence}
        for word, model in sorted(serving.items())
    }


def _command() -> str:
    import shlex

    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _versions() -> dict[str, str]:
    return {"visprog": version("visprog"), "python": platform.python_version()}


def _resumed(path: Path, asked: Sequence[Question]) -> list[Result]:
    """The results that a file has, once a torn last line is cut off it.

    Raises:
        SettingsError: they are not of the first of these questions, in order.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        return []
    done = read_results(path)
    if [result.id for result in done] != [question.id for question in asked[: len(done)]]:
        raise SettingsError(f"{path} has results of other questions; choose another --out")
    whole = "".join(map(Result.to_line, done)).encode()
    if path.stat().st_size != len(whole):
        os.truncate(path, path.read_bytes().rfind(b"\n") + 1)
    return done


def _answered(
    what: Evaluation,
    column: Column,
    asked: Sequence[Question],
    done: Sequence[Result],
    programs: Sequence[Result],
) -> Iterator[Result]:
    if not asked or column.open is None:
        return
    with (
        column.open(programs) as solve,
        Progress(column.name, len(done), len(done) + len(asked)) as progress,
    ):
        right = sum(result.correct for result in done)
        for place, (question, outcome) in enumerate(zip(asked, solve(asked), strict=True), 1):
            result = Result.of(question, outcome, (what.choices or {}).get(question.id))
            right += result.correct
            yield result
            progress.step(right / (len(done) + place))


def _append(path: Path, result: Result) -> None:
    """A line goes out in one write: of a process that is killed none is lost but the last."""
    with path.open("ab") as file:
        file.write(result.to_line().encode())


def _write_predictions(results: Sequence[Result], path: Path) -> None:
    rows = [{"questionId": result.id, "prediction": result.prediction} for result in results]
    _write_json(rows, path)


def _write_json(value: object, path: Path) -> None:
    part = path.with_suffix(path.suffix + ".part")
    part.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def merge(folders: Sequence[Path], what: Evaluation, out: Path) -> dict[str, Any]:
    """Put the results of shards together as those of one run, and write its reports.

    Raises:
        SettingsError: a folder is not of a shard of this evaluation, or results are missing.
    """
    whole = replace(what, shard=None)
    wanted = {name: value for name, value in whole.to_json().items() if name not in SHARDED}
    gathered: dict[str, dict[str, Result]] = {}
    for folder in folders:
        before = _read_run(folder / RUN)
        for name, value in wanted.items():
            if before.get(name) != value:
                raise SettingsError(f"{folder} is of another evaluation: its {name} differs")
        for path in (folder / RESULTS, *sorted((folder / "columns").glob("*.jsonl"))):
            name = PROGRAM if path.name == RESULTS else path.stem
            table = gathered.setdefault(name, {})
            table.update({result.id: result for result in read_results(path)})
    asked = whole.asked
    for name, table in gathered.items():
        missing = [question.id for question in asked if question.id not in table]
        if missing:
            raise SettingsError(f"column {name}: {len(missing)} questions lack a result")
    out.mkdir(parents=True, exist_ok=True)
    ordered = {name: [t[one.id] for one in asked] for name, t in gathered.items()}
    for name, results in ordered.items():
        path = out / RESULTS if name == PROGRAM else out / "columns" / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes("".join(map(Result.to_line, results)).encode())
    runs = [_read_run(folder / RUN) for folder in folders]
    told = {**whole.to_json(), "command": _command(), "versions": _versions()}
    told |= {name: runs[0].get(name, {}) for name in ("unavailable", "about", "models")}
    told["shards"] = [str(folder) for folder in folders]
    told["run_seconds"] = round(sum(run.get("run_seconds", 0) for run in runs), 3)
    _write_json(told, out / RUN)
    _write_predictions(ordered[PROGRAM], out / PREDICTIONS)
    return write_report(told, asked, ordered, what.choices, what.by.images, out)


SHARDED = ("shard", "n_questions", "questions_digest")  # what shards of one evaluation differ in
