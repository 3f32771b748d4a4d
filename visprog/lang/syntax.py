"""The shape of a program, and nothing else. Positions count from 1, and not for equality."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import NamedTuple


class At(NamedTuple):
    """Where a node stands in its text."""

    line: int = 0
    column: int = 0


NOWHERE = At()


@dataclass(frozen=True)
class Node:
    """Base of all nodes."""

    at: At = field(default=NOWHERE, compare=False, kw_only=True)


# -- expressions


@dataclass(frozen=True)
class Literal(Node):
    value: str | bool | int | float


@dataclass(frozen=True)
class Name(Node):
    id: str


@dataclass(frozen=True)
class Call(Node):
    """`func(args, name=value ...)`; `func`: a tool, a helper or one of the language's own."""

    func: str
    args: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True)
class Property(Node):
    value: Expr
    name: str


@dataclass(frozen=True)
class Index(Node):
    value: Expr
    index: Expr


@dataclass(frozen=True)
class Slice(Node):
    value: Expr
    lower: Expr | None
    upper: Expr | None
    step: Expr | None


@dataclass(frozen=True)
class Unary(Node):
    """`op`: not, -, +."""

    op: str
    operand: Expr


@dataclass(frozen=True)
class Binary(Node):
    """`op`: + - * / // % **."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Logic(Node):
    """`op`: and, or; at least two operands."""

    op: str
    operands: tuple[Expr, ...]


@dataclass(frozen=True)
class Compare(Node):
    """A chain `first op rest op rest ...`; `op`: == != < <= > >= in, not in."""

    first: Expr
    rest: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True)
class Conditional(Node):
    test: Expr
    then: Expr
    orelse: Expr


@dataclass(frozen=True)
class ListOf(Node):
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class TupleOf(Node):
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class DictOf(Node):
    items: tuple[tuple[Expr, Expr], ...]


@dataclass(frozen=True)
class Clause(Node):
    """`for targets in source if conditions`."""

    targets: tuple[str, ...]
    source: Expr
    conditions: tuple[Expr, ...]


@dataclass(frozen=True)
class Comprehension(Node):
    """A list, or with `key` a dict."""

    element: Expr
    clauses: tuple[Clause, ...]
    key: Expr | None = None


@dataclass(frozen=True)
class Joined(Node):
    """An f-string: texts and expressions in turn."""

    parts: tuple[Expr, ...]


Expr = (
    Literal
    | Name
    | Call
    | Property
    | Index
    | Slice
    | Unary
    | Binary
    | Logic
    | Compare
    | Conditional
    | ListOf
    | TupleOf
    | DictOf
    | Comprehension
    | Joined
)


# -- statements


@dataclass(frozen=True)
class Assign(Node):
    """`targets = value`; more than one target unpacks."""

    targets: tuple[str, ...]
    value: Expr


@dataclass(frozen=True)
class Update(Node):
    """`target op= value`."""

    target: str
    op: str
    value: Expr


@dataclass(frozen=True)
class If(Node):
    test: Expr
    then: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...]


@dataclass(frozen=True)
class For(Node):
    targets: tuple[str, ...]
    source: Expr
    body: tuple[Stmt, ...]


@dataclass(frozen=True)
class While(Node):
    test: Expr
    body: tuple[Stmt, ...]


@dataclass(frozen=True)
class Return(Node):
    value: Expr


@dataclass(frozen=True)
class TypeName(Node):
    """A type as written: `list[Region]` is TypeName("list", (TypeName("Region"),))."""

    name: str
    args: tuple[TypeName, ...] = ()


@dataclass(frozen=True)
class Def(Node):
    """A helper with typed parameters."""

    name: str
    params: tuple[tuple[str, TypeName], ...]
    returns: TypeName
    body: tuple[Stmt, ...]


Stmt = Assign | Update | If | For | While | Return | Def


@dataclass(frozen=True)
class Program:
    """A parsed program. `source` is its text, for messages; it does not count for equality."""

    body: tuple[Stmt, ...]
    source: str = field(default="", compare=False)


def children(node: Node) -> Iterator[Node]:
    """The nodes directly inside a node, in the order of the text."""
    for item in fields(node):
        yield from _nodes(getattr(node, item.name))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)


def walk(program: Program) -> Iterator[Node]:
    """Every node of a program, outer before inner."""
    waiting: list[Node] = list(reversed(program.body))
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(children(node))))
