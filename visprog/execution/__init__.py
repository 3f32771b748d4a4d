"""Runs programs: the interpreter, its limits, and the engine that feeds it tool results."""

from visprog.execution.calls import Ended, Request, Step, Turn
from visprog.execution.engine import Engine
from visprog.execution.interpreter import Run, run
from visprog.execution.limits import Limits
from visprog.execution.runner import LocalRunner, Runner

__all__ = [
    "Ended",
    "Engine",
    "Limits",
    "LocalRunner",
    "Request",
    "Run",
    "Runner",
    "Step",
    "Turn",
    "run",
]
