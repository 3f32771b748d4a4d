"""A question on its way to an answer, the events on that way, and the answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from visprog.errors import VisprogError
from visprog.execution import Ended, Step
from visprog.execution.functions import first_unknown
from visprog.planning import Attempt, Plan, Round, Usage
from visprog.tool import Model
from visprog.trace import ABSTAINED, ANSWERED, DIRECT, FAILED, WHOLE, StepRecord, Trace, say
from visprog.values import Image, Value

if TYPE_CHECKING:
    from visprog.planning.routing import Routed

Sources = object | Sequence[object]


@dataclass(frozen=True)
class Answer:
    """What came of a question; `trace` has everything it rests on."""

    trace: Trace

    @property
    def text(self) -> str:
        return self.trace.answer

    @property
    def value(self) -> Value | None:
        return self.trace.value

    @property
    def status(self) -> str:
        """answered, abstained or failed."""
        return self.trace.status

    @property
    def reason(self) -> str:
        """Why there is no answer; "" where there is one."""
        return self.trace.reason

    @property
    def program(self) -> str:
        return self.trace.program

    @property
    def notices(self) -> tuple[str, ...]:
        return self.trace.notices


@dataclass(frozen=True)
class Planning:
    """The planner has begun."""

    planner: str


@dataclass(frozen=True)
class Rejected:
    """A program was not accepted: it had faults, or a tool failed in it. Another is asked for."""

    attempt: Attempt


@dataclass(frozen=True)
class Planned:
    """There is a program, and it passed the check."""

    program: str
    seconds: float


@dataclass(frozen=True)
class Stepped:
    """A tool call has ended."""

    step: StepRecord


@dataclass(frozen=True)
class Answered:
    """The run has ended. Always the last event."""

    answer: Answer


Event = Planning | Rejected | Planned | Stepped | Answered


@dataclass
class Job:
    """A question on its way to an answer. `sources`: of its pictures; `tools`: the profile;
    `sample`: which of several programs for the question this is, where there are several."""

    question: str
    sources: Sources
    tools: str
    program: str = ""
    sample: int | None = None
    images: tuple[Image, ...] = ()
    planner: str = ""
    plan_seconds: float = 0.0
    unit: str = ""
    notices: tuple[str, ...] = ()
    model: Model | None = None
    usage: Usage = field(default_factory=Usage)
    attempts: tuple[Attempt, ...] = ()
    earlier: tuple[StepRecord, ...] = ()
    steps: list[tuple[tuple[int, ...], StepRecord]] = field(default_factory=list)
    mode: str = WHOLE
    rounds: tuple[Round, ...] = ()
    begin: float = field(default_factory=time.perf_counter)

    def planned(self, plan: Plan) -> None:
        """Take what a planner gave."""
        self.program, self.model = plan.text, plan.model
        self.notices += plan.notices
        self.usage += plan.usage

    def routed(self, made: Routed) -> Answer | None:
        """Take what a router gave: the model's own answer, or None where tools are to answer."""
        self.notices += made.notices
        self.usage += made.usage
        if made.value is None:
            return None
        self.mode, self.model = DIRECT, made.model
        return self._answer(ANSWERED, made.value, "")

    def rejected(self, fault: str, kind: str) -> None:
        """Note that the program was not accepted; its steps are those of an earlier attempt."""
        self.attempts += (Attempt(self.program, fault, kind),)
        self.earlier += self._records()
        self.steps = []

    def rejections(self, kind: str) -> int:
        """How many programs were not accepted for what was wrong before, or in, their runs."""
        return sum(attempt.kind == kind for attempt in self.attempts)

    def _records(self) -> tuple[StepRecord, ...]:
        return tuple(record for _, record in sorted(self.steps, key=lambda pair: pair[0]))

    def step(self, step: Step) -> StepRecord:
        """Note a step that ended."""
        record = StepRecord.of(step)
        self.steps.append((step.request.order, record))
        return record

    def ended(self, end: Ended) -> Answer:
        if end.error is not None:
            return self.failed(end.error)
        unknown = first_unknown([end.value])
        if unknown:
            return self._answer(ABSTAINED, unknown, unknown.reason)
        return self._answer(ANSWERED, end.value, "")

    def failed(self, error: VisprogError) -> Answer:
        return self._answer(FAILED, None, str(error))

    def _answer(self, status: str, value: Value | None, reason: str) -> Answer:
        steps = self._records()
        notices = [*self.notices, *(notice for step in steps for notice in step.notices)]
        trace = Trace(
            question=self.question,
            images=self.images,
            program=self.program,
            planner=self.planner,
            tools=self.tools,
            steps=steps,
            value=value,
            status=status,
            reason=reason,
            answer=say(value) if status == ANSWERED else "",
            notices=tuple(dict.fromkeys(notices)),
            seconds=time.perf_counter() - self.begin,
            plan_seconds=self.plan_seconds,
            unit=self.unit,
            model=self.model,
            usage=self.usage,
            attempts=self.attempts,
            earlier=self.earlier,
            mode=self.mode,
            rounds=self.rounds,
        )
        return Answer(trace)
