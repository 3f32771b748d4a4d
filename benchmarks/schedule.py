"""The least time that the model calls of some programs can take, whoever schedules them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from reference import Call
from stubs import BATCH, Cost


@dataclass(frozen=True)
class Least:
    """`bound`: seconds that no schedule beats; `ideal`: those of a schedule that was found;
    `launches`: of the ideal one. What is optimal lies between the two."""

    bound: float
    ideal: float
    launches: int


def least(calls: list[Call], cost: Cost) -> Least:
    """Each distinct call is made once; what it costs to run the programs themselves is nothing.

    With one accelerator, `bound` is the larger of two: the launches that the calls fill, model by
    model, and the longest chain of calls that wait for each other. `ideal` is the shortest of some
    simulated schedules; on one accelerator it never pays to wait while a call is ready. With a
    remote endpoint every call can go alone as soon as it may, and both are the longest chain.
    """
    levels = _levels(calls)
    chain = max(levels, default=0) * cost.single
    if not cost.turns:
        return Least(chain, chain, len(calls))
    filled = 0.0
    for count in Counter(call.model for call in calls).values():
        full, rest = divmod(count, BATCH)
        filled += full * cost.batch + (_seconds(rest, cost) if rest else 0.0)
    ideal, launches = min(_simulate(calls, cost, rule) for rule in ("height", "fullest", "full"))
    return Least(max(chain, filled), ideal, launches)


def _seconds(count: int, cost: Cost) -> float:
    return cost.single if count == 1 else cost.batch


def _levels(calls: list[Call]) -> list[int]:
    """For each call, how many calls its shortest way there takes, itself included.

    A call that several programs make is ready as soon as one of them may make it. What a call needs
    has a lower number, or is made earlier elsewhere: levels settle in a few rounds.
    """
    levels = [math.inf] * len(calls)
    changed = True
    while changed:
        changed = False
        for number, call in enumerate(calls):
            found = min(1 + max((levels[n] for n in needs), default=0) for needs in call.places)
            if found < levels[number]:
                levels[number], changed = found, True
    return [int(level) for level in levels]


def _heights(calls: list[Call]) -> list[int]:
    """For each call, the longest chain of calls that wait for it, itself included."""
    heights = [1] * len(calls)
    changed = True
    while changed:
        changed = False
        for number, call in enumerate(calls):
            for needs in call.places:
                for other in needs:
                    if heights[other] <= heights[number]:
                        heights[other], changed = heights[number] + 1, True
    return heights


def _simulate(calls: list[Call], cost: Cost, rule: str) -> tuple[float, int]:
    """Seconds and launches of one accelerator that always launches what a rule likes best."""
    heights = _heights(calls)
    waiting = set(range(len(calls)))
    done: set[int] = set()
    seconds, launches = 0.0, 0
    while waiting:
        queues: dict[str, list[int]] = {}
        for number in waiting:
            if any(needs <= done for needs in calls[number].places):
                queues.setdefault(calls[number].model, []).append(number)
        for queue in queues.values():
            queue.sort(key=lambda number: (-heights[number], number))
        queue = max(queues.values(), key=lambda queue: _worth(queue, heights, rule))[:BATCH]
        waiting.difference_update(queue)
        done.update(queue)
        seconds += _seconds(len(queue), cost)
        launches += 1
    return seconds, launches


def _worth(queue: list[int], heights: list[int], rule: str) -> tuple[int, ...]:
    height, size = sum(heights[number] for number in queue[:BATCH]), min(len(queue), BATCH)
    if rule == "height":
        return heights[queue[0]], size
    if rule == "fullest":
        return len(queue), height
    return int(size == BATCH), heights[queue[0]], size
