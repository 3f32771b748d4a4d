"""A tool call on its way: what a program asks for, and what comes of it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from visprog.errors import RunError, ToolError, VisprogError
from visprog.lang import types as t
from visprog.tool import Model, Output, ToolSpec
from visprog.values import Unknown, Value

Outcome = Value | VisprogError


@dataclass(frozen=True, slots=True)
class Request:
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


@dataclass(frozen=True, slots=True)
class Step:
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


@dataclass(frozen=True, slots=True)
class Turn:
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


def call_pure(spec: ToolSpec, model: Model, request: Request) -> tuple[Step, Outcome]:
    """Make the call of a tool that does its own work."""
    start = time.perf_counter()
    try:
        made: Any = spec.func(**request.args)
    except VisprogError as error:
        made = error
    except Exception as error:  # a defect of the tool: its caller's error, with its name
        made = ToolError(f"{spec.name} failed: {type(error).__name__}: {error}")
    if not isinstance(made, (Output, VisprogError)):
        made = Output(made)
    return ended(request, model, accept(spec, made), time.perf_counter() - start, False)


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
