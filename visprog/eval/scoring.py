"""Whether an answer is right: GQA's string match, numbers within a tolerance, boxes by overlap."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from visprog.values import Region

POINTS = 2.0  # how far a number may be from the truth
OVERLAP = 0.5  # the least IoU of a box with the true one
KINDS = ("str", "int", "float", "box")  # the answer types of a question


@dataclass(frozen=True)
class Score:
    """`iou`: of a box with the true one, 0 where none was given; None for other answers."""

    correct: bool
    iou: float | None = None


def normal(text: str) -> str:
    """A short answer as it is compared: one line, lower case, no dot at the end."""
    words = {"true": "yes", "false": "no"}
    plain = " ".join(text.split()).rstrip(".").strip().lower()
    return words.get(plain, plain)


def score(kind: str, truth: str, box: Sequence[float] | None, text: str, value: object) -> Score:
    """Score an answer, given as shown (`text`) and as it is (`value`).

    Args:
        kind: one of KINDS; `box`: left, top, right, bottom in pixels, the truth for kind "box".
    """
    if kind == "box":
        overlap = iou(value.box, box) if isinstance(value, Region) and box is not None else 0.0
        return Score(overlap >= OVERLAP, overlap)
    if kind == "float":
        given = _number(value if isinstance(value, (int, float)) else text)
        wanted = _number(truth)
        close = given is not None and wanted is not None and abs(given - wanted) <= POINTS
        return Score(close)
    return Score(bool(text) and normal(text) == normal(truth))


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    found = re.fullmatch(r"\s*([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*%?\.?\s*", str(value))
    number = float(found[1]) if found else math.nan
    return number if math.isfinite(number) else None


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    """The share of two boxes' union that they have in common, 0 to 1."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, across) * max(0.0, down)
    union = _area(a) + _area(b) - shared
    return shared / union if union > 0 else float(tuple(a) == tuple(b))


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
