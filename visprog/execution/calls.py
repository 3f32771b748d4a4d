"""A tool call on its way: what a program asks for, and what comes of it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from visprog.errors import RunError, ToolError, VisprogError
from visprog.execution.cache import call_key
from visprog.execution.sources import code_of
from visprog.lang import types as t
from visprog.tool import RULES, Model, Output, ToolSpec
from visprog.values import Unknown, Value, derive_keys

Outcome = Value | VisprogError


class Request(NamedTuple):
    """A tool call that a program waits for.

    `name`: the variable it is assigned to, if any; `order`: sorts the calls of a program as it
    would make them one by one; `height`: the longest chain of further backend calls behind it.
    """

    tool: str
    args: Mapping[str, Value]
    line: int
    name: str | None = None
    order: tuple[int, ...] = ()
    height: int = 0


class Step(NamedTuple):
    """A tool call that ended. `value` is None where `error` says why there is none.

    `seconds`: the wall clock of the batch it ran in, 0 where the value was known already;
    `cached`: it was known, or another program's equal call made it.
    """

    request: Request
    value: Value | None
    error: str
    model: Model
    seconds: float
    cached: bool
    notices: tuple[str, ...]


class Turn(NamedTuple):
    """What a run has to say when it stops.

    `calls`: the backend calls that can go now; `done`: the pure calls that it made meanwhile;
    `more`: whether it goes on without any outcome (its time slice is over); `left`: the seconds
    that it may still use.
    """

    calls: list[Request]
    done: list[Step]
    more: bool
    left: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that ended: with a value, or with the error that stopped it."""

    value: Value | None
    error: VisprogError | None


def call_pure(spec: ToolSpec, request: Request) -> tuple[Step, Outcome]:
    """Make the call of a tool that does its own work."""
    start = time.perf_counter()
    try:
        made: Any = spec.func(**request.args)
    except VisprogError as error:
        made = error
    except Exception as error:  # a defect of the tool: its caller's error, with its name
        made = ToolError.of(f"{spec.name} failed", error)
    if not isinstance(made, (Output, VisprogError)):
        made = Output(made)
    made = accept(spec, made)
    if isinstance(made, Output):
        derive_keys(made.value, lambda: pure_key(spec, request.args))
    return ended(request, RULES, made, time.perf_counter() - start, False)


def pure_key(spec: ToolSpec, args: Mapping[str, Value]) -> str:
    """What a call of a tool that does its own work is, by content."""
    return call_key(spec.name, "", RULES, args, code=code_of(spec.func))


def ended(
    request: Request,
    model: Model,
    made: Output | VisprogError,
    seconds: float,
    cached: bool,
    notices: tuple[str, ...] = (),
) -> tuple[Step, Outcome]:
    """The step that a result makes, and what its program gets."""
    if isinstance(made, Output):
        told = made.notices + notices
        return Step(request, made.value, "", model, seconds, cached, told), made.value
    error = made
    if not isinstance(made, RunError):  # such as absent weights: told with the line
        error = ToolError(str(made))
    return Step(request, None, str(made), model, seconds, cached, notices), error


def accept(spec: ToolSpec, output: object) -> Output | VisprogError:
    """Refuse what is not a result, and a value that is not what the tool promises."""
    if isinstance(output, VisprogError):
        return output
    value = output.value if isinstance(output, Output) else output
    wanted = t.of(spec.returns)
    if isinstance(output, Output) and (isinstance(value, Unknown) or t.admits(wanted, value)):
        return output
    return ToolError(f"{spec.name} promises {t.text(wanted)}, the backend gave {_kind(value)}")


def _kind(value: object) -> str:
    """What a refused value is, in a few words."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return "nothing" if value is None else type(value).__name__
