"""Values in words and in JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from visprog.show import describe, number, printable, to_json
from visprog.values import Depth, Flow, Image, Region, Text, Unknown, Video

STREET = Image(np.zeros((40, 60, 3), np.uint8), "street")
CAT = Region(STREET, (10, 20, 30, 39.6), "cat", 0.912)
CUT = Region(STREET, (10, 20, 30, 39.6), "cat", 0.5, np.ones((40, 60), bool))
SIGN = Text(STREET, "STOP\n<b>", (1, 2, 30, 10), 0.9)
RAMP = np.linspace(2, 20, 40 * 60, dtype=np.float32).reshape(40, 60)
FLOW = Flow(STREET, np.full((40, 60, 2), (3, -4), np.float32))

EVERY_KIND: list[tuple[object, str, Any]] = [
    ("red", "red", "red"),
    (True, "yes", True),
    (False, "no", False),
    (3, "3", 3),
    (0.5, "0.5", 0.5),
    (float("inf"), "inf", None),
    (None, "nothing", None),
    (STREET, "picture street 60 x 40", {"image": "street", "width": 60, "height": 40}),
    (
        CAT,
        "cat 0.91 at (10, 20, 30, 40)",
        {"label": "cat", "box": [10, 20, 30, 39.6], "score": 0.912},
    ),
    (
        CUT,
        "cat 0.50 at (10, 20, 30, 40), with its mask",
        {"label": "cat", "box": [10, 20, 30, 39.6], "score": 0.5, "mask_pixels": 2400},
    ),
    (
        SIGN,
        '"STOP <b>" 0.90 at (1, 2, 30, 10)',
        {"text": "STOP\n<b>", "box": [1, 2, 30, 10], "score": 0.9},
    ),
    (
        Depth(STREET, RAMP, "metres"),
        "depth 2 to 20, median 11 metres",
        {"depth": {"unit": "metres", "min": 2, "median": 11, "max": 20, "heuristic": False}},
    ),
    (
        Depth(STREET, RAMP, heuristic=True),
        "depth 2 to 20, median 11 (relative, larger is farther), a heuristic",
        {"depth": {"unit": "relative", "min": 2, "median": 11, "max": 20, "heuristic": True}},
    ),
    (
        FLOW,
        "flow: median (3, -4), at most 5 pixels a frame",
        {"flow": {"unit": "pixels a frame", "median": [3, -4], "fastest": 5}},
    ),
    (
        Video((STREET, STREET), 25),
        "video of 2 frames, 25 a second",
        {
            "video": {"image": "", "width": 60, "height": 40},
            "frames": 2,
            "fps": 25,
            "seconds": 0.08,
        },
    ),
    (Unknown("no weights"), "unknown: no weights", {"unknown": "no weights"}),
    ([], "[]", []),
    ([CAT], "1 region: cat 0.91 at (10, 20, 30, 40)", [to_json(CAT)]),
    ([1, "a", True], '[1, "a", yes]', [1, "a", True]),
    ((1, 2.5), "[1, 2.5]", [1, 2.5]),
    ({"a": [1], "b": "x"}, '{a: [1], b: "x"}', {"a": [1], "b": "x"}),
]


@pytest.mark.parametrize(("value", "words", "plain"), EVERY_KIND, ids=lambda v: str(v)[:30])
def test_every_kind(value: object, words: str, plain: Any) -> None:
    assert describe(value) == words
    assert json.loads(json.dumps(to_json(value), allow_nan=False)) == plain


def test_a_long_list_says_how_much_is_left_out() -> None:
    words = describe([CAT] * 40, 100)
    assert words == (
        "40 regions: cat 0.91 at (10, 20, 30, 40), cat 0.91 at (10, 20, 30, 40) and 38 more"
    )


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, ["x" * 1000] * 1000, {"a": "x" * 1000}, [[[1] * 99] * 99] * 99, 1 << 20_000],
    ids=["text", "texts", "dict", "nested", "integer"],
)
def test_a_description_is_short(value: object) -> None:
    assert len(describe(value)) < 400
    assert len(describe(value, 40)) < 90
    json.dumps(to_json(value))


def test_what_models_write_cannot_steer_a_terminal() -> None:
    hostile = "a\x1b[2Jb\x07\u202ec\ud800\x00"
    for value in (
        hostile,
        [hostile],
        {hostile: 1},
        Unknown(hostile),
        Text(STREET, hostile, (0, 0, 1, 1)),
    ):
        for text in (describe(value), json.dumps(to_json(value), ensure_ascii=False)):
            assert printable(text) == text
            text.encode()  # no lone surrogates


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (7.0, "7"), (12345.678, "12345.68"), (0.01234, "0.012"), (1e20, "1e+20"),
     (-2.5, "-2.5"), (float("nan"), "nan")],
)  # fmt: skip
def test_numbers(value: float, words: str) -> None:
    assert number(value) == words


def test_an_integer_too_long_to_write() -> None:
    assert number(1 << 20_000) == "an integer of about 6020 digits"
