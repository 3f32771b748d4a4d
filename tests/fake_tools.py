"""Tools, backends and a profile without models, for the tests of the engine, agent and command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from visprog.errors import ToolError, VisprogError
from visprog.tool import Backend, Model, Output, tool
from visprog.values import Image, Metres, Region, Unknown

HOSTILE = "\x1b[31m[bold red]<script>alert(1)</script>:smile:\x1b[0m"


@tool("find")
def spot(image: Image, name: str) -> list[Region]:
    """Things of that name, side by side; none called "nothing"."""
    raise NotImplementedError


@tool("look")
def weigh(image: Image, name: str) -> float:
    """How heavy a thing of that name is."""
    raise NotImplementedError


@tool("measure")
def far(image: Image, name: str) -> Metres:
    """How far away a thing of that name is."""
    raise NotImplementedError


@tool("measure", pure=True)
def tally(regions: list[Region]) -> int:
    """How many there are."""
    return len(regions)


@tool("measure", pure=True)
def broken(number: int) -> int:
    """Fails, whatever it is given."""
    return number // 0


class Spotter(Backend):
    """Two regions for every name; keeps the calls of each batch."""

    name = "spotter"
    serves = ("spot", "far")
    model = Model("spotter of the tests", "Apache-2.0", "1")
    batch = 4
    batches: ClassVar[list[list[str]]] = []

    def run(self, tool: str, calls: Sequence[Mapping[str, Any]]) -> list[Output | VisprogError]:
        self.batches.append([call["name"] for call in calls])
        return super().run(tool, calls)

    def spot(self, image: Image, name: str) -> list[Region] | Unknown | Output:
        if name == "unicorn":
            return Unknown("there are no unicorns; try: visprog tools")
        if name == "nothing":
            return []
        label = HOSTILE if name == "hostile" else name
        found = [Region(image, (place, 0, place + 1, 1), label, 0.5) for place in (0, 1)]
        return Output(found, ("spots are made up",)) if name == "note" else found

    def far(self, image: Image, name: str) -> float:
        return 2.5


class Scale(Backend):
    """Gives what it is told to, by the name of the thing: what a faulty backend may give."""

    name = "scale"
    serves = ("weigh",)
    model = Model("scale of the tests", "Apache-2.0")
    batch = 8
    results: ClassVar[dict[str, Any]] = {
        "nan": float("nan"),
        "infinite": float("inf"),
        "none": None,
        "text": "heavy",
        "truth": True,
    }
    calls: ClassVar[int] = 0

    def weigh(self, image: Image, name: str) -> Any:
        type(self).calls += 1
        if name == "refused":
            raise ToolError("too heavy")
        if name == "defect":
            raise KeyError("no such thing")
        return self.results.get(name, 7.0)


PROFILES = {"fake": {"spot": "spotter", "far": "spotter", "weigh": "scale"}}
