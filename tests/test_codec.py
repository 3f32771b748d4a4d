"""Values to bytes and back: nothing lost, nothing stored twice, nothing trusted."""

from __future__ import annotations

import random
import struct
import tracemalloc
import zlib
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visprog.codec import CodecError, decode, encode
from visprog.values import Depth, Flow, Image, Region, Text, Unknown, Value, Video

SIDES = st.integers(1, 9)
SCORES = st.floats(0, 1)
BOXES = st.tuples(*[st.floats(-1e6, 1e6)] * 4).map(
    lambda box: (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))
)
NAMES = st.text(min_size=1, max_size=9)
PLAIN = st.one_of(st.text(), st.booleans(), st.integers(), st.floats())


def random_image(side: int = 8, name: str = "picture", seed: int = 0) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return Image(pixels, name)


@st.composite
def images(draw: st.DrawFn) -> Image:
    height, width = draw(SIDES), draw(SIDES)
    pixels = np.frombuffer(draw(st.binary(min_size=243, max_size=243)), np.uint8)
    focal = draw(st.sampled_from((0.0, 500.5)))
    axis = draw(st.sampled_from((None, (-3.0, 4.5)))) if focal else None
    shaped = pixels[: height * width * 3].reshape(height, width, 3)
    return Image(shaped, draw(st.text(max_size=5)), focal, axis)


@st.composite
def seen(draw: st.DrawFn, image: Image) -> Value:
    """Something that belongs to a picture."""
    shape = image.pixels.shape[:2]
    seed = np.random.default_rng(draw(st.integers(0, 99)))
    mask = seed.random(shape) < 0.5 if draw(st.booleans()) else None
    numbers = seed.normal(size=(*shape, 2)).astype(np.float32)
    choices: tuple[Value, ...] = (
        image,
        Region(image, draw(BOXES), draw(NAMES), draw(SCORES), mask, draw(st.text(max_size=3))),
        Text(image, draw(NAMES), draw(BOXES), draw(SCORES)),
        Depth(image, numbers[..., 0].copy(), draw(st.sampled_from(("metres", "relative")))),
        Flow(image, numbers),
        Video((image,) * draw(st.integers(1, 3)), draw(st.floats(0.1, 99))),
    )
    return draw(st.sampled_from(choices))


SINGLE = st.one_of(PLAIN, NAMES.map(Unknown), images().flatmap(seen))
VALUES: st.SearchStrategy[Any] = st.recursive(
    SINGLE,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=4), inner, max_size=3),
    ),
    max_leaves=8,
)


def parts(value: Any) -> Any:
    """A value as plain data, types, keys and arrays and all: equal only if nothing differs."""
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [parts(item) for item in value]
    if isinstance(value, dict):
        return [(name, parts(item)) for name, item in value.items()]
    if isinstance(value, np.ndarray):
        return value.shape, str(value.dtype), value.tobytes(), value.flags.writeable
    if isinstance(value, (str, bool, int, float, type(None))):
        return type(value).__name__, repr(value)
    fields = [(name, parts(getattr(value, name))) for name in value.__dataclass_fields__]
    return type(value).__name__, value.key, fields


# -- there and back


@given(VALUES)
@settings(deadline=None)
def test_a_value_comes_back_as_it_was(value: Value) -> None:
    assert parts(decode(encode(value))) == parts(value)


@given(VALUES)
@settings(deadline=None)
def test_a_value_of_known_pictures_comes_back_without_its_pixels(value: Value) -> None:
    data = encode(value, [value])
    assert parts(decode(data, [value])) == parts(value)
    assert parts(decode(data, [decode(encode(value))])) == parts(value)  # another, equal one


def test_an_integer_of_any_size_comes_back() -> None:
    for value in (2**63, 2**64, -(2**63) - 1, 10**5000, -(10**5000)):
        assert decode(encode([value, value])) == [value, value]


def test_half_a_surrogate_comes_back() -> None:
    assert decode(encode("a\ud800")) == "a\ud800"


