"""Plots as inline SVG: bars with the ends of their intervals, differences about zero, and parts of
a whole. Names and numbers stand beside them as text, so that a narrow page can wrap them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from visprog.render.elements import left_out, text

ROWS = 60  # of a plot
COLOURS = 6  # of the style sheet, for columns side by side
TOPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)  # where an axis may end
BAR, SLIM, GAP = 18, 10, 3  # pixels high: a bar alone, one among others, what is between them


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
        ends = ""
        if self.low is not None and self.high is not None:
            ends = f", 95 %: {100 * self.low:.1f} to {100 * self.high:.1f} %"
        return f"{self.name}: {100 * self.rate:.1f} %{ends}"


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
        _row(bar.name, bar.note, _plot(_bar(bar, 0, BAR, top), BAR, bar.label), bar.about)
        for bar in each[:ROWS]
    )
    return _figure(made + _axis(top), len(each))


def groups(rows: Iterable[tuple[str, str, Sequence[Bar]]]) -> str:
    """Several bars a row, side by side: (name, note, bars)."""
    each = list(rows)
    made = ""
    for name, note, its in each[:ROWS]:
        marks = "".join(_bar(bar, n * (SLIM + GAP), SLIM, 1.0) for n, bar in enumerate(its))
        height = len(its) * (SLIM + GAP) - GAP
        made += _row(name, note, _plot(marks, height, "; ".join(bar.label for bar in its)))
    return _figure(made + _axis(1.0), len(each)) if each else ""


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
        made += _row(bar.name, bar.note, _svg(marks, BAR, bar.label), bar.about)
    ticks = ((place(value), "middle", f"{100 * value:+g}" if value else "0") for value in _about(top))
    return _figure(made + _scale(ticks), len(each))


def _about(top: float) -> tuple[float, ...]:
    return (-top, 0.0, top)


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


def _bar(bar: Bar, y: float, height: int, top: float) -> str:
    middle = y + height / 2
    made = (
        f'<rect class="track" y="{y}" width="100%" height="{height}" rx="3"/>'
        f'<rect class="{bar.kind}" y="{y}" width="{_at(bar.rate, top)}" height="{height}" rx="3"/>'
    )
    if bar.low is not None and bar.high is not None:
        ends = f'x1="{_at(bar.low, top)}" x2="{_at(bar.high, top)}"'
        line = f'{ends} y1="{middle}" y2="{middle}"'
        made += f'<line class="halo" {line}/><line class="reach" {line}/>'
    return made


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
