"""Chooses the detector's score threshold on statements of Visual Spatial Reasoning.

    python scripts/weights/choose_threshold.py --vsr DIR --weights tools/visprog_tools/weights

A true statement proves that the two objects it names are in the picture. That a class is absent is
only assumed, where no statement about the picture names it, so false alarms are counted high.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from models import COCO_CLASSES
from numpy.typing import NDArray

SIZE = 416
BATCH = 8
THRESHOLDS = tuple(round(0.10 + 0.05 * step, 2) for step in range(11))
PREVALENCE = 2.9 / 80  # the classes in an average COCO picture
SHRINK = 10.0  # a class's own threshold counts as much as the global one at so many pictures
GOALS = ("even", "common", "f1")
Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Per picture and class: best score, named by a true statement, named by any statement."""

    scores: Floats
    present: Truths
    named: Truths


def classes_named(caption: str) -> list[int]:
    """The numbers of the classes whose names the caption holds, longest names first."""
    text = caption.lower().replace("television", "tv")
    found = []
    for name in sorted(COCO_CLASSES, key=len, reverse=True):
        pattern = rf"\b{name}(s|es)?\b"
        if re.search(pattern, text):
            found.append(COCO_CLASSES.index(name))
            text = re.sub(pattern, " ", text)
    return found


def square(path: Path) -> NDArray[np.uint8]:
    """The picture in RGB, fitted into the middle of a black square."""
    picture = cv2.imread(str(path))
    if picture is None:
        raise SystemExit(f"{path}: not a picture that can be read")
    high, wide = picture.shape[:2]
    ratio = SIZE / max(high, wide)
    shape = (round(wide * ratio), round(high * ratio))
    canvas = np.zeros((SIZE, SIZE, 3), np.uint8)
    method = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
    left, top = (SIZE - shape[0]) // 2, (SIZE - shape[1]) // 2
    canvas[top : top + shape[1], left : left + shape[0]] = cv2.resize(
        picture, shape, interpolation=method
    )[..., ::-1]
    return canvas


def best_scores(session: Any, paths: Sequence[Path]) -> Floats:
    """The best score of each class in each picture: (pictures, 80)."""
    rows = []
    for start in range(0, len(paths), BATCH):
        batch = np.stack([square(path) for path in paths[start : start + BATCH]])
        rows.append(session.run(["scores"], {"pictures": batch})[0].max(axis=1))
    return np.concatenate(rows).astype(np.float64)


