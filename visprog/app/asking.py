"""Events of an agent, on a thread of their own, for a coroutine that may be cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor

from visprog.agent import Event
from visprog.errors import LimitError, VisprogError


async def events_of(
    stream: Callable[[], Iterator[Event]], pool: Executor, seconds: float
) -> AsyncIterator[Event]:
    """The events of a stream, as they come.

    Where the one who waits goes away, or so many seconds have passed, the stream is closed at its
    next event, which stops the run: no further call of it is made.

    Raises:
        VisprogError: the stream failed; LimitError: it took too long.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | VisprogError | None] = asyncio.Queue()
    stopped = threading.Event()

    def put(item: Event | VisprogError | None) -> None:
        if not stopped.is_set():
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def work() -> None:
        try:
            if stopped.is_set():
                return
            events = stream()
            for event in events:
                if stopped.is_set():
                    break
                put(event)
            getattr(events, "close", lambda: None)()
            put(None)
        except VisprogError as error:
            put(error)
        except Exception as error:  # a defect: the one who asked is told, others go on
            put(VisprogError(f"a defect of visprog: {type(error).__name__}: {error}"))

    pool.submit(work)
    try:
        async with asyncio.timeout(seconds):
            while (item := await queue.get()) is not None:
                if isinstance(item, VisprogError):
                    raise item
                yield item
    except TimeoutError:
        raise LimitError(f"stopped: the question took more than {seconds:g} s") from None
    finally:
        stopped.set()
