"""The files of prompts: their sections, their marks, and what of them fits the tools at hand.

A mark is `<<name>>`. Marks are filled in once, and what is filled in is not looked at again, so
that questions, programs and values may hold anything. A section begins with a line `## Name`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from visprog.errors import SettingsError

_MARK = re.compile(r"<<([a-z]+)>>")
_HEADING = re.compile(r"^## (.+)$", re.M)
_BULLET = re.compile(r"^- .*(?:\n  .*)*\n?", re.M)
_CODE = re.compile(r"`[^`]+`")
_CALL = re.compile(r"(?<![\w.])(?<!def )([a-z_]\w*)\(")


def read_sections(path: Path, wanted: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The sections of a file by name, in order; "" names what stands before the first.

    `wanted`: the sections that it must have, and the marks that each must hold.

    Raises:
        SettingsError: it cannot be read, or lacks a section or a mark.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the prompt {path} cannot be read: {error}") from error
    start, *rest = _HEADING.split(text)
    found = {"": start.strip()}
    found.update((n.strip(), body.strip()) for n, body in zip(rest[::2], rest[1::2], strict=True))
    for name, marks in wanted.items():
        if name not in found:
            raise SettingsError(f"the prompt {path} wants a section `## {name}`")
        if missing := set(marks) - set(_MARK.findall(found[name])):
            raise SettingsError(f"{path}, section {name!r}, wants the mark <<{min(missing)}>>")
    return found


def join_sections(sections: Mapping[str, str]) -> str:
    return "\n\n".join(f"## {name}\n\n{text}" if name else text for name, text in sections.items())


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its marks filled in; a mark that has no value stays as it is."""
    return _MARK.sub(lambda mark: values.get(mark[1], mark[0]), template)


def without_unknown(text: str, known: Collection[str]) -> str:
    """The text without those points of its lists whose code calls what is not known.

    "" where none of its points is left.
    """
    points = _BULLET.findall(text)
    kept = _BULLET.sub(lambda point: point[0] if _calls(point[0]).issubset(known) else "", text)
    return "" if points and not _BULLET.search(kept) else kept.strip()


def _calls(text: str) -> set[str]:
    return {name for code in _CODE.findall(text) for name in _CALL.findall(code)}
