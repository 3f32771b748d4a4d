"""GQA's functional programs in our language: every operation once, both forms, every refusal."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import visprog_tools
from visprog.errors import PlanError
from visprog.eval.gqa_programs import translate
from visprog.eval.gqa_words import plural_of, variable_name
from visprog.lang import check, parse
from visprog.tool import Catalogue
from visprog.values import Image

TOOLS = Catalogue.of(visprog_tools).tools


def steps(text: str) -> list[Mapping[str, object]]:
    """`select: dog (1) -> exist: ? [0]`, as GQA's semanticStr writes it."""
    made: list[Mapping[str, object]] = []
    for part in text.split(" -> "):
        operation, _, rest = part.partition(":")
        argument, *numbers = rest.split("[")
        dependencies = [int(n) for number in numbers for n in number.rstrip("] ").split(",")]
        made.append(
            {
                "operation": operation.strip(),
                "argument": argument.strip(),
                "dependencies": dependencies,
            }
        )
    return made


SELECT = "select: dog (1) -> "
TWO = "select: dog (1) -> select: cat (2) -> "
NESTED = [
    (SELECT + "exist: ? [0]", 'exists(detect(image, "dog"))'),
    (SELECT + "count: ? [0]", 'count(detect(image, "dog"))'),
    (SELECT + "query: color [0]", 'query(largest(detect(image, "dog")), "color")'),
    (SELECT + "query: sportActivity [0]", 'query(largest(detect(image, "dog")), "activity")'),
    (SELECT + "query: area percent [0]", 'area(largest(detect(image, "dog")))'),
    (SELECT + "leftmost: [0]", 'leftmost(detect(image, "dog"))'),
    (SELECT + "verify color: red [0]", 'verify(largest(detect(image, "dog")), "red")'),
    (
        SELECT + "verify hposition: left [0]",
        'verify(largest(detect(image, "dog")), "on the left")',
    ),
    (
        SELECT + "filter color: not(red) [0] -> exist: ? [1]",
        'exists(filter(detect(image, "dog"), "not red"))',
    ),
    (
        SELECT + "filter vposition: middle [0] -> query: name [1]",
        'query(largest(filter(detect(image, "dog"), "in the middle")), "name")',
    ),
    (
        SELECT + "choose color: red|blue [0]",
        'choose(largest(detect(image, "dog")), ["red", "blue"])',
    ),
    (
        SELECT + "choose hposition: right|left [0]",
        'query(largest(detect(image, "dog")), "hposition")',
    ),
    (
        SELECT + "relate: man,to the left of,s (2) [0] -> exist: ? [1]",
        'exists(left_of(detect(image, "man"), largest(detect(image, "dog"))))',
    ),
    (
        SELECT + "relate: man,to the left of,o (2) [0] -> exist: ? [1]",
        'exists(right_of(detect(image, "man"), largest(detect(image, "dog"))))',
    ),
    (
        SELECT + "relate: _,holding,s (2) [0] -> query: name [1]",
        'query(largest(related(objects(image), "holding", largest(detect(image, "dog")))), "name")',
    ),
    (
        SELECT + "relate: _,inside,o (2) [0] -> exist: ? [1]",
        'exists(related_to(objects(image), "inside", largest(detect(image, "dog"))))',
    ),
    (
        SELECT + "relate: animal,same color,_ (2) [0] -> exist: ? [1]",
        'exists(filter(without(detect(image, "animal"), largest(detect(image, "dog"))), '
        'query(largest(detect(image, "dog")), "color")))',
    ),
    (
        SELECT + "verify rel: man,behind,s (2) [0]",
        'exists(behind([largest(detect(image, "man"))], largest(detect(image, "dog"))))',
    ),
    (
        SELECT + "verify rel: hat,wearing,o (-) [0]",
        'exists(related_to(detect(image, "hat"), "wearing", largest(detect(image, "dog"))))',
    ),
    (
        SELECT + "choose rel: cat,to the right of|to the left of,s (2) [0]",
        '"left" if exists(left_of([largest(detect(image, "cat"))], '
        'largest(detect(image, "dog")))) else "right"',
    ),
    (
        SELECT + "choose rel: cat,holding|watching,s (2) [0]",
        '"holding" if exists(related([largest(detect(image, "cat"))], "holding", '
        'largest(detect(image, "dog")))) else "watching"',
    ),
    (
        SELECT + "same: type [0]",
        'all([same(other, largest(detect(image, "dog")), "name") '
        'for other in detect(image, "dog")])',
    ),
    (
        TWO + "same color: [0, 1]",
        'same(largest(detect(image, "dog")), largest(detect(image, "cat")), "color")',
    ),
    (
        TWO + "different shape: [0, 1]",
        'not same(largest(detect(image, "dog")), largest(detect(image, "cat")), "shape")',
    ),
    (
        TWO + "common: [0, 1]",
        'common(largest(detect(image, "dog")), largest(detect(image, "cat")))',
    ),
    (
        TWO + "choose larger: dog|cat [0] [1]",
        'largest([largest(detect(image, "dog")), largest(detect(image, "cat"))]).label',
    ),
    (
        TWO + "choose older: [0, 1]",
        'largest(detect(image, "dog")).label if verify(largest(detect(image, "dog")), "old") '
        'else largest(detect(image, "cat")).label',
    ),
    (
        "select: dog -> exist: ? [0] -> select: cat -> exist: ? [2] -> or: [1, 3]",
        'exists(detect(image, "dog")) or exists(detect(image, "cat"))',
    ),
    (
        "select: dog -> exist: ? [0] -> select: cat -> exist: ? [2] -> and: [1, 3] -> or: [4, 1]",
        '(exists(detect(image, "dog")) and exists(detect(image, "cat"))) '
        'or exists(detect(image, "dog"))',
    ),
    (
        "select: dog -> count: ? [0] -> select: cat -> count: ? [2] -> fewer: [1, 3]",
        'count(detect(image, "dog")) < count(detect(image, "cat"))',
    ),
    ("select: scene -> query: place [0]", 'query(image, "place")'),
    ("select: scene -> verify weather: cloudy [0]", 'verify(image, "cloudy")'),
    (
        "select: scene -> choose location: indoors|outdoors [0]",
        'choose(image, ["indoors", "outdoors"])',
    ),
    ("select: this (3) -> query: name [0]", 'query(largest(objects(image)), "name")'),
    ("select: she (3) -> query: name [0]", 'query(largest(detect(image, "woman")), "name")'),
]


