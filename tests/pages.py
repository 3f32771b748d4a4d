"""Traces to make pages of, and what is read off a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np

from visprog.tool import RULES, Model
from visprog.trace import StepRecord, Trace
from visprog.values import Image, Region, Value

HOSTILE = "<script>alert('x')</script>\" onload=\"alert(1)\" ' \u202e\x1b[2J\ud800 </style>"
LINES = f"{HOSTILE}\n  | {HOSTILE}\n  | ^"
STREET = Image(np.full((48, 64, 3), 90, np.uint8), "street")
CAT = Region(STREET, (10, 5, 40, 30), "cat", 0.9)
RAMP = np.linspace(1, 20, 48 * 64, dtype=np.float32).reshape(48, 64)
PLANNER = Model("tiny", "MIT", "0.1")
FAULT = "line 1, column 5: no tool `coun`\n  | x = coun(dog)\n  |     ^"
GUESS = Model("ground plane", "Apache-2.0", "1", kind="heuristic")


def step(value: Value | None = 1, **changes: Any) -> StepRecord:
    given = dict(line=1, name="x", tool="count", args={"regions": [CAT]}, value=value, error="",
                 model=RULES, seconds=0.5, cached=False, notices=())  # fmt: skip
    return StepRecord(**{**given, **changes})


def trace(*steps: StepRecord, **changes: Any) -> Trace:
    given = dict(question="How many cats?", images=(STREET,), program="x = count(cats)\nreturn x",
                 planner="scripted", tools="embedded", steps=steps, value=1, status="answered",
                 reason="", answer="1", notices=(), seconds=1.25, plan_seconds=0.5)  # fmt: skip
    return Trace(**{**given, **changes})


class Seen(HTMLParser):
    """The elements of a page, its ids and its visible text; every element must be closed."""

    VOID = ("meta", "img", "path", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._texts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []
        self.text = "".join(self._texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self._texts.append(data)

    def having(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.tags if attribute in attrs]


def assert_links(seen: Seen) -> None:
    """Every link leads to a place on the page, and there is one of each."""
    ids = seen.having("id")
    assert len(ids) == len(set(ids))
    for target in seen.having("href"):
        assert target.startswith("#")
        assert target[1:] in ids


def parts(html: str, name: str) -> list[str]:
    """The texts of the elements of a class, or of a tag."""
    found = []
    for start in re.finditer(rf'<(\w+) class="{name}[ "]|<({name})[ >]', html):
        tag, depth, at = start[1] or start[2], 0, start.start()
        for edge in re.finditer(rf"<(/?){tag}\b", html[at:]):
            depth += -1 if edge[1] else 1
            if not depth:
                found.append(Seen(html[at : at + edge.start()] + f"</{tag}>").text)
                break
    return found
