"""Bytes to values. The bytes may be damaged, or come from a process that is not trusted."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from visprog.codec.layout import ALIGN, DEEPEST, HEAD, LIMIT, MAGIC, PLAIN, CodecError, arrays_of
from visprog.errors import ToolError, VisprogError
from visprog.values import Depth, Flow, Footage, Image, Region, Text, Unknown, Value, Video

LONGEST_KEY = 256

T = TypeVar("T")


def decode(
    data: bytes, known: Iterable[Value] = (), *, keyed: bool = True, limit: int = LIMIT
) -> Value:
    """The value that `encode` made these bytes of.

    `known`: as for `encode`, with equal content. `keyed`: take the content keys that the data
    states; False where its writer is not trusted, then keys are those of the content. `limit`:
    bytes that unpacked arrays may take in all. Arrays that need no unpacking share `data`.

    Raises:
        CodecError: the bytes are no encoded value, or refer to what is not in `known`.
    """
    try:
        return _read(bytes(data), known, keyed, limit)
    except CodecError:
        raise
    except (ValueError, TypeError, IndexError, OverflowError, zlib.error, struct.error) as error:
        raise CodecError(f"not an encoded value: {error}") from None


def _read(data: bytes, known: Iterable[Value], keyed: bool, limit: int) -> Value:
    magic, size = HEAD.unpack_from(data)
    end = HEAD.size + size
    if magic != MAGIC or end > len(data):
        raise CodecError("not an encoded value, or not whole")
    reader = _Reader(_tokens(data[HEAD.size : end]), data, known, keyed, limit)
    reader.at = end if end == len(data) else end + -end % ALIGN
    made: Value = reader.value(0)
    if reader.place != len(reader.tokens) or reader.at != len(data):
        raise CodecError("an encoded value with something behind it")
    return made


def _refuse(_: object, __: object = None) -> Any:
    raise CodecError("lists, maps and extensions of msgpack have no place here")


def _tokens(packed: bytes) -> list[Any]:
    """The scalars of one flat array."""
    from msgpack import Unpacker, UnpackException

    unpacker = Unpacker(
        max_buffer_size=max(1, len(packed)),
        read_size=max(1, len(packed)),
        unicode_errors="surrogatepass",
        max_array_len=0,
        max_map_len=0,
        max_ext_len=0,
        list_hook=_refuse,  # those of no length too
        object_hook=_refuse,
        ext_hook=_refuse,
    )
    unpacker.feed(packed)
    try:
        count = unpacker.read_array_header()
        tokens = list(unpacker) if count <= len(packed) else []
    except UnpackException as error:
        raise CodecError(f"not an encoded value: {error}") from None
    if len(tokens) != count or unpacker.tell() != len(packed):
        raise CodecError("an encoded value that is not whole")
    return tokens


class Absent(Footage):
    """The frames of a video that another process has."""

    def __init__(self, times: tuple[float, ...], size: tuple[int, int], key: str) -> None:
        self.times, self.size, self.key = times, size, key

    def __getitem__(self, place: Any) -> Any:
        raise ToolError(
            "the frames of the video are in another process: a worker, or a machine of a cluster, "
            "has no way to them; call frames(video, n), or run without --engine ray"
        )

    def held(self) -> list[Image]:
        return []

    def named(self, key: str) -> Image | None:
        return None


class _Reader:
    def __init__(
        self, tokens: list[Any], data: bytes, known: Iterable[Value], keyed: bool, limit: int
    ) -> None:
        self.tokens = tokens
        self.place = 0
        self.at = 0  # where in `data` the next array begins
        self._data = data
        self._known = known
        self._by_key: dict[str, Any] | None = None
        self._keyed = keyed
        self._left = limit
        self._shared: list[Any] = []

    def value(self, depth: int) -> Any:
        token = self.tokens[self.place]
        self.place += 1
        if type(token) in PLAIN:
            return token
        read = _READ.get(token) if type(token) is bytes else None
        if read is None or depth > DEEPEST:
            raise CodecError("an unknown tag, or lists too deep")
        return read(self, depth)

    def integer(self, depth: int) -> int:
        return int.from_bytes(self._take(bytes), "little", signed=True)

    def items(self, depth: int) -> list[Any]:
        count = self._size()
        items = self.tokens[self.place : self.place + count]
        if len(items) < count:
            raise CodecError("a list that is longer than its data")
        if PLAIN.issuperset(map(type, items)):
            self.place += count
            return items
        return [self.value(depth + 1) for _ in range(count)]

    def fixed(self, depth: int) -> tuple[Any, ...]:
        return tuple(self.items(depth))

    def mapping(self, depth: int) -> dict[str, Any]:
        count = self._size()
        made = {self._take(str): self.value(depth + 1) for _ in range(count)}
        if len(made) != count:
            raise CodecError("a dict with a key twice")
        return made

    def unknown(self, depth: int) -> Unknown:
        return Unknown(self._take(str))

    def text(self, depth: int) -> Text:
        text, *box, score = self._some(str, float, float, float, float, float)
        return Text(self._picture(), text, tuple(box), score)

    def region(self, depth: int) -> Region:
        label, a, b, c, d, score, ref = self._some(str, float, float, float, float, float, str)
        return Region(self._picture(), (a, b, c, d), label, score, None, ref)

    def masked(self, depth: int) -> Region:
        key = self._key()
        label, a, b, c, d, score, ref = self._some(str, float, float, float, float, float, str)
        image = self._picture()
        mask = self._mask(image.height, image.width)
        return self._share(Region(image, (a, b, c, d), label, score, mask, ref), key)

    def image(self, depth: int) -> Image:
        key, name = self._key(), self._take(str)
        pixels = self._array((self._size(), self._size(), 3), "u1")
        return self._share(Image(pixels, name), key)

    def taken(self, depth: int) -> Image:
        """A picture whose camera is known."""
        key, name = self._key(), self._take(str)
        shape = self._size(), self._size(), 3
        focal, x, y = self._some(float, float, float)
        return self._share(Image(self._array(shape, "u1"), name, focal, (x, y)), key)

    def frame(self, depth: int) -> Image:
        """A frame of a video, its camera known or not."""
        key, name = self._key(), self._take(str)
        shape = self._size(), self._size(), 3
        focal, x, y, moment = self._some(float, float, float, float)
        axis = (x, y) if focal else None
        return self._share(Image(self._array(shape, "u1"), name, focal, axis, moment), key)

    def depth(self, depth: int) -> Depth:
        key, unit, heuristic = self._key(), self._take(str), self._take(bool)
        image = self._picture()
        array = self._array((image.height, image.width), "<f4")
        return self._share(Depth(image, array, unit, heuristic), key)

    def flow(self, depth: int) -> Flow:
        key, image = self._key(), self._picture()
        return self._share(Flow(image, self._array((image.height, image.width, 2), "<f4")), key)

    def video(self, depth: int) -> Video:
        key, name, fps, times = self._timing()
        frames = tuple(self._picture() for _ in times)
        return self._share(Video(frames, fps, name, times), key)

    def footage(self, depth: int) -> Video:
        """A video whose frames stay where it was written."""
        key, name, fps, times = self._timing()
        content, size = self._take(str), (self._size(), self._size())
        if not (0 < len(content) <= LONGEST_KEY and min(size) > 0):
            raise CodecError("a video without pictures")
        return self._share(Video(Absent(times, size, content), fps, name), key)

    def _timing(self) -> tuple[str | None, str, float, tuple[float, ...]]:
        key, name, fps, count = self._key(), self._take(str), self._take(float), self._size()
        times = self.tokens[self.place : self.place + count]
        if len(times) != count or not {float}.issuperset(map(type, times)):
            raise CodecError("a video without the times of its frames")
        self.place += count
        return key, name, fps, tuple(times)

    def earlier(self, depth: int) -> Any:
        place = self._size()
        if place >= len(self._shared):
            raise CodecError("a reference to what is not there")
        return self._shared[place]

    def known(self, depth: int) -> Any:
        if self._by_key is None:
            self._by_key = {part.key: part for part in arrays_of(self._known)}
        key = self._take(str)
        found = self._by_key.get(key) or self._frame_of(key)
        if found is None:
            raise CodecError("a reference to what is not known here")
        self._shared.append(found)
        return found

    def _frame_of(self, key: str) -> Image | None:
        """The frame of a known video that must be decoded anew."""
        videos = [part.frames for part in self._by_key.values() if isinstance(part, Video)]  # type: ignore[union-attr]
        try:
            named = (part.named(key) for part in videos if isinstance(part, Footage))
            return next(filter(None, named), None)
        except VisprogError as error:
            raise CodecError(f"a reference to a frame that cannot be read: {error}") from None

    def _take(self, kind: type[T]) -> T:
        token = self.tokens[self.place]
        if type(token) is not kind:
            raise CodecError(f"want {kind.__name__}, got {type(token).__name__}")
        self.place += 1
        return token

    def _some(self, *kinds: type) -> list[Any]:
        tokens = self.tokens[self.place : self.place + len(kinds)]
        if tuple(map(type, tokens)) != kinds:
            raise CodecError("a field of another type")
        self.place += len(kinds)
        return tokens

    def _size(self) -> int:
        size = self._take(int)
        if size < 0:
            raise CodecError("a size below 0")
        return size

    def _key(self) -> str | None:
        key = self.tokens[self.place]
        if key is not None and not (type(key) is str and 0 < len(key) <= LONGEST_KEY):
            raise CodecError("a content key that is none")
        self.place += 1
        return key if self._keyed else None

    def _picture(self) -> Image:
        """The picture that something belongs to: nothing else may stand here."""
        if self.tokens[self.place] not in (b"i", b"c", b"s", b"@", b"k"):
            raise CodecError("a picture is missing")
        made = self.value(0)
        if not isinstance(made, Image):
            raise CodecError(f"want a picture, got {type(made).__name__}")
        return made

    def _share(self, value: T, key: str | None) -> T:
        if key is not None:
            value.__dict__["key"] = key
        self._shared.append(value)
        return value

    def _span(self, size: int) -> int:
        """Where an array of so many bytes begins; the next one begins behind it."""
        start = self.at
        self.at += size + -size % ALIGN
        if self.at > len(self._data):
            raise CodecError("an array that is longer than its data")
        return start

    def _array(self, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        count = 1
        for side in shape:
            count *= side  # of any size: no array of it is made before it is known to fit
        start = self._span(count * np.dtype(dtype).itemsize)
        array = np.frombuffer(self._data, dtype, count, start).reshape(shape)
        native = array.dtype.newbyteorder("=")
        return array if array.flags.aligned and array.dtype == native else array.astype(native)

    def _mask(self, height: int, width: int) -> NDArray[np.bool_]:
        size, count = self._size(), height * width
        self._left -= count
        if self._left < 0:
            raise CodecError("arrays of more bytes than may be unpacked")
        start, whole = self._span(size), -(-count // 8)
        bits = self._data[start : start + size]
        if size != whole:
            inflater = zlib.decompressobj()
            bits = inflater.decompress(bits, whole + 1)
            if len(bits) != whole or not inflater.eof or inflater.unused_data:
                raise CodecError("a mask that is not of its picture")
        flat = np.unpackbits(np.frombuffer(bits, np.uint8), count=count)
        return flat.reshape(height, width).view(np.bool_)


_READ: dict[bytes, Callable[[_Reader, int], Any]] = {
    b"n": _Reader.integer,
    b"l": _Reader.items,
    b"t": _Reader.fixed,
    b"d": _Reader.mapping,
    b"u": _Reader.unknown,
    b"x": _Reader.text,
    b"r": _Reader.region,
    b"m": _Reader.masked,
    b"i": _Reader.image,
    b"c": _Reader.taken,
    b"s": _Reader.frame,
    b"z": _Reader.depth,
    b"f": _Reader.flow,
    b"v": _Reader.video,
    b"w": _Reader.footage,
    b"@": _Reader.earlier,
    b"k": _Reader.known,
}
