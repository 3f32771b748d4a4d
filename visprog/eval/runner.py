"""Runs an evaluation: questions are answered, each result is written as it comes, and a run that
was cut off goes on from what it has written."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from visprog.errors import BudgetError, SettingsError, VisprogError, WeightsError
from visprog.eval import run_folder
from visprog.eval.answering import Agents, Answering
from visprog.eval.columns import PROGRAM, Column, columns
from visprog.eval.metrics import Choices
from visprog.eval.progress import Progress
from visprog.eval.questions import Question
from visprog.eval.report import write_report
from visprog.eval.results import Outcome, Result
from visprog.eval.run_folder import PREDICTIONS, RUN
from visprog.eval.solvers import Solve
from visprog.tool import Model

ENDING = (BudgetError, SettingsError, WeightsError)


@dataclass(frozen=True)
class Evaluation:
    """What is to be measured.

    `questions`: all of the task, in order; `sets`: what they are read from, for the report; `by`:
    what answers; `only`, `ablate`: as of `columns`; `limit`: the first so many; `shard`: (i, n),
    every n-th question from the i-th, from 1; `protocol`: that of another work, "" for none;
    `drawn`: whether the questions were drawn from those of the task, so that their ids are told;
    `seed`: of the draws and the intervals; `split`: the name of the split.
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
    drawn: bool = False
    seed: int = 0
    split: str = ""

    @property
    def asked(self) -> list[Question]:
        """The questions of this run."""
        first = list(self.questions[: self.limit])
        if self.shard is None:
            return first
        place, among = self.shard
        return first[place - 1 :: among]

    def to_json(self) -> dict[str, Any]:
        """What results of a folder must share with those that are added to them. Files are known by
        what is in them, not by where they lie."""
        return {
            "task": self.task,
            "split": self.split,
            "planner": self.by.planner,
            "tools": self.by.tools,
            "limit": self.limit,
            "shard": "{}/{}".format(*self.shard) if self.shard else None,
            "protocol": self.protocol,
            "seed": self.seed,
            "settings": self.by.to_json(),
            "n_questions": len(self.asked),
            "digests": {
                "questions": _digest(self.questions[: self.limit]),
                **({"choices": _digest(sorted(self.choices.items()))} if self.choices else {}),
                **self.by.digests(),
            },
        }

    def told(self) -> dict[str, Any]:
        """What else a run says of itself. Columns may be added to a folder later."""
        only = list(self.only) if self.only is not None else None
        drawn = {"drawn": [question.id for question in self.questions]} if self.drawn else {}
        return {"columns": only, "ablate": list(self.ablate), **drawn, **self.sets}


def _digest(items: Iterable[object]) -> str:
    made = hashlib.blake2b()
    for item in items:
        made.update(repr(item).encode("utf-8", "backslashreplace"))
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
        SettingsError: the folder has results of another evaluation, or another process writes
            there; an unknown planner, profile, column or word.
        BudgetError, SettingsError, WeightsError: what the planner may use is used up, or it lacks
            what it needs; what was done is kept and reported, and can be gone on with.
        KeyboardInterrupt: it was stopped; the report is of the questions that were done.
    """
    asked = what.asked
    if not asked:
        raise SettingsError("no questions are left to ask")
    with Agents(what.by) as agents:
        if solve is None:
            agents.expect()
        made = columns(agents, asked, what.only, what.ablate, solve)
        with run_folder.held(out):
            about = run_folder.begin(out, what.to_json(), what.told(), overwrite=overwrite)
            about["unavailable"] = {one.name: one.why for one in made if one.why}
            about["about"] = {one.name: one.about for one in made}
            about["models"] = _models(agents)
            return _Run(what, out, asked, about).measure(made)


class _Run:
    """One run, in a folder that is its own."""

    def __init__(
        self, what: Evaluation, out: Path, asked: Sequence[Question], about: dict[str, Any]
    ) -> None:
        self.what, self.out, self.asked, self.about = what, out, asked, about
        self.results: dict[str, list[Result]] = {}

    def measure(self, made: Sequence[Column]) -> dict[str, Any]:
        """Run the columns, and write the reports of what they gave."""
        begin = time.perf_counter()
        stopped: KeyboardInterrupt | VisprogError | None = None
        try:
            for column in made:
                if column.open is not None:
                    self._fill(column)
        except (KeyboardInterrupt, *ENDING) as error:  # what is done is kept, and told first
            stopped = error
            for name in self.results:  # it may have come between a line and the note of it
                path = run_folder.path_of(self.out, name)
                self.results[name] = run_folder.resumed(path, self.asked)
        main = self.results.get(PROGRAM, [])
        if stopped and not main:
            raise stopped
        if stopped:
            name, done = list(self.results.items())[-1]
            where = "" if name == PROGRAM else f"in the column {name}, "
            self.about["stopped"] = f"{where}after {len(done)} of {len(self.asked)} questions"
        self.about["run_seconds"] = round(time.perf_counter() - begin, 3)
        run_folder.write_json(self.about, self.out / RUN)
        run_folder.write_predictions(main, self.out / PREDICTIONS)
        results = {name: done for name, done in self.results.items() if done}
        images, choices = self.what.by.images, self.what.choices
        report = write_report(self.about, self.asked, results, choices, images, self.out)
        if stopped:
            raise stopped
        return report

    def _fill(self, column: Column) -> None:
        """Answer what a column lacks, and append each result to its file."""
        path = run_folder.path_of(self.out, column.name)
        self.results[column.name] = done = run_folder.resumed(path, self.asked)
        rest = self.asked[len(done) :]
        if not rest or column.open is None:
            return
        solve = column.open(self.results[PROGRAM])
        right = sum(result.correct for result in done)
        with (
            path.open("ab") as file,
            Progress(column.name, len(done), len(self.asked)) as progress,
        ):
            for question, outcome in zip(rest, solve(rest), strict=True):
                if error := _ending(outcome):
                    raise error
                choices = (self.what.choices or {}).get(question.id)
                result = Result.of(question, outcome, choices)
                file.write(result.to_line())
                file.flush()  # a line that is written stays when the process is killed
                done.append(result)
                right += result.correct
                progress.step(right / len(done))
                if column.name == PROGRAM:
                    self._note(outcome.planner)

    def _note(self, planner: Model | None) -> None:
        """Keep, from the first question that tells it, what the planner's model is."""
        if planner is not None and "planner_model" not in self.about:
            self.about["planner_model"] = _told(planner)
            run_folder.write_json(self.about, self.out / RUN)


def _ending(outcome: Outcome) -> VisprogError | None:
    """The error of an outcome that all questions to come would have too: the budget is used up, or
    the planner lacks what it needs, such as a key."""
    if outcome.program:
        return None
    return next((kind(outcome.reason) for kind in ENDING if kind.__name__ == outcome.error), None)


def _told(model: Model) -> dict[str, str]:
    return {"id": model.id, "revision": model.revision, "licence": model.licence}


def _models(agents: Agents) -> dict[str, dict[str, str]]:
    """By word, what serves it in the column of programs."""
    tools = agents.tools()
    return {word: _told(tools.model(word)) for word in sorted(tools) if tools.backend(word)}
