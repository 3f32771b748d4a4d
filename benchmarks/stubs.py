"""Vision tools whose models are stubs: what each answers, and what a call costs.

A stub answers from the pixels that it is given and the words beside them, so that an engine that
mixes up two pictures, or two parts of one, answers wrongly and is seen to. The tools that crop make
real crops. Every engine works with these same functions.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from visprog.errors import VisprogError
from visprog.tool import Backend, Model, Output, tool
from visprog.values import Image, Region

WIDTH, HEIGHT = 640, 480
BATCH = 16  # the most calls of one launch


@dataclass(frozen=True)
class Cost:
    """Seconds of a launch of one call, and of 2 to 16; `turns`: one launch at a time."""

    single: float
    batch: float
    turns: bool


COSTS = {
    "free": Cost(0.0, 0.0, False),
    "accelerator": Cost(0.020, 0.025, True),
    "remote": Cost(0.020, 0.025, False),
}
_ACCELERATOR = threading.Lock()  # there is one, whichever model is on it


class Models:
    """The two stub models, at one cost. `calls` and `launches` count by model. Thread-safe."""

    def __init__(self, cost: str) -> None:
        self.cost = COSTS[cost]
        self.calls: Counter[str] = Counter()
        self.launches: Counter[str] = Counter()
        self._lock = threading.Lock()

    def launch(self, name: str, calls: Sequence[tuple[Image, str]]) -> list[Any]:
        """The results of 1 to 16 calls of one model, in order."""
        if not 1 <= len(calls) <= BATCH:
            raise ValueError(f"a launch takes 1 to {BATCH} calls, got {len(calls)}")
        with self._lock:
            self.calls[name] += len(calls)
            self.launches[name] += 1
        self._wait(self.cost.single if len(calls) == 1 else self.cost.batch)
        return [ANSWERS[name](image, words) for image, words in calls]

    def _wait(self, seconds: float) -> None:
        if self.cost.turns:
            with _ACCELERATOR:
                time.sleep(seconds)
        elif seconds:
            time.sleep(seconds)

    def loc(self, image: Image, name: str) -> list[Region]:
        """One call, as plain Python and the peers make it."""
        (regions,) = self.launch("loc", [(image, name)])
        return list(regions)

    def vqa(self, image: Image, question: str) -> str:
        """One call, as plain Python and the peers make it."""
        (answer,) = self.launch("vqa", [(image, question)])
        return str(answer)


@lru_cache(maxsize=1)
def _gradient() -> Any:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    return ((columns + 7 * rows) % 256).astype(np.uint8)


def picture(number: int) -> Image:
    """Picture `number`: red and green tell which it is, blue whereabouts in it a pixel is."""
    pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    pixels[..., 0] = number % 256
    pixels[..., 1] = number // 256
    pixels[..., 2] = _gradient()
    return Image(pixels, f"picture{number}")


def _seed(image: Image, words: str) -> int:
    pixels = image.pixels
    corners = pixels[0, 0].tobytes() + pixels[-1, -1].tobytes()
    return zlib.crc32(f"{pixels.shape}{words}".encode(), zlib.crc32(corners))


def regions_of(image: Image, name: str) -> list[Region]:
    """1 to 3 regions of that name; 0 to 6 if the name is a plural."""
    seed = _seed(image, name)
    count = seed % 7 if name.endswith("s") else 1 + seed % 3
    made = []
    for place in range(count):
        across, wide = (seed >> 3 + place) % 256, (seed >> 11 + place) % 256
        left, top = image.width * across / 640, image.height * (1 + place) / 20
        right, bottom = left + image.width * (0.3 + wide / 1000), top + image.height * 0.4
        made.append(Region(image, (left, top, right, bottom), name))
    return made


WORDS = ("red", "blue", "green", "white", "black", "sitting", "running", "sunny")


def answer_of(image: Image, question: str) -> str:
    """`yes` or `no` to what begins with "Is"; else one of eight words."""
    seed = _seed(image, question) >> 3
    if question.startswith("Is"):
        return "yes" if seed % 2 else "no"
    return WORDS[seed % len(WORDS)]


ANSWERS: dict[str, Callable[[Image, str], Any]] = {"loc": regions_of, "vqa": answer_of}
TEXTS = {"loc": "name", "vqa": "question"}  # what the words of each are called

# -- the tools


@tool("find")
def loc(image: Image, name: str) -> list[Region]:
    """The regions that show what is named."""
    raise NotImplementedError


@tool("look")
def vqa(image: Image, question: str) -> str:
    """The answer to a question about the picture."""
    raise NotImplementedError


@tool("measure", pure=True)
def count(regions: list[Region]) -> int:
    """How many regions there are."""
    return len(regions)


@tool("picture", pure=True)
def crop(image: Image, regions: list[Region]) -> Image:
    """The picture around the first region, half as large again; all of it if there is none."""
    if not regions:
        return image
    left, top, right, bottom = regions[0].box
    wide, high = (right - left) / 4, (bottom - top) / 4
    return _cut(image, left - wide, top - high, right + wide, bottom + high)


@tool("picture", pure=True)
def crop_left_of(image: Image, regions: list[Region]) -> Image:
    """The picture left of the first region's centre; all of it if there is none."""
    if not regions:
        return image
    return _cut(image, 0, 0, regions[0].center[0], image.height)


