"""Random scene graphs over the words of programs, drawn so that what programs ask is now true,
now not. They have the form of GQA's scene graphs.

Worlds are complete and of one mind: every thing has a word of every category that is asked for,
boxes alone tell the places of things, all things are ordered by depth or none, and no two things
are equally large or equally far left, right, up or down. So programs that mean the same give the
same answers, however they are written.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from visprog.eval.vocabulary import Vocabulary
from visprog.eval.world_words import BYSTANDERS, CATEGORIES, LOCATIONS, WEATHER, WEATHERS, kinds

SIDE = 100  # pixels of a picture, each way
MOST_THINGS = 16
TRIES = 50  # for a box unlike all others
Box = tuple[int, int, int, int]  # x, y, width, height in pixels
World = tuple[dict[str, Any], ...]  # a scene graph for each picture


@dataclass(frozen=True)
class Mood:
    """What a world has more of or less: `linked`: how likely two things stand in a relation;
    `missing`: how likely nothing of a noun is there; `told`: how likely a word is true."""

    linked: float
    missing: float
    told: float

    @classmethod
    def of(cls, rng: random.Random) -> Mood:
        return cls(
            rng.choice((0.1, 0.4, 0.7)), rng.choice((0.0, 0.1, 0.6)), rng.choice((0.2, 0.5, 0.8))
        )


def draw(vocabulary: Vocabulary, rng: random.Random, pictures: int = 1) -> World:
    """One world: as many scene graphs as there are pictures, of SIDE by SIDE pixels."""
    mood = Mood.of(rng)
    return tuple(_Drawing(vocabulary, rng, mood).graph() for _ in range(pictures))


class _Drawing:
    """One scene graph on its way."""

    def __init__(self, vocabulary: Vocabulary, rng: random.Random, mood: Mood) -> None:
        self.vocabulary = vocabulary
        self.rng = rng
        self.mood = mood

    def graph(self) -> dict[str, Any]:
        names = self.names()
        boxes = self.boxes(len(names))
        objects = {
            str(place): {
                **dict(zip("xywh", box, strict=True)),
                "name": name,
                "attributes": self.attributes(),
            }
            for place, (name, box) in enumerate(zip(names, boxes, strict=True))
        }
        edges = self.edges(list(objects))
        for key, value in objects.items():
            value["relations"] = edges[key]
        return {"width": SIDE, "height": SIDE, "objects": objects, **self.scene()}

    # -- what is there

    def names(self) -> list[str]:
        nouns = list(self.vocabulary.nouns)
        made: list[str] = []
        even = self.rng.randrange(1, 4) if self.rng.random() < 0.25 else None
        for noun in nouns:
            number = self.number() if even is None else even
            made += [self.name(noun) for _ in range(number)]
        others = self.rng.randrange(0 if made else 1, 3)
        made += [self.rng.choice(BYSTANDERS) for _ in range(others)]
        self.rng.shuffle(made)
        return made[:MOST_THINGS]

    def number(self) -> int:
        """How many things of a noun."""
        if self.rng.random() < self.mood.missing:
            return 0
        if not self.vocabulary.counted:
            return self.rng.choices((0, 1, 2, 3), (0.1, 0.5, 0.25, 0.15))[0]
        bounds = [number for number in self.vocabulary.numbers if 0 <= number <= 8]
        if bounds and self.rng.random() < 0.6:
            return max(0, self.rng.choice(bounds) + self.rng.choice((-1, 0, 0, 1, 2)))
        return self.rng.randrange(5)

    def name(self, noun: str) -> str:
        """The noun, or a kind of it, of those that programs mention if there is one."""
        known = kinds(noun)
        if not known or self.rng.random() < 0.25:
            return noun
        mentioned = [word for word in known if word in self.vocabulary.words]
        return self.rng.choice(mentioned if mentioned and self.rng.random() < 0.7 else known)

    # -- where

    def boxes(self, number: int) -> list[Box]:
        made: list[Box] = []
        for _ in range(number):
            for _ in range(TRIES):
                box = self.box(made)
                if not any(_alike(box, other) for other in made):
                    break
            made.append(box)
        return made

    def box(self, others: Sequence[Box]) -> Box:
        rng = self.rng
        shares = [number for number in self.vocabulary.numbers if 8 < number < SIDE]
        if shares and rng.random() < 0.3:  # exactly so many percent of the picture
            return self.placed(SIDE, rng.choice(shares))
        if self.vocabulary.nested and others and rng.random() < 0.6:
            x, y, w, h = rng.choice(others)
            if w > 4 and h > 4:
                inner = rng.randrange(2, w - 1), rng.randrange(2, h - 1)
                left, top = rng.randrange(w - inner[0] + 1), rng.randrange(h - inner[1] + 1)
                return x + left, y + top, *inner
        longest = rng.choice((20, 40, 90))
        return self.placed(rng.randrange(3, longest), rng.randrange(3, longest))

    def placed(self, w: int, h: int) -> Box:
        rng = self.rng
        if self.vocabulary.centered and rng.random() < 0.4:
            x, y = (round(rng.uniform(36, 64) - side / 2) for side in (w, h))
            return min(max(x, 0), SIDE - w), min(max(y, 0), SIDE - h), w, h
        return rng.randrange(SIDE - w + 1), rng.randrange(SIDE - h + 1), w, h

    # -- how

    def attributes(self) -> list[str]:
        """One word of each category that is asked for, and whatever else is true; never none."""
        rng, made = self.rng, dict.fromkeys(["seen"])
        for name, mentioned in self.vocabulary.categories.items():
            some = bool(mentioned) and rng.random() < max(self.mood.told, 0.5)
            made[rng.choice(list(mentioned) if some else CATEGORIES[name])] = None
        chosen: set[str] = set()
        for options in self.vocabulary.options:
            chosen.update(options)
            taken = [option for option in options if option in made]
            if not taken and rng.random() < 0.85:
                made[rng.choice(options)] = None
        for word in self.vocabulary.words:
            if word not in chosen and rng.random() < self.mood.told:
                made[word] = None
        return list(made)

    def edges(self, keys: list[str]) -> dict[str, list[dict[str, str]]]:
        made: dict[str, list[dict[str, str]]] = {key: [] for key in keys}
        relations = list(self.vocabulary.relations)
        for key in keys:
            for other in keys:
                if key == other:
                    continue
                for name in relations:
                    if self.rng.random() < self.mood.linked:
                        made[key].append({"name": name, "object": other})
        if relations:  # else the graph might say nothing of relations
            made[keys[0]].append({"name": "facing", "object": keys[-1]})
        if self.vocabulary.depth:
            order = self.rng.sample(keys, len(keys))
            for place, key in enumerate(order):
                behind = order[place + 1 :]
                made[key] += [{"name": "in front of", "object": other} for other in behind]
        return made

    def scene(self) -> dict[str, str]:
        said = list(self.vocabulary.scene)
        weathers = [word for word in said if word in WEATHERS]
        places = [word for word in said if word not in WEATHERS]
        return {
            "location": self._one_of(places, LOCATIONS),
            "weather": self._one_of(weathers, WEATHER),
        }

    def _one_of(self, mentioned: Sequence[str], others: Sequence[str]) -> str:
        some = bool(mentioned) and self.rng.random() < 0.6
        return self.rng.choice(mentioned if some else others)


def _alike(a: Box, b: Box) -> bool:
    """Whether two boxes cover as much, or have a centre in one column or row."""
    areas = a[2] * a[3] == b[2] * b[3]
    return areas or 2 * a[0] + a[2] == 2 * b[0] + b[2] or 2 * a[1] + a[3] == 2 * b[1] + b[3]
