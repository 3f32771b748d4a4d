"""RAFT: how every pixel moves from one frame to the next; and things followed by that."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import sqrt
from typing import Any, ClassVar, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ToolError, VisprogError, WeightsError
from visprog.tool import Output
from visprog.values import Flow, Image, Value
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.hub.checkpoints import TORCHVISION, fill
from visprog_tools.hub.devices import Place, place_of
from visprog_tools.hub.segmentation import parts
from visprog_tools.hub.snapshots import Snapshot
from visprog_tools.hub.turns import TURNS
from visprog_tools.optical_flow import expect_one_size
from visprog_tools.tracking import courses, follow, joined, scale_of
from visprog_tools.tracking import place_of as place_in

STRIDE = 8  # pixels of a cell, in each direction
LEAST = 128  # pixels of a side that the network reads at least
MOST = 2**20  # pixels of a frame that it reads at most: it compares each cell with each other one
PAIRS = (MOST // STRIDE**2) ** 2  # of cells that are compared at once: 1 GB of numbers

Array = NDArray[Any]

_BUSY: WeakKeyDictionary[Any, threading.Lock] = WeakKeyDictionary()
_BUSY_LOCK = threading.Lock()


class Canvas(NamedTuple):
    """How frames of `size` (width, height) lie in what the network reads: scaled to `scaled`, and
    in the middle of `whole`, where their edges are repeated all around."""

    size: tuple[int, int]
    scaled: tuple[int, int]
    whole: tuple[int, int]

    @classmethod
    def of(cls, width: int, height: int) -> Canvas:
        most = min(sqrt(MOST / (width * height)), MOST / LEAST / max(width, height), 1.0)
        wide, high = (max(1, round(side * most)) for side in (width, height))
        whole = (max(LEAST, -(-side // STRIDE) * STRIDE) for side in (wide, high))
        return cls((width, height), (wide, high), tuple(whole))  # type: ignore[arg-type]

    @property
    def margins(self) -> tuple[int, int]:
        """Pixels to the left and above."""
        (wide, high), (whole_wide, whole_high) = self.scaled, self.whole
        return (whole_wide - wide) // 2, (whole_high - high) // 2

    @property
    def at_once(self) -> int:
        """How many pairs of frames may be compared at once."""
        cells = self.whole[0] * self.whole[1] // STRIDE**2
        return max(1, PAIRS // cells**2)

    def put(self, frames: Any) -> Any:
        """(n, 3, h, w) of 0 to 255 as what the network reads, of -1 to 1."""
        from torch.nn.functional import interpolate, pad

        made = frames.float() / 127.5 - 1
        if self.scaled != self.size:
            made = interpolate(made, self.scaled[::-1], mode="bilinear", antialias=True)
        left, top = self.margins
        right = self.whole[0] - self.scaled[0] - left
        bottom = self.whole[1] - self.scaled[1] - top
        return pad(made, (left, right, top, bottom), mode="replicate")

    def flow(self, found: Any) -> Any:
        """(n, 2, h, w) in pixels of the frames, of what the network gave."""
        import torch
        from torch.nn.functional import interpolate

        left, top = self.margins
        wide, high = self.scaled
        made = found.float()[..., top : top + high, left : left + wide]
        if self.scaled != self.size:
            made = interpolate(made, self.size[::-1], mode="bilinear")
            ratio = [a / b for a, b in zip(self.size, self.scaled, strict=True)]
            made = made * torch.tensor(ratio, device=made.device)[:, None, None]
        return made


class Raft(HubBackend):
    """RAFT (Teed and Deng, ECCV 2020, arXiv 2003.12039), by torchvision:
    https://docs.pytorch.org/vision/stable/models/raft.html. It is float32 on every device, since it
    computes with coordinates.

    A thing is followed as the backend `flow` does it, by this flow in place of OpenCV's.
    `network`: of torchvision.models.optical_flow; `updates`: how often a flow is made better.
    """

    serves = ("flow", "track")
    network: ClassVar[str]
    updates: ClassVar[int] = 12  # torchvision's own choice
    deadline = 1800.0  # of tracks on processors

    @property
    def parameters(self) -> Mapping[str, Value]:
        return {"updates": self.updates}

    @cached_property
    def place(self) -> Place:
        return replace(place_of(self.options), dtype="float32")

    def prepare(self, found: Snapshot) -> None:
        try:
            import torchvision.models.optical_flow  # noqa: F401
        except (ImportError, RuntimeError, AttributeError) as error:  # of a broken one, too
            raise WeightsError(f"{self.name} wants {TORCHVISION} ({error})") from error

    def make(self, found: Snapshot) -> Any:
        from torchvision.models import optical_flow

        with TURNS.loading():
            module = getattr(optical_flow, self.network)(weights=None, progress=False)
            fill(module, found, self.network)
        return module

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        if tool == "track":
            return [self._tracked(call, module) for call in calls]
        made: list[Result | None] = [None] * len(calls)
        sizes: dict[tuple[int, int], list[int]] = {}
        for place, call in enumerate(calls):
            frame, after = call["frame"], call["next"]
            try:
                expect_one_size(frame, after)
            except ToolError as error:
                made[place] = error
            else:
                sizes.setdefault((frame.width, frame.height), []).append(place)
        for size, places in sizes.items():
            canvas = Canvas.of(*size)
            pairs = [(calls[place]["frame"], calls[place]["next"]) for place in places]
            found = self.measure([(a.pixels, b.pixels) for a, b in pairs], canvas, module)
            for place, (frame, _), uv in zip(places, pairs, found, strict=True):
                made[place] = self._result(frame, uv, canvas)
        return [one for one in made if one is not None]

    def measure(
        self, pairs: Sequence[tuple[Array, Array]], canvas: Canvas, module: Any
    ) -> list[NDArray[np.float32]]:
        """Of each pair of pictures (h, w, 3) uint8, all of one size, the flow (h, w, 2)."""
        import torch

        made: list[NDArray[np.float32]] = []
        for part in parts(pairs, canvas.at_once):
            sides = [
                torch.stack([torch.tensor(one).permute(2, 0, 1) for one in side])
                for side in zip(*part, strict=True)
            ]
            ones, others = (canvas.put(side.to(self.place.device)) for side in sides)
            with _alone(module):
                try:
                    found = module(ones, others, num_flow_updates=self.updates)[-1]
                finally:
                    compared = getattr(module, "corr_block", None)
                    if compared is not None:
                        compared.corr_pyramid = []  # the network would keep it until the next call
            made.extend(canvas.flow(found).permute(0, 2, 3, 1).contiguous().cpu().numpy())
        return made

    def _result(self, frame: Image, uv: NDArray[np.float32], canvas: Canvas) -> Result:
        if not np.isfinite(uv).all():
            return ToolError(f"flow: {self.name} gave a flow that is no numbers")
        notices: tuple[str, ...] = ()
        if canvas.scaled != canvas.size:
            wide, high = canvas.scaled
            notices = (f"{self.name} measured the flow of frames made smaller: {wide} x {high}",)
        return Output(Flow(frame, np.ascontiguousarray(uv)), notices)

    def _tracked(self, call: Mapping[str, Any], module: Any) -> Result:
        video, region = call["video"], call["region"]

        def flows(one: Array, other: Array) -> tuple[Array, Array]:
            canvas = Canvas.of(one.shape[1], one.shape[0])
            forward, backward = self.measure([(one, other), (other, one)], canvas, module)
            if not (np.isfinite(forward).all() and np.isfinite(backward).all()):
                raise ToolError(f"track: {self.name} gave a flow that is no numbers")
            return forward, backward

        scale = scale_of(video, region)
        try:
            told = [
                (course, *follow(video, region, course, scale, flows))
                for course in courses(video, place_in(video, region.image))
            ]
        except VisprogError as error:
            return error
        return joined(region, told)


class RaftSmall(Raft):
    name = weights = "raft-small"
    network = "raft_small"


class RaftLarge(Raft):
    name = weights = "raft-large"
    network = "raft_large"


def _alone(module: Any) -> threading.Lock:
    """One thread at a time: the network keeps what it computes with in itself."""
    with _BUSY_LOCK:
        return _BUSY.setdefault(module, threading.Lock())