@tool("picture", pure=True)
def crop_right_of(image: Image, regions: list[Region]) -> Image:
    """The picture right of the first region's centre; all of it if there is none."""
    if not regions:
        return image
    return _cut(image, regions[0].center[0], 0, image.width, image.height)


@tool("picture", pure=True)
def part(region: Region) -> Image:
    """The region as a picture of its own."""
    return _cut(region.image, *region.box)


def _cut(image: Image, left: float, top: float, right: float, bottom: float) -> Image:
    x, y = max(0, min(int(left), image.width - 1)), max(0, min(int(top), image.height - 1))
    return Image(image.pixels[y : max(y + 1, int(bottom)), x : max(x + 1, int(right))], image.name)


PURE: dict[str, Callable[..., Any]] = {
    made.__name__: made for made in (count, crop, crop_left_of, crop_right_of, part)
}


# -- the backends


class Stub(Backend):
    """A stub model behind a tool, a batch at once."""

    batch = BATCH
    cost: ClassVar[str]

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self.model = Model(f"stub-{self.serves[0]}", "Apache-2.0", "1", "rules")
        self.models = Models(self.cost)

    def run(self, tool: str, calls: Sequence[Mapping[str, Any]]) -> list[Output | VisprogError]:
        words = TEXTS[tool]
        rows = [(call["image"], call[words]) for call in calls]
        return [Output(value) for value in self.models.launch(tool, rows)]


class FreeLoc(Stub):
    name, serves, cost = "free-loc", ("loc",), "free"
    device = "accelerator"


class FreeVqa(Stub):
    name, serves, cost = "free-vqa", ("vqa",), "free"
    device = "accelerator"


class LocalLoc(Stub):
    name, serves, cost = "local-loc", ("loc",), "accelerator"
    device = "accelerator"


class LocalVqa(Stub):
    name, serves, cost = "local-vqa", ("vqa",), "accelerator"
    device = "accelerator"


class RemoteLoc(Stub):
    name, serves, cost = "remote-loc", ("loc",), "remote"
    device, lanes = "remote", 64


class RemoteVqa(Stub):
    name, serves, cost = "remote-vqa", ("vqa",), "remote"
    device, lanes = "remote", 64


PROFILES = {
    "free": {"loc": "free-loc", "vqa": "free-vqa"},
    "accelerator": {"loc": "local-loc", "vqa": "local-vqa"},
    "remote": {"loc": "remote-loc", "vqa": "remote-vqa"},
}
