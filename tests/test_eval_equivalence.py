"""Whether two programs mean the same: canonical texts, answers on random worlds, the worlds."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import visprog_tools
from visprog.errors import PlanError, ProgramError, SettingsError
from visprog.eval.equivalence import Differential, Verdict
from visprog.eval.folding import canonical
from visprog.eval.outcomes import Outcome
from visprog.eval.vocabulary import Vocabulary
from visprog.eval.world_words import CATEGORIES, CATEGORY, KINDS, kinds
from visprog.eval.worlds import SIDE, draw
from visprog.execution import Ended
from visprog.lang.parse import parse
from visprog.tool import Catalogue, Toolset
from visprog.values import Unknown
from visprog_tools import hierarchy

TOOLS = Catalogue.of(visprog_tools)
BUS = 'largest(detect(image, "bus"))'
CARS = 'detect(image, "car")'


def oracle(file: Path) -> Toolset:
    return TOOLS.toolset("oracle", {"scene_graphs": str(file)})


@pytest.fixture(scope="module")
def differential() -> Iterator[Differential]:
    with Differential(oracle) as made:
        yield made


def verdict(differential: Differential, reference: str, written: str) -> Verdict:
    return differential.compare(f"return {reference}", f"return {written}")


# -- the canonical form


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f"b = {BUS}\nreturn area(b)", f"return area({BUS})", True),
        (f"b = {BUS}\nc = area(b)\nreturn c > 5 and c < 9", None, True),
        ("a = image\nreturn count(objects(a))", "return count(objects(image))", True),
        ("return [x for x in objects(image)]", "return [y for y in objects(image)]", True),
        ("x = 1\nreturn [x for x in [2, 3]]", "return [y for y in [2, 3]]", False),
        ("return 1 < 2", "return 2 > 1", False),
        ('return ask("The Beatles")', 'return ask("beatles")', True),
        ('return facts("an apple", 2.0)', 'return facts("apple", 2)', True),
        ('return facts("apple", 2.5)', 'return facts("apple", 2)', False),
        ('return ask("the")', 'return ask("")', False),
        ('return "The bus"', 'return "bus"', False),  # an answer is shown as it is
        (
            "x = 1\nif x > 2:\n    return 1\nreturn x",
            "y = 1\nif y > 2:\n    return 1\nreturn y",
            True,
        ),
    ],
)
def test_lines_and_names_do_not_count(one: str, other: str | None, same: bool) -> None:
    other = other or f"return area({BUS}) > 5 and area({BUS}) < 9"
    assert (canonical(parse(one)) == canonical(parse(other))) is same


def test_folding_does_not_grow_without_bound() -> None:
    lines = ["x0 = [1]", *(f"x{n} = [x{n - 1}, x{n - 1}]" for n in range(1, 40))]
    assert canonical(parse("\n".join([*lines, "return x39"]))).startswith("v1 = [1]\n")


# -- the same answers


@pytest.mark.parametrize(
    ("reference", "written"),
    [
        (f"exists({CARS})", f"not not exists({CARS})"),
        (f'exists({CARS}) and exists(detect(image, "dog"))', None),
        (f'exists({CARS}) or exists(detect(image, "dog"))', None),
        (f"count({CARS}) > 3", f"count({CARS}) >= 4"),
        (f"exists({CARS})", f'"yes" if exists({CARS}) else "no"'),
        (f'filter(left_of({CARS}, {BUS}), "red")', f'left_of(filter({CARS}, "red"), {BUS})'),
        (f'filter({CARS}, "open")', f'[car for car in {CARS} if verify(car, "open")]'),
        (
            f"exists(left_of([{BUS}], largest({CARS})))",
            f"exists(right_of([largest({CARS})], {BUS}))",
        ),
        (
            f"area({BUS}) > area(largest({CARS}))",
            f'largest([{BUS}, largest({CARS})]).label == "bus"',
        ),
        (f'related({CARS}, "kicks", {BUS})', f'related({CARS}, "kicking", {BUS})'),
        ('exists(detect(image, "sofa"))', 'exists(detect(image, "couches"))'),
        (f'verify({BUS}, "not red")', f'not verify({BUS}, "red")'),
        (f'query({BUS}, "hposition")', f'"left" if verify({BUS}, "on the left") else "right"'),
        ("nearest(objects(image))", "[x for x in [nearest(objects(image))]][0]"),
    ],
)
def test_other_texts_of_one_meaning(
    differential: Differential, reference: str, written: str | None
) -> None:
    if written is None:  # the operands the other way round
        first, word, second = reference.partition(" and " if " and " in reference else " or ")
        written = f"{second}{word}{first}"
    made = verdict(differential, reference, written)
    assert (made.kind, made.worlds, made.equivalent) == ("agrees", 50, True)


@pytest.mark.parametrize(
    ("reference", "written"),
    [
        (f"count({CARS}) > 3", f"count({CARS}) >= 3"),
        (f"count({CARS}) > count({BUS[8:-1]})", f"count({CARS}) >= count({BUS[8:-1]})"),
        (f"area({BUS}) > 50", f"area({BUS}) >= 50"),
        (f"exists(left_of({CARS}, {BUS}))", f"exists(right_of({CARS}, {BUS}))"),
        (f"exists(behind({CARS}, {BUS}))", f"exists(in_front_of({CARS}, {BUS}))"),
        (f'exists(filter({CARS}, "red"))', f"exists({CARS})"),
        (f'exists(filter({CARS}, "red"))', f'exists(filter({CARS}, "not red"))'),
        ('exists(detect(image, "man"))', 'exists(detect(image, "person"))'),
        (f'related({CARS}, "on", {BUS})', f'related_to({CARS}, "on", {BUS})'),
        (f'related({CARS}, "on", {BUS})', f'related({CARS}, "behind", {BUS})'),
        (f'query({BUS}, "color")', f'query({BUS}, "material")'),
        (f'choose({BUS}, ["clean", "odd"])', f'choose({BUS}, ["dirty", "odd"])'),
        (f'exists({CARS}) and verify({BUS}, "red")', f'exists({CARS}) or verify({BUS}, "red")'),
        (f"exists(inside({CARS}, {BUS}))", f"exists(overlapping({CARS}, {BUS}))"),
        (f"leftmost({CARS})", f"rightmost({CARS})"),
        ('query(image, "weather")', 'query(image, "location")'),
        ('verify(image, "indoors")', 'verify(image, "outdoors")'),
        ("count(faces(image))", 'count(detect(image, "face"))'),  # no face: unknown, 0
        (f"count({CARS})", f"count({CARS}) // (3 - count({CARS}))"),  # an error is no answer
    ],
)
def test_other_meanings(differential: Differential, reference: str, written: str) -> None:
    made = verdict(differential, reference, written)
    assert made.kind == "differs" and not made.equivalent
    found = made.difference
    assert found and not found.reference.equals(found.written)


def test_what_the_oracle_cannot_answer_is_equivalent_only_in_the_same_words(
    differential: Differential,
) -> None:
    asked = f"distance({BUS}, largest({CARS}))"
    other = f"distance(largest({CARS}), {BUS})"
    assert verdict(differential, asked, asked).equivalent
    assert verdict(differential, asked, other) == Verdict("opaque", 50)
    assert not Verdict("opaque", 50).equivalent


def test_a_reference_that_the_oracle_has_no_tools_for_goes_by_its_words(
    differential: Differential,
) -> None:
    named = 'tag(image, assign(faces(image), facts("the members of ABBA", 4)))'
    alike = named.replace("the members of ABBA", "members of abba")
    assert verdict(differential, named, alike) == Verdict("same")
    assert verdict(differential, named, named.replace("4", "5")) == Verdict("opaque")
    with pytest.raises(ProgramError, match="assign"):
        verdict(differential, "faces(image)", 'assign(faces(image), ["abba"])')


def test_answers_that_do_not_vary_decide_nothing(differential: Differential) -> None:
    made = verdict(differential, "1 + 1", "2")
    assert (made.kind, made.equivalent) == ("undecided", False)


def test_two_pictures(differential: Differential) -> None:
    two = 'return count(detect(image, "cat")) > count(detect(image2, "cat"))'
    less = 'return count(detect(image2, "cat")) < count(detect(image, "cat"))'
    assert differential.compare(two, less, 2).kind == "agrees"
    assert differential.compare(two, two.replace("image2", "image"), 2).kind == "differs"


def test_a_seed_gives_the_same_worlds(differential: Differential) -> None:
    pair = f"exists(left_of({CARS}, {BUS}))", f"exists({CARS})"
    with Differential(oracle) as again, Differential(oracle, seed=7) as other:
        assert verdict(again, *pair) == verdict(differential, *pair)
        assert verdict(other, *pair) != verdict(differential, *pair)


def test_both_answers_of_a_yes_or_no_question_appear(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()

    class Noting(Differential):
        def _answers(self, program: Any, worlds: Any) -> Iterator[Outcome]:
            for outcome in super()._answers(program, worlds):
                seen[json.dumps(outcome.to_json())] += len(worlds) == 50
                yield outcome

    asked = f'exists(related(filter({CARS}, "red"), "on", {BUS}))'
    with Noting(oracle) as made:
        assert verdict(made, asked, f"not not {asked}").kind == "agrees"
    assert seen['"yes"'] >= 15 and seen['"no"'] >= 15


# -- worlds


def test_programs_are_read_for_what_they_speak_of() -> None:
    text = f"""
    cars = filter({CARS}, "not made of wood")
    near = related(cars, "parked on", nearest(detect(image, "road")))
    wet = verify(image, "rainy") and count(near) > 3
    return wet and choose(largest(near), ["open", "closed"]) == "open" or verify(cars[0], "red")
    """
    made = Vocabulary.of(
        [parse("\n".join(map(str.strip, text.strip().splitlines())))], oracle_specs()
    )
    assert {"car", "road"} <= set(made.nouns)
    assert made.categories == {"material": {"wood": None}, "color": {"red": None}}
    assert list(made.options) == [("open", "closed")]
    assert list(made.relations) == ["parked on"]
    assert list(made.scene) == ["rainy"]
    assert set(made.numbers) == {3, 0}
    assert made.depth and made.counted and not made.nested


def oracle_specs() -> Toolset:
    return TOOLS.toolset("oracle")


def test_worlds_are_complete_and_have_no_ties() -> None:
    program = parse(f'return exists(filter(in_front_of({CARS}, {BUS}), "red"))')
    vocabulary = Vocabulary.of([program], oracle_specs())
    for seed in range(50):
        (graph,) = draw(vocabulary, random.Random(seed))
        things = graph["objects"].values()
        assert all(set(thing["attributes"]) & set(CATEGORIES["color"]) for thing in things)
        assert len({thing["w"] * thing["h"] for thing in things}) == len(things)
        assert len({2 * thing["x"] + thing["w"] for thing in things}) == len(things)
        for thing in things:
            assert thing["x"] >= 0 and thing["x"] + thing["w"] <= SIDE
            assert thing["y"] >= 0 and thing["y"] + thing["h"] <= SIDE
        edges = [edge for thing in things for edge in thing["relations"]]
        assert len(edges) == len(things) * (len(things) - 1) // 2


def test_the_words_of_worlds_are_what_the_oracle_takes_them_for() -> None:
    assert [(k, n) for n, ks in KINDS.items() for k in ks if not hierarchy.is_kind(k, n)] == []
    wrong = [w for w, c in CATEGORY.items() if hierarchy.adjective(w) not in hierarchy.category(c)]
    assert wrong == []
    assert kinds("vegetables") == KINDS["vegetable"] and kinds("people") == KINDS["person"]


# -- answers


def test_answers_are_compared_as_they_are_shown() -> None:
    def of(value: Any) -> Outcome:
        return Outcome.of(Ended(value, None))

    assert of(True).equals(of("yes")) and not of(True).equals(of(1))
    assert of(2).equals(of(2.0000001)) and not of(2).equals(of(2.001)) and not of(2).equals(of("2"))
    assert of([1, {"a": 2.0}]).equals(of([1.0, {"a": 2}])) and not of([1]).equals(of([1, 1]))
    assert of(Unknown("dark")).equals(of([Unknown("far")])) and not of(Unknown("x")).equals(of("x"))
    failed = Outcome.of(Ended(None, PlanError("a")))
    assert failed.equals(Outcome.of(Ended(None, SettingsError("b"))))
    assert not failed.equals(of(Unknown("x"))) and failed.to_json() == {"error": "PlanError: a"}
