"""Plans, checks, runs and answers: the one path of the command line, the app and evaluation."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from visprog import images as pictures
from visprog.errors import QuestionError, VisprogError
from visprog.execution import Engine, Limits, run
from visprog.execution import Ended
from visprog.execution.functions import first_unknown
from visprog.lang import check, parse
from visprog.lang.types import unit_name
from visprog.planning import Plan, Planner, make_planner
from visprog.settings import Settings
from visprog.tool import Catalogue, Toolset
from visprog.trace import ABSTAINED, ANSWERED, FAILED, StepRecord, Trace, say
from visprog.values import Image, Value

QUESTION_LIMIT = 2_000  # characters
BATCH = 64  # questions that `Agent.batch` plans before it runs them together


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


Event = Planning | Planned | Stepped | Answered
Sources = object | Sequence[object]


@dataclass
class _Open:
    """A question on its way to an answer."""

    question: str
    images: tuple[Image, ...]
    begin: float
    planner: str = ""
    program: str = ""
    plan_seconds: float = 0.0
    unit: str = ""
    notices: tuple[str, ...] = ()
    steps: tuple[StepRecord, ...] = ()


class Agent:
    """Answers questions about pictures.

    Args:
        planner: a name as on the command line (`embedded`, `scripted:FILE`), or a `Planner`.
        tools: a profile (`embedded`, `oracle`), a mix (`embedded,ocr=rapidocr`), or a `Toolset`.
        options: settings that backends read, such as `{"scene_graphs": "graphs.json"}`.
        limits: what one program may use; `image_limits`: the largest picture to take.

    Raises:
        SettingsError: an unknown profile; an unknown planner when it is first needed.
    """

    def __init__(
        self,
        planner: str | Planner | None = None,
        tools: str | Toolset | None = None,
        *,
        options: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        image_limits: pictures.Limits = pictures.DEFAULT,
    ) -> None:
        settings = Settings.of()
        self.limits = limits or Limits()
        self.image_limits = image_limits
        self.tools = (
            tools
            if isinstance(tools, Toolset)
            else self._catalogue.toolset(
                settings.tools if tools is None else tools,
                {"threads": str(settings.threads), **(options or {})},
            )
        )
        self._chosen = settings.planner if planner is None else planner
        self._threads = settings.threads
        self.engine = Engine(self.tools)

    @cached_property
    def planner(self) -> Planner:
        """Made when it is first needed: running a program needs none."""
        if not isinstance(self._chosen, str):
            return self._chosen
        return make_planner(self._chosen, self._catalogue, self._threads)

    @cached_property
    def _catalogue(self) -> Catalogue:
        return Catalogue.installed()

    # -- the public face

    def ask(self, images: Sources, question: str) -> Answer:
        """Answer a question about a picture, or several.

        Args:
            images: what `visprog.images.load` takes, or a list of such; a program sees the first as
                `image`, the second as `image2`, and all as `images`.
            question: in words, at most 2,000 characters.

        Raises:
            ImageError: a picture cannot be read.
            QuestionError: the question is empty or too long.
        """
        return _last(self.stream(images, question))

    def stream(self, images: Sources, question: str) -> Iterator[Event]:
        """As `ask`, giving every event as it happens; the last is `Answered`."""
        job = self._open(images, question)
        yield Planning(self.planner.name)
        yield from self._plan_and_run(job)

    def run(self, program: str, images: Sources, question: str = "") -> Answer:
        """Run a program without a planner.

        Raises:
            ImageError: a picture cannot be read.
        """
        return _last(self.stream_program(program, images, question))

    def stream_program(self, program: str, images: Sources, question: str = "") -> Iterator[Event]:
        """As `run`, giving every event as it happens."""
        job = _Open(question, self.load(images), time.perf_counter())
        yield from self._check_and_run(job, program)

    def plan(self, question: str, pictures_given: int = 1) -> Plan:
        """The program for a question, checked but not run.

        Raises:
            QuestionError, PlanError, ProgramError
        """
        text, kinds = clean_question(question), input_kinds(pictures_given)
        plan = self.planner.plan(text, self.tools, kinds)
        check(parse(plan.text), self.tools, kinds)
        return plan

    def batch(self, questions: Iterable[tuple[Sources, str]]) -> Iterator[Answer]:
        """Answer many (images, question), in their order; they share their tool calls' batches.

        What goes wrong with one, its picture included, is a failed answer and does not stop others.
        """
        waiting = iter(questions)
        while part := list(islice(waiting, BATCH)):
            yield from self._batch(part)

    def load(self, images: Sources) -> tuple[Image, ...]:
        given = images if isinstance(images, (list, tuple)) else [images]
        if not given:
            raise QuestionError("want at least one picture, got none")
        return tuple(pictures.load(source, limits=self.image_limits) for source in given)

    # -- the path from question to answer

    def _open(self, images: Sources, question: str) -> _Open:
        begin = time.perf_counter()
        return _Open(clean_question(question), self.load(images), begin)

    def _plan(self, job: _Open) -> str:
        begin = time.perf_counter()
        job.planner = self.planner.name
        try:
            plan = self.planner.plan(job.question, self.tools, input_kinds(len(job.images)))
        finally:
            job.plan_seconds = time.perf_counter() - begin
        job.notices = plan.notices
        return plan.text

    def _plan_and_run(self, job: _Open) -> Iterator[Event]:
        try:
            text = self._plan(job)
        except VisprogError as error:
            yield Answered(self._failed(job, error))
            return
        yield from self._check_and_run(job, text)

    def _check_and_run(self, job: _Open, text: str) -> Iterator[Event]:
        try:
            started = self._start(job, text)
        except VisprogError as error:
            yield Answered(self._failed(job, error))
            return
        yield Planned(job.program, job.plan_seconds)
        for _, event in self.engine.drive({0: started}):
            if isinstance(event, Ended):
                yield Answered(self._ended(job, event))
            else:
                record = StepRecord.of(event)
                job.steps += (record,)
                yield Stepped(record)

    def _start(self, job: _Open, text: str) -> Any:
        job.program = text
        program = parse(text)
        job.unit = unit_name(check(program, self.tools, input_kinds(len(job.images))))
        return run(program, self.tools, input_values(job.images), self.limits)

    def _batch(self, part: Sequence[tuple[Sources, str]]) -> Iterator[Answer]:
        done: dict[int, Answer] = {}
        jobs: dict[int, _Open] = {}
        runs: dict[int, Any] = {}
        for place, (images, question) in enumerate(part):
            job = jobs[place] = _Open(question, (), time.perf_counter())
            try:
                jobs[place] = job = self._open(images, question)
                runs[place] = self._start(job, self._plan(job))
            except VisprogError as error:
                done[place] = self._failed(job, error)
        for place, event in self.engine.drive(runs):
            if isinstance(event, Ended):
                done[place] = self._ended(jobs[place], event)
            else:
                jobs[place].steps += (StepRecord.of(event),)
        for place in range(len(part)):
            yield done[place]

    def _ended(self, job: _Open, end: Ended) -> Answer:
        if end.error is not None:
            return self._failed(job, end.error)
        unknown = first_unknown([end.value])
        if unknown:
            return self._answer(job, ABSTAINED, unknown, unknown.reason)
        return self._answer(job, ANSWERED, end.value, "")

    def _failed(self, job: _Open, error: VisprogError) -> Answer:
        return self._answer(job, FAILED, None, str(error))

    def _answer(self, job: _Open, status: str, value: Value | None, reason: str) -> Answer:
        notices = [*job.notices, *(notice for step in job.steps for notice in step.notices)]
        trace = Trace(
            question=job.question,
            images=job.images,
            program=job.program,
            planner=job.planner,
            tools=self.tools.profile,
            steps=job.steps,
            value=value,
            status=status,
            reason=reason,
            answer=say(value) if status == ANSWERED else "",
            notices=tuple(dict.fromkeys(notices)),
            seconds=time.perf_counter() - job.begin,
            plan_seconds=job.plan_seconds,
            unit=job.unit,
        )
        return Answer(trace)


def clean_question(question: str) -> str:
    """The question on one line.

    Raises:
        QuestionError: it is empty or too long.
    """
    text = " ".join(question.split())
    if not text:
        raise QuestionError("the question is empty: ask something about the picture")
    if len(text) > QUESTION_LIMIT:
        raise QuestionError(
            f"the question has {len(text)} characters; at most {QUESTION_LIMIT} are taken"
        )
    return text


def input_kinds(count: int) -> dict[str, Any]:
    """The names that a program over so many pictures starts with, and their annotations."""
    kinds: dict[str, Any] = {f"image{n}" if n > 1 else "image": Image for n in range(1, count + 1)}
    return kinds | ({"images": list[Image]} if count > 1 else {})


def input_values(images: Sequence[Image]) -> dict[str, Value]:
    names = (f"image{n}" if n > 1 else "image" for n in range(1, len(images) + 1))
    values: dict[str, Value] = dict(zip(names, images, strict=True))
    return values | ({"images": list(images)} if len(images) > 1 else {})


def _last(events: Iterable[Event]) -> Answer:
    *_, event = events
    assert isinstance(event, Answered)  # streams end with it
    return event.answer
