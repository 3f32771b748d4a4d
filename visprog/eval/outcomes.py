"""What a program gives, so that two programs' answers can be compared and shown."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from visprog.execution import Ended
from visprog.execution.functions import first_unknown
from visprog.values import Depth, Flow, Image, Region, Text, Value, Video

ANSWER, UNKNOWN, ERROR = "answer", "unknown", "error"
TOLERANCE = 1e-6  # of numbers


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `kind`: ANSWER, UNKNOWN or ERROR; `value`: the answer in JSON's types;
    `reason`: why there is none."""

    kind: str
    value: Any = None
    reason: str = ""

    @classmethod
    def of(cls, end: Ended) -> Outcome:
        if end.error is not None:
            return cls(ERROR, reason=f"{type(end.error).__name__}: {end.error}")
        unknown = first_unknown([end.value])
        if unknown is not None:
            return cls(UNKNOWN, reason=str(unknown.reason))
        return cls(ANSWER, plain(end.value))

    @property
    def group(self) -> str:
        """A text that equal answers share."""
        return json.dumps(_rounded(self.value), sort_keys=True) if self.kind == ANSWER else ""

    def equals(self, other: Outcome) -> bool:
        """Whether it is the same answer; an abstention equals any other, as an error does."""
        return self.kind == other.kind and _equal(self.value, other.value)

    def to_json(self) -> Any:
        return self.value if self.kind == ANSWER else {self.kind: self.reason}


def plain(value: Value | None) -> Any:
    """A value in JSON's types. A truth is the word that it is shown as; a region is its place, a
    list of regions their places in a fixed order; a picture is named without its world."""
    match value:
        case bool():
            return "yes" if value else "no"
        case Region():
            return {"picture": _name(value.image), "box": list(value.box)}
        case Text():
            return {"picture": _name(value.image), "box": list(value.box), "text": value.text}
        case Image():
            return {"picture": _name(value), "size": [value.width, value.height]}
        case Depth() | Flow() | Video():
            return {type(value).__name__.lower(): value.key}
        case list() | tuple():
            made = [plain(item) for item in value]
            regions = bool(value) and all(isinstance(item, Region) for item in value)
            return (
                sorted(made, key=lambda item: (item["picture"], item["box"])) if regions else made
            )
        case dict():
            return {name: plain(item) for name, item in value.items()}
    return value


def _name(image: Image) -> str:
    return image.name.rpartition("/")[2]


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[name], b[name]) for name in a)
    return type(a) is type(b) and bool(a == b)


def _rounded(value: Any) -> Any:
    if isinstance(value, (int, float)):
        return round(float(value), 6)
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return value
