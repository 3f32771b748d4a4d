"""Runs a checked program as a generator that yields the tool calls it needs.

The interpreter runs no tool itself: whoever drives it sends each call's value back in, or throws
the error that it ended with. An abstention (`Unknown`) travels through operations as a value;
`and`, `or`, `any` and `all` decide in spite of one where they can (Kleene's three-valued logic); a
statement that hangs on one ends the run with it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from visprog.errors import EvaluationError, RunError, StepLimit
from visprog.execution import functions
from visprog.execution.functions import first_unknown
from visprog.execution.limits import Limits, Meter
from visprog.execution.operators import binary, compare
from visprog.lang import syntax as s
from visprog.lang.functions import FUNCTIONS
from visprog.lang.properties import PROPERTIES
from visprog.tool import ToolSpec
from visprog.values import Unknown, Value


@dataclass(frozen=True)
class Request:
    """A tool call that a program waits for. `name`: the variable it is assigned to, if any."""

    tool: str
    args: Mapping[str, Value]
    line: int
    name: str | None = None


Run = Generator[Request, Any, Any]


class _Returned(Exception):
    """Carries a `return` out of its blocks."""

    def __init__(self, value: Any) -> None:
        self.value = value


def run(
    program: s.Program,
    tools: Mapping[str, ToolSpec],
    inputs: Mapping[str, Value],
    limits: Limits | None = None,
) -> Run:
    """The run of a program that `visprog.lang.check` accepts for these tools and inputs.

    Yields each `Request`; expects its value to be sent. Returns the program's value, which is an
    `Unknown` where the run abstains.

    Raises:
        RunError: an operation without a result, a limit, or what was thrown in for a request.
    """
    machine = _Machine(program, tools, inputs, Meter(limits or Limits()))
    try:
        return (yield from machine.program())
    except RecursionError:
        raise StepLimit("operations nest too deep", machine.meter.line) from None
    except RunError as error:
        if error.line == 0:
            raise type(error)(error.message, machine.meter.line) from error
        raise


class _Machine:
    def __init__(
        self,
        program: s.Program,
        tools: Mapping[str, ToolSpec],
        inputs: Mapping[str, Value],
        meter: Meter,
    ) -> None:
        self.body = tuple(node for node in program.body if not isinstance(node, s.Def))
        self.helpers = {node.name: node for node in program.body if isinstance(node, s.Def)}
        self.params = {name: [p.name for p in spec.params] for name, spec in tools.items()}
        self.inputs = dict(inputs)
        self.meter = meter
        self.depth = 0

    def program(self) -> Run:
        return (yield from self.body_of(self.body, dict(self.inputs)))

    def body_of(self, body: Sequence[s.Stmt], scope: dict[str, Any]) -> Run:
        try:
            yield from self.block(body, scope)
        except _Returned as returned:
            return returned.value
        raise EvaluationError("the program ended without `return`", self.meter.line)

    # -- statements

    def block(self, body: Sequence[s.Stmt], scope: dict[str, Any]) -> Run:
        for node in body:
            yield from self.statement(node, scope)

    def statement(self, node: s.Stmt, scope: dict[str, Any]) -> Run:
        self.meter.line = node.at.line
        self.meter.step()
        match node:
            case s.Assign((target,), value):
                scope[target] = yield from self.expr(value, scope, target)
            case s.Assign(targets, value):
                self.unpack(targets, (yield from self.expr(value, scope)), scope)
            case s.Update(target, op, value):
                right = yield from self.expr(value, scope)
                scope[target] = self.operate(op, scope[target], right)
            case s.If(test, then, orelse):
                chosen = yield from self.decide(test, scope)
                yield from self.block(then if chosen else orelse, scope)
            case s.For(targets, source, body):
                items = yield from self.expr(source, scope)
                if isinstance(items, Unknown):
                    raise _Returned(items)
                for item in list(items):
                    self.unpack(targets, item, scope)
                    yield from self.block(body, scope)
            case s.While(test, body):
                while (yield from self.decide(test, scope)):
                    yield from self.block(body, scope)
            case s.Return(value):
                raise _Returned((yield from self.expr(value, scope)))

    def decide(self, test: s.Expr, scope: dict[str, Any]) -> Run:
        """The truth of a statement's condition; an abstention ends the run, or the helper."""
        value = yield from self.expr(test, scope)
        if isinstance(value, Unknown):
            raise _Returned(value)
        return bool(value)

    def unpack(self, targets: Sequence[str], value: Any, scope: dict[str, Any]) -> None:
        if len(targets) == 1:
            scope[targets[0]] = value
            return
        values = [value] * len(targets) if isinstance(value, Unknown) else list(value)
        if len(values) != len(targets):
            message = f"{len(targets)} names for {len(values)} values"
            raise EvaluationError(message, self.meter.line)
        scope.update(zip(targets, values, strict=True))

    # -- expressions

    def expr(self, node: s.Expr, scope: dict[str, Any], name: str | None = None) -> Run:
        """The value of an expression; `name`: what a call in it is assigned to."""
        self.meter.step()
        match node:
            case s.Literal(value):
                return value
            case s.Name(id):
                return scope[id]
            case s.Call():
                return (yield from self.call(node, scope, name))
            case s.Logic():
                return (yield from self.logic(node, scope))
            case s.Compare():
                return (yield from self.compare(node, scope))
            case s.Conditional(test, then, orelse):
                chosen = yield from self.expr(test, scope)
                if isinstance(chosen, Unknown):
                    return chosen
                return (yield from self.expr(then if chosen else orelse, scope, name))
            case s.Property() | s.Index() | s.Slice():
                return (yield from self.part(node, scope))
            case s.Unary(op, operand):
                return self.unary(op, (yield from self.expr(operand, scope)))
            case s.Binary(op, left, right):
                first = yield from self.expr(left, scope)
                return self.operate(op, first, (yield from self.expr(right, scope)))
            case s.ListOf(items) | s.TupleOf(items):
                made = yield from self.several(items, scope)
                self.meter.weigh(made)
                return made if isinstance(node, s.ListOf) else tuple(made)
            case s.DictOf(items):
                keys = yield from self.several([key for key, _ in items], scope)
                values = yield from self.several([value for _, value in items], scope)
                self.meter.weigh(values)
                return first_unknown(keys) or dict(zip(keys, values, strict=True))
            case s.Comprehension():
                return (yield from self.comprehension(node, scope))
            case s.Joined(parts):
                return self.joined((yield from self.several(parts, scope)))

    def several(self, nodes: Sequence[s.Expr], scope: dict[str, Any]) -> Run:
        values = []
        for node in nodes:
            values.append((yield from self.expr(node, scope)))
        return values

    def operate(self, op: str, left: Any, right: Any) -> Any:
        for side in (left, right):
            if isinstance(side, Unknown):
                return side
        return binary(op, left, right, self.meter)

    def unary(self, op: str, value: Any) -> Any:
        if isinstance(value, Unknown):
            return value
        if op == "not":
            return not value
        return -value if op == "-" else value

    def logic(self, node: s.Logic, scope: dict[str, Any]) -> Run:
        decisive = node.op == "or"
        unknown: Unknown | None = None
        for operand in node.operands:
            value = yield from self.expr(operand, scope)
            if isinstance(value, Unknown):
                unknown = unknown or value
            elif bool(value) is decisive:
                return decisive
        return unknown or not decisive

    def compare(self, node: s.Compare, scope: dict[str, Any]) -> Run:
        left = yield from self.expr(node.first, scope)
        for op, other in node.rest:
            right = yield from self.expr(other, scope)
            if unknown := first_unknown([left, right]):
                return unknown
            if not compare(op, left, right, self.meter):
                return False
            left = right
        return True

    def part(self, node: s.Property | s.Index | s.Slice, scope: dict[str, Any]) -> Run:
        whole = yield from self.expr(node.value, scope)
        if isinstance(whole, Unknown):
            return whole
        match node:
            case s.Property(_, name):
                return PROPERTIES[type(whole).__name__][name].read(whole)
            case s.Slice(_, lower, upper, step):
                ends = yield from self.several([end for end in (lower, upper, step) if end], scope)
                filled = iter(ends)
                bounds = [next(filled) if end else None for end in (lower, upper, step)]
                return first_unknown(ends) or self.slice(whole, bounds)
            case s.Index(_, index):
                place = yield from self.expr(index, scope)
                return place if isinstance(place, Unknown) else self.index(whole, place)

    def slice(self, whole: Any, bounds: Sequence[int | None]) -> Any:
        if bounds[2] == 0:
            raise EvaluationError("the step of a slice is not 0", self.meter.line)
        taken = whole[slice(*bounds)]
        self.meter.step(len(taken))
        return taken

    def index(self, whole: Any, place: Any) -> Any:
        try:
            return whole[place]
        except IndexError:
            message = f"there is no item {place}: the list has {len(whole)}"
            raise EvaluationError(message, self.meter.line) from None
        except KeyError:
            raise EvaluationError(f"the dict has no {place!r}", self.meter.line) from None

    def comprehension(self, node: s.Comprehension, scope: dict[str, Any]) -> Run:
        made: list[Any] = []
        unknown = yield from self.clauses(node, 0, dict(scope), made)
        if unknown:
            return unknown
        self.meter.weigh(made)
        return made if node.key is None else dict(made)

    def clauses(
        self, node: s.Comprehension, place: int, scope: dict[str, Any], made: list[Any]
    ) -> Run:
        """Run the clauses from `place` on; gives the abstention that what is made hangs on."""
        if place == len(node.clauses):
            self.meter.room(len(made) + 1)
            element = yield from self.expr(node.element, scope)
            if node.key is not None:
                key = yield from self.expr(node.key, scope)
                if isinstance(key, Unknown):
                    return key
                element = (key, element)
            made.append(element)
            return None
        clause = node.clauses[place]
        items = yield from self.expr(clause.source, scope)
        if isinstance(items, Unknown):
            return items
        for item in list(items):
            self.unpack(clause.targets, item, scope)
            kept: Any = True
            for condition in clause.conditions:
                kept = yield from self.expr(condition, scope)
                if isinstance(kept, Unknown):
                    return kept
                if not kept:
                    break
            if kept and (unknown := (yield from self.clauses(node, place + 1, scope, made))):
                return unknown
        return None

    def joined(self, parts: Sequence[Any]) -> Any:
        if unknown := first_unknown(parts):
            return unknown
        texts = [functions.show(part) for part in parts]
        self.meter.characters(sum(map(len, texts)))
        return "".join(texts)

    # -- calls

    def call(self, node: s.Call, scope: dict[str, Any], name: str | None) -> Run:
        args = yield from self.several(node.args, scope)
        values = yield from self.several([value for _, value in node.keywords], scope)
        keywords = {key: value for (key, _), value in zip(node.keywords, values, strict=True)}
        if node.func in self.helpers:
            return (yield from self.helper(self.helpers[node.func], args, keywords))
        if node.func in FUNCTIONS:
            return functions.call(node.func, args, keywords, self.meter)
        filled = dict(zip(self.params[node.func], args, strict=False)) | keywords
        if unknown := first_unknown(list(filled.values())):
            return unknown
        self.meter.line = node.at.line
        self.meter.call()
        value = yield Request(node.func, filled, node.at.line, name)
        if isinstance(value, (list, dict)):
            self.meter.weigh(value)
        return value

    def helper(self, node: s.Def, args: Sequence[Any], keywords: Mapping[str, Any]) -> Run:
        limit = self.meter.limits.helpers
        if self.depth >= limit:
            raise StepLimit(f"helpers call each other deeper than {limit}", self.meter.line)
        names = [name for name, _ in node.params]
        scope = {**self.inputs, **dict(zip(names, args, strict=False)), **keywords}
        self.depth += 1
        try:
            return (yield from self.body_of(node.body, scope))
        finally:
            self.depth -= 1
