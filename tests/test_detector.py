"""The embedded detector, on real pictures and with a network that a test wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from visprog.errors import ToolError
from visprog.tool import Output
from visprog.values import Image, Region, Unknown
from visprog_tools.choice import left_of
from visprog_tools.detector import NanoDet
from visprog_tools.face import Faces
from visprog_tools.nouns import classes
from visprog_tools.picture import part

EXAMPLES = Path(__file__).parent.parent / "examples"
CELLS = 3549


def example(name: str) -> Image:
    with Picture.open(EXAMPLES / f"{name}.jpg") as file:
        return Image(np.asarray(file.convert("RGB")).copy(), name)


@pytest.fixture(scope="module")
def detector() -> NanoDet:
    made = NanoDet({"threads": "1"})
    made.ready()
    return made


def output(backend: NanoDet, tool: str, **call: Any) -> Output:
    [result] = backend.run(tool, [call])
    if isinstance(result, Exception):
        raise result
    return result


def found(backend: NanoDet, image: Image, name: str) -> list[Region]:
    value = output(backend, "detect", image=image, name=name).value
    assert isinstance(value, list)
    return value


class Scripted:
    """A network that sees what it is told: (class, score, box in the square) for each picture."""

    def __init__(self, *seen: tuple[str, float, tuple[float, float, float, float]]) -> None:
        self.seen = seen
        self.batches: list[int] = []

    def run(self, names: list[str], feed: Mapping[str, Any]) -> list[Any]:
        size = len(feed["pictures"])
        self.batches.append(size)
        boxes = np.zeros((size, CELLS, 4), np.float32)
        scores = np.zeros((size, CELLS, 80), np.float32)
        for cell, (name, score, box) in enumerate(self.seen):
            boxes[:, cell] = box
            scores[:, cell, classes().index(name)] = score
        return [boxes, scores]


def scripted(*seen: tuple[str, float, tuple[float, float, float, float]]) -> NanoDet:
    made = NanoDet({})
    made.ready()
    made._session = Scripted(*seen)
    return made


def blank(width: int = 416, height: int = 416, shade: int = 0) -> Image:
    return Image(np.full((height, width, 3), shade, np.uint8))


# -- real pictures


def test_the_wine_glass_stands_left_of_the_bottle(detector: NanoDet) -> None:
    image = example("wine")
    [glass], [bottle] = found(detector, image, "wine glass"), found(detector, image, "bottle")
    assert left_of([glass], bottle) == [glass]
    assert 250 < glass.left < glass.right < 330 and 300 < bottle.left < bottle.right < 380


def test_a_person_and_her_face(detector: NanoDet) -> None:
    image = example("astronaut")
    [person] = found(detector, image, "person")
    assert person.label == "person" and person.score > 0.6
    faces = Faces({"threads": "1"})
    faces.ready()
    [face] = faces.faces(image)
    assert face.label == "face" and 160 < face.left < face.right < 290
    assert faces.faces(blank()) == []


def test_two_dogs_and_a_cat(detector: NanoDet) -> None:
    assert len(found(detector, example("dogs"), "dog")) == 2
    [cat] = found(detector, example("cat"), "animal")
    assert cat.label == "cat"


def test_a_look_alike_of_another_class_is_noticed(detector: NanoDet) -> None:
    made = output(detector, "detect", image=example("cat"), name="dog")
    assert isinstance(made.value, list) and len(made.value) == 1
    assert "may be a 'cat'" in made.notices[0]


def test_a_part_of_a_picture_is_a_picture(detector: NanoDet) -> None:
    image = part(example("wine"), (200, 60, 500, 460))
    [bottle] = found(detector, image, "bottle")
    assert bottle.image == image and 100 < bottle.left < 180


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 2), (30, 20)])
def test_pictures_of_any_size_are_taken(detector: NanoDet, size: tuple[int, int]) -> None:
    assert isinstance(output(detector, "objects", image=blank(*size, 90)).value, list)


def test_a_batch_gives_what_single_calls_give(detector: NanoDet) -> None:
    images = [example(name) for name in ("wine", "dogs", "cat")]
    together = NanoDet({"threads": "1"})
    together.ready()
    results = together.run("objects", [{"image": image} for image in images])
    for image, result in zip(images, results, strict=True):
        assert isinstance(result, Output) and isinstance(result.value, list)
        single = output(detector, "objects", image=image).value
        assert isinstance(single, list)
        assert [r.label for r in result.value] == [r.label for r in single]
        for a, b in zip(result.value, single, strict=True):
            assert np.allclose(a.box, b.box, atol=0.5)


# -- names


def test_what_the_detector_cannot_name_is_unknown_with_a_command(detector: NanoDet) -> None:
    answer = output(detector, "detect", image=blank(), name="lamp").value
    assert isinstance(answer, Unknown)
    assert "knows 80 classes; 'lamp' is not one" in answer.reason
    assert "pip install 'visprog[models]'" in answer.reason


def test_an_adjective_it_cannot_check_is_not_dropped(detector: NanoDet) -> None:
    answer = output(detector, "detect", image=blank(), name="happy dog").value
    assert isinstance(answer, Unknown) and "'happy'" in answer.reason


def test_an_adjective_it_can_check_filters_with_a_notice() -> None:
    image = blank()
    pixels = image.pixels.copy()
    pixels[0:100, 0:100] = (200, 20, 25)
    backend = scripted(("car", 0.9, (0, 0, 100, 100)), ("car", 0.8, (200, 200, 300, 300)))
    made = output(backend, "detect", image=Image(pixels), name="red cars")
    assert isinstance(made.value, list)
    assert [(r.label, r.left) for r in made.value] == [("red car", 0)]
    assert "of 2 found, 1 kept that are red" in made.notices[0]


def test_labels_are_the_asked_noun_or_the_class() -> None:
    backend = scripted(("cup", 0.9, (0, 0, 99, 99)), ("person", 0.9, (200, 0, 299, 299)))
    assert found(backend, blank(), "mugs")[0].label == "mug"
    made = output(backend, "detect", image=blank(), name="woman")
    assert isinstance(made.value, list) and made.value[0].label == "person"
    assert made.notices == ("the embedded detector knows no 'woman'; it looked for 'person'",)


def test_an_empty_name_is_an_error(detector: NanoDet) -> None:
    with pytest.raises(ToolError, match="empty"):
        output(detector, "detect", image=blank(), name="  ")


# -- scores, overlaps, batches


def test_the_first_of_a_kind_needs_less_than_the_further_ones() -> None:
    low = scripted(("dog", 0.25, (0, 0, 90, 90)), ("dog", 0.24, (200, 0, 300, 90)))
    made = output(low, "detect", image=blank(), name="dog")
    assert isinstance(made.value, list) and len(made.value) == 1
    assert "uncertain" in made.notices[0]
    assert output(low, "objects", image=blank()).value == []
    both = scripted(("dog", 0.5, (0, 0, 90, 90)), ("dog", 0.3, (200, 0, 300, 90)))
    assert len(found(both, blank(), "dog")) == 1
    assert found(scripted(("dog", 0.2, (0, 0, 90, 90))), blank(), "dog") == []


def test_one_thing_is_found_once() -> None:
    backend = scripted(
        ("car", 0.9, (0, 0, 100, 100)),
        ("car", 0.8, (5, 0, 100, 100)),
        ("truck", 0.7, (0, 0, 100, 98)),
        ("truck", 0.6, (200, 0, 300, 100)),
    )
    assert [r.score for r in found(backend, blank(), "car")] == pytest.approx([0.9])
    assert [r.label for r in found(backend, blank(), "vehicle")] == ["car", "truck"]
    assert len(found(backend, blank(), "truck")) == 2


def test_boxes_come_back_from_the_middle_of_the_square() -> None:
    wide = scripted(("bus", 0.9, (0, 104, 208, 312)))
    [bus] = found(wide, blank(832, 416), "bus")
    assert bus.box == pytest.approx((0, 0, 416, 416))


def test_a_picture_runs_once_for_all_that_is_asked_of_it() -> None:
    backend = scripted(("dog", 0.9, (0, 0, 90, 90)))
    network = backend._session
    a, b = blank(shade=1), blank(shade=2)
    names = [(a, "dog"), (b, "dog"), (a, "cat"), (a, "lamp")]
    backend.run("detect", [{"image": image, "name": name} for image, name in names])
    assert network.batches == [2]
    found(backend, a, "horse")
    assert network.batches == [2]


def test_a_network_that_fails_fails_each_call_by_name() -> None:
    backend = scripted()
    backend._session = None
    results = backend.run("detect", [{"image": blank(), "name": "dog"}] * 2)
    assert len(results) == 2
    assert all(isinstance(r, ToolError) and "nanodet" in str(r) for r in results)


# -- classify


def test_classify_takes_the_best_score_or_the_label() -> None:
    backend = scripted(("dog", 0.4, (0, 0, 90, 90)), ("cat", 0.6, (0, 0, 90, 90)))
    answer = output(backend, "classify", image=blank(), options=["dog", "cat"]).value
    assert answer == "cat"
    region = Region(blank(), (0, 0, 9, 9), "car")
    assert output(backend, "classify", image=region, options=["bus", "car"]).value == "car"
    for options in (["cabin", "castle"], ["horse", "zebra"]):
        value = output(backend, "classify", image=blank(), options=options).value
        assert isinstance(value, Unknown)
