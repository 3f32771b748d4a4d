"""The words about videos: frames, one thing followed through them, when something holds, and which
way and how fast a thing went."""

from __future__ import annotations

import math
from itertools import pairwise

from visprog.errors import ToolError
from visprog.tool import tool
from visprog.values import Image, PixelsPerSecond, Region, Seconds, Unknown, Video
from visprog_tools.words import Clause

SHARE = 0.02  # of the picture's diagonal: who goes less than this is still
LEG = 0.5  # seconds of one leg of a path: shorter ones would measure its trembling
WAYS = ("right", "down right", "down", "down left", "left", "up left", "up", "up right")


@tool("video")
def frames(video: Video, n: int) -> list[Image]:
    """n frames from the first to the last, evenly spaced; each knows its `time`."""
    raise NotImplementedError


@tool("video")
def track(video: Video, region: Region) -> list[Region]:
    """Where one thing is in each sampled frame of the video, in order, until it is lost."""
    raise NotImplementedError


@tool("video")
def when(video: Video, statement: Clause) -> Seconds:
    """The first time at which a statement holds: "there is a dog", "the door is open"."""
    raise NotImplementedError


@tool("video", pure=True)
def direction(regions: list[Region]) -> str:
    """Which way a tracked thing went, from first to last: "left", "up right" ..., or "still"."""
    if not regions:
        return _nothing("direction")  # type: ignore[return-value]
    expect_times("direction", regions)
    first, last = regions[0], regions[-1]
    across, down = last.center[0] - first.center[0], last.center[1] - first.center[1]
    if math.hypot(across, down) < SHARE * math.hypot(first.image.width, first.image.height):
        return "still"
    return WAYS[round(math.atan2(down, across) / (math.pi / 4)) % 8]


@tool("video", pure=True)
def speed(regions: list[Region]) -> PixelsPerSecond:
    """How fast a tracked thing goes along its path, on average."""
    if len(regions) < 2:
        return _nothing("speed")  # type: ignore[return-value]
    times = expect_times("speed", regions)
    legs = [0]
    for place, time in enumerate(times):
        if time - times[legs[-1]] >= LEG:
            legs.append(place)
    if legs[-1] != len(times) - 1:
        # what is left over lengthens the last leg, unless it is the only one
        legs = [*(legs[:-1] if len(legs) > 1 else legs), len(times) - 1]
    points = [regions[place].center for place in legs]
    length = sum(math.dist(a, b) for a, b in pairwise(points))
    return PixelsPerSecond(length / (times[-1] - times[0]))


def expect_times(tool: str, regions: list[Region]) -> list[float]:
    """The times of regions of frames, which must grow.

    Raises:
        ToolError: they are of no frames, or not in order.
    """
    times = [region.image.time for region in regions]
    if None in times:
        raise ToolError(f"{tool}: want regions of frames of a video, as track(video, region) gives")
    known = [time for time in times if time is not None]
    if any(b <= a for a, b in pairwise(known)):
        raise ToolError(f"{tool}: want one region a frame, in the order of time")
    return known


def _nothing(tool: str) -> Unknown:
    return Unknown(
        f"{tool}: the thing was seen at fewer than two moments, so its motion cannot be told"
        if tool == "speed"
        else f"{tool}: the thing was not seen, so its motion cannot be told"
    )
