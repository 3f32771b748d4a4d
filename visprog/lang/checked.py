"""Programs that are read and checked once, however often they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from visprog.errors import CheckError, Diagnostic, ProgramError
from visprog.lang import syntax as s
from visprog.lang import types as t
from visprog.lang.check import check_scope
from visprog.lang.heights import heights
from visprog.lang.lifting import lift, only_marks
from visprog.lang.parse import MAX_CHARACTERS, parse
from visprog.tool import Toolset


@dataclass(frozen=True)
class Checked:
    """A program that fits its tools.

    `shape`: the program, with marks for its texts; `texts`: the text of each mark; `returns`: the
    type of its answer; `heights`: what waits for each call, as `visprog.lang.heights` says it;
    `notes`: what whoever runs the shape finds out about its nodes, by their identity.
    """

    shape: s.Program
    returns: t.Type
    heights: Mapping[s.At, int]
    texts: Mapping[str, str]
    notes: dict[int, Any] = field(default_factory=dict, compare=False, repr=False)


class Checker:
    """Reads and checks programs for one set of tools; several threads may share it."""

    def __init__(self, tools: Toolset, size: int = 1024) -> None:
        """`size`: how many shapes of programs it remembers, those used last."""
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
        scope = tuple((name, t.of(kind)) for name, kind in inputs.items())
        lifted = lift(source) if len(source) <= MAX_CHARACTERS else None
        if lifted is not None:
            shape, texts = lifted
            try:
                made = self._made(shape, scope)
            except ProgramError:
                pass  # its faults are told of the text itself
            else:
                if made.plain:
                    return Checked(made.shape, made.returns, made.heights, texts, made.notes)
        made = self._made(source, scope)
        return Checked(made.shape, made.returns, made.heights, {}, made.notes)

    def part(self, source: str, inputs: Mapping[str, Any], *, start: int | None = None) -> Checked:
        """As of a call, for the first lines of a program, which may end without `return`.

        `start`: the line from which on they are new, where those before have run. They may not go
        on with a statement of those, and if one of them returns, they return on every path.
        """
        program, scope = parse(source), {name: t.of(kind) for name, kind in inputs.items()}
        if start is not None:
            _refuse_going_on(program, start)
        whole = start is not None and has_return(program)
        returns = check_scope(program, self.tools, scope, whole=whole)
        return Checked(program, returns, heights(program, self.tools), {})

    def _make(self, source: str, scope: tuple[tuple[str, t.Type], ...]) -> _Made:
        program = parse(source)
        returns = check_scope(program, self.tools, dict(scope))
        return _Made(program, returns, heights(program, self.tools), only_marks(program))


def has_return(program: s.Program) -> bool:
    """Whether a program holds a `return` outside of its helpers."""
    main = tuple(node for node in program.body if not isinstance(node, s.Def))
    return any(isinstance(node, s.Return) for node in s.walk(s.Program(main)))


def _refuse_going_on(program: s.Program, start: int) -> None:
    """Raises CheckError where lines from `start` on are inside a statement that began before."""
    begun = tuple(node for node in program.body if node.at.line < start)[-1:]
    for node in s.walk(s.Program(begun)):
        if node.at.line >= start:
            message = "this goes on with a statement that has run: begin a new one, not indented"
            where = node.at.line, node.at.column
            raise CheckError([Diagnostic(message, *where, program.source)])


@dataclass(frozen=True)
class _Made:
    """What is remembered of a text. `plain`: whether all texts in it are marks."""

    shape: s.Program
    returns: t.Type
    heights: Mapping[s.At, int]
    plain: bool
    notes: dict[int, Any] = field(default_factory=dict)
