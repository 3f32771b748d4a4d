"""The main process's side of its workers: started, taken, given back, and buried."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time

from visprog.errors import IsolationError
from visprog.isolation.origin import Origin
from visprog.isolation.sandbox import Layer
from visprog.isolation.setup import Setup
from visprog.isolation.wire import Wire, WireError

PATIENCE = 0.5  # seconds that a worker whose connection broke has to end by itself
STARTING = 60.0  # seconds until the first worker is ready


class Worker:
    """A worker process and the connection to it. `pid`: 0 until it has told that it is ready."""

    def __init__(self, origin: Origin, wire: Wire, pid: int = 0) -> None:
        self.origin = origin
        self.wire = wire
        self.pid = pid


class Pool:
    """Workers, forked as they are wanted. As many as `spare` wait for the next job; while jobs run,
    as many as there are jobs, since those of a batch follow each other.

    Thread-safe. Where the process that they start from dies, another is started.
    """

    def __init__(self, setup: Setup, spare: int, grace: float) -> None:
        """`grace`: seconds that a worker may take to read what it is sent."""
        self.setup = setup
        self.spare = spare
        self.grace = grace
        self.layers: tuple[Layer, ...] = ()
        self.busy: set[int] = set()  # the connections of workers that are to answer
        self._idle: list[Worker] = []
        self._lock = threading.Lock()
        self._coming: Worker | None = None  # for the next who finds none idle
        self._taken = 0  # workers that have a job
        self._closed = False
        self._origin = Origin(setup)

    @property
    def pid(self) -> int:
        """Of the process that workers start from."""
        return self._origin.pid

    def close(self) -> None:
        """End all workers, and the process they start from."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            if self._coming is not None:
                idle.append(self._coming)
        for worker in idle:
            worker.wire.close()
        self._origin.close()

    def take(self, *, fresh: bool = False) -> Worker:
        """A worker that does nothing yet. `fresh`: one that has done no job.

        Raises:
            SettingsError: the tools cannot be had in another process.
            IsolationError: no worker can be started.
        """
        while not fresh:
            with self._lock:
                if not self._idle:
                    break
                worker = self._idle.pop()
                self._taken += 1
            if not worker.wire.ready(0):
                return worker
            self.discard(worker)  # it ended, or spoke unasked
        with self._lock:
            worker = self._coming or self._start()
            self._coming = None
            self._taken += 1
        self._await(worker)
        with self._lock, contextlib.suppress(IsolationError):
            if self._coming is None and self.spare:
                self._coming = self._start()  # meanwhile, for the next
        return worker

    def give(self, worker: Worker) -> None:
        """Take back a worker that has no job."""
        with self._lock:
            self._taken -= 1
            self._idle.append(worker)
            kept = 0 if self._closed else max(self.spare, self._taken)
            extra = self._idle[: max(0, len(self._idle) - kept)]
            del self._idle[: len(extra)]
        for other in extra:
            other.wire.close()
            other.origin.discard(other.pid)

    def discard(self, worker: Worker) -> None:
        """End a worker that has a job, however it may end."""
        self._lose(worker)
        worker.origin.discard(worker.pid)

    def bury(self, worker: Worker, patience: float = PATIENCE) -> str:
        """End a worker that does not end by itself within so many seconds; how it ended."""
        self._lose(worker)
        return worker.origin.reap(worker.pid, patience)

    def answered(self, worker: Worker, seconds: float) -> bool:
        """Whether a worker has something to say; waits so long for it, or for any that is busy."""
        if worker.wire.ready(0):
            return True
        waiter = select.poll()
        for number in list(self.busy):
            waiter.register(number, select.POLLIN)
        waiter.poll(seconds * 1000)
        return worker.wire.ready(0)

    def _lose(self, worker: Worker) -> None:
        worker.wire.close()
        with self._lock:
            self._taken -= 1

    def _start(self) -> Worker:
        if self._closed:
            raise IsolationError("no worker can be started: the isolation was closed")
        if not self._origin.alive:
            self._origin = Origin(self.setup)
        ours, theirs = socket.socketpair()
        ours.settimeout(self.grace)  # for a worker that does not read
        wire = Wire(ours, self.setup.message)
        try:
            with theirs:
                self._origin.fork(theirs)
        except BaseException:
            wire.close()
            raise
        return Worker(self._origin, wire)

    def _await(self, worker: Worker) -> None:
        """Wait until a worker is ready, which the first is not before all tools are imported."""
        try:
            kind, *parts = worker.wire.receive(time.monotonic() + STARTING)
        except (WireError, TimeoutError):
            self._lose(worker)
            raise worker.origin.failure() from None
        if kind != "ready":
            self._lose(worker)
            raise IsolationError(f"no worker can be started: {parts[0]}")
        worker.pid = int(parts[0])
        self.layers = tuple(Layer(*layer) for layer in parts[1])
