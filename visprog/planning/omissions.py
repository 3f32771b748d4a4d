"""What a program leaves out of its question, and what it adds: a program is read back.

In pairs of questions and right programs most words are quoted by the program ("parked", "stool") or
hardly ever ("is", "many", "closer"); a program that leaves out a word of the first kind is mostly
wrong. `quoted.tsv` has the counts; `scripts/planner/quoted.py` made it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from visprog.lang import syntax as s
from visprog.lang.words import phrases, singular

COUNTS = Path(__file__).with_name("quoted.tsv")
QUOTED, ADDED = 0.95, 0.05  # of words that no pair had: how often they are quoted, or added
WEIGHT = 2.0  # pairs that this is worth
TWICE = 4.0  # the surprise of a list that says the same twice
TOLD = 0.7  # how often a word is quoted, from which it is told that it was left out


@dataclass(frozen=True)
class Reading:
    """`surprise`: how unlikely a right program is to leave out and add these words, as a negative
    logarithm; `omitted`: the words of the question that it should say, in their order."""

    surprise: float
    omitted: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """In words; "" where nothing is left out."""
        words = ", ".join(map(repr, self.omitted))
        return f"the program leaves out {words}" if words else ""


def read_back(question: str, program: s.Program) -> Reading:
    """Compare a program with its question. One that passes the whole question on, such as to a
    model that answers it, leaves nothing out."""
    literals = [node.value for node in s.walk(program) if isinstance(node, s.Literal)]
    texts = [value for value in literals if isinstance(value, str)]
    asked = [word for phrase in phrases(question) for word in phrase]
    if any(len(text.split()) >= len(asked) for text in texts):
        return Reading(0.0)
    said = {word for text in texts for word in text.lower().split()}
    surprise, omitted = 0.0, []
    for word in dict.fromkeys(asked):
        if said.isdisjoint((word, singular(word))):
            rate = _rate(word, QUOTED)
            surprise -= math.log(1 - rate)
            omitted += [word] if rate > TOLD else []
    for word in said.difference(asked, map(singular, asked)):
        surprise -= math.log(_rate(f"+{word}", ADDED))
    lists = [node.items for node in s.walk(program) if isinstance(node, s.ListOf)]
    surprise += TWICE * sum(len(set(items)) < len(items) for items in lists)
    return Reading(surprise, tuple(omitted))


def _rate(word: str, usual: float) -> float:
    among, times = _counts().get(word, (0, 0))
    return (times + usual * WEIGHT) / (among + WEIGHT)


@cache
def _counts() -> Mapping[str, tuple[int, int]]:
    """Of a word: questions that have it, and programs of these that quote it; of "+word": programs
    that say it, and those of them whose question does not."""
    rows = (line.split("\t") for line in COUNTS.read_text("utf-8").splitlines())
    return {word: (int(among), int(times)) for word, among, times in rows}
