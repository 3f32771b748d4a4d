"""A program that is run a few lines at a time: its names keep their values from one to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from visprog.execution.flow import NOT_YET, Pending
from visprog.execution.interpreter import Machine, Run, driven
from visprog.execution.limits import Limits, Meter
from visprog.execution.statements import MORE
from visprog.lang.checked import Checked
from visprog.tool import ToolSpec
from visprog.values import Value

__all__ = ["MORE", "Session"]


class Session:
    """Runs the parts of one program, in their order; what limits bound is all parts together.

    `scope`: the names and their values; `news`: those that the last part set. The outcome is that
    of the whole program run at once. The time between parts does not count.
    """

    def __init__(
        self,
        tools: Mapping[str, ToolSpec],
        inputs: Mapping[str, Value],
        limits: Limits | None = None,
    ) -> None:
        self.tools = tools
        self.inputs = dict(inputs)
        self.scope: dict[str, Any] = dict(inputs)
        self.news: dict[str, Any] = {}
        self._meter = Meter(limits or Limits())
        self._meter.pause()
        self._done = 0  # statements

    def run(self, program: Checked) -> Run:
        """The run of the statements that come after those that have run.

        Args:
            program: all lines so far, those that have run included, as `Checker.part` gives it.

        Returns:
            The value that they return, or MORE. A part that failed sets no name, and may be
            replaced by another.
        """
        machine = Machine(program, self.tools, self.inputs, self._meter)
        body, scope = machine.body[self._done :], dict(self.scope)
        self._meter.resume()
        try:
            value = yield from driven(machine, lambda: machine.lines(body, scope))
        finally:
            self._meter.pause()
        if value is MORE:
            self._done += len(body)
            before, self.scope = self.scope, dict(_settled(scope))
            self.news = {n: v for n, v in self.scope.items() if v is not before.get(n)}
        return value


def _settled(scope: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The names that have values: one that a branch did not set has none."""
    for name, value in scope.items():
        while isinstance(value, Pending):
            value = value.value
        if value is not NOT_YET:
            yield name, value
