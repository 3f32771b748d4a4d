"""Relations that boxes can tell (on, in, near, under ...), as heuristics; all others abstain."""

from __future__ import annotations

from collections.abc import Callable

from visprog.errors import ToolError
from visprog.tool import Backend, Model, Output
from visprog.values import Region, Unknown
from visprog_tools.abstain import unknown
from visprog_tools.choice import near
from visprog_tools.geometry import expect_picture, same_thing, share_within

BESIDE = 0.5  # the share of a thing's width that must stand over the other
IN = 0.7  # the share of a thing's box that must lie in the other


def _across(a: Region, b: Region) -> float:
    """The share of the narrower one's width that the two have in common."""
    shared = min(a.right, b.right) - max(a.left, b.left)
    return shared / max(1e-9, min(a.width, b.width))


def _on(a: Region, b: Region) -> bool:
    return (
        _across(a, b) >= BESIDE and a.center[1] < b.center[1] and b.top <= a.bottom <= b.bottom
    ) or (_across(a, b) >= BESIDE and abs(a.bottom - b.top) <= 0.1 * a.height)


def _in(a: Region, b: Region) -> bool:
    return share_within(a.box, b.box) >= IN


def _under(a: Region, b: Region) -> bool:
    return _across(a, b) >= BESIDE and a.center[1] > b.center[1]


def _near(a: Region, b: Region) -> bool:
    return bool(near([a], b))


RULES: dict[str, Callable[[Region, Region], bool]] = {
    **dict.fromkeys(("on", "on top of", "sitting on", "standing on", "lying on"), _on),
    **dict.fromkeys(("in", "inside", "inside of", "within"), _in),
    **dict.fromkeys(("under", "below", "beneath", "underneath"), _under),
    **dict.fromkeys(("above", "over"), lambda a, b: _under(b, a)),
    **dict.fromkeys(("near", "next to", "beside", "by", "close to"), _near),
    **dict.fromkeys(("left of", "to the left of"), lambda a, b: a.center[0] < b.center[0]),
    **dict.fromkeys(("right of", "to the right of"), lambda a, b: a.center[0] > b.center[0]),
}


SIDES = ("left of", "to the left of", "right of", "to the right of")


def measurable(relation: str) -> bool:
    """Whether a relation is one of boxes alone, which no model need be asked about."""
    return " ".join(relation.lower().split()) in SIDES


class Relations(Backend):
    """Judges a relation by the boxes of two things; what boxes cannot tell is an abstention."""

    name = "boxes"
    serves = ("related", "related_to")
    model = Model("relations of boxes", "Apache-2.0", kind="heuristic")

    def related(self, regions: list[Region], relation: str, anchor: Region) -> Output | Unknown:
        return self._those(regions, relation, anchor, "related", lambda rule, r: rule(r, anchor))

    def related_to(self, regions: list[Region], relation: str, anchor: Region) -> Output | Unknown:
        return self._those(regions, relation, anchor, "related_to", lambda rule, r: rule(anchor, r))

    def _those(
        self,
        regions: list[Region],
        relation: str,
        anchor: Region,
        tool: str,
        holds: Callable[[Callable[[Region, Region], bool], Region], bool],
    ) -> Output | Unknown:
        words = " ".join(relation.lower().split())
        if not words:
            raise ToolError(f"{tool}: want a relation, got an empty text")
        expect_picture(tool, anchor.image, *regions)
        rule = RULES.get(words)
        if rule is None:
            return unknown(f"{relation!r} cannot be told from boxes", tool)
        kept = [r for r in regions if not same_thing(r, anchor) and holds(rule, r)]
        return Output(kept, (f"{relation!r} was judged by boxes alone, a heuristic",))
