"""How well optical flow carries a mask or a box to the next frame: IoU with the true ones.

    python benchmarks/propagation.py DAVIS [--out FILE.json]

DAVIS: a folder of the DAVIS-2016 form, `JPEGImages/480p/NAME/00000.jpg` and `Annotations/480p/...`,
of which frames 0 and 1 of each sequence are used. "Still" leaves the mask or box where it was.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as pil

from visprog.values import Region, Video
from visprog.videos import load
from visprog_tools.tracking import FlowTracker

Mask = NDArray[np.bool_]
FPS = 24.0


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("davis", type=Path)
    arguments.add_argument("--out", type=Path, help="where the figures are written as JSON")
    args = arguments.parse_args()
    rows = {}
    for name, video, first, second in _pairs(args.davis):
        row = measured(video, first, second)
        rows[name] = row
        print(f"{name:22}" + "".join(f"  {kind} {iou:.3f}" for kind, iou in row.items()))
    if not rows:
        raise SystemExit(f"{args.davis}: no sequence with frames 0 and 1 and their masks")
    kinds = next(iter(rows.values()))
    means = {kind: float(np.mean([row[kind] for row in rows.values()])) for kind in kinds}
    print(f"{'mean of ' + str(len(rows)):22}" + "".join(f"  {k} {v:.3f}" for k, v in means.items()))
    if args.out:
        args.out.write_text(json.dumps({"mean": means, "sequences": rows}, indent=1) + "\n")


def measured(video: Video, first: Mask, second: Mask) -> dict[str, float]:
    """IoU on the second frame of what is known of the first."""
    tracker = FlowTracker({})
    frame = video.frames[0]
    masked = _followed(tracker, video, Region(frame, box_of(first), "thing", mask=first))
    boxed = _followed(tracker, video, Region(frame, box_of(first), "thing"))
    return {
        "mask": 0.0 if masked is None or masked.mask is None else iou(masked.mask, second),
        "mask still": iou(first, second),
        "box": 0.0 if boxed is None else box_iou(boxed.box, box_of(second)),
        "box still": box_iou(box_of(first), box_of(second)),
    }


def _followed(tracker: FlowTracker, video: Video, region: Region) -> Region | None:
    """The region on the second frame; None where it was lost."""
    made = tracker.track(video, region).value
    assert isinstance(made, list)
    return made[1] if len(made) > 1 else None


def _pairs(davis: Path) -> Iterator[tuple[str, Video, Mask, Mask]]:
    for folder in sorted((davis / "JPEGImages" / "480p").iterdir()):
        masks = [davis / "Annotations" / "480p" / folder.name / f"0000{n}.png" for n in (0, 1)]
        if all(path.is_file() for path in masks):
            whole = load(folder, fps=FPS)
            first, second = (np.array(pil.open(path).convert("L")) > 127 for path in masks)
            yield folder.name, Video(tuple(whole.frames[:2]), FPS), first, second


def box_of(mask: Mask) -> tuple[float, float, float, float]:
    ys, xs = np.nonzero(mask)
    return float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)


def iou(a: Mask, b: Mask) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))


def box_iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    across = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    down = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return across * down / max(1e-9, both - across * down)


if __name__ == "__main__":
    main()
