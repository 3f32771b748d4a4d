"""Plans, checks, runs and answers: the one path of the command line, the app and evaluation."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from visprog import images as pictures
from visprog import videos
from visprog.answers import (
    Answer,
    Answered,
    Event,
    Job,
    Looked,
    Planned,
    Planning,
    Rejected,
    Sources,
    Stepped,
    Told,
)
from visprog.bulk import WINDOW, Bulk
from visprog.drafting import Drafter
from visprog.errors import (
    QuestionError,
    SettingsError,
    VisprogError,
)
from visprog.execution import Ended, Engine, Limits, Run, Runner, run
from visprog.execution.cache import Cache
from visprog.helper_library import Library
from visprog.inputs import (
    VIDEO_KINDS,
    clean_question,
    input_kinds,
    kinds_of,
    noting_overlooked,
    opening_notices,
    values_of,
)
from visprog.lang.checked import Checked, Checker
from visprog.lang.types import unit_name
from visprog.planning import Plan, Planner, make_planner
from visprog.recent import RecentPictures
from visprog.settings import Settings
from visprog.tool import Catalogue, Toolset
from visprog.trace import ANSWERED, STEPWISE, WHOLE
from visprog.values import Image, Video
from visprog.voting import elected

if TYPE_CHECKING:  # loaded where they are asked for
    from visprog.isolation import Isolation
    from visprog.planning.providers import ChatSettings

__all__ = [
    "Agent",
    "Answer",
    "Answered",
    "Event",
    "Looked",
    "Planned",
    "Planning",
    "Rejected",
    "Stepped",
]

ISOLATED = 64  # questions under way at once, since each has a process


class Agent:
    """Answers questions about pictures.

    Args:
        planner: a name as on the command line (`embedded`, `scripted:FILE`), or a `Planner`.
        tools: a profile (`embedded`, `oracle`), a mix (`embedded,ocr=rapidocr`), or a `Toolset`.
        options: settings that backends read, such as `{"scene_graphs": "graphs.json"}`.
        limits: what one program may use; `image_limits`: the largest picture to take;
            `video_limits`: the largest video.
        cache: where results are kept; by default in memory, for this agent alone.
        replay: take every result from the cache; a call that has none there fails.
        runner: where batches of calls run; by default in this process.
        isolate: run programs and decode pictures in processes of their own, confined as far as the
            system can (`visprog.isolation`).
        repairs: how often a planner that can is asked to mend a program that does not pass the
            check; `replans`: how often one for another program, after a run that failed.
        samples: programs to ask for; the answer that most of them give is the answer.
        route: have a planner whose model sees answer by itself what needs no tools.
        mode: `whole`, or `stepwise`, where the planner writes a few lines at a time and is shown
            their values.
        chat: how a chat model is asked, where the planner is one; its completions are kept in the
            store of the cache, if there is one.
        engine: that of another agent over the same `Toolset`, to share its batches and its cache;
            `cache`, `runner` and `replay` are then that agent's.

    Raises:
        SettingsError: an unknown profile; `isolate` where the system cannot; `route` with samples;
            when the planner is first needed, an unknown one, or one that cannot route.
    """

    def __init__(
        self,
        planner: str | Planner | None = None,
        tools: str | Toolset | None = None,
        *,
        options: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        image_limits: pictures.Limits = pictures.DEFAULT,
        video_limits: videos.VideoLimits | None = None,
        cache: Cache | None = None,
        replay: bool = False,
        runner: Runner | None = None,
        isolate: bool = False,
        repairs: int = 2,
        replans: int = 1,
        samples: int = 1,
        route: bool = False,
        mode: str = WHOLE,
        chat: ChatSettings | None = None,
        helpers: str | Path | None = None,
        engine: Engine | None = None,
    ) -> None:
        settings = Settings.of()
        self.limits = limits or Limits()
        self.image_limits = image_limits
        self.video_limits = video_limits or videos.VideoLimits()
        self.repairs, self.replans, self.samples = repairs, replans, samples
        self.route, self.mode = route, mode
        if mode not in (WHOLE, STEPWISE):
            raise SettingsError(f"no mode {mode!r}; known: {WHOLE}, {STEPWISE}")
        if mode == STEPWISE and (isolate or samples > 1):
            raise SettingsError(
                "stepwise mode goes neither with isolation, which runs whole programs, nor with "
                "several samples"
            )
        if route and samples > 1:
            raise SettingsError("a question is routed once: routing takes no samples, choose one")
        self.tools = (
            tools
            if isinstance(tools, Toolset)
            else self._catalogue.toolset(
                settings.tools if tools is None else tools,
                {"threads": str(settings.threads), **(options or {})},
            )
        )
        self._chosen = settings.planner if planner is None else planner
        self._introduce()
        self.helper_library = None if helpers is None else Library.read(helpers, self.tools)
        self._chat = chat
        self._threads = settings.threads
        if engine is not None and engine.tools is not self.tools:
            raise SettingsError("an engine is shared by agents over the same Toolset, got another")
        self._shares = engine is not None
        self.engine = engine or Engine(self.tools, cache, runner=runner, replay=replay)
        self._checker = Checker(self.tools)
        self._isolation = self._isolated() if isolate else None
        self._load_picture = (
            self._isolation.load
            if self._isolation
            else partial(pictures.load, limits=self.image_limits)
        )
        self._picture = RecentPictures(self._load_source)

    @cached_property
    def planner(self) -> Planner:
        """Made when it is first needed: running a program needs none."""
        made = self._chosen
        if isinstance(made, str):
            made = make_planner(
                made,
                self._catalogue,
                self._threads,
                chat=self._chat,
                store=self.engine.cache.store,
                library=self.helper_library,
            )
        return made

    def _introduce(self) -> None:
        """Let backends that ask a language model ask the one that plans."""
        name = self._chosen if isinstance(self._chosen, str) else self._chosen.name
        for word in self.tools:
            for backend in self.tools.backends(word):
                if backend.consults:
                    backend.consult, backend.consulted = self._consult, name

    def _consult(self, text: str) -> str:
        """What the planner's own model says.

        Raises:
            SettingsError: the planner is no chat model; PlanError: its model fails.
        """
        from visprog.planning.chat import ChatPlanner, Message

        planner = self.planner
        if not isinstance(planner, ChatPlanner):
            raise SettingsError(
                f"the planner {planner.name} answers no questions itself: choose a chat model, "
                "such as --planner openai:MODEL"
            )
        return planner.model.complete([Message("user", text)]).text

    def expect_planner(self) -> None:
        """Make the planner now, so that an unknown one is told before a question is asked.

        Raises:
            SettingsError: it is unknown, or cannot do what is asked of it.
        """
        _ = self._drafter

    @cached_property
    def _drafter(self) -> Drafter:
        made: Drafter
        if self.mode == STEPWISE:
            from visprog.stepping import StepwiseDrafter

            made = StepwiseDrafter(
                self.planner,
                self.tools,
                self._checker,
                self.helper_library,
                limits=self.limits,
                replans=self.replans,
            )
        else:
            made = Drafter(
                self.planner,
                self.tools,
                self._check,
                self.helper_library,
                repairs=self.repairs,
                replans=self.replans,
            )
        if self.route:
            _ = made.router  # refused now, not once a question
        return made

    @cached_property
    def _catalogue(self) -> Catalogue:
        return Catalogue.installed()

    def _isolated(self) -> Isolation:
        from visprog.isolation import Isolation

        return Isolation(self.tools, self.limits, self.image_limits)

    def close(self) -> None:
        """Give back what the agent holds: workers, and the cache on disk."""
        if self._isolation is not None:
            self._isolation.close()
        close = getattr(vars(self).get("planner"), "close", None)  # where it was needed
        if close is not None:
            close()
        if not self._shares:
            self.engine.close()

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the public face

    def ask(self, images: Sources, question: str) -> Answer:
        """Answer a question about a picture, or several.

        Args:
            images: what `visprog.images.load` takes, or a list of such; a program sees the first as
                `image`, the second as `image2`, and all as `images`. Or one video, as
                `visprog.videos.load` takes it: `video`, and its first frame `image`.
            question: in words, at most 2,000 characters.

        Raises:
            ImageError: a picture cannot be read.
            QuestionError: the question is empty or too long.
        """
        return _last(self.stream(images, question))

    def stream(
        self, images: Sources, question: str, *, until: threading.Event | None = None
    ) -> Iterator[Event]:
        """As `ask`, giving every event as it happens; the last is `Answered`.

        Once `until` is set, by another thread, the run is abandoned: the events end without an
        answer, no further call is made, and what a call gives is not waited for.
        """
        self._reread()
        job = self._job(images, clean_question(question))
        self._load(job)
        drafter = self._drafter
        yield Planning(drafter.planner.name)
        if self.samples > 1:
            yield from self._vote(job)
            return
        if self.route:
            try:
                answer = drafter.route(job)
            except VisprogError as error:
                answer = job.failed(error)
            if answer:
                yield Answered(answer)
                return
        told, again = Told(job), True
        while again:
            try:
                drafter.write(job)
            except VisprogError as error:
                yield from told.events()
                yield Answered(job.failed(error))
                return
            yield from told.events()
            again = False
            if until is not None and until.is_set():
                return
            for event in self._check_and_run(job, until):
                if isinstance(event, Ended):
                    again = drafter.again(job, event)
                    yield from told.events()
                    if not again:
                        yield Answered(self._kept(job.ended(event)))
                else:
                    yield event

    def run(self, program: str, images: Sources, question: str = "") -> Answer:
        """Run a program without a planner.

        Raises:
            ImageError: a picture cannot be read.
        """
        return _last(self.stream_program(program, images, question))

    def stream_program(
        self,
        program: str,
        images: Sources,
        question: str = "",
        *,
        until: threading.Event | None = None,
    ) -> Iterator[Event]:
        """As `run`, giving every event as it happens; `until`: as of `stream`."""
        self._reread()
        job = self._job(images, question, program)
        self._load(job)
        for event in self._check_and_run(job, until):
            yield Answered(self._kept(job.ended(event))) if isinstance(event, Ended) else event

    def plan(self, question: str, pictures_given: int = 1, *, video: bool = False) -> Plan:
        """The program for a question, checked but not run. `video`: about one, not about pictures.

        Raises:
            QuestionError, PlanError, ProgramError
        """
        text = clean_question(question)
        kinds = VIDEO_KINDS if video else input_kinds(pictures_given)
        self._reread()
        plan = self.planner.plan(text, self.tools, kinds)
        plan = replace(plan, text=self._linked(plan.text))
        self._checker(plan.text, kinds)
        return plan

    def check(self, program: str, images: Sequence[Image | Video] = ()) -> None:
        """See that a program fits the tools and the pictures, by default one.

        Raises:
            ProgramError: its faults.
        """
        self._checker(self._linked(program), kinds_of(tuple(images)) if images else input_kinds(1))

    def batch(
        self, questions: Iterable[tuple[Sources, str] | tuple[Sources, str, str]]
    ) -> Iterator[Answer]:
        """Answer many (images, question), in their order; they share their tool calls' batches.

        A third item is a program to run for the question, without a planner. Questions are read
        as there is room, so there may be any number. What goes wrong with one, its picture
        included, is a failed answer and does not stop others.
        """
        self._reread()
        jobs = (self._job(*asked) for asked in questions)
        if self.samples == 1:
            return map(self._kept, self._bulk().answers(jobs))
        return map(self._kept, elected(self._bulk().answers(self._samples(jobs)), self.samples))

    def _load_source(self, source: object) -> Image | Video:
        if videos.is_video(source):
            return videos.load(source, limits=self.video_limits, load_picture=self._load_picture)
        return self._load_picture(source)

    def load(self, images: Sources) -> tuple[Image | Video, ...]:
        given = images if isinstance(images, (list, tuple)) else [images]
        if not given:
            raise QuestionError("want at least one picture, got none")
        loaded = tuple(self._picture(source) for source in given)
        kinds_of(loaded)  # a video is alone
        return loaded

    # -- the path from question to answer

    def _job(self, images: Sources, question: str, program: str = "") -> Job:
        notices = self.helper_library.notices if self.helper_library else ()
        program = self._linked(program)
        return Job(question, images, self.tools.profile, program, notices=notices)

    # -- helpers of the project

    def _reread(self) -> None:
        """Take what the file of helpers holds by now."""
        if self.helper_library is not None:
            self.helper_library.refresh()

    def _linked(self, program: str) -> str:
        return self.helper_library.linked(program) if self.helper_library is not None else program

    def _kept(self, answer: Answer) -> Answer:
        """The answer, once the new helpers of a program that answered are in the file."""
        if self.helper_library is None or answer.status != ANSWERED:
            return answer
        told = self.helper_library.keep(answer.program).notices
        return Answer(replace(answer.trace, notices=(*answer.notices, *told))) if told else answer

    def _load(self, job: Job) -> None:
        job.images = self.load(job.sources)
        job.notices = (*job.notices, *opening_notices(job.images))

    def _check(self, job: Job) -> Checked | None:
        """Check a program and note its unit; what is checked elsewhere gives None.

        Raises:
            ProgramError: its faults.
        """
        kinds = kinds_of(job.images)
        job.notices = noting_overlooked(job.images, job.program, job.notices)
        if self._isolation is not None:
            job.unit = self._isolation.check(job.program, kinds)
            return None
        checked = self._checker(job.program, kinds)
        job.unit = unit_name(checked.returns)
        return checked

    def _bulk(self) -> Bulk:
        return Bulk(
            self.engine,
            ready=lambda job: bool(job.program) and isinstance(job.sources, Image),
            prepare=self._prepare,
            start=self._start,
            again=lambda job, end: bool(job.planner) and self._drafter.again(job, end),
            window=WINDOW if self._isolation is None else ISOLATED,
        )

    def _samples(self, jobs: Iterable[Job]) -> Iterator[Job]:
        """Each question as often as it is sampled; one with a program of its own has one sample."""
        for job in jobs:
            for sample in range(self.samples):
                yield replace(job, sample=sample, steps=[])

    def _vote(self, job: Job) -> Iterator[Event]:
        (voted,) = elected(self._bulk().answers(self._samples([job])), self.samples)
        answer = self._kept(voted)
        yield Planned(answer.program, answer.trace.plan_seconds)
        yield from map(Stepped, answer.trace.steps)
        yield Answered(answer)

    def _prepare(self, job: Job) -> Answer | None:
        """What may take long before a question of many can run; the answer if it wants no run."""
        if not (job.attempts or job.rounds):
            job.begin = time.perf_counter()
        if job.program and not job.planner:
            self._load(job)
            return None
        if not job.images:
            job.question = clean_question(job.question)
            self._load(job)
        if self.route and not (job.attempts or job.rounds) and (answer := self._drafter.route(job)):
            return answer
        self._drafter.write(job)
        return None

    def _start(self, job: Job) -> Run:
        if job.session is not None and job.part is not None:
            return job.session.run(job.part)
        checked, values = self._check(job), values_of(job.images)
        if checked is None:
            assert self._isolation is not None
            return self._isolation.run(job.program, values)
        return run(checked, self.tools, values, self.limits)

    def _check_and_run(
        self, job: Job, until: threading.Event | None
    ) -> Iterator[Planned | Stepped | Ended]:
        try:
            started = self._start(job)
        except VisprogError as error:
            yield Ended(None, error)
            return
        yield Planned(job.text, job.plan_seconds)
        for _, event in self.engine.drive({0: started}, until=until):
            yield event if isinstance(event, Ended) else Stepped(job.step(event))


def _last(events: Iterable[Event]) -> Answer:
    *_, event = events
    assert isinstance(event, Answered)  # streams end with it
    return event.answer