def gather(folder: Path, session: Any, skip: set[str]) -> Evidence:
    lines = (folder / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    statements = [item for item in map(json.loads, lines) if Path(item["image"]).stem not in skip]
    pictures = sorted({statement["image"] for statement in statements})
    present = np.zeros((len(pictures), len(COCO_CLASSES)), bool)
    named = present.copy()
    for statement in statements:
        row = pictures.index(statement["image"])
        numbers = classes_named(statement["caption"])
        named[row, numbers] = True
        if statement["label"] == 1:
            present[row, numbers] = True
    paths = [folder / "images" / name for name in pictures]
    return Evidence(best_scores(session, paths), present, named)


@dataclass(frozen=True, eq=False)
class Rates:
    """Recall of present objects; false alarms per absent class, even and by how common it is."""

    recall: float
    even: float
    common: float

    def value(self, which: str) -> float:
        """Share of right answers where half are to be yes; for `f1`, F1 over all the classes."""
        if which == "f1":
            right = PREVALENCE * self.recall
            wrong = (1 - PREVALENCE) * self.even + PREVALENCE - right
            return 2 * right / (2 * right + wrong)
        return (self.recall + 1 - (self.even if which == "even" else self.common)) / 2


def rates(evidence: Evidence, thresholds: Floats, popularity: Floats) -> Rates:
    """`thresholds` and `popularity` are per class."""
    said = evidence.scores > thresholds
    absent = ~evidence.named
    weights = absent * popularity
    return Rates(
        recall=float(said[evidence.present].mean()),
        even=float(said[absent].mean()),
        common=float((said * weights).sum() / weights.sum()),
    )


def best_global(evidence: Evidence, popularity: Floats, which: str) -> float:
    grid = np.arange(0.05, 0.70, 0.01)
    values = [rates(evidence, np.full(len(COCO_CLASSES), t), popularity).value(which) for t in grid]
    return float(grid[int(np.argmax(values))])


def best_per_class(evidence: Evidence, start: float) -> Floats:
    """Each class's own best threshold, pulled to the global one where there are few pictures."""
    chosen = np.full(len(COCO_CLASSES), start)
    grid = np.arange(0.05, 0.70, 0.01)
    for number in range(len(COCO_CLASSES)):
        yes = evidence.scores[evidence.present[:, number], number]
        no = evidence.scores[~evidence.named[:, number], number]
        if len(yes) < 2:
            continue
        values = [float((yes > t).mean() - (no > t).mean()) for t in grid]
        own = float(grid[int(np.argmax(values))])
        chosen[number] = (len(yes) * own + SHRINK * start) / (len(yes) + SHRINK)
    return chosen


def rows_of(evidence: Evidence, chosen: Truths) -> Evidence:
    return Evidence(evidence.scores[chosen], evidence.present[chosen], evidence.named[chosen])


def cross_validate(evidence: Evidence, popularity: Floats, folds: int = 5) -> tuple[float, float]:
    """Held-out accuracy of the global and of the per-class thresholds, common classes asked."""
    part = np.random.default_rng(0).permutation(len(evidence.scores)) % folds
    answers = []
    for fold in range(folds):
        known, held = rows_of(evidence, part != fold), rows_of(evidence, part == fold)
        start = best_global(known, popularity, "common")
        every = np.full(len(COCO_CLASSES), start)
        own = best_per_class(known, start)
        answers.append([rates(held, limits, popularity).value("common") for limits in (every, own)])
    means = np.mean(answers, axis=0)
    return float(means[0]), float(means[1])


def resample(evidence: Evidence, popularity: Floats, which: str, times: int = 200) -> Floats:
    """The best threshold in bootstrap samples of the pictures: its 10th, 50th, 90th percentile."""
    chance = np.random.default_rng(0)
    count = len(evidence.scores)
    found = []
    for _ in range(times):
        rows = chance.integers(0, count, count)
        sample = Evidence(evidence.scores[rows], evidence.present[rows], evidence.named[rows])
        found.append(best_global(sample, popularity, which))
    return np.percentile(found, [10, 50, 90])


def report(evidence: Evidence) -> None:
    popularity = evidence.named.sum(axis=0).astype(np.float64)
    count, pairs = len(evidence.scores), int(evidence.present.sum())
    print(f"{count} pictures, {pairs} objects proven present\n")
    print(
        "| threshold | recall | alarms, even | alarms, common"
        " | accuracy, even | accuracy, common | F1 |"
    )
    print("|---|---|---|---|---|---|---|")
    for threshold in THRESHOLDS:
        row = rates(evidence, np.full(len(COCO_CLASSES), threshold), popularity)
        values = (row.recall, row.even, row.common, *map(row.value, GOALS))
        print(f"| {threshold:.2f} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    for which in GOALS:
        low, middle, high = resample(evidence, popularity, which)
        best = best_global(evidence, popularity, which)
        print(f"\nbest threshold, {which}: {best:.2f}", end=" ")
        print(f"(bootstrap 10/50/90 %: {low:.2f} {middle:.2f} {high:.2f})")
    every, own = cross_validate(evidence, popularity)
    print(f"\n5-fold held-out accuracy, common: one threshold {every:.3f}, per class {own:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--vsr", type=Path, required=True, help="folder of dev.jsonl and images/")
    parser.add_argument("--weights", type=Path, required=True, help="folder of nanodet.onnx")
    parser.add_argument("--skip", nargs="*", default=[], help="stems of pictures to leave out")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    session = onnxruntime.InferenceSession(
        str(options.weights / "nanodet.onnx"), settings, providers=["CPUExecutionProvider"]
    )
    report(gather(options.vsr, session, set(options.skip)))


if __name__ == "__main__":
    main()
