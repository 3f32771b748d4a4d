"""Remakes the embedded planner's weights: pairs, training, GGUF.

python scripts/planner/make.py --gqa DIR --out planner.gguf
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parents[1] / "tools")]


def main() -> None:
    asked = _arguments()
    if asked.pairs and asked.pairs.is_file():
        made = [json.loads(line) for line in asked.pairs.read_text().splitlines()]
    else:
        made = make_pairs(asked.templates, asked.recasts, asked.seeds, asked.gqa, asked.exclude)
        listing = asked.pairs or asked.out.with_suffix(".pairs.jsonl")
        listing.write_text("".join(json.dumps(pair) + "\n" for pair in made))
    if not asked.steps:
        return
    from export import export
    from train import BASE, Course, train

    weights = asked.out.with_suffix(".pt")
    course = Course(
        asked.steps,
        asked.size,
        asked.rate,
        asked.threads,
        asked.every,
        asked.start,
        asked.rounded,
    )
    train(made, weights, course)
    export(BASE, weights, asked.out)
    print(asked.out, hashlib.sha256(asked.out.read_bytes()).hexdigest())


def make_pairs(
    templates: int, recasts: int, seeds: int, gqa: Path | None, exclude: list[Path]
) -> list[dict[str, str]]:
    """All pairs, in random order; GQA's own questions four times, none of the excluded files."""
    import gqa_pairs
    import pairs
    import words

    made = pairs.from_templates(templates, 7, gqa) + pairs.from_seeds(seeds, 9, gqa)
    own = gqa_pairs.from_gqa(gqa) if gqa else []
    made += 4 * own + gqa_pairs.recasts(own, recasts, words.read_nouns(gqa), 5)
    made = pairs.without_questions(made, [HERE / "heldout.jsonl", *exclude])
    pairs.check(made)
    random.Random(3).shuffle(made)
    return made


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gqa", type=Path, help="folder of GQA's questions and hierarchies")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, help="made before; else they are written there")
    parser.add_argument("--templates", type=int, default=48_000, help="pairs from templates")
    parser.add_argument("--recasts", type=int, default=14_000, help="GQA's questions reworded")
    parser.add_argument("--seeds", type=int, default=40, help="pairs grown from each seed")
    parser.add_argument(
        "--exclude", type=Path, nargs="*", default=[], help="questions that no pair may have"
    )
    parser.add_argument("--steps", type=int, default=4000, help="of training; 0 makes pairs only")
    parser.add_argument("--size", type=int, default=8, help="pairs in a step")
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--start", type=Path, help="a GGUF file or weights (.pt) to go on from")
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints")
    parser.add_argument(
        "--rounded", action="store_true", help="train the weights as Q4_0 will round them"
    )
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
