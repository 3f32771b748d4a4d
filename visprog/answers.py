"""A question on its way to an answer, the events on that way, and the answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from visprog.errors import VisprogError
from visprog.execution import Ended, Step
from visprog.execution.functions import first_unknown
from visprog.execution.session import Session
from visprog.lang.checked import Checked
from visprog.planning import Attempt, Plan, Round, Usage
from visprog.tool import Model
from visprog.trace import (
    ABSTAINED,
    ANSWERED,
    DIRECT,
    FAILED,
    STEPWISE,
    WHOLE,
    StepRecord,
    Trace,
    say,
)
from visprog.values import Image, Value, Video

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
    """There is a program, and it passed the check; in stepwise mode, one with some more lines."""

    program: str
    seconds: float


@dataclass(frozen=True)
class Looked:
    """A round of stepwise mode has ended: its lines ran and set names, or were not accepted."""

    round: Round


@dataclass(frozen=True)
class Stepped:
    """A tool call has ended."""

    step: StepRecord


@dataclass(frozen=True)
class Answered:
    """The run has ended. Always the last event."""

    answer: Answer


Event = Planning | Rejected | Planned | Looked | Stepped | Answered


@dataclass
class Job:
    """A question on its way to an answer. `sources`: of its pictures; `tools`: the profile;
    `sample`: which of several programs for the question this is, where there are several; `lines`:
    of the round of stepwise mode that is under way, which come after those of `program`; `part`:
    both, checked, which `session` runs."""

    question: str
    sources: Sources
    tools: str
    program: str = ""
    sample: int | None = None
    images: tuple[Image | Video, ...] = ()
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
    lines: str = ""
    session: Session | None = None
    part: Checked | None = None
    begin: float = field(default_factory=time.perf_counter)

    def planned(self, plan: Plan) -> None:
        """Take what a planner gave."""
        self.program, self.model = plan.text, plan.model
        self.notices += plan.notices
        self.usage += plan.usage
        self.attempts += plan.attempts

    def routed(self, made: Routed) -> Answer | None:
        """Take what a router gave: the model's own answer, or None where tools are to answer."""
        self.notices += made.notices
        self.usage += made.usage
        if made.value is None:
            return None
        self.mode, self.model = DIRECT, made.model
        return self._answer(ANSWERED, made.value, "")

    @property
    def text(self) -> str:
        """The program, with the lines of the round under way."""
        if not (self.program and self.lines):
            return self.program or self.lines
        return f"{self.program.rstrip()}\n{self.lines}"

    @property
    def start(self) -> int:
        """The line of `text` where the lines of the round under way begin."""
        return self.program.rstrip().count("\n") + 2 if self.program else 1

    def stepped(self, plan: Plan) -> None:
        """Take the lines that a planner gave for the next round."""
        program = self.program
        self.planned(plan)
        self.program, self.lines = program, plan.text

    def looked(self, shown: str, pictures: tuple[Image, ...] = (), *, faulty: bool = False) -> None:
        """End a round; its lines are part of the program, unless they were faulty."""
        self.program = self.program if faulty else self.text
        self.rounds += (Round(self.lines, shown, faulty, pictures),)
        self.lines = ""

    def rejected(self, fault: str, kind: str) -> None:
        """Note that the program was not accepted, or the lines of a round; its steps are those of
        an earlier attempt."""
        kept = [pair for pair in self.steps if pair[0][0] < len(self.rounds)]
        self.attempts += (Attempt(self.text, fault, kind),)
        self.earlier += self._records()[len(kept) :]
        self.steps = kept

    def rejections(self, kind: str) -> int:
        """How many programs were not accepted for what was wrong before, or in, their runs."""
        return sum(attempt.kind == kind for attempt in self.attempts)

    def _records(self) -> tuple[StepRecord, ...]:
        return tuple(record for _, record in sorted(self.steps, key=lambda pair: pair[0]))

    def step(self, step: Step) -> StepRecord:
        """Note a step that ended."""
        record = StepRecord.of(step)
        self.steps.append(((len(self.rounds), *step.request.order), record))
        return record

    def ended(self, end: Ended) -> Answer:
        if end.error is not None:
            return self.failed(end.error)
        unknown = first_unknown([end.value])
        if unknown:
            return self._answer(ABSTAINED, unknown, unknown.reason)
        return self._answer(ANSWERED, end.value, "")

    def failed(self, error: VisprogError) -> Answer:
        return self._answer(FAILED, None, str(error), type(error).__name__)

    def _answer(self, status: str, value: Value | None, reason: str, error: str = "") -> Answer:
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
            error=error,
        )
        return Answer(trace)


class Told:
    """What of a job's attempts and rounds was told by events."""

    def __init__(self, job: Job) -> None:
        self.job, self.attempts, self.rounds = job, 0, 0

    def events(self) -> Iterator[Rejected | Looked]:
        """Those that were not told yet. What went wrong in a round is told of the round."""
        attempts, rounds = self.job.attempts[self.attempts :], self.job.rounds[self.rounds :]
        self.attempts, self.rounds = len(self.job.attempts), len(self.job.rounds)
        if self.job.mode != STEPWISE:
            yield from map(Rejected, attempts)
        yield from map(Looked, rounds)
