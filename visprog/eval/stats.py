"""Shares of what was counted, with how far chance may have moved them."""

from __future__ import annotations

import math
from collections.abc import Sequence

Z95 = 1.959963984540054  # standard deviations that hold 95 % of a normal distribution
CELLS = 4_000_000  # counts drawn at once, which bounds the memory of a bootstrap
EXACT = 2_000  # questions that whole numbers are as fast for
NOTHING = 1e-17  # of a sum that a term adds


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
    return middle - reach if hits else 0.0, middle + reach if hits < n else 1.0


def share(hits: Sequence[bool], digits: int = 4) -> dict[str, float | int]:
    """{n, rate, low, high}: how many there are, the fraction that is true, its interval (95 %),
    rounded to so many digits."""
    low, high = wilson(sum(hits), len(hits))
    rate = sum(hits) / len(hits) if hits else 0.0
    rounded = {name: round(n, digits) for name, n in (("rate", rate), ("low", low), ("high", high))}
    return {"n": len(hits), **rounded}


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed; 0 of none."""
    if not values:
        return 0.0
    rank = max(1, math.ceil(percent / 100 * len(values)))
    return sorted(values)[rank - 1]


def bootstrap(
    differences: Sequence[float], seed: int = 0, draws: int = 10_000, percent: float = 95.0
) -> tuple[float, float]:
    """The percentile bootstrap interval of a mean of paired differences; (0, 0) of none.

    Equal differences are drawn together, by how many of each there are, so that its cost does not
    grow with their number. Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993).
    """
    if not differences:
        return 0.0, 0.0
    import numpy as np

    values, counts = np.unique(np.asarray(differences, dtype=np.float64), return_counts=True)
    n = int(counts.sum())
    made = np.random.default_rng(seed)
    at_once = max(1, CELLS // len(values))
    sizes = [min(at_once, draws - begun) for begun in range(0, draws, at_once)]
    drawn = np.concatenate([made.multinomial(n, counts / n, size) @ values for size in sizes]) / n
    tail = (100 - percent) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return float(low), float(high)


def mcnemar(only_first: int, only_second: int) -> float:
    """The two-sided p of McNemar's exact test: how likely such an unequal split of the questions
    that one of two got right would be, were both as good.

    Source: Q. McNemar, Psychometrika 12 (1947); the exact form is the sign test.
    """
    n, least = only_first + only_second, min(only_first, only_second)
    if n == 0:
        return 1.0
    if n > EXACT:
        return min(1.0, 2 * _tail(n, least))
    tail, ways = 0, 1  # ways: n over k, from that of the k before
    for k in range(least + 1):
        tail += ways
        ways = ways * (n - k) // (k + 1)
    return min(1.0, float(2 * tail / 2**n))


def _tail(n: int, most: int) -> float:
    """How likely at most so many heads of n tosses are, to nine digits for millions of tosses.

    The terms n over k are summed from the largest on, each from the one before it, as long as they
    add something.
    """
    largest = math.lgamma(n + 1) - math.lgamma(most + 1) - math.lgamma(n - most + 1)
    total, term = 0.0, 1.0  # of the largest
    for k in range(most, -1, -1):
        total += term
        term *= k / (n - k + 1)
        if term < total * NOTHING:
            break
    return total * math.exp(largest - n * math.log(2))
