"""The words that cut a part out of a picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.errors import ToolError
from visprog.values import Image, Region
from visprog_tools import picture

PIXELS = np.arange(40 * 60 * 3, dtype=np.uint32).astype(np.uint8).reshape(40, 60, 3)
IMAGE = Image(PIXELS, "street")


def test_a_part_has_the_pixels_of_its_box_and_is_named_by_its_place() -> None:
    made = picture.crop(IMAGE, Region(IMAGE, (10.2, 5.0, 29.5, 20.0), "thing"))
    assert np.array_equal(made.pixels, PIXELS[5:20, 10:30])
    assert made.name == "street#xywh=10,5,20,15"


def test_a_part_of_a_part_is_named_after_the_whole() -> None:
    first = picture.crop(IMAGE, Region(IMAGE, (10, 5, 30, 20), "thing"))
    second = picture.crop(first, Region(first, (1, 2, 5, 6), "thing"))
    assert second.name == "street#xywh=11,7,4,4"
    assert np.array_equal(second.pixels, PIXELS[7:11, 11:15])


def test_a_part_is_of_the_same_camera() -> None:
    taken = Image(PIXELS, "street", 50.0)
    first = picture.crop(taken, Region(taken, (10, 5, 30, 20), "thing"))
    second = picture.crop(first, Region(first, (1, 2, 5, 6), "thing"))
    assert (first.focal, first.axis) == (50.0, (20.0, 15.0))
    assert (second.focal, second.axis) == (50.0, (19.0, 13.0))
    assert picture.crop(IMAGE, Region(IMAGE, (10, 5, 30, 20), "thing")).axis is None


def test_the_sides_of_a_centre() -> None:
    thing = Region(IMAGE, (20, 10, 30, 20), "thing")
    assert picture.crop_left_of(IMAGE, thing).pixels.shape == (40, 25, 3)
    assert picture.crop_right_of(IMAGE, thing).pixels.shape == (40, 35, 3)
    assert picture.crop_above(IMAGE, thing).pixels.shape == (15, 60, 3)
    assert picture.crop_below(IMAGE, thing).pixels.shape == (25, 60, 3)


@given(st.floats(-50, 110), st.floats(-50, 90), st.floats(0, 80), st.floats(0, 80))
def test_any_box_gives_a_part_of_one_pixel_or_more(x: float, y: float, w: float, h: float) -> None:
    made = picture.part(IMAGE, (x, y, x + w, y + h))
    assert 1 <= made.width <= 60 and 1 <= made.height <= 40


def test_a_region_of_another_picture_is_an_error() -> None:
    other = Image(PIXELS.copy(), "other")
    with pytest.raises(ToolError, match="different pictures"):
        picture.crop(IMAGE, Region(other, (0, 0, 1, 1), "thing"))
