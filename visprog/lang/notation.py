"""Grammars as data, and the two notations they are written in: GBNF (llama.cpp) and Lark."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any


@dataclass(frozen=True)
class Quote:
    """These characters."""

    text: str


@dataclass(frozen=True)
class Chars:
    """1 to `most` characters of a set, written as in a regular expression: `a-z0-9`, `^"`."""

    allowed: str
    most: int = 1


@dataclass(frozen=True)
class Identifier:
    """A lower-case name that is none of some words."""

    but: tuple[str, ...]


@dataclass(frozen=True)
class Ref:
    """What another rule derives. Names are words of letters and digits, joined by `-`."""

    name: str


@dataclass(frozen=True)
class Seq:
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Choice:
    options: tuple[Part, ...]


@dataclass(frozen=True)
class Repeat:
    """`sign`: `?` at most once, `*` any number, `+` at least once, `{0,N}` at most N times."""

    part: Part
    sign: str


Part = Quote | Chars | Identifier | Ref | Seq | Choice | Repeat
Rules = Mapping[str, Part]
ROOT = "root"


def seq(*parts: Part | str) -> Part:
    """One after the other; a str stands for itself."""
    return Seq(tuple(Quote(part) if isinstance(part, str) else part for part in parts))


def choice(options: Iterable[Part]) -> Part:
    """One of them, each once."""
    found = tuple(dict.fromkeys(options))
    return found[0] if len(found) == 1 else Choice(found)


def one_of(texts: Iterable[str]) -> Part:
    """One of some texts, as a tree of their words: a reader of the text has few ways to follow."""
    tree: dict[str, list[str]] = {}
    for text in dict.fromkeys(texts):
        word, space, rest = text.partition(" ")
        tree.setdefault(word, []).append(space + rest)
    return choice(_branch(word, tails) for word, tails in tree.items())


def _branch(word: str, tails: list[str]) -> Part:
    longer = [tail[1:] for tail in tails if tail]
    if not longer:
        return Quote(word)
    more = seq(" ", one_of(longer))
    return seq(word, Repeat(more, "?") if "" in tails else more)


def renamed(part: Part, prefix: str, but: Collection[str] = ()) -> Part:
    """The part with `prefix` before the names of the rules that it refers to, but for some."""
    match part:
        case Ref(name):
            return part if name in but else Ref(prefix + name)
        case Seq(parts):
            return Seq(tuple(renamed(inner, prefix, but) for inner in parts))
        case Choice(options):
            return Choice(tuple(renamed(option, prefix, but) for option in options))
        case Repeat(inner, sign):
            return Repeat(renamed(inner, prefix, but), sign)
    return part


# -- tidying


def prune(rules: Rules) -> dict[str, Part]:
    """The same grammar without what can derive no text and what the root cannot reach."""
    good: set[str] = set()
    before = -1
    while len(good) > before:
        before = len(good)
        good.update(name for name in rules if name not in good and _derives(rules[name], good))
    kept: dict[str, Part] = {}
    waiting = [ROOT]
    while waiting:
        name = waiting.pop()
        part = _trim(rules[name], good) if name not in kept else None
        if part is not None:
            kept[name] = part
            waiting.extend(_names(part))
    return {name: kept[name] for name in rules if name in kept}


def _derives(part: Part, good: set[str]) -> bool:
    """Whether the part derives some text, given the rules that do."""
    match part:
        case Ref(name):
            return name in good
        case Seq(parts):
            return all(_derives(inner, good) for inner in parts)
        case Choice(options):
            return any(_derives(option, good) for option in options)
        case Repeat(inner, "+"):
            return _derives(inner, good)
    return True


def _trim(part: Part, good: set[str]) -> Part | None:
    """The part without options that derive nothing; None where nothing is left."""
    match part:
        case Ref(name):
            return part if name in good else None
        case Seq(parts):
            kept = [_trim(inner, good) for inner in parts]
            whole = tuple(inner for inner in kept if inner is not None)
            return Seq(whole) if len(whole) == len(parts) else None
        case Choice(options):
            left = [inner for option in options if (inner := _trim(option, good)) is not None]
            return choice(left) if left else None
        case Repeat(inner, sign):
            some = _trim(inner, good)
            return Repeat(some, sign) if some is not None else Seq(()) if sign != "+" else None
    return part


def _names(part: Part) -> Iterable[str]:
    match part:
        case Ref(name):
            yield name
        case Seq(parts) | Choice(parts):
            for inner in parts:
                yield from _names(inner)
        case Repeat(inner, _):
            yield from _names(inner)


# -- text


def gbnf(rules: Rules) -> str:
    """The notation of llama.cpp; it starts at `root`."""
    return "".join(f"{name} ::= {_text(_flat(part), _gbnf_atom)}\n" for name, part in rules.items())


def lark(rules: Rules) -> str:
    """The notation of the Lark library; it starts at `start`. Ambiguous: use its Earley parser."""
    lines = (
        f"{_lark_name(name)}: {_text(_flat(part), _lark_atom)}" for name, part in rules.items()
    )
    return "\n".join(lines) + "\n"


def _flat(part: Part) -> Part:
    """Sequences in sequences as one, neighbouring quotes as one."""
    match part:
        case Seq(parts):
            made: list[Part] = []
            for inner in map(_flat, parts):
                made.extend(inner.parts if isinstance(inner, Seq) else (inner,))
            joined_up: list[Part] = []
            for inner in made:
                last = joined_up[-1] if joined_up else None
                if isinstance(inner, Quote) and isinstance(last, Quote):
                    joined_up[-1] = Quote(last.text + inner.text)
                else:
                    joined_up.append(inner)
            return joined_up[0] if len(joined_up) == 1 else Seq(tuple(joined_up))
        case Choice(options):
            return choice(map(_flat, options))
        case Repeat(inner, sign):
            return Repeat(_flat(inner), sign)
    return part


def _text(part: Part, atom: Callable[[Part], str], *, inner: bool = False) -> str:
    match part:
        case Seq(parts):
            made = " ".join(_text(each, atom, inner=True) for each in parts)
            return f"({made})" if inner else made
        case Choice(options):
            made = " | ".join(_text(each, atom) for each in options)
            return f"({made})" if inner else made
        case Repeat(again, sign):
            times = sign.translate(_LARK_TIMES) if atom is _lark_atom else sign
            return _text(again, atom, inner=True) + times
        case _:
            return atom(part)


_LARK_TIMES = {ord("{"): "~", ord(","): "..", ord("}"): ""}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _times(part: Chars) -> str:
    return "" if part.most == 1 else f"{{1,{part.most}}}"


def _gbnf_atom(part: Part) -> str:
    match part:
        case Quote(text):
            return f'"{_escaped(text)}"'
        case Chars(allowed):
            return f"[{allowed}]{_times(part)}"
        case Identifier(but):
            return f"({_text(_flat(_spelled(but)), _gbnf_atom)})"
        case Ref(name):
            return name
    raise TypeError(f"not an atom: {part}")


def _lark_atom(part: Part) -> str:
    match part:
        case Quote(text):
            return f'"{_escaped(text)}"'
        case Chars(allowed):
            return f"/[{allowed}]{_times(part)}/"
        case Identifier(but):
            return f"/(?!(?:{'|'.join(but)})(?![a-z0-9_]))[a-z][a-z0-9_]*/"
        case Ref(name):
            return _lark_name(name)
    raise TypeError(f"not an atom: {part}")


def _lark_name(name: str) -> str:
    return "start" if name == ROOT else name.replace("-", "_")


# -- names that are not words: GBNF cannot look ahead, so they are spelled as a tree of letters

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_REST = Chars("a-z0-9_")
_END = "."


def _spelled(but: Iterable[str]) -> Part:
    tree: dict[str, Any] = {}
    for word in but:
        node = tree
        for letter in word + _END:
            node = node.setdefault(letter, {})
    return _other_than(tree, _LETTERS)


def _other_than(tree: dict[str, Any], allowed: str) -> Part:
    """What may follow the letters that led here, with at least one character of `allowed`."""
    letters = [letter for letter in tree if letter != _END]
    options = [seq(Chars(_ranges(c for c in allowed if c not in letters)), Repeat(_REST, "*"))]
    for letter in letters:
        more = _other_than(tree[letter], _LETTERS + "0123456789_")
        options.append(seq(letter, more if _END in tree[letter] else Repeat(more, "?")))
    return choice(options)


def _ranges(characters: Iterable[str]) -> str:
    """The characters of a set, runs written as `a-f`."""
    runs = groupby(enumerate(sorted(characters)), lambda item: ord(item[1]) - item[0])
    spans = ["".join(letter for _, letter in run) for _, run in runs]
    return "".join(run if len(run) < 4 else f"{run[0]}-{run[-1]}" for run in spans)
