"""Pairs from seeds: questions as people put them, with slots for the things they are about.

A seed is a line `Q:`, a pattern of `words.expand` with slots, and a line `P:`, the expression.
Slots stand in braces: a capital is a noun, at its first place with its kinds if it has any, as in
`{A:person animal}`; `{A.s}` is its plural and `{A.a}` has an article; `{c}` and `{d}` are colours,
`{l}` and `{k}` other looks, `{m}` a material; `{n}` is a number, in the expression in digits, and
`{q}` one with a point. `{X=the Beatles;Abba}` is one of these texts, the same at every `{X}`; of
`first>0` the question gets the first part and the expression the second, in lower case.
QUESTION in an expression is the question itself.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import words
from things import Things
from words import expand, plural, with_article

from visprog.lang.words import whole

FOLDER = Path(__file__).with_name("seeds")
LOOKS = [look for kind in ("state", "pose", "shape", "size") for look in words.LOOKS[kind]]
SLOT = re.compile(r"\{([A-Z])(?::([a-z ]+))?(?:=([^}]+))?(?:\.([sa]))?\}|\{([cdlkmnq])\}")
FORMS: dict[str | None, Callable[[str], str]] = {None: str, "s": plural, "a": with_article}


@dataclass(frozen=True)
class Seed:
    """`place`: its file and line, for messages."""

    question: str
    expression: str
    place: str


def read_seeds(folder: Path = FOLDER) -> list[Seed]:
    """All seeds, in the order of the files.

    Raises:
        ValueError: a line that belongs to no seed.
    """
    seeds: list[Seed] = []
    for file in sorted(folder.glob("*.txt")):
        question = ""
        for number, line in enumerate(file.read_text().splitlines(), 1):
            kind, _, rest = line.partition(": ")
            if kind == "Q" and not question:
                question = rest.strip()
            elif kind == "P" and question:
                seeds.append(Seed(question, rest.strip(), f"{file.name}:{number}"))
                question = ""
            elif line.strip() and not line.startswith("#"):
                raise ValueError(f"{file.name}:{number}: not a line of a seed: {line!r}")
    return seeds


def grow(seed: Seed, things: Things, rng: random.Random) -> tuple[str, str]:
    """A question and its expression, the slots filled at random."""
    asked = expand(seed.question, rng)
    nouns: dict[str, str] = {}
    rest: dict[str, tuple[str, str]] = _words(rng)
    for found in SLOT.finditer(seed.question):
        if found[3]:
            said, _, written = rng.choice(found[3].split(";")).partition(">")
            rest[found[1]] = said, written or said.lower()
        elif found[1] and found[1] not in nouns:
            nouns[found[1]] = things.noun(found[2] or "")

    def fill(text: str, place: int) -> str:
        def word(found: re.Match[str]) -> str:
            if (name := found[5] or found[1]) in rest:
                return rest[name][place]
            return FORMS[found[4]](nouns[found[1]])

        return SLOT.sub(word, text)

    question = fill(asked, 0)
    expression = fill(seed.expression, 1).replace("QUESTION", whole(question))
    return question[:1].upper() + question[1:] if asked[:1] == "{" else question, expression


def _words(rng: random.Random) -> dict[str, tuple[str, str]]:
    """What the small slots stand for: in the question, in the expression."""
    colors, looks = rng.sample(words.COLORS, 2), rng.sample(LOOKS, 2)
    number = rng.randint(2, 9)
    said = words.NUMBERS[number] if rng.random() < 0.7 else str(number)
    alike = {"c": colors[0], "d": colors[1], "l": looks[0], "k": looks[1]}
    alike["m"] = rng.choice(words.MATERIALS)
    alike["q"] = str(rng.randint(1, 999) / rng.choice((10, 100)))
    return {name: (word, word) for name, word in alike.items()} | {"n": (said, str(number))}


def pairs_of(each: int, seed: int, nouns: words.Nouns) -> Iterator[tuple[Seed, str, str]]:
    """Every seed grown `each` times."""
    rng = random.Random(seed)
    for one in read_seeds():
        for _ in range(each):
            yield one, *grow(one, Things(nouns, rng), rng)
