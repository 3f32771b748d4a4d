"""Edits of a picture: what they change, and that nothing else changes by a bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import visprog_tools
from visprog import Agent
from visprog.errors import ToolError
from visprog.tool import Catalogue, Output
from visprog.values import Image, Region, Unknown
from visprog_tools import drawn
from visprog_tools.drawn import NAMES, tagged
from visprog_tools.editing import mask_of, origin
from visprog_tools.editor import Editor
from visprog_tools.picture import part

EDITOR = Editor({})
TOOLS = Catalogue.of(visprog_tools).toolset("embedded")


def noise(width: int = 60, height: int = 40, seed: int = 0, name: str = "noise") -> Image:
    drawn = np.random.default_rng(seed)
    return Image(drawn.integers(0, 256, (height, width, 3), np.uint8), name)


def edit(word: str, **call: Any) -> Any:
    (made,) = EDITOR.run(word, [call])
    return made.value if isinstance(made, Output) else made


def notices(word: str, **call: Any) -> str:
    (made,) = EDITOR.run(word, [call])
    assert isinstance(made, Output), made
    return " ".join(made.notices)


@st.composite
def scenes(draw: Any) -> tuple[Image, list[Region]]:
    """A picture, also a tiny one, with regions, some of which have masks or reach beyond it."""
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    image = noise(width, height, draw(st.integers(0, 99)))
    regions = []
    for number in range(draw(st.integers(0, 3))):
        left, top = draw(st.floats(0, width - 1)), draw(st.floats(0, height - 1))
        box = left, top, draw(st.floats(left + 1, width + 1)), draw(st.floats(top + 1, height + 1))
        mask = None
        if draw(st.booleans()):
            drawn = np.random.default_rng(number)
            mask = drawn.random((height, width)) < draw(st.sampled_from([0.0, 0.3, 1.0]))
        box = box[0], box[1], min(width, box[2]), min(height, box[3])
        regions.append(Region(image, box, "thing", mask=mask))
    return image, regions


@given(scenes(), st.sampled_from(["color_pop", "blur_background", "highlight"]))
def test_things_in_front_of_another_background_stay_to_the_bit(scene: Any, word: str) -> None:
    image, regions = scene
    made = edit(word, image=image, regions=regions)
    mask = mask_of(image, regions)
    assert made.pixels.shape == image.pixels.shape
    assert np.array_equal(made.pixels[mask], image.pixels[mask])


@given(scenes())
def test_what_is_not_removed_stays_to_the_bit(scene: Any) -> None:
    image, regions = scene
    made = edit("remove", image=image, regions=regions)
    mask = mask_of(image, regions)
    if isinstance(made, Unknown):
        assert mask.all()
    else:
        assert np.array_equal(made.pixels[~mask], image.pixels[~mask])


@given(scenes(), st.sampled_from(sorted(NAMES)))
def test_an_emoji_changes_nothing_beyond_its_square(scene: Any, name: str) -> None:
    image, regions = scene
    made = edit("emoji", image=image, regions=regions, name=name)
    free = np.ones((image.height, image.width), np.bool_)
    for region in regions:
        half = 0.6 * max(region.width, region.height, 4 / 1.2) + 1
        x, y = region.center
        rows = slice(max(0, int(y - half)), max(0, int(y + half) + 1))
        free[rows, max(0, int(x - half)) : max(0, int(x + half) + 1)] = False
    assert np.array_equal(made.pixels[free], image.pixels[free])


def test_the_background_is_grey_dark_or_out_of_focus() -> None:
    image = noise()
    thing = Region(image, (10, 10, 20, 20), "thing")
    grey = edit("color_pop", image=image, regions=thing).pixels
    assert (grey[0, 0] == grey[0, 0, 0]).all() and not (grey[12, 12] == grey[12, 12, 0]).all()
    dark = edit("highlight", image=image, regions=thing).pixels
    assert dark[:5].mean() == pytest.approx(0.35 * image.pixels[:5].mean(), abs=1)
    soft = edit("blur_background", image=image, regions=thing).pixels
    assert soft[25:].std() < 0.6 * image.pixels[25:].std()


def test_no_light_of_a_thing_bleeds_into_the_background() -> None:
    pixels = np.zeros((50, 50, 3), np.uint8)
    pixels[20:30, 20:30] = 255
    image = Image(pixels, "square")
    made = edit("blur_background", image=image, regions=Region(image, (20, 20, 30, 30), "square"))
    assert np.array_equal(made.pixels, pixels)


def test_a_hole_is_filled_from_what_is_around_it() -> None:
    pixels = np.full((600, 900, 3), (10, 120, 200), np.uint8)
    pixels[200:260, 300:340] = (250, 0, 0)
    image = Image(pixels, "wall")
    thing = Region(image, (300, 200, 340, 260), "stain")
    made = edit("remove", image=image, regions=[thing])
    assert np.abs(made.pixels.astype(int) - (10, 120, 200)).max() <= 5
    told = notices("remove", image=image, regions=[thing])
    assert "OpenCV" in told and "no mask of 'stain'" in told
    assert "the list is empty" in notices("remove", image=image, regions=[])


def test_what_no_network_draws_is_not_drawn() -> None:
    image = noise()
    made = edit("replace", image=image, regions=[], text="a red hat")
    assert isinstance(made, Unknown) and "visprog tools replace" in made.reason


def test_an_emoji_that_is_not_there_is_told() -> None:
    (error,) = EDITOR.run("emoji", [{"image": noise(), "regions": [], "name": "unicorn"}])
    assert isinstance(error, ToolError) and "known: angry" in str(error)


# -- which picture a region belongs to


def test_a_region_goes_with_edits_of_its_picture() -> None:
    image = noise()
    thing = Region(image, (10, 10, 20, 20), "thing")
    once = edit("color_pop", image=image, regions=thing)
    twice = edit("highlight", image=once, regions=thing)
    assert origin(twice) == origin(once) == origin(image)
    assert once.name.startswith("noise~edited-") and twice.name == once.name
    later = Region(twice, (1, 1, 5, 5), "found later")
    assert edit("tag", image=once, regions=[thing, later]).name == once.name


@pytest.mark.parametrize(
    "other", [noise(seed=1), noise(50), noise(name=f"noise~edited-{'0' * 16}")]
)
def test_a_region_of_another_picture_is_refused(other: Image) -> None:
    thing = Region(noise(), (10, 10, 20, 20), "thing")
    for word, more in (("color_pop", {}), ("remove", {}), ("emoji", {"name": "star"}), ("tag", {})):
        (error,) = EDITOR.run(word, [{"image": other, "regions": [thing], **more}])
        assert isinstance(error, ToolError) and "found in another picture" in str(error)


def test_a_region_of_a_part_is_edited_in_the_whole() -> None:
    image = noise()
    corner = part(image, (20, 10, 60, 40))
    mask = np.zeros((30, 40), np.bool_)
    mask[5:9, 3:8] = True
    thing = Region(corner, (3, 5, 8, 9), "thing", mask=mask)
    made = edit("remove", image=image, regions=thing).pixels
    changed = (made != image.pixels).any(axis=2)
    assert changed[15:19, 23:28].all() and changed.sum() == 20
    inner = Region(part(corner, (2, 2, 9, 9)), (1, 3, 6, 7), "thing")
    assert np.array_equal(edit("remove", image=image, regions=[inner]).pixels, made)
    (error,) = EDITOR.run("remove", [{"image": noise(seed=1), "regions": thing}])
    assert isinstance(error, ToolError) and "found in another picture" in str(error)


# -- labels


@settings(deadline=None)  # a page is drawn each time
@given(st.lists(st.tuples(st.integers(0, 250), st.integers(0, 150)), max_size=20))
def test_labels_do_not_overlap(corners: list[tuple[int, int]]) -> None:
    things = [(f"thing {n}", (x, y, x + 30.0, y + 20.0)) for n, (x, y) in enumerate(corners)]
    made, unplaced = tagged(np.zeros((200, 300, 3), np.uint8), things)
    assert made.shape == (200, 300, 3) and unplaced == []
    places = placed_of(things, (300, 200))
    for number, one in enumerate(places):
        assert 0 <= one[0] < one[2] <= 300 and 0 <= one[1] < one[3] <= 200
        for other in places[:number]:
            assert (
                one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            )


def placed_of(things: list[Any], size: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Where the labels went."""
    seen: list[tuple[int, int, int, int]] = []
    free = drawn._free

    def told(placed: Any, *rest: Any) -> Any:
        place = free(placed, *rest)
        seen.extend([place] if place else [])
        return place

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawn, "_free", told)
        tagged(np.zeros((size[1], size[0], 3), np.uint8), things)
    return seen


def test_labels_without_room_are_told() -> None:
    image = noise(60, 30)
    many = [Region(image, (n, n, n + 9, n + 9), f"number {n}") for n in range(9)]
    assert "no room for the label 'number" in notices("tag", image=image, regions=many)
    odd = Region(image, (0, 0, 9, 9), "\x00\u202e" + "x" * 500)
    edit("tag", image=image, regions=odd)


# -- programs


def test_five_edits_in_one_program() -> None:
    pixels = np.full((120, 160, 3), (40, 90, 60), np.uint8)
    pixels[40:80, 50:110] = (220, 30, 30)
    program = """
parts = detect(image, "dog")
grey = color_pop(image, parts)
soft = blur_background(grey, parts)
lit = highlight(soft, parts)
star = emoji(lit, parts, "star")
return tag(star, parts)
"""
    with Agent(tools=TOOLS) as agent:
        answer = agent.run(program, Image(pixels, "square"))
    assert answer.status == "answered", answer.reason
    assert isinstance(answer.value, Image) and answer.value.name.startswith("square~edited-")
    assert len(answer.trace.steps) == 6
