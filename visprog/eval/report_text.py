"""The report of an evaluation as a short Markdown page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HEADS = {"types": "type", "structural": "structural type", "semantic": "semantic type"}


def markdown(report: Mapping[str, Any]) -> str:
    """The page of a report, as `make_report` gives it."""
    drawn = f" Drawn by the protocol {report['protocol']}." if report.get("protocol") else ""
    lines = [
        f"# {report['task']}: planner {report['planner']}, tools {report['tools']}",
        "",
        f"{report['n']} questions ({report['n_balanced']} balanced) of "
        f"`{report.get('questions', '')}`.{drawn}",
        *([f"Stopped {report['stopped']}."] if "stopped" in report else []),
        "",
        "| metric | value |",
        "|---|---|",
        *(f"| {name} | {_number(value)} |" for name, value in report["metrics"].items()),
        *(f"| {name} | {one['rate']:.3f} |" for name, one in report["status"].items()),
        *(
            f"| failed: {name} | {one['rate']:.3f} |"
            for name, one in report["failures"].items()
            if one["rate"] and name not in report["status"]
        ),
        f"| repaired | {report['repaired']['rate']:.3f} |",
        *(
            f"| seconds, {name} | {_number(value)} |"
            for name, value in report["seconds"].items()
            if name != "by_tool"
        ),
        *(f"| {name.replace('_', ' ')} | {_number(n)} |" for name, n in report["cost"].items()),
        *_columns(report),
        *markdown_table(
            ("answered", "questions", "right", "accuracy"),
            [
                _way("by the model directly", report["routed"]),
                _way("through tools", report["through_tools"]),
            ],
        ),
    ]
    for key, head in HEADS.items():
        rows = [(name, n["n"], f"{n['rate']:.3f}", _range(n)) for name, n in report[key].items()]
        if any(name for name, *_ in rows):
            lines += markdown_table((head, "questions", "right", "95 %"), rows)
    if report["reasons"]:
        lines += markdown_table(("reason for no answer", "times"), list(report["reasons"].items()))
    if report.get("models"):
        rows = [
            (word, made["id"], made["revision"] or "-", made["licence"])
            for word, made in report["models"].items()
        ]
        lines += markdown_table(("word", "model", "revision", "licence"), rows)
    lines += ["", f"Made by `{report.get('command', '')}`."]
    return "\n".join(lines) + "\n"


def _columns(report: Mapping[str, Any]) -> list[str]:
    pairs = {one["column"]: one for one in report["comparisons"]}
    rows: list[Sequence[Any]] = []
    for name, one in report["columns"].items():
        pair = pairs.get(name)
        rows.append(
            (
                name,
                one["about"],
                f"{one['rate']:.3f}",
                _range(one),
                f"{one['status']['abstained']} + {one['status']['failed']}",
                f"{pair['difference']:+.3f} ({pair['low']:+.3f} to {pair['high']:+.3f})"
                if pair
                else "",
                f"{pair['p']:.2g}" if pair else "",
            )
        )
    rows += [(name, why, "-", "", "", "", "") for name, why in report["unavailable"].items()]
    heads = ("column", "what answers", "right", "95 %", "abstained + failed")
    return markdown_table((*heads, "program less this", "McNemar p"), rows)


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    rule = "|" + "---|" * len(heads)
    return ["", _row(heads), rule, *map(_row, rows)]


def _row(cells: Sequence[Any]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _way(name: str, counted: Mapping[str, Any]) -> tuple[Any, ...]:
    known = counted["accuracy"]
    rate = "none" if known is None else f"{known:.3f}"
    return name, counted["n"], counted["correct"], rate


def _range(one: Mapping[str, Any]) -> str:
    return f"{one['low']:.3f} to {one['high']:.3f}"


def _number(value: Any) -> str:
    return "not computed" if value is None else f"{value:.3f}"
