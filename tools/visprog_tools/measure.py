"""The words that measure: how many, how much, how far, which way, where."""

from __future__ import annotations

import numpy as np

from visprog.tool import tool
from visprog.values import Depth, Flow, Image, Metres, Percent, Pixels, Region, Relative, Text
from visprog_tools.geometry import expect_picture, pixel_mask

STILL = 0.5  # pixels a frame: less than this is not motion


@tool("measure", pure=True)
def count(regions: list[Region] | list[Text]) -> int:
    """How many there are."""
    return len(regions)


@tool("measure", pure=True)
def exists(regions: list[Region] | list[Text]) -> bool:
    """Whether there is any."""
    return bool(regions)


@tool("measure", pure=True)
def area(region: Region) -> Percent:
    """How much of the picture its mask, or else its box, covers, in percent."""
    return Percent(100 * region.area / (region.image.width * region.image.height))


@tool("measure", pure=True)
def width(region: Region) -> Pixels:
    """How wide its box is."""
    return Pixels(region.width)


@tool("measure", pure=True)
def height(region: Region) -> Pixels:
    """How high its box is."""
    return Pixels(region.height)


@tool("measure", pure=True)
def center(region: Region) -> list[Pixels]:
    """The centre [x, y] of its box."""
    x, y = region.center
    return [Pixels(x), Pixels(y)]


@tool("measure")
def depth(image: Image) -> Depth:
    """How far away every pixel is."""
    raise NotImplementedError


@tool("measure", pure=True)
def depth_at(region: Region, depth: Depth) -> Relative:
    """The median of a depth map in the region's mask, or else box; larger is farther.

    A map in metres is read as one whose scale nobody needs to know, so that programs are the same
    for both: what comes out compares with others of that map, and mixes with no metres.
    """
    expect_picture("depth_at", depth.image, region)
    return Relative(float(np.median(depth.depth[pixel_mask(region)])))


@tool("measure")
def distance(a: Region, b: Region) -> Metres:
    """How far apart two things are in space."""
    raise NotImplementedError


@tool("measure")
def flow(frame: Image, next: Image) -> Flow:
    """How every pixel moves from one frame to the next."""
    raise NotImplementedError


@tool("measure", pure=True)
def motion(region: Region, flow: Flow) -> str:
    """Which way the region moves: "left", "right", "up", "down" or "still".

    The median flow in its mask, or else box; under half a pixel a frame is still.
    """
    expect_picture("motion", flow.image, region)
    across, down = np.median(flow.uv[pixel_mask(region)], axis=0)
    if np.hypot(across, down) < STILL:
        return "still"
    if abs(across) >= abs(down):
        return "right" if across > 0 else "left"
    return "down" if down > 0 else "up"


@tool("measure", pure=True)
def position(region: Region) -> str:
    """Where in the picture its centre lies, by thirds: "top left", "center", "right" ..."""
    x, y = region.center
    across = _third(x / region.image.width, ("left", "", "right"))
    down = _third(y / region.image.height, ("top", "", "bottom"))
    return " ".join(filter(None, (down, across))) or "center"


def _third(share: float, names: tuple[str, str, str]) -> str:
    return names[min(2, max(0, int(share * 3)))]
