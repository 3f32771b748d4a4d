"""A worker at one job: asked, waited for, and given back or ended."""

from __future__ import annotations

import time
from typing import Any

from visprog.errors import IsolationError, SilenceError
from visprog.isolation.pool import Pool, Worker
from visprog.isolation.wire import Closed, WireError


class Refused(Exception):
    """A worker said what it may not say; the text says what."""


class Job:
    """A worker taken from the pool for one job, and given back at its end.

    A context manager. Where it is left while the worker is busy, the worker is killed.
    """

    def __init__(self, pool: Pool, grace: float, *, fresh: bool = False) -> None:
        """`fresh`: a worker that has done no job yet."""
        self.pool = pool
        self.grace = grace
        self.worker: Worker = pool.take(fresh=fresh)
        self.number = self.worker.wire.end.fileno()
        self.busy = self.buried = False
        self.since = 0.0
        self.spent = 0.0  # seconds that the worker was busy

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_: object) -> None:
        self._rest()
        if self.buried:
            return
        if self.busy:
            self.pool.discard(self.worker)
        else:
            self.pool.give(self.worker)

    def send(self, *message: Any) -> None:
        self.busy, self.since = True, time.monotonic()
        self.pool.busy.add(self.number)
        try:
            self.worker.wire.send(*message)
        except WireError as error:
            raise self.broken(error) from None

    def answered(self, seconds: float) -> bool:
        """Whether an answer has begun to come; waits so long for it, or for one to another job."""
        return self.pool.answered(self.worker, seconds)

    def receive(self, seconds: float) -> list[Any]:
        """The answer.

        Raises:
            IsolationError: there is none within so many seconds, or it is no message.
        """
        self._rest()
        try:
            message = self.worker.wire.receive(time.monotonic() + seconds)
        except TimeoutError:
            raise self.silent(seconds) from None
        except WireError as error:
            raise self.broken(error) from None
        self.spent += time.monotonic() - self.since
        if message[0] == "breach" and isinstance(message[-1], str):
            raise IsolationError(f"the worker was stopped: {message[-1][:200]}")
        self.busy = False
        return message

    def _rest(self) -> None:
        self.pool.busy.discard(self.number)

    def silent(self, seconds: float) -> SilenceError:
        return SilenceError(f"the worker was stopped: it gave no sign for {seconds:g} seconds")

    def broken(self, error: WireError) -> IsolationError:
        """What became of a worker whose connection failed. Ends it."""
        self._rest()
        self.buried = True
        how = self.pool.bury(self.worker)
        if isinstance(error, Closed):
            return IsolationError(f"the worker was stopped: {how}")
        return self.refuse(error)

    def refuse(self, error: Exception) -> IsolationError:
        """A worker that says what it may not say is not used again."""
        self.busy = True
        text = " ".join(str(error).split())[:200]
        return IsolationError(f"the worker was stopped: it sent what a worker may not ({text})")
