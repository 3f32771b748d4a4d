"""How things are put in words for models that compare pictures with texts."""

from __future__ import annotations

from typing import NamedTuple

from visprog.values import Image, Region
from visprog_tools.colors import NAMES
from visprog_tools.hub.replies import plain
from visprog_tools.nouns import ARTICLES
from visprog_tools.statements import MATERIALS, SHAPES, Claim, read

RIVALS = {
    "color": tuple(NAMES),
    "tone": ("dark", "light"),
    "material": tuple(dict.fromkeys(MATERIALS.values())),
    "shape": tuple(dict.fromkeys(SHAPES.values())),
}


class Contrast(NamedTuple):
    """What a statement is weighed by: it holds if `stated` fits better than all `rivals`;
    `told`: these in short."""

    stated: str
    rivals: tuple[str, ...]
    told: str


def measured(text: str) -> bool:
    """Whether a text is of a thing's place or size only."""
    claims = read(text)
    return bool(claims) and all(claim.kind in ("place", "size") for claim in claims)


def described(subject: Region | Image, text: str) -> str:
    """A phrase of a thing of which the text is true: "a red car" of a car, where the text is an
    adjective that we know; "a dog" where it is a name that we know; else the text itself."""
    text = plain(text, 1000).rstrip(".!?")
    claim = _claim(text)
    if claim is not None and claim.kind == "name":
        return f"a {label_of(text)}"
    if claim is not None and isinstance(subject, Region):
        return f"a {claim.word} {label_of(subject.label)}"
    return text


def contrast(subject: Region | Image, text: str, neutral: str) -> Contrast:
    """Rivals of a color, tone, material or shape are the others of its kind; other statements have
    one, what the thing was found as, which leaves them open. If it is that which is stated, and of
    whole pictures, it is `neutral`."""
    claim = _claim(text)
    stated = described(subject, text)
    if claim is not None and claim.kind != "name":
        others = [one for one in RIVALS[claim.kind] if one not in claim.means]
        rivals = tuple(described(subject, one) for one in others)
        return Contrast(stated, rivals, f"other words of {claim.kind}")
    rival = neutral
    if isinstance(subject, Region):
        named = label_of(subject.label)
        rival = neutral if label_of(stated).lower() == named.lower() else f"a {named}"
    return Contrast(stated, (rival,), repr(rival))


def label_of(text: str) -> str:
    """A name without its article."""
    return ARTICLES.sub("", plain(text, 1000).rstrip(".!?")).strip()


def _claim(text: str) -> Claim | None:
    """The one thing that a text says, where it is a name or an adjective that we know."""
    claims = read(text)
    known = len(claims) == 1 and not claims[0].negated and claims[0].kind in (*RIVALS, "name")
    return claims[0] if known else None
