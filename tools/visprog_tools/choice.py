"""The words that choose among regions.

A list may come in any order, and what is kept stays in it. Places are compared by the centres of
boxes. The anchor itself is never among the results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from visprog.tool import tool
from visprog.values import Region, Unknown
from visprog_tools.geometry import expect_picture, gap, intersection, same_thing, share_within
from visprog_tools.words import Statement

WITHIN = 0.9  # the share of a box that must lie in the anchor to be inside it


@tool("choose", pure=True)
def left_of(regions: list[Region], anchor: Region) -> list[Region]:
    """Those whose centre is left of the anchor's centre."""
    return _kept("left_of", regions, anchor, lambda r: r.center[0] < anchor.center[0])


@tool("choose", pure=True)
def right_of(regions: list[Region], anchor: Region) -> list[Region]:
    """Those whose centre is right of the anchor's centre."""
    return _kept("right_of", regions, anchor, lambda r: r.center[0] > anchor.center[0])


@tool("choose", pure=True)
def above(regions: list[Region], anchor: Region) -> list[Region]:
    """Those whose centre is above the anchor's centre."""
    return _kept("above", regions, anchor, lambda r: r.center[1] < anchor.center[1])


@tool("choose", pure=True)
def below(regions: list[Region], anchor: Region) -> list[Region]:
    """Those whose centre is below the anchor's centre."""
    return _kept("below", regions, anchor, lambda r: r.center[1] > anchor.center[1])


@tool("choose")
def in_front_of(regions: list[Region], anchor: Region) -> list[Region]:
    """Those nearer to the camera than the anchor."""
    raise NotImplementedError


@tool("choose")
def behind(regions: list[Region], anchor: Region) -> list[Region]:
    """Those farther from the camera than the anchor."""
    raise NotImplementedError


@tool("choose", pure=True)
def inside(regions: list[Region], anchor: Region) -> list[Region]:
    """Those that lie (nine tenths of the box) within the anchor's box."""
    return _kept("inside", regions, anchor, lambda r: share_within(r.box, anchor.box) >= WITHIN)


@tool("choose", pure=True)
def overlapping(regions: list[Region], anchor: Region) -> list[Region]:
    """Those whose box, or mask where both have one, shares pixels with the anchor's."""
    return _kept("overlapping", regions, anchor, lambda r: _overlap(r, anchor))


@tool("choose", pure=True)
def near(regions: list[Region], anchor: Region) -> list[Region]:
    """Those closer to the anchor, edge to edge, than the larger of the two is long."""
    return _kept("near", regions, anchor, lambda r: _close(r, anchor))


@tool("choose", pure=True)
def leftmost(regions: list[Region]) -> Region:
    """The one whose centre is farthest left. This and its like abstain on []."""
    return _best("leftmost", regions, lambda r: -r.center[0])


@tool("choose", pure=True)
def rightmost(regions: list[Region]) -> Region:
    """The one whose centre is farthest right."""
    return _best("rightmost", regions, lambda r: r.center[0])


@tool("choose", pure=True)
def topmost(regions: list[Region]) -> Region:
    """The one whose centre is highest."""
    return _best("topmost", regions, lambda r: -r.center[1])


@tool("choose", pure=True)
def bottommost(regions: list[Region]) -> Region:
    """The one whose centre is lowest."""
    return _best("bottommost", regions, lambda r: r.center[1])


@tool("choose", pure=True)
def largest(regions: list[Region]) -> Region:
    """The one that covers most of the picture; also for "the" one, where there may be others."""
    return _best("largest", regions, lambda r: r.area)


@tool("choose", pure=True)
def smallest(regions: list[Region]) -> Region:
    """The one that covers least of the picture."""
    return _best("smallest", regions, lambda r: -r.area)


@tool("choose")
def nearest(regions: list[Region]) -> Region:
    """The one nearest to the camera."""
    raise NotImplementedError


@tool("choose")
def farthest(regions: list[Region]) -> Region:
    """The one farthest from the camera."""
    raise NotImplementedError


@tool("choose")
def filter(regions: list[Region], attribute: Statement) -> list[Region]:
    """Those of which the attribute is true: "red", "wooden", "on the left", "not small"."""
    raise NotImplementedError


@tool("choose", pure=True)
def without(regions: list[Region], other: list[Region] | Region) -> list[Region]:
    """Those that are not among `other`. A thing is the same with a mask and without."""
    others = [other] if isinstance(other, Region) else other
    return [region for region in regions if not any(same_thing(region, o) for o in others)]


def nothing_to_choose(tool: str) -> Unknown:
    """The abstention of a choice among no regions."""
    return Unknown(f"{tool}: there is nothing to choose from, since none was found")


def _kept(
    tool: str, regions: list[Region], anchor: Region, holds: Callable[[Region], bool]
) -> list[Region]:
    expect_picture(tool, anchor.image, *regions)
    return [region for region in regions if holds(region) and not same_thing(region, anchor)]


def _best(tool: str, regions: list[Region], score: Callable[[Region], float]) -> Region:
    """The region with the highest score, the first of equals."""
    if not regions:  # every tool may abstain; its signature names only the answer
        return cast("Region", nothing_to_choose(tool))
    expect_picture(tool, regions[0].image, *regions)
    return max(regions, key=score)


def _overlap(a: Region, b: Region) -> bool:
    if a.mask is not None and b.mask is not None:
        return bool((a.mask & b.mask).any())
    return intersection(a.box, b.box) > 0


def _close(a: Region, b: Region) -> bool:
    return gap(a.box, b.box) < max(a.width, a.height, b.width, b.height)
