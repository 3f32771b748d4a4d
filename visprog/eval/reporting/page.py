"""The report of an evaluation as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from visprog.eval.questions import Question
from visprog.eval.reporting import words
from visprog.eval.reporting.columns import columns, pairs, types
from visprog.eval.reporting.elements import chip, command, contents, document, facts, table, tiles
from visprog.eval.reporting.gallery import Gallery
from visprog.eval.reporting.markdown import models_of
from visprog.eval.reporting.plots import ROWS, Bar, bars, parts
from visprog.eval.results import Result
from visprog.render.elements import section, text
from visprog.show import describe
from visprog.trace import ABSTAINED, FAILED

OFFICIAL = ("binary", "open", "validity", "plausibility", "consistency")
BESIDE = "beside the other columns, on the same questions"
NAMES = {
    "accuracy_all": "accuracy over all",
    "mean_relative_accuracy": "mean relative accuracy",
    "mean_iou": "mean IoU",
}


def page(
    report: Mapping[str, Any],
    results: Mapping[str, Sequence[Result]],
    asked: Mapping[str, Question],
    images: Path,
) -> str:
    """The page of a report, as `make_report` gives it.

    Args:
        results: by column; `asked`: the questions by their ids; `images`: the folder of pictures.
    """
    main = results["program"]
    made = {
        "figures": ("Figures", _figures(report, main)),
        "columns": ("Columns side by side", columns(report)),
        "pairs": ("In pairs", pairs(report, results)),
        "types": ("Accuracy by type", types(report)),
        "without": ("Without an answer", _without(report)),
        "time": ("Where time goes", _time(report)),
        "misses": ("Misses", Gallery(results, asked, images).page(main)),
        "run": ("The run", _run(report)),
    }
    shown = {name: part for name, part in made.items() if part[1]}
    body = "".join(section(name, title, part) for name, (title, part) in shown.items())
    links = contents({name: title for name, (title, _) in shown.items()})
    return document(f"{report['task']}, evaluated", f"{_head(report)}{links}{body}")


def _head(report: Mapping[str, Any]) -> str:
    one = report["columns"]["program"]["scored"]
    balanced = 0 < report["n_balanced"] < report["n"]
    over = f"{one['n']:,} balanced questions" if balanced else f"{one['n']:,} questions"
    facts_of = [f"planner {report['planner']}", f"tools {report['tools']}"]
    first = "the first " if report.get("limit") else ""
    facts_of += [f"split {report['split']}"] if report.get("split") else []
    facts_of += [f"{first}{report['n']:,} questions"]
    facts_of += [f"protocol {report['protocol']}"] if report.get("protocol") else []
    facts_of += [f"shard {report['shard']}"] if report.get("shard") else []
    chips = "".join(chip(describe(fact, 120)) for fact in facts_of)
    stopped = chip(f"stopped {report['stopped']}", "bad") if "stopped" in report else ""
    worth = "".join(
        _worth(pair, report["columns"][pair["column"]]) for pair in report["comparisons"]
    )
    beside = f'<div class="worth"><h2>{BESIDE}</h2><ul>{worth}</ul></div>' if worth else ""
    return (
        f'<header class="hero"><p class="brand">visprog evaluation</p>'
        f'<h1 dir="auto">{text(describe(str(report["task"]), 80))}</h1>'
        f'<p class="chips">{chips}{stopped}</p>'
        f'<div class="split"><div class="score"><p class="label">accuracy</p>'
        f'<p class="big">{words.percent(report["metrics"]["accuracy"])}</p>'
        f"<p>95 %: {words.interval(one)}, over {over}</p></div>{beside}</div></header>"
    )


def _worth(pair: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """What programs are worth beside another column, in a sentence."""
    one = pair["scored"]
    kind = words.side(one)
    sign = {"good": "better than", "bad": "worse than"}.get(kind, "not told apart from")
    gap = f"{words.points(one['difference'])} points"
    without = other["status"][ABSTAINED] + other["status"][FAILED]
    silent = f"; it has no answer to {without:,} of {other['n']:,}" if without else ""
    return (
        f"<li>{chip(gap, kind)} <span>{sign} <b>{text(pair['column'])}</b>, 95 %: "
        f"{words.points_interval(one)}, p {text(words.probability(one['p']))}{silent}</span></li>"
    )


def _figures(report: Mapping[str, Any], main: Sequence[Result]) -> str:
    metrics = report["metrics"]
    made = [
        (words.percent(metrics[name]), NAMES.get(name, name), "")
        for name in (*OFFICIAL, *NAMES)
        if name in metrics and (name != "accuracy_all" or metrics[name] != metrics["accuracy"])
    ]
    if "distribution" in metrics:
        made.append((f"{metrics['distribution']:.3f}", "distribution", "lower is better"))
    if other := report.get("protocol_metrics"):
        name = f"accuracy as {other['normalisation']} compares"
        made.append((words.percent(other["accuracy"]), name, ""))
    wrong = sum(one.status not in (ABSTAINED, FAILED) and not one.correct for one in main)
    outcome = parts(
        (
            ("right", sum(one.correct for one in main), "good"),
            ("wrong", wrong, "bad"),
            ("abstained", sum(one.status == ABSTAINED for one in main), "doubt"),
            ("failed", sum(one.status == FAILED for one in main), "dark"),
        )
    )
    return f"{tiles(made)}<h3>What became of the questions</h3>{outcome}{tiles(_spent(report))}"


def _spent(report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    seconds, cost = report["seconds"], report["cost"]
    made = [
        (words.seconds(seconds["median"]), "median time", f"95th: {words.seconds(seconds['p95'])}"),
        (f"{cost['calls_a_question']:.1f}", "calls a question", f"{cost['calls']:,} in all"),
        (words.percent(cost["cached"]), "calls from the cache", ""),
        (words.percent(report["repaired"]["rate"]), "programs repaired", ""),
    ]
    if cost["tokens"]:
        each = f"{cost['tokens_a_question']:,.0f}"
        made.append((each, "tokens a question", f"{cost['tokens']:,} in all"))
    if cost["dollars"] != 0:
        each = words.dollars(cost["dollars_a_question"])
        made.append((each, "cost a question", f"{words.dollars(cost['dollars'])} in all"))
    if report["routed"]["n"]:
        direct, through = report["routed"], report["through_tools"]
        note = f"{words.percent(direct['accuracy'])} right; by tools "
        note += words.percent(through["accuracy"])
        made.append((f"{direct['n']:,}", "answered directly", note))
    return made


def _without(report: Mapping[str, Any]) -> str:
    kinds = [(kind, one) for kind, one in report["failures"].items() if one["rate"]]
    if not kinds:
        return '<p class="lead">Every question has an answer.</p>'
    plot = bars(
        (
            Bar(kind, one["rate"], one["low"], one["high"], words.of(one), kind=_shade(kind))
            for kind, one in sorted(kinds, key=lambda pair: -pair[1]["rate"])
        ),
        whole=False,
    )
    reasons = table(("most frequent reasons", "times"), report["reasons"].items())
    return f"{plot}{reasons}"


def _shade(kind: str) -> str:
    return "doubt" if kind == "abstained" else "dark"


def _time(report: Mapping[str, Any]) -> str:
    spent = [(name, n) for name, n in report["seconds"]["by_tool"].items() if n > 0]
    total = sum(n for _, n in spent)
    plot = bars(
        (
            Bar(name, n / total, note=f"{words.seconds(n)}, {words.percent(n / total)}")
            for name, n in spent[:ROWS]
        ),
        whole=False,
    )
    run = report["seconds"].get("run")
    whole = f" The run itself took {words.seconds(run)}." if run else ""
    note = "Seconds of the planner and of each tool\u2019s batches, all questions together."
    return f'<p class="lead">{note}{whole}</p>{plot}' if plot else ""


def _run(report: Mapping[str, Any]) -> str:
    versions = (report.get("versions") or {}).items()
    digests = (report.get("digests") or {}).items()
    sets = ("questions", "images", "scene_graphs", "choices")
    listed = facts(
        [
            ("versions", ", ".join(f"{name} {number}" for name, number in versions)),
            ("seed", report.get("seed", 0)),
            ("questions asked", f"{report['n']:,} of {report.get('n_questions', report['n']):,}"),
            ("digests", ", ".join(f"{name.replace('_', ' ')} {one}" for name, one in digests)),
            ("limit", report.get("limit")),
            ("protocol", report.get("protocol")),
            ("done without", ", ".join(report.get("ablate") or ())),
            ("shards", ", ".join(report.get("shards") or ())),
            *((name.replace("_", " "), report.get(name)) for name in sets),
        ]
    )
    models = table(("model", "revision", "licence", "words"), models_of(report), words=(0, 1, 2, 3))
    head = f"<h3>Models</h3>{models}" if models else ""
    return f"{command(report.get('command', ''))}{listed}{head}"
