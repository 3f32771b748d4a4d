"""The pairs that the embedded planner is trained on are of the language and of its grammar."""

from __future__ import annotations

import importlib
import json
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

import visprog_tools
from tests.gbnf import Reader
from visprog.lang.check import check
from visprog.lang.grammar import grammar
from visprog.lang.parse import parse
from visprog.tool import Catalogue

FOLDER = Path(__file__).resolve().parents[1] / "scripts" / "planner"
TOOLS = Catalogue.of(visprog_tools).tools
HELD_OUT = [json.loads(line) for line in (FOLDER / "heldout.jsonl").read_text().splitlines()]


def script(name: str) -> ModuleType:
    """A module of the folder; they import each other by name."""
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def pairs() -> list[dict[str, str]]:
    made: list[dict[str, str]] = script("pairs").from_templates(1_500, seed=1)
    return made


def test_every_program_checks_and_quotes_its_question(pairs: list[dict[str, str]]) -> None:
    inputs = script("pairs").INPUTS
    for pair in pairs:
        check(parse(pair["program"] + "\n"), TOOLS, inputs)
        assert not script("quoting").stray_texts(pair["question"], pair["program"]), pair


def test_the_grammar_of_a_question_derives_its_program(pairs: list[dict[str, str]]) -> None:
    inputs = script("pairs").INPUTS
    seen: Counter[str] = Counter()
    for pair in pairs:
        seen[pair["family"]] += 1
        if seen[pair["family"]] > 2:
            continue
        rules = grammar(TOOLS, question=pair["question"], variables=False, inputs=inputs)
        assert Reader(rules).accepts(pair["program"] + "\n"), pair
    assert len(seen) > 40


def test_templates_and_seeds_use_every_word(pairs: list[dict[str, str]]) -> None:
    more = script("pairs").from_templates(6_000, seed=2)
    seeds = [seed.expression for seed in script("seeds").read_seeds()]
    text = "\n".join([*(pair["program"] for pair in pairs + more), *seeds])
    known = {"ask", "facts", "assign"}  # want a language model, which the embedded planner is not
    assert {name for name in TOOLS if f"{name}(" not in text} <= known


def test_no_held_out_question_is_trained_on(pairs: list[dict[str, str]]) -> None:
    module = script("pairs")
    again = [*pairs, {"question": HELD_OUT[0]["question"].lower().rstrip("?")}]
    kept = module.without_questions(again, [FOLDER / "heldout.jsonl"])
    barred = {module.key(row["question"]) for row in HELD_OUT}
    assert not barred & {module.key(pair["question"]) for pair in kept}


def test_the_nth_leaves_out_those_before_it() -> None:
    assert script("ordinals").nth("leftmost", "xs", 1) == "leftmost(xs)"
    assert script("ordinals").nth("leftmost", "xs", 2) == "leftmost(without(xs, leftmost(xs)))"


def test_a_question_is_recast_with_its_program() -> None:
    module, words = script("gqa_pairs"), script("words")
    own = [
        {
            "question": "What color is the hat on the red chair?",
            "program": 'return query(largest(related(detect(image, "hat"), "on", '
            'largest(filter(detect(image, "chair"), "red")))), "color")',
        }
    ]
    for pair in module.recasts(own, 20, words.read_nouns(), 1):
        assert not script("quoting").stray_texts(pair["question"], pair["program"])
        assert not module.unsaid(pair["question"], pair["program"])
