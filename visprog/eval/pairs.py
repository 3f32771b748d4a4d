"""Two ways to answer the same questions, in pairs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from visprog.eval.results import Result
from visprog.eval.stats import bootstrap, mcnemar

WITHOUT = ("vqa", "blind")  # the columns that go without tools


def compared(first: Sequence[Result], second: Sequence[Result], seed: int = 0) -> dict[str, Any]:
    """How two answer the same questions: `difference` of their accuracies (first less second) with
    its interval, how many only one of them has right, and McNemar's p."""
    others = {result.id: result.correct for result in second}
    hits = [(one.correct, others[one.id]) for one in first if one.id in others]
    differences = [float(a) - float(b) for a, b in hits]
    low, high = bootstrap(differences, seed)
    only = (sum(a and not b for a, b in hits), sum(b and not a for a, b in hits))
    return {
        "n": len(hits),
        "difference": round(statistics.fmean(differences), 6) if differences else 0.0,
        "low": round(low, 6),
        "high": round(high, 6),
        "only_first": only[0],
        "only_second": only[1],
        "p": mcnemar(*only),
    }


def tool_sets(results: Mapping[str, Sequence[Result]]) -> dict[str, list[str]]:
    """Ids of what is right with tools and in no column that goes without, and the reverse; of the
    questions that a column without tools has answers to."""
    without = [results[name] for name in WITHOUT if name in results]
    else_right = {result.id for made in without for result in made if result.correct}
    known = {result.id for made in without for result in made}
    main = [result for result in results["program"] if result.id in known]
    return {
        "solved_only_with_tools": [r.id for r in main if r.correct and r.id not in else_right],
        "broken_by_tools": [r.id for r in main if not r.correct and r.id in else_right],
    }
