"""Values in words: a short text for terminals and planners, and plain JSON for programs.

Text that a model or a picture made is data: it is shown without control characters.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from visprog.values import Depth, Flow, Image, Region, Text, Unknown, Video

_MOMENT = re.compile(r"#t=[\d.]+")
LIMIT = 300  # characters of a description
HIDDEN = re.compile(  # control characters, and those that hide or turn the text around them
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\ud800-\udfff]"
)


def printable(text: str) -> str:
    """`text` with every hidden character but tab and line feed made visible, as U+FFFD."""
    return HIDDEN.sub("\ufffd", text)


def describe(value: object, limit: int = LIMIT) -> str:
    """A value as one line of at most about `limit` characters: `2 regions: cat 0.91 at (1, 2, 30,
    40), ...`. A text stands as it is; within a list or dict it has quotes."""
    if isinstance(value, str):
        return _shorten(_one_line(value), limit)
    return _describe(value, limit)


def _describe(value: object, limit: int) -> str:
    if isinstance(value, str):
        return f'"{_shorten(_one_line(value), max(8, limit - 2))}"'
    if isinstance(value, dict):
        parts = (f"{_one_line(str(k))}: {_describe(v, limit // 2)}" for k, v in value.items())
        return "{" + _joined(parts, len(value), limit) + "}"
    if isinstance(value, (list, tuple)):
        return _describe_list(value, limit)
    return _shorten(_one(value), limit)


def _one(value: object) -> str:
    """A value that has no parts."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return number(value)
        case Unknown(reason):
            return f"unknown: {_one_line(reason)}"
        case Image():
            moment = "" if value.time is None else f" at {number(value.time)} s"
            return f"{_named('picture', value)}{moment} {value.width} x {value.height}"
        case Region():
            mask = "" if value.mask is None else ", with its mask"
            return f"{_one_line(value.label)} {value.score:.2f} at {_box(value.box)}{mask}"
        case Text():
            return f'"{_one_line(value.text)}" {value.score:.2f} at {_box(value.box)}'
        case Depth():
            low, middle, high = map(number, _quantiles(value.depth))
            unit = "metres" if value.unit == "metres" else "(relative, larger is farther)"
            guess = ", a heuristic" if value.heuristic else ""
            return f"depth {low} to {high}, median {middle} {unit}{guess}"
        case Flow():
            speed = np.linalg.norm(value.uv, axis=2)
            right, down = np.median(value.uv, axis=(0, 1))
            return (
                f"flow: median ({number(right)}, {number(down)}), "
                f"at most {number(speed.max())} pixels a frame"
            )
        case Video():
            frames = "1 frame" if len(value.frames) == 1 else f"{len(value.frames)} frames"
            title = f"{_named('video', value)} of" if value.name else "video of"
            return f"{title} {frames}, {number(value.fps)} a second"
    return type(value).__name__


def _describe_list(values: Sequence[Any], limit: int) -> str:
    nouns: dict[type, str] = {Region: "regions", Text: "texts", Image: "pictures"}
    kinds = {type(value) for value in values}
    noun = nouns.get(kinds.pop()) if len(kinds) == 1 else None
    if not noun:
        return "[" + _joined((_describe(v, limit // 2) for v in values), len(values), limit) + "]"
    head = f"{len(values)} {noun if len(values) > 1 else noun[:-1]}: "
    return head + _joined(map(_one, values), len(values), limit - len(head))


def _joined(parts: Iterable[str], count: int, limit: int) -> str:
    """As many parts as fit, at least one, and how many were left out."""
    made: list[str] = []
    length = 0
    for part in parts:
        length += len(part) + 2
        if made and length > limit:
            return f"{', '.join(made)} and {count - len(made)} more"
        made.append(_shorten(part, limit))
    return ", ".join(made)


def number(value: float) -> str:
    """A number as people write it: whole, or with the digits that matter."""
    if isinstance(value, int):
        bits = value.bit_length()
        return str(value) if bits < 200 else f"an integer of about {int(bits * 0.30103)} digits"
    value = float(value)
    if not math.isfinite(value) or abs(value) >= 1e15:
        return f"{value:.4g}"
    if abs(value) >= 1 or value == 0:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.2g}"


def _one_line(text: str) -> str:
    return printable(" ".join(text[:10_000].split()))


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(1, limit - 1)] + "\u2026"


def _box(box: Sequence[float]) -> str:
    return "(" + ", ".join(f"{side:.0f}" for side in box) + ")"


def title(image: Image | Video) -> str:
    """What a picture is called; of a frame of a video without its time, `#t=1.25`."""
    timed = isinstance(image, Image) and image.time is not None
    return _MOMENT.sub("", image.name, count=1) if timed else image.name


def _named(kind: str, image: Image | Video) -> str:
    name = title(image)
    return f"{kind} {_one_line(name)}" if name else kind


def _quantiles(array: Any) -> tuple[float, float, float]:
    return float(array.min()), float(np.median(array)), float(array.max())


def to_json(value: object) -> Any:
    """A value as `json.dumps` takes it. Arrays are summed up; numbers that JSON lacks are null."""
    made = _JSON.get(type(value))
    if made:
        return made(value)
    if isinstance(value, dict):
        return {printable(str(name)): to_json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() < 10_000 else number(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return printable(str(value))


def _place(value: Region | Text) -> dict[str, Any]:
    return {"box": [round(side, 2) for side in value.box], "score": round(float(value.score), 4)}


def _region(value: Region) -> dict[str, Any]:
    made = {"label": printable(value.label), **_place(value)}
    if value.image.time is not None:
        made["time"] = round(value.image.time, 4)
    if value.mask is not None:
        made["mask_pixels"] = int(value.mask.sum())
    return made


def _depth(value: Depth) -> dict[str, Any]:
    low, middle, high = _quantiles(value.depth)
    summary = {"unit": value.unit, "min": low, "median": middle, "max": high}
    return {"depth": {**summary, "heuristic": value.heuristic}}


def _flow(value: Flow) -> dict[str, Any]:
    right, down = (float(part) for part in np.median(value.uv, axis=(0, 1)))
    fastest = float(np.linalg.norm(value.uv, axis=2).max())
    return {"flow": {"unit": "pixels a frame", "median": [right, down], "fastest": fastest}}


def _image(value: Image) -> dict[str, Any]:
    made = {"image": printable(value.name), "width": value.width, "height": value.height}
    return made if value.time is None else {**made, "time": round(value.time, 4)}


def _video(value: Video) -> dict[str, Any]:
    frame = {"image": printable(value.name), "width": value.width, "height": value.height}
    return {
        "video": frame,
        "frames": len(value.frames),
        "fps": value.fps,
        "seconds": round(value.seconds, 4),
    }


_JSON: dict[type, Callable[[Any], Any]] = {
    Image: _image,
    Region: _region,
    Text: lambda value: {"text": printable(value.text), **_place(value)},
    Depth: _depth,
    Flow: _flow,
    Video: _video,
    Unknown: lambda value: {"unknown": printable(value.reason)},
}
