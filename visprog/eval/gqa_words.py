"""The words of GQA and ours for them, and readable variable names for its things."""

from __future__ import annotations

import builtins
import json
import keyword
import re
from collections.abc import Container

from visprog.errors import PlanError

# Relations between places, and our words for them; all others are `related`.
WORDS = {
    "to the left of": "left_of",
    "left of": "left_of",
    "to the right of": "right_of",
    "right of": "right_of",
    "above": "above",
    "over": "above",
    "below": "below",
    "under": "below",
    "underneath": "below",
    "beneath": "below",
    "in front of": "in_front_of",
    "behind": "behind",
    "near": "near",
    "next to": "near",
    "beside": "near",
    "by": "near",
    "close to": "near",
    "inside": "inside",
}
INVERSE = {
    "left_of": "right_of",
    "right_of": "left_of",
    "above": "below",
    "below": "above",
    "in_front_of": "behind",
    "behind": "in_front_of",
    "near": "near",
}
FIRST = ("left_of", "above", "in_front_of")  # of a pair of opposites, the one that is tested
SPOKEN = {"to the left of": "left", "to the right of": "right", "in front of": "front"}
PLACES = {
    "left": "on the left",
    "right": "on the right",
    "top": "at the top",
    "bottom": "at the bottom",
    "middle": "in the middle",
}
SIDES = {"hposition": {"left", "right"}, "vposition": {"top", "bottom"}}
ATTRIBUTES = {"sportActivity": "activity", "sportactivity": "activity", "type": "name"}
NOUNS = {"he": "man", "she": "woman"}
DEMONSTRATIVES = ("this", "that", "it", "these", "they")
EXTREMES = {
    "larger": "largest",
    "largest": "largest",
    "bigger": "largest",
    "biggest": "largest",
    "smaller": "smallest",
    "smallest": "smallest",
    "nearer": "nearest",
    "nearest": "nearest",
    "closer": "nearest",
    "closest": "nearest",
    "farther": "farthest",
    "farthest": "farthest",
    "leftmost": "leftmost",
    "rightmost": "rightmost",
    "topmost": "topmost",
    "bottommost": "bottommost",
}
COMPARATIVES = {
    "taller": "tall",
    "shorter": "short",
    "longer": "long",
    "higher": "high",
    "lower": "low",
    "older": "old",
    "younger": "young",
    "healthier": "healthy",
    "less healthy": "unhealthy",
}
COMPARISONS = {"more": ">", "fewer": "<", "less": "<", "equal": "=="}
IRREGULAR = {
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
    "foot": "feet",
    "tooth": "teeth",
    "mouse": "mice",
    "goose": "geese",
    "knife": "knives",
    "shelf": "shelves",
    "leaf": "leaves",
    "loaf": "loaves",
    "wolf": "wolves",
    "calf": "calves",
    "half": "halves",
    "scarf": "scarves",
    "sheep": "sheep",
    "deer": "deer",
    "fish": "fish",
}

# Words of the standard library that are also nouns: a variable must not hide a tool.
_TOOLS = (
    "above area ask behind below caption center choose classify common count crop depth detect "
    "distance emoji exists faces facts farthest filter flow frames height inside largest match "
    "motion near nearest objects ocr overlapping position query related remove replace same "
    "segment smallest tag track verify vqa when width without"
)
TAKEN = frozenset([*_TOOLS.split(), "image", "other"])


def plural_of(noun: str) -> str:
    """More than one: `dog` -> `dogs`, `wine glass` -> `wine glasses`; a plural stays as it is."""
    head, _, last = noun.rpartition(" ")
    if last in IRREGULAR:
        made = IRREGULAR[last]
    elif last.endswith("man"):
        made = f"{last[:-3]}men"
    elif re.search(r"(ss|us|sh|ch|x|z)$", last):
        made = f"{last}es"
    elif re.search(r"[^aeiou]y$", last):
        made = f"{last[:-1]}ies"
    else:
        made = last if last.endswith("s") else f"{last}s"
    return f"{head} {made}".strip()


def variable_name(noun: str, *, plural: bool, taken: Container[str]) -> str:
    """A name for one thing or for several, not among `taken` and not a word of the language."""
    name = re.sub(r"\W+", "_", plural_of(noun) if plural else noun).strip("_").lower()
    if not name or not name.isascii() or not name.isidentifier():
        name = "things" if plural else "thing"
    number, made = 1, name
    while made in taken or made in TAKEN or keyword.iskeyword(made) or hasattr(builtins, made):
        number += 1
        made = f"{name}_{number}"
    return made


def related(regions: str, relation: str, role: str, anchor: str) -> str:
    """Those of `regions` that stand in the relation to the anchor (s), or it to them (o)."""
    word = WORDS.get(relation)
    if role == "o" and word is not None:
        word = INVERSE.get(word)
    if word is not None:
        return f"{word}({regions}, {anchor})"
    direction = "related" if role == "s" else "related_to"
    return f"{direction}({regions}, {quote(relation)}, {anchor})"


def statement(category: str, argument: str) -> str:
    """`not(red)` -> `not red`; a place is said in words: `left` -> `on the left`."""
    if not argument:
        raise PlanError(f"functional program: {category or 'attribute'}: want a word, got none")
    negated = re.fullmatch(r"not\((.*)\)", argument)
    word = negated[1].strip() if negated else argument
    if category in SIDES:
        word = PLACES.get(word, word)
    return f"not {word}" if negated else word


def operand(text: str) -> str:
    """An operand of `and` or `or`, in parentheses where it is no plain call."""
    plain = re.search(r" (and|or|if|[<>]|==) |^not ", re.sub(r'"[^"]*"', '""', text))
    return f"({text})" if plain else text


def quote(text: str) -> str:
    """A text literal of the language."""
    return json.dumps(text, ensure_ascii=False)
