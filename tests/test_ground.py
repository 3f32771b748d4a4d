"""Near and far, flow and relations without a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from visprog.errors import ToolError
from visprog.tool import Backend, Output
from visprog.values import Depth, Flow, Image, Region, Unknown
from visprog_tools.ground import Ground
from visprog_tools.measure import depth_at, motion
from visprog_tools.optical_flow import Dis
from visprog_tools.relations import Relations

IMAGE = Image(np.zeros((100, 200, 3), np.uint8), "a")
OTHER = Image(np.ones((100, 200, 3), np.uint8), "b")
NEAR = Region(IMAGE, (0, 40, 20, 95), "person")
FAR = Region(IMAGE, (50, 40, 60, 60), "person")


def output(backend: Backend, tool: str, **call: Any) -> Output:
    [result] = backend.run(tool, [call])
    if isinstance(result, Exception):
        raise result
    return result


def test_what_touches_the_ground_lower_is_nearer() -> None:
    ground = Ground({})
    assert output(ground, "nearest", regions=[FAR, NEAR]).value is NEAR
    assert output(ground, "farthest", regions=[FAR, NEAR]).value is FAR
    assert output(ground, "in_front_of", regions=[FAR, NEAR], anchor=FAR).value == [NEAR]
    assert output(ground, "behind", regions=[FAR, NEAR], anchor=NEAR).value == [FAR]


def test_sizes_are_compared_where_things_touch_the_ground() -> None:
    """Two people of one height, on level ground, twice as far: half the size."""
    ground, horizon = Ground({}), 50
    near = Region(IMAGE, (0, horizon - 2, 9, horizon + 40), "man")
    far = Region(IMAGE, (50, horizon - 1, 59, horizon + 20), "woman")
    made = output(ground, "height_from", region=far, reference=near, metres=1.8)
    assert made.value == pytest.approx(1.8) and "heuristic" in made.notices[0]
    assert output(ground, "height_from", region=near, reference=near, metres=3).value == 3
    above = Region(IMAGE, (0, 10, 9, horizon), "lamp")
    value = output(ground, "height_from", region=above, reference=near, metres=3).value
    assert isinstance(value, Unknown) and "horizon" in value.reason
    with pytest.raises(ToolError, match="more than 0 metres"):
        output(ground, "height_from", region=far, reference=near, metres=0)


def test_every_answer_says_that_it_is_a_heuristic() -> None:
    ground = Ground({})
    assert ground.model.kind == "heuristic"
    made = [
        output(ground, "nearest", regions=[FAR]),
        output(ground, "in_front_of", regions=[FAR], anchor=NEAR),
        output(ground, "depth", image=IMAGE),
    ]
    assert all("a heuristic" in one.notices[0] for one in made)


def test_the_depth_of_the_ground_is_larger_farther_up() -> None:
    made = output(Ground({}), "depth", image=IMAGE).value
    assert isinstance(made, Depth) and made.heuristic and made.unit == "relative"
    low = Region(IMAGE, (0, 90, 10, 100), "a")
    high = Region(IMAGE, (0, 0, 10, 10), "b")
    assert depth_at(high, made) > depth_at(low, made)


def test_none_and_two_pictures() -> None:
    ground = Ground({})
    assert isinstance(output(ground, "nearest", regions=[]).value, Unknown)
    with pytest.raises(ToolError, match="different pictures"):
        output(ground, "behind", regions=[Region(OTHER, (0, 0, 1, 1), "x")], anchor=NEAR)


# -- flow


def frames(shift: int) -> tuple[Image, Image]:
    grain = np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)
    first = np.kron(grain, np.ones((4, 4, 1), np.uint8)).astype(np.uint8)
    return Image(first, "0"), Image(np.roll(first, shift, axis=1), "1")


def test_a_shift_is_seen_as_motion() -> None:
    first, second = frames(3)
    made = output(Dis({}), "flow", frame=first, next=second).value
    assert isinstance(made, Flow) and made.uv.shape == (120, 160, 2)
    middle = made.uv[20:100, 20:140]
    assert np.median(middle[..., 0]) == pytest.approx(3, abs=0.3)
    assert np.median(middle[..., 1]) == pytest.approx(0, abs=0.3)
    assert motion(Region(first, (20, 20, 140, 100), "all"), made) == "right"
    later = Image(first.pixels, "later", time=1.0)
    still = output(Dis({}), "flow", frame=first, next=later).value
    assert isinstance(still, Flow)
    assert motion(Region(first, (20, 20, 140, 100), "all"), still) == "still"


def test_frames_of_other_sizes_or_no_two_are_errors() -> None:
    small, other = Image(np.zeros((10, 10, 3), np.uint8)), Image(np.ones((10, 10, 3), np.uint8))
    with pytest.raises(ToolError, match=r"same one twice; .* direction\(track\(video, region\)\)"):
        output(Dis({}), "flow", frame=IMAGE, next=IMAGE)
    with pytest.raises(ToolError, match="one size"):
        output(Dis({}), "flow", frame=IMAGE, next=small)
    with pytest.raises(ToolError, match="16 pixels"):
        output(Dis({}), "flow", frame=small, next=other)


# -- relations

TABLE = Region(IMAGE, (20, 50, 120, 90), "dining table")
CUP = Region(IMAGE, (40, 35, 50, 58), "cup")
LAMP = Region(IMAGE, (150, 0, 160, 90), "clock")
CAT = Region(IMAGE, (60, 80, 80, 95), "cat")


@pytest.mark.parametrize(
    ("relation", "kept"),
    [
        ("on", [CUP]),
        ("on top of", [CUP]),
        ("under", [CAT]),
        ("above", [CUP]),
        ("near", [CUP, LAMP, CAT]),
        ("to the right of", [LAMP]),
    ],
)
def test_relations_that_boxes_can_tell(relation: str, kept: list[Region]) -> None:
    things = [CUP, LAMP, CAT, TABLE]
    made = output(Relations({}), "related", regions=things, relation=relation, anchor=TABLE)
    assert made.value == kept
    assert "heuristic" in made.notices[0]


def test_the_other_direction() -> None:
    made = output(
        Relations({}), "related_to", regions=[CUP, TABLE, LAMP], relation="on", anchor=CUP
    )
    assert made.value == [TABLE]


@pytest.mark.parametrize("relation", ["wearing", "holding", "eating", "looking at", "of"])
def test_relations_that_boxes_cannot_tell_are_unknown(relation: str) -> None:
    for tool in ("related", "related_to"):
        made = output(Relations({}), tool, regions=[CUP], relation=relation, anchor=NEAR)
        assert isinstance(made.value, Unknown) and "visprog[models]" in made.value.reason
