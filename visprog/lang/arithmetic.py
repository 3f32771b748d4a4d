"""The part of the grammar that says what numbers may come to. See `grammar.py`.

A number is a sum of terms, a term a product or a quotient of two factors: there is one way to read
each text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from visprog.lang import notation as n

MORE_TERMS = 3  # of a sum, after its first
_PLUS = n.choice([n.Quote(" + "), n.Quote(" - ")])
_SAID = re.compile(r"(?<![\w.])(\d{1,4}(?:\.\d{1,3})?)(?!\.?\d)[ -]?([A-Za-z]*)")
_METRES = {
    **dict.fromkeys(("cm", "centimetre", "centimeter"), 0.01),
    **dict.fromkeys(("mm", "millimetre", "millimeter"), 0.001),
    **dict.fromkeys(("ft", "foot", "feet"), 0.3048),
    **dict.fromkeys(("in", "inch", "inches"), 0.0254),
}


def decimals(question: str) -> tuple[str, ...]:
    """Numbers with a point that a program may write: those of the question, and its lengths in
    other units in metres."""
    found: dict[str, None] = {}
    for number, unit in _SAID.findall(question):
        if "." in number:
            found[number] = None
        unit = unit.lower()
        if scale := _METRES.get(unit) or _METRES.get(unit.removesuffix("s")):
            found[_rounded(float(number) * scale)] = None
    return tuple(found)


def _rounded(metres: float) -> str:
    """To a centimetre, or to a millimetre where that is not enough."""
    text = f"{metres:.{2 if metres >= 0.1 else 3}f}".rstrip("0")
    return text + "0" * text.endswith(".")


def literals(question: str | None) -> dict[str, n.Part]:
    """The rules of numbers as they are written: whole ones of up to three digits, and decimals."""
    digit = n.Chars("0-9")
    more = n.Repeat(digit, "?")
    known = n.one_of(decimals(question)) if question is not None else None
    return {
        "positive": n.seq(n.Chars("1-9"), more, more),
        "digits": n.choice([n.Quote("0"), n.Ref("positive")]),
        "decimal": known or n.seq(n.Ref("digits"), ".", digit, more),
    }


def number(
    rule: str,
    base: n.Part,
    names: Sequence[n.Part],
    *,
    whole: bool,
    quotients: Sequence[tuple[str, str]],
) -> dict[str, n.Part]:
    """The rules of numbers of one type.

    Args:
        rule: its name; the numbers that tools found are `base`.
        names: what stands for variables, if there are any.
        whole: int.
        quotients: of rules whose numbers make one of this type, the one over the other.
    """
    first, factor, term = f"{rule}-base", f"{rule}-factor", f"{rule}-term"
    bracket = _bracket(rule)
    positive, count = n.Ref("positive"), n.choice([n.Ref("int-base"), *names])
    part = n.seq("(", count, " / ", positive, ")")
    parted = [n.seq(" / ", n.choice([positive, count])), n.seq(" * ", part)]
    by = [n.seq(" * ", positive), *([n.seq(" % ", positive)] if whole else parted)]
    ratios = [n.seq(n.Ref(f"{a}-base"), " / ", n.Ref(f"{b}-base")) for a, b in quotients]
    over: list[n.Part] = []
    if quotients:
        ratio = n.Ref(f"{rule}-ratio")
        percent = n.seq(positive, " * ", n.choice([ratio, n.seq("(", ratio, ")"), part]))
        over = [ratio, percent, n.seq(n.choice([count, _bracket("int")]), " / ", positive)]
    ways = [
        n.seq(n.Ref(first), n.Repeat(n.choice(by), "?")),
        n.seq(bracket, n.choice(by)),
        n.seq(positive, " * ", n.Ref(factor)),
        *over,
    ]
    rest = n.seq(_PLUS, n.choice([n.Ref(term), positive, *names]))
    more = n.Repeat(n.Ref(f"{rule}-more"), f"{{0,{MORE_TERMS}}}")
    sums = [n.seq(n.Ref(term), more), n.seq(positive, " - ", n.Ref(term))]
    return {
        **({f"{rule}-ratio": n.choice(ratios)} if ratios else {}),
        first: n.choice([base, n.seq("abs(", n.Ref(first), " - ", n.Ref(first), ")")]),
        factor: n.choice([n.Ref(first), bracket, *names]),
        term: n.choice(ways),
        f"{rule}-more": rest,
        rule: n.choice([*sums, *(n.seq(name, rest) for name in names)]),
    }


def _bracket(rule: str) -> n.Part:
    """The sum of two or three numbers that tools found, to be multiplied or divided."""
    more = n.seq(_PLUS, n.Ref(f"{rule}-base"))
    return n.seq("(", n.Ref(f"{rule}-base"), more, n.Repeat(more, "?"), ")")
