"""Shards of one evaluation, which ran apart, put together as one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError
from visprog.eval import run_folder
from visprog.eval.columns import PROGRAM
from visprog.eval.report import write_report
from visprog.eval.results import Result, read_results
from visprog.eval.run_folder import PREDICTIONS, RESULTS, RUN
from visprog.eval.runner import Evaluation

SHARDED = ("shard", "n_questions")  # what shards of one evaluation differ in
TOLD = ("unavailable", "about", "models", "planner_model")  # as of the first shard


def merge(
    folders: Sequence[Path], what: Evaluation, out: Path, *, overwrite: bool = False
) -> dict[str, Any]:
    """Put the results of shards together as those of one run, and write its reports.

    Raises:
        SettingsError: a folder is not of a shard of this evaluation, or results are missing or
            there twice, or `out` has results.
    """
    whole = replace(what, shard=None)
    wanted = {name: value for name, value in whole.to_json().items() if name not in SHARDED}
    gathered: dict[str, dict[str, Result]] = {}
    for folder in folders:
        run_folder.expect_same(f"{folder} is", run_folder.read_run(folder / RUN), wanted)
        for path in (folder / RESULTS, *sorted((folder / "columns").glob("*.jsonl"))):
            name = PROGRAM if path.name == RESULTS else path.stem
            table = gathered.setdefault(name, {})
            made = {result.id: result for result in read_results(path)}
            if twice := next((one for one in made if one in table), None):
                raise SettingsError(f"{folder} has a result of {twice!r}, which another one has")
            table.update(made)
    asked = whole.asked
    for name, table in gathered.items():
        missing = [question.id for question in asked if question.id not in table]
        if missing:
            first = f"{missing[0]!r}" + (" ..." if len(missing) > 1 else "")
            raise SettingsError(f"column {name}: {len(missing)} questions lack a result: {first}")
    with run_folder.held(out):
        if (out / RESULTS).exists() and not overwrite:
            raise SettingsError(f"{out} has results; choose another --out, or --overwrite")
        told = run_folder.begin(out, whole.to_json(), whole.told(), overwrite=overwrite)
        ordered = {name: [t[one.id] for one in asked] for name, t in gathered.items()}
        for name, results in ordered.items():
            run_folder.write_results(results, run_folder.path_of(out, name))
        runs = [run_folder.read_run(folder / RUN) for folder in folders]
        told |= {name: runs[0][name] for name in TOLD if name in runs[0]}
        told["shards"] = [str(folder) for folder in folders]
        told["run_seconds"] = round(sum(run.get("run_seconds", 0) for run in runs), 3)
        run_folder.write_json(told, out / RUN)
        run_folder.write_predictions(ordered[PROGRAM], out / PREDICTIONS)
        return write_report(told, asked, ordered, what.choices, what.by.images, out)
