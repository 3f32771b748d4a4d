"""The reports of an evaluation: what came of its columns, beside each other and in pairs.

Fractions are 0 to 1. Those in `metrics` are not rounded; `official`, of the tasks that have such
figures, is in percent, as GQA's own script prints it. Intervals hold 95 %: Wilson's for shares,
bootstrap for paired differences.
"""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from visprog.eval.metrics import (
    SCRIPTED,
    Choices,
    Figures,
    Share,
    official,
    together,
    vipergpt_right,
)
from visprog.eval.pairs import compared, tool_sets
from visprog.eval.questions import Question
from visprog.eval.results import FAILURES, Result
from visprog.eval.stats import percentile, share
from visprog.trace import ABSTAINED, ANSWERED, DIRECT, FAILED

STATUSES = (ANSWERED, ABSTAINED, FAILED)
REASONS = 10  # the most frequent reasons that a report shows
REASON = 300  # characters of one
DIGITS = 6  # of shares, so that a page that rounds them to three rounds them rightly
VIPERGPT = "vipergpt"
PROGRAM = "program"


def write_report(
    about: Mapping[str, Any],
    asked: Sequence[Question],
    results: Mapping[str, Sequence[Result]],
    choices: Choices | None,
    images: Path,
    out: Path,
) -> dict[str, Any]:
    """Write `report.json`, `report.md` and `report.html` into a folder, and give the report.

    Args:
        about: what the run says of itself; `results`: by column, that of programs among them.
        images: the folder of the pictures, of which the page shows some.
    """
    from visprog.eval.reporting.markdown import markdown
    from visprog.eval.reporting.page import page

    report = make_report(about, asked, results, choices)
    text = json.dumps(report, indent=2, ensure_ascii=False)
    by_id = {question.id: question for question in asked}
    html = page(report, results, by_id, images)
    for name, made in (("json", text + "\n"), ("md", markdown(report)), ("html", html)):
        (out / f"report.{name}").write_text(made, encoding="utf-8", errors="replace")
    return report


def make_report(
    about: Mapping[str, Any],
    asked: Sequence[Question],
    results: Mapping[str, Sequence[Result]],
    choices: Choices | None = None,
) -> dict[str, Any]:
    """The report of a run.

    `metrics` are of the column of programs: `accuracy` is that of GQA, over the balanced questions,
    where there are such, else over all; `accuracy_all` is over all. `columns`, `comparisons` and
    the tables by type are over all; `scored` in them is over the questions of `accuracy`. `routed`,
    `through_tools`: of the questions that the planner's model answered directly, and of all others.
    The seconds of a question are what its planner and the batches of its calls took, which
    questions may share.
    """
    main = results[PROGRAM]
    seed = int(about.get("seed") or 0)
    figures = {name: _figures(about, asked, made, choices) for name, made in results.items()}
    return {
        **about,
        "n": len(main),
        "n_balanced": sum(result.balanced for result in main),
        **figures[PROGRAM],
        **_protocol(about, main),
        "status": {name: _share([r.status == name for r in main]) for name in STATUSES},
        "failures": {kind: _share([r.failure == kind for r in main]) for kind in FAILURES},
        "repaired": _share([r.repaired > 0 for r in main]),
        "routed": _accuracy([r.correct for r in main if r.mode == DIRECT]),
        "through_tools": _accuracy([r.correct for r in main if r.mode != DIRECT]),
        **_tables(main),
        "steps": _by(main, lambda result: result.steps),
        "words": _by(main, lambda result: result.words),
        "seconds": {**_seconds(main), "run": about.get("run_seconds"), "by_tool": _by_tool(main)},
        "cost": _cost(main),
        "reasons": dict(_reasons(main).most_common(REASONS)),
        "columns": {
            name: {**_column(name, made, about), **figures[name]} for name, made in results.items()
        },
        "comparisons": [
            {
                "column": name,
                **compared(main, made, seed),
                "scored": compared(_scored(main), _scored(made), seed),
            }
            for name, made in results.items()
            if name != PROGRAM
        ],
        **tool_sets(results),
    }


def _share(hits: Sequence[bool]) -> dict[str, float | int]:
    return share(hits, DIGITS)


def _scored(results: Sequence[Result]) -> Sequence[Result]:
    """Those that `accuracy` is over: the balanced ones, or all where none is."""
    return [result for result in results if result.balanced] or results


def _figures(
    about: Mapping[str, Any],
    asked: Sequence[Question],
    results: Sequence[Result],
    choices: Choices | None,
) -> dict[str, Any]:
    """`metrics`, and `official` of a task that has such figures: not of questions drawn from it."""
    done = {result.id: result.prediction for result in results}
    known = [question for question in asked if question.id in done]
    scripted = about.get("task") in SCRIPTED and any(one.balanced for one in known)
    made = official(known, done, choices) if scripted else None
    groups = together(known, {result.id: result.correct for result in results})
    metrics = _metrics(results, made) | {name: one.rate for name, one in groups.items()}
    if made is None or "drawn" in about:
        return {"metrics": metrics}
    return {"metrics": metrics, "official": made.to_json()}