def test_known_pictures_are_stored_as_their_keys() -> None:
    image = random_image(200)
    mask = np.ones((200, 200), np.bool_)
    depth = Depth(image, np.ones((200, 200), np.float32))
    video = Video((image, random_image(200, seed=1)), 25.0)
    region = Region(image, (1, 2, 3, 4), "cat", 0.5, mask)
    value: Value = [
        image,
        depth,
        video.frames[1],
        region,
        {"at": Text(image, "stop", (0, 0, 1, 1))},
    ]
    known: list[Value] = [[depth], video, {"region": region}]
    data = encode(value, known)
    assert len(data) < 500
    made = decode(data, known)
    assert isinstance(made, list)
    assert made[0] is image and made[1] is depth and made[2] is video.frames[1]


def test_a_copy_of_a_known_picture_is_stored_as_its_key_too() -> None:
    image, copy = random_image(100), random_image(100)
    assert image.key == copy.key
    data = encode(copy, [image])
    assert len(data) < 100
    assert decode(data, [image]) is image


def test_a_picture_is_stored_once() -> None:
    image = random_image(100)
    regions = [Region(image, (0, 0, place, 1), "cat") for place in range(50)]
    data = encode(regions)
    assert image.pixels.nbytes < len(data) < image.pixels.nbytes + 50 * 100
    made = decode(data)
    assert made == regions and isinstance(made, list)
    assert all(region.image is made[0].image for region in made)


def test_a_derived_key_survives_unless_its_writer_is_not_trusted() -> None:
    image = random_image()
    image.__dict__["key"] = "of a call"
    depth = Depth(image, np.ones((8, 8), np.float32))
    depth.__dict__["key"] = "of another call"
    data = encode([image, depth])
    made, trusted = decode(data, keyed=False), decode(data)
    assert isinstance(made, list) and isinstance(trusted, list)
    assert [part.key for part in trusted] == ["of a call", "of another call"]
    assert made[0].key == random_image().key and made[1].key != "of another call"


def test_encoding_hashes_no_pixels() -> None:
    image = random_image()
    decode(encode(image))
    assert "key" not in image.__dict__


def test_masks_are_small() -> None:
    mask = np.zeros((400, 400), np.bool_)
    mask[100:200, 100:300] = True
    image = random_image(400)
    assert len(encode(Region(image, (0, 0, 1, 1), "cat", 1.0, mask), [image])) < 1000


# -- what is no value


class Word(str):
    pass


@pytest.mark.parametrize(
    "value",
    [None, np.float32(1), np.float64(1), np.int64(1), np.bool_(True), Word("a"), {1: "a"}, {1, 2},
     b"bytes", object(), [None], {"a": (np.float32(2),)}, np.zeros(3)],
    ids=repr,
)  # fmt: skip
def test_what_is_no_value_is_refused(value: Any) -> None:
    with pytest.raises(CodecError, match=r"no value|key of a dict"):
        encode(value)


def test_a_numpy_scalar_is_refused_with_a_way_out() -> None:
    with pytest.raises(CodecError, match=r"numpy.float32 is no value .*call float\(\)"):
        encode(np.float32(1))  # type: ignore[arg-type]


def test_lists_too_deep_are_refused() -> None:
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(CodecError, match="too deep"):
        encode(deep)
    deep.append(deep)
    with pytest.raises(CodecError, match="too deep"):
        encode(deep)


# -- bytes that are no value


def packed(*tokens: Any, arrays: bytes = b"", count: int | None = None) -> bytes:
    """Tokens as a writer that lies might lay them out."""
    made: bytes = msgpack.packb(list(tokens))
    if count is not None:
        made = b"\xdd" + struct.pack(">I", count) + made[1:]
    head = struct.pack("<4sI", b"vpc1", len(made)) + made
    return head + bytes(-len(head) % 16) + arrays if arrays else head


