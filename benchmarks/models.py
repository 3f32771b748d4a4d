"""Backends over models of the hub: pictures a second, memory, and the share of the card's peak.

    python benchmarks/models.py [--device D] [--dtype T] [--only NAME,...] [--batches 1,8,32]

Each backend is a process of its own, one after another. Where its true weights are not in the
hub's cache, nor named by --weights, it is made of its published size with weights of chance: what
it costs is the same, but models that write text write as much as they may. Results are kept beside
those of earlier runs on the same card: benchmarks/results/models-CARD.json and .md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PATIENCE = 3600.0  # seconds for one backend

Row = dict[str, Any]


def main() -> int:
    args = options()
    known = names()
    chosen = [name for name in args.only.split(",") if name] or known
    for name in chosen:
        if name not in known:
            sys.exit(f"no model {name!r}; known: {', '.join(known)}")
    folders = dict(text.split("=", 1) for text in args.weights)
    failed = 0
    for place, name in enumerate(chosen):
        began = time.perf_counter()
        row = child(name, args, folders.get(name))
        failed += "error" in row
        file = kept(row, args.out)
        seconds = time.perf_counter() - began
        state = row.get("error") or summary(row)
        print(f"[{place + 1}/{len(chosen)}] {name}: {state} ({seconds:.0f} s)", flush=True)
    print(f"results: {file}")
    return 1 if failed else 0


def options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--device", default="auto", help="auto (default), cpu, cuda:N or mps")
    asked.add_argument("--dtype", default="auto", help="auto (default): as backends choose it")
    asked.add_argument("--only", default="", metavar="NAME,...", help="by default all")
    asked.add_argument("--batches", default="1,8,32", help="calls given at once")
    asked.add_argument("--repetitions", type=int, default=3, help="of each; the median counts")
    asked.add_argument(
        "--seconds", type=float, default=600.0, help="a batch that would take longer is left out"
    )
    asked.add_argument("--weights", action="append", default=[], metavar="NAME=FOLDER")
    asked.add_argument("--scratch", help="where weights of chance are written, up to 20 GB at once")
    asked.add_argument("--out", type=Path, default=RESULTS)
    return asked.parse_args()


def names() -> list[str]:
    """Of models, and of those backends that use one in another way."""
    from visprog.tool import Catalogue
    from visprog_tools import hub
    from visprog_tools.hub.entries import MODELS

    return list(dict.fromkeys((*MODELS, *Catalogue.of(hub).backends)))


def child(name: str, args: argparse.Namespace, folder: str | None) -> Row:
    """What model_measuring.py prints, or `error`: why it printed nothing."""
    words = [sys.executable, str(HERE / "model_measuring.py"), name]
    for option in ("device", "dtype", "batches", "repetitions", "seconds", "scratch"):
        value = getattr(args, option)
        words += [] if value is None else [f"--{option}", str(value)]
    words += ["--folder", folder] if folder else []
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=PATIENCE, env={**os.environ, **PATHS}
        )
    except subprocess.TimeoutExpired:
        return {"name": name, "error": f"no result after {PATIENCE:.0f} s"}
    try:
        row: Row = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        return {"name": name, "error": last[0][:300]}
    return row


PATHS = {
    "PYTHONPATH": os.pathsep.join(
        [str(HERE), str(HERE.parent), str(HERE.parent / "tools"), os.environ.get("PYTHONPATH", "")]
    ),
    "HF_HUB_OFFLINE": "1",
}


def kept(row: Row, folder: Path) -> Path:
    """Add a row to the results of its device and write both files anew."""
    folder.mkdir(parents=True, exist_ok=True)
    device = row.get("device") or _latest_device(folder)
    card = re.sub(r"[^a-z0-9]+", "-", device.split(",")[0].lower()).strip("-")
    file = folder / f"models-{card}.json"
    made: Row = json.loads(file.read_text()) if file.is_file() else {"rows": {}}
    made["device"] = device
    made["when"], made["machine"] = time.strftime("%Y-%m-%d"), machine()
    made["rows"][row["name"]] = row
    file.write_text(json.dumps(made, indent=1) + "\n")
    file.with_suffix(".md").write_text(report(made))
    return file


def _latest_device(folder: Path) -> str:
    """Of the results that were written last: a row without a result has no device of its own."""
    files = sorted(folder.glob("models-*.json"), key=lambda file: file.stat().st_mtime)
    return str(json.loads(files[-1].read_text())["device"]) if files else "unknown"


def machine() -> Row:
    from importlib.metadata import version

    return {
        "system": platform.system(), "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "transformers")},
    }  # fmt: skip


def summary(row: Row) -> str:
    parts = [
        f"{one['pictures_a_second']:.3g}/s at {one['batch']}"
        for one in row["batches"]
        if "seconds" in one
    ]
    return f"{', '.join(parts)}; {row['peak_bytes'] / 1e9:.2f} GB"


def report(results: Row) -> str:
    """As Markdown."""
    order = {name: place for place, name in enumerate(names())}
    rows = sorted(results["rows"].values(), key=lambda row: order.get(row["name"], 0))
    good = [row for row in rows if "error" not in row]
    told = results["machine"]
    head = (
        f"# Models of the hub on {results['device']}\n\n{results['when']}, torch {told['torch']}, "
        f"transformers {told['transformers']}. Made by `benchmarks/models.py`.\n\n"
    )
    lines = [head, *_notes(good), "\n", *_speed(good)]
    if any("boxes" in row for row in good):
        lines += ["\n## Many boxes of one picture\n\n", *_boxes(good)]
    if len(good) < len(rows):
        lines.append("\n## Not measured\n\n")
        lines += [f"- {row['name']}: {row['error']}\n" for row in rows if "error" in row]
    absent = [name for name in order if name not in results["rows"]]
    if absent:
        lines.append(f"\nNot run here: {', '.join(absent)}.\n")
    return "".join(lines)


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    random = [row["name"] for row in rows if row["random"]]
    if random:
        which = "All" if len(random) == len(rows) else ", ".join(random)
        yield (
            f"{which}: weights of chance at the published size, as the true ones were not at "
            "hand. Those that write text never end by themselves then, and write as much as they "
            "may: 20 to 96 tokens, and OCR 64.\n\n"
        )
    yield (
        "Pictures of 640 x 480, each a new one. A batch is so many calls given at once; a backend "
        "may part them. Seconds are of all of a call: preparing pictures, the network, and "
        "what is made of its output; on a processor in one thread, of what the process had of it. "
        "Peak memory is what torch took on a card, or the whole "
        "process in main memory. Operations are those of matrix products, convolutions and "
        "attention. "
    )
    sources = sorted({row["peak_source"] for row in rows})
    yield f"Share: of the peak ({'; '.join(sources)}).\n"


def _speed(rows: Sequence[Row]) -> Iterator[str]:
    batches = sorted({one["batch"] for row in rows for one in row["batches"]})
    columns = [f"pictures/s at {n}" for n in batches] + [f"GB at {n}" for n in batches]
    head = ["model", "word", "dtype", "M numbers", "GFLOP/picture", *columns, "best share"]
    yield f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n"
    for row in rows:
        by = {one["batch"]: one for one in row["batches"] if "seconds" in one}
        speed = [_rate(by[n]) if n in by else "–" for n in batches]
        room = [f"{by[n]['peak_bytes'] / 1e9:.2f}" if n in by else "–" for n in batches]
        share = max((one["share_of_peak"] for one in by.values()), default=0.0)
        cells = [
            row["name"], row["tool"], row["dtype"], f"{row['parameters'] / 1e6:.0f}",
            f"{row['flops_a_picture'] / 1e9:.0f}", *speed, *room, f"{share:.0%}",
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |\n"
    each = [one for row in rows for one in row["batches"]]
    if any(one.get("first") for one in each):
        yield "\n\\*: of the first call, texts and choices of kernels included.\n"
    if any("skipped_seconds" in one for one in each):
        yield "\n–: left out, as it would have taken too long (see --seconds).\n"


def _rate(one: Row) -> str:
    return f"{one['pictures_a_second']:.3g}" + ("\\*" if one.get("first") else "")


def _boxes(rows: Sequence[Row]) -> Iterator[str]:
    yield "| model | seconds, 1 box | seconds, 20 boxes | 20 times one |\n|---|---|---|---|\n"
    for row in rows:
        if "boxes" in row:
            one, many = row["boxes"]["1"], row["boxes"]["20"]
            yield f"| {row['name']} | {one:.3g} | {many:.3g} | {20 * one:.3g} |\n"


if __name__ == "__main__":
    sys.exit(main())