def _metrics(results: Sequence[Result], figures: Figures | None) -> dict[str, float | None]:
    made: dict[str, float | None] = {
        "accuracy": Share.of([result.correct for result in _scored(results)]).rate,
        "accuracy_all": Share.of([result.correct for result in results]).rate,
    }
    if figures is not None:
        made["accuracy"] = figures.accuracy.rate
        for name in ("binary", "open", "validity", "plausibility", "consistency"):
            one: Share | None = getattr(figures, name)
            if one is not None and one.n:
                made[name] = one.rate
        if figures.distribution is not None:
            made["distribution"] = figures.distribution
    if any(result.balanced for result in results):
        made["accuracy_balanced"] = made["accuracy"]
    for name in ("valid", "plausible"):  # over all questions, also those that are not balanced
        known = [bool(value) for r in results if (value := getattr(r, name)) is not None]
        if known:
            made[name] = statistics.fmean(known)
    numbers = [result.score for result in results if result.kind == "float"]
    if numbers:
        made["mean_relative_accuracy"] = statistics.fmean(numbers)
    overlaps = [result.iou for result in results if result.iou is not None]
    if overlaps:
        made["mean_iou"] = statistics.fmean(overlaps)
        made["accuracy_iou_50"] = statistics.fmean(overlap >= 0.5 for overlap in overlaps)
    return made


def _protocol(about: Mapping[str, Any], results: Sequence[Result]) -> dict[str, Any]:
    """What another work would count, where the run was made by its protocol."""
    if about.get("protocol") != VIPERGPT:
        return {}
    hits = [vipergpt_right(r.prediction, r.truth) for r in results if r.balanced]
    return {"protocol_metrics": {"normalisation": VIPERGPT, "accuracy": Share.of(hits).rate}}


def _accuracy(hits: Sequence[bool]) -> dict[str, float | int | None]:
    """{n, correct, accuracy}; the accuracy of no questions is None."""
    known = round(sum(hits) / len(hits), 4) if hits else None
    return {"n": len(hits), "correct": sum(hits), "accuracy": known}


def _tables(results: Sequence[Result]) -> dict[str, Any]:
    """Accuracy by GQA's types."""
    return {
        "types": _by(results, lambda result: result.detailed),
        "structural": _by(results, lambda result: result.structural),
        "semantic": _by(results, lambda result: result.semantic),
    }


def _by(
    results: Iterable[Result], key: Callable[[Result], str | int]
) -> dict[str, dict[str, float | int]]:
    table: dict[str | int, list[bool]] = defaultdict(list)
    for result in results:
        table[key(result)].append(result.correct)
    return {str(name): _share(table[name]) for name in sorted(table)}


def _seconds(results: Sequence[Result]) -> dict[str, float]:
    """Of a question."""
    seconds = [result.seconds for result in results] or [0.0]
    return {
        "median": round(statistics.median(seconds), 4),
        "mean": round(statistics.fmean(seconds), 4),
        "p95": round(percentile(seconds, 95), 4),
    }


def _by_tool(results: Iterable[Result]) -> dict[str, float]:
    """Seconds by what took them, the most first: the planner, and each tool."""
    spent: Counter[str] = Counter()
    for result in results:
        spent.update({"planner": result.plan_seconds, **result.tools})
    return {name: round(n, 3) for name, n in sorted(spent.items(), key=lambda pair: -pair[1])}


def _cost(results: Sequence[Result]) -> dict[str, Any]:
    """What the answers took; `dollars` is None where a price is not known."""
    n, calls = len(results) or 1, sum(result.calls for result in results)
    tokens = sum(result.tokens for result in results)
    costs = [result.cost for result in results if result.cost is not None]
    dollars = sum(costs) if len(costs) == len(results) else None
    return {
        "calls": calls,
        "calls_a_question": round(calls / n, 3),
        "cached": round(sum(result.cached for result in results) / calls, 4) if calls else 0.0,
        "tokens": tokens,
        "tokens_a_question": round(tokens / n, 1),
        "dollars": None if dollars is None else round(dollars, 6),
        "dollars_a_question": None if dollars is None else round(dollars / n, 8),
    }


def _reasons(results: Iterable[Result]) -> Counter[str]:
    lines = (result.reason.strip().partition("\n")[0] for result in results)
    return Counter(line[:REASON] for line in lines if line)


def _column(name: str, results: Sequence[Result], about: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "about": (about.get("about") or {}).get(name, ""),
        **_share([result.correct for result in results]),
        "scored": _share([result.correct for result in _scored(results)]),
        "status": {one: sum(r.status == one for r in results) for one in STATUSES},
        "failures": dict(Counter(r.failure for r in results if r.failure)),
        "repaired": sum(result.repaired > 0 for result in results),
        "seconds": _seconds(results),
        "cost": _cost(results),
        **_tables(results),
    }
