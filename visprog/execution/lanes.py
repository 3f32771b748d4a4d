"""Gathers calls into batches and runs them on the lanes of their backends.

A batch is launched when it is full, or when one who waits for a call of it has nothing else to do;
there is no time window. Where several could go on a free lane, a full one goes before others, then
the one with the longest chain of calls behind it. But nobody waits for ever while others fill the
lanes: of a program that makes many calls all but the first come after those of others, and who was
passed over some times comes first.
"""

from __future__ import annotations

import heapq
import itertools
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol
from weakref import ref

from visprog.errors import ToolError, ToolTimeout, VisprogError
from visprog.execution.cache import Cache
from visprog.execution.calls import Request, accept
from visprog.execution.runner import Runner
from visprog.tool import Backend, Output, Toolset
from visprog.values import Value, derive_keys

LOAD_SECONDS = 1_800.0  # for a backend to be ready
LOST = 3  # batches that a backend may leave unanswered before it is out of service
IDLE_SECONDS = 10.0  # until a thread without work ends
FIRST = 16  # calls of a program that are as urgent as any; each further lot is less urgent
PATIENCE = 3  # launches that may pass over a call, or over all calls of who waits


class Waiter(Protocol):
    """Who waits for a call."""

    @property
    def idle(self) -> bool:
        """Whether it has nothing else to do."""
        ...

    @property
    def gone(self) -> bool:
        """Whether it wants no answer any more."""
        ...

    served: int  # the last launch that it, or who it belongs to, had a call in

    def deliver(self, request: Request, result: Result) -> None:
        """Take the result; it is not idle then. Called from the lanes' threads."""
        ...


class Result(NamedTuple):
    """What came of a call. `seconds`: of its batch, `batch`: which that was; `shared`: whether
    another waiter's equal call was before this one."""

    output: Output | VisprogError
    seconds: float = 0.0
    batch: int = 0
    shared: bool = True
    notices: tuple[str, ...] = ()


class _Call:
    """A call on its way, and all who wait for it."""

    __slots__ = ("args", "key", "since", "waiters")

    def __init__(self, key: str, args: Mapping[str, Value], since: int) -> None:
        self.key = key
        self.args = args
        self.since = since  # launches of its queue, when it came
        self.waiters: list[tuple[Waiter, Request]] = []

    @property
    def wanted(self) -> bool:
        return any(not waiter.gone for waiter, _ in self.waiters)


Entry = tuple[int, int, int, _Call]  # lots of its program before it, -height, number


@dataclass
class _Queue:
    """The calls of one tool that no lane has taken, the most urgent first."""

    tool: str
    backends: Sequence[Backend]
    entries: list[Entry] = field(default_factory=list)
    launches: int = 0

    def awaited(self) -> bool:
        """Whether one who has nothing else to do waits for a call."""
        return any(waiter.idle for *_, call in self.entries for waiter, _ in call.waiters)

    def starved(self, launched: int) -> bool:
        """Whether one who waits had no call in the last launches."""
        return any(
            waiter.idle and launched - waiter.served >= PATIENCE
            for *_, call in self.entries
            for waiter, _ in call.waiters
        )

    def take(self, count: int) -> tuple[list[_Call], list[_Call]]:
        """The next calls, and those met on the way that nobody waits for."""
        self.launches += 1
        old = [entry for entry in self.entries if self.launches - entry[3].since > PATIENCE]
        if old and len(self.entries) > count:  # all others fit in anyhow
            first = set(map(id, sorted(old, key=lambda entry: (entry[0], entry[2]))[:count]))
            self.entries = [
                (-1, *entry[1:]) if id(entry) in first else entry for entry in self.entries
            ]
            heapq.heapify(self.entries)
        taken: list[_Call] = []
        dropped: list[_Call] = []
        while self.entries and len(taken) < count:
            *_, call = heapq.heappop(self.entries)
            (taken if call.wanted else dropped).append(call)
        return taken, dropped


@dataclass(eq=False)
class Batch:
    """Calls that run together. `started`: when, once the backend is ready; `expires`: when they
    are given up; monotonic seconds."""

    number: int
    tool: str
    backend: Backend
    calls: Sequence[_Call]
    expires: float
    started: float = math.inf
    lost: bool = False

    def waiters(self) -> Iterator[tuple[Waiter, Request]]:
        for call in self.calls:
            yield from call.waiters


@dataclass
class Stats:
    """What an engine did. `asked`: backend calls of programs; `known`: of these, found in the
    cache; `shared`: joined to an equal call on its way; `ran`: given to a backend; `launches`:
    batches by tool; `retries`: runs of a batch beyond its first; `lost`: batches given up."""

    asked: int = 0
    known: int = 0
    shared: int = 0
    ran: int = 0
    launches: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    lost: int = 0


