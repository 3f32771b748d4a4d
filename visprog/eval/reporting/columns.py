"""The columns of an evaluation beside each other, in pairs, and by type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from visprog.eval.reporting import words
from visprog.eval.reporting.elements import table
from visprog.eval.reporting.plots import Bar, bars, colour, differences, groups, legend
from visprog.eval.results import Result
from visprog.render.elements import details, left_out, text
from visprog.show import describe

LISTED = 100  # questions of a set


def columns(report: Mapping[str, Any]) -> str:
    """Accuracy of each column, what it took, and the columns that were not measured."""
    plot = bars(
        Bar(
            name,
            one["scored"]["rate"],
            one["scored"]["low"],
            one["scored"]["high"],
            words.of(one["scored"]),
            one["about"],
            colour(place),
        )
        for place, (name, one) in enumerate(report["columns"].items())
    )
    spent = [one["cost"] for one in report["columns"].values()]
    paid = any(cost["tokens"] or cost["dollars"] != 0 for cost in spent)
    rows = [
        (
            name,
            words.percent(one["rate"]),
            one["status"]["abstained"],
            one["status"]["failed"],
            one["repaired"],
            f"{one['cost']['calls_a_question']:.1f}",
            words.percent(one["cost"]["cached"]),
            words.seconds(one["seconds"]["mean"]),
            *(_paid(one["cost"]) if paid else ()),
        )
        for name, one in report["columns"].items()
    ]
    heads = ("column", "right of all", "abstained", "failed", "repaired", "calls each", "cached")
    more = ("time each", *(("tokens each", "cost each") if paid else ()))
    costs = table((*heads, *more), rows)
    unmeasured = list((report.get("unavailable") or {}).items())
    absent = table(("not measured", "why"), unmeasured, words=(0, 1))
    return f"{plot}<h3>What each took</h3>{costs}{f'<h3>Left out</h3>{absent}' if absent else ''}"


def _paid(cost: Mapping[str, Any]) -> tuple[str, str]:
    """What language models took for a question."""
    tokens = f"{cost['tokens_a_question']:,.0f}"
    return tokens, words.dollars(cost["dollars_a_question"])


def pairs(report: Mapping[str, Any], results: Mapping[str, Sequence[Result]]) -> str:
    """The column of programs less each other column, and what tools solve and break."""
    plot = differences(
        Bar(
            f"program less {pair['column']}",
            one["difference"],
            one["low"],
            one["high"],
            f"{words.points(one['difference'])} points",
            kind=words.side(one) or "soft",
        )
        for pair in report["comparisons"]
        if (one := pair["scored"])
    )
    rows = [
        (
            f"program less {pair['column']}",
            f"{one['n']:,}",
            words.points(one["difference"]),
            words.points_interval(one),
            one["only_first"],
            one["only_second"],
            words.probability(one["p"]),
        )
        for pair in report["comparisons"]
        if (one := pair["scored"])
    ]
    heads = ("in points", "questions", "difference", "95 %", "only program right", "only it right")
    sets = ""
    if any(name in report["columns"] for name in ("vqa", "blind")):
        sets = _set("Solved only with tools", report["solved_only_with_tools"], results)
        sets += _set("Broken by tools", report["broken_by_tools"], results)
    shown = table((*heads, "McNemar p"), rows)
    return f'{plot}{shown}<div class="folds">{sets}</div>' if rows else ""


def _set(name: str, ids: Sequence[str], results: Mapping[str, Sequence[Result]]) -> str:
    """The questions of a set, folded: what each column answered."""
    shown = set(ids[:LISTED])
    tables = {
        column: {one.id: one for one in made if one.id in shown}
        for column, made in results.items()
        if column in ("program", "vqa", "blind")
    }
    rows = []
    for one in (tables["program"][name] for name in ids[:LISTED]):
        its = (table.get(one.id) for table in tables.values())
        answers = (_said(other) if other else "" for other in its)
        rows.append((one.id, describe(one.question, 160), describe(one.truth, 60), *answers))
    heads = ("id", "question", "truth", *tables)
    listed = table(heads, rows, words=range(len(heads)))
    head = f"{text(name)} <span class='count'>{len(ids):,}</span>"
    return details(head, listed + left_out(len(ids), LISTED, "questions"), kind="fold")


def _said(result: Result) -> str:
    return describe(result.answer, 60) if result.status == "answered" else result.status


def types(report: Mapping[str, Any]) -> str:
    """Accuracy by GQA's types, of all columns."""
    names = list(report["columns"])
    made = legend(names) if len(names) > 1 else ""
    made += _by(report, "structural", "Structural type")
    made += _by(report, "semantic", "Semantic type")
    if not made:
        return ""
    return made + _by(report, "types", "Detailed type")


def _by(report: Mapping[str, Any], key: str, head: str) -> str:
    """Accuracy by a type, of all columns side by side; the most frequent types first."""
    named = {name: one for name, one in report[key].items() if name}
    if not named:
        return ""
    rows = []
    for name, one in sorted(named.items(), key=lambda pair: -pair[1]["n"]):
        its = [
            Bar(column, of["rate"], of["low"], of["high"], kind=colour(place))
            for place, (column, made) in enumerate(report["columns"].items())
            if (of := made[key].get(name))
        ]
        rows.append((name, words.of(one), its))
    return f"<h3>{head}</h3>{groups(rows)}"
