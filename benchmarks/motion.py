"""Which way things move and how fast, on clips that are drawn with a known motion.

    python benchmarks/motion.py [--out FILE.json]

280 clips of 10 frames (tests/moving.py): discs and squares, textured and of one colour, large and
small, before textured and plain walls, in 8 directions, at 5 speeds of 1 to 9 pixels a frame.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from tests.moving import WAYS, clip  # noqa: E402
from visprog.values import Image, Region, Video  # noqa: E402
from visprog_tools import direction, speed  # noqa: E402
from visprog_tools.tracking import FlowTracker  # noqa: E402

FPS = 25.0
SPEEDS = (1.0, 2.0, 4.0, 6.5, 9.0)  # pixels a frame
KINDS: dict[str, dict[str, Any]] = {
    "textured disc": {},
    "textured square": {"disc": False},
    "plain disc": {"plain": True},
    "small textured disc": {"size": 20},
    "textured disc, plain wall": {"wall": True},
    "plain disc, plain wall": {"plain": True, "wall": True},
    "plain square, plain wall": {"plain": True, "wall": True, "disc": False},
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--out", type=Path, help="where the figures are written as JSON")
    args = arguments.parse_args()
    rows: dict[str, dict[str, float]] = {}
    for kind, made in KINDS.items():
        found = [measured(way, pixels, made) for way, pixels in product(range(8), SPEEDS)]
        rows[kind] = {
            "clips": len(found),
            "direction right": sum(right for right, _ in found),
            "speed within 10 %": sum(error <= 0.1 for _, error in found),
            "worst error of speed": round(max(error for _, error in found), 4),
        }
        print(f"{kind:28}" + "".join(f"  {name} {value}" for name, value in rows[kind].items()))
    every = {name: sum(row[name] for row in rows.values()) for name in list(rows["textured disc"])}
    every["worst error of speed"] = max(row["worst error of speed"] for row in rows.values())
    print(f"{'all':28}" + "".join(f"  {name} {value}" for name, value in every.items()))
    if args.out:
        args.out.write_text(json.dumps({"all": every, "kinds": rows}, indent=1) + "\n")


def measured(way: int, pixels: float, kind: dict[str, Any]) -> tuple[bool, float]:
    """Whether the direction is right, and the relative error of the speed (1 where it was lost)."""
    frames, box = clip(way, pixels, count=10, **kind)
    video = Video(tuple(map(Image, frames)), FPS)
    path = FlowTracker({}).track(video, Region(video.frames[0], box, "ball")).value
    assert isinstance(path, list)
    if len(path) < len(frames):
        return False, 1.0
    return direction(path) == WAYS[way], abs(float(speed(path)) / (pixels * FPS) - 1)


if __name__ == "__main__":
    main()
