"""Questions with their programs, and which of them are most like a question."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visprog.errors import ProgramError, SettingsError
from visprog.lang import check, parse
from visprog.lang import syntax as s
from visprog.lang.words import phrases, singular
from visprog.tool import Toolset
from visprog.values import Image, Video

ALIKE = 0.7  # how much likeness to the question counts; the rest is difference among the chosen
AMONG = 3  # times as many as are wanted: the choice is among so many of the most alike
SEVERAL = 0.2  # added to the likeness of an exemplar about several pictures, where they are given
NAMED = 0.3  # the weight of a word that only names a thing

_BLOCK = re.compile(
    r"^### (?P<question>[^\n]+)\n+"
    r"```vp(?: pictures=(?P<pictures>\d))?(?P<video> video)?\n(?P<program>.*?)^```$",
    re.M | re.S,
)
_WORD = re.compile(r"[a-z]+")

_KINDS = {
    word: kind
    for kind, words in {
        "picture": "image photo photograph shot scene",
        "second": "later",
        "first": "before earlier",
        "color": "colour hue",
        "close": "closer closest near nearer nearest",
        "far": "farther farthest further furthest away distant",
        "camera": "viewer us photographer foreground",
        "big": "bigger biggest large larger largest",
        "small": "smaller smallest little tiny",
        "high": "higher highest tall taller tallest",
        "anyone": "anybody someone somebody",
        "move": "moving moved go goes going drive driving travel travelling traveling",
        "way": "direction",
        "same": "identical",
        "share": "fraction percentage percent proportion portion",
        "cover": "covers covered occupy occupies occupied fill fills filled",
        "text": "written writing read reads say says word letter",
        "kind": "type sort",
    }.items()
    for word in words.split()
}
"""Words that ask for the same, by the one that stands for them all."""

Vector = Mapping[str, float]


@dataclass(frozen=True)
class Exemplar:
    """A question about so many pictures, or about a video, and a program for it."""

    question: str
    program: str
    pictures: int = 1
    video: bool = False

    @property
    def inputs(self) -> dict[str, Any]:
        """The names that its program begins with, and their annotations."""
        if self.video:
            return {"video": Video, "image": Image}
        names = [f"image{n}" if n > 1 else "image" for n in range(1, self.pictures + 1)]
        several = {"images": list[Image]} if self.pictures > 1 else {}
        return {**dict.fromkeys(names, Image), **several}

    def fits(self, tools: Toolset, inputs: Mapping[str, Any]) -> bool:
        """Whether its program passes the check with these tools and inputs."""
        try:
            check(parse(self.program), tools, inputs)
        except ProgramError:
            return False
        return True


def read_exemplars(path: Path) -> tuple[Exemplar, ...]:
    """Those of a Markdown file: under each `### question` a block of code marked `vp`.

    Raises:
        SettingsError: it cannot be read, or a question has no such block.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the exemplars {path} cannot be read: {error}") from error
    found = [
        Exemplar(
            block["question"].strip(),
            block["program"].rstrip(),
            int(block["pictures"] or 1),
            bool(block["video"]),
        )
        for block in _BLOCK.finditer(text)
    ]
    if len(found) != len(re.findall(r"^### ", text, re.M)):
        raise SettingsError(f"{path}: every `### question` wants a block of code marked `vp`")
    return tuple(found)


