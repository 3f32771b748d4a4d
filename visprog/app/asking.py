"""What a thread makes, for a coroutine that may be cancelled, and the requests of one chat."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeVar

from visprog.errors import LimitError, VisprogError

T = TypeVar("T")
Stream = Callable[[threading.Event], Generator[T, None, None]]


class Halt:
    """Ends a stream from elsewhere, at once."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.told = False  # to whoever waits for it
        self._wake: Callable[[], object] = bool

    def set(self, *, quiet: bool = False) -> None:
        self.told = not quiet
        self.event.set()
        self._wake()

    def wakes(self, wake: Callable[[], object]) -> None:
        """Call something when the end is asked for, from whatever thread."""
        self._wake = wake
        if self.event.is_set():
            wake()


@dataclass
class Requests:
    """The questions and programs of one chat: at most one waits in the server's queue or runs.

    A request that was stopped while it waited is still in the queue: it is dropped when its turn
    comes. Gradio's own way to cancel is not used: what it sends then may come out of order, and it
    cannot be told from a full queue.
    """

    waiting: int = 0
    dropped: int = 0
    running: Halt | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def begin(self) -> bool:
        """Note a request that goes into the queue; False: another one waits or runs."""
        with self._lock:
            free = not self.waiting and self.running is None
            self.waiting += free
            return free

    def refused(self) -> None:
        """The queue did not take the last one."""
        with self._lock:
            self.waiting = 0

    def enter(self) -> Halt | None:
        """The turn of a request has come; None: it was never begun, or stopped in the meantime."""
        with self._lock:
            if self.dropped:
                self.dropped -= 1
            elif self.waiting:
                self.waiting, self.running = 0, Halt()
                return self.running
            return None

    def leave(self, halt: Halt) -> bool:
        """A request that ran is over; False: its place was given away before."""
        with self._lock:
            held = self.running is halt
            self.running = None if held else self.running
            return held

    def stop(self, *, quiet: bool = False) -> bool:
        """Stop what waits or runs; True: it ran, and its own stream tells of the end, unless that
        shall be quiet: then the next one need not wait for it."""
        with self._lock:
            self.dropped += self.waiting
            self.waiting, halt = 0, self.running
            if quiet:
                self.running = None
        if halt is None:
            return False
        halt.set(quiet=quiet)
        return True


async def told(
    stream: Stream[T], pool: Executor, seconds: float, halt: Halt | None = None
) -> AsyncGenerator[T, None]:
    """The items of a stream that runs on a thread of the pool, as they come.

    Where it is halted, the one who waits goes away, or so many seconds have passed, the event that
    the stream was given is set, and it is closed at its next item at the latest.

    Raises:
        VisprogError: the stream failed; LimitError: it took too long.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[T | VisprogError | None] = asyncio.Queue()
    halt = halt or Halt()
    stopped = halt.event

    def put(item: T | VisprogError | None) -> None:
        if not stopped.is_set():
            loop.call_soon_threadsafe(queue.put_nowait, item)

    halt.wakes(lambda: loop.call_soon_threadsafe(queue.put_nowait, None))

    def work() -> None:
        if stopped.is_set():
            return
        items = stream(stopped)
        try:
            for item in items:
                if stopped.is_set():
                    break
                put(item)
            put(None)
        except VisprogError as error:
            put(error)
        except Exception as error:  # a defect: the one who asked is told, others go on
            put(VisprogError(f"a defect of visprog: {type(error).__name__}: {error}"))
        finally:
            items.close()

    pool.submit(work)
    end = loop.time() + seconds
    try:
        while True:
            try:
                item = await asyncio.wait_for(queue.get(), end - loop.time())
            except TimeoutError:
                raise LimitError(f"stopped: it took more than {seconds:g} s") from None
            if item is None or stopped.is_set():
                return
            if isinstance(item, VisprogError):
                raise item
            yield item
    finally:
        halt.wakes(bool)
        stopped.set()
