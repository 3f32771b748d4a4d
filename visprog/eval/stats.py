"""Shares of what was counted, with how far chance may have moved them."""

from __future__ import annotations

import math
from collections.abc import Sequence

Z95 = 1.959963984540054  # standard deviations that hold 95 % of a normal distribution


def wilson(hits: int, n: int, z: float = Z95) -> tuple[float, float]:
    """The Wilson score interval of a share, `hits` of `n`; (0, 1) where nothing was counted.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference,
    J. Am. Stat. Assoc. 22 (1927).
    """
    if n == 0:
        return 0.0, 1.0
    rate = hits / n
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def share(hits: Sequence[bool]) -> dict[str, float | int]:
    """{n, rate, low, high}: how many there are, the fraction that is true, its interval (95 %)."""
    low, high = wilson(sum(hits), len(hits))
    rate = sum(hits) / len(hits) if hits else 0.0
    return {"n": len(hits), "rate": round(rate, 4), "low": round(low, 4), "high": round(high, 4)}


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed; 0 of none."""
    if not values:
        return 0.0
    rank = max(1, math.ceil(percent / 100 * len(values)))
    return sorted(values)[rank - 1]
