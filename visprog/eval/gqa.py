"""`visprog eval gqa`: how many questions of a GQA-form set are answered rightly.

A failed or abstained question is a wrong answer; both are counted on their own too. Each result is
written to `results.jsonl` as it comes, so that a run that was cut off can be read.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from visprog.agent import Agent, Answer
from visprog.errors import SettingsError, VisprogError
from visprog.eval.gqa_programs import translate
from visprog.eval.progress import progress
from visprog.eval.questions import Question, load_choices, load_questions
from visprog.eval.report import gqa_report, write_report
from visprog.eval.scoring import normal, score
from visprog.trace import WHOLE

REFERENCE = "reference"  # the planner that takes each question's own functional program


@dataclass(frozen=True)
class Outcome:
    """What came of a question. `status`: answered, abstained or failed; `value` the answer's;
    `seconds`: what the planner and the batches of its calls took; `mode`: as of a trace."""

    status: str
    text: str = ""
    value: object = None
    reason: str = ""
    program: str = ""
    seconds: float = 0.0
    mode: str = WHOLE


@dataclass(frozen=True)
class Result:
    """One line of `results.jsonl`. `valid`, `plausible`: whether the answer is among GQA's choices,
    None without choices; `iou` for boxes only; `mode`: direct where the planner's model answered
    without a tool."""

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
    mode: str = WHOLE


Solve = Callable[[Iterable[Question]], Iterator[Outcome]]


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
    **settings: Any,
) -> dict[str, Any]:
    """Run the questions and write `results.jsonl`, `report.json` and `report.md` into `out`.

    Args:
        questions: a file in GQA's form, or a folder of its chunks; `images`: the folder of its
            pictures, named by their ids; `choices`: GQA's answer choices.
        planner: a planner's name, or `reference` for the questions' own functional programs.
        tools: a profile; `scene_graphs`: the file that profile `oracle` answers from.
        solve: what answers questions, in their order; by default a `visprog.Agent`.
        settings: what else the agent is made with, such as `cache`, `runner` or `isolate`.

    Returns:
        The report, as in `report.json`.

    Raises:
        SettingsError: a file is missing or not in GQA's form; an unknown planner or profile.
        KeyboardInterrupt: it was stopped; the report is of the questions that were done.
    """
    asked = load_questions(questions, limit)
    listed = load_choices(choices) if choices else {}
    begin, stopped = time.perf_counter(), False
    with ExitStack() as stack:
        if solve is None:
            agent = stack.enter_context(_agent(planner, tools, scene_graphs, settings))
            solve = agent_solver(agent, images, reference_program if planner == REFERENCE else None)
        out.mkdir(parents=True, exist_ok=True)
        results: list[Result] = []
        lines = stack.enter_context((out / "results.jsonl").open("w", encoding="utf-8"))
        try:
            for question, outcome in zip(progress(asked, "questions"), solve(asked), strict=True):
                result = _result(question, outcome, listed.get(question.id))
                results.append(result)
                lines.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
                lines.flush()
        except KeyboardInterrupt:  # what is done is kept, and told before it stops
            stopped = True
    told = {"questions": str(questions), "planner": planner, "tools": tools, "limit": limit}
    if stopped and not results:
        raise KeyboardInterrupt
    report = gqa_report(results, told, time.perf_counter() - begin)
    if stopped:
        report["stopped"] = f"after {len(results)} of {len(asked)} questions"
    write_report(report, out)
    if stopped:
        raise KeyboardInterrupt
    return report


def _result(
    question: Question, outcome: Outcome, choices: Mapping[str, Sequence[str]] | None
) -> Result:
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
        seconds=round(outcome.seconds, 4),
        program=outcome.program,
        mode=outcome.mode,
    )


def _among(text: str, choices: Mapping[str, Sequence[str]] | None, key: str) -> bool | None:
    listed = (choices or {}).get(key)
    return normal(text) in set(map(normal, listed)) if listed else None


def _agent(
    planner: str, tools: str, scene_graphs: Path | None, settings: Mapping[str, Any]
) -> Agent:
    if scene_graphs and not scene_graphs.is_file():
        raise SettingsError(f"there are no scene graphs at {scene_graphs}")
    options = {"scene_graphs": str(scene_graphs)} if scene_graphs else {}
    if planner == REFERENCE:
        if settings.get("route"):
            raise SettingsError("the reference's programs leave nothing to route: name a planner")
        return Agent(tools=tools, options=options, **settings)
    agent = Agent(planner, tools, options=options, **settings)
    _ = agent.planner  # an unknown one is told now, not once a question
    return agent


def agent_solver(
    agent: Agent, images: Path, program: Callable[[Question], str] | None = None
) -> Solve:
    """Answers by an agent, many questions together.

    `program`: gives each question's program, so that no planner is needed.
    """

    def solve(questions: Iterable[Question]) -> Iterator[Outcome]:
        order: deque[Outcome | None] = deque()  # of those begun: None, or why it was not run

        def jobs() -> Iterator[tuple[Path, str] | tuple[Path, str, str]]:
            for question in questions:
                try:
                    picture = question.picture(images)
                    text = program(question) if program else ""
                except VisprogError as error:
                    order.append(Outcome("failed", reason=f"{type(error).__name__}: {error}"))
                    continue
                order.append(None)
                yield (picture, question.text, text) if program else (picture, question.text)

        for answer in agent.batch(jobs()):
            while (failed := order.popleft()) is not None:
                yield failed
            yield _outcome(answer)
        yield from (failed for failed in order if failed is not None)

    return solve


def _outcome(answer: Answer) -> Outcome:
    trace = answer.trace
    seconds = trace.plan_seconds + sum(step.seconds for step in trace.steps)
    return Outcome(
        answer.status,
        answer.text,
        answer.value,
        answer.reason,
        answer.program,
        seconds,
        trace.mode,
    )


def reference_program(question: Question) -> str:
    """The question's own functional program in our language.

    Raises:
        PlanError: it has none, or one with an operation that GQA does not have.
    """
    return translate(question.program)
