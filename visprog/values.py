"""The values that flow between steps: what they hold, their units, and their validation.

Coordinates are pixels of the picture a value belongs to; the origin is the top-left corner, x grows
to the right, y grows down. A box is (left, top, right, bottom), right and bottom exclusive.
Values are immutable: their arrays are made read-only.
"""

from __future__ import annotations

import hashlib
import math
import struct
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NewType

import numpy as np
from numpy.typing import NDArray

Metres = NewType("Metres", float)
Pixels = NewType("Pixels", float)
Percent = NewType("Percent", float)  # of the picture's area
Relative = NewType("Relative", float)  # depth without a scale: larger is farther
Seconds = NewType("Seconds", float)
PixelsPerSecond = NewType("PixelsPerSecond", float)

DEPTH_UNITS = ("metres", "relative")
HELD = 160 * 2**20  # bytes of frames of a video that one list may hold


def _own(array: NDArray[Any], name: str, shape: tuple[int | None, ...], dtype: Any) -> None:
    """Check an array's shape and type, and make it read-only."""
    fits = array.ndim == len(shape) and all(
        want is None or want == got for want, got in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype != dtype:
        want = tuple("_" if size is None else size for size in shape)
        raise ValueError(
            f"{name}: want shape {want} {np.dtype(dtype)}, got {array.shape} {array.dtype}"
        )
    array.setflags(write=False)


def _digest(*parts: object) -> str:
    """A hash of texts, numbers and arrays, the same in every process."""
    arrays = [part for part in parts if isinstance(part, np.ndarray)]
    head = [
        (part.shape, part.dtype.str) if isinstance(part, np.ndarray) else part for part in parts
    ]
    made = hashlib.blake2b(repr(head).encode(), digest_size=16)
    for array in arrays:
        made.update(np.ascontiguousarray(array).data)
    return made.hexdigest()


class _Content:
    """Equality and hash by content, for values that hold arrays."""

    @property
    def key(self) -> str:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.key == getattr(other, "key", None)

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True, eq=False)
class Image(_Content):
    """A picture.

    `pixels`: (H, W, 3) uint8 RGB; `name`: what it is called (a file's stem); `focal`: the camera's
    focal length in pixels, 0 where it is not known; `axis`: where its optical axis meets the
    picture, in pixels, by default in the middle; a part of a picture may have it outside. None
    where no focal length is known. `time`: of a frame of a video, the seconds since it began.
    """

    pixels: NDArray[np.uint8]
    name: str = ""
    focal: float = 0.0
    axis: tuple[float, float] | None = None
    time: float | None = None

    def __post_init__(self) -> None:
        _own(self.pixels, "Image.pixels", (None, None, 3), np.uint8)
        if 0 in self.pixels.shape:
            raise ValueError(f"Image.pixels: a picture needs pixels, got shape {self.pixels.shape}")
        if not (math.isfinite(self.focal) and self.focal >= 0):
            raise ValueError(f"Image.focal: want 0 or more, got {self.focal}")
        if self.focal:
            x, y = self.axis or (self.width / 2, self.height / 2)
            object.__setattr__(self, "focal", float(self.focal))
            object.__setattr__(self, "axis", (float(x), float(y)))
        if self.axis is not None and not (self.focal and all(map(math.isfinite, self.axis))):
            raise ValueError(f"Image.axis: want finite numbers and a focal length: {self.axis}")
        if self.time is not None:
            if not (math.isfinite(self.time) and self.time >= 0):
                raise ValueError(f"Image.time: want 0 or more seconds, got {self.time}")
            object.__setattr__(self, "time", float(self.time))

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @cached_property
    def key(self) -> str:
        """Hash of the content; the name counts too, since an oracle answers by it."""
        camera = (self.focal, self.axis) if self.focal else ()  # else the key of old
        moment = () if self.time is None else ("at", self.time)
        return _digest("image", self.name, self.pixels, *camera, *moment)


