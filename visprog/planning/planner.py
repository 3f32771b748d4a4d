"""What a planner is, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from visprog.tool import Model, Toolset
from visprog.values import Image

STATIC, RUNTIME, OMISSION = "static", "runtime", "omission"


@dataclass(frozen=True)
class Usage:
    """What calls of a language model took; adds up with `+`.

    `cost`: US dollars, None where a price is not known; `cached`: calls that were answered from the
    cache of completions, which are in `calls` but took no tokens.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = 0.0
    seconds: float = 0.0
    cached: int = 0

    def __add__(self, other: Usage) -> Usage:
        known = self.cost is not None and other.cost is not None
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            (self.cost or 0.0) + (other.cost or 0.0) if known else None,
            self.seconds + other.seconds,
            self.cached + other.cached,
        )


@dataclass(frozen=True)
class Attempt:
    """A program that was not accepted. `fault`: the checker's text, the error of its run, or what
    it leaves out of the question; `kind`: STATIC, RUNTIME or OMISSION."""

    program: str
    fault: str
    kind: str = STATIC


@dataclass(frozen=True)
class Round:
    """Lines of a program that is written a few at a time, and what was shown of them: values as
    text, and `pictures` of them to a planner that sees; or why they set no name (`faulty`)."""

    lines: str
    shown: str
    faulty: bool = False
    pictures: tuple[Image, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class Plan:
    """The text of a program, not yet parsed; what wrote it, and what that took. `attempts`: those
    that the planner itself did not accept before."""

    text: str
    model: Model
    seconds: float
    notices: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    attempts: tuple[Attempt, ...] = ()


class Planner(Protocol):
    """Writes programs. Safe to use from several threads.

    A planner may have `lanes` (how many plans at once are worth asking for, by default 1) and
    `sees` (True: it takes pictures).
    """

    name: str

    def plan(self, question: str, tools: Toolset, inputs: Mapping[str, Any]) -> Plan:
        """A program for a question.

        Args:
            tools: what the program may call.
            inputs: the names it starts with and their annotations, such as `{"image": Image}`.

        Raises:
            PlanError: the planner has no program for this question.
            WeightsError: it has weights, and they are absent or damaged.
        """
        ...


@runtime_checkable
class Repairer(Planner, Protocol):
    """A planner that writes another program when it is told what was wrong with one."""

    repairs: bool

    def plan(
        self,
        question: str,
        tools: Toolset,
        inputs: Mapping[str, Any],
        attempts: Sequence[Attempt] = (),
    ) -> Plan:
        """As of a `Planner`. `attempts`: its earlier programs for this question that were not
        accepted, in order."""
        ...


@runtime_checkable
class Sampler(Planner, Protocol):
    """A planner that can write several programs for one question."""

    def sample(self, index: int) -> Planner:
        """The planner that writes the program of that index, from 0; the same one each time."""
        ...


@runtime_checkable
class Stepper(Planner, Protocol):
    """A planner that can write a program a few lines at a time. It may have `sees`."""

    def steps(
        self,
        question: str,
        tools: Toolset,
        inputs: Mapping[str, Any],
        rounds: Sequence[Round] = (),
        *,
        most: int,
        images: Sequence[Image] = (),
    ) -> Plan:
        """The next lines, after those of `rounds`.

        Args:
            most: rounds that the program may have.
            images: those asked about, made small, for a planner that sees.

        Raises:
            PlanError: the planner has no lines for this question.
        """
        ...
