"""Whether an answer is right: GQA's string match, numbers within a tolerance, boxes by overlap."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from visprog.values import Region

if TYPE_CHECKING:
    from visprog.eval.questions import Question

POINTS = "2"  # how far a number may be from the truth to be right, if its question does not say
OVERLAP = 0.5  # the least IoU of a box with the true one to be right
THRESHOLDS = tuple(range(50, 100, 5))  # percent, of mean relative accuracy
TOLERANCE = "tolerance"  # the key of `Question.meta` for it, as of `tolerance`
NUMBER = r"\s*([-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?)\s*%?\.?\s*"
KINDS = ("str", "int", "float", "box")  # the answer types of a question


@dataclass(frozen=True)
class Score:
    """`score`: 0 to 1: of a text 1 or 0, of a number its relative accuracy, of a box its IoU;
    `iou`: of a box with the true one, 0 where none was given; None for other answers."""

    correct: bool
    score: float
    iou: float | None = None


def normal(text: str) -> str:
    """A short answer as it is compared: one line, lower case, no dot at the end; a truth value is
    yes or no."""
    words = {"true": "yes", "false": "no"}
    plain = " ".join(text.split()).rstrip(". ").lower()
    return words.get(plain, plain)


def score(question: Question, text: str, value: object) -> Score:
    """Score an answer, given as shown (`text`) and as it is (`value`); "" and None for none."""
    if question.kind == "box":
        overlap = iou(found.box, question.box) if (found := _region(value)) and question.box else 0
        return Score(overlap >= OVERLAP, overlap, overlap)
    if question.kind == "float":
        given = number(value if isinstance(value, (int, float)) else text)
        wanted = number(question.answer)
        if given is None or wanted is None:
            return Score(False, 0.0)
        allowed = tolerance(question.meta.get(TOLERANCE, POINTS), wanted)
        return Score(abs(given - wanted) <= allowed, relative_accuracy(given, wanted))
    right = bool(text) and normal(text) == normal(question.answer)
    if question.kind == "int" and not right:  # 3.0 is 3
        given = number(value if isinstance(value, (int, float)) else text)
        wanted = number(question.answer)
        right = given is not None and given == wanted
    return Score(right, float(right))


def tolerance(text: str, wanted: float) -> float:
    """How far a number may be from the truth: `2`, or `10%` of it.

    Raises:
        ValueError: it is neither.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", text.strip())
    if found is None:
        raise ValueError(f"want a tolerance such as 2 or 10%, got {text!r}")
    return float(found[1]) * (abs(wanted) / 100 if found[2] else 1)


def relative_accuracy(given: float, wanted: float) -> float:
    """Mean relative accuracy of one number: the share of the thresholds t of .5, .55 ... .95 for
    which its relative error is below 1 - t.

    Source: Yang et al., Thinking in Space (VSI-Bench), CVPR 2025, arXiv:2412.14171.
    """
    if wanted == 0:
        return float(given == 0)
    error = 100 * abs(given - wanted) / abs(wanted)
    return sum(error < 100 - threshold for threshold in THRESHOLDS) / len(THRESHOLDS)


def _region(value: object) -> Region | None:
    """The region of an answer, also where it is the only one of a list."""
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, Region) else None


def number(value: object) -> float | None:
    """A number, also one written with a sign of percent; None where it is none."""
    if isinstance(value, bool):
        return None
    found = re.fullmatch(NUMBER, str(value))
    made = float(found[1]) if found else math.nan
    return made if math.isfinite(made) else None


def iou(a: Sequence[float], b: Sequence[float]) -> float:
    """The share of two boxes' union that they have in common, 0 to 1."""
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, across) * max(0.0, down)
    union = _area(a) + _area(b) - shared
    return shared / union if union > 0 else float(tuple(a) == tuple(b))


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
