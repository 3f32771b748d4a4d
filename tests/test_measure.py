"""The words that measure."""

from __future__ import annotations

import numpy as np
import pytest

import visprog_tools
from visprog.errors import CheckError, ToolError
from visprog.lang import check, parse
from visprog.tool import Catalogue
from visprog.values import Depth, Flow, Image, Region
from visprog_tools import measure

IMAGE = Image(np.zeros((90, 300, 3), np.uint8), "a")
OTHER = Image(np.ones((90, 300, 3), np.uint8), "b")


def at(left: float, top: float, right: float, bottom: float) -> Region:
    return Region(IMAGE, (left, top, right, bottom), "thing")


def test_area_is_percent_of_the_picture_by_mask_or_box() -> None:
    mask = np.zeros((90, 300), np.bool_)
    mask[:9, :30] = True
    assert measure.area(at(0, 0, 150, 90)) == pytest.approx(50)
    assert measure.area(Region(IMAGE, (0, 0, 150, 90), "thing", mask=mask)) == pytest.approx(1)


def test_counts_and_sizes() -> None:
    region = at(10, 20, 40, 80)
    assert (measure.count([region]), measure.count([])) == (1, 0)
    assert (measure.exists([region]), measure.exists([])) == (True, False)
    assert [measure.width(region), measure.height(region)] == pytest.approx([30, 60])
    assert measure.center(region) == pytest.approx([25, 50])


@pytest.mark.parametrize(
    ("box", "where"),
    [
        ((0, 0, 10, 10), "top left"),
        ((140, 40, 160, 50), "center"),
        ((290, 40, 300, 50), "right"),
        ((140, 0, 160, 10), "top"),
        ((290, 80, 300, 90), "bottom right"),
        ((300, 90, 300, 90), "bottom right"),
    ],
)
def test_position_is_by_thirds(box: tuple[float, float, float, float], where: str) -> None:
    assert measure.position(at(*box)) == where


@pytest.mark.parametrize(
    ("shift", "way"),
    [
        ((3, 1), "right"),
        ((-3, 1), "left"),
        ((1, -3), "up"),
        ((1, 3), "down"),
        ((0.3, 0.3), "still"),
    ],
)
def test_motion_is_the_median_flow(shift: tuple[float, float], way: str) -> None:
    uv = np.full((90, 300, 2), 50, np.float32)
    uv[:10, :10] = shift
    uv[0, 0] = 99  # one stray pixel
    assert measure.motion(at(0, 0, 10, 10), Flow(IMAGE, uv)) == way


def test_depth_at_is_the_median_in_the_box() -> None:
    depth = np.zeros((90, 300), np.float32)
    depth[:10, :10] = 0.5
    assert measure.depth_at(at(0, 0, 10, 10), Depth(IMAGE, depth)) == 0.5


def test_depth_at_reads_metres_and_keeps_them_apart_from_distances() -> None:
    depth = np.full((90, 300), 7, np.float32)
    depth[:10, :10] = 2.5
    metric = Depth(IMAGE, depth, "metres")
    assert measure.depth_at(at(0, 0, 10, 10), metric) == 2.5
    assert measure.depth_at(at(0, 0, 10, 10), metric) < measure.depth_at(at(20, 0, 30, 10), metric)
    tools = Catalogue.of(visprog_tools).toolset("embedded")
    mixed = """
cups = detect(image, "cup")
return depth_at(cups[0], depth(image)) < distance(cups[0], cups[1])
"""
    with pytest.raises(CheckError, match=r"(?i)relative.*metres|metres.*relative"):
        check(parse(mixed), tools, {"image": Image})


def test_maps_of_another_picture_are_errors() -> None:
    depth = np.zeros((90, 300), np.float32)
    with pytest.raises(ToolError, match="different pictures"):
        measure.depth_at(at(0, 0, 1, 1), Depth(OTHER, depth))
    with pytest.raises(ToolError, match="different pictures"):
        measure.motion(at(0, 0, 1, 1), Flow(OTHER, np.zeros((90, 300, 2), np.float32)))
