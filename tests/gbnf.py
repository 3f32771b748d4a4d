"""Reads GBNF text, reads texts by it and derives random ones: a second opinion on the grammar."""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Any

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|\{\d+,\d+\}|[a-zA-Z0-9-]+|[()|?*+]')
Tree = tuple[Any, ...]
FOREVER = 1_000_000


def read(text: str) -> dict[str, Tree]:
    """Rules as trees: ("or", ...), ("seq", ...), ("text", t), ("set", s), ("ref", name), and
    ("times", tree, low, high)."""
    rules = {}
    for line in text.splitlines():
        name, _, body = line.partition(" ::= ")
        tokens = _TOKEN.findall(body)
        rules[name], rest = _either(tokens)
        assert not rest, f"{name}: {rest}"
    return rules


def _either(tokens: list[str]) -> tuple[Tree, list[str]]:
    options = []
    while True:
        parts = []
        while tokens and tokens[0] not in ("|", ")"):
            part, tokens = _item(tokens)
            parts.append(part)
        options.append(("seq", *parts))
        if not tokens or tokens[0] == ")":
            return ("or", *options), tokens
        tokens = tokens[1:]


def _item(tokens: list[str]) -> tuple[Tree, list[str]]:
    first, rest = tokens[0], tokens[1:]
    part: Tree
    if first == "(":
        part, rest = _either(rest)
        assert rest[0] == ")"
        rest = rest[1:]
    elif first[0] == '"':
        part = ("text", re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], first[1:-1]))
    elif first[0] == "[":
        part = ("set", first)
    else:
        part = ("ref", first)
    if rest and rest[0][0] in "?*+{":
        sign, rest = rest[0], rest[1:]
        low, high = {"?": (0, 1), "*": (0, FOREVER), "+": (1, FOREVER)}.get(sign) or tuple(
            int(number) for number in sign[1:-1].split(",")
        )
        part = ("times", part, low, high)
    return part, rest


Stack = tuple[Tree, Any] | None  # what is still to be read: a tree, then the rest


class Reader:
    """Reads texts as llama.cpp does: character by character, with all ways open."""

    def __init__(self, text: str) -> None:
        self.rules = read(text)
        self.ended = False  # whether the text that was read last may end there

    def ways(self, text: str) -> list[int]:
        """How many ways are open after each character; ends at the first that has none."""
        open_ways = self.ready((self.rules["root"], None))
        counts = []
        for character in text:
            after = [self.take(*stack, character) for stack in open_ways if stack]
            open_ways = set().union(*after)
            counts.append(len(open_ways))
            if not open_ways:
                break
        self.ended = None in open_ways
        return counts

    def accepts(self, text: str) -> bool:
        return len(self.ways(text)) == len(text) and self.ended

    def take(self, tree: Tree, rest: Stack, character: str) -> set[Stack]:
        kind, wanted = tree
        if kind == "set":
            return self.ready(rest) if re.fullmatch(wanted, character) else set()
        if wanted[0] != character:
            return set()
        return self.ready((("text", wanted[1:]), rest) if wanted[1:] else rest)

    def ready(self, stack: Stack) -> set[Stack]:
        """The ways that begin with a character; None is the end of the text."""
        if stack is None:
            return {None}
        tree, rest = stack
        match tree:
            case ("ref", name):
                return self.ready((self.rules[name], rest))
            case ("seq", *parts):
                for part in reversed(parts):
                    rest = (part, rest)
                return self.ready(rest)
            case ("or", *options):
                return set().union(*(self.ready((option, rest)) for option in options))
            case ("times", part, low, high):
                left = high if high == FOREVER else high - 1
                again = (("times", part, max(low - 1, 0), left), rest) if left else rest
                skipped = self.ready(rest) if low == 0 else set()
                return skipped | self.ready((part, again))
        return {stack}


class Deriver:
    """Random texts of a grammar; below `depth` it takes the shortest way out."""

    def __init__(self, text: str, seed: int = 0) -> None:
        self.rules = read(text)
        self.random = random.Random(seed)
        self.left = 0  # characters of the text being made
        self.heights = dict.fromkeys(self.rules, 1000)
        for _ in self.rules:
            for name, tree in self.rules.items():
                self.heights[name] = min(self.heights[name], 1 + self.height(tree))
        self.low = cache(self.height)  # once the heights of the rules are known

    def height(self, tree: Tree) -> int:
        """How many rules deep the shortest text of a tree goes."""
        match tree:
            case ("ref", name):
                return self.heights[name]
            case ("seq", *parts):
                return max(map(self.height, parts), default=0)
            case ("or", *options):
                return min(map(self.height, options))
            case ("times", part, low, _):
                return self.height(part) if low else 0
        return 0

    def derive(self, depth: int = 12) -> str:
        """A text of at most 2,000 characters."""
        while True:
            self.left = 2_000
            made = self.text(self.rules["root"], depth)
            if self.left >= 0:
                return made
            depth -= 1

    def text(self, tree: Tree, depth: int) -> str:
        match tree:
            case _ if self.left < 0:
                return ""
            case ("text", text):
                self.left -= len(text)
                return str(text)
            case ("set", pattern):
                self.left -= 1
                return self.random.choice(_members(pattern))
            case ("ref", name):
                return self.text(self.rules[name], depth - 1)
            case ("seq", *parts):
                return "".join(self.text(part, depth) for part in parts)
            case ("or", *options):
                lowest = min(map(self.low, options))
                fitting = [o for o in options if self.low(o) <= max(depth, lowest)]
                return self.text(self.random.choice(fitting), depth)
            case ("times", part, low, high):
                times = (
                    low if self.low(part) > depth else self.random.randint(low, min(high, low + 3))
                )
                return "".join(self.text(part, depth) for _ in range(times))
        raise AssertionError(tree)


_ALPHABET = [chr(code) for code in range(1, 256)] + list("\N{GREEK SMALL LETTER PI}\N{SNOWMAN}")


@cache
def _members(pattern: str) -> list[str]:
    return [character for character in _ALPHABET if re.fullmatch(pattern, character)]
