"""`visprog eval gqa`: how many questions of a GQA-form set are answered rightly.

A failed or abstained question is a wrong answer; both are counted on their own too. Each result is
written to `results.jsonl` as it comes, so that a run that was cut off can be read.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from visprog.agent import Agent, Answer
from visprog.errors import ImageError, SettingsError, VisprogError
from visprog.eval.gqa_programs import translate
from visprog.eval.questions import Question, load_choices, load_questions
from visprog.eval.report import gqa_report, write_report
from visprog.eval.scoring import normal, score
from visprog.images import load
from visprog.tool import Catalogue, Toolset

REFERENCE = "reference"  # the planner that takes each question's own functional program


@dataclass(frozen=True)
class Outcome:
    """What came of a question. `status`: answered, abstained or failed; `value` the answer's."""

    status: str
    text: str = ""
    value: object = None
    reason: str = ""
    program: str = ""


@dataclass(frozen=True)
class Result:
    """One line of `results.jsonl`. `valid`, `plausible`: whether the answer is among GQA's choices,
    None without choices; `iou` for boxes only."""

    id: str
    image: str
    question: str
    type: str
    kind: str
    balanced: bool
    truth: str
    answer: str
    status: str
    reason: str
    correct: bool
    iou: float | None
    valid: bool | None
    plausible: bool | None
    seconds: float
    program: str


Solve = Callable[[Question, Path], Outcome]


def evaluate(
    questions: Path,
    images: Path,
    out: Path,
    planner: str,
    tools: str,
    scene_graphs: Path | None = None,
    choices: Path | None = None,
    limit: int | None = None,
    *,
    solve: Solve | None = None,
) -> dict[str, Any]:
    """Run the questions and write `results.jsonl`, `report.json` and `report.md` into `out`.

    Args:
        questions: a file in GQA's form, or a folder of its chunks; `images`: the folder of its
            pictures, named by their ids; `choices`: GQA's answer choices.
        planner: a planner's name, or `reference` for the questions' own functional programs.
        tools: a profile; `scene_graphs`: the file that profile `oracle` answers from.
        solve: what answers one question about one picture; by default a `visprog.Agent`.

    Returns:
        The report, as in `report.json`.

    Raises:
        SettingsError: a file is missing or not in GQA's form; an unknown planner or profile.
    """
    asked = load_questions(questions, limit)
    listed = load_choices(choices) if choices else {}
    solve = solve or _solver(planner, tools, scene_graphs)
    out.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    with (out / "results.jsonl").open("w", encoding="utf-8") as lines:
        for question in _progress(asked):
            result = _ask(question, images, solve, listed.get(question.id))
            results.append(result)
            lines.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
            lines.flush()
    settings = {"questions": str(questions), "planner": planner, "tools": tools, "limit": limit}
    report = gqa_report(results, settings)
    write_report(report, out)
    return report


def _ask(
    question: Question, images: Path, solve: Solve, choices: Mapping[str, Sequence[str]] | None
) -> Result:
    start = time.perf_counter()
    try:
        outcome = solve(question, question.picture(images))
    except VisprogError as error:
        outcome = _failed(error)
    seconds = time.perf_counter() - start
    answered = outcome.status == "answered"
    text, value = (outcome.text, outcome.value) if answered else ("", None)
    made = score(question.kind, question.answer, question.box, text, value)
    valid, plausible = (_among(text, choices, key) for key in ("valid", "plausible"))
    return Result(
        id=question.id,
        image=question.image,
        question=question.text,
        type=question.type,
        kind=question.kind,
        balanced=question.balanced,
        truth=question.answer,
        answer=outcome.text,
        status=outcome.status,
        reason=outcome.reason,
        correct=made.correct,
        iou=made.iou,
        valid=valid,
        plausible=plausible,
        seconds=round(seconds, 4),
        program=outcome.program,
    )


def _among(text: str, choices: Mapping[str, Sequence[str]] | None, key: str) -> bool | None:
    listed = (choices or {}).get(key)
    return normal(text) in set(map(normal, listed)) if listed else None


def _solver(planner: str, tools: str, scene_graphs: Path | None) -> Solve:
    if scene_graphs and not scene_graphs.is_file():
        raise SettingsError(f"there are no scene graphs at {scene_graphs}")
    options = {"scene_graphs": str(scene_graphs)} if scene_graphs else {}
    if planner == REFERENCE:
        return reference_solver(Catalogue.installed().toolset(tools, options))
    return agent_solver(planner, tools, options)


def agent_solver(planner: str, tools: str, options: Mapping[str, str]) -> Solve:
    """Answers by a `visprog.Agent` with this planner and profile."""
    agent = Agent(planner, tools, options=options)
    _ = agent.planner  # an unknown one is told now, not once a question

    def solve(question: Question, picture: Path) -> Outcome:
        return _outcome(agent.ask(picture, question.text))

    return solve


def reference_solver(tools: Toolset) -> Solve:
    """Answers by each question's own functional program, translated."""
    agent = Agent(tools=tools)
    picture_of = lru_cache(maxsize=8)(load)  # questions of one picture often come together

    def solve(question: Question, picture: Path) -> Outcome:
        text = reference_program(question)
        try:
            return _outcome(agent.run(text, picture_of(picture)))
        except ImageError as error:
            return _failed(error, text)

    return solve


def _outcome(answer: Answer) -> Outcome:
    return Outcome(answer.status, answer.text, answer.value, answer.reason, answer.program)


def _failed(error: VisprogError, program: str = "") -> Outcome:
    return Outcome("failed", reason=f"{type(error).__name__}: {error}", program=program)


def reference_program(question: Question) -> str:
    """The question's own functional program in our language.

    Raises:
        PlanError: it has none, or one with an operation that GQA does not have.
    """
    return translate(question.program)


def _progress(questions: Sequence[Question]) -> Iterator[Question]:
    """The questions, with a bar on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        yield from questions
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(questions, "questions", console=Console(stderr=True), transient=True)
