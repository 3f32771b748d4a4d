"""Rooms that are drawn from a seed, for plans: what is seen in them whatever is asked for."""

from __future__ import annotations

import random

import numpy as np

from visprog.tool import Backend, Catalogue, Model, Toolset
from visprog.values import Image, Metres, Region

SIDE = 400  # pixels
PICTURE = Image(np.zeros((SIDE, SIDE, 3), np.uint8), "room")


class Room(Backend):
    """Sees three or four of everything; an attribute or a relation fits some of them."""

    name, serves = "room", ("detect", "filter", "related", "distance")
    model = Model("toy", "Apache-2.0")
    seed = 0

    def _drawn(self, *about: object) -> random.Random:
        return random.Random(f"{self.seed} {about}")

    def _some(self, regions: list[Region], *about: object) -> list[Region]:
        kept = [one for one in regions if self._drawn(*about, one.box).random() < 0.6]
        return kept or regions[:1]

    def detect(self, image: Image, name: str) -> list[Region]:
        drawn = self._drawn(name)
        made = []
        for _ in range(drawn.randint(3, 4)):
            x, y = drawn.randint(0, 300), drawn.randint(0, 300)
            across, down = drawn.randint(10, 80), drawn.randint(10, 80)
            made.append(Region(image, (x, y, x + across, y + down), name))
        return made

    def filter(self, regions: list[Region], attribute: str) -> list[Region]:
        return self._some(regions, attribute)

    def related(self, regions: list[Region], relation: str, anchor: Region) -> list[Region]:
        return self._some(regions, relation, anchor.box)

    def distance(self, a: Region, b: Region) -> Metres:
        return Metres(0.01 + abs(a.left - b.left) + abs(a.top - b.top))


def tools_of(seed: int) -> Toolset:
    """The words of the embedded profile, in the room of a number."""
    room = Room({})
    room.seed = seed
    catalogue = Catalogue.installed()
    embedded = catalogue.toolset("embedded")
    serving = {name: made for name in embedded if (made := embedded.backend(name))}
    rooms = dict.fromkeys(Room.serves, room)
    return Toolset([*catalogue.tools.values()], {**serving, **rooms}, profile="room")
