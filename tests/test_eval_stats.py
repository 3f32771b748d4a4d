"""Intervals and tests: against their definitions, and against figures worked out elsewhere."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visprog.eval.stats import Z95, bootstrap, mcnemar, percentile, share, wilson


@pytest.mark.parametrize("n", [1, 2, 7, 30, 505, 12_578])
def test_wilson_ends_are_where_the_rate_is_so_many_deviations_away(n: int) -> None:
    """The definition: the rates p with |rate - p| = z sqrt(p (1 - p) / n)."""
    for hits in {0, 1, n // 3, n // 2, n - 1, n}:
        low, high = wilson(hits, n)
        rate = hits / n
        assert 0 <= low <= rate + 1e-12 and rate - 1e-12 <= high <= 1
        for end in (low, high):
            if 0 < end < 1:
                assert abs(rate - end) == pytest.approx(Z95 * math.sqrt(end * (1 - end) / n))
        assert (low == pytest.approx(0, abs=1e-12)) == (hits == 0)
        assert (high == pytest.approx(1, abs=1e-12)) == (hits == n)


def test_wilson_of_published_figures() -> None:
    """Newcombe (1998), Statistics in Medicine 17, table I, method 3."""
    for hits, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


def test_nothing_counted_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert share([]) == {"n": 0, "rate": 0.0, "low": 0.0, "high": 1.0}
    assert share([True, False]) == {"n": 2, "rate": 0.5, "low": 0.0945, "high": 0.9055}


def binomial_test(first: int, second: int) -> float:
    """The definition: all splits of as many questions that are no likelier than this one."""
    n = first + second
    ways = [math.comb(n, k) for k in range(n + 1)]
    return float(Fraction(sum(way for way in ways if way <= ways[first]), 2**n))


def test_mcnemar_is_the_two_sided_binomial_test() -> None:
    for first in range(26):
        for second in range(26):
            assert mcnemar(first, second) == pytest.approx(binomial_test(first, second), rel=1e-12)


def test_mcnemar_of_figures_worked_out_by_scipy() -> None:
    """scipy.stats.binomtest(first, first + second).pvalue"""
    assert mcnemar(1, 9) == pytest.approx(0.021484375, abs=1e-15)
    assert mcnemar(59, 6) == pytest.approx(4.8732893e-12, rel=1e-6)
    assert mcnemar(0, 0) == mcnemar(4, 4) == 1.0


def test_mcnemar_beside_scipy() -> None:
    stats = pytest.importorskip("scipy.stats", reason="scipy is an independent check")
    drawn = random.Random(5)
    for _ in range(200):
        first, second = drawn.randrange(300), drawn.randrange(1, 300)
        wanted = stats.binomtest(first, first + second).pvalue
        assert mcnemar(first, second) == pytest.approx(wanted, rel=1e-9)


def test_mcnemar_of_many_questions_neither_overflows_nor_takes_sides() -> None:
    assert mcnemar(6_000, 6_100) == mcnemar(6_100, 6_000)
    assert 0.3 < mcnemar(6_000, 6_100) < 0.4
    assert mcnemar(0, 12_000) == 0.0
    assert mcnemar(50_000, 50_000) == 1.0
    assert mcnemar(50_000, 50_001) == pytest.approx(1.0, abs=1e-8)


@settings(max_examples=25, deadline=None)  # the exact sums take long
@given(st.integers(900, 1_400), st.integers(900, 1_400))
def test_mcnemar_is_the_same_however_many_questions_there_are(first: int, second: int) -> None:
    n, least = first + second, min(first, second)
    exact = min(1.0, 2 * sum(math.comb(n, k) for k in range(least + 1)) / 2**n)
    assert mcnemar(first, second) == pytest.approx(exact, rel=1e-9)


def test_a_bootstrap_is_near_the_normal_interval_of_a_mean() -> None:
    drawn = np.random.default_rng(3)
    differences = drawn.choice([-1.0, 0.0, 1.0], p=[0.1, 0.6, 0.3], size=2_000)
    middle, deviation = differences.mean(), differences.std() / math.sqrt(len(differences))
    low, high = bootstrap(differences.tolist(), seed=1)
    assert low == pytest.approx(middle - Z95 * deviation, abs=0.002)
    assert high == pytest.approx(middle + Z95 * deviation, abs=0.002)


def test_a_bootstrap_is_that_of_drawing_again_one_by_one() -> None:
    differences = [1.0] * 9 + [0.0] * 20 + [-1.0] * 3 + [0.25, 0.5]
    picks = np.random.default_rng(7).integers(len(differences), size=(20_000, len(differences)))
    means = np.asarray(differences)[picks].mean(axis=1)
    wanted = np.percentile(means, [2.5, 97.5])
    assert bootstrap(differences, draws=20_000) == pytest.approx(wanted, abs=0.02)


def test_a_bootstrap_covers_the_truth_as_often_as_it_says() -> None:
    drawn = np.random.default_rng(11)
    held = 0
    for trial in range(300):
        sample = drawn.choice([-1.0, 0.0, 1.0], p=[0.2, 0.5, 0.3], size=300)
        low, high = bootstrap(sample.tolist(), seed=trial, draws=1_000)
        held += low <= 0.1 <= high
    assert 0.9 <= held / 300 <= 0.99


def test_a_bootstrap_is_the_same_for_the_same_seed_and_bounded() -> None:
    differences = [float(value) for value in np.linspace(-1, 1, 12_000)]  # all distinct
    assert bootstrap(differences, seed=4, draws=700) == bootstrap(differences, seed=4, draws=700)
    assert bootstrap([1, 0, 0, -1], seed=4) == bootstrap([0, 1, -1, 0], seed=4)
    low, high = bootstrap([1.0, 0.0, 0.0, 0.0], seed=2)
    assert 0 <= low <= 0.25 <= high <= 1


@pytest.mark.parametrize(
    ("differences", "interval"), [([], (0, 0)), ([0.5], (0.5, 0.5)), ([-1] * 9, (-1, -1))]
)
def test_a_bootstrap_of_what_cannot_vary(
    differences: list[float], interval: tuple[float, float]
) -> None:
    assert bootstrap(differences) == interval


def test_percentile_is_of_the_values() -> None:
    assert percentile([], 95) == 0.0
    assert percentile([3, 1, 2], 0) == 1
    assert percentile([3, 1, 2], 50) == 2
    assert percentile([3, 1, 2], 95) == 3
    assert percentile(list(range(1, 101)), 95) == 95
