"""Every error visprog raises on purpose.

* VisprogError
  - ImageError        a picture cannot be read, or breaks a limit of the loader
      . VideoError    so is a video
  - QuestionError     a question that is empty or too long
  - SettingsError     an unknown profile, planner, backend or option
  - WeightsError      weights are absent or damaged; says how to get them
  - ProgramError      the program text is wrong; carries every diagnostic; a planner may repair it
      . ParseError    not in the language
      . CheckError    names, arguments, types or units do not fit
  - RunError          a checked program failed while running; knows its line
      . EvaluationError   index out of range, division by zero, text that is no number ...
      . ToolError     a tool could not do its step
          : ToolTimeout   it gave no answer in time
      . LimitError    a limit stopped the run
          : StepLimit  CallLimit  DeadlineError  SizeLimit
  - PlanError         the planner gave no program
      . BudgetError   the tokens, dollars or seconds that it may use are used up
  - IsolationError    a worker process died, or was stopped for what it did
      . SilenceError  it gave no sign in time
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@lru_cache(maxsize=8)  # every fault of a text asks for them
def lines_of(source: str) -> tuple[str, ...]:
    """The lines of a program as its positions count them: other marks of a line's end, such as a
    form feed, are characters of the line."""
    return tuple(source.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


@dataclass(frozen=True)
class Diagnostic:
    """One fault of a program. `line` and `column` count from 1; `source` is the whole text."""

    message: str
    line: int
    column: int
    source: str

    def __str__(self) -> str:
        lines = lines_of(self.source)
        text = lines[self.line - 1] if 0 < self.line <= len(lines) else ""
        start = max(0, self.column - 61)  # a very long line is shown around its fault
        shown = text[start : start + 100].replace("\t", " ")
        caret = " " * (self.column - 1 - start) + "^"
        return f"line {self.line}, column {self.column}: {self.message}\n  | {shown}\n  | {caret}"


class VisprogError(Exception):
    """Base of everything visprog raises on purpose."""


class ImageError(VisprogError):
    """A picture that cannot be read, or that breaks a limit of the loader."""


class VideoError(ImageError):
    """A video that cannot be read, or that breaks a limit of its loader."""


class QuestionError(VisprogError):
    """A question that is empty or too long."""


class SettingsError(VisprogError):
    """An unknown profile, planner, backend or option."""


class WeightsError(VisprogError):
    """Weights that are absent or damaged."""


class ProgramError(VisprogError):
    """A program with faults, all of them in `diagnostics`, in the order of the text."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics, key=lambda d: (d.line, d.column)))
        super().__init__("\n".join(map(str, self.diagnostics)))


class ParseError(ProgramError):
    """Text that is not in the language."""


class CheckError(ProgramError):
    """A program whose names, arguments, types or units do not fit."""


class RunError(VisprogError):
    """A checked program that failed while it ran. `line` counts from 1; 0 where none is known."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {message}" if line else message)
        self.message = message
        self.line = line


class EvaluationError(RunError):
    """An operation that has no result: an index out of range, a division by zero ..."""


class ToolError(RunError):
    """A tool that could not do its step."""

    @classmethod
    def of(cls, what: str, error: BaseException) -> ToolError:
        """What failed, and by which exception: a `ToolTimeout` where that is Python's
        `TimeoutError`."""
        kind = ToolTimeout if isinstance(error, TimeoutError) else ToolError
        return kind(f"{what}: {type(error).__name__}: {error}")


class ToolTimeout(ToolError):
    """A tool that gave no answer in time."""


class LimitError(RunError):
    """A limit of the run was reached."""


class StepLimit(LimitError):
    """More steps than the program may take."""


class CallLimit(LimitError):
    """More tool calls than the program may make."""


class DeadlineError(LimitError):
    """More time than the program may take."""


class SizeLimit(LimitError):
    """A list, text or number larger than a program may make."""


class PlanError(VisprogError):
    """The planner gave no program. `usage`: what its call took all the same, a `planning.Usage`;
    None where that is not known."""

    usage: object = None


class BudgetError(PlanError):
    """The tokens, dollars or seconds that the planner may use are used up."""


class IsolationError(VisprogError):
    """A worker process that died, or was stopped for what it did."""


class SilenceError(IsolationError):
    """A worker process that gave no sign in time, such as one with a tool that hangs."""
