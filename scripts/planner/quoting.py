"""Which texts a program may quote for a question, by the signatures of the tools."""

from __future__ import annotations

import re

import visprog_tools
from visprog.lang.words import ANSWERS, clauses, spans, whole
from visprog.tool import Catalogue, Words

TOOLS = Catalogue.of(visprog_tools).tools
WHOLE = ("vqa", "ask", "facts")  # whose texts may be the question itself
NOUNS = {"person", "man", "woman"}


def _texts_of(tool: str) -> Words:
    """The words of a tool's text parameter; each tool has one at most."""
    found = [param.words for param in TOOLS[tool].params if param.kind in (str, list[str])]
    return found[0] if found else Words(spans=False)


def _words() -> dict[str, tuple[frozenset[str], bool, bool]]:
    made = {}
    for name in TOOLS:
        allowed = _texts_of(name)
        made[name] = (frozenset(allowed.words), allowed.spans, allowed.clauses)
    made[""] = (frozenset(ANSWERS), True, False)
    return made


ALLOWED = _words()


def stray_texts(question: str, program: str) -> list[str]:
    """The texts of a program that a planner may not write for this question."""
    quoted, longer = set(spans(question)), set(clauses(question))
    stray = []
    for found in re.finditer(r'"([^"]*)"', program):
        tool, text = _caller(program, found.start()), found.group(1)
        closed, with_spans, with_clauses = ALLOWED.get(tool, ALLOWED[""])
        fits = (
            text in closed or (with_spans and text in quoted) or (with_clauses and text in longer)
        )
        if tool in WHOLE:
            fits = text == whole(question) or (tool != "vqa" and fits)
        if not fits:
            stray.append(f"{tool}:{text}")
    return stray


def _caller(program: str, place: int) -> str:
    """The tool whose argument stands at a place; "" outside of calls."""
    depth = 0
    for index in range(place - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(program[index], 0)
        if depth < 0:
            return re.split(r"\W", program[:index])[-1]
    return ""


def tidied(pair: dict[str, str]) -> dict[str, str]:
    """The pair with single spaces in its question."""
    return {**pair, "question": " ".join(pair["question"].split())}
