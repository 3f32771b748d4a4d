"""Question-program pairs: from the templates, and from GQA's functional programs."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import choosing
import counting
import existence
import measuring
import naming
import verifying
import words
from things import Things

import visprog_tools
from visprog.eval.gqa_programs import translate
from visprog.lang.words import ANSWERS, spans, whole
from visprog.tool import Catalogue
from visprog.values import Image
from visprog_tools import words as signatures

PROMPT = "Question: {question}\nProgram:\n"
# makers of pairs, and how often each is asked
FAMILIES = [
    *((existence.there_is, 10), (existence.there_is_no, 4), (existence.somebody, 4)),
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
        (counting.number_checked, 7),
        (counting.numbers_compared, 7),
    ),
    *(
        (measuring.attribute, 16),
        (measuring.where, 9),
        (measuring.area, 5),
        (measuring.measure, 4),
        (measuring.text, 5),
        (measuring.faces, 2),
        (measuring.picture, 4),
    ),
    *(
        (choosing.sides, 8),
        (choosing.which_one, 8),
        (choosing.closer_to, 3),
        (choosing.aged, 2),
        (choosing.options, 7),
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
]

NOUNS = {"person", "man", "woman"}
STATEMENTS = set(
    [
        "on the left",
        "on the right",
        "at the top",
        "at the bottom",
        "in the middle",
        "indoors",
        "outdoors",
        "old",
        "young",
        "healthy",
        "unhealthy",
        "long",
        "short",
        "tall",
        "high",
        "low",
    ]
)
RELATIONS = set(words.RELATIONS) | {"of"}
ATTRIBUTES = set(signatures.ATTRIBUTES)
CLOSED = {
    "detect": NOUNS, "filter": STATEMENTS, "verify": STATEMENTS, "choose": STATEMENTS,
    "classify": STATEMENTS, "match": set(), "related": RELATIONS, "related_to": RELATIONS,
    "query": ATTRIBUTES, "same": ATTRIBUTES, "": set(ANSWERS),
}  # fmt: skip


def stray_texts(question: str, program: str) -> list[str]:
    """The texts of a program that a planner may not write for this question."""
    quoted = set(spans(question))
    stray = []
    for found in re.finditer(r'"([^"]*)"', program):
        tool = _caller(program, found.start())
        text = found.group(1)
        if tool == "vqa":
            fits = text == whole(question)
        elif tool in ("query", "same"):
            fits = text in ATTRIBUTES
        else:
            fits = text in quoted or text in CLOSED[tool]
        if not fits:
            stray.append(f"{tool}:{text}")
    return stray


def _caller(program: str, place: int) -> str:
    """The tool whose argument stands at a place; "" outside of calls."""
    depth = 0
    for index in range(place - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(program[index], 0)
        if depth < 0:
            return re.split(r"\W", program[:index])[-1]
    return ""


def from_templates(n: int, seed: int, gqa: Path | None = None) -> list[dict[str, str]]:
    """`n` different pairs."""
    rng = random.Random(seed)
    nouns = words.read_nouns(gqa)
    makers, weights = zip(*FAMILIES, strict=True)
    made: dict[str, dict[str, str]] = {}
    strays = 0
    while len(made) < n:
        maker = rng.choices(makers, weights)[0]
        question, expression = maker(Things(nouns, rng))
        question, program = _typed(question, rng), f"return {expression}"
        if len(program) > 330 or '"' in question:
            continue
        if maker is naming.open_question:
            program = f'return vqa(image, "{whole(question)}")'
        if stray_texts(question, program):
            strays += 1
            assert strays < 0.1 * (len(made) + 200), (question, stray_texts(question, program))
            continue
        made.setdefault(
            question, {"question": question, "program": program, "family": maker.__name__}
        )
    return list(made.values())


OPENINGS = (
    *("In this picture,", "In the photo,", "Looking at the image,", "Hey,", "Please,", "OK,"),
    *("Take a look:", "One more thing:", "In the scene,", "From what you see,", "Now"),
)


def _typed(question: str, rng: random.Random) -> str:
    """How people type: now and then with an opening, without a capital or without a mark."""
    roll = rng.random()
    if rng.random() < 0.05 and question[:2] != "I ":
        opening = rng.choice(OPENINGS)
        question = f"{opening} {question[:1].lower()}{question[1:]}"
    if roll < 0.06:
        question = question.lower()
    if roll < 0.03 or 0.06 < roll < 0.09:
        question = question.rstrip("?.")
    return question


def from_gqa(folder: Path) -> list[dict[str, str]]:
    """Pairs from GQA's val and train questions; those with words that are no spans are left out.

    "Where is the man" asks a GQA program for a place under him; ours is a place in the picture.
    """
    rows: list[dict[str, Any]] = []
    for name in ("val_questions.json", "train_examples50.json"):
        found = json.loads((folder / name).read_text()) if (folder / name).is_file() else []
        rows += found.values() if isinstance(found, dict) else found
    made: dict[str, dict[str, str]] = {}
    for row in rows:
        question = row["question"]
        program = translate(row["semantic"], nested=True).strip()
        program = _as_asked(question, program)
        if question.startswith("Where") or stray_texts(question, program):
            continue
        made.setdefault(question, {"question": question, "program": program, "family": "gqa"})
    return list(made.values())


SYNONYMS = {
    "pants": ["trousers"], "refrigerator": ["fridge"], "wood": ["wooden"], "gray": ["grey"],
    "motorcycle": ["motorbike"], "couch": ["sofa"], "large": ["big"], "small": ["little"],
    "lying": ["laying"], "bicycle": ["bike"], "airplane": ["plane"], "people": ["person"],
}  # fmt: skip


def _as_asked(question: str, program: str) -> str:
    """The program with the question's own words where GQA's annotators put a synonym."""
    quoted = set(spans(question))
    for text in set(re.findall(r'detect\(image, "([^"]*)"', program)) - NOUNS:
        for word in [*SYNONYMS.get(text, []), *(s for s in quoted if s in (text + "s", text[:-1]))]:
            if text not in quoted and word in quoted:
                program = program.replace(f'"{text}"', f'"{word}"')
    for text, others in SYNONYMS.items():
        if text not in quoted and others[0] in quoted:
            program = program.replace(f'"{text}"', f'"{others[0]}"')
    if found := re.search(r', \[("[^\[\]]*")\]\)$', program):  # options in the question's order
        options = sorted(found[1].split(", "), key=lambda o: question.lower().find(o.strip('"')))
        program = f"{program[: found.start(1)]}{', '.join(options)}])"
    return program


def check(pairs: list[dict[str, str]]) -> None:
    """Type-check every program against the signatures.

    Raises:
        VisprogError: a program that is not of the language.
    """
    from visprog.lang.check import check as checked
    from visprog.lang.parse import parse

    tools = Catalogue.of(visprog_tools).tools
    for pair in pairs:
        checked(parse(pair["program"] + "\n"), tools, {"image": Image})
