"""The declared table of properties: all that a program can see of a value with a dot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from visprog.errors import EvaluationError
from visprog.lang import types as t
from visprog.values import Depth, Image, Pixels, Region, Seconds, Text, Unknown, Video


@dataclass(frozen=True)
class PropertySpec:
    kind: t.Type
    read: Callable[[Any], Any]
    doc: str


def _sides() -> dict[str, PropertySpec]:
    pixels = t.of(Pixels)
    return {
        "left": PropertySpec(pixels, lambda value: value.box[0], "x of the left side"),
        "top": PropertySpec(pixels, lambda value: value.box[1], "y of the upper side"),
        "right": PropertySpec(pixels, lambda value: value.box[2], "x of the right side"),
        "bottom": PropertySpec(pixels, lambda value: value.box[3], "y of the lower side"),
        "width": PropertySpec(pixels, lambda value: value.box[2] - value.box[0], "right - left"),
        "height": PropertySpec(pixels, lambda value: value.box[3] - value.box[1], "bottom - top"),
        "center_x": PropertySpec(pixels, lambda v: (v.box[0] + v.box[2]) / 2, "x of the centre"),
        "center_y": PropertySpec(pixels, lambda v: (v.box[1] + v.box[3]) / 2, "y of the centre"),
        "score": PropertySpec(t.FLOAT, lambda value: float(value.score), "confidence, 0 to 1"),
    }


def _time(image: Image) -> float | Unknown:
    if image.time is None:
        return Unknown("a picture that is no frame of a video has no time; see frames(video, n)")
    return image.time


def _frames(video: Video) -> list[Image]:
    if len(video.frames) > video.most:
        raise EvaluationError(
            f"the video has {len(video.frames):,} frames, and a list may hold {video.most} of "
            "them: take some, as in frames(video, 16)"
        )
    return list(video.frames)


_IMAGE, _SECONDS = t.Named("Image"), t.of(Seconds)

PROPERTIES: Mapping[str, Mapping[str, PropertySpec]] = MappingProxyType(
    {
        Region.__name__: {
            **_sides(),
            "label": PropertySpec(t.STR, lambda value: value.label, "what it is"),
            "image": PropertySpec(_IMAGE, lambda value: value.image, "the picture it is in"),
            "time": PropertySpec(_SECONDS, lambda value: _time(value.image), "of its frame"),
            "has_mask": PropertySpec(t.BOOL, lambda v: v.mask is not None, "whether it has a mask"),
        },
        Text.__name__: {
            **_sides(),
            "text": PropertySpec(t.STR, lambda value: value.text, "the characters"),
        },
        Image.__name__: {
            "width": PropertySpec(t.of(Pixels), lambda value: float(value.width), "columns"),
            "height": PropertySpec(t.of(Pixels), lambda value: float(value.height), "rows"),
            "time": PropertySpec(_SECONDS, _time, "of a frame, since its video began"),
        },
        Depth.__name__: {
            "unit": PropertySpec(t.STR, lambda value: value.unit, '"metres" or "relative"'),
            "heuristic": PropertySpec(t.BOOL, lambda v: v.heuristic, "True where none measured it"),
        },
        Video.__name__: {
            "fps": PropertySpec(t.FLOAT, lambda value: float(value.fps), "frames a second"),
            "frames": PropertySpec(t.ListType(_IMAGE), _frames, "the pictures, in order"),
            "duration": PropertySpec(_SECONDS, lambda value: value.seconds, "how long it is"),
            "width": PropertySpec(t.of(Pixels), lambda value: float(value.width), "columns"),
            "height": PropertySpec(t.of(Pixels), lambda value: float(value.height), "rows"),
        },
    }
)