PICTURE = (b"i", None, "", 1, 1)
PIXEL = bytes(16)
BOMB = zlib.compress(bytes(1_000_000), 9)
FORGED = {
    "nothing": b"",
    "only a head": struct.pack("<4sI", b"vpc1", 2**32 - 1),
    "another magic": b"vpc9" + packed(1)[4:],
    "no tokens": packed(),
    "tokens behind the value": packed(1, 2),
    "bytes behind the value": packed(1) + b"\0",
    "a count that is too large": packed(1, count=2**32 - 1),
    "a count that is too small": packed(1, 1, count=1),
    "an unknown tag": packed(b"q"),
    "a tag too long": packed(b"l" * 99),
    "nothing as a value": packed(None),
    "a list in the tokens": packed([1]),
    "an empty list in the tokens": packed([]),
    "a map in the tokens": packed({}),
    "an extension": packed(msgpack.ExtType(1, b"")),
    "a time": packed(msgpack.Timestamp(1)),
    "a list longer than its data": packed(b"l", 2**62, 1),
    "a list of a size below 0": packed(b"l", -1),
    "a list whose size is a bool": packed(b"l", True, 1),
    "a dict with a key twice": packed(b"d", 2, "a", 1, "a", 2),
    "a dict with a number as a key": packed(b"d", 1, 1, 1),
    "an integer that is none": packed(b"n", "1"),
    "deep lists": packed(*[b"l", 1] * 5000, 1),
    "deep lists behind pictures": packed(*[b"x", "a", 0.0, 0.0, 1.0, 1.0, 1.0, b"l", 1] * 5000, 1),
    "an unknown without a reason": packed(b"u", ""),
    "a picture without pixels": packed(b"i", None, "", 0, 5),
    "a picture of 10 GB": packed(b"i", None, "", 100_000, 40_000, arrays=PIXEL),
    "a picture larger than addresses": packed(b"i", None, "", 2**63, 2**63, arrays=PIXEL),
    "a picture of no size": packed(b"i", None, "", -1, -3, arrays=PIXEL),
    "a picture with a key that is none": packed(b"i", 5, "", 1, 1, arrays=PIXEL),
    "a picture with a key too long": packed(b"i", "k" * 999, "", 1, 1, arrays=PIXEL),
    "a picture of no focal length": packed(b"c", None, "", 1, 1, 0.0, 1.0, 1.0, arrays=PIXEL),
    "a picture of an endless focal length": packed(
        b"c", None, "", 1, 1, float("inf"), 1.0, 1.0, arrays=PIXEL
    ),
    "a picture of a focal length below 0": packed(
        b"c", None, "", 1, 1, -1.0, 1.0, 1.0, arrays=PIXEL
    ),
    "a picture of an axis that is nowhere": packed(
        b"c", None, "", 1, 1, 1.0, float("nan"), 1.0, arrays=PIXEL
    ),
    "a picture of an axis that is a text": packed(
        b"c", None, "", 1, 1, 1.0, "", 1.0, arrays=PIXEL
    ),
    "a region of no picture": packed(b"r", "cat", 0.0, 0.0, 1.0, 1.0, 1.0, "", "image"),
    "a region of a region": packed(
        b"r", "cat", 0.0, 0.0, 1.0, 1.0, 1.0, "", b"r", "cat", 0.0, 0.0, 1.0, 1.0, 1.0, "",
        *PICTURE, arrays=PIXEL,
    ),
    "a region with a box of no numbers": packed(
        b"r", "cat", 0.0, float("nan"), 1.0, 1.0, 1.0, "", *PICTURE, arrays=PIXEL
    ),
    "a region with a label of another type": packed(
        b"r", 5, 0.0, 0.0, 1.0, 1.0, 1.0, "", *PICTURE, arrays=PIXEL
    ),
    "a region with a score above 1": packed(
        b"r", "cat", 0.0, 0.0, 1.0, 1.0, 2.0, "", *PICTURE, arrays=PIXEL
    ),
    "a mask that is a bomb": packed(
        b"m", None, "cat", 0.0, 0.0, 1.0, 1.0, 1.0, "", *PICTURE, len(BOMB), arrays=PIXEL + BOMB
    ),
    "a depth of another unit": packed(b"z", None, "feet", True, *PICTURE, arrays=PIXEL * 2),
    "a depth that is not finite": packed(
        b"z", None, "metres", True, *PICTURE, arrays=PIXEL + b"\xff" * 16
    ),
    "a video without frames": packed(b"v", None, 1.0, 0),
    "a video of too many frames": packed(b"v", None, 1.0, 2**40),
    "a video of another time": packed(b"v", None, -1.0, 1, *PICTURE, arrays=PIXEL),
    "a reference to nothing": packed(b"@", 0),
    "a reference to what is not known": packed(b"k", "0" * 32),
}  # fmt: skip


