"""Values that are not there yet, and the work that waits for them.

A `Pending` stands for the value of a call that has not ended, or of work that hangs on one. Work
waits for its operands in the order in which a program that runs step by step would have them, so
that of several failures the first in that order is the one that counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from visprog.errors import RunError
from visprog.execution.limits import Meter

Order = tuple[int, ...]


class _NotYet:
    """What a Pending holds while there is no value."""


NOT_YET = _NotYet()


class Failed:
    """What a Pending holds where there will be no value."""

    __slots__ = ("error",)

    def __init__(self, error: RunError) -> None:
        self.error = error


class Pending:
    """A value to come."""

    __slots__ = ("value", "waiting")

    def __init__(self) -> None:
        self.value: Any = NOT_YET
        self.waiting: list[Work] = []


def failed(error: RunError) -> Pending:
    """A Pending that failed already: keeps a failure's place in the order."""
    made = Pending()
    made.value = Failed(error)
    return made


class Work(Pending):
    """What `then` makes of the values of `operands`, once they are there.

    A value of the class `stop` ends the work with that value, whatever comes after it.
    """

    __slots__ = ("index", "line", "operands", "order", "place", "stop", "then")

    def __init__(
        self,
        operands: list[Any],
        then: Callable[[list[Any]], Any],
        stop: type | None,
        line: int,
        order: Order,
        index: int,
    ) -> None:
        self.value = NOT_YET
        self.waiting = []
        self.operands = operands
        self.then = then
        self.stop = stop
        self.line = line
        self.order = order
        self.index = index
        self.place = 0


class Flow:
    """Makes Work and advances it. Not recursive: a chain of any length is no deeper than one."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter  # it knows the line that the program is at
        self.ready: deque[Work] = deque()
        self.order: Order = ()
        self.index = 0  # the next place under `order`

    def place(self) -> Order:
        """The place in the program's order of what happens now."""
        index = self.index
        self.index = index + 1
        return (*self.order, index)

    def work(
        self, operands: list[Any], then: Callable[[list[Any]], Any], stop: type | None = None
    ) -> Pending:
        """A value to come: what `then` makes of the operands, at the place that this is called."""
        made = Work(operands, then, stop, self.meter.line, self.order, self.index)
        self.index += 1
        self.wait(made)
        return made

    def wait(self, work: Work) -> None:
        """Let work wait for its next operand, or be ready if it has all."""
        operands, stop = work.operands, work.stop
        for place in range(work.place, len(operands)):
            value = operands[place]
            if isinstance(value, Pending):
                if value.value is NOT_YET:
                    work.place = place
                    value.waiting.append(work)
                    return
                value = operands[place] = value.value
                if type(value) is Failed:
                    work.operands, work.then = [value], _only
                    break
            if type(value) is stop:
                work.operands, work.then = [value], _only
                break
        self.ready.append(work)

    def settle(self, pending: Pending, value: Any) -> None:
        """Give a Pending its value; what waits for it goes on."""
        pending.value = value
        waiting, pending.waiting = pending.waiting, []
        for work in waiting:
            self.wait(work)

    def advance(self) -> None:
        """Do the next ready work."""
        work = self.ready.popleft()
        self.meter.line = work.line
        self.order, self.index = (*work.order, work.index), 0
        try:
            value = work.then(work.operands)
        except RunError as error:
            value = Failed(located(error, self.meter.line))
        work.operands = []
        if isinstance(value, Pending):
            if value.value is NOT_YET:  # the same work, with one operand: its result
                work.operands, work.place, work.stop = [value], 0, None
                work.then = _only
                value.waiting.append(work)
                return
            value = value.value
        self.settle(work, value)


def located(error: RunError, line: int) -> RunError:
    """The error with the line that it happened on, where it has none."""
    return error if error.line else type(error)(error.message, line)


def _only(operands: list[Any]) -> Any:
    return operands[0]
