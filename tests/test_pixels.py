"""The embedded look at things: what it can tell, and where it abstains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from visprog.errors import ToolError
from visprog.tool import Output
from visprog.values import Image, Region, Unknown
from visprog_tools.pixels import Pixels
from visprog_tools.statements import read

BACKEND = Pixels({})
CANVAS = np.full((100, 200, 3), 250, np.uint8)
CANVAS[10:50, 10:70] = (200, 20, 25)
CANVAS[60:70, 150:160] = (40, 80, 200)
IMAGE = Image(CANVAS, "a")
CAR = Region(IMAGE, (10, 10, 70, 50), "car")
BALL = Region(IMAGE, (150, 60, 160, 70), "sports ball")


def ask(tool: str, **call: Any) -> Any:
    [result] = BACKEND.run(tool, [call])
    if isinstance(result, Exception):
        raise result
    return result.value


@pytest.mark.parametrize(
    ("attribute", "answer"),
    [
        ("color", "red"),
        ("colour", "red"),
        ("hposition", "left"),
        ("vposition", "top"),
        ("name", "car"),
        ("size", "large"),
        ("material", "metal"),
    ],
)
def test_query_tells_what_pixels_boxes_and_classes_can(attribute: str, answer: str) -> None:
    assert ask("query", subject=CAR, attribute=attribute) == answer


@pytest.mark.parametrize("attribute", ["age", "gender", "weather", "activity", "shape", "", "x"])
def test_query_abstains_with_a_command_on_all_else(attribute: str) -> None:
    answer = ask("query", subject=CAR, attribute=attribute)
    assert isinstance(answer, Unknown) and "pip install 'visprog[models]'" in answer.reason


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("red", True),
        ("is red", True),
        ("not red", False),
        ("isn't red", False),
        ("not blue", True),
        ("red colored", True),
        ("blue", False),
        ("dark red", False),
        ("light red", False),
        ("on the left", True),
        ("left", True),
        ("to the right", False),
        ("on the left side of the picture", True),
        ("at the top", True),
        ("in the top left", True),
        ("bottom", False),
        ("large", True),
        ("not small", True),
        ("a car", True),
        ("a vehicle", True),
        ("a red car", True),
        ("a blue car", False),
        ("a dog", False),
        ("not a dog", True),
        ("metal", True),
        ("wooden", False),
    ],
)
def test_verify_reads_statements(statement: str, answer: bool) -> None:
    assert ask("verify", subject=CAR, statement=statement) is answer


@pytest.mark.parametrize(
    "statement", ["sitting", "a taxi", "indoors", "dirty", "not sitting", "striped", "a wet car"]
)
def test_verify_abstains_on_what_it_cannot_judge(statement: str) -> None:
    assert isinstance(ask("verify", subject=CAR, statement=statement), Unknown)


def test_a_picture_has_colors_and_no_place_size_or_name() -> None:
    assert ask("query", subject=IMAGE, attribute="color") == "white"
    assert ask("verify", subject=IMAGE, statement="white") is True
    for statement in ("on the left", "large", "a car", "indoors"):
        assert isinstance(ask("verify", subject=IMAGE, statement=statement), Unknown)


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (["red", "blue"], "red"),
        (["blue", "maroon"], "maroon"),
        (["left", "right"], "left"),
        (["on the right", "on the left"], "on the left"),
        (["top", "bottom"], "top"),
        (["small", "large"], "large"),
        (["a dog", "a car"], "a car"),
        (["metal", "wood"], "metal"),
    ],
)
def test_choose_takes_the_one_that_fits(options: list[str], answer: str) -> None:
    assert ask("choose", subject=CAR, options=options) == answer


@pytest.mark.parametrize(
    "options", [["red", "large"], ["old", "new"], ["a car", "a vehicle"], ["dog", "cat"]]
)
def test_choose_abstains_on_mixed_unreadable_and_undecided(options: list[str]) -> None:
    assert isinstance(ask("choose", subject=CAR, options=options), Unknown)


def test_shades_go_by_lightness() -> None:
    wine = Image(np.full((20, 20, 3), (120, 10, 15), np.uint8))
    assert ask("verify", subject=wine, statement="dark red") is True
    assert ask("verify", subject=wine, statement="dark") is True
    assert ask("verify", subject=wine, statement="light red") is False


def test_filter_keeps_those_of_which_it_is_true() -> None:
    assert ask("filter", regions=[CAR, BALL], attribute="red") == [CAR]
    assert ask("filter", regions=[CAR, BALL], attribute="not red") == [BALL]
    assert ask("filter", regions=[CAR, BALL], attribute="on the right") == [BALL]
    assert ask("filter", regions=[], attribute="happy") == []
    assert isinstance(ask("filter", regions=[CAR], attribute="happy"), Unknown)


def test_same_and_common() -> None:
    twin = Region(IMAGE, (20, 20, 60, 45), "bus")
    assert ask("same", a=CAR, b=twin, attribute="color") is True
    assert ask("same", a=CAR, b=BALL, attribute="color") is False
    assert ask("same", a=CAR, b=twin, attribute="name") is False
    assert ask("same", a=CAR, b=twin, attribute="material") is True
    assert isinstance(ask("same", a=CAR, b=BALL, attribute="material"), Unknown)
    assert ask("common", a=CAR, b=twin) == "color"
    assert isinstance(ask("common", a=CAR, b=BALL), Unknown)


def test_heuristics_say_that_they_are() -> None:
    [result] = BACKEND.run("verify", [{"subject": CAR, "statement": "red"}])
    assert isinstance(result, Output) and "heuristic" in result.notices[0]
    assert BACKEND.model.kind == "heuristic"


def test_empty_texts_are_errors() -> None:
    for call in ({"subject": CAR, "statement": " "}, {"subject": CAR, "statement": ""}):
        with pytest.raises(ToolError, match="empty"):
            ask("verify", **call)
    with pytest.raises(ToolError, match="options"):
        ask("choose", subject=CAR, options=[])


def test_a_statement_of_two_colors_wants_both() -> None:
    assert [claim.word for claim in read("red and white")] == ["red", "white"]
    half = Region(IMAGE, (50, 10, 90, 50), "flag")
    assert ask("verify", subject=half, statement="red and white") is True
    assert ask("verify", subject=CAR, statement="red and white") is False
