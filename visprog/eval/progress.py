"""A bar on stderr, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def progress(items: Sequence[T], about: str) -> Iterator[T]:
    """The items, with a bar that says how many of them are done."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, about, console=Console(stderr=True), transient=True)
