"""Python itself: `compile` and `exec`, with no checks and no containment. The floor, not a peer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from stubs import PURE
from workloads import Program

from engines import Engine, Pictures
from visprog.values import Image, Region, key

THREADS = 32


class Plain(Engine):
    """One program after another."""

    title = "Python, exec"

    def tools(self) -> dict[str, Callable[..., Any]]:
        return {"loc": self.models.loc, "vqa": self.models.vqa, **PURE}

    def one(self, program: Program, pictures: Pictures) -> tuple[int, Any]:
        scope = {"image": pictures(program.picture), "Image": Image, "Region": Region}
        scope |= self.tools()
        exec(compile(program.python("answer = {}"), "program", "exec"), scope)
        return program.number, scope["answer"]

    def answers(self, programs: Iterable[Program], pictures: Pictures) -> Iterator[tuple[int, Any]]:
        for program in programs:
            yield self.one(program, pictures)


class Threads(Plain):
    """Programs side by side."""

    title = f"Python, exec in {THREADS} threads"

    def answers(self, programs: Iterable[Program], pictures: Pictures) -> Iterator[tuple[int, Any]]:
        with ThreadPoolExecutor(THREADS) as pool:
            yield from pool.map(lambda program: self.one(program, pictures), programs)


class Memo(Threads):
    """Programs side by side, and a dictionary of model calls by content, each made once."""

    title = f"Python, exec in {THREADS} threads, memo by hand"

    def __init__(self, cost: str, options: Mapping[str, str]) -> None:
        super().__init__(cost, options)
        self._made: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()

    def tools(self) -> dict[str, Callable[..., Any]]:
        models = {"loc": self.models.loc, "vqa": self.models.vqa}
        return PURE | {name: self._once(name, func) for name, func in models.items()}

    def _once(self, name: str, func: Callable[..., Any]) -> Callable[..., Any]:
        def call(image: Image, words: str) -> Any:
            content = key([name, image, words])
            with self._lock:
                future = self._made.get(content)
                mine = future is None
                if future is None:
                    future = self._made[content] = Future()
            if mine:
                future.set_result(func(image, words))
            return future.result()

        return call
