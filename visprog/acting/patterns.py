"""What skills say, fitted to a clause: every way to read it, and the best of these."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from visprog.acting.skills import Skill, Skills

Words = tuple[str, ...]


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


SAME = (  # words between things that say the same
    ("on", "onto", "on top of", "upon"),
    ("in", "into", "inside"),
    ("next to", "beside", "alongside", "by"),
    ("under", "below", "underneath", "beneath"),
    ("near", "close to"),
    ("to", "towards"),
)
PARTICLES = word_set("up down away off out over back on in")
SUPERLATIVES = word_set("nearest closest farthest furthest")
RELATIVES = word_set("that which who whose")
_SIDES = word_set("front top left right back bottom side")
_LINKS = RELATIVES | word_set(
    "the a an every each all and is are was on in at of to from with onto into under below above "
    "over near next close beside behind between inside by"
)


@dataclass(frozen=True)
class Reading:
    """A skill, and the words for each thing that it takes."""

    skill: Skill
    said: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.skill.name}({', '.join(self.said[name] for name in self.skill.takes)})"


@dataclass(frozen=True)
class _Pattern:
    """`parts`: words of its own, then by turns a parameter and words; `rank`: how much it says, of
    two that fit a clause the more is meant."""

    parts: tuple[Words | str, ...]
    rank: tuple[int, int, bool]


def readings(clause: str, skills: Skills) -> list[Reading]:
    """The ways to read a clause that explain most of it: none, one, or several that are as good."""
    words = tuple(clause.split())
    found: dict[tuple[str, Words], tuple[tuple[int, int, bool], Reading]] = {}
    for skill in skills.by_name.values():
        for pattern in _patterns(skill):
            for said in _fits(pattern.parts, words):
                key = skill.name, tuple(said[name] for name in skill.takes)
                if key not in found or pattern.rank > found[key][0]:
                    found[key] = pattern.rank, Reading(skill, said)
    best = max((rank for rank, _ in found.values()), default=None)
    return [reading for rank, reading in found.values() if rank == best]


def openings(skills: Skills) -> list[Words]:
    """The words that patterns begin with, the longest first."""
    found = {
        pattern.parts[0]
        for skill in skills.by_name.values()
        for pattern in _patterns(skill)
        if isinstance(pattern.parts[0], tuple) and pattern.parts[0]
    }
    return sorted(found, key=lambda words: (-len(words), words))


def _patterns(skill: Skill) -> Iterator[_Pattern]:
    """What a skill says, and what says the same: with another word for "on", or with the particle
    of a verb on the other side of the thing ("pick it up")."""
    for text in skill.says:
        for exact, form in enumerate(_moved(text)):
            pieces = re.split(r"\s*\{(\w+)\}\s*", form)
            choices = [_alike(piece) if at else [piece] for at, piece in enumerate(pieces[::2])]
            own = sum(len(one[0].split()) if len(one) == 1 else 1 for one in choices)
            for place, literals in enumerate(product(*choices)):
                parts: list[Words | str] = [tuple(literals[0].lower().split())]
                for name, literal in zip(pieces[1::2], literals[1:], strict=True):
                    parts += [name, tuple(literal.lower().split())]
                yield _Pattern(tuple(parts), (len(skill.takes), own, not exact and not place))


def _moved(text: str) -> list[str]:
    behind = re.sub(rf"^(\w+) ({'|'.join(PARTICLES)}) (\{{\w+\}})", r"\1 \3 \2", text)
    before = re.sub(rf"^(\w+) (\{{\w+\}}) ({'|'.join(PARTICLES)})\b", r"\1 \3 \2", text)
    return list(dict.fromkeys((text, behind, before)))


def _alike(piece: str) -> list[str]:
    """A piece of a pattern, and what says the same."""
    group = next((group for group in SAME if piece.lower() in group), ())
    others = [other for other in group if other != piece.lower()]
    return [piece, *others, *(f"down {one}" for one in (piece, *others) if group)]


def _fits(parts: Sequence[Words | str], words: Words) -> Iterator[dict[str, str]]:
    """Every way to give the words of a clause to the parameters of a pattern."""
    own, rest = parts[0], parts[1:]
    if tuple(word.lower() for word in words[: len(own)]) != own:
        return
    words = words[len(own) :]
    if not rest:
        if not words:
            yield {}
        return
    for end in range(1, len(words) + 1):
        if _complete(words[:end], last=end == len(words)):
            for more in _fits(rest[1:], words[end:]):
                yield {str(rest[0]): " ".join(words[:end]), **more}


def _complete(words: Words, *, last: bool) -> bool:
    """Whether words may stand for a thing: not "the book which lies", nor "front of the tray"."""
    lower = [word.lower() for word in words]
    sided = lower[0] in _SIDES and lower[1:2] == ["of"]
    if sided or lower[0] in _LINKS - {"the", "a", "an", "every", "each", "all", "that"}:
        return False
    if lower[0] in PARTICLES:
        return False
    told = last and RELATIVES.intersection(lower[1:-1])  # "the plate that the cup is on"
    if len(lower) > 1 and lower[-1] in _LINKS | PARTICLES and not told:
        return False
    return last or not (lower[-1] in SUPERLATIVES or RELATIVES.intersection(lower[1:][-2:-1]))
