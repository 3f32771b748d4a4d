"""The workers of one backend: how they start, who is free, and what becomes of those that die."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from visprog.errors import SettingsError, ToolError, VisprogError
from visprog.scale.worker import Identity
from visprog.tool import Backend

DEATHS = 6  # of workers in a row, with no batch done between, that put a backend out of service
SHORTEST_GRACE = 0.5  # seconds


class Hands(Protocol):
    """What a pool does to actors. `options`: of Ray, that each is made with."""

    @property
    def options(self) -> Mapping[str, Any]: ...

    def hire(self) -> Any:
        """A new actor, on its way."""
        ...

    def load(self, worker: Any, done: Callable[[Any], None]) -> None:
        """Have a worker load; `done` gets a future of its `Identity` or error, in any thread."""
        ...

    def kill(self, worker: Any) -> None: ...


class Pool:
    """Workers of one backend, at most `count`. Thread-safe.

    Workers that died are replaced when somebody next wants one; so a cluster that grows is used as
    far as it has come.
    """

    def __init__(self, backend: Backend, count: int, hands: Hands) -> None:
        self._backend = backend
        self._count = count
        self._hands = hands
        self._identity = Identity.of(backend)
        self._idle: deque[Any] = deque()
        self._busy: set[Any] = set()
        self._loading: set[Any] = set()
        self._refused: list[tuple[Any, VisprogError]] = []  # they live, and may load later
        self._hiring = 0
        self._deaths = 0  # in a row
        self._why = ""
        self._settled = False
        self._closed = False
        self._changed = threading.Condition()

    @property
    def lanes(self) -> int:
        """How many batches may run at once."""
        with self._changed:
            there = len(self._idle) + len(self._busy)
            return max(1, there) if self._settled else self._count

    def ready(self, seconds: float) -> None:
        """Wait until a worker has loaded, and at first a while for the others.

        Raises:
            VisprogError: what kept every worker from loading.
            SettingsError: no worker could start within so many seconds.
            ToolError: too many died.
        """
        self._retry()
        begin = time.monotonic()
        if not self._await(begin + seconds, lambda: bool(self._idle or self._busy) or None):
            raise SettingsError(
                f"no worker of {self._backend.name} could start within {seconds:g} seconds: "
                f"the cluster may have no room for one with {dict(self._hands.options)}"
            )
        with self._changed:
            if not self._settled:
                self._settled = True
                grace = max(SHORTEST_GRACE, time.monotonic() - begin)
                self._changed.wait_for(lambda: not self._loading, grace)

    def take(self, until: float) -> Any:
        """A free worker, or None if none is at that time (monotonic seconds).

        Raises:
            VisprogError: as for `ready`.
        """
        return self._await(until, self._first)

    def give_back(self, worker: Any) -> None:
        """A worker is free again: its batch is done."""
        with self._changed:
            self._busy.discard(worker)
            if not self._closed:
                self._idle.append(worker)
            self._deaths = 0
            self._changed.notify_all()

    def bury(self, worker: Any, why: str) -> None:
        """A worker died, or hangs; it is replaced."""
        self._hands.kill(worker)
        with self._changed:
            self._busy.discard(worker)
            self._mourn(why)

    def close(self) -> None:
        """End all workers; who waits for one gets a ToolError."""
        with self._changed:
            self._closed = True
            workers = [*self._idle, *self._busy, *self._loading, *(w for w, _ in self._refused)]
            self._idle.clear()
            self._changed.notify_all()
        for worker in workers:
            self._hands.kill(worker)

    # -- waiting and hiring; the lock is not held where Ray is asked for anything: what it tells us
    # of itself waits for the lock too

    def _await(self, until: float, get: Callable[[], Any]) -> Any:
        """What `get` gives once it is not None; None when the time is over."""
        while True:
            with self._changed:
                self._check()
                if (found := get()) is not None:
                    return found
                missing = self._missing()
                self._hiring += missing
                if not missing:
                    if self._refused and not (self._hiring or self._loading or self._busy):
                        raise self._refused[0][1]
                    left = until - time.monotonic()
                    if left <= 0:
                        return None
                    self._changed.wait(left)
            for _ in range(missing):
                self._hire()

    def _first(self) -> Any:
        if not self._idle:
            return None
        worker = self._idle.popleft()
        self._busy.add(worker)
        return worker

    def _check(self) -> None:
        name = self._backend.name
        if self._closed:
            raise ToolError(f"{name} was stopped")
        if self._deaths >= DEATHS:
            raise ToolError(
                f"{name} is out of service: {DEATHS} of its workers died in a row ({self._why})"
            )

    def _missing(self) -> int:
        groups = (self._idle, self._busy, self._loading, self._refused)
        return self._count - self._hiring - sum(map(len, groups))

    def _hire(self) -> None:
        worker = None
        try:
            worker = self._hands.hire()
        finally:
            with self._changed:
                self._hiring -= 1
                if worker is not None:
                    self._loading.add(worker)
                closed = self._closed
        if closed:
            self._hands.kill(worker)
        else:
            self._hands.load(worker, partial(self._loaded, worker))

    def _retry(self) -> None:
        """Let workers that could not load try again, as a backend here does at each batch."""
        with self._changed:
            again = [worker for worker, _ in self._refused]
            self._refused.clear()
            self._loading.update(again)
        for worker in again:
            self._hands.load(worker, partial(self._loaded, worker))

    # -- with the lock held

    def _mourn(self, why: str) -> None:
        self._deaths += 1
        self._why = why
        self._changed.notify_all()

    # -- in a thread of Ray

    def _loaded(self, worker: Any, future: Any) -> None:
        with self._changed:
            self._loading.discard(worker)
            if self._closed:
                return
            try:
                told = future.result()
            except Exception as error:  # it died
                self._mourn(reason(error))
                return
            if isinstance(told, VisprogError):
                self._refused.append((worker, told))
            elif told != self._identity:
                self._refused.append((worker, self._other(told)))
            else:
                self._idle.append(worker)
            self._changed.notify_all()

    def _other(self, theirs: Identity) -> SettingsError:
        """Results of another model or other code would be kept under the wrong name."""
        ours = self._identity
        parts = ("model", "parameters", "code")
        other = " and ".join(p for p in parts if getattr(ours, p) != getattr(theirs, p))
        return SettingsError(
            f"the workers have another {other} of {self._backend.name} than this machine: "
            "install the same versions and files on both"
        )


def reason(error: Exception) -> str:
    """Why a worker died, on one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    detail = next((line for line in lines if "exit detail:" in line), "")
    said = detail.partition("exit detail:")[2].partition(". Some common causes")[0].strip()
    return (said or (lines[-1] if lines else type(error).__name__))[:200]
