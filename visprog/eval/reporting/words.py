"""Figures in words, as the pages of an evaluation write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SPACE = "\u00a0"  # keeps a number and its sign on one line
MINUS = "\u2212"
NONE = "not computed"
CHANCE = 0.05  # the p below which a difference is told apart from chance


def percent(value: float | None) -> str:
    """A fraction as `53.2 %`; what could not be computed says so."""
    return NONE if value is None else f"{100 * value:.1f}{SPACE}%"


def interval(one: Mapping[str, Any]) -> str:
    """The ends of an interval of a share: `48.5 to 57.8 %`."""
    return f"{100 * one['low']:.1f} to {percent(one['high'])}"


def points(value: float) -> str:
    """A difference of fractions in points of percent, with its sign."""
    return signed(f"{100 * value:+.1f}")


def points_interval(one: Mapping[str, Any]) -> str:
    return f"{points(one['low'])} to {points(one['high'])}"


def signed(number: str) -> str:
    """A number with a minus that is as wide as its plus; what rounds to nothing has no sign."""
    if not number.strip("+-0."):
        return number.lstrip("+-")
    return number.replace("-", MINUS)


def probability(p: float) -> str:
    """A p value with the digits that matter."""
    if p < 1e-4:
        return "< 0.0001"
    return f"{p:.4f}" if p < 0.01 else f"{p:.2f}"


def side(one: Mapping[str, Any]) -> str:
    """`good` or `bad` where a difference is told apart from chance, "" where it is not."""
    if one["p"] >= CHANCE:
        return ""
    return "good" if one["difference"] > 0 else "bad"


def of(one: Mapping[str, Any]) -> str:
    """A share and what it is of: `53.2 % of 1,358`."""
    return f"{percent(one['rate'])} of {one['n']:,}"


def dollars(cost: float | None) -> str:
    if cost is None:
        return "not known"
    return f"${cost:,.2f}" if cost >= 1 or not cost else f"${cost:.2g}"


def seconds(taken: float | None) -> str:
    """A time as people write it."""
    if taken is None:
        return NONE
    if taken >= 60:
        whole = round(taken)
        hours, minutes = whole // 3600, whole % 3600 // 60
        return f"{hours} h {minutes} min" if hours else f"{minutes} min {whole % 60} s"
    if taken >= 0.0995:
        return f"{taken:.2f}{SPACE}s" if taken < 10 else f"{taken:.1f}{SPACE}s"
    return f"{1000 * taken:.1f}{SPACE}ms" if taken else f"0{SPACE}s"
