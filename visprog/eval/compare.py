"""`visprog eval compare`: two runs on the same questions, in pairs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from visprog.errors import ProgramError, SettingsError
from visprog.eval.report import PROGRAM, compared
from visprog.eval.report_page import bars, document, table
from visprog.eval.report_text import markdown_table
from visprog.eval.results import Result, read_results
from visprog.eval.stats import share
from visprog.highlight import highlight
from visprog.lang.format import format as canonical
from visprog.lang.parse import parse
from visprog.render.elements import left_out, section
from visprog.render.elements import text as escaped

SHOWN = 24  # questions of each kind on the page
LISTED = 20  # of each kind in text
FIXED, BROKEN = "fixed", "broken"  # right in the second run only; in the first only


def compare(
    first: Path, second: Path, *, column: str = PROGRAM, common: bool = False, seed: int = 0
) -> dict[str, Any]:
    """How two runs differ.

    Args:
        first, second: their folders; `column`: of both; `common`: compare the questions that both
            have, where they have others too; `seed`: of the bootstrap.

    Returns:
        What `compare.json` says; `difference`: the second run's accuracy less the first's.

    Raises:
        SettingsError: a folder has no such results, or their questions differ.
    """
    before, after = (_read(folder, column) for folder in (first, second))
    shared = [name for name in before if name in after]
    left = [sorted(one.keys() - set(shared)) for one in (before, after)]
    if not shared or (any(left) and not common):
        raise SettingsError(
            f"the runs have different questions: {len(left[0])} only in {first}, {len(left[1])} "
            f"only in {second}, {len(shared)} in both; --common compares these"
        )
    differing = [name for name in shared if before[name].truth != after[name].truth]
    if differing:
        raise SettingsError(f"the runs have different right answers, such as to {differing[0]}")
    pairs = [(before[name], after[name]) for name in shared]
    paired = compared([b for _, b in pairs], [a for a, _ in pairs], seed)
    return {
        "first": _about(first, [a for a, _ in pairs], len(left[0])),
        "second": _about(second, [b for _, b in pairs], len(left[1])),
        "column": column,
        "n": len(pairs),
        "difference": paired["difference"],
        "low": paired["low"],
        "high": paired["high"],
        "p": paired["p"],
        "types": _types(pairs, seed),
        FIXED: [_change(a, b) for a, b in pairs if b.correct and not a.correct],
        BROKEN: [_change(a, b) for a, b in pairs if a.correct and not b.correct],
        "programs_changed": sum(_differs(a.program, b.program) for a, b in pairs),
    }


def _read(folder: Path, column: str) -> dict[str, Result]:
    path = folder / ("results.jsonl" if column == PROGRAM else f"columns/{column}.jsonl")
    if not path.is_file():
        raise SettingsError(f"{folder} has no results of column {column!r}")
    return {result.id: result for result in read_results(path)}


def _about(folder: Path, results: Sequence[Result], left_out: int) -> dict[str, Any]:
    try:
        told = json.loads((folder / "run.json").read_text("utf-8"))
    except (OSError, ValueError):
        told = {}
    return {
        "folder": str(folder),
        "planner": told.get("planner", ""),
        "tools": told.get("tools", ""),
        "command": told.get("command", ""),
        "left_out": left_out,
        **share([result.correct for result in results]),
    }


def _types(pairs: Sequence[tuple[Result, Result]], seed: int) -> dict[str, Any]:
    made = {}
    for name in sorted({a.detailed for a, _ in pairs}):
        of = [(a, b) for a, b in pairs if a.detailed == name]
        rates = [sum(one.correct for one in each) / len(of) for each in zip(*of, strict=True)]
        made[name] = {
            "first": rates[0],
            "second": rates[1],
            **compared([b for _, b in of], [a for a, _ in of], seed),
        }
    return made


def _change(a: Result, b: Result) -> dict[str, Any]:
    return {
        "id": a.id,
        "question": a.question,
        "truth": a.truth,
        "first": a.answer if a.status == "answered" else f"{a.status}: {a.reason}",
        "second": b.answer if b.status == "answered" else f"{b.status}: {b.reason}",
        "first_program": a.program,
        "second_program": b.program,
        "program_changed": _differs(a.program, b.program),
    }


def _differs(a: str, b: str) -> bool:
    """Whether two programs mean something else; of those that do not parse, whether they differ."""
    try:
        return canonical(parse(a)) != canonical(parse(b))
    except ProgramError:
        return a != b


def text(made: Mapping[str, Any]) -> str:
    """A comparison in lines of Markdown."""
    rows = [
        (name, made[name]["folder"], made[name]["planner"], made[name]["tools"], _rate(made[name]))
        for name in ("first", "second")
    ]
    lines = markdown_table(("run", "folder", "planner", "tools", "right"), rows)[1:]
    lines += ["", f"{made['n']} questions in pairs: second less first {_difference(made)}."]
    for name in ("first", "second"):
        if made[name]["left_out"]:
            lines.append(f"Left out: {made[name]['left_out']} questions that only {name} has.")
    for kind in (FIXED, BROKEN):
        lines += ["", f"{kind}: {len(made[kind])}"]
        lines += [
            f"- {one['id']}: {one['question']} ({one['first']} -> {one['second']}, the truth is "
            f"{one['truth']})"
            for one in made[kind][:LISTED]
        ]
    lines += ["", f"Programs that mean something else: {made['programs_changed']}."]
    return "\n".join(lines)


def write(made: Mapping[str, Any], out: Path) -> None:
    """Write compare.json, compare.md and compare.html into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    data = json.dumps(made, indent=2, ensure_ascii=False)
    (out / "compare.json").write_text(data + "\n", encoding="utf-8")
    (out / "compare.md").write_text(f"# Two runs\n\n{text(made)}\n", encoding="utf-8")
    (out / "compare.html").write_text(_page(made), encoding="utf-8")


