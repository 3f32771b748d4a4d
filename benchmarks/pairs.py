"""Statements about pairs of CLEVR's pictures, made from their scenes, under the profile oracle.

python benchmarks/pairs.py DIR [--pairs 300]     DIR has .png pictures and CLEVR's scene files
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from visprog import Agent  # noqa: E402
from visprog.eval.stats import share  # noqa: E402

COLORS = ("gray", "red", "blue", "green", "brown", "purple", "cyan", "yellow")
SHAPES = ("cube", "sphere", "cylinder")
REACH = {"large": 36.0, "small": 18.0}  # pixels from a thing's middle to the sides of its box
WIDTH, HEIGHT = 320, 240
Thing = dict[str, Any]
Statement = tuple[str, str, bool]  # in words, as a program, whether it is true


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=300)
    asked = parser.parse_args()
    scenes = {name: things for name, things in _scenes(asked.folder)}
    pictures = {path.name: path for path in sorted(asked.folder.rglob("*.png"))}
    known = [name for name in pictures if name in scenes]
    drawn = random.Random(0)
    right: list[bool] = []
    kinds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "graphs.json")
        file.write_text(json.dumps({Path(n).stem: _graph(scenes[n]) for n in known}))
        with Agent(tools="oracle", options={"scene_graphs": str(file)}) as agent:
            jobs = []
            for _ in range(asked.pairs):
                first, second = drawn.sample(known, 2)
                made = _statement(scenes[first], scenes[second], drawn)
                jobs.append(([pictures[first], pictures[second]], made))
            answers = agent.batch((pair, text, program) for pair, (text, program, _) in jobs)
            for (_, (text, program, truth)), answer in zip(jobs, answers, strict=True):
                right.append(answer.status == "answered" and answer.value is truth)
                kinds[str(truth)] += 1
                if not right[-1]:
                    print(text, program, truth, answer.text, answer.reason)
    print(json.dumps({"pictures": len(known), "truths": kinds, "right": share(right)}))


def _scenes(folder: Path) -> Iterator[tuple[str, list[Thing]]]:
    for path in sorted(folder.rglob("*.json")):
        made = json.loads(path.read_text())
        for scene in made.get("scenes", [made]) if isinstance(made, dict) else ():
            if isinstance(scene, dict) and "objects" in scene and "image_filename" in scene:
                yield scene["image_filename"], scene["objects"]


def _graph(things: list[Thing]) -> dict[str, Any]:
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


def _statement(first: list[Thing], second: list[Thing], drawn: random.Random) -> Statement:
    """A statement about two pictures whose truth the scenes tell."""
    shape, color = drawn.choice(SHAPES), drawn.choice(COLORS)
    if drawn.random() < 0.5:  # of what is there, so that about half are true
        thing = drawn.choice(first + second)
        shape, color = thing["shape"], thing["color"]
    shapes = [sum(t["shape"] == shape for t in one) for one in (first, second)]
    colors = [any((t["shape"], t["color"]) == (shape, color) for t in o) for o in (first, second)]
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
            f"There are {sum(shapes)} {shape}s in the pictures together.",
            f'return sum(count(detect(one, "{shape}")) for one in images) == {sum(shapes)}',
            True,
        ),
    ]
    return drawn.choice(among)


if __name__ == "__main__":
    main()
