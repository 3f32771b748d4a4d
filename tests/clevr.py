"""Pictures in the manner of CLEVR, drawn from a seed with their scene, and statements about two of
them whose truth the scenes tell."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from PIL import Image as pil
from PIL import ImageDraw

Thing = dict[str, Any]  # of a scene in CLEVR's form
Statement = tuple[str, str, bool]  # in words, as a program, whether it is true
Colour = tuple[int, int, int]

SHAPES, SIZES = ("cube", "sphere", "cylinder"), ("large", "small")
MATERIALS = ("rubber", "metal")
COLORS: dict[str, Colour] = {
    "gray": (110, 110, 110), "red": (180, 40, 40), "blue": (45, 75, 205), "green": (35, 120, 30),
    "brown": (130, 75, 30), "purple": (130, 40, 190), "cyan": (45, 200, 200),
    "yellow": (235, 215, 40),
}  # fmt: skip
WIDTH, HEIGHT = 320, 240
RADIUS = {"large": 0.7, "small": 0.35}  # in the units of the ground
NEAR, FAR = 8.0, 16.0  # how far from the camera things stand
SCALE = 400.0  # pixels of a unit that is one unit away
HORIZON, EYE = 30.0, 5.0  # row of the picture, and how high the camera is
REACH = {"large": 36.0, "small": 18.0}  # pixels from a thing's middle to the sides of its box


def scene(number: int) -> list[Thing]:
    """The things of the picture of a number, the nearest last; none hides half of another."""
    drawn = random.Random(number)
    things: list[Thing] = []
    wanted = drawn.randint(3, 8)
    for _ in range(100):
        size, away = drawn.choice(SIZES), drawn.uniform(NEAR, FAR)
        across = drawn.uniform(-0.34, 0.34) * away
        x = WIDTH / 2 + SCALE * across / away
        y = HORIZON + SCALE * (EYE - RADIUS[size]) / away
        reach = SCALE * RADIUS[size] / away
        if y + reach < HEIGHT and all(
            math.dist((x, y), t["pixel_coords"][:2]) > 1.1 * (reach + REACH[t["size"]])
            for t in things
        ):
            things.append(
                {
                    "shape": drawn.choice(SHAPES),
                    "size": size,
                    "material": drawn.choice(MATERIALS),
                    "color": drawn.choice(list(COLORS)),
                    "3d_coords": [across, away, RADIUS[size]],
                    "pixel_coords": [round(x), round(y), away],
                }
            )
        if len(things) == wanted:
            break
    return sorted(things, key=lambda thing: -thing["pixel_coords"][2])


def picture(things: Sequence[Thing]) -> pil.Image:
    """A scene drawn, 320 x 240: a grey ground, flat shades, a bright spot on what is of metal."""
    made = pil.new("RGB", (WIDTH, HEIGHT), (165, 165, 165))
    page = ImageDraw.Draw(made)
    for row in range(HEIGHT):
        page.line((0, row, WIDTH, row), fill=(140 + row // 5,) * 3)
    for thing in things:
        _draw(page, thing)
    return made


def _draw(page: ImageDraw.ImageDraw, thing: Thing) -> None:
    x, y, away = thing["pixel_coords"]
    r, color = SCALE * RADIUS[thing["size"]] / away, COLORS[thing["color"]]
    light, dark = _shade(color, 1.35), _shade(color, 0.65)
    page.ellipse((x - r, y + 0.5 * r, x + 1.5 * r, y + 1.1 * r), fill=(110, 110, 110))  # shadow
    match thing["shape"]:
        case "sphere":
            page.ellipse((x - r, y - r, x + r, y + r), fill=dark)
            page.ellipse((x - r, y - r, x + 0.8 * r, y + 0.8 * r), fill=color)
        case "cylinder":
            page.ellipse((x - r, y + 0.4 * r, x + r, y + r), fill=color)
            page.rectangle((x - r, y - 0.7 * r, x + r, y + 0.7 * r), fill=color)
            page.rectangle((x + 0.6 * r, y - 0.7 * r, x + r, y + 0.7 * r), fill=dark)
            page.ellipse((x - r, y - r, x + r, y - 0.4 * r), fill=light)
        case _:
            corners = [(x - r, y - 0.6 * r), (x, y - r), (x + r, y - 0.6 * r), (x + 0.3 * r, y)]
            page.polygon(corners, fill=light)
            page.polygon(
                [corners[0], corners[3], (x + 0.3 * r, y + r), (x - r, y + 0.6 * r)], fill=color
            )
            page.polygon(
                [corners[3], corners[2], (x + r, y + 0.6 * r), (x + 0.3 * r, y + r)], fill=dark
            )
    if thing["material"] == "metal":
        page.ellipse((x - 0.5 * r, y - 0.5 * r, x - 0.2 * r, y - 0.2 * r), fill=(250, 250, 250))


def _shade(color: Colour, by: float) -> Colour:
    red, green, blue = (min(255, round(by * part)) for part in color)
    return red, green, blue


def graph(things: Sequence[Thing]) -> dict[str, Any]:
    """A scene in GQA's form."""
    objects = {}
    for number, thing in enumerate(things):
        x, y, _ = thing["pixel_coords"]
        reach = REACH[thing["size"]]
        objects[str(number)] = {
            "name": thing["shape"],
            "attributes": [thing["color"], thing["material"], thing["size"]],
            "relations": [],
            **{"x": x - reach, "y": y - reach, "w": 2 * reach, "h": 2 * reach},
        }
    return {"width": WIDTH, "height": HEIGHT, "objects": objects}


def statement(first: Sequence[Thing], second: Sequence[Thing], drawn: random.Random) -> Statement:
    """A statement about two pictures."""
    shape, color = drawn.choice(SHAPES), drawn.choice(list(COLORS))
    if drawn.random() < 0.5:  # of what is there, so that about half are true
        thing = drawn.choice([*first, *second])
        shape, color = thing["shape"], thing["color"]
    shapes = [sum(t["shape"] == shape for t in one) for one in (first, second)]
    colors = [any((t["shape"], t["color"]) == (shape, color) for t in o) for o in (first, second)]
    together = sum(shapes) + drawn.choice((0, 0, 1))
    one, other = (f'detect({name}, "{shape}")' for name in ("image", "image2"))
    coloured = [f'exists(filter({found}, "{color}"))' for found in (one, other)]
    among: list[Statement] = [
        (
            f"There are more {shape}s in the left picture than in the right one.",
            f"return count({one}) > count({other})",
            shapes[0] > shapes[1],
        ),
        (
            f"Both pictures have as many {shape}s.",
            f"return count({one}) == count({other})",
            shapes[0] == shapes[1],
        ),
        (
            f"There is a {color} {shape} in only one of the pictures.",
            f"return {coloured[0]} != {coloured[1]}",
            colors[0] != colors[1],
        ),
        (
            f"Each of the pictures has a {color} {shape}.",
            f"return {coloured[0]} and {coloured[1]}",
            all(colors),
        ),
        (
            f"There are {together} {shape}s in the pictures together.",
            f'return sum(count(detect(one, "{shape}")) for one in images) == {together}',
            together == sum(shapes),
        ),
    ]
    return drawn.choice(among)
