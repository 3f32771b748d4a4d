"""Planners: each turns a question into the text of a program."""

from visprog.planning.planner import (
    OMISSION,
    RUNTIME,
    STATIC,
    Attempt,
    Plan,
    Planner,
    Repairer,
    Round,
    Sampler,
    Stepper,
    Usage,
)
from visprog.planning.providers import make_planner

__all__ = [
    "OMISSION",
    "RUNTIME",
    "STATIC",
    "Attempt",
    "Plan",
    "Planner",
    "Repairer",
    "Round",
    "Sampler",
    "Stepper",
    "Usage",
    "make_planner",
]
