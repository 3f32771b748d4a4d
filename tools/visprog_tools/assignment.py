"""Names for things, as one assignment: which name goes to which thing, so that all fit best."""

from __future__ import annotations

from typing import Any

from visprog.errors import SettingsError, ToolError, VisprogError
from visprog.tool import Backend, Model, Output
from visprog.values import Region, Unknown
from visprog_tools.abstain import unknown
from visprog_tools.geometry import expect_picture

MOST = 4096  # pairs of a thing and a name


class Assignment(Backend):
    """Solves for the names with the largest sum of likenesses, as `match` tells them.

    By SciPy's `linear_sum_assignment` (Crouse, IEEE Transactions on Aerospace and Electronic
    Systems 52, 2016).
    """

    name = "assignment"
    serves = ("assign",)
    uses = ("match",)
    model = Model("assignment by SciPy over match", "BSD-3-Clause", kind="rules")

    def assign(self, regions: list[Region], names: list[str]) -> Output | Unknown:
        among = list(dict.fromkeys(name.strip() for name in names))
        if not all(among):
            raise ToolError("assign: want names, got an empty text")
        if not (regions and among):
            return Output([])
        expect_picture("assign", regions[0].image, *regions)
        if len(regions) * len(among) > MOST:
            raise ToolError(f"assign: want at most {MOST} pairs of a thing and a name")
        scores = self._scores(regions, among)
        if isinstance(scores, Unknown):
            return scores
        rows, columns = _solved(scores)
        made = [
            Region(r.image, r.box, among[column], scores[row][column], r.mask, r.ref)
            for row, column in zip(rows, columns, strict=True)
            for r in (regions[row],)
        ]
        left = [name for place, name in enumerate(among) if place not in set(columns)]
        told = [f"no thing is left for {', '.join(map(repr, left[:10]))}"] if left else []
        if more := len(regions) - len(rows):
            told.append(f"{more} of {len(regions)} things have no name left for them")
        return Output(made, tuple(told))

    def _scores(self, regions: list[Region], names: list[str]) -> list[list[float]] | Unknown:
        """How well each name fits each region, 0 to 1."""
        helper = self.helpers.get("match")
        if helper is None:
            return unknown("no backend compares things with names", "match")
        helper.ready()
        calls = [{"image": region, "text": name} for region in regions for name in names]
        found: list[float] = []
        for start in range(0, len(calls), helper.batch):
            for made in helper.run("match", calls[start : start + helper.batch]):
                if isinstance(made, VisprogError):
                    raise made
                if isinstance(made.value, Unknown):
                    return made.value
                found.append(float(made.value))  # type: ignore[arg-type]
        width = len(names)
        return [found[start : start + width] for start in range(0, len(found), width)]


def _solved(scores: list[list[float]]) -> tuple[list[int], list[int]]:
    """Places of things and of names that go together."""
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise SettingsError("assign wants SciPy: pip install 'visprog[models]'") from error
    rows, columns = linear_sum_assignment(scores, maximize=True)
    made: Any = rows.tolist(), columns.tolist()
    return made  # type: ignore[no-any-return]
