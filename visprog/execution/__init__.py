"""Runs programs: the interpreter, its limits, and the engine that feeds it tool results."""

from visprog.execution.engine import Engine, Step
from visprog.execution.interpreter import Request, run
from visprog.execution.limits import Limits

__all__ = ["Engine", "Limits", "Request", "Step", "run"]
