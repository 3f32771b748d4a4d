"""What metrics and reports of an evaluation take without a run: seconds of one core, and memory.

    python benchmarks/evaluation_report.py [--questions 20000 200000] [--out DIR]

Made-up questions of GQA's kind (types, groups, entailed ones, choices) and answers to them in four
columns, a fifth of them wrong. Each number of questions is measured in a process of its own:
reading the results of a column, the official metrics, the whole report, and its pages written to
`--out`. The last line says by how much more a question costs in the largest set than in the
smallest: work that is linear comes to about 1.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from visprog.eval.metrics import Choices, official
from visprog.eval.questions import Question
from visprog.eval.report import make_report, write_report
from visprog.eval.results import Outcome, Result, read_results
from visprog.eval.run_folder import write_results

T = TypeVar("T")
COLUMNS = ("program", "vqa", "blind", "guess")
ANSWERS = ("red", "blue", "green", "dog", "cat", "table", "left", "right")
PROGRAM = 'anchor = detect(image, "table")\nreturn query(largest(anchor), "color")\n'


def main() -> int:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    made.add_argument("--questions", type=int, nargs="+", default=[20_000, 200_000])
    made.add_argument("--out", type=Path)
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    args = made.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        out = args.out or Path(scratch)
        out.mkdir(parents=True, exist_ok=True)
        if args.one:
            print(json.dumps(measure(args.questions[0], args.seed, out)))
            return 0
        told = [apart(n, args.seed, out) for n in args.questions]
    for one in told:
        print(json.dumps(one))
    if len(told) > 1:
        print(json.dumps({"growth_of_seconds_a_question": growth(told[0], told[-1])}))
    return 0


def apart(n: int, seed: int, out: Path) -> dict[str, Any]:
    """Measured in another process, whose peak of memory is its own."""
    more = ["--one", "--questions", str(n), "--seed", str(seed), "--out", str(out)]
    done = subprocess.run([sys.executable, __file__, *more], check=True, stdout=subprocess.PIPE)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def growth(small: dict[str, Any], large: dict[str, Any]) -> dict[str, float]:
    times = small["questions"] / large["questions"]
    return {
        name: round(seconds / small["seconds"][name] * times, 2)
        for name, seconds in large["seconds"].items()
    }


def measure(n: int, seed: int, out: Path) -> dict[str, Any]:
    draw = random.Random(seed)
    asked = [question(draw, number, n) for number in range(n)]
    choices = {one.id: {"valid": ANSWERS, "plausible": ANSWERS[:4]} for one in asked}
    results = {name: [result(draw, one, choices) for one in asked] for name in COLUMNS}
    predictions = {one.id: one.prediction for one in results["program"]}
    about = {"task": "gqa", "planner": "made up", "tools": "none", "seed": seed}
    write_results(results["program"], out / "results.jsonl")
    before = peak()
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], T]) -> T:
        begin = time.process_time()
        made = work()
        seconds[name] = round(time.process_time() - begin, 3)
        return made

    timed("read", lambda: read_results(out / "results.jsonl"))
    timed("official", lambda: official(asked, predictions, choices))
    timed("report", lambda: make_report(about, asked, results, choices))
    timed("pages", lambda: write_report(about, asked, results, choices, out, out))
    sizes = {path.suffix[1:]: path.stat().st_size for path in sorted(out.glob("report.*"))}
    return {
        "questions": n,
        "columns": len(COLUMNS),
        "seconds": seconds,
        "peak_mb": round(peak() / 1024, 1),
        "peak_mb_of_questions_and_results": round(before / 1024, 1),
        "bytes": sizes,
    }


def peak() -> int:
    """Kilobytes of memory that this process had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def question(draw: random.Random, number: int, n: int) -> Question:
    structural = draw.choice(("query", "verify", "choose", "logical", "compare"))
    opened = structural == "query"
    entailed = {str(draw.randrange(n)) for _ in range(draw.randrange(6))}
    return Question(
        id=str(number),
        images=(str(number // 10),),
        text=" ".join(["word"] * draw.randrange(4, 20)),
        answer=draw.choice(ANSWERS if opened else ("yes", "no")),
        structural=structural,
        semantic=draw.choice(("rel", "attr", "obj", "cat", "global")),
        detailed=f"type{draw.randrange(100)}",
        balanced=draw.random() < 0.9,
        group_global=f"group{draw.randrange(60)}" if opened else None,
        entailed=tuple(sorted(entailed)),
        program=({"operation": "select", "argument": "dog"},) * draw.randrange(1, 6),
    )


def result(draw: random.Random, asked: Question, choices: Choices) -> Result:
    lot = draw.random()
    if lot < 0.05:
        made = Outcome("failed", reason=f"ToolError: no {asked.id}", error="ToolError")
    elif lot < 0.1:
        made = Outcome("abstained", reason="it found nothing")
    else:
        text = asked.answer if lot < 0.8 else draw.choice(ANSWERS)
        made = Outcome("answered", text, text, program=PROGRAM, seconds=0.1, calls=2, tokens=40)
    return Result.of(asked, made, choices[asked.id])


if __name__ == "__main__":
    sys.exit(main())
