"""Backends that die, hang and refuse, each in a process of its own; for the tests of Ray."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from visprog.errors import ToolError, WeightsError
from visprog.tool import Backend, Model, Output, tool
from visprog.values import Depth, Image, Region

MODEL = Model("model of the tests", "Apache-2.0")


@tool("look")
def tell(image: Image, name: str) -> str:
    """What a thing of that name is."""
    raise NotImplementedError


@tool("look")
def foretell(image: Image, name: str) -> str:
    """What nobody lives to say."""
    raise NotImplementedError


@tool("look")
def recall(image: Image, name: str) -> str:
    """What nobody has the weights for."""
    raise NotImplementedError


@tool("find")
def outline(image: Image, name: str) -> Region:
    """The whole picture."""
    raise NotImplementedError


@tool("measure")
def reach(region: Region) -> Depth:
    """How far its picture is."""
    raise NotImplementedError


class Mortal(Backend):
    """Does what the name of the thing says; option `marker`: a file that says who died already."""

    name = "mortal"
    serves = ("tell", "outline", "reach")
    model = MODEL
    batch = 4

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._marker = Path(options.get("marker", "none"))

    def tell(self, image: Image, name: str) -> Any:
        if name == "poison" or (name == "once" and not self._marker.exists()):
            self._marker.touch()
            os._exit(9)
        if name == "exit":
            sys.exit("I leave")
        if name == "hang":
            time.sleep(600)
        if name == "refused":
            raise ToolError("I will not")
        if name == "unsendable":
            return Output(lambda: 0)  # type: ignore[arg-type]
        return str(os.getpid()) if name == "process" else f"{name} of {image.name}"

    def outline(self, image: Image, name: str) -> Output:
        box = (0.0, 0.0, float(image.width), float(image.height))
        mask = np.ones((image.height, image.width), np.bool_)
        return Output(Region(image, box, name, mask=mask), ("all of it",))

    def reach(self, region: Region) -> Depth:
        return Depth(region.image, np.full(region.image.pixels.shape[:2], 2, np.float32))


class Doomed(Backend):
    """Dies of every batch."""

    name = "doomed"
    serves = ("foretell",)
    model = MODEL
    batch = 4

    def foretell(self, image: Image, name: str) -> str:
        os._exit(9)


class Forgetful(Backend):
    """Has no weights."""

    name = "forgetful"
    serves = ("recall",)
    model = MODEL

    def load(self) -> None:
        raise WeightsError("the weights are absent; get them")


PROFILES = {
    "mortal": {
        "tell": "mortal",
        "outline": "mortal",
        "reach": "mortal",
        "foretell": "doomed",
        "recall": "forgetful",
    }
}
