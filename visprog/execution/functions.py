"""What the functions of the language do. Their types stand in `visprog.lang.functions`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from visprog.errors import EvaluationError
from visprog.execution.limits import Meter
from visprog.execution.operators import binary, finite
from visprog.values import Unknown

Function = Callable[[Sequence[Any], Mapping[str, Any], Meter], Any]


def first_unknown(values: Sequence[Any]) -> Any:
    """The first abstention among values, or in lists among them."""
    for value in values:
        kind = type(value)
        if kind is Unknown:
            return value
        if (kind is list or kind is tuple) and (found := first_unknown(value)):
            return found
        if kind is dict and (found := first_unknown(list(value.values()))):
            return found
    return None


def call(name: str, args: Sequence[Any], keywords: Mapping[str, Any], meter: Meter) -> Any:
    """Run a function of the language.

    `any` and `all` decide where they can in spite of an abstention among the items (Kleene's
    logic), and `len` counts it; the others abstain with it.

    Raises:
        EvaluationError: there is no result, such as the largest of an empty list.
    """
    for arg in args:
        if isinstance(arg, (list, tuple, dict)):
            meter.weigh(arg)
    tolerant = name in ("any", "all", "len") and not isinstance(args[0], Unknown)
    if not tolerant and (unknown := first_unknown([*args, *keywords.values()])):
        return unknown
    try:
        return FUNCTIONS[name](args, keywords, meter)
    except (ValueError, OverflowError, ArithmeticError) as error:
        raise EvaluationError(f"{name}: {error}", meter.line) from None


def _items(args: Sequence[Any]) -> Sequence[Any]:
    return list(args[0]) if len(args) == 1 else list(args)


def _extreme(pick: Callable[[Sequence[Any]], Any]) -> Function:
    def run(args: Sequence[Any], keywords: Mapping[str, Any], meter: Meter) -> Any:
        items = _items(args)
        if not items:
            raise ValueError("the list is empty")
        return pick(items)

    return run


def _sum(args: Sequence[Any], keywords: Mapping[str, Any], meter: Meter) -> Any:
    total: Any = 0
    for item in args[0]:
        total = binary("+", total, int(item) if isinstance(item, bool) else item, meter)
    return total


def _decide(decisive: bool) -> Function:
    def run(args: Sequence[Any], keywords: Mapping[str, Any], meter: Meter) -> Any:
        unknown: Unknown | None = None
        for item in args[0]:
            if isinstance(item, Unknown):
                unknown = unknown or item
            elif item is decisive:
                return decisive
        return unknown or (not decisive)

    return run


def _range(args: Sequence[Any], keywords: Mapping[str, Any], meter: Meter) -> Any:
    numbers = range(*args)
    meter.items(max(0, -((numbers.start - numbers.stop) // numbers.step)))
    return list(numbers)


def _zip(args: Sequence[Any], keywords: Mapping[str, Any], meter: Meter) -> Any:
    meter.items(min(map(len, args)) * (len(args) + 1))
    return list(zip(*args, strict=False))


def _enumerate(args: Sequence[Any], keywords: Mapping[str, Any], meter: Meter) -> Any:
    meter.items(len(args[0]) * 3)
    return list(enumerate(*args))


def _int(args: Sequence[Any], keywords: Mapping[str, Any], meter: Meter) -> Any:
    if isinstance(args[0], str):
        meter.bits(4 * len(args[0]))
    whole = int(args[0])
    meter.bits(whole.bit_length())
    return whole


def _round(args: Sequence[Any], keywords: Mapping[str, Any], meter: Meter) -> Any:
    if len(args) == 2 and abs(args[1]) > 100:  # Python would make a power of ten of that size
        raise ValueError("at most 100 digits")
    return finite(round(*args), meter)


def _str(args: Sequence[Any], keywords: Mapping[str, Any], meter: Meter) -> str:
    return show(args[0])


def show(value: Any) -> str:
    """A plain value as an f-string shows it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


FUNCTIONS: Mapping[str, Function] = {
    "len": lambda args, keywords, meter: len(args[0]),
    "min": _extreme(min),
    "max": _extreme(max),
    "sum": _sum,
    "sorted": lambda args, keywords, meter: sorted(args[0], **keywords),
    "abs": lambda args, keywords, meter: abs(args[0]),
    "round": _round,
    "any": _decide(True),
    "all": _decide(False),
    "range": _range,
    "zip": _zip,
    "enumerate": _enumerate,
    "int": _int,
    "float": lambda args, keywords, meter: finite(float(args[0]), meter),
    "str": _str,
}
