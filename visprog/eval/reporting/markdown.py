"""The report of an evaluation as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from visprog.show import printable

HEADS = {"structural": "structural type", "semantic": "semantic type", "types": "type"}
LISTED = 200  # rows of a table


def markdown(report: Mapping[str, Any]) -> str:
    """The page of a report, as `make_report` gives it."""
    lines = [
        *_head(report),
        *_figures(report),
        *_columns(report),
        *_comparisons(report),
        *table(
            ("answered", "questions", "right", "accuracy"),
            [
                _way("by the model directly", report["routed"]),
                _way("through tools", report["through_tools"]),
            ],
        ),
        *_types(report),
        *_spent(report),
        *_models(report),
        *_run(report),
    ]
    return "\n".join(lines) + "\n"


def _head(report: Mapping[str, Any]) -> list[str]:
    how = "Drawn" if "drawn" in report else "Compared"
    by = f" {how} by the protocol {plain(report['protocol'])}." if report.get("protocol") else ""
    title = f"{report['task']}: planner {report['planner']}, tools {report['tools']}"
    read = f" of `{plain(report['questions'])}`" if report.get("questions") else ""
    made = [
        f"# {plain(title)}",
        "",
        f"{report['n']} questions ({report['n_balanced']} balanced){read}.{by}",
    ]
    return [*made, f"Stopped {plain(report['stopped'])}."] if "stopped" in report else made


def _figures(report: Mapping[str, Any]) -> list[str]:
    rows: list[Sequence[Any]] = [(name, number(n)) for name, n in report["metrics"].items()]
    if other := report.get("protocol_metrics"):
        rows.append((f"accuracy as {other['normalisation']} compares", number(other["accuracy"])))
    rows += [(name, number(one["rate"])) for name, one in report["status"].items()]
    rows += [
        (f"failed: {name}", number(one["rate"]))
        for name, one in report["failures"].items()
        if one["rate"] and name not in report["status"]
    ]
    rows.append(("repaired", number(report["repaired"]["rate"])))
    rows += [
        (f"seconds, {name}", number(value))
        for name, value in report["seconds"].items()
        if name != "by_tool"
    ]
    rows += [(name.replace("_", " "), _count(n)) for name, n in report["cost"].items()]
    return table(("metric", "value"), rows)


def _columns(report: Mapping[str, Any]) -> list[str]:
    rows: list[Sequence[Any]] = [
        (
            name,
            one["about"],
            number(one["scored"]["rate"]),
            span(one["scored"]),
            one["scored"]["n"],
            *([number(one["rate"])] if _some_unscored(report) else []),
            one["status"]["abstained"],
            one["status"]["failed"],
            number(one["cost"]["calls_a_question"]),
            number(one["seconds"]["mean"]),
        )
        for name, one in report["columns"].items()
    ]
    heads = ["column", "what answers", "accuracy", "95 %", "questions"]
    heads += ["over all"] if _some_unscored(report) else []
    heads += ["abstained", "failed", "calls", "seconds"]
    made = table(heads, rows)
    absent = list((report.get("unavailable") or {}).items())
    return [*made, *table(("not measured", "why"), absent)]


def _some_unscored(report: Mapping[str, Any]) -> bool:
    return bool(0 < report["n_balanced"] < report["n"])


def _comparisons(report: Mapping[str, Any]) -> list[str]:
    rows = [
        (
            one["column"],
            f"{one['scored']['difference']:+.3f}",
            f"{one['scored']['low']:+.3f} to {one['scored']['high']:+.3f}",
            one["scored"]["only_first"],
            one["scored"]["only_second"],
            f"{one['scored']['p']:.2g}",
        )
        for one in report["comparisons"]
    ]
    heads = ("program less", "difference", "95 %", "only program", "only it", "McNemar p")
    made = table(heads, rows)
    if any(name in report["columns"] for name in ("vqa", "blind")):
        made += [
            "",
            f"Solved only with tools: {len(report['solved_only_with_tools'])}. "
            f"Broken by tools: {len(report['broken_by_tools'])}.",
        ]
    return made


def _types(report: Mapping[str, Any]) -> list[str]:
    made: list[str] = []
    for key, head in HEADS.items():
        rows = [(name, n["n"], number(n["rate"]), span(n)) for name, n in report[key].items()]
        if any(name for name, *_ in rows):
            made += table((head, "questions", "right", "95 %"), rows)
    return made


def _spent(report: Mapping[str, Any]) -> list[str]:
    spent = [(name, number(n)) for name, n in report["seconds"]["by_tool"].items() if n > 0]
    reasons = table(("reason for no answer", "times"), list(report["reasons"].items()))
    return [*table(("seconds of", "in all"), spent), *reasons]


def models_of(report: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """What did the work: (id, revision, licence, the words that it serves)."""
    serving: dict[tuple[str, str, str], list[str]] = {}
    for word, made in (report.get("models") or {}).items():
        model = (made.get("id", ""), made.get("revision") or "-", made.get("licence") or "-")
        serving.setdefault(model, []).append(word)
    return [(*model, ", ".join(words)) for model, words in serving.items()]


def _models(report: Mapping[str, Any]) -> list[str]:
    return table(("model", "revision", "licence", "words"), models_of(report))


def _run(report: Mapping[str, Any]) -> list[str]:
    versions = ", ".join(f"{name} {n}" for name, n in (report.get("versions") or {}).items())
    made = ["", f"Seed {report.get('seed', 0)}. {plain(versions)}".rstrip() + "."]
    if not report.get("command"):
        return made
    shown = printable(report["command"]).replace("```", "` ` `")
    return [*made, "", "```sh", *shown.splitlines(), "```"]


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """A table as lines, an empty one before them; none of no rows."""
    each = list(rows)
    if not each:
        return []
    more = f"... and {len(each) - LISTED} more" if len(each) > LISTED else ""
    rule = "|" + "---|" * len(heads)
    made = ["", _row(heads), rule, *map(_row, each[:LISTED])]
    return [*made, "", more] if more else made


def _row(cells: Iterable[Any]) -> str:
    return "| " + " | ".join(plain(str(cell)) for cell in cells) + " |"


def plain(text: str) -> str:
    """A text on one line that Markdown takes for no markup, nor for the end of a cell."""
    line = " ".join(printable(text).split())
    for sign, shown in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|")):
        line = line.replace(sign, shown)
    return line


def _way(name: str, counted: Mapping[str, Any]) -> tuple[Any, ...]:
    known = counted["accuracy"]
    return name, counted["n"], counted["correct"], "none" if known is None else number(known)


def span(one: Mapping[str, Any]) -> str:
    return f"{number(one['low'])} to {number(one['high'])}"


def number(value: float | None) -> str:
    return "not computed" if value is None else f"{value:.3f}"


def _count(value: float | None) -> str:
    if value is None:
        return "not known"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
