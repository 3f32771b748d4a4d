"""The embedded look at things: colours by pixel statistics, places and sizes by boxes, names and a
few facts by class. What none of these can tell is an abstention."""

from __future__ import annotations

from collections.abc import Mapping

from visprog.errors import ToolError
from visprog.tool import Backend, Model, Output
from visprog.values import Image, Region, Unknown
from visprog_tools.abstain import unknown
from visprog_tools.colors import palette
from visprog_tools.nouns import is_a
from visprog_tools.statements import HOW, Claim, Judge, class_fact, read, size

Subject = Region | Image
ALIASES = {"colour": "color", "type": "name", "kind": "name", "class": "name"}


class Pixels(Backend):
    """Looks without a network: see `statements` for what it can read, and by which rules."""

    name = "pixels"
    serves = ("query", "verify", "choose", "filter", "same", "common")
    model = Model("pixel statistics", "Apache-2.0", kind="heuristic")

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._judge = Judge()

    def query(self, subject: Subject, attribute: str) -> Output | Unknown:
        attribute = _attribute(attribute)
        if attribute == "color":
            return Output(palette(subject).name, (HOW["color"],))
        if attribute in ("material", "shape"):
            found = class_fact(subject, attribute)
            return found if isinstance(found, Unknown) else Output(found, (HOW[attribute],))
        if isinstance(subject, Region):
            if attribute == "name":
                return Output(subject.label)
            if attribute == "hposition":
                return Output(_side(subject.center[0], subject.image.width, "left", "right"))
            if attribute == "vposition":
                return Output(_side(subject.center[1], subject.image.height, "top", "bottom"))
            if attribute == "size":
                return Output(size(subject), (HOW["size"],))
        return unknown(f"the {attribute} of {_called(subject)} cannot be told by pixels", "query")

    def verify(self, subject: Subject, statement: str) -> Output | Unknown:
        claims = _claims(statement, "verify")
        if isinstance(claims, Unknown):
            return claims
        return self._all(subject, claims)

    def choose(self, subject: Subject, options: list[str]) -> Output | Unknown:
        if not options:
            raise ToolError("choose: want options, got none")
        read_options = [read(option) for option in options]
        kinds = {claim.kind for claims in read_options for claim in claims}
        if not all(len(claims) == 1 for claims in read_options) or len(kinds) != 1:
            why = f"pixel statistics cannot choose between {_list(options)} for {_called(subject)}"
            return unknown(why, "choose")
        singles = [claims[0] for claims in read_options]
        return self._choose(subject, options, singles, kinds.pop())

    def filter(self, regions: list[Region], attribute: str) -> Output | Unknown:
        claims = _claims(attribute, "filter")
        if isinstance(claims, Unknown):
            return claims if regions else Output([])
        kept: list[Region] = []
        for region in regions:
            found = self._all(region, claims)
            if isinstance(found, Unknown):
                return found
            if found.value:
                kept.append(region)
        return Output(kept, _notices(claims))

    def same(self, a: Region, b: Region, attribute: str) -> Output | Unknown:
        attribute = _attribute(attribute)
        if attribute == "name":
            found = True if a.label == b.label else is_a(a.label, b.label)
            if found is None:
                why = f"by their classes {a.label!r} and {b.label!r} may or may not be the same"
                return unknown(why, "same")
            return Output(found)
        first, second = self.query(a, attribute), self.query(b, attribute)
        if isinstance(first, Unknown) or isinstance(second, Unknown):
            return first if isinstance(first, Unknown) else second
        return Output(first.value == second.value, first.notices)

    def common(self, a: Region, b: Region) -> Output | Unknown:
        for attribute in ("color", "material", "shape"):
            found = self.same(a, b, attribute)
            if isinstance(found, Output) and found.value:
                return Output(attribute, found.notices)
        why = f"no color that {_called(a)} and {_called(b)} share was seen, and material and shape "
        return unknown(why + "cannot be told by pixels", "common")

    def _all(self, subject: Subject, claims: tuple[Claim, ...]) -> Output | Unknown:
        """Whether every claim holds, by Kleene's logic: one that fails decides."""
        doubt: Unknown | None = None
        for claim in claims:
            found = self._judge.holds(subject, claim)
            if isinstance(found, Unknown):
                doubt = doubt or found
            elif not found:
                return Output(False, _notices((claim,)))
        return doubt or Output(True, _notices(claims))

    def _choose(
        self, subject: Subject, options: list[str], claims: list[Claim], kind: str
    ) -> Output | Unknown:
        if kind == "color" and not any(claim.negated for claim in claims):
            shares = palette(subject).shares
            scores = [sum(shares[name] for name in claim.means) for claim in claims]
            if max(scores) > 0:
                return Output(options[scores.index(max(scores))], (HOW[kind],))
        found = [self._judge.holds(subject, claim) for claim in claims]
        fitting = [option for option, holds in zip(options, found, strict=True) if holds is True]
        if len(fitting) == 1:
            return Output(fitting[0], _notices(claims[:1]))
        doubt = next((holds for holds in found if isinstance(holds, Unknown)), None)
        why = f"{'none' if not fitting else 'more than one'} of {_list(options)} is true of it"
        return doubt or unknown(f"{why} ({_called(subject)})", "choose")


def _claims(statement: str, tool: str) -> tuple[Claim, ...] | Unknown:
    if not statement.strip():
        raise ToolError(f"{tool}: want a statement, got an empty text")
    return read(statement) or unknown(
        f"pixel statistics can judge colours, sizes, places and names, not {statement!r}", tool
    )


def _notices(claims: tuple[Claim, ...] | list[Claim]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(claim.how for claim in claims if claim.how))


def _attribute(name: str) -> str:
    text = name.strip().lower()
    return ALIASES.get(text, text)


def _side(at: float, length: int, first: str, second: str) -> str:
    return first if at < length / 2 else second


def _called(subject: Subject) -> str:
    return f"the {subject.label}" if isinstance(subject, Region) else "the picture"


def _list(options: list[str]) -> str:
    return ", ".join(map(repr, options))