@dataclass(frozen=True, eq=False)
class Region(_Content):
    """Where in which picture.

    `box`: (left, top, right, bottom) float pixels; `label`: what it is, never empty; `score`: in
    [0, 1]; `mask`: (H, W) bool of the whole picture, or None; `ref`: a backend's own name for it.
    """

    image: Image
    box: tuple[float, float, float, float]
    label: str
    score: float = 1.0
    mask: NDArray[np.bool_] | None = None
    ref: str = ""

    def __post_init__(self) -> None:
        left, top, right, bottom = (float(side) for side in self.box)
        object.__setattr__(self, "box", (left, top, right, bottom))
        if not all(map(math.isfinite, self.box)) or right < left or bottom < top:
            raise ValueError(f"Region.box: want finite left <= right, top <= bottom: {self.box}")
        if not self.label:
            raise ValueError("Region.label: want a name, got an empty text")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"Region.score: want 0 to 1, got {self.score}")
        if self.mask is not None:
            _own(self.mask, "Region.mask", self.image.pixels.shape[:2], np.bool_)

    @property
    def left(self) -> float:
        return self.box[0]

    @property
    def top(self) -> float:
        return self.box[1]

    @property
    def right(self) -> float:
        return self.box[2]

    @property
    def bottom(self) -> float:
        return self.box[3]

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]

    @property
    def center(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    @property
    def area(self) -> float:
        """Square pixels of the mask where there is one, else of the box."""
        return float(self.mask.sum()) if self.mask is not None else self.width * self.height

    @cached_property
    def key(self) -> str:
        mask = self.mask if self.mask is not None else ""
        return _digest(
            "region", self.image.key, self.box, self.label, float(self.score), self.ref, mask
        )


@dataclass(frozen=True, eq=False)
class Text(_Content):
    """A span of text read in a picture. `box` as in Region; `score` in [0, 1]."""

    image: Image
    text: str
    box: tuple[float, float, float, float]
    score: float = 1.0

    def __post_init__(self) -> None:
        Region(self.image, self.box, "text", self.score)  # the same rules
        if not self.text:
            raise ValueError("Text.text: want text, got none")

    @cached_property
    def key(self) -> str:
        box = tuple(map(float, self.box))
        return _digest("text", self.image.key, self.text, box, float(self.score))


@dataclass(frozen=True, eq=False)
class Depth(_Content):
    """Distance of every pixel. `depth`: (H, W) float32, larger is farther; `unit`: one of
    DEPTH_UNITS; `heuristic`: True where no model measured it."""

    image: Image
    depth: NDArray[np.float32]
    unit: str = "relative"
    heuristic: bool = False

    def __post_init__(self) -> None:
        _own(self.depth, "Depth.depth", self.image.pixels.shape[:2], np.float32)
        if not np.isfinite(self.depth).all():
            raise ValueError("Depth.depth: want finite numbers")
        if self.unit not in DEPTH_UNITS:
            raise ValueError(f"Depth.unit: want one of {DEPTH_UNITS}, got {self.unit!r}")

    @cached_property
    def key(self) -> str:
        return _digest("depth", self.image.key, self.depth, self.unit, bool(self.heuristic))


@dataclass(frozen=True, eq=False)
class Flow(_Content):
    """Motion of every pixel from `image` to the next frame. `uv`: (H, W, 2) float32 pixels a frame:
    x to the right, y down."""

    image: Image
    uv: NDArray[np.float32]

    def __post_init__(self) -> None:
        height, width, _ = self.image.pixels.shape
        _own(self.uv, "Flow.uv", (height, width, 2), np.float32)
        if not np.isfinite(self.uv).all():
            raise ValueError("Flow.uv: want finite numbers")

    @cached_property
    def key(self) -> str:
        return _digest("flow", self.image.key, self.uv)


class Footage(Sequence[Image]):
    """The frames of a video that are decoded when they are asked for, and not all held.

    `size`: width and height of each; `times`: of each in seconds, growing; `key`: of the content;
    `notices`: what was changed or assumed when it was opened.
    """

    size: tuple[int, int]
    times: tuple[float, ...]
    key: str
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.times)

    @abstractmethod
    def held(self) -> list[Image]:
        """The frames that are in memory now."""

    @abstractmethod
    def named(self, key: str) -> Image | None:
        """The frame whose content key is this; None where none has it."""


def _timed(frame: Image, seconds: float) -> Image:
    """The frame, knowing its time."""
    known = frame.time is not None or not (math.isfinite(seconds) and seconds >= 0)
    return frame if known else replace(frame, time=seconds)


