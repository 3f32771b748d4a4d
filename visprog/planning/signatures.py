"""Tools, functions, properties and inputs as a language model reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from visprog.lang import types as t
from visprog.lang.functions import FUNCTIONS
from visprog.lang.helpers import Helper
from visprog.lang.properties import PROPERTIES
from visprog.tool import ToolSpec, Words, kind_name

FAMILIES = ("find", "measure", "choose", "look", "picture")  # these first; others by name
DOC = 160  # characters of a tool's doc
FEW = 4  # words that are allowed or usual for a text: fewer than these are not listed

_WORD = re.compile(r"[a-z]+")


def tools_text(tools: Mapping[str, ToolSpec], *, docs: bool) -> str:
    """The signatures by family, with the first line of each doc, and the texts they take."""
    families: dict[str, list[str]] = {}
    for spec in tools.values():
        doc = f"  # {first_line(spec.doc)}" if docs and spec.doc else ""
        families.setdefault(spec.family, []).append(f"{spec.signature}{doc}")
    blocks = [f"### {name}\n\n" + "\n".join(families[name]) for name in sorted(families, key=_rank)]
    return "\n\n".join([*blocks, *_texts_taken(tools)])


def helpers_text(helpers: Mapping[str, Helper], *, docs: bool) -> str:
    """The signatures of a project's helpers, with the first line of each doc."""
    return "\n".join(
        f"{one.signature}  # {first_line(one.doc)}" if docs and one.doc else one.signature
        for one in helpers.values()
    )


def first_line(doc: str) -> str:
    line = " ".join(doc.split("\n", 1)[0].split())
    return line if len(line) <= DOC else f"{line[:DOC]} ..."


def _rank(family: str) -> tuple[int, str]:
    return (FAMILIES.index(family) if family in FAMILIES else len(FAMILIES)), family


def _texts_taken(tools: Mapping[str, ToolSpec]) -> list[str]:
    """What the text parameters of the tools take, where that is more than any text."""
    takers: dict[Words, list[str]] = {}
    for spec in tools.values():
        for param in spec.params:
            if len(param.words.words) >= FEW:
                takers.setdefault(param.words, []).append(f"`{param.name}` of {spec.name}")
    return [
        f"{', '.join(names)}: {'such as' if words.spans else 'one of'} {', '.join(words.words)}."
        for words, names in takers.items()
    ]


def closed_words(tools: Mapping[str, ToolSpec]) -> frozenset[str]:
    """The single words of all texts that the tools themselves know."""
    return frozenset(
        word
        for spec in tools.values()
        for param in spec.params
        if len(param.words.words) >= FEW
        for text in param.words.words
        for word in _WORD.findall(text)
    )


def inputs_text(inputs: Mapping[str, Any]) -> str:
    """The names that a program begins with: `image: Image, image2: Image`."""
    return ", ".join(f"{name}: {kind_name(kind)}" for name, kind in inputs.items())


def functions_text() -> str:
    return ", ".join(f"`{spec.form}`" for spec in FUNCTIONS.values())


def properties_text() -> str:
    """The properties of each type, those of one kind together: `Image`: width, height (Pixels)."""
    return "; ".join(
        f"`{owner}` has {_by_kind({name: t.text(spec.kind) for name, spec in table.items()})}"
        for owner, table in PROPERTIES.items()
    )


def _by_kind(kinds: Mapping[str, str]) -> str:
    groups: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        groups.setdefault(kind, []).append(name)
    return ", ".join(f"{' '.join(names)} ({kind})" for kind, names in groups.items())
