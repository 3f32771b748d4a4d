"""Programs that are read and checked once, however often they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from visprog.lang import syntax as s
from visprog.lang import types as t
from visprog.lang.check import check_scope
from visprog.lang.heights import heights
from visprog.lang.parse import parse
from visprog.tool import Toolset


@dataclass(frozen=True)
class Checked:
    """A program that fits its tools. `returns`: the type of its answer; `heights`: what waits for
    each call, as `visprog.lang.heights` says it."""

    program: s.Program
    returns: t.Type
    heights: Mapping[s.At, int]


class Checker:
    """Reads and checks programs for one set of tools; several threads may share it."""

    def __init__(self, tools: Toolset, size: int = 1024) -> None:
        """`size`: how many programs it remembers, those used last."""
        if size < 0:
            raise ValueError(f"a memory holds 0 programs or more, not {size}")
        self.tools = tools
        self._made = lru_cache(size)(self._make)  # it keeps no errors

    def __call__(self, source: str, inputs: Mapping[str, Any]) -> Checked:
        """The program of a text.

        Args:
            source: the text.
            inputs: the names it starts with and their annotations, such as `{"image": Image}`.

        Raises:
            ParseError: text that is not in the language.
            CheckError: a program that does not fit the tools or the inputs.
        """
        return self._made(source, tuple((name, t.of(kind)) for name, kind in inputs.items()))

    def _make(self, source: str, scope: tuple[tuple[str, t.Type], ...]) -> Checked:
        program = parse(source)
        returns = check_scope(program, self.tools, dict(scope))
        return Checked(program, returns, heights(program, self.tools))
