"""The declared table of properties: all that a program can see of a value with a dot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from visprog.lang import types as t
from visprog.values import Depth, Image, Pixels, Region, Text, Video


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


_IMAGE = t.Named("Image")

PROPERTIES: Mapping[str, Mapping[str, PropertySpec]] = MappingProxyType(
    {
        Region.__name__: {
            **_sides(),
            "label": PropertySpec(t.STR, lambda value: value.label, "what it is"),
            "image": PropertySpec(_IMAGE, lambda value: value.image, "the picture it is in"),
            "has_mask": PropertySpec(t.BOOL, lambda v: v.mask is not None, "whether it has a mask"),
        },
        Text.__name__: {
            **_sides(),
            "text": PropertySpec(t.STR, lambda value: value.text, "the characters"),
        },
        Image.__name__: {
            "width": PropertySpec(t.of(Pixels), lambda value: float(value.width), "columns"),
            "height": PropertySpec(t.of(Pixels), lambda value: float(value.height), "rows"),
        },
        Depth.__name__: {
            "unit": PropertySpec(t.STR, lambda value: value.unit, '"metres" or "relative"'),
            "heuristic": PropertySpec(t.BOOL, lambda v: v.heuristic, "True where none measured it"),
        },
        Video.__name__: {
            "fps": PropertySpec(t.FLOAT, lambda value: float(value.fps), "frames a second"),
            "frames": PropertySpec(
                t.ListType(_IMAGE), lambda value: list(value.frames), "the pictures, in order"
            ),
        },
    }
)
