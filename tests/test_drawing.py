"""Values as pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as pil
from PIL import ImageDraw

from visprog.drawing import SIDE, draw, encode
from visprog.fields import _motion_colours
from visprog.labels import Label, place_labels
from visprog.values import Depth, Flow, Image, Region, Text, Video

WALL = Image(np.full((300, 400, 3), 128, np.uint8))
SQUARE = np.zeros((300, 400), bool)
SQUARE[100:200, 100:200] = True


def drawn(value: object) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    made = draw(value)
    assert made is not None
    assert made.dtype == np.uint8
    assert made.ndim == 3
    return made


def test_sizes() -> None:
    assert drawn(WALL).shape == (300, 400, 3)
    assert drawn(Image(np.zeros((2000, 1000, 3), np.uint8))).shape == (SIDE, SIDE // 2, 3)
    assert drawn(Image(np.zeros((30, 40, 3), np.uint8))).shape == (240, 320, 3)
    assert draw(WALL, 100) is not None
    assert (drawn(WALL) == WALL.pixels).all()


@pytest.mark.parametrize("value", ["text", 3, 2.5, True, None, [], [1, 2], {"a": 1}, ["a"]])
def test_nothing_to_see(value: object) -> None:
    assert draw(value) is None


def test_a_box_and_its_label() -> None:
    made = drawn(Region(WALL, (100, 100, 200, 200), "cat", 0.9))
    changed = (made != 128).any(axis=2)
    assert changed[100:200, 101].all()
    assert changed[70:99, 105:150].any()  # the label, above
    assert not changed[110:190, 110:190].any()
    assert not changed[210:].any()


def test_a_mask_is_translucent_with_an_outline() -> None:
    made = drawn(Region(WALL, (100, 100, 200, 200), "cat", 0.9, SQUARE)).astype(int)
    inner, edge = made[150, 150], made[150, 198]
    assert 10 < abs(inner - 128).max() < abs(edge - 128).max()


def test_little_and_odd_pictures() -> None:
    for height, width in ((1, 1), (1, 500), (500, 1), (2, 3)):
        image = Image(np.zeros((height, width, 3), np.uint8))
        mask = np.ones((height, width), bool)
        drawn([Region(image, (0, 0, width, height), "x" * 500, 0.5, mask)])
        drawn(Region(image, (-50, -50, 0, 0), "outside"))
        drawn(Depth(image, np.ones((height, width), np.float32)))
        drawn(Flow(image, np.zeros((height, width, 2), np.float32)))


def test_regions_of_two_pictures_lie_side_by_side() -> None:
    other = Image(np.zeros((300, 400, 3), np.uint8))
    made = drawn([Region(WALL, (0, 0, 9, 9), "a"), Region(other, (0, 0, 9, 9), "b")])
    assert made.shape == (300, 808, 3)
    assert drawn(Video((WALL,) * 20, 25)).shape[1] == 3 * 360 + 2 * 8


def test_depth_is_brighter_where_nearer() -> None:
    ramp = np.repeat(np.linspace(1, 100, 300, dtype=np.float32)[:, None], 400, axis=1)
    for unit in ("metres", "relative"):
        levels = drawn(Depth(WALL, ramp, unit, heuristic=True)).astype(int).sum(axis=2)[:300, 200]
        assert (np.diff(levels) <= 0).mean() > 0.98
        assert levels[0] > levels[299] + 300


def test_motion_colours() -> None:
    right, left, rest = ([1, 0], [-1, 0], [0, 0])
    red, cyan, white = _motion_colours(np.array([[right, left, rest]], np.float32))[0].astype(int)
    assert red.tolist() == [255, 0, 0]
    assert cyan[0] < 60 < 200 < cyan[2]
    assert white.tolist() == [255, 255, 255]


def test_labels_stay_inside_and_apart() -> None:
    sheet = pil.new("RGB", (400, 300), "black")
    labels = [
        Label(f"thing {i}", f"{i}", (x, y, x + 40, y + 30), (255, 255, 255))
        for i, (x, y) in enumerate([(0, 0), (5, 5), (360, 0), (0, 270), (360, 270), (180, 140)])
    ]
    place_labels(ImageDraw.Draw(sheet), labels, sheet.size)
    chip = 0.8 * 26 * 70  # of one label, about, less its dark letters
    assert (np.asarray(sheet)[..., 0] > 200).sum() > 6 * 0.5 * chip
    place_labels(ImageDraw.Draw(sheet), labels * 200, sheet.size)  # crowded: some are left out


def test_read_text_is_drawn_whole_or_cut() -> None:
    drawn([Text(WALL, "STOP", (10, 10, 60, 30)), Text(WALL, "w\n\x1b\ud800" * 300, (1, 1, 9, 9))])


def test_encode() -> None:
    kind, data = encode(WALL.pixels)
    assert kind == "image/jpeg"
    assert data.startswith(b"\xff\xd8")
    assert encode(np.zeros((20, 20, 3), np.uint8))[0] == "image/png"
