"""What a noun means to a detector of the 80 COCO classes: the same, a sort of one, or several.

The vocabulary is made by hand and lies in `data/nouns.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

ARTICLES = re.compile(r"^(?:the|a|an|any|some|this|that|these|those) ")
MEASURE = re.compile(r"^(?:pair|piece|slice|bunch|group|loaf|set|pile|stack)s? of (?:the |a |an )?")
CONTAINER = re.compile(r"^(bottle|glass|cup|mug|bowl|vase|wine glass)(e?s)? of ")


@dataclass(frozen=True)
class Meaning:
    """The classes that stand for a noun.

    `noun`: as asked, singular; `fit`: "same" (the class itself or a synonym), "kind" (the noun is
    one sort of the class, which is wider) or "group" (the classes are sorts of the noun, perhaps
    not all); `note`: what a reader must know about the reading, or ''.
    """

    noun: str
    classes: tuple[str, ...]
    fit: str
    note: str = ""

    @property
    def notice(self) -> str:
        """What was looked for instead of the noun itself; '' where nothing is lost."""
        said = ""
        if self.fit == "kind":
            names = " and ".join(map(repr, self.classes))
            said = f"the embedded detector knows no {self.noun!r}; it looked for {names}"
        elif self.fit == "group":
            said = (
                f"the embedded detector knows only these sorts of {self.noun!r}, and looked for no "
                f"other: {', '.join(self.classes)}"
            )
        return "; ".join(filter(None, (said, self.note)))


def clean(name: str) -> str:
    """A noun in lower case, with single spaces and without its article."""
    text = " ".join(re.sub(r"[-_\s]+", " ", name).lower().strip(" .,;:!?\"'").split())
    return ARTICLES.sub("", text)


def singular(noun: str) -> str:
    """The singular of a noun, by its last word; a noun that the vocabulary knows stays as it is."""
    first, _, last = noun.rpartition(" ")
    irregular = _data()["plural"].get(last, "")
    forms = [f"{first} {word}".strip() for word in (irregular, _regular(last)) if word]
    known = [form for form in (noun, *forms) if form in _table()]
    return (known or forms or [noun])[0]


def meaning(name: str) -> Meaning | str:
    """The classes that a noun stands for; a text that says why there are none."""
    noun = singular(clean(name))
    table = _table()
    for phrase, note in _readings(noun):
        found = table.get(phrase)
        if isinstance(found, Meaning):
            return Meaning(noun, found.classes, found.fit, note or found.note)
        if found:
            return found
    return ""


def is_a(label: str, name: str) -> bool | None:
    """Whether a thing of this label is a `name`; None where the classes cannot tell."""
    if singular(clean(label)) == singular(clean(name)):
        return True
    thing, asked = _head(label), meaning(name)
    if isinstance(thing, str) or isinstance(asked, str):
        return None
    if not set(thing.classes) & set(asked.classes):
        return False
    if asked.fit == "kind" or not set(thing.classes) <= set(asked.classes):
        return None
    return True


@cache
def classes() -> tuple[str, ...]:
    """The 80 classes, in the order of the network's outputs."""
    return tuple(_data()["classes"])


def _head(label: str) -> Meaning | str:
    """The meaning of a label without what stands before its noun: a red car is a car."""
    words = clean(label).split()
    for start in range(len(words)):
        found = meaning(" ".join(words[start:]))
        if isinstance(found, Meaning):
            return found
    return ""


def _readings(noun: str) -> Iterator[tuple[str, str]]:
    """Phrases to look a noun up by, each with a note on what its reading leaves out."""
    yield noun, ""
    if found := MEASURE.match(noun):
        yield singular(noun[found.end() :]), ""
    if found := CONTAINER.match(noun):
        yield found[1], f"looked for any {found[1]!r}; what it holds was not checked"


def _regular(word: str) -> str:
    """The singular of a word by the rules of spelling."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and re.search(r"(?:s|x|z|ch|sh)es$", word) and word[:-1] not in _table():
        return word[:-2]
    if len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((files("visprog_tools") / "data" / "nouns.toml").read_text("utf-8"))


@cache
def _table() -> dict[str, Meaning | str]:
    """Every noun of the vocabulary: its meaning, or the reason why it has none."""
    data, every = _data(), classes()
    senses: dict[str, str] = data["sense"]
    table: dict[str, Meaning | str] = {}
    for name in every:
        note = f"{name!r} was read as {senses[name]}" if name in senses else ""
        table[name] = Meaning(name, (name,), "same", note)
    for name, nouns in data["same"].items():
        for noun in nouns:
            table[noun] = Meaning(noun, (name,), "same")
    sorts: dict[str, list[str]] = {}
    for name, nouns in data["kind"].items():
        for noun in nouns:
            sorts.setdefault(noun, []).append(name)
    for noun, names in sorts.items():
        table[noun] = Meaning(noun, tuple(names), "kind")
    for noun, names in data["group"].items():
        table[noun] = Meaning(noun, every if names == ["*"] else tuple(names), "group")
    table.update(data["unlike"])
    return table
