"""How errors and values stand in messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from visprog import errors
from visprog.codec import decode, encode
from visprog.codec.layout import arrays_of
from visprog.errors import CheckError, Diagnostic, ParseError, ProgramError, RunError, ToolError
from visprog.isolation.wire import Blob
from visprog.values import Value

RUN_ERRORS: dict[str, type[RunError]] = {
    kind.__name__: kind
    for kind in (
        RunError,
        errors.EvaluationError,
        errors.ToolError,
        errors.ToolTimeout,
        errors.LimitError,
        errors.StepLimit,
        errors.CallLimit,
        errors.DeadlineError,
        errors.SizeLimit,
    )
}
SMALL = 1 << 62  # what lies between this and its negative is a number of MessagePack
PROGRAM_ERRORS: dict[str, type[ProgramError]] = {"ParseError": ParseError, "CheckError": CheckError}


def parts_of(error: Exception) -> list[Any]:
    """An error as a message has it."""
    if isinstance(error, ProgramError):
        places = [[d.message, d.line, d.column] for d in error.diagnostics]
        return [type(error).__name__, places]
    if isinstance(error, RunError):
        return [type(error).__name__, error.message, error.line]
    return [ToolError.__name__, str(error), 0]


def error_of(parts: Sequence[Any]) -> RunError:
    """The run's error that parts tell of.

    Raises:
        ValueError: they tell of none.
    """
    match parts:
        case [str(name), str(message), int(line)] if name in RUN_ERRORS:
            return RUN_ERRORS[name](message, line)
    raise ValueError("an error of an unknown kind")


def faults_of(parts: Sequence[Any], source: str) -> ProgramError:
    """The program's faults that parts tell of.

    Raises:
        ValueError: they tell of none.
    """
    match parts:
        case [str(name), [*places]] if name in PROGRAM_ERRORS and places:
            found = [_fault(place, source) for place in places]
            return PROGRAM_ERRORS[name](found)
    raise ValueError("faults of an unknown kind")


def _fault(place: object, source: str) -> Diagnostic:
    match place:
        case [str(message), int(line), int(column)]:
            return Diagnostic(message, line, column, source)
    raise ValueError("a fault without a place")


class Ledger:
    """The values of one run that two processes have both, by number.

    Texts and numbers stand in a message themselves; any other value is a number in a list of its
    own, `[7]`. Those that the other side does not have yet come with the message, as one blob.

    `limit`: bytes that the masks of one message may unpack to; `trusted`: whether the keys that the
    other side states are those of the contents.
    """

    def __init__(self, limit: int, *, trusted: bool) -> None:
        self.limit = limit
        self.trusted = trusted
        self._values: list[Value] = []
        self._numbers: dict[int, int] = {}  # by the identity of the value
        self._told = 0  # so many of the values the other side has
        self._arrays: dict[int, Value] = {}  # by identity: what it need not be sent again

    def token(self, value: Value) -> Any:
        """What stands for a value in the next message."""
        kind = type(value)
        if kind is str or kind is float or kind is bool:
            return value
        if kind is int and -SMALL < value < SMALL:  # type: ignore[operator]
            return value
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._values)
            self._values.append(value)
        return [number]

    def fresh(self) -> Blob | None:
        """What comes with the message that has the tokens made since the last one.

        Raises:
            ValueError: one of them is of no value of the language; they are forgotten.
        """
        made = self._values[self._told :]
        if not made:
            return None
        try:
            data = encode(made, self._arrays.values())
        except ValueError:
            del self._values[self._told :]
            self._numbers = {id(value): place for place, value in enumerate(self._values)}
            raise
        self._told = len(self._values)
        self._keep(made)
        return Blob(data)

    def learn(self, data: object) -> None:
        """Take in what came with a message.

        Raises:
            ValueError: it holds no values.
        """
        if data is None:
            return
        if not isinstance(data, bytes):
            raise ValueError("values are missing")
        made = decode(data, self._arrays.values(), keyed=self.trusted, limit=self.limit)
        if not isinstance(made, list):
            raise ValueError("no list of values")
        for value in made:
            self._numbers.setdefault(id(value), len(self._values))
            self._values.append(value)
        self._told = len(self._values)
        self._keep(made)

    def value(self, token: object) -> Value:
        """The value that a token stands for.

        Raises:
            ValueError: it stands for none.
        """
        kind = type(token)
        if kind is str or kind is float or kind is bool or kind is int:
            return token  # type: ignore[return-value]
        match token:
            case [number] if type(number) is int and 0 <= number < self._told:
                return self._values[number]
        raise ValueError("a value is missing")

    def _keep(self, values: list[Value]) -> None:
        for part in arrays_of(values, footage=False):
            self._arrays.setdefault(id(part), part)
