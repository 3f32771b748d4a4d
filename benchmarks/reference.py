"""What the programs answer, and what of their work hangs on what: found one step at a time.

A reader of Python's syntax tree of its own, apart from visprog's parser, checker and interpreter.
Every value it makes knows the model calls that it hangs on, and how it was made; two calls are one
if they are of one model with one text on pictures that were made the same way.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stubs import ANSWERS, PURE
from workloads import Program

from visprog.values import Image, Region

Calls = frozenset[int]
NONE: Calls = frozenset()
_OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    **{ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le},
    **{ast.Eq: operator.eq, ast.NotEq: operator.ne},
    **{ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul},
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"len": len, "max": max, "min": min, "sum": sum}


@dataclass(frozen=True)
class Value:
    """`of`: the plain value; `needs`: the calls it hangs on; `key`: how it was made; `items`: of a
    list, what each of them hangs on."""

    of: Any
    needs: Calls
    key: Hashable
    items: tuple[Value, ...] = ()


@dataclass
class Call:
    """A distinct model call. `places`: for each time that it is made, what must be done before."""

    model: str
    places: list[Calls] = field(default_factory=list)


@dataclass
class Work:
    """All that some programs do. `made`: model calls, repeated ones too; `steps`: tool calls."""

    calls: list[Call] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    made: int = 0
    steps: int = 0
    numbers: dict[Hashable, int] = field(default_factory=dict)
    known: dict[int, Any] = field(default_factory=dict)


def work_of(programs: Iterable[Program], pictures: Callable[[int], Image]) -> Work:
    """Evaluate programs in order, each statement in its turn."""
    work = Work()
    for program in programs:
        image = Value(pictures(program.picture), NONE, ("picture", program.picture))
        work.answers.append(_Evaluation(work).program(program.source, {"image": image}))
    return work


class _Returned(Exception):
    def __init__(self, value: Value) -> None:
        self.value = value


class _Evaluation:
    """One program. `path`: the calls that decided that control is where it is."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.path: Calls = NONE
        self.helpers: dict[str, ast.FunctionDef] = {}

    def program(self, source: str, scope: dict[str, Value]) -> Any:
        lines = "\n    ".join(source.splitlines())
        (main,) = ast.parse(f"def main():\n    {lines}\n").body
        assert isinstance(main, ast.FunctionDef)
        return self.body(main.body, scope).of

    def body(self, nodes: Sequence[ast.stmt], scope: dict[str, Value]) -> Value:
        try:
            self.block(nodes, scope)
        except _Returned as returned:
            return returned.value
        raise SyntaxError("no return")

    # -- statements

    def block(self, nodes: Sequence[ast.stmt], scope: dict[str, Value]) -> None:
        for node in nodes:
            self.statement(node, scope)

    def statement(self, node: ast.stmt, scope: dict[str, Value]) -> None:
        match node:
            case ast.FunctionDef():
                self.helpers[node.name] = node
            case ast.Assign([ast.Name(name)], value):
                scope[name] = self.expr(value, scope)
            case ast.AugAssign(ast.Name(name), op, value):
                scope[name] = self.operate(op, scope[name], self.expr(value, scope))
            case ast.If(test, then, orelse):
                path, chosen = self.path, self.expr(test, scope)
                self.path |= chosen.needs
                self.block(then if chosen.of else orelse, scope)
                self.path = path
                self.joined([*then, *orelse], scope, chosen.needs)
            case ast.For(ast.Name(name), source, body):
                path, whole = self.path, self.expr(source, scope)
                for item in whole.items:
                    self.path = path | whole.needs
                    scope[name] = item
                    self.block(body, scope)
                self.path = path
                self.joined(body, scope, whole.needs)
            case ast.Return(value) if value:
                raise _Returned(self.expr(value, scope))
            case _:
                raise SyntaxError(ast.unparse(node))

    def joined(self, nodes: Sequence[ast.stmt], scope: dict[str, Value], needs: Calls) -> None:
        """What these statements may set hangs on what chose them, whether or not they ran."""
        for node in ast.walk(ast.Module(list(nodes), [])):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in scope:
                old = scope[node.id]
                scope[node.id] = Value(old.of, old.needs | needs, old.key, old.items)

    # -- expressions

    def made(self, of: Any, parts: Iterable[Value], key: Hashable = None) -> Value:
        needs = self.path.union(*(part.needs for part in parts))
        if isinstance(of, (str, bool, int, float)):
            key = (type(of).__name__, of)
        return Value(of, needs, key)

    def listed(self, items: Iterable[Value], needs: Calls) -> Value:
        held = tuple(items)
        every = needs.union(*(item.needs for item in held))
        key = ("list", *(item.key for item in held))
        return Value([item.of for item in held], every, key, held)

    def expr(self, node: ast.expr, scope: Mapping[str, Value]) -> Value:
        match node:
            case ast.Constant(value):
                return self.made(value, ())
            case ast.Name(name):
                return scope[name]
            case ast.Call(ast.Name(name), args):
                return self.call(name, [self.expr(arg, scope) for arg in args])
            case ast.Compare(left, [op], [right]):
                return self.operate(op, self.expr(left, scope), self.expr(right, scope))
            case ast.BinOp(left, op, right):
                return self.operate(op, self.expr(left, scope), self.expr(right, scope))
            case ast.BoolOp():
                return self.logic(node, scope)
            case ast.List(elements):
                return self.listed((self.expr(part, scope) for part in elements), self.path)
            case ast.ListComp(element, [clause]):
                return self.comprehension(element, clause, dict(scope))
            case ast.JoinedStr(values):
                parts = [self.expr(part, scope) for part in values]
                return self.made("".join(str(part.of) for part in parts), parts)
            case ast.FormattedValue(value, -1, None):
                return self.expr(value, scope)
        raise SyntaxError(ast.unparse(node))

    def operate(self, op: ast.AST, left: Value, right: Value) -> Value:
        return self.made(_OPERATORS[type(op)](left.of, right.of), (left, right))

    def logic(self, node: ast.BoolOp, scope: Mapping[str, Value]) -> Value:
        path, seen = self.path, []
        for operand in node.values:
            seen.append(self.expr(operand, scope))
            self.path |= seen[-1].needs  # the next is looked at only if this one does not decide
            if bool(seen[-1].of) is isinstance(node.op, ast.Or):
                break
        self.path = path
        return self.made(seen[-1].of, seen)

    def comprehension(
        self, element: ast.expr, clause: ast.comprehension, scope: dict[str, Value]
    ) -> Value:
        path, whole = self.path, self.expr(clause.iter, scope)
        needs, kept = path | whole.needs, []
        assert isinstance(clause.target, ast.Name)
        for item in whole.items:
            self.path = path | whole.needs
            scope[clause.target.id] = item
            wanted = True
            for condition in clause.ifs:
                chosen = self.expr(condition, scope)
                self.path |= chosen.needs
                needs |= chosen.needs
                wanted = wanted and bool(chosen.of)
            if wanted:
                made = self.expr(element, scope)
                kept.append(Value(made.of, made.needs | self.path, made.key, made.items))
        self.path = path
        return self.listed(kept, needs)

    # -- calls

    def call(self, name: str, args: Sequence[Value]) -> Value:
        if name in self.helpers:
            names = [param.arg for param in self.helpers[name].args.args]
            return self.body(self.helpers[name].body, dict(zip(names, args, strict=True)))
        if name in ANSWERS:
            return self.model(name, args)
        if name in _FUNCTIONS:
            return self.made(_FUNCTIONS[name](*(arg.of for arg in args)), args)
        self.work.steps += 1
        made = PURE[name](*(arg.of for arg in args))
        return self.made(made, args, (name, *(arg.key for arg in args)))

    def model(self, name: str, args: Sequence[Value]) -> Value:
        """Make a call: now, or take what it gave when it was made before."""
        work, key = self.work, (name, *(arg.key for arg in args))
        work.made += 1
        work.steps += 1
        number = work.numbers.setdefault(key, len(work.calls))
        if number == len(work.calls):
            work.calls.append(Call(name))
            work.known[number] = ANSWERS[name](*(arg.of for arg in args))
        work.calls[number].places.append(self.path.union(*(arg.needs for arg in args)))
        needs = frozenset([number])
        if not isinstance(work.known[number], list):
            return self.made(work.known[number], (Value(None, needs, None),))
        regions: list[Region] = work.known[number]
        held = [Value(r, needs, ("region", args[0].key, r.box, r.label)) for r in regions]
        return self.listed(held, self.path | needs)
