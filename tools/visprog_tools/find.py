"""The words that find things in a picture. Backends do their work."""

from __future__ import annotations

from visprog.tool import tool
from visprog.values import Image, Region, Text
from visprog_tools.words import Noun, Relation


@tool("find")
def detect(image: Image, name: Noun) -> list[Region]:
    """Every `name` in the picture, largest score first; [] if there is none."""
    raise NotImplementedError


@tool("find")
def objects(image: Image) -> list[Region]:
    """Everything in the picture that can be named, largest score first."""
    raise NotImplementedError


@tool("find")
def segment(regions: list[Region]) -> list[Region]:
    """The same regions, each with the mask of its thing."""
    raise NotImplementedError


@tool("find")
def faces(image: Image) -> list[Region]:
    """Every human face in the picture."""
    raise NotImplementedError


@tool("find")
def ocr(image: Image) -> list[Text]:
    """The text that can be read in the picture, in reading order."""
    raise NotImplementedError


@tool("find")
def related(regions: list[Region], relation: Relation, anchor: Region) -> list[Region]:
    """Those of `regions` that stand in a relation to `anchor`: the people *on* the bench."""
    raise NotImplementedError


@tool("find")
def related_to(regions: list[Region], relation: Relation, anchor: Region) -> list[Region]:
    """Those of `regions` to which `anchor` stands in a relation: what the man is *wearing*."""
    raise NotImplementedError
