"""Runs programs: the interpreter, its limits, and the engine that feeds it tool results."""

from visprog.execution.calls import Ended, Request, Step, Turn
from visprog.execution.engine import Engine
from visprog.execution.interpreter import Run, run
from visprog.execution.limits import Limits

__all__ = ["Ended", "Engine", "Limits", "Request", "Run", "Step", "Turn", "run"]