def _page(made: Mapping[str, Any]) -> str:
    runs = bars(
        (
            f"{name}: {made[name]['planner']}, {made[name]['tools']}",
            *(made[name][key] for key in ("rate", "low", "high")),
            _rate(made[name]),
        )
        for name in ("first", "second")
    )
    heads = ("type", "questions", "first", "second", "difference", "95 %", "p")
    types = table(
        heads,
        (
            (
                name,
                one["n"],
                f"{one['first']:.1%}",
                f"{one['second']:.1%}",
                f"{one['difference']:+.3f}",
                f"{one['low']:+.3f} to {one['high']:+.3f}",
                f"{one['p']:.2g}",
            )
            for name, one in made["types"].items()
        ),
    )
    body = (
        '<p class="brand">visprog</p><h1>Two runs</h1>'
        f'<p class="lead">{made["n"]:,} questions in pairs: second less first '
        f"{escaped(_difference(made))}. {made['programs_changed']:,} programs mean something else."
        "</p>"
        + section("runs", "Right answers", runs)
        + section("types", "By type", types)
        + section(FIXED, "Fixed", _changes(made[FIXED]))
        + section(BROKEN, "Broken", _changes(made[BROKEN]))
    )
    return document("visprog: two runs", body)


def _changes(changes: Sequence[Mapping[str, Any]]) -> str:
    shown = "".join(map(_card, changes[:SHOWN]))
    more = left_out(len(changes), SHOWN, "questions")
    return f'<div class="gallery">{shown}</div>{more}' if shown else ""


def _card(one: Mapping[str, Any]) -> str:
    programs = [one["first_program"], *([one["second_program"]] if one["program_changed"] else [])]
    shown = "".join(f"<pre>{highlight(text.strip())}</pre>" for text in programs if text)
    return (
        f'<article class="miss"><div class="body"><p class="asked">{escaped(one["question"])}</p>'
        f"<p>{escaped(one['first'])} → {escaped(one['second'])}, the truth is "
        f"{escaped(one['truth'])}</p>{shown}</div></article>"
    )


def _rate(one: Mapping[str, Any]) -> str:
    return f"{one['rate']:.1%} of {one['n']:,} ({one['low']:.3f} to {one['high']:.3f})"


def _difference(one: Mapping[str, Any]) -> str:
    return (
        f"{one['difference']:+.3f} (95 %: {one['low']:+.3f} to {one['high']:+.3f}, "
        f"McNemar p {one['p']:.2g})"
    )
