"""Pairs from GQA's own questions (val, train), and the same questions about other things."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import words
from naming import GROUPS
from quoting import NOUNS, stray_texts, tidied

from visprog.eval.gqa_programs import translate
from visprog.lang.words import singular, spans

Pair = dict[str, str]
FILES = ("val_questions.json", "train_examples50.json")
SYNONYMS = {
    "pants": ["trousers"], "refrigerator": ["fridge"], "wood": ["wooden"], "gray": ["grey"],
    "motorcycle": ["motorbike"], "couch": ["sofa"], "large": ["big"], "small": ["little"],
    "lying": ["laying"], "bicycle": ["bike"], "airplane": ["plane"], "people": ["person"],
}  # fmt: skip
# Nouns of the frame of a question, not of the picture.
FRAME = frozenset(
    [
        *("picture", "photo", "image", "scene", "frame", "camera", "part", "step", "state", "pose"),
        *(
            "top",
            "hand",
            "face",
            "item",
            "object",
            "sort",
            "saw",
            "watch",
            "light",
            "clear",
            "flat",
        ),
        *("can", "fan", "tan", "iron", "orange", "gold", "silver", "glass", "paper", "stone"),
        *("brick", "rose", "food", "plant", "box", "letter", "mask", "map", "scale", "field"),
    ]
)


def from_gqa(folder: Path) -> list[Pair]:
    """Pairs from GQA's val and train questions.

    Left out: questions with words that are no spans, those whose program leaves out a thing or a
    colour of the question, and "Where is the man", which asks a GQA program for a place under him.
    """
    words.read_nouns()  # and their plurals
    rows: list[dict[str, Any]] = []
    for name in FILES:
        found = json.loads((folder / name).read_text()) if (folder / name).is_file() else []
        rows += found.values() if isinstance(found, dict) else found
    made: dict[str, Pair] = {}
    for row in rows:
        question = row["question"]
        program = as_asked(question, translate(row["semantic"], nested=True).strip())
        wrong = "doing" in question and '"activity"' not in program
        if question.startswith("Where") or wrong or stray_texts(question, program):
            continue
        if unsaid(question, program):
            continue
        made.setdefault(question, {"question": question, "program": program, "family": "gqa"})
    return list(made.values())


def as_asked(question: str, program: str) -> str:
    """The program with the question's own words where GQA's annotators put a synonym."""
    quoted = set(spans(question))
    for text in set(re.findall(r'detect\(image, "([^"]*)"', program)) - NOUNS:
        for word in [*SYNONYMS.get(text, []), *(s for s in quoted if s in (text + "s", text[:-1]))]:
            if text not in quoted and word in quoted:
                program = program.replace(f'"{text}"', f'"{word}"')
    for text, others in SYNONYMS.items():
        if text not in quoted and others[0] in quoted:
            program = program.replace(f'"{text}"', f'"{others[0]}"')
    for text in set(re.findall(r'detect\(image, "([^"]*)"', program)):
        head, _, last = text.rpartition(" ")
        one = f"{head} {singular(last)}".strip()
        pair_like = words.PLURALS.get(text) == text  # glasses, jeans
        if one in quoted and not pair_like:  # nouns are singular
            program = program.replace(f'detect(image, "{text}")', f'detect(image, "{one}")')
    if found := re.search(r', \[("[^\[\]]*")\]\)$', program):  # options in the question's order
        options = sorted(found[1].split(", "), key=lambda o: question.lower().find(o.strip('"')))
        program = f"{program[: found.start(1)]}{', '.join(options)}])"
    return program


def unsaid(question: str, program: str) -> set[str]:
    """Things and colours of the question that its program does not speak of."""
    known = {noun for kind in words.read_nouns().values() for noun in kind if " " not in noun}
    known = (known | set(words.COLORS)) - FRAME
    texts = " ".join(re.findall(r'"([^"]*)"', program)).split()
    said = {*texts, *map(singular, texts)}
    asked = re.findall(r"[a-z]+", question.lower())
    return (
        {word for word in asked if {word, singular(word)} & known}
        - said
        - {word for word in asked if singular(word) in said}
    )


class Recaster:
    """GQA's questions with other nouns and looks of the same kind in question and program."""

    def __init__(self, nouns: words.Nouns, rng: random.Random) -> None:
        self.rng = rng
        self.kinds: dict[str, list[str]] = defaultdict(list)
        for kind, found in nouns.items():
            if kind in ("gqa", "part"):
                continue
            found = [noun for noun in found if noun not in GROUPS]
            for noun in found:
                self.kinds.setdefault(noun, found)
        self.looks = {look: pool for pool in words.LOOKS.values() for look in pool}
        for pool in (words.MATERIALS, words.PLACES, words.WEATHER):
            self.looks.update(dict.fromkeys(pool, pool))

    def recast(self, pair: Pair) -> Pair | None:
        """A new pair, or None where nothing could be put in another way."""
        question, program = pair["question"], pair["program"]
        texts = dict.fromkeys(re.findall(r'"([^"]*)"', program))
        nouns = set(re.findall(r'detect\(image, "([^"]*)"', program))
        changed = False
        for text in texts:
            pool = self.kinds[text] if text in nouns and text in self.kinds else []
            pool = pool or ([] if text in nouns else self.looks.get(text, []))
            if not pool or self.rng.random() < 0.15:
                continue
            new = self.rng.choice(pool)
            if new in texts or new in question.lower():
                continue
            swapped = self._swapped(question, text, new, text in nouns)
            if swapped is None:
                continue
            question, changed = swapped, True
            program = program.replace(f'"{text}"', f'"{new}"').replace(
                f'"not {text}"', f'"not {new}"'
            )
        if not changed:
            return None
        return {"question": question, "program": program, "family": "recast"}

    def _swapped(self, question: str, old: str, new: str, noun: bool) -> str | None:
        forms = [(old, new)]
        if noun:
            pair_like = words.PLURALS.get(new) == new
            if (words.PLURALS.get(old) == old) != pair_like:
                return None  # "are the jeans" and "is the hat"
            many = words.plural(old)
            forms = [(many, words.plural(new)), *forms] if many != old else forms
        for said, other in forms:
            places = list(re.finditer(rf"(\b(?:a|an) )?\b{re.escape(said)}\b", question, re.I))
            if len(places) == 1:
                place = places[0]
                start = words.with_article(other) if place[1] else other
                if start.startswith("some "):
                    return None
                made = question[: place.start()] + start + question[place.end() :]
                return made[:1].upper() + made[1:]
            if places:
                return None
        return None


def recasts(pairs: list[Pair], n: int, nouns: words.Nouns, seed: int) -> list[Pair]:
    """Up to `n` different pairs in the words of GQA's questions."""
    rng = random.Random(seed)
    caster = Recaster(nouns, rng)
    seen = {pair["question"] for pair in pairs}
    made: list[Pair] = []
    for _ in range(12 * n if pairs else 0):
        if len(made) == n:
            break
        pair = caster.recast(rng.choice(pairs))
        if pair is None or pair["question"] in seen:
            continue
        if stray_texts(pair["question"], pair["program"]):
            continue
        seen.add(pair["question"])
        made.append(tidied(pair))
    return made
