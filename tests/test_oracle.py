"""The oracle: what it answers from a small scene graph, and where it abstains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visprog.errors import SettingsError, ToolError
from visprog.tool import Output
from visprog.values import Image, Region, Unknown
from visprog_tools import hierarchy
from visprog_tools.oracle import ORACLE, Oracle
from visprog_tools.picture import crop


def thing(
    name: str,
    box: tuple[int, int, int, int],
    *attributes: str,
    relations: tuple[tuple[str, str], ...] = (),
    **more: Any,
) -> dict[str, Any]:
    x, y, w, h = box
    edges = [{"name": relation, "object": target} for relation, target in relations]
    return {
        "name": name,
        "x": x,
        "y": y,
        "w": w,
        "h": h,
        "attributes": list(attributes),
        "relations": edges,
        **more,
    }


STREET = {
    "width": 400,
    "height": 200,
    "location": "outdoors",
    "weather": "sunny",
    "objects": {
        "1": thing(
            "man",
            (40, 60, 40, 100),
            "tall",
            "standing",
            relations=(("wearing", "3"), ("holding onto", "4"), ("to the left of", "2")),
        ),
        "2": thing("dog", (200, 110, 60, 40), "brown", "small", relations=(("in front of", "5"),)),
        "3": thing("hat", (45, 50, 20, 12), "dark blue"),
        "4": thing("umbrella", (70, 40, 60, 30), "red", "open"),
        "5": thing("fence", (150, 80, 250, 60), "wood", "white"),
        "6": thing("woman", (300, 60, 40, 100), "standing", relations=(("sitting on", "5"),)),
        "7": thing("puppy", (10, 170, 20, 20), "brown"),
        "8": thing("cup", (195, 90, 10, 10)),
    },
}
KITCHEN = {
    "width": 100,
    "height": 100,
    "location": "kitchen",
    "objects": {
        "1": thing("wine glass", (10, 10, 50, 50), maskArea=0.05),
        "2": thing("banana", (60, 60, 30, 30), maskArea=0.08),
        "3": thing("person", (0, 80, 100, 20), maskArea=0.2, crowd=True),
    },
}


@pytest.fixture
def oracle(tmp_path: Path) -> Oracle:
    path = tmp_path / "graphs.json"
    path.write_text(json.dumps({"street": STREET, "000042": KITCHEN}))
    return Oracle({"scene_graphs": str(path)})


def picture(name: str, width: int, height: int) -> Image:
    return Image(np.zeros((height, width, 3), np.uint8), name)


@pytest.fixture
def street() -> Image:
    return picture("street", 400, 200)


@pytest.fixture
def kitchen() -> Image:
    return picture("42", 100, 100)


def one(oracle: Oracle, image: Image, name: str) -> Region:
    return found(oracle, image, name)[0]


def found(oracle: Oracle, image: Image, name: str) -> list[Region]:
    value = oracle.detect(image, name).value
    assert isinstance(value, list)
    return value


def refs(value: list[Region] | Unknown) -> list[str]:
    assert isinstance(value, list), value
    return [region.ref for region in value]


def test_every_tool_it_serves_is_a_method() -> None:
    assert all(callable(getattr(Oracle, tool)) for tool in ORACLE)
    assert set(ORACLE.values()) == {Oracle.name}


@pytest.mark.parametrize(
    ("noun", "expected"),
    [
        ("dog", ["2", "7"]),
        ("puppy", ["7"]),
        ("animals", ["2", "7"]),
        ("person", ["1", "6"]),
        ("people", ["1", "6"]),
        ("the clothing", ["3"]),
        ("fences", ["5"]),
        ("cat", []),
    ],
)
def test_detect_knows_kinds_and_plurals(
    oracle: Oracle, street: Image, noun: str, expected: list[str]
) -> None:
    regions = found(oracle, street, noun)
    assert refs(regions) == expected
    assert {region.label for region in regions} <= {noun}


def test_boxes_are_those_of_the_graph_in_the_pictures_pixels(oracle: Oracle) -> None:
    assert one(oracle, picture("street", 400, 200), "dog").box == (200, 110, 260, 150)
    assert one(oracle, picture("street", 200, 100), "dog").box == (100, 55, 130, 75)


def test_a_part_of_a_picture_shows_what_lies_in_it(oracle: Oracle, street: Image) -> None:
    part = crop(street, one(oracle, street, "fence"))
    assert refs(oracle.objects(part)) == ["5", "6", "2", "8"]
    assert one(oracle, part, "dog").box == (50, 30, 110, 60)


@pytest.mark.parametrize("name", ["square", ""])
def test_no_graph_for_the_picture(oracle: Oracle, name: str) -> None:
    with pytest.raises(ToolError, match="no scene graph for the picture"):
        oracle.detect(picture(name, 400, 200), "dog")


def test_a_picture_of_another_shape(oracle: Oracle) -> None:
    with pytest.raises(ToolError, match="400x200 pixels, this one has 100x100"):
        oracle.objects(picture("street", 100, 100))


def test_it_needs_a_file_of_scene_graphs(tmp_path: Path, street: Image) -> None:
    with pytest.raises(SettingsError, match="--scene-graphs"):
        Oracle({}).objects(street)
    with pytest.raises(SettingsError, match="No such file"):
        Oracle({"scene_graphs": str(tmp_path / "none.json")}).objects(street)
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(SettingsError, match="not JSON"):
        Oracle({"scene_graphs": str(tmp_path / "bad.json")}).objects(street)


def test_other_graphs_are_another_revision(oracle: Oracle, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    other = Oracle({"scene_graphs": str(tmp_path / "other.json")})
    assert len({Oracle({}).model.revision, oracle.model.revision, other.model.revision}) == 3


def test_a_damaged_graph_is_named(tmp_path: Path, street: Image) -> None:
    damaged = {**STREET, "objects": {"1": {"name": "dog"}}}
    (tmp_path / "graphs.json").write_text(json.dumps({"street": damaged}))
    with pytest.raises(ToolError, match="scene graph of street is damaged: KeyError: 'x'"):
        Oracle({"scene_graphs": str(tmp_path / "graphs.json")}).objects(street)


def test_relations_both_ways(oracle: Oracle, street: Image) -> None:
    man, hat = one(oracle, street, "man"), one(oracle, street, "hat")
    everything = oracle.objects(street)
    assert refs(oracle.related_to(everything, "wearing", man)) == ["3"]
    assert refs(oracle.related(everything, "wears", hat)) == ["1"]
    assert refs(oracle.related(everything, "wearing", man)) == []
    assert refs(oracle.related_to(everything, "holding", man)) == ["4"]
    fence = one(oracle, street, "fence")
    assert refs(oracle.related(everything, "on", fence)) == ["6"]
    assert refs(oracle.related(everything, "in", fence)) == []  # "in front of" is another word
    assert refs(oracle.related_to(everything, "to the left of", man)) == ["2"]


def test_edges_of_place_go_before_boxes(oracle: Oracle, street: Image) -> None:
    man, dog, cup = (one(oracle, street, name) for name in ("man", "dog", "cup"))
    assert refs(oracle.right_of(oracle.objects(street), man)) == ["2"]
    assert refs(oracle.left_of([man], dog)) == ["1"]
    assert refs(oracle.right_of([man], dog)) == []
    assert refs(oracle.left_of([man, dog], cup)) == ["1"]  # no edge: centres
    assert refs(oracle.above([cup], dog)) == ["8"]
    assert refs(oracle.left_of([], dog)) == []


def test_the_anchor_is_known_by_any_name(oracle: Oracle, street: Image) -> None:
    people = found(oracle, street, "person")
    woman = one(oracle, street, "woman")
    assert refs(oracle.without(people, woman)) == ["1"]


def test_depth_is_known_by_edges_only(oracle: Oracle, street: Image) -> None:
    dog, fence, man = (one(oracle, street, name) for name in ("dog", "fence", "man"))
    assert refs(oracle.in_front_of([dog], fence)) == ["2"]
    assert refs(oracle.behind([fence], dog)) == ["5"]
    assert refs(oracle.behind([dog], fence)) == []
    assert isinstance(oracle.behind([man], fence), Unknown)
    nearest, farthest = oracle.nearest([fence, dog]), oracle.farthest([fence, dog])
    assert nearest == dog
    assert farthest == fence
    assert isinstance(oracle.nearest([dog, man]), Unknown)
    assert isinstance(oracle.nearest([]), Unknown)


def test_size_is_the_masks_where_it_is_given(oracle: Oracle, kitchen: Image) -> None:
    glass, banana = one(oracle, kitchen, "glass"), one(oracle, kitchen, "bananas")
    assert oracle.largest([glass, banana]) == banana
    assert oracle.smallest([glass, banana]) == glass
    assert oracle.area(banana) == pytest.approx(8.0)
    assert isinstance(oracle.largest([]), Unknown)


def test_size_is_the_boxs_where_no_mask_is_given(oracle: Oracle, street: Image) -> None:
    dog, fence = one(oracle, street, "dog"), one(oracle, street, "fence")
    assert oracle.largest([dog, fence]) == fence
    assert oracle.area(dog) == pytest.approx(3.0)


def test_a_crowd_is_told(oracle: Oracle, kitchen: Image) -> None:
    made = oracle.detect(kitchen, "person")
    assert made.notices == ("one box marks a crowd of person: how many there are is not annotated",)


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("dog", "color", "brown"),
        ("dog", "name", "dog"),
        ("animal", "name", "dog"),
        ("dog", "hposition", "right"),
        ("hat", "hposition", "left"),
        ("hat", "vposition", "top"),
        ("fence", "material", "wood"),
        ("man", "gender", "male"),
        ("man", "height", "tall"),
    ],
)
def test_query(oracle: Oracle, street: Image, name: str, attribute: str, value: str) -> None:
    assert oracle.query(one(oracle, street, name), attribute) == value


@pytest.mark.parametrize(
    ("name", "attribute"), [("man", "color"), ("dog", "flavour"), ("cup", "color")]
)
def test_query_of_what_the_graph_does_not_say(
    oracle: Oracle, street: Image, name: str, attribute: str
) -> None:
    value = oracle.query(one(oracle, street, name), attribute)
    assert isinstance(value, Unknown)
    assert f"does not say the {attribute} of the {name}" in value.reason


@pytest.mark.parametrize(
    ("name", "statement", "truth"),
    [
        ("dog", "brown", True),
        ("dog", "white", False),
        ("dog", "not white", True),
        ("dog", "not(brown)", False),
        ("dog", "on the right", True),
        ("dog", "left", False),
        ("cup", "in the middle", True),
        ("dog", "tiny", False),
        ("dog", "an animal", True),
        ("dog", "cat", False),
        ("hat", "blue", True),
        ("umbrella", "open", True),
        ("umbrella", "closed", False),
        ("fence", "made of wood", True),
        ("fence", "wooden", True),
        ("man", "wearing a hat", True),
        ("man", "wearing a shirt", False),
        ("man", "red", None),
        ("cup", "dirty", None),
        ("cup", "chipped", None),
        ("man", "about to miss the bus", None),
    ],
)
def test_verify(
    oracle: Oracle, street: Image, name: str, statement: str, truth: bool | None
) -> None:
    answer = oracle.verify(one(oracle, street, name), statement)
    assert (None if isinstance(answer, Unknown) else answer) is truth


def test_filter(oracle: Oracle, street: Image) -> None:
    everything = oracle.objects(street)
    assert refs(oracle.filter(everything, "standing")) == ["1", "6"]
    assert refs(oracle.filter(found(oracle, street, "dog"), "not small")) == []
    assert refs(oracle.filter(found(oracle, street, "person"), "on the left")) == ["1"]
    assert refs(oracle.filter(found(oracle, street, "person"), "red")) == []
    assert isinstance(oracle.filter(found(oracle, street, "cup"), "red"), Unknown)
    assert oracle.filter([], "red") == []


def test_choose(oracle: Oracle, street: Image, kitchen: Image) -> None:
    dog = one(oracle, street, "dog")
    assert oracle.choose(dog, ["white", "brown"]) == "brown"
    assert oracle.choose(one(oracle, street, "hat"), ["blue", "dark blue"]) == "dark blue"
    assert oracle.choose(one(oracle, street, "animal"), ["cats", "dogs"]) == "dogs"
    assert oracle.choose(dog, ["left", "right"]) == "right"
    assert isinstance(oracle.choose(dog, ["white", "red"]), Unknown)
    assert oracle.choose(street, ["indoors", "outdoors"]) == "outdoors"
    assert oracle.choose(kitchen, ["kitchen", "office"]) == "kitchen"


def test_the_whole_picture(oracle: Oracle, street: Image, kitchen: Image) -> None:
    assert oracle.query(street, "weather") == "sunny"
    assert oracle.query(kitchen, "place") == "kitchen"
    assert oracle.query(kitchen, "room") == "kitchen"
    assert oracle.verify(street, "it is outdoors") is True
    assert oracle.verify(street, "indoors") is False
    assert oracle.verify(street, "cloudy") is False
    assert oracle.verify(kitchen, "church") is False
    for value in (oracle.query(street, "place"), oracle.verify(kitchen, "rainy")):
        assert isinstance(value, Unknown)


def test_same_and_common(oracle: Oracle, street: Image) -> None:
    dog, puppy, fence = (one(oracle, street, name) for name in ("dog", "puppy", "fence"))
    assert oracle.same(dog, puppy, "color") is True
    assert oracle.same(dog, fence, "color") is False
    assert oracle.common(dog, puppy) == "color"
    assert isinstance(oracle.same(dog, one(oracle, street, "cup"), "color"), Unknown)
    assert isinstance(oracle.common(dog, fence), Unknown)


def test_a_graph_without_edges_knows_no_relations(oracle: Oracle, kitchen: Image) -> None:
    glass, banana = one(oracle, kitchen, "wine glass"), one(oracle, kitchen, "banana")
    assert isinstance(oracle.related([glass], "on", banana), Unknown)


def test_what_no_graph_knows(oracle: Oracle, street: Image) -> None:
    answers = (
        oracle.ocr(street),
        oracle.vqa(street, "why?"),
        oracle.caption(street),
        oracle.depth(street),
        oracle.flow(street, street),
        oracle.faces(street),
        oracle.segment(found(oracle, street, "dog")),
        oracle.distance(one(oracle, street, "dog"), one(oracle, street, "man")),
    )
    for answer in answers:
        assert isinstance(answer, Unknown)
        assert "--tools oracle," in answer.reason


def test_a_region_of_another_detector_is_known_by_its_place(oracle: Oracle, street: Image) -> None:
    assert oracle.query(Region(street, (198, 111, 262, 148), "cat"), "color") == "brown"
    assert isinstance(oracle.query(Region(street, (0, 0, 9, 9), "cat"), "color"), Unknown)


def test_match_and_classify(oracle: Oracle, street: Image) -> None:
    dog = one(oracle, street, "dog")
    assert oracle.match(dog, "brown") == 1.0
    assert oracle.classify(dog, ["dog", "horse"]) == "dog"


def test_run_answers_each_call_alone(oracle: Oracle, street: Image) -> None:
    calls = [{"image": street, "name": "dog"}, {"image": picture("x", 9, 9), "name": "dog"}]
    good, bad = oracle.run("detect", calls)
    assert isinstance(good, Output)
    assert isinstance(bad, ToolError)


def test_nouns() -> None:
    assert hierarchy.noun("the Sofas") == "couch"
    assert hierarchy.is_kind("parrot", "animal")
    assert not hierarchy.is_kind("hot dog", "dog")
    assert not hierarchy.is_kind("teddy bear", "bear")
    assert hierarchy.noun("glasses") == "glasses"
    assert hierarchy.noun("wine glasses") == "wine glass"
