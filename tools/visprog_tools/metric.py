"""The words that measure things in metres; how far apart two are is `distance`."""

from __future__ import annotations

from visprog.tool import tool
from visprog.values import Metres, Region


@tool("measure")
def tall(region: Region) -> Metres:
    """How tall a thing is in space, of what can be seen of it."""
    raise NotImplementedError


@tool("measure")
def wide(region: Region) -> Metres:
    """How wide a thing is in space, of what can be seen of it."""
    raise NotImplementedError


@tool("measure")
def point(region: Region) -> list[Metres]:
    """Where a thing is in space as [x, y, z]: right of the camera, below it, and in front of it."""
    raise NotImplementedError


@tool("measure")
def height_from(region: Region, reference: Region, metres: float) -> Metres:
    """How tall a thing is, if the reference is so many metres tall."""
    raise NotImplementedError