@pytest.mark.parametrize(("text", "program"), NESTED, ids=[text for text, _ in NESTED])
def test_every_operation(text: str, program: str) -> None:
    assert translate(steps(text), nested=True) == f"return {program}\n"
    for nested in (True, False):
        check(parse(translate(steps(text), nested=nested)), TOOLS, {"image": Image})


def test_lines_have_readable_names() -> None:
    text = (
        "select: person (1) -> filter color: red [0] -> relate: _,wearing,o (2) [1] -> "
        "filter: striped [2] -> query: name [3]"
    )
    assert translate(steps(text)) == (
        'person = largest(filter(detect(image, "person"), "red"))\n'
        'things = related_to(objects(image), "wearing", person)\n'
        'thing = largest(filter(things, "striped"))\n'
        'return query(thing, "name")\n'
    )


def test_names_are_unique_and_hide_no_word() -> None:
    assert variable_name("dog", plural=False, taken={"dog"}) == "dog_2"
    assert variable_name("face", plural=True, taken=()) == "faces_2"
    assert variable_name("match", plural=False, taken=()) == "match_2"
    assert variable_name("7 up", plural=False, taken=()) == "thing"
    assert [*map(plural_of, ("wine glass", "man", "policeman", "pony", "jeans"))] == [
        "wine glasses",
        "men",
        "policemen",
        "ponies",
        "jeans",
    ]


def test_a_thing_used_twice_is_found_once() -> None:
    text = SELECT + "verify color: red [0] -> verify size: large [0] -> and: [1, 2]"
    assert translate(steps(text)) == (
        'dog = largest(detect(image, "dog"))\nreturn verify(dog, "red") and verify(dog, "large")\n'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SELECT + "levitate: up [0]", "no operation 'levitate'"),
        (SELECT + "choose fluffier: a|b [0, 0]", "want 1 dependency"),
        (SELECT + "choose color: red [0]", "want options 'a|b'"),
        (SELECT + "relate: man,behind [0]", "want 'thing,relation,s'"),
        (SELECT + "relate: man,behind,x [0]", "want 'thing,relation,s'"),
        (SELECT + "relate: man,behind,_ [0]", "want '_' with 'same ...' only"),
        (SELECT + "choose rel: man,behind,s [0]", "want two relations"),
        (SELECT + "filter color: [0]", "want a word"),
        (SELECT + "query: [0]", "want an attribute"),
        (SELECT + "exist: ? [3]", "dependency 3 is no earlier step"),
        (SELECT + "exist: ? [0] -> count: ? [1]", "want regions of step 1, got bool"),
        (SELECT + "exist: ? [0] -> and: [0, 1]", "want bool of step 0, got regions"),
        ("select: scene -> filter color: red [0]", "want regions of step 0, got image"),
        ("select: (12)", "want the name of a thing"),
    ],
)
def test_what_gqa_does_not_have_is_refused(text: str, message: str) -> None:
    with pytest.raises(PlanError, match=message.replace("|", r"\|").replace("(", r"\(")):
        translate(steps(text))


def test_a_program_needs_steps() -> None:
    with pytest.raises(PlanError, match="at least one step"):
        translate([])
    with pytest.raises(PlanError, match="want operation and dependencies"):
        translate([{"argument": "dog"}])


def test_a_hostile_noun_stays_a_text() -> None:
    program = translate(steps('select: a"), evil("b (1) -> exist: ? [0]'))
    assert program == 'return exists(detect(image, "a\\"), evil(\\"b"))\n'
