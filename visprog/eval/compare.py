"""`visprog eval compare`: two runs on the same questions, in pairs."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from visprog.errors import ProgramError, SettingsError
from visprog.eval.pairs import compared
from visprog.eval.results import Result, read_results
from visprog.eval.stats import share
from visprog.lang.format import format as canonical
from visprog.lang.parse import parse
from visprog.trace import ABSTAINED, ANSWERED, FAILED

PROGRAM = "program"
DIGITS = 6  # of shares
LISTED = 200  # questions of each kind in compare.md; compare.json has all
FIXED, BROKEN = "fixed", "broken"  # right in the second run only; in the first only
SETTINGS = (  # of a run, told where they differ
    *("task", "planner", "tools", "protocol", "seed", "limit", "shard", "ablate", "versions"),
    *("questions", "images", "scene_graphs", "choices", "models"),
)


def compare(
    first: Path, second: Path, *, column: str = PROGRAM, common: bool = False, seed: int = 0
) -> dict[str, Any]:
    """How two runs differ.

    Args:
        first, second: their folders; `column`: of both; `common`: compare the questions that both
            have, where they have others too; `seed`: of the bootstrap.

    Returns:
        What `compare.json` says. `difference`: the second run's accuracy less the first's, over all
        questions that both have; `balanced`: the same over the balanced ones; `left_out`: ids that
        only one of them has; `fixed`, `broken`: the questions that only the second, or only the
        first has right; `programs_changed`: how many programs mean something else, `changed`: of
        which questions.

    Raises:
        SettingsError: a folder has no such results, or their questions differ.
    """
    before, after = (_read(folder, column) for folder in (first, second))
    shared = [name for name in before if name in after]
    left = [[name for name in one if name not in other] for one, other in
            ((before, after), (after, before))]  # fmt: skip
    if not shared or (any(left) and not common):
        hint = "; --common compares these" if shared else ""
        raise SettingsError(
            f"the runs have different questions: {len(left[0])} only in {first}, {len(left[1])} "
            f"only in {second}, {len(shared)} in both{hint}"
        )
    pairs = [(before[name], after[name]) for name in shared]
    _expect_same(pairs)
    changed = {a.id: None for a, b in pairs if _differs(a.program, b.program)}
    told = [_told(folder) for folder in (first, second)]
    balanced = [(a, b) for a, b in pairs if a.balanced]
    return {
        "first": _run(first, told[0], [a for a, _ in pairs], len(left[0])),
        "second": _run(second, told[1], [b for _, b in pairs], len(left[1])),
        "column": column,
        "seed": seed,
        "n": len(pairs),
        **_gap(pairs, seed),
        "balanced": _gap(balanced, seed) if 0 < len(balanced) < len(pairs) else None,
        "settings": _settings(*told),
        "left_out": {"first": left[0], "second": left[1]},
        "structural": _by(pairs, lambda result: result.structural, seed),
        "types": _by(pairs, lambda result: result.detailed, seed),
        FIXED: [_change(a, b, a.id in changed) for a, b in pairs if b.correct and not a.correct],
        BROKEN: [_change(a, b, a.id in changed) for a, b in pairs if a.correct and not b.correct],
        "programs_changed": len(changed),
        "changed": list(changed),
    }


def _read(folder: Path, column: str) -> dict[str, Result]:
    columns = folder / "columns"
    path = folder / "results.jsonl" if column == PROGRAM else columns / f"{column}.jsonl"
    if path.parent not in (folder, columns) or not path.is_file():
        found = [PROGRAM] if (folder / "results.jsonl").is_file() else []
        found += sorted(file.stem for file in columns.glob("*.jsonl"))
        known = f"it has {', '.join(found)}" if found else "it is no folder of a run"
        raise SettingsError(f"{folder} has no results of column {column!r}; {known}")
    made = {result.id: result for result in read_results(path)}
    if not made:
        raise SettingsError(f"{path} has no results")
    return made


def _expect_same(pairs: Sequence[tuple[Result, Result]]) -> None:
    """Raises SettingsError: questions of one name are not the same in both runs."""
    for a, b in pairs:
        if (a.question, a.images) != (b.question, b.images):
            raise SettingsError(f"the runs have different questions of the name {a.id}")
        if a.truth != b.truth:
            raise SettingsError(f"the runs have different right answers, such as to {a.id}")


def _told(folder: Path) -> dict[str, Any]:
    """What a run says of itself; a folder without it is compared all the same."""
    try:
        made = json.loads((folder / "run.json").read_text("utf-8"))
    except (OSError, ValueError):
        made = None
    return made if isinstance(made, dict) else {}


def _run(
    folder: Path, told: Mapping[str, Any], results: Sequence[Result], left_out: int
) -> dict[str, Any]:
    n = len(results)
    costs = [result.cost for result in results if result.cost is not None]
    return {
        "folder": str(folder),
        **{name: told.get(name, "") for name in ("planner", "tools", "command")},
        "left_out": left_out,
        **share([result.correct for result in results], DIGITS),
        "status": {
            status: sum(result.status == status for result in results)
            for status in (ANSWERED, ABSTAINED, FAILED)
        },
        "repaired": sum(result.repaired > 0 for result in results),
        "seconds_mean": round(statistics.fmean(result.seconds for result in results), 4),
        "calls_a_question": round(sum(result.calls for result in results) / n, 3),
        "tokens_a_question": round(sum(result.tokens for result in results) / n, 1),
        "dollars_a_question": round(sum(costs) / n, 8) if len(costs) == n else None,
    }


def _gap(pairs: Sequence[tuple[Result, Result]], seed: int) -> dict[str, Any]:
    """The second's accuracy less the first's; `only_first`, `only_second`: right in only that."""
    made = compared([b for _, b in pairs], [a for a, _ in pairs], seed)
    only = {"only_first": made["only_second"], "only_second": made["only_first"]}
    return {name: made[name] for name in ("n", "difference", "low", "high", "p")} | only


def _settings(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What the runs were made with that differs: {name: [of the first, of the second]}."""
    return {
        name: [first.get(name), second.get(name)]
        for name in SETTINGS
        if first.get(name) != second.get(name)
    }


