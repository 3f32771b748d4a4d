"""The grammar against the parser and the checker, and GBNF against Lark."""

from __future__ import annotations

import ast
from typing import Annotated

import pytest
from lark import Lark, LarkError

import visprog_tools
from tests.gbnf import Deriver, Reader
from visprog.lang.arithmetic import decimals
from visprog.lang.check import check
from visprog.lang.grammar import grammar
from visprog.lang.parse import parse
from visprog.lang.words import ANSWERS, clauses, spans
from visprog.tool import Catalogue, ToolSpec, Words, tool
from visprog.values import Depth, Flow, Image, Region

TOOLS = Catalogue.of(visprog_tools).tools
INPUTS = {"image": Image}
QUESTION = 'Are the "people" left of the red bus wearing hats, or is the cat\'s bowl not blue?'

NESTED = """
return count(left_of(detect(image, "person"), largest(detect(image, "red bus"))))
return exists(left_of([largest(detect(image, "cat"))], largest(detect(image, "bowl"))))
return "left" if exists(left_of([largest(faces(image))], largest(objects(image)))) else "right"
return query(largest(detect(image, "bowl")), "color")
return query(largest(related_to(objects(image), "wearing", largest(faces(image)))), "name")
return all(verify(r, "not blue") for r in detect(image, "bowl"))
return any(exists(left_of([r], largest(detect(image, "bus")))) for r in detect(image, "person"))
return all(query(r, "color") == "red" for r in detect(image, "bus"))
return largest([largest(detect(image, "cat")), largest(detect(image, "bowl"))]).label
return exists(detect(image, "cat")) and not exists(detect(image, "hat"))
return (exists(detect(image, "cat")) or exists(detect(image, "hat"))) and count(objects(image)) >= 2
return (count(detect(image, "cat")) > 1) and (not (exists(detect(image, "hat"))))
return count(detect(image, "cat")) + count(detect(image, "hat"))
return count(detect(image, "cat")) == 3
return area(largest(detect(image, "bus"))) > 20
return query(largest(detect(image, "cat")), "color") == query(largest(faces(image)), "color")
return choose(image, ["red", "blue"])
return count(ocr(crop(image, largest(detect(image, "bus")))))
return 2 * count(detect(image, "cat")) > count(detect(image, "hat")) + 1
return (count(detect(image, "cat")) + count(detect(image, "hat"))) / 2
return 100 * count(detect(image, "cat")) / count(objects(image))
return count(detect(image, "people")) % 2 == 0
return width(largest(detect(image, "bus"))) / image.width > 2
return (tall(largest(detect(image, "cat"))) + tall(largest(detect(image, "bus")))) / 2
return sum(tall(r) for r in detect(image, "people")) / count(detect(image, "people"))
return abs(count(detect(image, "cat")) - count(detect(image, "bus"))) == 1
return exists(detect(image, "cat")) != exists(detect(image, "bus"))
return any(verify(r, "red") for r in faces(image)) == exists(detect(image, "bus"))
return highlight(image, segment(detect(image, "cat") + detect(image, "bus")))
return replace(image, segment(detect(image, "cat")), "cat bowl not blue")
return [r for r in faces(image) if tall(r) == min(tall(r) for r in faces(image))][0]
return vqa(image, "Are the people left of the red bus wearing hats, or is the cat's bowl not blue?")
""".strip().splitlines()

REFUSED = """
return count("cat")
return 3
return "cat"
return detect(image, "dog")
return largest(largest(objects(image)))
return area(largest(objects(image))) > width(largest(objects(image)))
return person
person = objects(image)
return count(objects(image)
return count(objects(image), image)
return query(largest(objects(image)), "colour")
return all(verify(x, "red") for x in objects(image))
return choose(image, ["red", "red", "red", "red", "red", "red", "red", "red", "red"])
import os
""".strip().splitlines()


def reader(*, question: str | None = None, variables: bool = True) -> Lark:
    text = grammar(TOOLS, form="lark", question=question, variables=variables)
    return Lark(text, parser="earley")


@pytest.mark.parametrize("program", NESTED)
def test_nested_programs(program: str) -> None:
    assert reader(question=QUESTION, variables=False).parse(program + "\n")
    assert Reader(grammar(TOOLS, question=QUESTION, variables=False)).accepts(program + "\n")
    check(parse(program), TOOLS, INPUTS)


@pytest.mark.parametrize("program", REFUSED)
def test_refused_programs(program: str) -> None:
    with pytest.raises(LarkError):
        reader(question=QUESTION, variables=False).parse(program + "\n")


def test_programs_of_lines() -> None:
    lines = reader()
    assert lines.parse(
        'people = detect(image, "person")\nbus = largest(detect(image, "bus"))\n'
        "n = count(left_of(people, bus))\nenough = n > 3 and not exists(people)\n"
        'limit = 12\nword = "left" if enough else "right"\n'
        'reds = all(verify(p, "red") for p in people)\nreturn word\n'
    )
    for wrong in ('if = "x"\nreturn if\n', "x = 1\n", "return count(x\n", 'return f"{x}"\n'):
        with pytest.raises(LarkError):
            lines.parse(wrong)


