"""The operators of the language on values; sizes are checked before the native operation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from visprog.errors import EvaluationError
from visprog.execution.limits import Meter


def binary(op: str, left: Any, right: Any, meter: Meter) -> Any:
    """`left op right`.

    Raises:
        EvaluationError: there is no result, such as a division by zero.
        SizeLimit: the result would be too large.
    """
    if isinstance(left, (str, list, tuple)) or isinstance(right, (str, list, tuple)):
        return _repeat(left, right, meter) if op == "*" else _join(left, right, meter)
    try:
        return finite(_NUMBERS[op](left, right, meter), meter)
    except ZeroDivisionError:
        raise EvaluationError("division by zero", meter.line) from None
    except OverflowError:
        raise EvaluationError("the result is too large a number", meter.line) from None


def finite(value: Any, meter: Meter) -> Any:
    """Numbers are real and finite, at every step."""
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        raise EvaluationError("the result is no finite number", meter.line)
    return value


def _join(left: Any, right: Any, meter: Meter) -> Any:
    if isinstance(left, str):
        meter.characters(len(left) + len(right))
    else:
        meter.items(len(left) + len(right))
    joined = left + right
    meter.weigh(joined)
    return joined


def _repeat(left: Any, right: Any, meter: Meter) -> Any:
    whole, times = (right, left) if isinstance(left, int) else (left, right)
    times = max(0, times)  # any whole number below 0, however large, gives nothing
    size = len(whole) * times
    if isinstance(whole, str):
        meter.characters(size)
    else:
        meter.items(size)
        meter.items(meter.weigh(whole) * times)
    return whole * times


def _bits(value: Any) -> int:
    return value.bit_length() if isinstance(value, int) else 0


def _plus(left: Any, right: Any, meter: Meter) -> Any:
    meter.bits(max(_bits(left), _bits(right)) + 1)
    return left + right


def _times(left: Any, right: Any, meter: Meter) -> Any:
    meter.bits(_bits(left) + _bits(right))
    return left * right


def _power(left: Any, right: Any, meter: Meter) -> Any:
    if isinstance(left, int) and isinstance(right, int) and right > 0:
        meter.bits(max(1, _bits(left) - 1) * right if abs(left) > 1 else 1)
    return left**right


_NUMBERS: dict[str, Callable[[Any, Any, Meter], Any]] = {
    "+": _plus,
    "-": lambda left, right, meter: _plus(left, -right, meter),
    "*": _times,
    "/": lambda left, right, meter: left / right,
    "//": lambda left, right, meter: left // right,
    "%": lambda left, right, meter: left % right,
    "**": _power,
}


def compare(op: str, left: Any, right: Any, meter: Meter) -> bool:
    """`left op right`, with the cost of looking at every item of a list or text."""
    for side in (left, right):
        if isinstance(side, (list, tuple, dict)):
            meter.weigh(side)
        elif isinstance(side, str):
            meter.step(len(side) // 10)
    return bool(_COMPARE[op](left, right))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
}
