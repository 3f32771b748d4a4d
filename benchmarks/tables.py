"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

Row = dict[str, Any]
COSTS = ("free", "accelerator", "remote")
PARTS = ("speed", "cache", "scaling", "hostile")


def report(results: dict[str, Any]) -> str:
    """All tables, under the machine that they were measured on."""
    where = results["machine"]
    parts = [
        "# Execution\n",
        f"{where['when']}, {where['system']}, {where['processors']} processors, "
        f"Python {where['python']}{', --quick' if results['quick'] else ''}.\n",
    ]
    if rows := results.get("speed"):
        parts += [_speed(name, rows) for name in dict.fromkeys(row["workload"] for row in rows)]
    if rows := results.get("cache"):
        parts.append(_cache(rows))
    if rows := results.get("scaling"):
        parts.append(_scaling(rows))
    if rows := results.get("hostile"):
        parts.append(_hostile(rows[0]))
    if failed := failures(results):
        parts.append("## Failed\n\n" + "".join(f"- {line}\n" for line in failed))
    return "\n".join(parts)


def failures(results: dict[str, Any]) -> list[str]:
    """What gave no figures, or a wrong answer."""
    rows = [row for part in PARTS for row in results.get(part, ())]
    found = []
    for row in rows:
        name = " ".join(str(row.get(part, "")) for part in ("engine", "workload", "cost"))
        if "error" in row:
            found.append(f"{name}: {row['error']}")
        elif row.get("wrong"):
            found.append(f"{name}: {row['wrong']} wrong, such as {row['first_wrong'][0]}")
    return found


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def _seconds(row: Row | None, least: float | None = None) -> str:
    if row is None:
        return "-"
    if "error" in row:
        return "failed"
    seconds: float = row["best"]
    shown = f"{seconds:.2f}" if seconds >= 1 else f"{seconds:.3f}"
    return f"{shown} ({seconds / least:.2f} x)" if least else shown


def _speed(workload: str, rows: Sequence[Row]) -> str:
    rows = [row for row in rows if row["workload"] == workload]
    told = next((row for row in rows if "steps" in row), None)
    if told is None:
        return f"## {workload}\n\nNothing could be measured.\n"
    least = {row["cost"]: row for row in rows if "ideal" in row}
    ideal = {cost: row["ideal"] for cost, row in least.items()}
    launches = least["accelerator"]["least_launches"] if "accelerator" in least else "-"
    minimum = [
        *("**computed minimum**", ""),
        *(f"{ideal[cost]:.3f}" if cost in ideal else "-" for cost in COSTS[1:]),
        *(told["distinct"], launches, "", ""),
    ]
    lines = [
        _engine([row for row in rows if row["engine"] == name], ideal)
        for name in dict.fromkeys(row["engine"] for row in rows)
    ]
    heads = [
        *("engine", "µs a step, stubs free", "one accelerator, s", "remote endpoint, s"),
        *("model calls", "launches, one accelerator", "peak MB", "wrong answers"),
    ]
    loose = [row for row in least.values() if row["ideal"] > row["bound"] + 1e-9]
    proof = "reached by no schedule that was found" if loose else "proven: no schedule beats it"
    return (
        f"## {workload}: {told['programs']} programs, {told['steps']} steps, "
        f"{told['made']} model calls, {told['distinct']} distinct\n\n"
        f"{_table(heads, [minimum, *lines])}\nThe minimum is {proof}.\n"
    )


def _engine(rows: Sequence[Row], least: dict[str, float]) -> list[object]:
    by_cost = {row["cost"]: row for row in rows}
    good = [row for row in rows if "error" not in row]
    if not good:
        return [rows[0]["engine"], *["failed"] * 7]
    free, served = by_cost.get("free"), by_cost.get("accelerator", good[-1])
    step = "-"
    if free and "error" not in free:
        step = f"{free['best'] / free['steps'] * 1e6:.1f}"
    return [
        f"{good[0]['title']} ({good[0]['version']})",
        step,
        *(_seconds(by_cost.get(cost), least.get(cost)) for cost in COSTS[1:]),
        *(served.get("calls", "-"), served.get("launches", "-")),
        f"{max(row['peak_mb'] for row in good):.0f}",
        sum(row["wrong"] for row in good),
    ]


def _cache(rows: Sequence[Row]) -> str:
    def lines() -> Iterator[Sequence[object]]:
        for row in rows:
            when = "second process" if row["again"] else "first process"
            calls, wrong = row.get("calls", "-"), row.get("wrong", "-")
            yield f"{row['workload']}, {when}", _seconds(row), calls, wrong

    heads = ("visprog with a disk cache, one accelerator", "s", "model calls", "wrong answers")
    return f"## Disk cache\n\n{_table(heads, lines())}"


def _scaling(rows: Sequence[Row]) -> str:
    def lines() -> Iterator[Sequence[object]]:
        first: dict[tuple[object, ...], Row] = {}
        for row in rows:
            name = f"{row['engine']}, {row['cost']}, "
            name += "ten programs a picture" if row["grow"] else "20 pictures"
            if "error" in row:
                yield name, row["size"], *["failed"] * 5
                continue
            least = first.setdefault((row["engine"], row["cost"], row["grow"]), row)
            each = row["median"] / row["programs"]
            ratio = each / (least["median"] / least["programs"])
            peak, more = row["peak_mb"], row["peak_mb"] - least["peak_mb"]
            times = f"{each * 1e3:.3f}", f"{ratio:.2f} x"
            yield name, row["programs"], *times, f"{peak:.0f}", f"{more:+.0f}", row["wrong"]

    heads = [
        *("engine, cost, pictures", "programs", "ms a program", "to the fewest"),
        *("peak MB", "more than the fewest", "wrong answers"),
    ]
    return f"## Scaling: straight programs, written when asked for\n\n{_table(heads, lines())}"


def _hostile(found: Row) -> str:
    if "error" in found:
        return "## Another question beside hostile programs\n\nfailed\n"

    def lines() -> Iterator[Sequence[object]]:
        for row in found["rows"]:
            waited, alone = row["seconds"] * 1e3, row["alone"] * 1e3
            ends = ", ".join(row["ends"])
            whole = f"{row['all_seconds']:.2f}"
            other = f"{row['other_thread'] * 1e3:.1f}"
            times = f"{waited:.1f}", other, f"{alone:.1f}", whole
            yield row["sort"], row["limits"], *times, ends

    heads = [
        *("hostile program", "its limits", "ms of the question", "ms, another thread", "ms alone"),
        *("s of all", "the hostile ended with"),
    ]
    title = f"## Another question beside {found['copies']} hostile programs"
    return f"{title}\n\n{_table(heads, lines())}"