@pytest.mark.parametrize("question", [None, QUESTION])
@pytest.mark.parametrize("variables", [True, False])
def test_derived_texts_parse_and_check(question: str | None, variables: bool) -> None:
    deriver = Deriver(grammar(TOOLS, question=question, variables=variables))
    lark = reader(question=question, variables=variables)
    for place in range(300):
        text = deriver.derive(depth=6 + place % 12)
        program = parse(text)
        if not variables:
            check(program, TOOLS, INPUTS)
        if place < 60 and len(text) < 100:  # Lark is slow on long texts
            assert lark.parse(text)


def test_the_question_limits_the_texts() -> None:
    deriver = Deriver(grammar(TOOLS, question=QUESTION, variables=False), seed=1)
    allowed = {*spans(QUESTION), *clauses(QUESTION), *parse_words(), QUESTION.replace('"', "")}
    for _ in range(200):
        tree = ast.parse(deriver.derive())
        texts = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert texts <= allowed, texts - allowed


def parse_words() -> set[str]:
    """Every closed word of the tools, and the words of answers."""
    words = {word for spec in TOOLS.values() for param in spec.params for word in param.words.words}
    return words | set(ANSWERS)


def test_names_are_no_keywords() -> None:
    lines = Reader(grammar(TOOLS))
    for name in ("i", "is", "iss", "assert", "class_", "x1", "n", "no", "not", "nota", "_x", "Ab"):
        accepted = lines.accepts(f"{name} = objects(image)\nreturn {name}\n")
        assert accepted == (name not in ("is", "assert", "not", "_x", "Ab")), name


@pytest.mark.parametrize(
    "beginning",
    [
        "return " + "(" * 40,
        "return " + "not (" * 20,
        "return " + "(exists(objects(image)) or " * 10,
        'return "cat" if ' + "(" * 40,
        "return count(" + "near(" * 40,
        "return (count(objects(image)) > " + "(" * 5,
    ],
)
def test_a_reader_keeps_few_ways_open(beginning: str) -> None:
    """A decoder follows every way: where brackets multiply them, one question takes minutes."""
    assert max(Reader(grammar(TOOLS, question=QUESTION, variables=False)).ways(beginning)) < 900
    assert max(Reader(grammar(TOOLS)).ways(beginning)) < 2_000


def test_numbers_with_a_point_are_those_of_the_question() -> None:
    """Its lengths too, in metres, which is what tools take."""
    asked = (
        "How tall is the man if the door is 2.04 m, the mat 75cm and the jar 6 inches, not v1.2.3?"
    )
    assert decimals(asked) == ("2.04", "0.75", "0.15")
    text = grammar(TOOLS, form="lark", question=asked, variables=False)
    for number, allowed in (("2.04", True), ("0.75", True), ("75", True), ("0.5", False)):
        sizes = f'largest(detect(image, "man")), largest(detect(image, "door")), {number}'
        program = f"return height_from({sizes})\n"
        try:
            Lark(text, parser="earley").parse(program)
        except LarkError:
            assert not allowed, number
        else:
            assert allowed, number


# -- made toolsets


def _spec(func: object) -> ToolSpec:
    spec: ToolSpec = func.__visprog_tool__  # type: ignore[attr-defined]
    return spec


@tool("find")
def flow(frame: Image, next: Image) -> Flow:
    """Motion."""
    raise NotImplementedError


@tool("find")
def grades(region: Region, depth: Depth) -> float:
    """Nothing gives a Depth here."""
    raise NotImplementedError


def test_a_tool_without_its_arguments_is_left_out() -> None:
    specs = {"flow": _spec(flow), "grades": _spec(grades)}
    text = grammar(specs, variables=False, inputs={"image": Image, "image2": Image})
    assert '"flow("' in text and "grades" not in text
    assert Deriver(text).derive().startswith("return ")


def test_texts_are_escaped() -> None:
    question = 'Read \\ the "sign"] and the caf\N{LATIN SMALL LETTER E WITH ACUTE}\'s [menu]\n{x}!'
    for variables in (True, False):
        deriver = Deriver(grammar(TOOLS, question=question, variables=variables), seed=3)
        for _ in range(100):
            parse(deriver.derive())
        reader(question=question, variables=variables)


@tool("look")
def relate(image: Image, relation: Annotated[str, Words(("on", "next to"), spans=False)]) -> bool:
    """A parameter of closed words."""
    raise NotImplementedError


def test_closed_words_only_where_spans_are_off() -> None:
    specs = {"relate": _spec(relate)}
    deriver = Deriver(grammar(specs, question="Is the cat on it?", variables=False), seed=4)
    texts = {deriver.derive() for _ in range(100)}
    assert any('relate(image, "next to")' in text for text in texts)
    assert not any('relate(image, "cat")' in text for text in texts)


def test_forms() -> None:
    with pytest.raises(ValueError, match="form"):
        grammar(TOOLS, form="ebnf")
    assert len(grammar(TOOLS, question=QUESTION, variables=False)) < 40_000
