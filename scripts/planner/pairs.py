"""Question-program pairs from the templates, and what every pair must satisfy."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import amounts
import choosing
import counting
import directions
import existence
import measuring
import naming
import ordinals
import pictures
import seeds
import several
import verifying
import words
from quoting import TOOLS, stray_texts
from things import Things

from visprog.lang.words import whole
from visprog.values import Image, Video

Pair = dict[str, str]
PROMPT = "Question: {question}\nProgram:\n"
LONGEST = 420  # characters of an expression
INPUTS = {"image": Image, "image2": Image, "images": list[Image], "video": Video}
# makers of pairs, and how often each is asked
FAMILIES = [
    *((existence.there_is, 10), (existence.there_is_no, 6), (existence.somebody, 4)),
    *(
        (verifying.where_verified, 10),
        (verifying.compared, 6),
        (verifying.touching, 1),
        (verifying.doing_verified, 5),
        (verifying.placed_verified, 3),
        (verifying.looks_verified, 8),
        (verifying.side_verified, 3),
        (verifying.all_of_them, 4),
    ),
    *((existence.joined, 9), (existence.between, 2)),
    *((verifying.alike, 5),),
    *(
        (counting.how_many, 9),
        (counting.how_many_are, 7),
        (counting.people_doing, 3),
        (amounts.number_checked, 11),
        (amounts.differences, 5),
        (counting.numbers_compared, 7),
    ),
    *(
        (measuring.attribute, 16),
        (measuring.where, 9),
        (measuring.area, 5),
        (measuring.area_checked, 2),
        (measuring.measure, 4),
        (pictures.text, 5),
        (pictures.faces, 2),
        (pictures.picture, 4),
    ),
    *(
        (choosing.sides, 8),
        (choosing.which_one, 9),
        (choosing.closer_to, 3),
        (choosing.aged, 2),
        (choosing.options, 9),
        (choosing.scene, 6),
    ),
    *(
        (naming.kind_of, 6),
        (naming.what_is, 14),
        (naming.property_of_worn, 3),
        (naming.in_common, 1),
        (naming.other_than, 2),
        (naming.open_question, 2),
    ),
    *((ordinals.ranked, 5), (ordinals.all_but, 2), (ordinals.anything, 3)),
    *(
        (directions.direction, 12),
        (directions.resting, 7),
        (directions.denied, 5),
        (directions.none_do, 2),
        (directions.possessive, 4),
    ),
    *(
        (several.compared_pictures, 2),
        (several.both_pictures, 3),
        (several.counted_pictures, 3),
        (several.looked_pictures, 2),
        (several.moving, 3),
        (several.beyond, 3),
    ),
]


def from_templates(n: int, seed: int, gqa: Path | None = None) -> list[Pair]:
    """`n` different pairs. `gqa`: folder of GQA's hierarchies, for more nouns."""
    rng = random.Random(seed)
    nouns = words.read_nouns(gqa)
    makers, weights = zip(*FAMILIES, strict=True)
    made: dict[str, Pair] = {}
    strays = 0
    while len(made) < n:
        maker = rng.choices(makers, weights)[0]
        question, expression = maker(Things(nouns, rng))
        question = _typed(question, rng)
        if len(expression) > LONGEST or '"' in question:
            continue
        if maker in (naming.open_question, several.beyond):
            expression = f'vqa(image, "{whole(question)}")'
        program = f"return {expression}"
        if stray_texts(question, program):
            strays += 1
            assert strays < 0.1 * (len(made) + 200), (question, stray_texts(question, program))
            continue
        pair = {"question": question, "program": program, "family": maker.__name__}
        made.setdefault(key(question), pair)
    return list(made.values())


def from_seeds(each: int, seed: int, gqa: Path | None = None) -> list[Pair]:
    """Pairs from the seeds, `each` from one at most; those with texts that a planner may not quote
    are left out."""
    rng = random.Random(seed)
    made: dict[str, Pair] = {}
    for one, question, expression in seeds.pairs_of(each, seed, words.read_nouns(gqa)):
        program = f"return {expression}"
        asked = question if "vqa(" in expression else _typed(question, rng)
        if len(expression) <= LONGEST and not stray_texts(asked, program):
            family = f"seed {one.place}"
            made.setdefault(key(asked), {"question": asked, "program": program, "family": family})
    return list(made.values())


def key(question: str) -> str:
    """What questions that differ in marks, case and spaces only have in common."""
    return " ".join(re.findall(r"[a-z0-9]+", question.lower()))


def without_questions(pairs: list[Pair], files: list[Path]) -> list[Pair]:
    """The pairs whose questions are in none of the files: JSON, or JSON lines, of questions."""
    barred: set[str] = set()
    for file in files:
        text = file.read_text()
        rows: Any = (
            [json.loads(line) for line in text.splitlines() if line]
            if file.suffix == ".jsonl"
            else json.loads(text)
        )
        rows = rows.values() if isinstance(rows, dict) else rows
        barred |= {key(row["question"]) for row in rows}
    return [pair for pair in pairs if key(pair["question"]) not in barred]


OPENINGS = (
    *("In this picture,", "In the photo,", "Looking at the image,", "Hey,", "Please,", "OK,"),
    *("Take a look:", "One more thing:", "In the scene,", "From what you see,", "Now", "So,"),
    *("Can you help me?", "Quick question:", "In the image,", "Look at the picture."),
)
SHORT = {
    "What is ": "What's ",
    "Who is ": "Who's ",
    "Where is ": "Where's ",
    "What are ": "What're ",
}


def _typed(question: str, rng: random.Random) -> str:
    """How people type: with an opening, short forms, without a capital or without a mark."""
    question = " ".join(question.split())
    if question.startswith(("Count ", "Number ", "Add ", "Find ")) and question.endswith("?"):
        question = question[:-1] + "."
    for long, short in SHORT.items():
        if question.startswith(long) and rng.random() < 0.1:
            question = short + question[len(long) :]
    if rng.random() < 0.06 and question[:2] != "I ":
        opening = rng.choice(OPENINGS)
        question = f"{opening} {question[:1].lower()}{question[1:]}"
    roll = rng.random()
    if roll < 0.12:
        question = question.lower()
    if roll < 0.07 or 0.12 < roll < 0.2:
        question = question.rstrip("?.")
    elif roll > 0.98 and not question.endswith(("?", ".")):
        question += "?"
    return question


def check(pairs: list[dict[str, str]]) -> None:
    """Type-check every program against the signatures.

    Raises:
        VisprogError: a program that is not of the language.
    """
    from visprog.lang.check import check as checked
    from visprog.lang.parse import parse

    for pair in pairs:
        checked(parse(pair["program"] + "\n"), TOOLS, INPUTS)
