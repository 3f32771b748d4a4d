"""The words that choose among regions, and the geometry behind them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.errors import ToolError
from visprog.values import Image, Region, Unknown
from visprog_tools import choice, geometry

IMAGE = Image(np.zeros((100, 200, 3), np.uint8), "a")
OTHER = Image(np.ones((100, 200, 3), np.uint8), "b")
FILTERS = [choice.left_of, choice.right_of, choice.above, choice.below]
FILTERS += [choice.inside, choice.overlapping, choice.near]
PICKS = [choice.leftmost, choice.rightmost, choice.topmost, choice.bottommost]
PICKS += [choice.largest, choice.smallest]


def at(left: float, top: float, right: float, bottom: float, label: str = "thing") -> Region:
    return Region(IMAGE, (left, top, right, bottom), label)


@st.composite
def boxes(draw: st.DrawFn) -> Region:
    xs = sorted(draw(st.tuples(st.floats(0, 200), st.floats(0, 200))))
    ys = sorted(draw(st.tuples(st.floats(0, 100), st.floats(0, 100))))
    return at(xs[0], ys[0], xs[1], ys[1])


@given(boxes(), boxes())
def test_left_and_right_exclude_and_mirror_each_other(a: Region, b: Region) -> None:
    left, right = choice.left_of([a], b), choice.right_of([a], b)
    assert not (left and right)
    assert bool(left) == bool(choice.right_of([b], a))
    assert bool(choice.above([a], b)) == bool(choice.below([b], a))


@given(st.lists(boxes(), min_size=1, max_size=6))
def test_a_pick_is_one_of_the_regions_and_extreme(regions: list[Region]) -> None:
    for pick in PICKS:
        assert pick(regions) in regions
    assert choice.largest(regions).area == max(r.area for r in regions)
    assert choice.leftmost(regions).center[0] == min(r.center[0] for r in regions)


@given(boxes(), boxes())
def test_geometry_is_symmetric_and_bounded(a: Region, b: Region) -> None:
    assert geometry.intersection(a.box, b.box) == geometry.intersection(b.box, a.box)
    assert geometry.gap(a.box, b.box) == geometry.gap(b.box, a.box) >= 0
    assert 0 <= geometry.share_within(a.box, b.box) <= 1
    if geometry.intersection(a.box, b.box) > 0:
        assert geometry.gap(a.box, b.box) == 0


@given(boxes())
def test_the_pixels_of_a_box_lie_in_the_picture_and_are_never_none(region: Region) -> None:
    left, top, right, bottom = geometry.pixel_box(region.box, IMAGE)
    assert 0 <= left < right <= 200 and 0 <= top < bottom <= 100
    assert geometry.pixel_mask(region).sum() == (right - left) * (bottom - top)


def test_places_are_compared_by_centres_and_order_is_kept() -> None:
    a, b, c = at(0, 0, 10, 10), at(50, 0, 70, 10), at(20, 0, 40, 10)
    assert choice.left_of([c, a, b], b) == [c, a]
    assert choice.right_of([c, a, b], a) == [c, b]
    assert choice.above([at(0, 0, 10, 10)], at(0, 50, 10, 60))


def test_inside_wants_nine_tenths_of_the_box() -> None:
    room = at(0, 0, 100, 100)
    assert choice.inside([at(91, 0, 101, 10)], room)
    assert not choice.inside([at(92, 0, 102, 10)], room)
    assert choice.inside([at(5, 5, 5, 5)], room)


def test_near_is_within_the_length_of_the_larger() -> None:
    bus = at(0, 0, 60, 20)
    assert choice.near([at(119, 0, 124, 5)], bus)
    assert not choice.near([at(120, 0, 125, 5)], bus)


def test_overlapping_goes_by_masks_where_both_have_one() -> None:
    upper, lower = np.zeros((100, 200), np.bool_), np.zeros((100, 200), np.bool_)
    upper[:5, :10], lower[5:10, :10] = True, True
    box = (0, 0, 10, 10)
    a = Region(IMAGE, box, "a", mask=upper)
    b = Region(IMAGE, box, "b", mask=lower)
    assert choice.overlapping([a], b) == []
    assert choice.overlapping([a], Region(IMAGE, box, "b")) == [a]


def test_a_thing_is_never_near_or_in_itself() -> None:
    a = at(0, 0, 10, 10)
    for keep in (choice.near, choice.inside, choice.overlapping):
        assert keep([a], a) == []


def test_largest_goes_by_the_mask_where_there_is_one() -> None:
    mask = np.zeros((100, 200), np.bool_)
    mask[0, 0] = True
    thin = Region(IMAGE, (0, 0, 90, 90), "thin", mask=mask)
    assert choice.largest([thin, at(0, 0, 10, 10)]).label == "thing"
    assert choice.smallest([thin, at(0, 0, 10, 10)]) is thin


def test_without_knows_a_thing_with_and_without_its_mask() -> None:
    a, b = at(0, 0, 10, 10), at(20, 0, 30, 10)
    masked = Region(IMAGE, a.box, a.label, mask=np.ones((100, 200), np.bool_))
    assert choice.without([a, b], masked) == [b]
    assert choice.without([a, b], [a, b]) == []


@pytest.mark.parametrize("pick", PICKS)
def test_nothing_to_choose_from_is_unknown(pick: Callable[[list[Region]], object]) -> None:
    answer = pick([])
    assert isinstance(answer, Unknown) and "nothing to choose from" in answer.reason


@pytest.mark.parametrize("keep", FILTERS)
def test_regions_of_two_pictures_do_not_compare(
    keep: Callable[[list[Region], Region], object],
) -> None:
    stranger = Region(OTHER, (0, 0, 1, 1), "thing")
    with pytest.raises(ToolError, match="different pictures"):
        keep([stranger], at(0, 0, 1, 1))


def test_one_pick_among_two_pictures_is_an_error() -> None:
    with pytest.raises(ToolError, match="different pictures"):
        choice.largest([at(0, 0, 1, 1), Region(OTHER, (0, 0, 1, 1), "thing")])
