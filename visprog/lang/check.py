"""Does this program fit these tools? Every fault is found before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from visprog.errors import CheckError, Diagnostic
from visprog.lang import syntax as s
from visprog.lang import types as t
from visprog.lang.expressions import Expressions, Scope
from visprog.lang.functions import FUNCTIONS, item_of
from visprog.tool import ToolSpec


def check(program: s.Program, tools: Mapping[str, ToolSpec], inputs: Mapping[str, Any]) -> t.Type:
    """The type of the program's answer.

    Args:
        tools: what it may call.
        inputs: the names it starts with and their annotations, such as `{"image": Image}`.

    Raises:
        CheckError: with every fault found, in the order of the text.
    """
    return check_scope(program, tools, {name: t.of(kind) for name, kind in inputs.items()})


def check_scope(
    program: s.Program,
    tools: Mapping[str, ToolSpec],
    scope: Mapping[str, t.Type],
    *,
    whole: bool = True,
) -> t.Type:
    """`check`, where the types of the inputs are known. `whole`: False for the first lines of a
    program, which may end without `return`."""
    checker = _Checker(program, tools, scope)
    checker.whole = whole
    returns: t.Type = t.ANY
    try:
        returns = checker.program()
    except _TooTangled:
        checker.fault("the program is too tangled to check: nest fewer loops", checker.seen)
    if faults := [*checker.faults, *checker.lasting]:
        raise CheckError(list(dict.fromkeys(faults)))
    return returns


MAX_LOOKS = 100_000  # at expressions and names: loops in loops are looked at again and again


class _TooTangled(Exception):
    """The check would take too long."""


class _Checker(Expressions):
    """The rules of statements and helpers; those of expressions are inherited."""

    def __init__(
        self, program: s.Program, tools: Mapping[str, ToolSpec], inputs: Mapping[str, t.Type]
    ) -> None:
        self.source = program.source
        self.body = program.body
        self.tools = tools
        self.inputs = inputs
        self.helpers: dict[str, tuple[tuple[tuple[str, t.Type], ...], t.Type]] = {}
        self.faults: list[Diagnostic] = []
        self.lasting: list[Diagnostic] = []  # those that another look at a loop would not find
        self.looks = 0
        self.seen: s.Node = s.Literal("", at=s.At(1, 1))
        self.unsure: set[str] = set()
        self.returned: list[t.Type] = []
        self.returns: t.Type | None = None  # what the helper being checked promised
        self.whole = True

    def fault(self, message: str, node: s.Node) -> t.Type:
        self.faults.append(Diagnostic(message, node.at.line, node.at.column, self.source))
        return t.ANY

    def look(self, cost: int) -> None:
        self.looks += cost
        if self.looks > MAX_LOOKS:
            raise _TooTangled

    def small(self, kind: t.Type, node: s.Node) -> t.Type:
        """A type that is not too large to work with."""
        if not t.is_large(kind):
            return kind
        self.fault("a value of too many kinds or parts: its type is too large", node)
        self.lasting.append(self.faults[-1])
        return t.ANY

    def unknown(self, kind: str, name: str, known: Iterable[str], node: s.Node) -> t.Type:
        near = get_close_matches(name, sorted(known), 1)
        hint = f", did you mean `{near[0]}`?" if near else ""
        return self.fault(f"no {kind} `{name}`{hint}", node)

    # -- the whole

    def program(self) -> t.Type:
        defs = [node for node in self.body if isinstance(node, s.Def)]
        for node in defs:
            self.declare(node)
        self.refuse_recursion(defs)
        for node in defs:
            self.helper(node)
        self.unsure.clear()
        main = tuple(node for node in self.body if not isinstance(node, s.Def))
        if not self.block(main, dict(self.inputs)) and self.whole:
            last: s.Node = main[-1] if main else s.Literal("", at=s.At(1, 1))
            self.fault("the program can end without `return`", last)
        return t.join_all(self.returned)

    def declare(self, node: s.Def) -> None:
        if node.name in self.helpers:
            self.fault(f"there are two helpers `{node.name}`", node)
        if node.name in self.tools or node.name in FUNCTIONS:
            self.fault(f"`{node.name}` is already a tool or function: choose another name", node)
        names = [name for name, _ in node.params]
        if len(set(names)) < len(names):
            self.fault("two parameters share a name", node)
        params = tuple((name, self.type_of(kind)) for name, kind in node.params)
        self.helpers[node.name] = params, self.type_of(node.returns)

    def type_of(self, written: s.TypeName) -> t.Type:
        args = tuple(map(self.type_of, written.args))
        kind = t.named(written.name, args)
        if kind is None:
            known = [*t.CLASSES, *t.UNITS, "int", "float", "list", "dict", "tuple"]
            return self.unknown("type", written.name, known, written)
        return kind

    def refuse_recursion(self, defs: list[s.Def]) -> None:
        calls = {
            node.name: {
                inner.func
                for inner in s.walk(s.Program(node.body))
                if isinstance(inner, s.Call) and inner.func in self.helpers
            }
            for node in defs
        }
        for node in defs:
            reached: set[str] = set()
            waiting = list(calls[node.name])
            while waiting:
                name = waiting.pop()
                if name not in reached:
                    reached.add(name)
                    waiting.extend(calls[name])
            if node.name in reached:
                self.fault(f"helper `{node.name}` calls itself", node)

    def helper(self, node: s.Def) -> None:
        self.unsure.clear()
        params, self.returns = self.helpers[node.name]
        if not self.block(node.body, {**self.inputs, **dict(params)}):
            self.fault(f"helper `{node.name}` can end without `return`", node)
        self.returns = None

    # -- statements: each says whether it always returns

    def block(self, body: tuple[s.Stmt, ...], scope: Scope) -> bool:
        returned = False
        for node in body:
            if type(node) is s.Assign:  # most are: first
                self.bind(node.targets, self.expr(node.value, scope), scope, node)
            else:
                returned = self.statement(node, scope) or returned
        return returned

    def statement(self, node: s.Stmt, scope: Scope) -> bool:
        match node:
            case s.Update(target, op, value):
                before = self.name(s.Name(target, at=node.at), scope)
                scope[target] = self.binary(op, before, self.expr(value, scope), node)
            case s.If(test, then, orelse):
                return self.branches(test, then, orelse, scope)
            case s.For(targets, source, body):
                item = self.iterate(source, scope)
                self.loop(body, scope, lambda inner: self.bind(targets, item, inner, node))
            case s.While(test, body):
                self.loop(body, scope, lambda inner: self.condition(test, inner))
            case s.Return(value):
                self.give(self.expr(value, scope), node)
                return True
            case s.Def():
                self.fault("helpers stand at the top level", node)
        return False

    def give(self, kind: t.Type, node: s.Return) -> None:
        if self.returns is None:
            self.returned.append(kind)
        elif not t.fits(kind, self.returns):
            want = t.text(self.returns)
            self.fault(f"the helper promises {want}, this returns {t.text(kind)}", node)

    def branches(
        self, test: s.Expr, then: tuple[s.Stmt, ...], orelse: tuple[s.Stmt, ...], scope: Scope
    ) -> bool:
        self.condition(test, scope)
        first, second = dict(scope), dict(scope)
        ends = self.block(then, first), self.block(orelse, second)
        going = [inner for inner, end in zip((first, second), ends, strict=True) if not end]
        self.merge(scope, going or [first])
        return all(ends)

    def loop(self, body: tuple[s.Stmt, ...], scope: Scope, enter: Any) -> None:
        """Check a body that runs any number of times, with the types that it leaves behind."""
        mark, given = len(self.faults), len(self.returned)
        while True:  # types only widen, up to a size: they settle
            del self.faults[mark:], self.returned[given:]
            self.look(len(scope) + len(body))
            inner = dict(scope)
            enter(inner)
            self.block(body, inner)
            self.unsure |= set(inner) - set(scope)
            before = dict(scope)
            for name in scope:
                scope[name] = self.small(t.join(scope[name], inner[name]), body[0])
            if scope == before:
                self.unsure |= set(inner) - set(scope)
                break

    def merge(self, scope: Scope, paths: list[Scope]) -> None:
        """After a branch: names that every path has set; the others are remembered as unsure."""
        everywhere = set.intersection(*(set(path) for path in paths))
        for path in paths:
            self.unsure |= set(path) - everywhere
        scope.clear()
        scope.update(
            {
                name: self.small(t.join_all(path[name] for path in paths), self.seen)
                for name in paths[0]
                if name in everywhere
            }
        )

    def bind(self, targets: tuple[str, ...], kind: t.Type, scope: Scope, node: s.Node) -> None:
        if len(targets) == 1:
            scope[targets[0]] = kind
            return
        item = item_of(kind)
        if item is None:
            self.fault(f"cannot unpack {t.text(kind)}", node)
        kinds = [item or t.ANY] * len(targets)
        if isinstance(kind, t.TupleType):
            kinds = list(kind.items)
            if len(kinds) != len(targets):
                self.fault(f"{len(targets)} names for {len(kinds)} values", node)
                kinds = [t.ANY] * len(targets)
        scope.update(zip(targets, kinds, strict=True))
