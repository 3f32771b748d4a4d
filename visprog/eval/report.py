"""Reports: rates with their counts, times, and the same as a short Markdown page."""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visprog.trace import DIRECT

if TYPE_CHECKING:
    from visprog.eval.gqa import Result

STATUSES = ("answered", "abstained", "failed")
REASONS = 10  # the most frequent reasons that a report shows


def rate(hits: Sequence[bool]) -> dict[str, float | int]:
    """{n, rate}: how many there are and the fraction that is true."""
    return {"n": len(hits), "rate": round(sum(hits) / len(hits), 4) if hits else 0.0}


def accuracy(hits: Sequence[bool]) -> dict[str, float | int | None]:
    """{n, correct, accuracy}; the accuracy of no questions is None."""
    known = round(sum(hits) / len(hits), 4) if hits else None
    return {"n": len(hits), "correct": sum(hits), "accuracy": known}


def gqa_report(
    results: Sequence[Result], settings: Mapping[str, Any], wall: float
) -> dict[str, Any]:
    """The report of a GQA run: `metrics` (fractions), `status`, `types`, `seconds`, `reasons`.

    `routed`, `through_tools`: of the questions that the planner's model answered directly, and of
    all others, {n, correct, accuracy}; the metrics are of both together. `wall`: the seconds of the
    whole run; those of a question are what its planner and the batches of its calls took, which
    questions may share.
    """
    types: dict[str, list[bool]] = defaultdict(list)
    for result in results:
        types[result.type].append(result.correct)
    balanced = [result.correct for result in results if result.balanced]
    metrics: dict[str, float] = {"accuracy": rate([r.correct for r in results])["rate"]}
    if balanced:
        metrics["accuracy_balanced"] = rate(balanced)["rate"]
    for name in ("valid", "plausible"):
        known = [bool(value) for r in results if (value := getattr(r, name)) is not None]
        if known:
            metrics[name] = rate(known)["rate"]
    overlaps = [result.iou for result in results if result.iou is not None]
    if overlaps:
        metrics["mean_iou"] = round(statistics.fmean(overlaps), 4)
    seconds = [result.seconds for result in results]
    reasons = Counter(r.reason.splitlines()[0] for r in results if r.reason)
    return {
        "task": "gqa",
        **settings,
        "n": len(results),
        "n_balanced": len(balanced),
        "metrics": metrics,
        "status": {name: rate([r.status == name for r in results]) for name in STATUSES},
        "routed": accuracy([r.correct for r in results if r.mode == DIRECT]),
        "through_tools": accuracy([r.correct for r in results if r.mode != DIRECT]),
        "types": {name: rate(hits) for name, hits in sorted(types.items())},
        "seconds": {
            "median": round(statistics.median(seconds), 4),
            "mean": round(statistics.fmean(seconds), 4),
            "run": round(wall, 3),
        },
        "reasons": dict(reasons.most_common(REASONS)),
    }


def write_report(report: Mapping[str, Any], out: Path) -> None:
    """Write `report.json` and `report.md` into a folder."""
    text = json.dumps(report, indent=2, ensure_ascii=False)
    (out / "report.json").write_text(text + "\n", encoding="utf-8")
    (out / "report.md").write_text(_markdown(report), encoding="utf-8")


def _markdown(report: Mapping[str, Any]) -> str:
    lines = [
        f"# {report['task']}: planner {report['planner']}, tools {report['tools']}",
        "",
        f"{report['n']} questions ({report['n_balanced']} balanced) of `{report['questions']}`.",
        *([f"Stopped {report['stopped']}."] if "stopped" in report else []),
        "",
        "| metric | value |",
        "|---|---|",
        *(f"| {name} | {value:.3f} |" for name, value in report["metrics"].items()),
        *(f"| {name} | {share['rate']:.3f} |" for name, share in report["status"].items()),
        *(f"| seconds, {name} | {value:.3f} |" for name, value in report["seconds"].items()),
        "",
        "| answered | questions | right | accuracy |",
        "|---|---|---|---|",
        _way("by the model directly", report["routed"]),
        _way("through tools", report["through_tools"]),
        "",
        "| type | questions | right |",
        "|---|---|---|",
        *(
            f"| {name} | {hits['n']} | {hits['rate']:.3f} |"
            for name, hits in report["types"].items()
        ),
    ]
    if report["reasons"]:
        lines += ["", "| reason for no answer | times |", "|---|---|"]
        lines += [f"| {_cell(reason)} | {n} |" for reason, n in report["reasons"].items()]
    return "\n".join(lines) + "\n"


def _way(name: str, counted: Mapping[str, Any]) -> str:
    known = counted["accuracy"]
    share = "none" if known is None else f"{known:.3f}"
    return f"| {name} | {counted['n']} | {counted['correct']} | {share} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
