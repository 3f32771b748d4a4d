"""Our engine beside plain Python, smolagents, langchain and langgraph, on the same programs.

    python benchmarks/execution.py --out DIR [--quick] [--only speed,cache,scaling,hostile]

Every measurement is a process of its own, one after another on one machine. Writes DIR/results.md
and DIR/results.json. README.md beside this file says what is measured and how.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tables
from engines import ENGINES

HERE = Path(__file__).parent
PATIENCE = 600  # seconds for one measurement
SIZES = {"straight": 200, "control": 100, "wide": 60}
QUICK_SIZES = {"straight": 60, "control": 20, "wide": 8}
SCALES, QUICK_SCALES = (200, 2_000, 20_000), (200, 2_000)

Row = dict[str, Any]


def child(script: str, **options: Any) -> Row:
    """What a script beside this one prints, or `error`: why it printed nothing."""
    words = [sys.executable, str(HERE / script)]
    for name, value in options.items():
        if value is not False:
            words += [f"--{name}", *([] if value is True else [str(value)])]
    shown = " ".join(str(value) for value in options.values() if value)
    print(f"{script} {shown}", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {**options, "error": f"not done after {PATIENCE} s"}
    if done.returncode:
        return {**options, "error": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


def speed(engines: list[str], quick: bool) -> Iterator[Row]:
    """Every engine on every workload at every cost."""
    for workload, size in (QUICK_SIZES if quick else SIZES).items():
        for cost in ("free", "accelerator", "remote"):
            for engine in (name for name in engines if cost in ENGINES[name].costs):
                repeats = (4 if quick else 15) if cost == "free" else (1 if quick else 5)
                options = {"workload": workload, "size": size, "cost": cost, "repeats": repeats}
                yield child("measurement.py", engine=engine, warm=cost == "free", **options)


def cache(quick: bool) -> Iterator[Row]:
    """Ours with a disk cache: an empty one, then in another process the one that is left."""
    with tempfile.TemporaryDirectory() as folder:
        for workload, size in (QUICK_SIZES if quick else SIZES).items():
            for again in (False, True):
                options = {"workload": workload, "size": size, "cost": "accelerator"}
                where = f"{folder}/{workload}"
                row = child("measurement.py", engine="visprog", cache=where, repeats=1, **options)
                yield {**row, "again": again}


def scaling(engines: list[str], quick: bool) -> Iterator[Row]:
    """More and more programs of one kind, written when asked for."""
    for engine in (name for name in ("visprog", "plain") if name in engines):
        for cost, grow in (("free", False), ("free", True), ("accelerator", False)):
            if engine == "plain" and cost != "free":
                continue  # 20 minutes of sleep tell nothing new
            for size in QUICK_SCALES if quick else SCALES:
                options = {"size": size, "cost": cost, "lazy": True, "grow": grow}
                yield child("measurement.py", engine=engine, repeats=5, warm=True, **options)


def save(results: dict[str, Any], out: Path) -> None:
    """Write what there is so far."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (out / "results.md").write_text(tables.report(results))


def machine() -> Row:
    """Where the figures come from."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True, help="directory for the results")
    parser.add_argument("--quick", action="store_true", help="smaller workloads, a minute or two")
    parser.add_argument("--only", default=",".join(tables.PARTS), help="some of the parts")
    parser.add_argument("--engines", default=",".join(ENGINES), help="some of the engines")
    task = parser.parse_args()
    parts, engines = task.only.split(","), task.engines.split(",")
    for name, known in ((parts, tables.PARTS), (engines, tuple(ENGINES))):
        if unknown := set(name) - set(known):
            parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    parts_of: dict[str, Callable[[], Iterator[Row]]] = {
        "cache": lambda: cache(task.quick),
        "scaling": lambda: scaling(engines, task.quick),
        "hostile": lambda: iter([child("hostile.py")]),
        "speed": lambda: speed(engines, task.quick),
    }
    ours = {"cache", "hostile"} if "visprog" not in engines else set()
    results: dict[str, Any] = {"machine": machine(), "quick": task.quick}
    for part in (name for name in parts_of if name in parts and name not in ours):
        results[part] = []
        for row in parts_of[part]():
            results[part].append(row)
            save(results, task.out)  # what is there stays, if this is stopped
    print(tables.report(results))
    return 1 if tables.failures(results) else 0


if __name__ == "__main__":
    sys.exit(main())
