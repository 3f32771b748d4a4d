"""One measurement, in a process of its own: prints a line of JSON. `execution.py` starts it."""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import stubs
from engines import Engine, engine_class
from reference import work_of
from schedule import least
from workloads import PICTURES, WORKLOADS, Program, straight

from visprog.values import Image

ENOUGH = 3.0  # seconds after which nothing is repeated
STATUS = Path("/proc/self/status")


def _megabytes(field: str) -> float:
    """`VmRSS` (now) or `VmHWM` (the peak) of this process; where there is no /proc, the peak."""
    if not STATUS.exists():
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def _programs(task: argparse.Namespace) -> Callable[[], Iterable[Program]]:
    if task.lazy:
        return lambda: straight(task.size, grow=task.grow)
    made = list(WORKLOADS[task.workload](task.size))
    return lambda: made


def _pictures(task: argparse.Namespace) -> Callable[[int], Image]:
    """The few pictures there are, made beforehand; or those that grow in number, when needed."""
    if task.grow:
        return lru_cache(maxsize=2)(stubs.picture)
    made = [stubs.picture(number) for number in range(PICTURES)]
    return made.__getitem__


def measure(task: argparse.Namespace) -> dict[str, Any]:
    """Time some runs of an engine, each from nothing, and check every answer."""
    kind = engine_class(task.engine)
    programs, pictures = _programs(task), _pictures(task)
    options = {"cache": task.cache} if task.cache else {}
    if task.warm:
        dict(kind("free", {}).answers(list(islice(programs(), 10)), pictures))
    before = _megabytes("VmRSS")
    seconds: list[float] = []
    busy: list[float] = []
    peak = 0.0
    while len(seconds) < task.repeats and sum(seconds) < ENOUGH:
        engine = kind(task.cost, options)
        begin, cpu = time.perf_counter(), time.process_time()
        answers = dict(engine.answers(programs(), pictures))
        busy.append(time.process_time() - cpu)
        seconds.append(time.perf_counter() - begin)
        peak = peak or _megabytes("VmHWM")  # of one run: an engine before it may not be gone yet
    return {
        **{"engine": task.engine, "title": engine.title, "workload": task.workload},
        **{"programs": task.size, "cost": task.cost, "grow": task.grow, "cache": bool(task.cache)},
        **{"version": version(engine.package) if engine.package else sys.version.split()[0]},
        **{"repeats": len(seconds), "best": min(seconds), "worst": max(seconds)},
        **{"median": statistics.median(seconds), "processor": min(busy)},
        **{"before_mb": before, "peak_mb": peak},
        **_checked(engine, answers, programs(), pictures, task),
    }


def _checked(
    engine: Engine,
    answers: dict[int, Any],
    programs: Iterable[Program],
    pictures: Callable[[int], Image],
    task: argparse.Namespace,
) -> dict[str, Any]:
    """What should have come out, found independently, and what it takes at the least."""
    work = work_of(programs, pictures)
    wrong = [n for n, wanted in enumerate(work.answers) if answers.get(n) != wanted]
    steps = work.steps
    if task.workload == "straight":  # every statement is a step, the last line too
        steps = sum(len(program.steps) + 1 for program in straight(task.size))
    calls, launches = engine.counts()
    made: dict[str, Any] = {
        **{"steps": steps, "made": work.made, "distinct": len(work.calls)},
        **{"calls": calls, "launches": launches, "wrong": len(wrong)},
        "first_wrong": [repr((n, answers.get(n), work.answers[n]))[:200] for n in wrong[:3]],
    }
    if task.cost != "free" and len(work.calls) <= 5_000:
        found = least(work.calls, stubs.COSTS[task.cost])
        made |= {"bound": found.bound, "ideal": found.ideal, "least_launches": found.launches}
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--workload", default="straight", choices=WORKLOADS)
    parser.add_argument("--size", type=int, default=200, help="programs")
    parser.add_argument("--cost", default="free", choices=stubs.COSTS)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cache", default="", help="a directory for visprog's disk cache")
    parser.add_argument("--lazy", action="store_true", help="write programs when asked for them")
    parser.add_argument("--grow", action="store_true", help="with --lazy: ten programs a picture")
    parser.add_argument("--warm", action="store_true", help="run ten programs before")
    print(json.dumps(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
