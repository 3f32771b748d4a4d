"""Pairs and sets of pictures: statements that their scenes tell, and what is left out is told."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clevr import COLORS, graph, picture, scene, statement
from visprog import Agent
from visprog.values import Image

PICTURES, STATEMENTS = 60, 300


def image(number: int) -> Image:
    return Image(np.asarray(picture(scene(number))), f"drawn-{number}")


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: Any) -> Any:
    file: Path = tmp_path_factory.mktemp("scenes") / "graphs.json"
    file.write_text(json.dumps({f"drawn-{n}": graph(scene(n)) for n in range(PICTURES)}))
    with Agent(tools="oracle", options={"scene_graphs": str(file)}) as agent:
        yield agent


def test_a_picture_shows_its_scene() -> None:
    for number in range(PICTURES):
        things, drawn = scene(number), picture(scene(number))
        assert len(things) >= 2, number
        for thing in things:
            x, y, _ = thing["pixel_coords"]
            left, down = (x, y + 4) if thing["size"] == "large" else (x - 1, y + 3)
            assert drawn.getpixel((left, down)) == COLORS[thing["color"]], (number, thing)


def test_every_statement_about_a_pair_is_judged_as_the_scenes_tell(oracle: Agent) -> None:
    drawn, truths = random.Random(1), Counter[bool]()
    jobs: list[Any] = []
    for _ in range(STATEMENTS):
        pair = drawn.sample(range(PICTURES), 2)
        text, program, truth = statement(scene(pair[0]), scene(pair[1]), drawn)
        jobs.append(([image(number) for number in pair], text, program, truth))
        truths[truth] += 1
    assert min(truths.values()) > STATEMENTS / 4
    answers = list(oracle.batch(job[:3] for job in jobs))
    for (_, text, program, truth), answer in zip(jobs, answers, strict=True):
        assert (answer.status, answer.value) == ("answered", truth), (text, program)


@pytest.mark.parametrize("number", [2, 5, 32])
def test_a_set_of_pictures_is_counted_through(oracle: Agent, number: int) -> None:
    program = """
counts = [count(detect(one, "cube")) for one in images]
return [place for place, n in enumerate(counts, 1) if n == max(counts)]
"""
    answer = oracle.run(program, [image(n) for n in range(number)])
    cubes = [sum(thing["shape"] == "cube" for thing in scene(n)) for n in range(number)]
    assert answer.value == [place for place, n in enumerate(cubes, 1) if n == max(cubes)]
    assert answer.notices == ()


@pytest.mark.parametrize(
    ("number", "program", "notices"),
    [
        (1, "return 1", ()),
        (5, 'return count(detect(image, "cube")) + count(detect(image2, "cube"))',
         ("the program looks at 2 of the 5 pictures only",)),
        (12, 'return count(detect(image12, "cube"))',
         ("the program looks at 1 of the 12 pictures only",)),
        (2, 'return exists(detect(image, "cube")) or exists(detect(image2, "cube"))', ()),
        (3, "return len(images)", ()),
    ],
)  # fmt: skip
def test_pictures_that_a_program_leaves_out_are_told(
    oracle: Agent, number: int, program: str, notices: tuple[str, ...]
) -> None:
    answer = oracle.run(program, [image(n) for n in range(number)])
    assert answer.notices == notices
