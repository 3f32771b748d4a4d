"""How long another question waits while hostile programs run: prints a line of JSON.

Hostile programs are those that the checker accepts and that take all that their limits allow. Each
sort runs four times over in one engine; then comes a question of three steps with free stubs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from threading import Thread
from typing import Any

from engines.ours import INPUTS, toolset
from stubs import picture

from visprog.execution import Ended, Engine, Limits, Run, run
from visprog.lang.checked import Checker

COPIES = 4
QUESTION = """\
found = loc(image, "dog")
answer = vqa(crop(image, found), "What color is the dog?")
return answer
"""
LONG = "range(9000)"
LIST = "items = [i for i in range(19000)]"
HOSTILE = {  # what stands before a loop without end, and in it
    "counts": ("", "n += 1"),
    "loops in loops": ("", f"for a in {LONG}:\n        for b in {LONG}:\n            n += 1"),
    "lists made": ("", f"{LIST}\n    n += len(items)"),
    "lists compared": (f"{LIST}\nothers = items[0:]", "if items == others:\n        n += 1"),
    "lists sorted": (LIST, "n += len(sorted(items, reverse=True))"),
    "lists joined": (LIST, "n += len(items[1:9000] + items[1:9000])"),
    "texts searched": ('text = "abcdefghij" * 4000', 'if "hijk" in text:\n        n += 1'),
    "texts joined": ('text = "abcdefghij" * 4000', "n += len(text + text[1:9000])"),
    "large numbers": ("", "n += (3 ** 300) % 7"),
    "model calls at once": ("", 'n += len([loc(image, f"{i}") for i in range(n, n + 400)])'),
    "model calls in a chain": ("", 'n += len(vqa(image, f"What is {n}?"))'),
    "pure tools": ('found = loc(image, "dog")', "n += count(found)"),
    "crops": ('found = loc(image, "dog")', "if crop(image, found).width > 0:\n        n += 1"),
}
LIMITS = {
    "as they come": Limits(),
    "raised": Limits(steps=100_000_000, calls=100_000, seconds=1.0),
}


def text(before: str, within: str) -> str:
    """A hostile program. It ends with a limit only."""
    return f"{before}\nn = 0\nwhile n >= 0:\n    {within}\nreturn n\n"


class _Bench:
    """An engine with free stubs, and the hostile programs of one sort."""

    def __init__(self, source: str, copies: int, limits: Limits) -> None:
        self.tools, self.image = toolset("free"), picture(0)
        self.engine, self.check = Engine(self.tools), Checker(self.tools)
        self.source, self.copies, self.limits = source, copies, limits
        self.ends: set[str] = set()
        self.begun = 0.0

    def hostile(self) -> Iterator[tuple[str, Run]]:
        for copy in range(self.copies):
            program = self.check(self.source, INPUTS)
            yield f"hostile {copy}", run(program, self.tools, {"image": self.image}, self.limits)

    def question(self) -> Iterator[tuple[str, Run]]:
        self.begun = time.perf_counter()
        program = self.check(QUESTION, INPUTS)
        yield "question", run(program, self.tools, {"image": picture(1)})

    def drive(self, source: Iterable[tuple[str, Run]]) -> float:
        """Seconds from the question's text to its answer, if it was among the runs."""
        waited = 0.0
        for name, event in self.engine.drive(source):
            if isinstance(event, Ended) and name == "question":
                waited = time.perf_counter() - self.begun
                if event.error:
                    raise event.error
            elif isinstance(event, Ended):
                self.ends.add(type(event.error).__name__ if event.error else "answered")
        return waited


def latency(source: str, copies: int, limits: Limits) -> dict[str, Any]:
    """How long the question waits in the hostile programs' own thread; and, the longest of up to
    20, when another thread asks it of the same engine."""
    bench, begin = _Bench(source, copies, limits), time.perf_counter()
    waited = bench.drive(chain(bench.hostile(), bench.question()))
    whole = time.perf_counter() - begin
    beside = _Bench(source, copies, limits)
    thread = Thread(target=beside.drive, args=(beside.hostile(),))
    thread.start()
    waits = [0.0]
    while thread.is_alive() and len(waits) < 20:
        waits.append(beside.drive(beside.question()))
        time.sleep(0.01)
    thread.join()
    made = {"seconds": waited, "other_thread": max(waits), "all_seconds": whole}
    return {**made, "ends": sorted(bench.ends)}


def main() -> None:
    rows = []
    for name, limits in LIMITS.items():
        alone = min(latency("", 0, limits)["seconds"] for _ in range(5))
        for sort, parts in HOSTILE.items():
            found = latency(text(*parts), COPIES, limits)
            rows.append({"limits": name, "sort": sort, "alone": alone, **found})
    print(json.dumps({"copies": COPIES, "rows": rows}))


if __name__ == "__main__":
    main()
