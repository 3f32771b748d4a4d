"""What a program may use, and the meter that stops it before it takes more."""

from __future__ import annotations

import time
from dataclasses import dataclass

from visprog.errors import CallLimit, DeadlineError, SizeLimit, StepLimit


@dataclass(frozen=True)
class Limits:
    """What one run may use.

    `steps`: operations, and items of lists made or compared; `calls`: tool calls; `seconds`: of its
    own computing and of the batches of its calls, without the wait for their turn; `items`: of one
    list, all levels counted; `characters`: of one text; `bits`: of one whole number; `helpers`: how
    deep helpers may call each other.
    """

    steps: int = 200_000
    calls: int = 500
    seconds: float = 120.0
    items: int = 20_000
    characters: int = 50_000
    bits: int = 512
    helpers: int = 10


class Meter:
    """Counts what a run uses. `line` is where the run is now, for the messages."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.line = 0
        self.steps = 0
        self.calls = 0
        self._look = 0
        self._spent = 0.0  # seconds until it last went on
        self._since = time.monotonic()

    def step(self, cost: int = 1) -> None:
        self.steps += cost
        if self.steps > self.limits.steps:
            raise StepLimit(f"more than {self.limits.steps} steps", self.line)
        if self.steps >= self._look:  # the clock is read now and then only
            self._look = self.steps + 256
            self.time()

    def time(self) -> None:
        if self._spent + time.monotonic() - self._since > self.limits.seconds:
            raise DeadlineError(f"more than {self.limits.seconds:g} seconds", self.line)

    @property
    def left(self) -> float:
        """Seconds that a run which waits may still use."""
        return self.limits.seconds - self._spent

    def pause(self) -> None:
        """The run waits; what it waits for counts as far as it is given to `spend`."""
        self._spent += time.monotonic() - self._since

    def resume(self) -> None:
        self._since = time.monotonic()

    def spend(self, seconds: float) -> None:
        self._spent += seconds

    def call(self) -> None:
        self.calls += 1
        if self.calls > self.limits.calls:
            raise CallLimit(f"more than {self.limits.calls} tool calls", self.line)
        self.time()

    def room(self, count: int) -> None:
        """Before a list grows to so many items."""
        if count > self.limits.items:
            raise SizeLimit(f"a list of more than {self.limits.items} items", self.line)

    def items(self, count: int) -> None:
        """Before a list of so many items is made."""
        self.room(count)
        self.step(count)

    def characters(self, count: int) -> None:
        """Before a text of so many characters is made."""
        if count > self.limits.characters:
            raise SizeLimit(f"a text of more than {self.limits.characters} characters", self.line)
        self.step(count // 10)

    def bits(self, count: int) -> None:
        """Before a whole number of so many bits is made."""
        if count > self.limits.bits:
            raise SizeLimit(f"a number of more than {self.limits.bits} bits", self.line)

    def weigh(self, value: object) -> int:
        """How many items a value has, all levels counted; stops at the limit."""
        total, waiting = 0, [value]
        while waiting:
            here = waiting.pop()
            total += 1
            if isinstance(here, dict):
                total += len(here)
                waiting.extend(here.values())
            elif isinstance(here, (list, tuple)):
                waiting.extend(here)
            self.room(total + len(waiting))
        self.step(total)
        return total
