"""Depth without a network: on level ground, what touches it lower in the picture is nearer."""

from __future__ import annotations

import numpy as np

from visprog.tool import Backend, Model, Output
from visprog.values import Depth, Image, Metres, Region, Unknown
from visprog_tools.abstain import unknown
from visprog_tools.choice import nothing_to_choose
from visprog_tools.geometry import expect_picture, given_metres, same_thing

NOTICE = "near and far by where things touch the ground: a heuristic that no model measured"

LEVEL = "sizes as of things that stand on level ground before a level camera: a heuristic"
LEAST = 0.02  # of the picture's height, below the horizon


class Ground(Backend):
    """Compares the lower edges of things, as if all stood on one level ground.

    Rank correlation .67 with true disparity on one photograph; wrong for what hangs, flies or
    stands on other things, and for what the picture cuts off.
    """

    name = "ground"
    serves = ("depth", "in_front_of", "behind", "nearest", "farthest", "height_from")
    model = Model("ground-plane geometry", "Apache-2.0", kind="heuristic")

    def depth(self, image: Image) -> Output:
        """1 at the upper edge of the picture, 0 at the lower."""
        rows = np.linspace(1, 0, image.height, dtype=np.float32)
        plane = np.repeat(rows[:, None], image.width, axis=1)
        return Output(Depth(image, plane, "relative", heuristic=True), (NOTICE,))

    def in_front_of(self, regions: list[Region], anchor: Region) -> Output:
        expect_picture("in_front_of", anchor.image, *regions)
        return Output([r for r in _others(regions, anchor) if r.bottom > anchor.bottom], (NOTICE,))

    def behind(self, regions: list[Region], anchor: Region) -> Output:
        expect_picture("behind", anchor.image, *regions)
        return Output([r for r in _others(regions, anchor) if r.bottom < anchor.bottom], (NOTICE,))

    def nearest(self, regions: list[Region]) -> Output | Unknown:
        if not regions:
            return nothing_to_choose("nearest")
        expect_picture("nearest", regions[0].image, *regions)
        return Output(max(regions, key=lambda r: r.bottom), (NOTICE,))

    def farthest(self, regions: list[Region]) -> Output | Unknown:
        if not regions:
            return nothing_to_choose("farthest")
        expect_picture("farthest", regions[0].image, *regions)
        return Output(min(regions, key=lambda r: r.bottom), (NOTICE,))

    def height_from(self, region: Region, reference: Region, metres: float) -> Output | Unknown:
        """Sizes over how far below the horizon things touch the ground, as near as that is."""
        expect_picture("height_from", region.image, reference)
        horizon = region.image.height / 2
        below = [one.bottom - horizon for one in (region, reference)]
        if min(below) <= LEAST * region.image.height:
            return unknown(
                "their feet are not below the middle of the picture, where a level camera has the "
                "horizon: sizes cannot be compared by the ground",
                "height_from",
            )
        ratio = (region.height / below[0]) / (reference.height / below[1])
        return Output(Metres(given_metres(metres) * ratio), (LEVEL,))


def _others(regions: list[Region], anchor: Region) -> list[Region]:
    return [region for region in regions if not same_thing(region, anchor)]
