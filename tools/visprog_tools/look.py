"""The words that look at one thing, or at the whole picture. Backends do their work."""

from __future__ import annotations

from visprog.tool import tool
from visprog.values import Image, Region
from visprog_tools.words import Attribute, Statement


@tool("look")
def query(subject: Region | Image, attribute: Attribute) -> str:
    """What an attribute of the thing is: its color, material, name; hposition: left or right."""
    raise NotImplementedError


@tool("look")
def verify(subject: Region | Image, statement: Statement) -> bool:
    """Whether something is true of it: "red", "sitting", "on the left"."""
    raise NotImplementedError


@tool("look")
def choose(subject: Region | Image, options: list[Statement]) -> str:
    """Which of the options fits best."""
    raise NotImplementedError


@tool("look")
def vqa(image: Image, question: str) -> str:
    """The answer of a visual question answering model."""
    raise NotImplementedError


@tool("look")
def caption(image: Image) -> str:
    """A sentence that describes the picture."""
    raise NotImplementedError


@tool("look")
def classify(image: Region | Image, options: list[Statement]) -> str:
    """Which of the names fits best."""
    raise NotImplementedError


@tool("look")
def match(image: Region | Image, text: str) -> float:
    """How well a text fits, 0 to 1."""
    raise NotImplementedError


@tool("look")
def same(a: Region, b: Region, attribute: Attribute) -> bool:
    """Whether the two have the same color, material, shape ..."""
    raise NotImplementedError


@tool("look")
def common(a: Region, b: Region) -> str:
    """The attribute (color, material, shape) that the two share."""
    raise NotImplementedError
