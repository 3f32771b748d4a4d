"""Whose turn it is in this process: many networks compute at once, or one is loaded.

While transformers builds a module it changes what is torch's default for the whole process, the
dtype among it: numbers that another thread makes meanwhile would be of half precision.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 60.0  # seconds; who computes for longer may wait for the one who loads


class Turns:
    """Thread-safe. One thread may compute inside of what it computes, and load there."""

    def __init__(self, patience: float = PATIENCE) -> None:
        """`patience`: seconds that a load waits for others, after which it goes on beside them."""
        self._patience = patience
        self._changed = threading.Condition()
        self._computing = 0
        self._loading: int | None = None  # the thread that does
        self._mine = threading.local()

    @contextmanager
    def computing(self) -> Iterator[None]:
        self._take(1)
        try:
            yield
        finally:
            self._give(1)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """While this thread waits for something, others may load."""
        many = getattr(self._mine, "depth", 0)
        self._give(many)
        try:
            yield
        finally:
            self._take(many)

    @contextmanager
    def loading(self) -> Iterator[None]:
        me = threading.get_ident()
        if self._loading == me:
            yield
            return
        with self.resting():
            with self._changed:
                self._changed.wait_for(lambda: self._loading is None)
                self._loading = me  # from now on nobody begins to compute
                self._changed.wait_for(lambda: not self._computing, self._patience)
            try:
                yield
            finally:
                with self._changed:
                    self._loading = None
                    self._changed.notify_all()

    def _take(self, many: int) -> None:
        if not many:
            return
        with self._changed:
            me = threading.get_ident()
            self._changed.wait_for(lambda: self._loading in (None, me))
            self._computing += many
        self._mine.depth = getattr(self._mine, "depth", 0) + many

    def _give(self, many: int) -> None:
        if not many:
            return
        self._mine.depth -= many
        with self._changed:
            self._computing -= many
            self._changed.notify_all()


TURNS = Turns()
