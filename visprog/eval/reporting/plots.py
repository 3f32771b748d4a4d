"""Plots as inline SVG: bars with the ends of their intervals, differences about zero, and parts of
a whole. Names and numbers stand beside them as text, so that a narrow page can wrap them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from visprog.eval.reporting.words import signed
from visprog.render.elements import left_out, text

ROWS = 60  # of a plot
COLOURS = 6  # of the style sheet, for columns side by side
TOPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)  # where an axis may end
BAR, SLIM = 18, 13  # pixels high: a bar alone, the line of one among others
CAP = 4  # pixels that the ends of an interval stand out


@dataclass(frozen=True)
class Bar:
    """A bar of a plot.

    `rate`: its length, 0 to 1; `low`, `high`: the ends of its interval, None where it has none;
    `note`: stands behind it; `about`: small, below its name; `kind`: its colour, a class of the
    style sheet.
    """

    name: str
    rate: float
    low: float | None = None
    high: float | None = None
    note: str = ""
    about: str = ""
    kind: str = "c1"

    @property
    def label(self) -> str:
        """What it says to those who do not see it."""
        return self._said("%", "")

    @property
    def gap(self) -> str:
        """The same of a difference."""
        return self._said("points", "+")

    def _said(self, unit: str, sign: str) -> str:
        ends = ""
        if self.low is not None and self.high is not None:
            ends = f", 95 %: {100 * self.low:{sign}.1f} to {100 * self.high:{sign}.1f} {unit}"
        return f"{self.name}: {100 * self.rate:{sign}.1f} {unit}{ends}"


def colour(place: int) -> str:
    """The class of the `place`-th column of a run, from 0; there are only so many."""
    return f"c{place % COLOURS + 1}"


def bars(rows: Iterable[Bar], *, whole: bool = True) -> str:
    """One bar a row. `whole`: the axis ends at 1, else where the longest bar does."""
    each = list(rows)
    if not each:
        return ""
    top = 1.0 if whole else _top([bar.high or bar.rate for bar in each])
    made = "".join(
        _row(bar.name, bar.note, _plot(_bar(bar, top), BAR, bar.label), bar.about)
        for bar in each[:ROWS]
    )
    return _figure(made + _axis(top), len(each))


def groups(rows: Iterable[tuple[str, str, Sequence[Bar]]]) -> str:
    """Several shares a row, as dots on their intervals: (name, note, shares)."""
    each = list(rows)
    made = ""
    for name, note, its in each[:ROWS]:
        marks = "".join(_dot(bar, (n + 0.5) * SLIM) for n, bar in enumerate(its))
        plot = _plot(marks, len(its) * SLIM, "; ".join(bar.label for bar in its))
        made += _row(name, note, plot)
    return _figure(made + _axis(1.0), len(each)) if each else ""


def _dot(bar: Bar, y: float) -> str:
    reach = ""
    if bar.low is not None and bar.high is not None:
        ends = f'x1="{_at(bar.low, 1)}" x2="{_at(bar.high, 1)}"'
        reach = f'<line class="reach" {ends} y1="{y}" y2="{y}"/>'
    dot = f'<circle cx="{_at(bar.rate, 1)}" cy="{y}" r="4.5"/>'
    base = f'<line class="base" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
    return f'{base}<g class="{bar.kind}"><title>{text(bar.label)}</title>{reach}{dot}</g>'


def differences(rows: Iterable[Bar]) -> str:
    """Differences, -1 to 1, as dots with their intervals about a line at zero."""
    each = list(rows)
    if not each:
        return ""
    ends = [abs(end) for bar in each for end in (bar.rate, bar.low, bar.high) if end is not None]
    top = _top(ends)

    def place(value: float) -> str:
        return f"{50 + 48 * max(-1.0, min(1.0, value / top)):.2f}%"

    made = ""
    for bar in each[:ROWS]:
        reach = ""
        if bar.low is not None and bar.high is not None:
            ends_at = f'x1="{place(bar.low)}" x2="{place(bar.high)}"'
            reach = f'<line class="reach" {ends_at} y1="9" y2="9"/>'
        dot = f'<circle cx="{place(bar.rate)}" cy="9" r="5.5"/>'
        zero = f'<line class="zero" x1="50%" x2="50%" y1="0" y2="{BAR}"/>'
        marks = f'{zero}<g class="{bar.kind}">{reach}{dot}</g>'
        made += _row(bar.name, bar.note, _svg(marks, BAR, bar.gap), bar.about)
    ticks = (
        (place(value), "middle", signed(f"{100 * value:+g}") if value else "0")
        for value in (-top, 0.0, top)
    )
    return _figure(made + _scale(ticks), len(each))


def parts(rows: Iterable[tuple[str, int, str]]) -> str:
    """Parts of a whole on one bar: (name, count, colour)."""
    each = [row for row in rows if row[1]]
    total = sum(count for _, count, _ in each)
    if not total:
        return ""
    begin, marks = 0.0, ""
    for name, count, kind in each:
        share = 100 * count / total
        marks += (
            f'<rect class="{kind}" x="{begin:.3f}%" width="{share:.3f}%" height="26">'
            f"<title>{text(name)}: {count:,}</title></rect>"
        )
        begin += share
    said = ", ".join(f"{name}: {count}" for name, count, _ in each)
    items = "".join(
        f'<li><i class="{kind}"></i>{text(name)} <b>{count:,}</b> '
        f"<span>{100 * count / total:.1f}\u00a0%</span></li>"
        for name, count, kind in each
    )
    return (
        f'<figure class="sheet"><div class="whole">{_svg(marks, 26, said)}</div>'
        f'<ul class="legend">{items}</ul></figure>'
    )


def legend(names: Iterable[str]) -> str:
    """What the colours of columns side by side mean."""
    items = "".join(
        f'<li><i class="{colour(place)}"></i>{text(name)}</li>' for place, name in enumerate(names)
    )
    return f'<ul class="legend">{items}</ul>'


def _top(values: Iterable[float]) -> float:
    """Where an axis ends that must hold these."""
    most = max(values, default=0.0)
    return next((top for top in TOPS if top >= most - 1e-9), most)


def _bar(bar: Bar, top: float) -> str:
    made = f'<rect class="track" width="100%" height="{BAR}" rx="3"/>'
    made += f'<rect class="{bar.kind}" width="{_at(bar.rate, top)}" height="{BAR}" rx="3"/>'
    if bar.low is None or bar.high is None:
        return made
    low, high, middle = _at(bar.low, top), _at(bar.high, top), BAR / 2
    ends = ((low, high, middle, middle), *((x, x, middle - CAP, middle + CAP) for x in (low, high)))
    lines = "".join(f'<line x1="{x}" x2="{z}" y1="{y}" y2="{t}"/>' for x, z, y, t in ends)
    return f'{made}<g class="ends">{lines}</g>'


def _at(value: float, top: float) -> str:
    return f"{100 * max(0.0, min(1.0, value / top)):.2f}%"


def _plot(marks: str, height: int, label: str) -> str:
    lines = "".join(
        f'<line class="grid" x1="{x}%" x2="{x}%" y1="0" y2="{height}"/>' for x in (25, 50, 75)
    )
    return _svg(marks + lines, height, label)


def _svg(marks: str, height: int, label: str) -> str:
    said = text(label)
    return (
        f'<svg width="100%" height="{height}" role="img" aria-label="{said}">'
        f"<title>{said}</title>{marks}</svg>"
    )


def _row(name: str, note: str, plot: str, about: str = "") -> str:
    small = f"<small>{text(about)}</small>" if about else ""
    shown = text(name) or "(no type)"
    return (
        f'<div class="bar"><span class="name">{shown}{small}</span>{plot}'
        f'<span class="n">{text(note)}</span></div>'
    )


def _axis(top: float) -> str:
    ticks = (("0%", "start", 0.0), ("50%", "middle", top / 2), ("100%", "end", top))
    return _scale((x, anchor, f"{100 * value:.3g}\u00a0%") for x, anchor, value in ticks)


def _scale(ticks: Iterable[tuple[str, str, str]]) -> str:
    marks = "".join(
        f'<text x="{x}" y="12" text-anchor="{anchor}">{text(word)}</text>'
        for x, anchor, word in ticks
    )
    return (
        '<div class="bar axis" aria-hidden="true"><span></span>'
        f'<svg width="100%" height="16">{marks}</svg><span></span></div>'
    )


def _figure(rows: str, total: int) -> str:
    return f'<figure class="sheet bars">{rows}</figure>{left_out(total, ROWS, "rows")}'
