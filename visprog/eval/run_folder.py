"""The folder of a run: what an evaluation writes there, and reads back to go on after a cut.

`run.json`: what was asked for, the command, versions; `results.jsonl`: of the planned programs;
`columns/NAME.jsonl`: of the other columns; `predictions.json`: in the form that GQA's own script
reads.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError
from visprog.eval.answering import without_keys
from visprog.eval.columns import PROGRAM
from visprog.eval.questions import Question
from visprog.eval.results import Result, read_results

RUN, RESULTS, PREDICTIONS = "run.json", "results.jsonl", "predictions.json"
ADVICE = "; choose another --out, or --overwrite"
PACKAGES = (  # whose versions results may hang on
    *("visprog", "numpy", "pillow", "opencv-python-headless", "onnxruntime", "xllamacpp"),
    *("torch", "torchvision", "transformers", "langchain", "rapidocr", "ray"),
)


def path_of(out: Path, column: str) -> Path:
    """The file of a column's results."""
    return out / RESULTS if column == PROGRAM else out / "columns" / f"{column}.jsonl"


@contextmanager
def held(out: Path) -> Iterator[None]:
    """The folder, made, for one process at a time.

    Raises:
        SettingsError: another process writes there.
    """
    out.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # a system without such locks
        yield
        return
    place = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SettingsError(f"another run writes into {out}; choose another --out") from None
    except OSError:  # a file system without locks
        pass
    try:
        yield
    finally:
        os.close(place)


def begin(
    out: Path, about: Mapping[str, Any], told: Mapping[str, Any], *, overwrite: bool
) -> dict[str, Any]:
    """Make the folder that of a run, and say what `run.json` says.

    Args:
        about: what results in the folder must share with this run; `told`: what is told besides.
        overwrite: remove results that are there.

    Raises:
        SettingsError: there are results of another evaluation.
    """
    path, results = out / RUN, out / RESULTS
    before: dict[str, Any] = {}
    if overwrite:
        for file in (results, *(out / "columns").glob("*.jsonl")):
            file.unlink(missing_ok=True)
    elif results.exists():
        if not path.is_file():
            raise SettingsError(f"{out} has results, but no {RUN}; choose another --out")
        before = read_run(path)
        release = {"visprog": versions()["visprog"]}
        expect_same(f"{out} has results", before.get("versions") or {}, release, ADVICE)
        expect_same(f"{out} has results", before, about, ADVICE)
    made = {**about, **told, "command": command(), "versions": versions()}
    if "planner_model" in before:
        made["planner_model"] = before["planner_model"]
    write_json(made, path)
    return made


def expect_same(
    start: str, before: Mapping[str, Any], about: Mapping[str, Any], advice: str = ""
) -> None:
    """Raises SettingsError: what a run says of itself is not what this one does."""
    for name, wanted in about.items():
        if (found := before.get(name)) != wanted:
            if isinstance(wanted, dict) and isinstance(found, dict):
                names = sorted(wanted.keys() | found.keys())
                part = next(one for one in names if wanted.get(one) != found.get(one))
                name, found, wanted = f"{name}.{part}", found.get(part), wanted.get(part)
            raise SettingsError(
                f"{start} of another evaluation: its {name} is {found!r}, this one's {wanted!r}"
                + advice
            )


def read_run(path: Path) -> dict[str, Any]:
    """What a run says of itself. Raises SettingsError."""
    try:
        made = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is damaged: {error}") from error
    return made if isinstance(made, dict) else {}


def resumed(path: Path, asked: Sequence[Question]) -> list[Result]:
    """The results that a file has, once a torn last line is cut off it.

    Raises:
        SettingsError: they are not of the first of these questions, in order.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        return []
    done = read_results(path)
    if [result.id for result in done] != [question.id for question in asked[: len(done)]]:
        raise SettingsError(f"{path} has results of other questions; choose another --out")
    whole = path.read_bytes().rfind(b"\n") + 1
    if path.stat().st_size != whole:
        os.truncate(path, whole)
    return done


def write_results(results: Sequence[Result], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(result.to_line() for result in results))


def write_predictions(results: Sequence[Result], path: Path) -> None:
    rows = ({"questionId": result.id, "prediction": result.prediction} for result in results)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    _replace(path, f"[\n{lines}\n]\n")


def write_json(value: object, path: Path) -> None:
    _replace(path, json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n")


def _replace(path: Path, text: str) -> None:
    """The file is there whole, or as it was."""
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(text.encode("utf-8", "backslashreplace"))
    part.replace(path)


def command() -> str:
    """What was typed, but for passwords."""
    name = Path(sys.argv[0])
    head = "visprog" if name.stem in ("cli", "__main__") else name.name
    return without_keys(shlex.join([head, *sys.argv[1:]]))


def versions() -> dict[str, str]:
    """Of what is installed and may change results."""
    made = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            made[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return made
