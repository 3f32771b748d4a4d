"""What is compared: each engine runs the same programs its own way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

from stubs import Models
from workloads import Program

from visprog.values import Image

Pictures = Callable[[int], Image]


class Engine(ABC):
    """One way to run programs, made anew for every measurement."""

    title: ClassVar[str]
    package: ClassVar[str] = ""  # the distribution whose version is told

    def __init__(self, cost: str, options: Mapping[str, str]) -> None:
        """`cost`: one of `stubs.COSTS`; `options`: of the engine's own, such as `cache`."""
        self.models = Models(cost)
        self.options = options

    @abstractmethod
    def answers(self, programs: Iterable[Program], pictures: Pictures) -> Iterator[tuple[int, Any]]:
        """The number and the answer of each program, as they come; an error where one failed.

        What it takes to read a program's text, or to build a graph from it, is measured too.
        """

    def counts(self) -> tuple[int, int]:
        """How many model calls there were, and in how many launches."""
        return self.models.calls.total(), self.models.launches.total()


@dataclass(frozen=True)
class Entry:
    """Where an engine is; `costs` that it is measured at."""

    place: str
    costs: tuple[str, ...] = ("free", "accelerator", "remote")


ENGINES = {
    "visprog": Entry("engines.ours:Visprog"),
    "visprog-unread": Entry("engines.ours:Unread", ("free",)),
    "plain": Entry("engines.plain:Plain"),
    "plain-threads": Entry("engines.plain:Threads"),
    "plain-memo": Entry("engines.plain:Memo"),
    "smolagents": Entry("engines.smol:Smolagents"),
    "langchain": Entry("engines.chains:Langchain"),
    "langchain-threads": Entry("engines.chains:Threads"),
    "langgraph": Entry("engines.graphs:Langgraph"),
    "langgraph-threads": Entry("engines.graphs:Threads"),
}


def engine_class(name: str) -> type[Engine]:
    """The class of an engine; imports its package."""
    module, _, attribute = ENGINES[name].place.partition(":")
    found = getattr(import_module(module), attribute)
    assert isinstance(found, type) and issubclass(found, Engine)
    return found