class Likeness:
    """Finds the exemplars most like a question, by the words and the build of both.

    TF-IDF over words, over runs of two and three words in which names of things are blanks, and
    over runs of four letters. A word that programs only quote, such as "dog", names a thing and
    counts little: how a question is built says more of its program. The choice is by maximal
    marginal relevance (Carbonell and Goldstein 1998), so that eight are not eight of a kind.
    """

    def __init__(self, exemplars: Sequence[Exemplar], closed: frozenset[str] = frozenset()) -> None:
        """`closed`: words that belong to the tools, such as "color", and never name a thing."""
        self.exemplars = tuple(exemplars)
        programs = [parse(exemplar.program) for exemplar in self.exemplars]
        quoted = {word for program in programs for word in _quoted(program)}
        asked = {word for one in self.exemplars for word in _words(one.question)}
        self._names = quoted - closed
        self._known = asked - self._names
        counts = [Counter(self._features(one.question)) for one in self.exemplars]
        spread = Counter(feature for count in counts for feature in count)
        self._rarity = {name: math.log((1 + len(counts)) / n) for name, n in spread.items()}
        self._vectors = [self._vector(count) for count in counts]
        self._calls = [_unit(_called(program)) for program in programs]

    def choose(self, question: str, most: int) -> list[Exemplar]:
        """At most so many, the one most like the question first."""
        asked = self._vector(Counter(self._features(question)))
        near = [
            _cosine(asked, vector) + (SEVERAL if exemplar.pictures > 1 else 0)
            for vector, exemplar in zip(self._vectors, self.exemplars, strict=True)
        ]
        left = sorted(range(len(near)), key=lambda i: -near[i])[: AMONG * most]
        scale = max(near, default=0.0) or 1.0
        closest = [0.0] * len(near)  # to one that is chosen
        chosen: list[int] = []
        while left and len(chosen) < most:
            best = max(left, key=lambda i: ALIKE * near[i] / scale - (1 - ALIKE) * closest[i])
            chosen.append(best)
            left.remove(best)
            for other in left:
                closest[other] = max(closest[other], self._alike(best, other))
        return [self.exemplars[i] for i in sorted(chosen, key=lambda i: -near[i])]

    def _alike(self, a: int, b: int) -> float:
        questions = _cosine(self._vectors[a], self._vectors[b])
        return (questions + _cosine(self._calls[a], self._calls[b])) / 2

    def _features(self, question: str) -> Iterator[str]:
        words = _words(question)
        blanked = ["^", *(word if word in self._known else "_" for word in words), "$"]
        yield from (f"w {word}" for word in words)
        for size in (2, 3):
            for start in range(len(blanked) - size + 1):
                yield f"{size} {' '.join(blanked[start : start + size])}"
        for word in words:
            if word not in self._names:
                yield from (f"c {word[i : i + 4]}" for i in range(len(word) - 3))

    def _weight(self, feature: str) -> float:
        kind, _, word = feature.partition(" ")
        if kind == "w":
            return NAMED if word in self._names else 1.0
        return {"2": 0.7, "3": 0.5, "c": 0.25}[kind]

    def _vector(self, counts: Mapping[str, int]) -> Vector:
        """Of length 1; what no exemplar has is left out, since it tells nothing between them."""
        return _unit(
            {
                name: self._weight(name) * self._rarity[name] * (1 + math.log(count))
                for name, count in counts.items()
                if name in self._rarity
            }
        )


def _words(question: str) -> list[str]:
    """Its words in the singular, one for all of a kind that says the same of a program."""
    words = (singular(word) for phrase in phrases(question) for word in phrase)
    return [_KINDS.get(word, word) for word in words]


def _quoted(program: s.Program) -> Iterator[str]:
    """The words of the texts in a program."""
    for node in s.walk(program):
        if isinstance(node, s.Literal) and isinstance(node.value, str):
            yield from _WORD.findall(node.value)


def _called(program: s.Program) -> Counter[str]:
    """The tools and functions that a program calls, and what else it is built of."""
    build = (s.If, s.For, s.Comprehension, s.Conditional, s.Compare, s.Def)
    return Counter(
        node.func if isinstance(node, s.Call) else type(node).__name__
        for node in s.walk(program)
        if isinstance(node, (s.Call, *build))
    )


def _unit(counts: Mapping[str, float]) -> Vector:
    length = math.sqrt(sum(count * count for count in counts.values())) or 1.0
    return {name: count / length for name, count in counts.items()}


def _cosine(a: Vector, b: Vector) -> float:
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    return sum(value * large.get(name, 0.0) for name, value in small.items())
