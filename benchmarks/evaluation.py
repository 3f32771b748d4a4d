"""How fast an evaluation goes where nothing is looked at, and whether it survives being killed.

    python benchmarks/evaluation.py --out DIR [--questions 10000] [--kills 20]

Pictures, scene graphs, questions and their programs are made up. The run is `visprog eval spatial`
under the profile `oracle` with the planner `scripted:FILE`, in a process of its own, as a user's.
It writes `DIR/results.json` and prints it; it exits with 1 if an answer is wrong, if what a run
wrote that was killed differs from what one wrote that was not, or if it was not killed so often.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image as PillowImage

NAMES = ("cup", "dog", "bus", "chair", "person", "book")
SIDES = {"left_of": "left of", "right_of": "right of", "above": "above", "below": "below"}
SIZE = (320, 240)  # pixels of a picture
RESULTS = ("results.jsonl", "columns/guess.jsonl")
TIMES = ("seconds", "plan_seconds", "tools", "run_seconds", "command", "cached")  # may differ


def main() -> int:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    made.add_argument("--out", type=Path, required=True)
    made.add_argument("--questions", type=int, default=10_000)
    made.add_argument("--pictures", type=int, default=100)
    made.add_argument("--kills", type=int, default=20)
    made.add_argument("--seed", type=int, default=0)
    args = made.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    write_task(args.out, args.questions, args.pictures, args.seed)
    told: dict[str, Any] = {"questions": args.questions, "speed": measure(args.out)}
    if args.kills:
        told["kills"] = kill(args.out, args.kills, args.seed)
    (args.out / "results.json").write_text(json.dumps(told, indent=1) + "\n")
    print(json.dumps(told, indent=1))
    right = told["speed"]["accuracy"] == 1.0
    return 0 if right and told.get("kills", {}).get("identical", True) else 1


# -- the task


def write_task(out: Path, count: int, pictures: int, seed: int) -> None:
    """Write pictures, their scene graphs, questions with answers, and programs for them."""
    draw = random.Random(seed)
    (out / "images").mkdir(exist_ok=True)
    graphs = {}
    for number in range(pictures):
        shade = tuple(draw.randrange(256) for _ in range(3))
        PillowImage.new("RGB", SIZE, shade).save(out / "images" / f"{number}.jpg")
        graphs[str(number)] = scene(draw)
    questions, programs = {}, []
    for number in range(count):
        name = str(number % pictures)
        asked = question(draw, graphs[name], f"No. {number}")
        questions[f"q{number}"] = {"imageId": name, **asked["question"]}
        programs.append({"question": asked["question"]["question"], "program": asked["program"]})
    (out / "graphs.json").write_text(json.dumps(graphs))
    (out / "questions.json").write_text(json.dumps(questions))
    (out / "plans.jsonl").write_text("".join(json.dumps(row) + "\n" for row in programs))


def scene(draw: random.Random) -> dict[str, Any]:
    things = {}
    for number in range(8):
        width, height = draw.randrange(10, 60), draw.randrange(10, 60)
        things[str(number)] = {
            "name": draw.choice(NAMES),
            "x": draw.randrange(SIZE[0] - width),
            "y": draw.randrange(SIZE[1] - height),
            "w": width,
            "h": height,
            "attributes": [],
            "relations": [],
        }
    return {"width": SIZE[0], "height": SIZE[1], "objects": things}


def question(draw: random.Random, graph: dict[str, Any], tail: str) -> dict[str, Any]:
    """A question of one of three forms: how many, whether there is one, whether one is beside."""
    things = list(graph["objects"].values())
    name = draw.choice(NAMES)
    found = [thing for thing in things if thing["name"] == name]
    form = draw.randrange(3)
    if form == 0:
        text, answer, kind = f"How many are there of {name}? {tail}", str(len(found)), "int"
        program = f'found = detect(image, "{name}")\nreturn count(found)\n'
    elif form == 1:
        text, answer, kind = f"Is there a {name}? {tail}", yes(found), "str"
        program = f'return exists(detect(image, "{name}"))\n'
    else:
        anchor = max(things, key=lambda thing: thing["w"] * thing["h"])
        side = draw.choice(list(SIDES))
        beside = [thing for thing in found if lies(side, thing, anchor)]
        text = f"Is there a {name} {SIDES[side]} the largest {anchor['name']}? {tail}"
        answer, kind = yes(beside), "str"
        program = (
            f'anchor = largest(detect(image, "{anchor["name"]}"))\n'
            f'found = detect(image, "{name}")\n'
            f"return exists({side}(found, anchor))\n"
        )
    types = {"structural": "verify" if kind == "str" else "query", "detailed": f"form{form}"}
    asked = {"question": text, "answer": answer, "answerType": kind, "types": types}
    return {"question": {**asked, "isBalanced": True}, "program": program}


def yes(found: list[Any]) -> str:
    return "yes" if found else "no"


def lies(side: str, thing: dict[str, Any], anchor: dict[str, Any]) -> bool:
    """By the centres of their boxes."""
    if thing is anchor:
        return False
    across = (thing["x"] + thing["w"] / 2) - (anchor["x"] + anchor["w"] / 2)
    down = (thing["y"] + thing["h"] / 2) - (anchor["y"] + anchor["h"] / 2)
    way = {"left_of": -across, "right_of": across, "above": -down, "below": down}[side]
    return bool(way > 0)


# -- the run


def command(task: Path, out: Path, *more: str) -> list[str]:
    given = {
        "questions": task / "questions.json",
        "images": task / "images",
        "scene-graphs": task / "graphs.json",
        "planner": f"scripted:{task}/plans.jsonl",
    }
    options = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    head = [sys.executable, "-m", "visprog.cli", "eval", "spatial", "--tools", "oracle"]
    return [*head, *options, "--columns", "program,guess", "--no-cache", "--out", str(out), *more]


def measure(task: Path) -> dict[str, Any]:
    """A whole run, and one of a single question for what does not depend on their number."""
    one, whole = run(task, task / "one", "--limit", "1"), run(task, task / "whole")
    report = json.loads((task / "whole" / "report.json").read_text())
    n = report["n"]
    return {
        "accuracy": report["metrics"]["accuracy"],
        "seconds": whole["seconds"],
        "processor_seconds": whole["processor"],
        "seconds_of_one_question": one["seconds"],
        "run_seconds": report["seconds"]["run"],
        "questions_a_second": round(n / report["seconds"]["run"], 1),
        "questions_a_processor_second": round(n / (whole["processor"] - one["processor"]), 1),
        "peak_mb": whole["peak_mb"],
    }


def run(task: Path, out: Path, *more: str) -> dict[str, float]:
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command(task, out, "--overwrite", *more), check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "seconds": round(time.perf_counter() - begin, 2),
        "processor": round(used, 2),
        "peak_mb": round(after.ru_maxrss / 1024, 1),
    }


# -- killed, and gone on with


def kill(task: Path, times: int, seed: int) -> dict[str, Any]:
    """Kill a run at random moments, go on with it, and compare what it wrote in the end with what
    an undisturbed run wrote. Every other time the last line is torn as well."""
    draw, out, total = random.Random(seed), task / "killed", lines(task / "whole")
    shutil.rmtree(out, ignore_errors=True)
    done, killed = [], 0
    for number in range(times):
        with subprocess.Popen(command(task, out), stdout=subprocess.DEVNULL) as process:
            share = 2 * (total - lines(out)) // (times - number + 1)  # of what both columns lack
            wanted = lines(out) + draw.randrange(max(1, share))
            while lines(out) < wanted and process.poll() is None:
                time.sleep(draw.uniform(0.001, 0.02))
            process.send_signal(signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
        done.append(lines(out))
        if number % 2 and done[-1]:
            tear(out)
    subprocess.run(command(task, out), check=True, stdout=subprocess.DEVNULL)
    files = ("report.json", *RESULTS, "predictions.json")
    differ = [name for name in files if read(out / name) != read(task / "whole" / name)]
    same = not differ and killed == times
    return {
        "killed": killed,
        "done_after_each": done,
        "lines": total,
        "identical": same,
        "differ": differ,
    }


def lines(out: Path) -> int:
    paths = [out / name for name in RESULTS]
    return sum(path.read_bytes().count(b"\n") for path in paths if path.exists())


def tear(out: Path) -> None:
    """Leave a beginning of a line behind the last whole one."""
    path = [out / name for name in RESULTS if (out / name).exists()][-1]
    with path.open("ab") as file:
        file.write(b'{"id": "q')


def read(path: Path) -> Any:
    text = path.read_text("utf-8")
    rows = text.splitlines() if path.suffix == ".jsonl" else [text]
    return [timeless(json.loads(row)) for row in rows]


def timeless(made: Any) -> Any:
    """The same without times, and without the command, which names the folder."""
    if isinstance(made, dict):
        return {name: timeless(value) for name, value in made.items() if name not in TIMES}
    return [timeless(value) for value in made] if isinstance(made, list) else made


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
