"""Helpers that the programs of a project share: their definitions, linking, and which are new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from visprog.errors import CheckError, Diagnostic, ParseError
from visprog.lang import syntax as s
from visprog.lang import types as t
from visprog.lang.check import check
from visprog.lang.definitions import (
    called_in,
    callees_first,
    closure,
    definitions,
    docs_of,
    form_of,
    free_name,
    reached,
    renamed,
    same,
)
from visprog.lang.format import write
from visprog.lang.functions import FUNCTIONS
from visprog.lang.parse import MAX_CHARACTERS, parse
from visprog.tool import Param, ToolSpec

MAX_HELPERS = 64


@dataclass(frozen=True)
class Helper:
    """A definition. `doc`: what the comment above it says, or the text that it begins with."""

    definition: s.Def
    doc: str = ""

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def signature(self) -> str:
        """As a tool has it: `near(xs: list[Region], x: Region) -> bool`."""
        head = write(s.Program((replace(self.definition, body=()),))).rstrip()
        return head.removeprefix("def ").removesuffix(":")

    @property
    def text(self) -> str:
        """As it stands in a file."""
        comment = f"# {self.doc}\n" if self.doc else ""
        return comment + write(s.Program((self.definition,)))

    @property
    def spec(self) -> ToolSpec:
        """As a tool, for those who only want to call it."""
        params = tuple(Param(name, _annotation(kind)) for name, kind in self.definition.params)
        returns = _annotation(self.definition.returns)
        return ToolSpec(self.name, params, returns, self.doc, "helper", True, _run_by_nobody)


@dataclass(frozen=True)
class Helpers:
    """The helpers of one text. `defined`: all, by name; `faults`: why those that do not fit the
    tools are left out."""

    defined: Mapping[str, Helper]
    faults: Mapping[str, CheckError]
    tools: Mapping[str, ToolSpec]

    @classmethod
    def of(cls, source: str, tools: Mapping[str, ToolSpec]) -> Helpers:
        """Read and check definitions. A helper sees its parameters alone, not the inputs of
        programs, so that it fits all of them.

        Raises:
            ParseError: text that is not in the language.
            CheckError: something else than helpers, two of one name, one that calls itself, or more
                than 64.
        """
        program = parse(source)
        defs = definitions(program)
        _expect_sound(program, defs)
        docs = docs_of(source)
        faults: dict[str, CheckError] = {}
        for name in callees_first(defs):
            fault = _fault(defs[name], defs, tools, source)
            if fault:
                faults[name] = fault
        made = {name: Helper(node, docs.get(name, "")) for name, node in defs.items()}
        return cls(made, faults, tools)

    @cached_property
    def fitting(self) -> Mapping[str, Helper]:
        """Those that programs may call."""
        return {name: one for name, one in self.defined.items() if name not in self.faults}

    @property
    def notices(self) -> tuple[str, ...]:
        """Which helpers are left out, and why."""
        firsts = ((name, error.diagnostics[0]) for name, error in self.faults.items())
        return tuple(
            f"helper `{name}` is left out: line {first.line}: {first.message}"
            for name, first in firsts
        )

    # -- linking

    def linked(self, program: str, before: str = "") -> str:
        """The program below the definitions that it calls and lacks: it stands alone.

        A program's own definition goes before one of the same name. Where a helper that it calls
        needs the latter all the same, that one gets another name. Text that is not in the language
        comes back as it is.

        Args:
            before: lines that the program goes on from; what they define is its own.
        """
        if not any(name in program for name in self.fitting):
            return program
        try:
            read, earlier = parse(program), parse(before)
        except ParseError:
            return program  # its faults are told by whoever checks it
        own, called = definitions(earlier) | definitions(read), called_in(read)
        defs = {name: one.definition for name, one in self.fitting.items()}
        found = reached((name for name in called if name not in own), defs)
        needed = {name for name in found if name not in own or not same(name, own, defs)}
        if not needed:
            return program
        taken = {*own, *called, *called_in(earlier), *self.defined, *self.tools, *FUNCTIONS}
        names = {name: free_name(name, taken) for name in sorted(needed) if name in own}
        linked = tuple(renamed(node, names) for name, node in defs.items() if name in needed)
        return f"{write(s.Program(linked))}\n{program}"

    # -- what is new

    def additions(
        self, program: str, room: int = MAX_CHARACTERS
    ) -> tuple[tuple[Helper, ...], tuple[str, ...]]:
        """The helpers that a program defines and that are new, and why others are not among them.

        Args:
            program: one that passed the check.
            room: characters that they may take together.

        Raises:
            ParseError: text that is not in the language.
        """
        own = definitions(parse(program))
        adding = _Adding(self, program, own, room)
        for name in callees_first(own):
            adding.consider(own[name])
        return tuple(adding.made), tuple(adding.notices)


class _Adding:
    """The helpers of one program on their way into the library, callees first."""

    def __init__(self, helpers: Helpers, source: str, own: Mapping[str, s.Def], room: int) -> None:
        self.helpers, self.source, self.own, self.room = helpers, source, own, room
        defs = {name: one.definition for name, one in helpers.defined.items()}
        self.forms = {name: form_of(node, defs) for name, node in defs.items()}
        self.docs = docs_of(source) if own else {}
        self.made: list[Helper] = []
        self.notices: list[str] = []
        self.names: dict[str, str] = {}  # what the library calls a helper of the program
        self.refused: set[str] = set()

    def consider(self, node: s.Def) -> None:
        form = form_of(node, self.own)
        if self.forms.get(node.name) == form:
            return
        twin = next((name for name, other in self.forms.items() if other == form), None)
        if twin is not None:
            self.names[node.name] = twin
            self.notices.append(f"helper `{node.name}` is not kept: `{twin}` does the same")
            return
        why = self.why_not(node)
        if not why:
            made = Helper(renamed(node, self.names), self.docs.get(node.name, ""))
            size = len(made.text) + 2
            if size <= self.room:
                self.room -= size
                self.made.append(made)
                self.forms[node.name] = form
                return
            why = "there is no room for it"
        self.refused.add(node.name)
        self.notices.append(f"helper `{node.name}` is not kept: {why}")

    def why_not(self, node: s.Def) -> str:
        """Why a helper that is new is not kept; "" where it is."""
        if node.name in self.forms:
            return "there is another of that name"
        if missing := next((name for name in called_in(node) if name in self.refused), None):
            return f"it calls `{missing}`, which is not kept"
        if len(self.forms) >= MAX_HELPERS:
            return f"there are {MAX_HELPERS} already"
        fault = _fault(node, self.own, self.helpers.tools, self.source)
        return fault.diagnostics[0].message if fault else ""


# -- checks


def _expect_sound(program: s.Program, defs: Mapping[str, s.Def]) -> None:
    """Raises CheckError with what is wrong whatever the tools are."""
    found: list[Diagnostic] = []

    def fault(message: str, node: s.Node) -> None:
        found.append(Diagnostic(message, node.at.line, node.at.column, program.source))

    for place, node in enumerate(program.body):
        if not isinstance(node, s.Def):
            fault("only helpers stand here: `def name(x: Region) -> bool:`", node)
        elif defs[node.name] is not node:
            fault(f"there are two helpers `{node.name}`", node)
        elif node.name in reached(called_in(node), defs):
            fault(f"helper `{node.name}` calls itself", node)
        elif place == MAX_HELPERS:
            fault(f"there are more than {MAX_HELPERS} helpers", node)
    if found:
        raise CheckError(found)


def _fault(
    node: s.Def, defs: Mapping[str, s.Def], tools: Mapping[str, ToolSpec], source: str
) -> CheckError | None:
    """What keeps a helper, with those that it calls, from fitting the tools, without inputs."""
    body: tuple[s.Stmt, ...] = (*closure(node, defs), s.Return(s.Literal(0)))
    try:
        check(s.Program(body, source), tools, {})
    except CheckError as error:
        return error
    return None


_PLAIN: Mapping[str, Any] = {**t.CLASSES, **t.UNITS, "int": int, "float": float}


def _annotation(written: s.TypeName) -> Any:
    """The annotation that a written type means."""
    args = tuple(map(_annotation, written.args))
    match written.name, args:
        case "list", (item,):
            return list[item]  # type: ignore[valid-type]
        case "dict", (_, item):
            return dict[str, item]  # type: ignore[valid-type]
        case "tuple", _:
            return tuple[args]  # type: ignore[valid-type]
    return _PLAIN[written.name]


def _run_by_nobody(*_: object) -> None:
    raise NotImplementedError("a helper is run by the interpreter")
