"""What a planner is, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from visprog.tool import Model, Toolset


@dataclass(frozen=True)
class Plan:
    """The text of a program, not yet parsed; what wrote it, and how long that took."""

    text: str
    model: Model
    seconds: float
    notices: tuple[str, ...] = ()


class Planner(Protocol):
    """Writes programs. Safe to use from several threads."""

    name: str

    def plan(self, question: str, tools: Toolset, inputs: Mapping[str, Any]) -> Plan:
        """A program for a question.

        Args:
            tools: what the program may call.
            inputs: the names it starts with and their annotations, such as `{"image": Image}`.

        Raises:
            PlanError: the planner has no program for this question.
            WeightsError: it has weights, and they are absent or damaged.
        """
        ...
