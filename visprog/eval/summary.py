"""A run in a few lines, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from visprog.show import describe, printable

REASONS = 3  # that are shown


def summary(report: Mapping[str, Any]) -> str:
    """Each column's accuracy and how many of its questions have an answer; which columns there are
    not, and why; and the most frequent reasons for which programs gave none."""
    columns: Mapping[str, Any] = report["columns"]
    missing: Mapping[str, str] = report.get("unavailable") or {}
    wide = max(map(len, (*columns, *missing)))
    lines = [f"{name:{wide}}  {_told(column)}" for name, column in columns.items()]
    lines += [f"{name:{wide}}  not measured: {why}" for name, why in missing.items()]
    reasons = list((report.get("reasons") or {}).items())[:REASONS]
    if reasons:
        lines.append("most frequent reasons for no answer:")
        lines += [f"{n:6} x {describe(reason, 160)}" for reason, n in reasons]
    if stopped := report.get("stopped"):
        lines.append(f"stopped {stopped}")
    return "\n".join(map(printable, lines))


def _told(column: Mapping[str, Any]) -> str:
    status = column["status"]
    right = sum(one["n"] * one["rate"] for one in column["types"].values())
    counts = ", ".join(f"{n} {name}" for name, n in status.items())
    kinds = {name: n for name, n in column["failures"].items() if name != "abstained"}
    failed = f" ({', '.join(f'{name} {n}' for name, n in sorted(kinds.items()))})" if kinds else ""
    answered = status["answered"]
    share = f"; right of the answered: {right / answered:.1%}" if 0 < answered < column["n"] else ""
    return f"{column['metrics']['accuracy']:6.1%}  {counts}{failed}{share}"
