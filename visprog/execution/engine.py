"""Drives any number of runs at once: answers their calls from the cache, or by backends in batches.

Each thread that has runs drives them itself, through a `Client`; all clients of an engine share its
lanes and its cache, and so their equal calls and their batches.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from visprog.errors import DeadlineError, ToolError, VisprogError
from visprog.execution.cache import Cache, call_key
from visprog.execution.calls import Ended, Request, Step, ended
from visprog.execution.interpreter import Reply, Run
from visprog.execution.lanes import Lanes, Result, Stats
from visprog.execution.runner import LocalRunner, Runner
from visprog.execution.sources import code_of
from visprog.tool import Output, Toolset
from visprog.values import derive_keys

K = TypeVar("K")

WINDOW = 512  # runs that are under way at once
WATCH_SECONDS = 0.5  # between looks at what takes too long
Event = tuple[K, Step | Ended]


class Engine:
    """Answers the calls of runs with one toolset. Holds the cache of results. Thread-safe."""

    def __init__(
        self,
        tools: Toolset,
        cache: Cache | None = None,
        *,
        runner: Runner | None = None,
        devices: Mapping[str, int] | None = None,
        replay: bool = False,
    ) -> None:
        """
        Args:
            runner: where batches run; by default in this process.
            devices: how many batches may run at once on a device, by its name. By default 1, on
                "cpu" as many as it has cores (at least 2); "remote" has no bound.
            replay: take every result from the cache; a call that has none there fails.
        """
        self.tools = tools
        self.cache = cache or Cache()
        self.replay = replay
        self.runner = runner or LocalRunner()
        self.lanes = Lanes(tools, self.cache, self.runner, devices or {})
        self._ids = {
            name: (backend, backend.model, code_of(type(backend)))
            for name in tools
            if (backend := tools.backend(name))
        }

    @property
    def stats(self) -> Stats:
        return self.lanes.stats

    def drive(
        self,
        source: Mapping[K, Run] | Iterable[tuple[K, Run]],
        window: int = WINDOW,
        until: threading.Event | None = None,
    ) -> Iterator[Event[K]]:
        """Drive runs to their ends, giving each step and each end as it comes.

        Runs are taken from `source` as there is room for them: at most `window` are under way.
        Once `until` is set, those that have not ended are abandoned: they make no further call, and
        what they wait for is not waited for.
        """
        pairs = iter(source.items() if isinstance(source, Mapping) else source)
        with self.client(until) as client:
            more = True
            while (more or client.active) and not client.stopped:
                if more and client.active < window:
                    pair = next(pairs, None)
                    if pair is None:
                        more = False
                    else:
                        client.start(*pair)
                full = not more or client.active >= window
                yield from client.take(wait=full and client.active > 0)

    def client(self, until: threading.Event | None = None) -> Client[Any]:
        return Client(self, until)

    def close(self) -> None:
        """Give back what the runner holds, and close the cache."""
        self.runner.close()
        self.cache.close()

    def key(self, request: Request) -> str:
        """What a call is, by content."""
        backend, model, code = self._ids[request.tool]
        return call_key(
            request.tool,
            backend.name,
            model,
            request.args,
            code=code,
            parameters=backend.parameters,
        )


@dataclass(eq=False)
class _Running(Generic[K]):
    """A run under way; it is the waiter of its calls. `left`: the seconds it may still use."""

    name: K
    run: Run
    client: Client[K]
    left: float = 0.0
    gone: bool = False
    asked: int = 0  # backend calls, so far
    batches: set[int] = field(default_factory=set)  # that were counted against its time

    @property
    def idle(self) -> bool:
        return self.client.idle

    @property
    def served(self) -> int:
        return self.client.served

    @served.setter
    def served(self, launch: int) -> None:
        self.client.served = launch

    def deliver(self, request: Request, result: Result) -> None:
        self.client.idle = False
        self.client.inbox.put((self, request, result))


class Client(Generic[K]):
    """The runs of one thread. To be used in that thread, `soon` excepted, and closed. `until`: once
    it is set, nothing is waited for."""

    def __init__(self, engine: Engine, until: threading.Event | None = None) -> None:
        self.engine = engine
        self._until = until
        self.idle = False  # it waits and has nothing else to do
        self.served = engine.lanes.launched  # the last launch that it had a call in
        self.inbox: SimpleQueue[Any] = SimpleQueue()
        self._running: set[_Running[K]] = set()
        self._sliced: deque[_Running[K]] = deque()
        self._here: deque[Any] = deque()  # taken from the inbox, or known at once
        self._events: deque[Event[K]] = deque()

    def __enter__(self) -> Client[K]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def active(self) -> int:
        """How many runs have not ended."""
        return len(self._running)

    @property
    def stopped(self) -> bool:
        return self._until is not None and self._until.is_set()

    def start(self, name: K, run: Run) -> None:
        running = _Running(name, run, self)
        self._running.add(running)
        self._advance(running, None)

    def soon(self, work: Callable[[], None]) -> None:
        """Have work done in the client's thread, within `take`. May be called in any thread."""
        self.idle = False
        self.inbox.put(work)

    def close(self) -> None:
        """Abandon the runs that have not ended."""
        for running in self._running:
            running.gone = True
            running.run.close()
        self._running.clear()

    def take(self, wait: bool) -> Iterator[Event[K]]:
        """What has happened: steps, and ends of runs.

        With `wait`, waits until something has, be it that work given to `soon` is done.
        """
        worked = self._take_in()
        while wait and not (self._events or worked or self.stopped):
            if not self._sliced:
                self._wait()
            worked = self._take_in()
        while self._events:
            yield self._events.popleft()

    def _take_in(self) -> bool:
        """Handle what has come in, then let a run whose time slice was over go on.

        Returns whether work that was given to `soon` was done.
        """
        worked = False
        while self._here or not self.inbox.empty():
            item = self._here.popleft() if self._here else self.inbox.get()
            if isinstance(item, tuple):
                self._receive(*item)
            else:
                item()
                worked = True
        if self._sliced:  # it may take long: what others wait for is launched before
            self._launch(idle=False)
            self._advance(self._sliced.popleft(), None)
        return worked

    def _launch(self, idle: bool) -> None:
        """Launch batches that are not full too; `idle`: whether it has nothing to do from here."""
        with self.engine.lanes.lock:
            self.idle = True
            self.engine.lanes.launch()
            self.idle = idle and self.inbox.empty()

    def _wait(self) -> None:
        """Wait until something comes in, or a while."""
        self._launch(idle=True)
        try:
            self._here.append(self.inbox.get(timeout=WATCH_SECONDS))
        except Empty:
            self._watch(time.monotonic())
        finally:
            self.idle = False

    def _watch(self, now: float) -> None:
        """Fail the calls of batches that take too long, and runs whose time is over."""
        lanes = self.engine.lanes
        lanes.give_up(now)
        with lanes.lock:
            late = [
                (waiter, request)
                for batch in lanes.running
                for waiter, request in batch.waiters()
                if isinstance(waiter, _Running)
                and waiter.client is self
                and batch.started + waiter.left < now
            ]
        for running, request in late:
            if not running.gone:
                message = f"its time was over while {request.tool} ran"
                self._end(running, Ended(None, DeadlineError(message, request.line)))

    def _advance(self, running: _Running[K], reply: Reply | None) -> None:
        if running.gone:
            return
        try:
            turn = running.run.send(reply)
        except StopIteration as stop:
            self._end(running, Ended(stop.value, None))
        except VisprogError as error:
            self._end(running, Ended(None, error))
        else:
            running.left = turn.left
            self._events.extend((running.name, step) for step in turn.done)
            if turn.more:
                self._sliced.append(running)
            for request in turn.calls:
                self._ask(running, request)

    def _end(self, running: _Running[K], end: Ended) -> None:
        running.gone = True
        running.run.close()
        self._running.discard(running)
        self._events.append((running.name, end))

    def _ask(self, running: _Running[K], request: Request) -> None:
        engine = self.engine
        running.asked += 1
        key = engine.key(request)
        known: Output | VisprogError | None = engine.cache.get(key, request.args)
        if known is None and engine.replay:
            known = ToolError(f"the cache has no result of this call of {request.tool} to replay")
        if known is None:
            known = engine.lanes.ask(key, running, request, running.asked)
        else:
            engine.lanes.count_known()
            if isinstance(known, Output):  # it may come from another process
                derive_keys(known.value, lambda: key)
        if known is not None:
            shared = isinstance(known, Output)
            self._here.append((running, request, Result(known, shared=shared)))

    def _receive(self, running: _Running[K], request: Request, result: Result) -> None:
        if running.gone:
            return
        seconds = 0.0 if result.shared else result.seconds
        model = self.engine.tools.model(request.tool)
        step, outcome = ended(request, model, result.output, seconds, result.shared, result.notices)
        self._events.append((running.name, step))
        spent = 0.0 if result.batch in running.batches else result.seconds
        running.batches.add(result.batch)
        self._advance(running, (request, outcome, spent))
