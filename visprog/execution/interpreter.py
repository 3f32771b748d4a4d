"""Runs a checked program as a generator that yields the tool calls that can go next.

The interpreter runs no backend: whoever drives it sends each call's outcome back in. Statements are
begun one after another; what hangs on a call that has not ended waits for it, and the rest goes on,
so that calls of independent statements, branches, iterations and helpers are there together. The
outcome is that of a run that makes one call after another: of several failures the first in the
program's order counts, and no call is made that such a run would not make (but one may be, after
something failed or abstained). After a statement that may `return`, the program waits. Steps and
calls are counted as they happen: a run in order that would fail or abstain may end by such a limit
instead, and a limit may be told of another line; a run that gives a value never does.

An abstention (`Unknown`) travels through operations as a value; `and`, `or`, `any` and `all` decide
in spite of one where they can (Kleene's three-valued logic); a statement that hangs on one ends the
run, or the helper, with it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar

from visprog.errors import RunError, StepLimit
from visprog.execution.calls import Outcome, Request, Turn
from visprog.execution.evaluation import HELD
from visprog.execution.flow import NOT_YET, Failed, Pending, located
from visprog.execution.limits import Limits, Meter
from visprog.execution.statements import Statements
from visprog.lang import syntax as s
from visprog.lang import types as t
from visprog.lang.checked import Checked
from visprog.tool import ToolSpec
from visprog.values import Value

N = TypeVar("N", bound=s.Node)
Reply = tuple[Request, Outcome, float]
Run = Generator[Turn, Reply | None, Any]


def run(
    program: Checked | s.Program,
    tools: Mapping[str, ToolSpec],
    inputs: Mapping[str, Value],
    limits: Limits | None = None,
) -> Run:
    """The run of a program that was checked for these tools and inputs.

    Yields a `Turn` whenever it cannot or should not go on. Send it (request, outcome, seconds) for
    each request, in any order, where `seconds` is what the call counts against the run's time; or
    None where the turn said that there is more. Returns the program's value, which is an `Unknown`
    where the run abstains.

    Raises:
        RunError: an operation without a result, a limit, or what was sent or thrown in.
    """
    if not isinstance(program, Checked):
        program = Checked(program, t.ANY, {}, {})
    machine = Machine(program, tools, inputs, Meter(limits or Limits()))
    return driven(machine, lambda: machine.value_of(machine.body, dict(inputs)))


def driven(machine: Machine, work: Callable[[], Any]) -> Run:
    """The run of what a machine is to do."""
    turn = machine.begin(work)
    while turn is not None:
        reply = yield turn
        machine.meter.resume()
        turn = machine.go_on(reply)
    result = machine.result.value
    if isinstance(result, Failed):
        raise result.error
    return result


class Machine(Statements):
    """`body`: the statements of the program, its helpers left out."""

    def __init__(
        self,
        program: Checked,
        tools: Mapping[str, ToolSpec],
        inputs: Mapping[str, Value],
        meter: Meter,
    ) -> None:
        super().__init__(program, tools, inputs, meter)
        self.body = [node for node in program.shape.body if type(node) is not s.Def]
        self.result = Pending()

    # -- turns

    def begin(self, work: Callable[[], Any]) -> Turn | None:
        self.result = self.work([], lambda _: work())
        return self.turn()

    def go_on(self, reply: Reply | None) -> Turn | None:
        if reply is None:
            self.wake()
        else:
            request, outcome, seconds = reply
            self.meter.spend(seconds)
            _, waiting = self.waiting.pop(id(request))
            try:
                value = self.receive(request, outcome)
            except RunError as error:
                value = Failed(located(error, request.line))
            self.settle(waiting, value)
        return self.turn()

    def wake(self) -> None:
        """Let loops that paused go on; where too much waits, only the first, which never adds to it
        but by new calls."""
        paused = sorted(self.paused, key=lambda pair: pair[0])
        go = 1 if self.held > HELD else len(paused)
        self.room = max(HELD, self.held)
        self.paused = paused[go:]
        for _, tick in paused[:go]:
            self.settle(tick, None)

    def turn(self) -> Turn | None:
        """Do what can be done, in a time slice; None where the run has ended."""
        self.begin_slice()
        try:
            self.meter.time()
            while self.ready and self.meter.steps <= self.slice and self.result.value is NOT_YET:
                self.advance()
        except RecursionError:
            raise StepLimit("operations nest too deep", self.meter.line) from None
        except RunError as error:
            raise located(error, self.meter.line) from error
        ended = self.result.value is not NOT_YET
        if ended and not self.done:
            return None
        self.meter.pause()
        full = self.held > HELD and bool(self.waiting)
        more = ended or bool(self.ready or (self.paused and not full))
        turn = Turn(self.calls, self.done, more, self.meter.left)
        self.calls, self.done = [], []
        return turn
