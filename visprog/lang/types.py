"""The types of the language: how they fit, join, and read; and what they admit at run time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

from visprog import values as v

Unit = tuple[tuple[str, int], ...]  # names and exponents, sorted; () is a plain number

MAX_PARTS = 100  # of a type: what is built of itself doubles with every line

UNITS = {kind.__name__: kind for kind in (v.Metres, v.Pixels, v.Percent, v.Relative, v.Seconds)}
RATES: dict[str, Unit] = {"PixelsPerSecond": (("Pixels", 1), ("Seconds", -1))}  # units with a name
CLASSES: dict[str, type] = {
    kind.__name__: kind for kind in (v.Image, v.Region, v.Text, v.Depth, v.Flow, v.Video, str, bool)
}


@dataclass(frozen=True)
class Named:
    """A type without parts: Image, Region, str, bool ..."""

    name: str


@dataclass(frozen=True)
class Number:
    """`whole`: int, else float. A unit belongs to a measure: metres, pixels ..."""

    whole: bool
    unit: Unit = ()


@dataclass(frozen=True)
class ListType:
    item: Type


@dataclass(frozen=True)
class DictType:
    """Keys are text."""

    value: Type


@dataclass(frozen=True)
class TupleType:
    items: tuple[Type, ...]


@dataclass(frozen=True)
class Either:
    """One of several types."""

    options: tuple[Type, ...]


@dataclass(frozen=True)
class Anything:
    """What a faulty expression has: fits everywhere, so that one fault is told once."""


@dataclass(frozen=True)
class Nothing:
    """The item type of `[]`: fits everywhere, since there is none."""


Type = Named | Number | ListType | DictType | TupleType | Either | Anything | Nothing

ANY, NOTHING = Anything(), Nothing()
INT, FLOAT, STR, BOOL = Number(True), Number(False), Named("str"), Named("bool")

_SIMPLE = {Named, Number, Anything, Nothing}  # the types without parts
_MAX_KNOWN = 1024

_known: dict[int, tuple[Any, Type]] = {}


def of(annotation: Any) -> Type:
    """The type that a Python annotation of a tool means; the same object for the same annotation.

    Raises:
        TypeError: an annotation that the language has no type for.
    """
    known = _known.get(id(annotation))  # by identity: equal unions may order their parts otherwise
    if known is not None:
        return known[1]
    made = _of(annotation)
    if len(_known) >= _MAX_KNOWN:
        _known.clear()
    _known[id(annotation)] = annotation, made  # kept, so that its id stays its own
    return made


def _of(annotation: Any) -> Type:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is list:
        return ListType(of(args[0]))
    if origin is dict and args[0] is str:
        return DictType(of(args[1]))
    if origin is tuple:
        return TupleType(tuple(map(of, args)))
    if origin in (Union, UnionType):
        return Either(tuple(map(of, args)))
    if annotation in (int, float):
        return INT if annotation is int else FLOAT
    name = getattr(annotation, "__name__", "")
    if UNITS.get(name) is annotation:
        return Number(False, ((name, 1),))
    if annotation is v.PixelsPerSecond:
        return Number(False, RATES[name])
    if annotation is str or annotation is bool:
        return STR if annotation is str else BOOL
    if CLASSES.get(name) is annotation:
        return Named(name)
    raise TypeError(f"the language has no type for {annotation!r}")


def named(name: str, args: tuple[Type, ...]) -> Type | None:
    """The type of a written name: `Region`, `list` with one argument ...; None if there is none."""
    if name == "list" and len(args) == 1:
        return ListType(args[0])
    if name == "dict" and len(args) == 2 and args[0] == STR:
        return DictType(args[1])
    if name == "tuple" and args:
        return TupleType(args)
    if args:
        return None
    if name in ("int", "float"):
        return Number(name == "int")
    if name in UNITS:
        return Number(False, ((name, 1),))
    if name in RATES:
        return Number(False, RATES[name])
    return Named(name) if name in CLASSES else None


def text(kind: Type) -> str:
    """The type as people write it."""
    match kind:
        case Named(name):
            return name
        case Number(whole, ()):
            return "int" if whole else "float"
        case Number(_, unit) if unit in RATES.values():
            return next(name for name, rate in RATES.items() if rate == unit)
        case Number(_, unit):
            return " * ".join(name if power == 1 else f"{name}**{power}" for name, power in unit)
        case ListType(Nothing()):
            return "list"
        case ListType(item):
            return f"list[{text(item)}]"
        case DictType(value):
            return f"dict[str, {text(value)}]"
        case TupleType(items):
            return f"tuple[{', '.join(map(text, items))}]"
        case Either(options):
            return " | ".join(map(text, options))
    return "nothing"


def fits(got: Type, want: Type) -> bool:
    """Whether a value of one type may stand where another is wanted."""
    if got is want or isinstance(got, (Anything, Nothing)) or isinstance(want, Anything):
        return True
    if isinstance(got, Either):
        return all(fits(option, want) for option in got.options)
    if isinstance(want, Either):
        return any(fits(got, option) for option in want.options)
    if type(got) is not type(want):
        return False
    match got, want:
        case Named(got_name), Named(name):
            return got_name == name
        case Number(got_whole, got_unit), Number(whole, unit):
            return (got_whole or not whole) and got_unit in ((), unit)
        case ListType(got_item), ListType(item):
            return fits(got_item, item)
        case DictType(got_value), DictType(value):
            return fits(got_value, value)
        case TupleType(got_items), TupleType(items):
            return len(got_items) == len(items) and all(map(fits, got_items, items))
    return got == want


def join(a: Type, b: Type) -> Type:
    """The narrowest type that admits the values of both."""
    if a is b or (a is NOTHING and type(b) is Named):
        return b
    if isinstance(a, Anything) or isinstance(b, Anything):
        return ANY
    if fits(b, a) and not isinstance(b, Number):
        return a  # before the other way: what a loop has joined by now does not change its order
    if fits(a, b) and not isinstance(a, Number):
        return b
    match a, b:
        case Number(a_whole, a_unit), Number(b_whole, b_unit):
            if a_unit == b_unit:
                return Number(a_whole and b_whole, a_unit)
            if () in (a_unit, b_unit):
                return Number(False, a_unit or b_unit)
        case ListType(a_item), ListType(b_item):
            return ListType(join(a_item, b_item))
        case DictType(a_value), DictType(b_value):
            return DictType(join(a_value, b_value))
        case TupleType(a_items), TupleType(b_items) if len(a_items) == len(b_items):
            return TupleType(tuple(map(join, a_items, b_items)))
    options = (*_options(a), *_options(b))
    return Either(tuple(dict.fromkeys(options)))


def _options(kind: Type) -> tuple[Type, ...]:
    return kind.options if isinstance(kind, Either) else (kind,)


def join_all(kinds: Iterable[Type]) -> Type:
    joined: Type = NOTHING
    for kind in kinds:
        joined = join(joined, kind)
    return joined


def is_large(kind: Type) -> bool:
    """Whether a type has more than MAX_PARTS parts; looks at no more of them."""
    if type(kind) in _SIMPLE or (type(kind) is ListType and type(kind.item) in _SIMPLE):
        return False
    count, waiting = 0, [kind]
    while waiting and count <= MAX_PARTS:
        count += 1
        match waiting.pop():
            case ListType(item) | DictType(item):
                waiting.append(item)
            case TupleType(items) | Either(items):
                waiting.extend(items)
    return count > MAX_PARTS


def times(a: Unit, b: Unit, sign: int) -> Unit:
    """The unit of a product (`sign` 1) or quotient (-1)."""
    powers = dict(a)
    for name, power in b:
        powers[name] = powers.get(name, 0) + sign * power
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def unit_name(kind: Type) -> str:
    """The unit of a number as people say it: "metres"; "" where there is none."""
    if isinstance(kind, Number) and kind.unit in RATES.values():
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text(kind)).lower()
    return text(kind).lower() if isinstance(kind, Number) and kind.unit else ""


def admits(kind: Type, value: object) -> bool:
    """Whether a value that a backend gave is of a type; numbers must be finite."""
    match kind:
        case Named(name):
            return type(value) is CLASSES[name]
        case Number(whole):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return False
            return isinstance(value, int) or (not whole and math.isfinite(value))
        case ListType(item):
            return isinstance(value, (list, tuple)) and all(admits(item, part) for part in value)
        case DictType(item):
            return isinstance(value, Mapping) and all(
                isinstance(name, str) and admits(item, part) for name, part in value.items()
            )
        case TupleType(items):
            return (
                isinstance(value, tuple)
                and len(value) == len(items)
                and all(map(admits, items, value))
            )
        case Either(options):
            return any(admits(option, value) for option in options)
    return True
