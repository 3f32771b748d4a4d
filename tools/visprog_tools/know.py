"""The words that ask a language model, and the one that gives names to things."""

from __future__ import annotations

from visprog.tool import tool
from visprog.values import Region
from visprog_tools.words import Clause


@tool("know")
def ask(question: Clause) -> str:
    """What the language model knows of the world; it does not see the picture."""
    raise NotImplementedError


@tool("know")
def facts(question: Clause, n: int) -> list[str]:
    """At most n short answers of the language model, such as the names of a film's characters."""
    raise NotImplementedError


@tool("know")
def assign(regions: list[Region], names: list[str]) -> list[Region]:
    """The regions that the names fit best, each with its name as its label, no name twice."""
    raise NotImplementedError
