"""Tools that need no picture to look at, for tests of the language."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from visprog.errors import ToolError
from visprog.execution import Ended, Engine, Limits, Request, Run, run
from visprog.lang import check, parse
from visprog.tool import Toolset, tool
from visprog.values import Image, Metres, Pixels, Region, Unknown

PICTURE = Image(np.zeros((48, 64, 3), np.uint8), "blank")


@tool("find", pure=True)
def detect(image: Image, name: str) -> list[Region]:
    """Two regions of that name, the right one larger; none of `nothing`."""
    if name == "nothing":
        return []
    small, large = (10.0, 10.0, 20.0, 20.0), (20.0, 10.0, 40.0, 30.0)
    return [Region(image, small, name, 0.5), Region(image, large, name, 0.75)]


@tool("measure", pure=True)
def count(regions: list[Region]) -> int:
    """How many."""
    return len(regions)


@tool("choose", pure=True)
def largest(regions: list[Region]) -> Region:
    """The largest."""
    return max(regions, key=lambda region: region.area)


@tool("choose", pure=True)
def left_of(regions: list[Region], anchor: Region) -> list[Region]:
    """Those left of the anchor; here, none."""
    return [region for region in regions if region.right < anchor.left]


@tool("look", pure=True)
def query(subject: Region | Image, attribute: str) -> str:
    """The attribute, told back; `secret` is unknown and `broken` goes wrong."""
    if attribute == "secret":
        return Unknown("it is a secret")  # type: ignore[return-value]
    if attribute == "broken":
        raise ToolError("it broke")
    return attribute


@tool("look", pure=True)
def verify(subject: Region | Image, statement: str) -> bool:
    """Whether the statement is "true"; "secret" is unknown."""
    if statement == "secret":
        return Unknown("it is a secret")  # type: ignore[return-value]
    return statement == "true"


@tool("measure", pure=True)
def width(region: Region) -> Pixels:
    """How wide."""
    return Pixels(region.width)


@tool("measure", pure=True)
def distance(a: Region, b: Region) -> Metres:
    """Always two metres."""
    return Metres(2.0)


TOOLS = Toolset.of(sys.modules[__name__])
INPUTS: dict[str, Any] = {"image": Image}


def checked(source: str) -> Any:
    """The type of a program's answer."""
    return check(parse(source), TOOLS, INPUTS)


def value_of(source: str, limits: Limits | None = None) -> Any:
    """What a program gives; raises what it fails with."""
    program = parse(source)
    check(program, TOOLS, INPUTS)
    started = run(program, TOOLS, {"image": PICTURE}, limits)
    *_, (_, end) = Engine(TOOLS).drive({0: started})
    assert isinstance(end, Ended)
    if end.error:
        raise end.error
    return end.value


def answered(
    going: Run,
    reply: Callable[[Request], Any],
    pick: Callable[[Sequence[Request]], int] = lambda waiting: 0,
) -> Any:
    """What a run gives whose calls are answered one by one; raises what it fails with.

    `pick`: which of the calls that wait, in the program's order, is answered next.
    """
    waiting: list[Request] = []
    try:
        turn = next(going)
        while True:
            waiting = sorted([*waiting, *turn.calls], key=lambda request: request.order)
            if turn.more:
                turn = going.send(None)
            else:
                request = waiting.pop(pick(waiting))
                turn = going.send((request, reply(request), 0.0))
    except StopIteration as done:
        return done.value
