"""visprog: the text is parsed and checked, then all programs run in one engine."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import stubs
from workloads import Program

from engines import Engine, Pictures
from visprog import execution
from visprog.execution.cache import Cache
from visprog.execution.store import Store
from visprog.lang.checked import Checker
from visprog.tool import Catalogue, Toolset
from visprog.values import Image

INPUTS = {"image": Image}


def toolset(cost: str) -> Toolset:
    """The stub tools, their backends at one cost."""
    return Catalogue.of(sys.modules[stubs.__name__]).toolset(cost)


class Visprog(Engine):
    """Everything together, nothing known beforehand."""

    title = "visprog"
    package = "visprog"
    shapes = 1024  # of programs: the checker remembers so many

    def __init__(self, cost: str, options: Mapping[str, str]) -> None:
        super().__init__(cost, options)
        self.tools = toolset(cost)

    def runs(
        self, programs: Iterable[Program], pictures: Pictures
    ) -> Iterator[tuple[int, execution.Run]]:
        """Each is read, checked and started when the engine asks for it."""
        check = Checker(self.tools, self.shapes)
        for program in programs:
            checked = check(program.source, INPUTS)
            inputs = {"image": pictures(program.picture)}
            yield program.number, execution.run(checked, self.tools, inputs)

    def cache(self) -> Cache:
        folder = self.options.get("cache")
        return Cache(store=Store(Path(folder)) if folder else None)

    def answers(self, programs: Iterable[Program], pictures: Pictures) -> Iterator[tuple[int, Any]]:
        engine = execution.Engine(self.tools, self.cache())
        for number, event in engine.drive(self.runs(programs, pictures)):
            if isinstance(event, execution.Ended):
                yield number, event.error or event.value

    def counts(self) -> tuple[int, int]:
        backends = [self.tools.backend(name) for name in stubs.ANSWERS]
        models = [backend.models for backend in backends if isinstance(backend, stubs.Stub)]
        calls = sum(each.calls.total() for each in models)
        return calls, sum(each.launches.total() for each in models)


class Unread(Visprog):
    """The same, but every text is parsed and checked, however like another it is."""

    title = "visprog, every text read anew"
    shapes = 0
