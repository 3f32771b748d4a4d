"""Bars on stderr, where that is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class Progress:
    """A bar over so many questions, with their accuracy and their rate so far. `done`: that were
    done before, which are no part of the rate."""

    def __init__(self, about: str, done: int, total: int) -> None:
        self._about, self._done, self._total = about, done, total
        self._steps, self._begun = 0, time.monotonic()
        self._bar: Any = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich import progress
            from rich.console import Console

            self._bar = progress.Progress(
                "{task.description}",
                progress.BarColumn(),
                progress.MofNCompleteColumn(),
                "accuracy {task.fields[accuracy]}, {task.fields[rate]} a second",
                progress.TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            fields = {"accuracy": "-", "rate": "-"}
            self._task = self._bar.add_task(
                self._about, total=self._total, completed=self._done, **fields
            )
        return self

    def step(self, accuracy: float) -> None:
        """One more question is done."""
        if self._bar is None:
            return
        self._steps += 1
        rate = self._steps / max(time.monotonic() - self._begun, 1e-3)
        self._bar.update(self._task, advance=1, accuracy=f"{accuracy:.1%}", rate=f"{rate:.1f}")

    def refresh(self) -> None:
        """Draw it now."""
        if self._bar is not None:
            self._bar.refresh()

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def progress(items: Sequence[T], about: str) -> Iterator[T]:
    """The items, with a bar that says how many of them are done."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, about, console=Console(stderr=True), transient=True)