class Lanes:
    """The queues and lanes of one engine. Thread-safe."""

    def __init__(
        self, tools: Toolset, cache: Cache, runner: Runner, devices: Mapping[str, int]
    ) -> None:
        self.stats = Stats()
        self.lock = threading.RLock()
        self.running: set[Batch] = set()
        self.launched = 0  # batches, so far
        self._tools = tools
        self._cache = cache
        self._runner = runner
        self._devices = {"cpu": max(2, os.cpu_count() or 1), **devices}
        self._queues: dict[str, _Queue] = {}
        self._flight: dict[str, _Call] = {}
        self._busy: Counter[Backend | str] = Counter()  # batches by backend, and by device
        self._lost: Counter[Backend] = Counter()
        self._numbers = itertools.count(1)
        self._threads: list[_Thread] = []  # without work

    # -- asked by who waits

    def ask(self, key: str, waiter: Waiter, request: Request, place: int) -> Output | None:
        """Join a call on its way or queue it; its result, where that has just become known.

        `place`: which of the calls of its program it is, from 1.
        """
        with self.lock:
            self.stats.asked += 1
            call = self._flight.get(key)
            if call is not None:
                self.stats.shared += 1
                call.waiters.append((waiter, request))
                return None
            if (known := self._cache.peek(key, request.args)) is not None:  # it ended a moment ago
                self.stats.known += 1
                return known
            queue = self._queue(request.tool)
            call = self._flight[key] = _Call(key, request.args, queue.launches)
            call.waiters.append((waiter, request))
            lot = (place - 1) // FIRST
            heapq.heappush(queue.entries, (lot, -request.height, next(self._numbers), call))
            if len(queue.entries) >= queue.backends[0].batch:
                self.launch()
            return None

    def _queue(self, tool: str) -> _Queue:
        if tool not in self._queues:
            self._queues[tool] = _Queue(tool, self._tools.backends(tool))
        return self._queues[tool]

    def count_known(self) -> None:
        with self.lock:
            self.stats.asked += 1
            self.stats.known += 1

    def launch(self) -> None:
        """Launch every batch that should go now."""
        with self.lock:
            while found := self._choose():
                self._start(*found)

    def give_up(self, now: float) -> None:
        """Fail the calls of batches that took too long."""
        with self.lock:
            for batch in [batch for batch in self.running if batch.expires < now]:
                self._lose(batch)
            self.launch()

    # -- choosing

    def _choose(self) -> tuple[_Queue, Backend] | None:
        best: tuple[tuple[bool, int, bool, int, int], _Queue, Backend] | None = None
        for queue in self._queues.values():
            backend = self._free(queue) if queue.entries else None
            if backend is None:
                continue
            size = len(queue.entries)
            full = size >= backend.batch
            if not (full or queue.awaited()):
                continue
            lot, height, *_ = queue.entries[0]
            rank = queue.starved(self.launched), -lot, full, -height, size
            if best is None or rank > best[0]:
                best = rank, queue, backend
        return best and (best[1], best[2])

    def _free(self, queue: _Queue) -> Backend | None:
        """A backend of the queue that may run a batch now, if any is."""
        for backend in queue.backends:
            device = self._runner.device(backend)
            limit = self._devices.get(device, 1)
            if self._busy[backend] < self._runner.lanes(backend) and (
                device == "remote" or self._busy[device] < limit
            ):
                return backend
        return None

    def _start(self, queue: _Queue, backend: Backend) -> None:
        calls, dropped = queue.take(backend.batch)
        for call in dropped:
            del self._flight[call.key]
        if not calls:
            return
        now = time.monotonic()
        number = next(self._numbers)
        batch = Batch(number, queue.tool, backend, calls, now + LOAD_SECONDS)
        if self._lost[backend] >= LOST:
            message = f"{backend.name} is out of service: {LOST} batches got no answer"
            self._deliver(batch, [ToolError(message)] * len(calls), 0.0)
            return
        self.running.add(batch)
        self.launched += 1
        for waiter, _ in batch.waiters():
            waiter.served = self.launched
        self._busy[backend] += 1
        self._busy[self._runner.device(backend)] += 1
        self.stats.launches[queue.tool] += 1
        self.stats.ran += len(calls)
        thread = self._threads.pop() if self._threads else _Thread(ref(self))
        thread.jobs.put((self, batch))

    # -- running, on a lane's thread

    def run(self, batch: Batch, thread: _Thread) -> None:
        outputs: Sequence[Output | VisprogError]
        notices: tuple[str, ...] = ()
        seconds = 0.0
        try:
            self._runner.ready(batch.backend)
            batch.started = begin = time.monotonic()
            batch.expires = begin + batch.backend.deadline
            outputs, notices = self._outputs(batch)
            seconds = time.monotonic() - begin
        except Exception as error:  # a backend that cannot get ready fails its callers
            outputs = [_told(batch, error)] * len(batch.calls)
        notices += self._keep(batch, outputs)
        with self.lock:
            self._threads.append(thread)
            if batch.lost:  # its callers were told long ago
                self._lost[batch.backend] -= 1
            else:
                self._end(batch)
                self._deliver(batch, outputs, seconds, notices)
            self.launch()

    def _outputs(self, batch: Batch) -> tuple[list[Output | VisprogError], tuple[str, ...]]:
        """The results of a batch; where it fails as a whole, each call is tried alone, so that one
        that its backend cannot bear fails no others."""
        calls = [call.args for call in batch.calls]
        try:
            return self._attempt(batch, calls)
        except BaseException as error:  # a defect of the backend, `sys.exit` too, stops no others
            told = _told(batch, error)
        if len(calls) == 1 or not isinstance(told, ToolError):
            return [told] * len(calls), ()
        alone: list[Output | VisprogError] = []
        notices: list[str] = []
        for call in calls:
            with self.lock:
                self.stats.retries += 1
            try:
                outputs, told_too = self._attempt(batch, [call])
                alone += outputs
                notices += told_too
            except BaseException as error:
                alone.append(_told(batch, error))
        return alone, tuple(dict.fromkeys(notices))

    def _attempt(
        self, batch: Batch, calls: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Output | VisprogError], tuple[str, ...]]:
        ran = self._runner.run(batch.backend, batch.tool, calls)
        with self.lock:
            self.stats.retries += ran.retries
        outputs = list(ran.outputs)
        if len(outputs) != len(calls):
            count = f"{len(outputs)} results for {len(calls)} calls"
            return [ToolError(f"{batch.tool}: the backend gave {count}")] * len(calls), ()
        return [accept(self._tools[batch.tool], output) for output in outputs], ran.notices

    def _keep(self, batch: Batch, outputs: Sequence[Output | VisprogError]) -> tuple[str, ...]:
        for call, output in zip(batch.calls, outputs, strict=True):
            if isinstance(output, Output):
                derive_keys(output.value, partial(str, call.key))
        made = [
            (call.key, output, call.args)
            for call, output in zip(batch.calls, outputs, strict=True)
            if isinstance(output, Output)
        ]
        try:
            return self._cache.put_many(made)
        except Exception as error:  # the results are good, and say that they are not kept
            return (f"results of {batch.tool} are not kept: {error}",)

    # -- ending

    def _end(self, batch: Batch) -> None:
        self.running.discard(batch)
        self._busy[batch.backend] -= 1
        self._busy[self._runner.device(batch.backend)] -= 1

    def _lose(self, batch: Batch) -> None:
        batch.lost = True
        self._lost[batch.backend] += 1
        self.stats.lost += 1
        self._end(batch)
        seconds = batch.backend.deadline
        message = f"{batch.tool}: no answer from {batch.backend.name} within {seconds:g} seconds"
        self._deliver(batch, [ToolTimeout(message)] * len(batch.calls), seconds)

    def _deliver(
        self,
        batch: Batch,
        outputs: Sequence[Output | VisprogError],
        seconds: float,
        notices: tuple[str, ...] = (),
    ) -> None:
        for call, output in zip(batch.calls, outputs, strict=True):
            self._flight.pop(call.key, None)
            for place, (waiter, request) in enumerate(call.waiters):
                result = Result(output, seconds, batch.number, place > 0, notices)
                waiter.deliver(request, result)

    def retire(self, thread: _Thread) -> bool:
        """Whether a thread that had no work for long may end."""
        with self.lock:
            free = thread in self._threads
            if free:
                self._threads.remove(thread)
            return free


class _Thread(threading.Thread):
    """Runs one batch after another. A daemon: a backend that hangs keeps no program alive."""

    def __init__(self, lanes: ref[Lanes]) -> None:
        super().__init__(name="visprog lane", daemon=True)
        self.jobs: SimpleQueue[tuple[Lanes, Batch]] = SimpleQueue()
        self._lanes = lanes  # which go when their engine does, whether this thread waits or not
        self.start()

    def run(self) -> None:
        while True:
            try:
                self._work(*self.jobs.get(timeout=IDLE_SECONDS))
            except Empty:
                lanes = self._lanes()
                if lanes is None or lanes.retire(self):
                    return
                del lanes

    def _work(self, lanes: Lanes, batch: Batch) -> None:
        lanes.run(batch, self)


def _told(batch: Batch, error: BaseException) -> VisprogError:
    if isinstance(error, VisprogError):
        return error
    return ToolError.of(f"{batch.tool} failed in {batch.backend.name}", error)
