"""The exemplars of `prompts/`, and which of them a question is shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import visprog_tools
from visprog.errors import SettingsError
from visprog.inputs import VIDEO_KINDS
from visprog.lang import check, parse
from visprog.lang.format import write
from visprog.planning.exemplars import Exemplar, Likeness, read_exemplars
from visprog.planning.prompts import Prompts
from visprog.tool import Catalogue, Toolset
from visprog.values import Image

EVERY = Catalogue.of(visprog_tools).tools
TOOLS = Toolset([replace(spec, pure=True) for spec in EVERY.values()], {})
ONE: Mapping[str, Any] = {"image": Image}
TWO: Mapping[str, Any] = {"image": Image, "image2": Image, "images": list[Image]}
PROMPTS = Prompts()
EXEMPLARS = PROMPTS.exemplars


def bare(program: str) -> list[str]:
    """Its lines without what the canonical text has a say in alone: brackets and quotes."""
    return [re.sub(r"[()\[\]\s'\"]", "", line) for line in program.split("\n") if line.strip()]


@pytest.mark.parametrize("exemplar", EXEMPLARS, ids=lambda exemplar: exemplar.question)
def test_every_program_fits_the_tools_and_stands_in_canonical_lines(exemplar: Exemplar) -> None:
    program = parse(exemplar.program)
    check(program, TOOLS, exemplar.inputs)
    assert bare(exemplar.program) == bare(write(program))
    assert max(map(len, exemplar.program.split("\n"))) <= 100


def test_exemplars_show_every_tool_and_no_question_twice() -> None:
    called = Counter(re.findall(r"\b(\w+)\(", "\n".join(one.program for one in EXEMPLARS)))
    assert set(EVERY) <= set(called)
    space = ("depth_at", "nearest", "farthest", "behind", "in_front_of", "distance")
    assert sum(called[name] for name in space) >= 20
    assert called["motion"] >= 5 and called["segment"] >= 10
    questions = [one.question.casefold() for one in EXEMPLARS]
    assert len(set(questions)) == len(questions) >= 60


def test_exemplars_about_two_pictures_need_both_or_a_list_of_them() -> None:
    for one in EXEMPLARS:
        if one.video:
            assert one.fits(TOOLS, VIDEO_KINDS), one.question
            continue
        assert one.fits(TOOLS, ONE) == (one.pictures == 1), one.question
        assert one.fits(TOOLS, TWO)


@pytest.mark.parametrize("text", ["### A question?\n\nNo program.\n", "### One?\n```py\nx\n```\n"])
def test_a_question_without_a_program_is_an_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.md"
    path.write_text(text)
    with pytest.raises(SettingsError, match="wants a block of code"):
        read_exemplars(path)


@pytest.mark.parametrize(
    ("question", "called"),
    [
        ("How many kids are to the left of the blue tent?", "left_of"),
        ("Which one is nearer to us, the bin or the pram?", "nearest"),
        ("Is the truck farther from the camera than the tree?", "depth_at"),
        ("How much of the image is covered by water?", "segment"),
        ("What is written on the billboard?", "ocr"),
        ("What material is the table made of?", "query"),
        ("Is the cat on top of the wardrobe?", "related"),
        ("What is the lady wearing?", "related_to"),
        ("Is the shirt red or green?", "choose"),
        ("How far is the car from the tree, in metres?", "distance"),
        ("Do the two cars have identical colors?", "same"),
        ("What's behind the fence?", "behind"),
        ("Why is the dog barking?", "vqa"),
        ("Are there more girls than boys?", "count"),
        ("What is the average size of the eggs?", "sum"),
        ("Is there a raccoon?", "exists"),
    ],
)
def test_the_nearest_exemplars_are_of_the_same_kind(question: str, called: str) -> None:
    answers = [m.text for m in PROMPTS.messages(question, TOOLS, ONE) if m.role == "assistant"]
    assert len(answers) == PROMPTS.k
    assert any(f"{called}(" in text for text in answers[-3:])


@pytest.mark.parametrize(
    ("question", "called"),
    [
        ("In which direction does the bike go?", "motion"),
        ("Is there a sheep in both pictures?", "images"),
        ("Did the dog move between the frames?", "flow"),
    ],
)
def test_two_pictures_bring_exemplars_about_two(question: str, called: str) -> None:
    answers = [m.text for m in PROMPTS.messages(question, TOOLS, TWO) if m.role == "assistant"]
    assert any(called in text for text in answers[-3:])


def test_exemplars_differ_from_each_other() -> None:
    many = [
        Exemplar(f"How many {n}s are there?", f'return count(detect(image, "{n}"))') for n in "abcd"
    ]
    color = Exemplar("How many dogs are red?", 'return count(filter(detect(image, "dog"), "red"))')
    chosen = Likeness([*many, color]).choose("How many cats are there?", 3)
    assert color in chosen


def test_a_choice_among_none_is_none() -> None:
    assert Likeness([]).choose("Anything?", 8) == []
    assert len(Prompts(exemplars=[]).messages("Anything?", TOOLS, ONE)) == 2
