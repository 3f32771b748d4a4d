"""What came of each question of an evaluation: one line of `results.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from visprog.answers import Answer
from visprog.errors import SettingsError
from visprog.eval.outcomes import plain
from visprog.eval.questions import Question
from visprog.eval.scoring import normal, number, score
from visprog.tool import Model
from visprog.trace import ABSTAINED, ANSWERED, FAILED, WHOLE
from visprog.values import Value

PARSE, TYPE, RUNTIME, TIMEOUT = "parse", "type", "runtime", "timeout"
PLAN, PICTURE, SETTING = "plan", "picture", "setting"
FAILURES = (PARSE, TYPE, RUNTIME, TIMEOUT, PLAN, PICTURE, SETTING, ABSTAINED)
KINDS = {
    "ParseError": PARSE,
    "CheckError": TYPE,
    "ProgramError": TYPE,
    "DeadlineError": TIMEOUT,
    "ToolTimeout": TIMEOUT,
    "SilenceError": TIMEOUT,
    "PlanError": PLAN,
    "BudgetError": PLAN,
    "ImageError": PICTURE,
    "VideoError": PICTURE,
    "SettingsError": SETTING,
    "QuestionError": SETTING,
    "WeightsError": SETTING,
}


@dataclass(frozen=True)
class Outcome:
    """What came of a question, before it is scored. `status`: answered, abstained or failed;
    `value`: the answer as it is; `error`: the name of the error that it failed by; `seconds`: what
    the planner and the batches of its calls took; `mode`: as of a trace; `repaired`: programs that
    were not accepted; `tools`: seconds by tool; `planner`: the model that wrote the program."""

    status: str
    text: str = ""
    value: Value | None = None
    reason: str = ""
    error: str = ""
    program: str = ""
    seconds: float = 0.0
    plan_seconds: float = 0.0
    calls: int = 0
    cached: int = 0
    tokens: int = 0
    cost: float | None = 0.0
    repaired: int = 0
    mode: str = WHOLE
    tools: Mapping[str, float] | None = None
    planner: Model | None = None

    @classmethod
    def of(cls, answer: Answer) -> Outcome:
        trace = answer.trace
        spent: dict[str, float] = {}
        for step in trace.steps:
            if not step.cached:
                spent[step.tool] = spent.get(step.tool, 0.0) + step.seconds
        return cls(
            status=answer.status,
            text=answer.text,
            value=answer.value,
            reason=answer.reason,
            error=trace.error,
            program=answer.program,
            seconds=trace.plan_seconds + sum(step.seconds for step in trace.steps),
            plan_seconds=trace.plan_seconds,
            calls=len(trace.steps),
            cached=sum(step.cached for step in trace.steps),
            tokens=trace.usage.prompt_tokens + trace.usage.completion_tokens,
            cost=trace.usage.cost,
            repaired=len(trace.attempts),
            mode=trace.mode,
            tools={name: round(seconds, 4) for name, seconds in spent.items()},
            planner=trace.model,
        )

    @property
    def failure(self) -> str:
        """Of what kind it has no answer, one of FAILURES; "" where it has one."""
        if self.status == FAILED:
            return KINDS.get(self.error, RUNTIME)
        return "" if self.status == ANSWERED else ABSTAINED


@dataclass(frozen=True, slots=True)  # of a whole set they are in memory together
class Result:
    """One line of `results.jsonl`: a question, the answer to it and what that took.

    `score`: 0 to 1, how right the answer is: 1 or 0 for texts, the relative accuracy of numbers,
    the IoU of boxes; `failure`: one of FAILURES where there is no answer; `valid`, `plausible`:
    whether the answer is among GQA's choices, None without choices; `seconds`, `plan_seconds`: of
    the whole question and of the planner; `tools`: seconds by tool; `value`: the answer in JSON's
    types.
    """

    id: str
    images: tuple[str, ...]
    question: str
    kind: str
    structural: str
    semantic: str
    detailed: str
    steps: int
    words: int
    balanced: bool
    truth: str
    answer: str
    status: str
    reason: str
    failure: str
    correct: bool
    score: float
    iou: float | None
    valid: bool | None
    plausible: bool | None
    seconds: float
    plan_seconds: float
    calls: int
    cached: int
    tokens: int
    cost: float | None
    repaired: int
    mode: str
    program: str
    tools: Mapping[str, float]
    value: Any

    @classmethod
    def of(
        cls,
        question: Question,
        outcome: Outcome,
        choices: Mapping[str, Sequence[str]] | None = None,
    ) -> Result:
        """Score an outcome. A question without an answer is answered wrongly."""
        answered = outcome.status == ANSWERED
        text, value = (outcome.text, outcome.value) if answered else ("", None)
        made = score(question, text, value)
        return cls(
            id=question.id,
            images=question.images,
            question=question.text,
            kind=question.kind,
            structural=question.structural,
            semantic=question.semantic,
            detailed=question.detailed,
            steps=question.steps,
            words=question.words,
            balanced=question.balanced,
            truth=question.answer,
            answer=outcome.text,
            status=outcome.status,
            reason=outcome.reason,
            failure=outcome.failure,
            correct=made.correct,
            score=round(made.score, 6),
            iou=made.iou,
            valid=_among(question, text, choices, "valid"),
            plausible=_among(question, text, choices, "plausible"),
            seconds=round(outcome.seconds, 4),
            plan_seconds=round(outcome.plan_seconds, 4),
            calls=outcome.calls,
            cached=outcome.cached,
            tokens=outcome.tokens,
            cost=outcome.cost,
            repaired=outcome.repaired,
            mode=outcome.mode,
            program=outcome.program,
            tools=outcome.tools or {},
            value=plain(value),
        )

    @property
    def prediction(self) -> str:
        """The answer as it is compared and written for others, where 3.0 is 3; "" where there is
        none."""
        if self.status != ANSWERED:
            return ""
        text = normal(self.answer)
        counted = number(text) if self.kind == "int" else None
        return f"{counted:.0f}" if counted is not None and counted.is_integer() else text

    def to_line(self) -> bytes:
        """The line of a file, in UTF-8; half a character becomes JSON's escape for it."""
        told = {name: getattr(self, name) for name in NAMES}
        text = json.dumps(told, ensure_ascii=False, default=str)
        return text.encode("utf-8", "backslashreplace") + b"\n"

    @classmethod
    def of_line(cls, line: str) -> Result:
        """Raises ValueError: it is no such line."""
        made = json.loads(line)
        if not isinstance(made, dict) or made.keys() != NAMES.keys():
            raise ValueError("not a line of results")
        return cls(**{**made, "images": tuple(made["images"])})


NAMES = dict.fromkeys(field.name for field in fields(Result))


def read_results(path: Path) -> list[Result]:
    """The results of a file; a last line that was not written to its end is left out.

    Raises:
        SettingsError: it cannot be read, or another line is damaged.
    """
    try:
        text = path.read_bytes().decode("utf-8", "replace")  # line ends as they are
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    lines = text.split("\n")
    made: list[Result] = []
    for place, line in enumerate(lines[:-1], 1):  # what stands after the last newline is torn
        try:
            made.append(Result.of_line(line))
        except (ValueError, TypeError) as error:
            raise SettingsError(f"{path}, line {place}: {error}") from error
    return made


def _among(
    question: Question, text: str, choices: Mapping[str, Sequence[str]] | None, key: str
) -> bool | None:
    from visprog.eval.metrics import belongs

    listed = (choices or {}).get(key)  # empty of a number or a box: nothing is listed for them
    return belongs(normal(text), listed, question.detailed) if listed else None