def _by(
    pairs: Sequence[tuple[Result, Result]], key: Callable[[Result], str], seed: int
) -> dict[str, Any]:
    table: dict[str, list[tuple[Result, Result]]] = defaultdict(list)
    for a, b in pairs:
        table[key(a)].append((a, b))
    return {
        name: {
            "first": statistics.fmean(a.correct for a, _ in of),
            "second": statistics.fmean(b.correct for _, b in of),
            **_gap(of, seed),
        }
        for name, of in sorted(table.items())
    }


def _change(a: Result, b: Result, program_changed: bool) -> dict[str, Any]:
    return {
        "id": a.id,
        "question": a.question,
        "images": list(a.images),
        "truth": a.truth,
        "first": a.answer if a.status == ANSWERED else f"{a.status}: {a.reason}",
        "second": b.answer if b.status == ANSWERED else f"{b.status}: {b.reason}",
        "first_program": a.program,
        "second_program": b.program,
        "program_changed": program_changed,
    }


def _differs(a: str, b: str) -> bool:
    """Whether two programs mean something else; of those that do not parse, whether they differ."""
    return a != b and _meaning(a) != _meaning(b)


@lru_cache(maxsize=4096)
def _meaning(program: str) -> str:
    try:
        return canonical(parse(program))
    except ProgramError:
        return program


def text(made: Mapping[str, Any]) -> str:
    """A comparison in lines of Markdown."""
    from visprog.eval.reporting.comparison import lines

    return "\n".join(lines(made))


def write(made: Mapping[str, Any], out: Path) -> None:
    """Write compare.json, compare.md and compare.html into a folder."""
    from visprog.eval.reporting.comparison import lines, page

    out.mkdir(parents=True, exist_ok=True)
    data = json.dumps(made, indent=2, ensure_ascii=False)
    told = "\n".join(("# Two runs", "", *lines(made, listed=LISTED)))
    for name, page_of in (("json", data + "\n"), ("md", told + "\n"), ("html", page(made))):
        (out / f"compare.{name}").write_text(page_of, encoding="utf-8", errors="replace")
