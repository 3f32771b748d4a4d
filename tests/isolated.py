"""Programs driven in worker processes, and a look at those, for the tests of isolation."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import Any

import numpy as np

from tests import fakes, hostile_tools
from visprog.errors import VisprogError
from visprog.execution import Engine, Limits
from visprog.execution.calls import Ended, Step
from visprog.isolation import Isolation
from visprog.tool import Catalogue
from visprog.values import Image

TOOLS = Catalogue.of(fakes, hostile_tools).toolset("hostile")
PICTURE = Image(np.arange(48 * 64 * 3, dtype=np.uint32).astype(np.uint8).reshape(48, 64, 3), "p")
LIMITS = Limits(seconds=20.0)


def drive(isolation: Isolation, *sources: str) -> dict[int, tuple[Ended, list[Step]]]:
    """The end of each program, and its steps."""
    runs = {n: isolation.run(source, {"image": PICTURE}) for n, source in enumerate(sources)}
    steps: dict[int, list[Step]] = {n: [] for n in runs}
    ends: dict[int, tuple[Ended, list[Step]]] = {}
    for name, event in Engine(TOOLS).drive(runs):
        if isinstance(event, Step):
            steps[name].append(event)
        else:
            ends[name] = event, steps[name]
    return ends


def value_of(isolation: Isolation, source: str) -> Any:
    """What a program gives; raises what it fails with."""
    end, _ = drive(isolation, source)[0]
    if end.error:
        raise end.error
    return end.value


def outcome(work: Any, *args: Any) -> object:
    """What work gives, or the class and text of its error."""
    try:
        return work(*args)
    except VisprogError as error:
        return type(error).__name__, str(error)


def attempt(isolation: Isolation, what: str) -> str:
    """The error that an attempt of a hostile tool ends with."""
    return str(outcome(value_of, isolation, f'return attempt("{what}")'))


def has(isolation: Isolation, name: str) -> bool:
    return next(layer.active for layer in isolation.layers if layer.name == name)


def children(pid: int) -> list[int]:
    """The processes that a process has started and not buried."""
    if not os.path.isdir("/proc/self"):
        asked = ["ps", "-A", "-o", "pid=,ppid="]
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        pairs = [tuple(map(int, line.split())) for line in told.splitlines()]
        return [child for child, parent in pairs if parent == pid]
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", encoding="utf-8") as file:
            parent = file.read().rpartition(")")[2].split()[1]
            if parent == str(pid):
                found.append(int(name))
    return found


def finish(run: Any, reply: Any) -> Any:
    """The value of a run that waits for one reply only."""
    try:
        run.send(reply)
        while True:
            run.send(None)
    except StopIteration as stop:
        return stop.value
