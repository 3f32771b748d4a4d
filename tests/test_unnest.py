"""Nested programs as lines: readable, and the same answer for no more calls."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import visprog_tools
from tests.fakes import answered
from tests.gbnf import Deriver
from visprog.errors import EvaluationError
from visprog.execution import Request, run
from visprog.lang import syntax as s
from visprog.lang import types as t
from visprog.lang.check import check
from visprog.lang.grammar import grammar
from visprog.lang.parse import parse
from visprog.lang.unnest import unnest
from visprog.tool import Catalogue
from visprog.values import Depth, Flow, Image, Region, Text, Unknown, key

FAILED = "failed"
# none runs by itself: the test answers all
TOOLS = {
    name: replace(spec, pure=False) for name, spec in Catalogue.of(visprog_tools).tools.items()
}

CASES = """
return count(left_of(detect(image, "person"), largest(detect(image, "bus"))))
--
person = detect(image, "person")
bus = largest(detect(image, "bus"))
left_person = left_of(person, bus)
return count(left_person)
===
return largest([largest(detect(image, "cat")), largest(detect(image, "red bowl"))]).label
--
cat = largest(detect(image, "cat"))
red_bowl = largest(detect(image, "red bowl"))
return largest([cat, red_bowl]).label
===
return "left" if exists(left_of([largest(faces(image))], largest(objects(image)))) else "right"
--
face = largest(faces(image))
thing = largest(objects(image))
left_face = left_of([face], thing)
return "left" if exists(left_face) else "right"
===
return exists(detect(image, "cat")) and count(detect(image, "cat")) > count(detect(image, "dog"))
--
cat = detect(image, "cat")
return exists(cat) and (count(cat) > count(detect(image, "dog")))
===
return all([exists(left_of([r], largest(faces(image)))) for r in filter(objects(image), "red")])
--
thing = objects(image)
red_thing = filter(thing, "red")
return all([exists(left_of([r], largest(faces(image)))) for r in red_thing])
===
return count(left_of(detect(image, "cup"), largest(detect(image, "cup"))))
--
cup = detect(image, "cup")
largest_cup = largest(cup)
left_cup = left_of(cup, largest_cup)
return count(left_cup)
===
return ocr(crop(image, leftmost(detect(image, "stop sign"))))
--
leftmost_stop_sign = leftmost(detect(image, "stop sign"))
stop_sign_picture = crop(image, leftmost_stop_sign)
return ocr(stop_sign_picture)
===
return depth_at(largest(detect(image, "count")), depth(image)) > 2
--
largest_count = largest(detect(image, "count"))
depth_map = depth(image)
return depth_at(largest_count, depth_map) > 2
===
return count(detect(image, "dog")) + count(detect(image, "dog!"))
--
dog = detect(image, "dog")
detect_dog = detect(image, "dog!")
return count(dog) + count(detect_dog)
===
return all([exists([image for image in detect(image, "a")]) for image in detect(image, "a")])
--
a = detect(image, "a")
return all([exists([image for image in detect(image, "a")]) for image in a])
===
return "cat"
--
return "cat"
===
x = count(detect(image, "dog"))
return x
--
x = count(detect(image, "dog"))
return x
"""


@pytest.mark.parametrize("case", CASES.split("===\n"))
def test_examples(case: str) -> None:
    nested, lines = case.strip().split("\n--\n")
    assert unnest(parse(nested), TOOLS).source.strip() == lines.strip()


PICTURE = Image(np.zeros((8, 8, 3), np.uint8))


def _value(kind: t.Type, chance: random.Random) -> Any:
    """Some value of a type."""
    match kind:
        case t.ListType(item):
            return [_value(item, chance) for _ in range(chance.randint(0, 3))]
        case t.Number(whole):
            return chance.randint(0, 3) if whole else chance.random()
        case t.Named("bool"):
            return chance.random() < 0.5
        case t.Named("str"):
            return chance.choice(["red", "left", "cat"])
        case t.Named("Image"):
            return PICTURE
        case t.Named("Depth"):
            return Depth(PICTURE, np.zeros((8, 8), np.float32))
        case t.Named("Flow"):
            return Flow(PICTURE, np.zeros((8, 8, 2), np.float32))
        case t.Named("Text"):
            return Text(PICTURE, chance.choice(["stop", "go"]), (0, 0, 1, 1))
    left = chance.random()
    return Region(PICTURE, (left, 0, left + 1, 1), chance.choice(["cat", "dog"]))


def _answer(program: s.Program, seed: int) -> tuple[str, list[str]]:
    """What a program answers where tools give random but repeatable values, and its calls."""
    calls: list[str] = []

    def reply(request: Request) -> Any:
        call = f"{request.tool} {key(list(request.args.values()))}"
        calls.append(call)
        chance = random.Random(f"{seed} {call}")
        unknown = chance.random() < 0.1
        kind = t.of(TOOLS[request.tool].returns)
        return Unknown(f"no {call}") if unknown else _value(kind, chance)

    try:
        return key(answered(run(program, TOOLS, {"image": PICTURE}), reply)), calls
    except EvaluationError:  # the first of no things, or a division by zero
        return FAILED, calls


@pytest.mark.parametrize("seed", range(4))
def test_the_answer_stays_and_no_call_is_added(seed: int) -> None:
    question = "Is the red cat left of the dog?"
    deriver = Deriver(grammar(TOOLS, question=question, variables=False), seed)
    for place in range(100):
        nested = parse(deriver.derive(depth=5 + place % 10))
        lines = unnest(nested, TOOLS)
        check(lines, TOOLS, {"image": Image})
        names = [name for node in lines.body if isinstance(node, s.Assign) for name in node.targets]
        assert len(set(names)) == len(names) and not {*names} & {*TOOLS, "image", "object"}
        before, calls = _answer(nested, place)
        after, fewer = _answer(lines, place)
        assert after == before, nested.source
        if before == FAILED:  # others of its calls may have been made
            continue
        assert len(fewer) <= len(calls) and set(fewer) <= set(calls)  # less where one abstains
