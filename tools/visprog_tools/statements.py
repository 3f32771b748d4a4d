"""Statements about one thing, read as claims of colour, tone, place, size, material, shape or name,
and judged by pixels, by boxes, or by what is nearly always true of a class."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from visprog.values import Image, Region, Unknown
from visprog_tools.abstain import unknown
from visprog_tools.colors import TERMS, palette
from visprog_tools.geometry import box_area
from visprog_tools.nouns import Meaning, clean, is_a, meaning

LARGE, SMALL = 10.0, 2.0  # percent of the picture: from here on large, up to here small
COVERS = 0.4  # the share of its pixels from which a colour is true of a thing, if not the first
PART = 0.15  # the share from which it is true as one of two ("red and white")
DARK, PALE = 40.0, 65.0  # lightness (L of Lab) up to which a thing is dark, from which it is light

HOW = {
    "color": "colour by pixel statistics, a heuristic",
    "tone": "lightness by pixel statistics, a heuristic",
    "size": f"size by share of the picture: from {LARGE:g} % large, up to {SMALL:g} % small",
    "place": "",
    "name": "",
    "material": "by its class, not by its looks",
    "shape": "by its class, not by its looks",
}
PLACES = {
    **dict.fromkeys(("left", "leftmost"), "left"),
    **dict.fromkeys(("right", "rightmost"), "right"),
    **dict.fromkeys(("top", "upper", "topmost"), "top"),
    **dict.fromkeys(("bottom", "lower", "bottommost"), "bottom"),
    **dict.fromkeys(("middle", "center", "centre"), "center"),
}
SIZES = {
    **dict.fromkeys(("large", "big", "huge", "giant", "enormous"), "large"),
    **dict.fromkeys(("small", "little", "tiny"), "small"),
}
TONES = {"dark": "dark", "light": "light", "pale": "light", "bright": "light"}
MATERIALS = {
    **{name: name for name in ("brick", "concrete", "glass", "leather", "metal", "plastic")},
    **{name: name for name in ("paper", "porcelain", "wood")},
    **{"wooden": "wood", "metallic": "metal", "ceramic": "porcelain"},
}
SHAPES = {
    **{name: name for name in ("round", "square", "rectangular", "triangular", "octagonal")},
    **{"circular": "round", "octagon": "octagonal", "rectangle": "rectangular"},
}
WORDS = {"place": PLACES, "size": SIZES, "tone": TONES, "material": MATERIALS, "shape": SHAPES}

IS = re.compile(r"^(?:it|this|that|the thing)?\s*(?:'s|is|are|was|looks|seems)\s+|^made of\s+")
NOT = re.compile(r"^(?:not|isn't|aren't|is not|are not|non)\s+")
COLORED = re.compile(r"\s*(?:colou?red|in colou?r|colou?r)$")
PART_OF = r" (?:side|half|part|edge|area|corner)"
FRAME = re.compile(rf"{PART_OF}$")
WHOLE = re.compile(rf"(?:{PART_OF})? of (?:the )?(?:picture|image|photo|scene)$")
AT = re.compile(r"^(?:(?:to|on|in|at|near) )?(?:the )?(?:far )?")


@dataclass(frozen=True)
class Claim:
    """One thing said of a thing. `kind`: a key of HOW; `word`: as written; `means`: the closed
    words it stands for; `negated`: whether it is denied; `least`: the share a colour must cover."""

    kind: str
    word: str
    means: tuple[str, ...]
    negated: bool = False
    least: float = COVERS

    @property
    def how(self) -> str:
        return HOW[self.kind]


def read(statement: str) -> tuple[Claim, ...]:
    """The claims that a statement makes, all of which must hold; () if it cannot be read."""
    text = re.sub(r"[-_\s]+", " ", statement.lower()).strip(' .!?"')
    text = IS.sub("", text)
    if found := NOT.match(text):
        inner = read(text[found.end() :])
        if len(inner) != 1:
            return ()
        claim = inner[0]
        return (Claim(claim.kind, f"not {claim.word}", claim.means, not claim.negated),)
    text = clean(text)
    return _adjective(text) or _colors(text) or _place(text) or _named(text)


def leading_claim(text: str) -> tuple[Claim | None, str]:
    """The adjective at the start of a noun phrase, one or two words, and what follows it."""
    words = text.split()
    for length in (2, 1):
        claims = _adjective(" ".join(words[:length]))
        if len(words) > length and len(claims) == 1 and claims[0].kind != "place":
            return claims[0], " ".join(words[length:])
    return None, text


def _adjective(text: str) -> tuple[Claim, ...]:
    plain = COLORED.sub("", text)
    if plain in TERMS:
        return (Claim("color", text, TERMS[plain]),)
    for kind, words in WORDS.items():
        if text in words and kind != "place":
            return (Claim(kind, text, (words[text],)),)
    return ()


def _colors(text: str) -> tuple[Claim, ...]:
    """A shade ("dark blue"), or several colours at once ("red and white")."""
    text = COLORED.sub("", text)
    shade, _, color = text.partition(" ")
    if shade in TONES and color in TERMS:
        return Claim("tone", shade, (TONES[shade],)), Claim("color", color, TERMS[color])
    parts = re.split(r",? and |, ", text)
    if len(parts) > 1 and all(part in TERMS for part in parts):
        return tuple(Claim("color", part, TERMS[part], least=PART) for part in parts)
    return ()


def _place(text: str) -> tuple[Claim, ...]:
    short = AT.sub("", FRAME.sub("", WHOLE.sub("", text)))
    words = tuple(dict.fromkeys(PLACES.get(word, "") for word in short.split()))
    if not words or len(words) > 2 or "" in words:
        return ()
    return tuple(Claim("place", word, (word,)) for word in words)


def _named(text: str) -> tuple[Claim, ...]:
    """A noun the detector knows, perhaps after adjectives: "a red car"."""
    claims: list[Claim] = []
    while text and not isinstance(meaning(text), Meaning):
        claim, text = leading_claim(text)
        if claim is None:
            return ()
        claims.append(claim)
    return (*claims, Claim("name", text, (text,))) if text else ()


class Judge:
    """Says whether claims hold of a thing or a picture."""

    def holds(self, subject: Region | Image, claim: Claim) -> bool | Unknown:
        found = getattr(self, f"_{claim.kind}")(subject, claim)
        return found if isinstance(found, Unknown) else bool(found) != claim.negated

    def _color(self, subject: Region | Image, claim: Claim) -> bool:
        found = palette(subject)
        share = sum(found.shares[name] for name in claim.means)
        return share >= claim.least or found.name in claim.means

    def _tone(self, subject: Region | Image, claim: Claim) -> bool:
        lightness = palette(subject).lightness
        return lightness <= DARK if claim.means == ("dark",) else lightness >= PALE

    def _size(self, subject: Region | Image, claim: Claim) -> bool | Unknown:
        if isinstance(subject, Image):
            return unknown("a whole picture is neither large nor small", "verify")
        return size(subject) == claim.means[0]

    def _place(self, subject: Region | Image, claim: Claim) -> bool | Unknown:
        if isinstance(subject, Image):
            return unknown("a whole picture has no place in itself", "verify")
        across = subject.center[0] / subject.image.width
        down = subject.center[1] / subject.image.height
        return {
            "left": across < 1 / 2,
            "right": across >= 1 / 2,
            "top": down < 1 / 2,
            "bottom": down >= 1 / 2,
            "center": 1 / 3 <= across < 2 / 3 and 1 / 3 <= down < 2 / 3,
        }[claim.means[0]]

    def _name(self, subject: Region | Image, claim: Claim) -> bool | Unknown:
        if isinstance(subject, Image):
            why = f"a whole picture has no name; ask exists(detect(image, {claim.means[0]!r}))"
            return Unknown(why)
        found = is_a(subject.label, claim.means[0])
        if found is None:
            why = f"by its class alone a {subject.label!r} may or may not be a {claim.means[0]!r}"
            return unknown(why, "verify")
        return found

    def _material(self, subject: Region | Image, claim: Claim) -> bool | Unknown:
        return self._by_class(subject, claim)

    def _shape(self, subject: Region | Image, claim: Claim) -> bool | Unknown:
        return self._by_class(subject, claim)

    def _by_class(self, subject: Region | Image, claim: Claim) -> bool | Unknown:
        found = class_fact(subject, claim.kind)
        return found if isinstance(found, Unknown) else found == claim.means[0]


def size(region: Region) -> str:
    """large, medium or small, by the share of the picture that its box covers."""
    percent = 100 * box_area(region.box) / (region.image.width * region.image.height)
    return "large" if percent >= LARGE else "small" if percent <= SMALL else "medium"


def class_fact(subject: Region | Image, kind: str) -> str | Unknown:
    """The material or shape that things of this class nearly always have."""
    label = subject.label if isinstance(subject, Region) else "picture"
    means = meaning(label)
    if isinstance(means, Meaning):
        known = {_facts()[kind].get(name, "") for name in means.classes}
        if len(known) == 1 and (fact := known.pop()):
            return fact
    return unknown(f"the {kind} of a {label!r} cannot be seen by pixel statistics", "query")


@cache
def _facts() -> dict[str, dict[str, str]]:
    text = (files("visprog_tools") / "data" / "classes.toml").read_text("utf-8")
    made: dict[str, dict[str, str]] = {}
    for kind, words in tomllib.loads(text).items():
        made[kind] = {name: word for word, names in words.items() for name in names}
    return made
