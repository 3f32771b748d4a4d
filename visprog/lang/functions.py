"""The functions of the language itself: how each is called and what type it gives.

What they do at run time stands in `visprog.execution.functions`, under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from visprog.lang import types as t

Rule = Callable[[Sequence[t.Type]], "t.Type | str"]
"""Argument types to result type, or to a text: what the function wants instead."""

_ORDERED = "numbers of one unit, or texts"


@dataclass(frozen=True)
class FunctionSpec:
    """`least` and `most`: how many arguments; `keywords`: those it also takes by name."""

    form: str
    least: int
    most: int
    rule: Rule
    keywords: Mapping[str, t.Type] = field(default_factory=dict)


def item_of(kind: t.Type) -> t.Type | None:
    """What iterating a type gives; None where it cannot be iterated."""
    match kind:
        case t.Anything() | t.Nothing():
            return t.ANY
        case t.ListType(item):
            return item
        case t.DictType():
            return t.STR
        case t.TupleType(items):
            return t.join_all(items)
        case t.Either(options):
            parts = [item_of(option) for option in options]
            return t.join_all(part for part in parts if part) if all(parts) else None
    return None


def ordered(kind: t.Type) -> bool:
    """Whether values of a type can be put in order."""
    return isinstance(kind, (t.Anything, t.Nothing, t.Number)) or kind == t.STR


def _len(args: Sequence[t.Type]) -> t.Type | str:
    if item_of(args[0]) is not None or args[0] == t.STR:
        return t.INT
    return "a list, text or dict"


def _extreme(args: Sequence[t.Type]) -> t.Type | str:
    item = item_of(args[0]) if len(args) == 1 else t.join_all(args)
    return item if item is not None and ordered(item) else f"a list of {_ORDERED}"


def _sum(args: Sequence[t.Type]) -> t.Type | str:
    item = item_of(args[0])
    if item == t.BOOL or isinstance(item, t.Nothing):
        return t.INT
    return item if isinstance(item, (t.Number, t.Anything)) else "a list of numbers of one unit"


def _sorted(args: Sequence[t.Type]) -> t.Type | str:
    item = item_of(args[0])
    return t.ListType(item) if item is not None and ordered(item) else f"a list of {_ORDERED}"


def _abs(args: Sequence[t.Type]) -> t.Type | str:
    return args[0] if isinstance(args[0], (t.Number, t.Anything)) else "a number"


def _round(args: Sequence[t.Type]) -> t.Type | str:
    if not isinstance(args[0], t.Number) or (len(args) == 2 and not t.fits(args[1], t.INT)):
        return t.ANY if isinstance(args[0], t.Anything) else "a number, and how many digits"
    return t.Number(len(args) == 1, args[0].unit)


def _all(args: Sequence[t.Type]) -> t.Type | str:
    item = item_of(args[0])
    return t.BOOL if item is not None and t.fits(item, t.BOOL) else "a list of bool"


def _range(args: Sequence[t.Type]) -> t.Type | str:
    return t.ListType(t.INT) if all(t.fits(arg, t.INT) for arg in args) else "int"


def _zip(args: Sequence[t.Type]) -> t.Type | str:
    items = [item_of(arg) for arg in args]
    found = tuple(item for item in items if item is not None)
    return t.ListType(t.TupleType(found)) if len(found) == len(items) else "lists"


def _enumerate(args: Sequence[t.Type]) -> t.Type | str:
    item = item_of(args[0])
    if item is None or (len(args) == 2 and not t.fits(args[1], t.INT)):
        return "a list, and the first number"
    return t.ListType(t.TupleType((t.INT, item)))


def _number(whole: bool) -> Rule:
    def rule(args: Sequence[t.Type]) -> t.Type | str:
        plain = isinstance(args[0], (t.Number, t.Anything)) or args[0] in (t.STR, t.BOOL)
        return t.Number(whole) if plain else "a number, text or bool"

    return rule


def plain(kind: t.Type) -> bool:
    """Whether a value is text, a number or a bool: what `str` and f-strings show."""
    match kind:
        case t.Number() | t.Anything():
            return True
        case t.Either(options):
            return all(map(plain, options))
    return kind in (t.STR, t.BOOL)


def _str(args: Sequence[t.Type]) -> t.Type | str:
    return t.STR if plain(args[0]) else "a text, number or bool"


FUNCTIONS: Mapping[str, FunctionSpec] = {
    "len": FunctionSpec("len(x)", 1, 1, _len),
    "min": FunctionSpec("min(xs) or min(a, b, ...)", 1, 99, _extreme),
    "max": FunctionSpec("max(xs) or max(a, b, ...)", 1, 99, _extreme),
    "sum": FunctionSpec("sum(xs)", 1, 1, _sum),
    "sorted": FunctionSpec("sorted(xs, reverse=False)", 1, 1, _sorted, {"reverse": t.BOOL}),
    "abs": FunctionSpec("abs(x)", 1, 1, _abs),
    "round": FunctionSpec("round(x) or round(x, digits)", 1, 2, _round),
    "any": FunctionSpec("any(xs)", 1, 1, _all),
    "all": FunctionSpec("all(xs)", 1, 1, _all),
    "range": FunctionSpec("range(stop) or range(start, stop, step)", 1, 3, _range),
    "zip": FunctionSpec("zip(xs, ys)", 2, 5, _zip),
    "enumerate": FunctionSpec("enumerate(xs)", 1, 2, _enumerate),
    "int": FunctionSpec("int(x)", 1, 1, _number(True)),
    "float": FunctionSpec("float(x)", 1, 1, _number(False)),
    "str": FunctionSpec("str(x)", 1, 1, _str),
}
