"""The report of `visprog eval planner`: rates with their intervals, and every miss."""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visprog.eval.stats import percentile, share

if TYPE_CHECKING:
    from visprog.eval.planner import Result

MEASURES = ("parse", "check", "same", "equivalent")
NOTES = {
    "no reference": "the question has no program to compare with; it is in no rate",
    "no program": "the planner gave no program",
    "does not parse": "what it wrote is not in the language",
    "does not check": "its program does not fit the tools",
    "differs": "another answer on a scene graph",
    "undecided": "the same answers on all scene graphs, but the reference's varied too little to "
    "say more; counted as not equivalent",
    "opaque": "a scene graph knows no answer of the reference, and the texts differ; counted as "
    "not equivalent",
    "agrees": "another text, the same answers on all scene graphs",
    "same": "the same canonical text",
}


def planner_report(
    results: Sequence[Result], settings: Mapping[str, Any], wall: float
) -> dict[str, Any]:
    """The report: `parse`, `check`, `same`, `equivalent`, each {n, rate, low, high}.

    `verdicts`: how many questions came to what, as NOTES explains; `undecided`: how many of them
    scene graphs could not decide, which count as not equivalent; `operations`, `types`: the same
    rates for the questions with an operation, or of a type; `misses`: what is not equivalent.
    `wall`: the seconds of the whole run; those of a question are its planner's.
    """
    counted = [result for result in results if result.verdict != "no reference"]
    operations = _groups((name, result) for result in counted for name in result.operations)
    kinds = list(dict.fromkeys(kind for result in counted for kind in result.types))
    seconds = [result.seconds for result in counted]
    return {
        "task": "planner",
        **settings,
        "n": len(results),
        **_rates(counted),
        "verdicts": dict(Counter(result.verdict for result in results)),
        "undecided": sum(not result.decided for result in counted),
        "no_reference": _without(results),
        "seconds": {
            "median": round(statistics.median(seconds), 4) if seconds else 0.0,
            "p95": round(percentile(seconds, 95), 4),
            "run": round(wall, 3),
        },
        "operations": operations,
        "types": {
            kind: _groups((r.types[kind], r) for r in counted if kind in r.types) for kind in kinds
        },
        "misses": [_miss(result) for result in counted if not result.equivalent],
    }


def _rates(results: Sequence[Result]) -> dict[str, dict[str, float | int]]:
    return {name: share([getattr(result, name) for result in results]) for name in MEASURES}


def _groups(pairs: Iterable[tuple[str, Result]]) -> dict[str, Any]:
    grouped: dict[str, list[Result]] = defaultdict(list)
    for name, result in pairs:
        grouped[name].append(result)
    return {name: _rates(grouped[name]) for name in sorted(grouped)}


def _without(results: Sequence[Result]) -> dict[str, Any]:
    reasons = [r.reason.splitlines()[0] for r in results if r.verdict == "no reference"]
    return {"n": len(reasons), "reasons": dict(Counter(reasons))}


def _miss(result: Result) -> dict[str, Any]:
    names = ("id", "question", "reference", "program", "verdict", "decided", "reason", "difference")
    return {name: getattr(result, name) for name in names}


def write_planner_report(report: Mapping[str, Any], out: Path) -> None:
    """Write `report.json` and `report.md` into a folder."""
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
    (out / "report.md").write_text(_markdown(report), encoding="utf-8")


def figures(report: Mapping[str, Any]) -> str:
    """The rates of a report as lines to print."""
    lines = [f"{name:11}{_told(report[name])}" for name in MEASURES]
    seconds = report["seconds"]
    return "\n".join(
        [
            *lines,
            "verdicts   " + ", ".join(f"{name} {n}" for name, n in report["verdicts"].items()),
            f"seconds    median {seconds['median']:.2f}, p95 {seconds['p95']:.2f} a question",
        ]
    )


def _told(share: Mapping[str, Any]) -> str:
    rate, low, high = (100 * share[name] for name in ("rate", "low", "high"))
    return f"{rate:5.1f} %  ({low:.1f} to {high:.1f}), of {share['n']}"


def _markdown(report: Mapping[str, Any]) -> str:
    lines = [
        f"# planner {report['planner']}, tools {report['tools']}",
        "",
        f"{report['n']} questions of `{report['questions']}`. Programs of different text were run "
        f"on {report['graphs']} random scene graphs (seed {report['seed']}). Intervals: Wilson, "
        "95 %.",
        *([f"Stopped {report['stopped']}."] if "stopped" in report else []),
        "",
        "| measure | questions | rate | from | to |",
        "|---|---|---|---|---|",
        *(_row(name, report[name]) for name in MEASURES),
        "",
        "| verdict | questions | |",
        "|---|---|---|",
        *(f"| {name} | {n} | {NOTES.get(name, '')} |" for name, n in report["verdicts"].items()),
        "",
        f"Seconds a question: median {report['seconds']['median']:.3f}, 95 % within "
        f"{report['seconds']['p95']:.3f}; the whole run {report['seconds']['run']:.0f}.",
    ]
    for title, groups in [("operation", report["operations"]), *report["types"].items()]:
        lines += _table(title, groups)
    if report["no_reference"]["n"]:
        lines += ["", "| reason for no reference | questions |", "|---|---|"]
        reasons = report["no_reference"]["reasons"].items()
        lines += [f"| {_cell(reason)} | {n} |" for reason, n in reasons]
    for miss in report["misses"]:
        lines += _section(miss)
    return "\n".join(lines) + "\n"


def _row(name: str, share: Mapping[str, Any]) -> str:
    rates = " | ".join(f"{share[key]:.3f}" for key in ("rate", "low", "high"))
    return f"| {_cell(name)} | {share['n']} | {rates} |"


def _table(title: str, groups: Mapping[str, Any]) -> list[str]:
    return [
        "",
        f"| {title} | questions | parse | check | same | equivalent | from | to |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {_cell(name)} | {rates['parse']['n']} | "
            + " | ".join(f"{rates[measure]['rate']:.3f}" for measure in MEASURES)
            + f" | {rates['equivalent']['low']:.3f} | {rates['equivalent']['high']:.3f} |"
            for name, rates in groups.items()
        ),
    ]


def _section(miss: Mapping[str, Any]) -> list[str]:
    """A miss as people read it."""
    found = miss["difference"]
    lines = [*miss["reference"].splitlines(), "# written:"]
    lines += miss["program"].splitlines() or ["# nothing"]
    if miss["reason"]:
        lines += [f"# {line}" for line in miss["reason"].splitlines()]
    if found:
        lines += [f"# answers: {_short(found['reference'])}; written: {_short(found['program'])}"]
        for name, graph in found["graph"].items():
            lines += [f"# {name}: {_place(graph)}"]
            lines += [f"#   {_thing(key, thing)}" for key, thing in graph["objects"].items()]
    title = ["", f"## {_cell(miss['question'])}", "", f"{miss['id']}: {miss['verdict']}", ""]
    return [*title, *(f"    {line}" for line in lines)]


def _place(graph: Mapping[str, Any]) -> str:
    return f"{graph['width']}x{graph['height']}, {graph['location']}, {graph['weather']}"


def _thing(key: str, thing: Mapping[str, Any]) -> str:
    edges = [f"{edge['name']} {edge['object']}" for edge in thing["relations"]]
    box = ", ".join(str(thing[side]) for side in "xywh")
    return f"{key} {thing['name']} ({box}) {'; '.join([*thing['attributes'], *edges])}"


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
