"""Programs that differ only in their texts share one shape, which is read and checked once."""

from __future__ import annotations

import re
from collections.abc import Mapping

from visprog.lang import syntax as s

_TEXT = re.compile(r"(\"[^\"\\\n]*\"|'[^'\\\n]*')")
_HARD = re.compile(r"[#\\]|\"\"\"|'''")  # a quote behind them may be none
_MARK = re.compile(r"\d+;")


def lift(source: str) -> tuple[str, Mapping[str, str]] | None:
    """The shape of a program, and the text for each mark that stands in it instead of one.

    Equal texts have one mark. None where there are no texts, or where it is not plain without
    reading the program what is a text.
    """
    parts = _TEXT.split(source)
    if len(parts) == 1 or _HARD.search(source):
        return None
    marks: dict[str, str] = {}
    for place in range(1, len(parts), 2):
        text, before = parts[place][1:-1], parts[place - 1][-1:]
        if before.isalnum() or before == "_" or not text.isprintable():
            return None  # such as an f-string
        mark = marks.setdefault(text, f"{len(marks)};")
        parts[place] = f'"{mark}"'
    return "".join(parts), {mark: text for text, mark in marks.items()}


def only_marks(shape: s.Program) -> bool:
    """Whether each text in a shape is a mark: texts side by side would have become one."""
    texts = (node.value for node in s.walk(shape) if isinstance(node, s.Literal))
    return all(_MARK.fullmatch(text) for text in texts if isinstance(text, str))
