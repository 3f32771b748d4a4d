"""Many questions at once: pictures are read and programs planned ahead, and all runs share the
engine's batches, within bounds that do not grow with the number of questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from visprog.answers import Answer, Job
from visprog.errors import VisprogError
from visprog.execution import Ended, Engine, Run, Step
from visprog.recent import weight

WINDOW = 512  # questions that were begun and whose answers were not given yet
PICTURES = 2**30  # bytes of their pictures, above which no further question is begun


@dataclass(frozen=True)
class Bulk:
    """How many questions are answered.

    `ready`: whether nothing slow is to be done before a question's run; `prepare`: does that, on
    one of `threads` threads, and gives the answer where that wants no run; `start`: makes the run,
    on the thread that asks for the answers; both raise a `VisprogError` where there is no answer.
    `again`: whether a question whose run ended so is to be prepared and run once more.
    """

    engine: Engine
    ready: Callable[[Job], bool]
    prepare: Callable[[Job], Answer | None]
    start: Callable[[Job], Run]
    again: Callable[[Job, Ended], bool]
    threads: int = 2
    window: int = WINDOW
    pictures: int = PICTURES

    def answers(self, jobs: Iterable[Job]) -> Iterator[Answer]:
        """The answers, in the order of the questions, which are read as there is room."""
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="visprog prepare")
        try:
            with _Under(self, pool) as under:
                yield from under.answers(iter(jobs))
        finally:  # also where the answers are not wanted to their end
            pool.shutdown(wait=False, cancel_futures=True)


class _Under:
    """Questions under way."""

    def __init__(self, bulk: Bulk, pool: ThreadPoolExecutor) -> None:
        self.bulk = bulk
        self.pool = pool
        self.client: Any = bulk.engine.client()
        self.jobs: dict[int, Job] = {}  # whose answers were not given yet
        self.done: dict[int, Answer] = {}
        self.preparing = 0
        self.sizes: dict[int, int] = {}  # bytes of their pictures, and all together
        self.bytes = 0

    def __enter__(self) -> _Under:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def answers(self, jobs: Iterator[Job]) -> Iterator[Answer]:
        begun = given = 0
        more = True
        while more or given < begun:
            if more and self.has_room():
                job = next(jobs, None)
                if job is None:
                    more = False
                else:
                    self.begin(begun, job)
                    begun += 1
            busy = self.client.active or self.preparing
            wait = not (more and self.has_room()) and given not in self.done
            for place, event in self.client.take(wait=bool(wait and busy)):
                self.note(place, event)
            while given in self.done:
                yield self.give(given)
                given += 1

    def has_room(self) -> bool:
        bulk = self.bulk
        return not self.jobs or (
            len(self.jobs) < bulk.window
            and self.preparing < 2 * bulk.threads
            and self.bytes < bulk.pictures
        )

    def begin(self, place: int, job: Job) -> None:
        self.jobs[place] = job
        if self.bulk.ready(job):
            self.start(place, job, self.bulk.prepare)
        else:
            self.prepare(place, job)

    def prepare(self, place: int, job: Job) -> None:
        self.preparing += 1
        future = self.pool.submit(self.bulk.prepare, job)
        future.add_done_callback(lambda done: self.client.soon(lambda: self.prepared(place, done)))

    def prepared(self, place: int, future: Future[Answer | None]) -> None:
        self.preparing -= 1
        self.start(place, self.jobs[place], lambda job: future.result())

    def start(self, place: int, job: Job, prepare: Callable[[Job], Answer | None]) -> None:
        try:
            answer = prepare(job)
            run = None if answer else self.bulk.start(job)
        except VisprogError as error:
            answer, run = job.failed(error), None
        if answer:
            self.done[place] = answer
        else:
            self.client.start(place, run)
        if place not in self.sizes:
            size = self.sizes[place] = sum(weight(image) for image in job.images)
            self.bytes += size

    def note(self, place: int, event: Step | Ended) -> None:
        job = self.jobs[place]
        if not isinstance(event, Ended):
            job.step(event)
        elif self.bulk.again(job, event):
            self.prepare(place, job)
        else:
            self.done[place] = job.ended(event)

    def give(self, place: int) -> Answer:
        del self.jobs[place]
        self.bytes -= self.sizes.pop(place)
        return self.done.pop(place)
