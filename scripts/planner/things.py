"""Noun phrases: what the question says of a thing, and the expression that finds it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import words
from words import Nouns, expand, plural, with_article

SUPERLATIVES = {
    "largest": "(largest|biggest) {n}",
    "smallest": "(smallest|tiniest|littlest) {n}",
    "leftmost": "(leftmost {n}|{n} (|that is )(farthest|furthest) (|to the )left|left-most {n})",
    "rightmost": "(rightmost {n}|{n} (|that is )(farthest|furthest) (|to the )right"
    "|right-most {n})",
    "topmost": "(topmost|highest|uppermost) {n}",
    "bottommost": "(bottommost|lowest) {n}",
    "nearest": "((nearest|closest) {n}|{n} (|that is )(closest|nearest) to (the camera|us"
    "|the viewer|me))",
    "farthest": "((farthest|furthest|most distant) {n}|{n} (farthest|furthest) (away"
    "|from the camera))",
}
PLACES = {
    "on the left": "(on the left|on the left side|on the left hand side)( of the (image|picture"
    "|photo)|)",
    "on the right": "(on the right|on the right side|on the right hand side)( of the (image"
    "|picture|photo)|)",
    "at the top": "at the top( of the (image|picture|photo)|)",
    "at the bottom": "at the bottom( of the (image|picture|photo)|)",
    "in the middle": "in the middle( of the (image|picture|photo)|)",
}


@dataclass
class Thing:
    """One noun phrase. `many` finds all that fit, `one` the one that is meant."""

    noun: str
    many: str
    rng: random.Random
    before: str = ""  # adjectives
    after: str = ""  # what follows the noun, of one thing
    afters: str = ""  # the same after a plural
    best: str = ""  # a superlative word of the language
    used: set[str] = field(default_factory=set)

    @property
    def one(self) -> str:
        return f"{self.best or 'largest'}({self.many})"

    @property
    def bare(self) -> str:
        return f"{self.before} {self.noun} {self.after}".strip().replace("  ", " ")

    @property
    def the(self) -> str:
        if self.best:
            named = SUPERLATIVES[self.best].format(n=f"{self.before} {self.noun}".strip())
            return f"the {expand(named, self.rng)} {self.after}".strip()
        article = "the" if self.rng.random() < 0.94 else self.rng.choice(["this", "that"])
        return f"{article} {self.bare}"

    @property
    def a(self) -> str:
        return with_article(self.bare)

    @property
    def plural(self) -> str:
        return f"{self.before} {plural(self.noun)} {self.afters}".strip().replace("  ", " ")

    @property
    def are(self) -> bool:
        """Whether the noun itself takes "are": scissors, jeans."""
        return words.PLURALS.get(self.noun) == self.noun and self.noun.endswith("s")


class Things:
    """Makes noun phrases at random, no noun twice in one question."""

    def __init__(self, nouns: Nouns, rng: random.Random) -> None:
        self.nouns, self.rng = nouns, rng
        self.used: set[str] = set()

    def noun(self, kinds: str = "") -> str:
        """A fresh noun of one of the kinds; of any kind if none is given."""
        names = [k for k in kinds.split() if k in self.nouns]
        weights = None if names else [3 if k in ("person", "animal") else 1 for k in self.nouns]
        names = names or list(self.nouns)
        while True:
            found = self.rng.choice(
                self.nouns[self.rng.choices(names, weights)[0]]
                if weights
                else self.nouns[self.rng.choice(names)]
            )
            if found not in self.used:
                self.used.add(found)
                return found

    def plain(self, kinds: str = "") -> Thing:
        """A bare noun."""
        noun = self.noun(kinds)
        return Thing(noun, f'detect(image, "{noun}")', self.rng)

    def thing(
        self, kinds: str = "", *, depth: int = 1, best: bool = True, rate: float = 0.5
    ) -> Thing:
        """A noun with, at `rate`, something said of it. `depth`: how many anchors may follow."""
        made = self.plain(kinds)
        if self.rng.random() > rate:
            return made
        roll = self.rng.random()
        if roll < 0.35:
            self._look(made)
        elif roll < 0.45:
            self._place(made)
        elif roll < 0.72 and depth > 0:
            self._spatial(made, depth)
            self._also(made)
        elif roll < 0.9 and depth > 0:
            self._relation(made, depth)
            self._also(made)
        elif best:
            made.best = self.rng.choice(list(SUPERLATIVES))
        else:
            self._look(made)
        return made

    def anchor(self, depth: int, kinds: str = "") -> Thing:
        return self.thing(kinds, depth=depth, rate=0.25, best=self.rng.random() < 0.3)

    def _look(self, made: Thing) -> None:
        kind = self.rng.choice(["color"] * 5 + list(words.LOOKS))
        look = self.rng.choice(words.LOOKS[kind])
        if kind == "material" and self.rng.random() < 0.4:
            look = self.rng.choice(words.MATERIALS)
            made.after = expand(f"(made of|made out of|that is made of|made from) {look}", self.rng)
            made.afters = made.after.replace("is made", "are made")
        elif self.rng.random() < 0.12:
            look = f"not {look}"
            made.after, made.afters = f"that is {look}", f"that are {look}"
        elif kind == "pose" or self.rng.random() < 0.15:
            link = "(that|who)" if made.noun in self.nouns["person"] else "(that|which)"
            made.after = expand(f"{link} (is|looks|appears) {look}", self.rng)
            made.afters = made.after.replace(" is ", " are ").replace("looks", "look")
            made.afters = made.afters.replace("appears", "appear")
        else:
            made.before = look
        made.many = f'filter({made.many}, "{look}")'

    def _also(self, made: Thing) -> None:
        """At times an adjective before the noun of a phrase that has something after it."""
        if self.rng.random() < 0.25:
            look = self.rng.choice(words.LOOKS[self.rng.choice(["color"] * 3 + ["size", "state"])])
            made.before, made.many = look, f'filter({made.many}, "{look}")'

    def _place(self, made: Thing) -> None:
        place = self.rng.choice(list(PLACES))
        made.many = f'filter({made.many}, "{place}")'
        said = expand(PLACES[place], self.rng)
        made.after = expand(f"(|that is |which is ){said}", self.rng)
        made.afters = (
            made.after.replace("is ", "are ", 1) if made.after[:2] in ("th", "wh") else said
        )

    def _spatial(self, made: Thing, depth: int) -> None:
        word = self.rng.choice(["left_of", "right_of"] * 2 + list(words.SPATIAL))
        said = self.rng.choice(words.SPATIAL[word].split("|"))
        anchor = self.anchor(depth - 1)
        made.many = f"{word}({made.many}, {anchor.one})"
        to = anchor.the if self.rng.random() < 0.85 else anchor.a
        links = (
            "",
            "",
            "",
            "that is ",
            "which is ",
            "located ",
            "positioned ",
            "standing ",
            "placed ",
        )
        link = self.rng.choice(links)
        made.after = f"{link}{said} {to}"
        made.afters = f"{link.replace('is ', 'are ')}{said} {to}"

    def _relation(self, made: Thing, depth: int) -> None:
        person = made.noun in self.nouns["person"] + self.nouns["animal"]
        relation = self.rng.choice(
            (words.ACTIVE + ["wearing", "holding"] * 4 if person else [])
            + words.PLACED
            + ["on", "in"] * 2
        )
        ing, sings, plur, kinds = words.RELATIONS[relation]
        anchor = self.anchor(depth - 1, kinds)
        made.many = f'related({made.many}, "{relation}", {anchor.one})'
        to = anchor.the if self.rng.random() < 0.7 else anchor.a
        if anchor.are and to.startswith("some "):
            to = anchor.bare
        link = self.rng.choice(["that", "who"]) if person else self.rng.choice(["that", "which"])
        form = self.rng.randrange(3)
        made.after = [f"{ing} {to}", f"{link} {sings} {to}", f"{link} is {ing} {to}"][form]
        made.afters = [f"{ing} {to}", f"{link} {plur} {to}", f"{link} are {ing} {to}"][form]