@pytest.mark.parametrize("data", FORGED.values(), ids=FORGED)
def test_forged_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(data, [random_image()])


@pytest.mark.parametrize("junk", [b"\x90", b"\x80", b"\xc7\0\1", b"\xdd\xff\xff\xff\xff", b"\xa0"])
def test_forged_bytes_take_little_memory(junk: bytes) -> None:
    tokens = b"\xdd" + struct.pack(">I", 10**6) + junk * (10**6 // len(junk))
    data = struct.pack("<4sI", b"vpc1", len(tokens)) + tokens
    tracemalloc.start()
    try:
        for forged in (data, *FORGED.values()):
            with pytest.raises(CodecError):
                decode(forged)
        assert tracemalloc.get_traced_memory()[1] < 20 * len(data)
    finally:
        tracemalloc.stop()


def test_masks_may_unpack_to_so_many_bytes_in_all() -> None:
    image = random_image(100)
    regions = [Region(image, (0, 0, 1, 1), "a", 1.0, np.ones((100, 100), np.bool_)) for _ in "abc"]
    data = encode(regions)
    assert decode(data, limit=30_000) == regions
    with pytest.raises(CodecError, match="more bytes than may be unpacked"):
        decode(data, limit=29_999)


def whole() -> bytes:
    """A value of every kind."""
    image = random_image(3)
    mask = np.eye(3, dtype=np.bool_)
    every: Value = [
        image, Image(image.pixels, "taken", 9.0), Region(image, (0, 0, 1, 1), "cat", 0.5, mask),
        Region(image, (0, 0, 1, 1), "dog"),
        Text(image, "stop", (0, 0, 1, 1)), Depth(image, np.ones((3, 3), np.float32)),
        Flow(image, np.ones((3, 3, 2), np.float32)), Video((image, random_image(3, "b", 1)), 5.0),
        Unknown("why"), {"a": 1, "b": (True, 2.5, "text")}, 2**70,
    ]  # fmt: skip
    return encode(every)


def test_bytes_that_end_too_soon_are_refused() -> None:
    data = whole()
    for end in range(len(data)):
        with pytest.raises(CodecError):
            decode(data[:end])


def test_changed_bytes_are_refused_or_make_another_value() -> None:
    data, chance = whole(), random.Random(0)
    refused = 0
    for _ in range(20_000):
        changed = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(changed))
            match chance.randrange(4):
                case 0:
                    changed[place] ^= 1 << chance.randrange(8)
                case 1:
                    changed[place] = chance.choice((0, 0x7F, 0xC4, 0xDD, 0xFF))
                case 2:
                    del changed[place : place + chance.randint(1, 9)]
                case 3:
                    changed[place:place] = chance.randbytes(chance.randint(1, 9))
        try:
            decode(bytes(changed))
        except CodecError:
            refused += 1
    assert refused > 10_000


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(CodecError):
        decode(noise)
    with pytest.raises(CodecError):
        decode(struct.pack("<4sI", b"vpc1", len(noise)) + noise + b"\0" * 3)
