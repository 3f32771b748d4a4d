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
    import pairs
    from export import export
    from train import BASE, train

    asked = _arguments()
    made = pairs.from_templates(asked.templates, 7, asked.gqa)
    made += pairs.from_gqa(asked.gqa) if asked.gqa else []
    pairs.check(made)
    random.Random(3).shuffle(made)
    listing = asked.out.with_suffix(".pairs.jsonl")
    listing.write_text("".join(json.dumps(pair) + "\n" for pair in made))
    weights = asked.out.with_suffix(".pt")
    train(made, weights, steps=asked.steps, threads=asked.threads)
    export(BASE, weights, asked.out)
    print(asked.out, hashlib.sha256(asked.out.read_bytes()).hexdigest())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gqa", type=Path, help="folder of GQA's questions and hierarchies")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--templates", type=int, default=4400, help="pairs from templates")
    parser.add_argument("--steps", type=int, default=500, help="of training, 8 pairs each")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