@dataclass(frozen=True, eq=False)
class Video(_Content):
    """Frames of one size, in order; `fps`: frames a second, on average; `name`: what it is called;
    `times`: seconds of each frame since the first, by default one every 1 / fps."""

    frames: Sequence[Image]
    fps: float
    name: str = ""
    times: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f"Video.fps: want more than 0, got {self.fps}")
        if isinstance(self.frames, Footage):
            object.__setattr__(self, "times", self.frames.times)
        else:
            object.__setattr__(self, "frames", tuple(self.frames))
            if any(not isinstance(frame, Image) for frame in self.frames):
                raise ValueError("Video.frames: want pictures")
            if len({frame.pixels.shape for frame in self.frames}) != 1:
                raise ValueError("Video.frames: want at least one frame, all of one size")
            object.__setattr__(self, "times", tuple(self.times) or self._even)
            if len(self.times) == len(self.frames):
                pairs = zip(self.frames, self.times, strict=True)
                object.__setattr__(self, "frames", tuple(_timed(*pair) for pair in pairs))
        if len(self.times) != len(self.frames) or not self.times:
            raise ValueError("Video.times: want one for each frame, and at least one")
        steps = zip((-1e-9, *self.times), self.times, strict=False)
        if not all(math.isfinite(b) and a < b for a, b in steps):
            raise ValueError("Video.times: want seconds from 0 on, growing")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of each frame, in pixels."""
        if isinstance(self.frames, Footage):
            return self.frames.size
        return self.frames[0].width, self.frames[0].height

    @property
    def width(self) -> int:
        return self.size[0]

    @property
    def height(self) -> int:
        return self.size[1]

    @property
    def seconds(self) -> float:
        """How long it is: until the last frame's turn is over."""
        return self.times[-1] + 1 / self.fps

    @property
    def most(self) -> int:
        """How many frames one list may hold, so that memory is bounded."""
        return max(1, HELD // (3 * self.width * self.height))

    @property
    def held(self) -> Sequence[Image]:
        """The frames that are in memory now."""
        return self.frames.held() if isinstance(self.frames, Footage) else self.frames

    @cached_property
    def key(self) -> str:
        if isinstance(self.frames, Footage):
            return _digest("footage", self.frames.key, float(self.fps))
        timed = self.times if self.times != self._even else ()
        return _digest("video", *(frame.key for frame in self.frames), float(self.fps), *timed)

    @property
    def _even(self) -> tuple[float, ...]:
        return tuple(place / self.fps for place in range(len(self.frames)))


@dataclass(frozen=True)
class Unknown:
    """The typed abstention: there is no answer, and `reason` says why and what would help."""

    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("Unknown.reason: want a reason, got an empty text")

    @property
    def key(self) -> str:
        return _digest("unknown", self.reason)


Value = (
    Image
    | Region
    | Text
    | Depth
    | Flow
    | Video
    | Unknown
    | str
    | bool
    | int
    | float
    | list[Any]
    | tuple[Any, ...]
    | dict[str, Any]
)


def key(value: object) -> str:
    """Hash of a value's content, the same in every process; it keys caches and equality."""
    if isinstance(value, (_Content, Unknown)):
        return value.key
    return hashlib.blake2b(canonical(value), digest_size=16).hexdigest()


def canonical(value: object) -> bytes:
    """A value as bytes that no other value has; what holds arrays stands by its content key.

    Raises:
        TypeError: it is no value of the language.
    """
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        return b"s%d:%b" % (len(text), text)
    if isinstance(value, (_Content, Unknown)):
        text = value.key.encode()
        return b"k%d:%b" % (len(text), text)
    if isinstance(value, bool):
        return b"T" if value else b"F"
    if isinstance(value, int):
        return b"i%x;" % value
    if isinstance(value, float):
        return b"f" + struct.pack("<d", value)
    if isinstance(value, (list, tuple)):
        tag = b"l" if isinstance(value, list) else b"t"
        return b"%b%d:%b" % (tag, len(value), b"".join(map(canonical, value)))
    if isinstance(value, dict):
        items = (canonical(name) + canonical(item) for name, item in value.items())
        return b"d%d:%b" % (len(value), b"".join(items))
    raise TypeError(f"not a value of the language: {type(value).__name__}")


def derive_keys(value: object, key: Callable[[], str]) -> None:
    """Give the pictures, depths and flows of a call's result keys made from the key of the call.

    The call has one result, so no pixel need be read to know it again. Those whose key is known
    already keep it. `key` is called only where it is wanted.
    """
    if isinstance(value, (Image, Depth, Flow, Video)):
        if "key" not in vars(value):
            vars(value)["key"] = key()
    elif isinstance(value, (list, tuple)) and value and isinstance(value[0], (Image, Depth, Flow)):
        name = key()
        for place, item in enumerate(value):
            if "key" not in vars(item):
                vars(item)["key"] = f"{name} {place}"
