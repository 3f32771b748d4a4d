"""Spans and singulars."""

from __future__ import annotations

import pytest

from visprog.lang.words import MAX_SPAN, MAX_WORDS, phrases, singular, spans, whole


@pytest.mark.parametrize(
    ("many", "one"),
    [
        line.split()
        for line in """
        dogs dog
        buses bus
        bus bus
        glasses glass
        glass glass
        scissors scissors
        pants pants
        people person
        women woman
        firemen fireman
        snowmen snowman
        specimen specimen
        children child
        sheep sheep
        geese goose
        knives knife
        gloves glove
        leaves leaf
        cherries cherry
        ties tie
        cookies cookie
        potatoes potato
        shoes shoe
        toes toe
        boxes box
        dishes dish
        couches couch
        dresses dress
        horses horse
        vases vase
        skis ski
        octopuses octopus
        irises iris
        tennis tennis
        t-shirts t-shirt
        does does
        this this
        """.strip().splitlines()
    ],
)
def test_singular(many: str, one: str) -> None:
    assert singular(many) == one


def test_spans_stand_in_the_question_raw_and_singular() -> None:
    found = spans("How many people are to the left of the wine glasses?")
    assert {"people", "person", "left", "wine glasses", "wine glass"} <= set(found)
    assert "people are" not in found and "the wine" not in found
    assert found == tuple(sorted(set(found)))


def test_spans_do_not_cross_marks_and_read_contractions() -> None:
    found = spans("Is the man's shirt, which isn't red, on the left?")
    assert {"man", "shirt", "man shirt", "not red", "on the left"} <= set(found)
    assert "shirt red" not in found and "man's" not in found


@pytest.mark.parametrize("question", ["", "???", "Is it there?", "\N{SNOWMAN}", " \n\t"])
def test_nothing_to_quote(question: str) -> None:
    assert spans(question) == ()


def test_a_long_question_is_bounded() -> None:
    found = spans(" ".join(f"thing{number}" for number in range(5_000)))
    assert len(found) <= 2 * MAX_WORDS * MAX_SPAN
    assert sum(map(len, phrases("dog " * 5_000))) == MAX_WORDS


def test_whole_needs_no_escapes() -> None:
    assert whole('What does  "stop"\n\\ say?\N{LINE SEPARATOR}') == "What does stop say?"
