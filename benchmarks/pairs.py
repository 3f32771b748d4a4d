"""Statements about pairs of CLEVR-style pictures, made from their scenes, under profile oracle.

python benchmarks/pairs.py [DIR] [--pairs 300] [--pictures 60]

DIR has .png pictures and CLEVR's scene files; where these are fewer than `--pictures`, or no DIR is
given, others are drawn with scenes of their own (tests/clevr.py).
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

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from tests.clevr import Thing, graph, picture, scene, statement  # noqa: E402
from visprog import Agent  # noqa: E402
from visprog.eval.stats import share  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--pictures", type=int, default=60)
    asked = parser.parse_args()
    drawn = random.Random(0)
    right: list[bool] = []
    truths: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        known = dict(_found(asked.folder)) if asked.folder else {}
        found = len(known)
        for number in range(max(0, asked.pictures - found)):
            things = scene(number)
            path = Path(scratch, f"drawn-{number}.png")
            picture(things).save(path)
            known[path] = things
        file = Path(scratch, "graphs.json")
        file.write_text(json.dumps({path.stem: graph(things) for path, things in known.items()}))
        with Agent(tools="oracle", options={"scene_graphs": str(file)}) as agent:
            jobs = []
            for _ in range(asked.pairs):
                first, second = drawn.sample(list(known), 2)
                jobs.append(([first, second], statement(known[first], known[second], drawn)))
            answers = agent.batch((pair, text, program) for pair, (text, program, _) in jobs)
            for (_, (text, program, truth)), answer in zip(jobs, answers, strict=True):
                right.append(answer.status == "answered" and answer.value is truth)
                truths[str(truth)] += 1
                if not right[-1]:
                    print(text, program, truth, answer.text, answer.reason)
    pictures = {"found": found, "drawn": len(known) - found}
    print(json.dumps({"pictures": pictures, "truths": truths, "right": share(right)}))


def _found(folder: Path) -> Iterator[tuple[Path, list[Thing]]]:
    """The pictures of a folder that have a scene."""
    pictures = {path.name: path for path in sorted(folder.rglob("*.png"))}
    for path in sorted(folder.rglob("*.json")):
        made = json.loads(path.read_text())
        for one in made.get("scenes", [made]) if isinstance(made, dict) else ():
            if isinstance(one, dict) and "objects" in one:
                name = one.get("image_filename")
                if name in pictures:
                    yield pictures[name], one["objects"]


if __name__ == "__main__":
    main()
