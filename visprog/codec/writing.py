"""Values to bytes."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.codec.layout import (
    ALIGN,
    DEEPEST,
    HEAD,
    MAGIC,
    MOST_TOKENS,
    PLAIN,
    CodecError,
    arrays_of,
)
from visprog.values import Depth, Flow, Footage, Image, Region, Text, Unknown, Value, Video


def encode(value: Value, known: Iterable[Value] = ()) -> bytes:
    """A value as bytes.

    `known`: what the reader will have too, such as the arguments of the call that made the value;
    pictures and whatever else of it holds arrays are stored as their keys alone.

    Raises:
        CodecError: something in it is no value of the language, or it is too large or too deep.
    """
    from msgpack import Packer

    writer = _Writer(known)
    writer.value(value, 0)
    try:
        packer = Packer(strict_types=True, unicode_errors="surrogatepass")
        tokens: bytes = packer.pack(writer.tokens)
    except (TypeError, ValueError, OverflowError) as error:  # such as a label that is no str
        raise CodecError(f"cannot encode: {error}") from None
    parts: list[Any] = [HEAD.pack(MAGIC, len(tokens)), tokens]
    if writer.arrays:
        parts.append(bytes(-(HEAD.size + len(tokens)) % ALIGN))
        for array in writer.arrays:
            size = array.nbytes if isinstance(array, np.ndarray) else len(array)
            parts += (array, bytes(-size % ALIGN))
    return b"".join(parts)


class _Writer:
    """Tokens and arrays of a value. Parts are known again by identity, pictures by key too."""

    def __init__(self, known: Iterable[Value]) -> None:
        self.tokens: list[Any] = []
        self.arrays: list[Any] = []  # buffers
        self._known = {id(part): part for part in arrays_of(known)}
        self._places: dict[int, int] = {}
        self._keys: dict[str, int] = {}
        self._known_keys: set[str] | None = None
        self._count = 0

    def value(self, value: Any, depth: int) -> None:
        kind = type(value)
        if kind is str or kind is float or kind is bool:
            self.tokens.append(value)
            return
        write = _WRITE.get(kind)
        if write is None:
            hint = " (numpy scalars: call float(), int() or bool())" if _numpy(value) else ""
            raise CodecError(f"{kind.__module__}.{kind.__qualname__} is no value{hint}")
        if depth > DEEPEST or len(self.tokens) > MOST_TOKENS:
            raise CodecError("a value too deep or too large to encode")
        write(self, value, depth)

    def integer(self, value: int, depth: int) -> None:
        if -(2**63) <= value < 2**64:
            self.tokens.append(value)
        else:
            size = value.bit_length() // 8 + 1
            self.tokens += (b"n", value.to_bytes(size, "little", signed=True))

    def sequence(self, value: list[Any] | tuple[Any, ...], depth: int) -> None:
        self.tokens += (b"l" if type(value) is list else b"t", len(value))
        kinds = set(map(type, value))
        if kinds <= PLAIN and int not in kinds:
            self.tokens += value
            return
        for item in value:
            self.value(item, depth + 1)

    def mapping(self, value: dict[str, Any], depth: int) -> None:
        self.tokens += (b"d", len(value))
        for name, item in value.items():
            if type(name) is not str:
                raise CodecError(f"a key of a dict is a text, not {type(name).__name__}")
            self.tokens.append(name)
            self.value(item, depth + 1)

    def unknown(self, value: Unknown, depth: int) -> None:
        self.tokens += (b"u", value.reason)

    def text(self, value: Text, depth: int) -> None:
        self.tokens += (b"x", value.text, *map(float, value.box), float(value.score))
        self.image(value.image, depth)

    def region(self, value: Region, depth: int) -> None:
        if value.mask is None:
            self.tokens += (b"r", value.label, *value.box, float(value.score), value.ref)
            self.image(value.image, depth)
        elif not self._refer(value):
            self.tokens += (b"m", self._key(value), value.label, *value.box)
            self.tokens += (float(value.score), value.ref)
            self.image(value.image, depth)
            packed = _pack(value.mask)
            self.tokens.append(len(packed))
            self.arrays.append(packed)
            self._share(value)

    def image(self, value: Image, depth: int) -> None:
        if not self._refer(value):
            tag = b"i" if value.axis is None else b"c"
            tag = tag if value.time is None else b"s"
            self.tokens += (tag, self._key(value), value.name, value.height, value.width)
            if value.axis is not None or value.time is not None:
                self.tokens += (value.focal, *(value.axis or (0.0, 0.0)))
            if value.time is not None:
                self.tokens.append(value.time)
            self.arrays.append(np.ascontiguousarray(value.pixels))
            self._share(value)

    def depth(self, value: Depth, depth: int) -> None:
        if not self._refer(value):
            self.tokens += (b"z", self._key(value), value.unit, bool(value.heuristic))
            self.image(value.image, depth)
            self.arrays.append(np.ascontiguousarray(value.depth, "<f4"))
            self._share(value)

    def flow(self, value: Flow, depth: int) -> None:
        if not self._refer(value):
            self.tokens += (b"f", self._key(value))
            self.image(value.image, depth)
            self.arrays.append(np.ascontiguousarray(value.uv, "<f4"))
            self._share(value)

    def video(self, value: Video, depth: int) -> None:
        if not self._refer(value):
            lazy = isinstance(value.frames, Footage)
            self.tokens += (b"w" if lazy else b"v", self._key(value), value.name)
            self.tokens += (float(value.fps), len(value.frames), *value.times)
            if lazy:  # its frames stay where they are
                self.tokens += (value.key, *value.size)
            for frame in () if lazy else value.frames:
                self.image(frame, depth)
            self._share(value)

    def _refer(self, value: Any) -> bool:
        """Write a reference to what stands before or is known; False if it is neither."""
        place = self._places.get(id(value))
        if place is None and isinstance(value, Image) and (key := self._key(value)):
            place = self._keys.get(key)
            if place is None and self._knows(key):
                return self._known_as(value, key)
        if place is not None:
            self.tokens += (b"@", place)
            return True
        return id(value) in self._known and self._known_as(value, value.key)

    def _knows(self, key: str) -> bool:
        if self._known_keys is None:
            pictures = (part for part in self._known.values() if type(part) is Image)
            self._known_keys = {part.key for part in pictures}
        return key in self._known_keys

    def _known_as(self, value: Any, key: str) -> bool:
        self.tokens += (b"k", key)
        self._share(value)
        return True

    def _share(self, value: Any) -> None:
        self._places[id(value)] = self._count
        if isinstance(value, Image) and (key := self._key(value)):
            self._keys[key] = self._count
        self._count += 1

    @staticmethod
    def _key(value: Any) -> str | None:
        """The key, where it is known: it may be that of the call that made the value."""
        key: str | None = value.__dict__.get("key")
        return key


def _numpy(value: object) -> bool:
    return isinstance(value, np.generic)


def _pack(mask: NDArray[np.bool_]) -> bytes:
    """Bits of a mask, deflated where that is shorter."""
    bits = np.packbits(mask).tobytes()
    deflated = zlib.compress(bits, 1)
    return deflated if len(deflated) < len(bits) else bits


_WRITE: dict[type, Callable[[_Writer, Any, int], None]] = {
    int: _Writer.integer,
    list: _Writer.sequence,
    tuple: _Writer.sequence,
    dict: _Writer.mapping,
    Unknown: _Writer.unknown,
    Text: _Writer.text,
    Region: _Writer.region,
    Image: _Writer.image,
    Depth: _Writer.depth,
    Flow: _Writer.flow,
    Video: _Writer.video,
}
