"""The lives of worker processes: they die, hang and are replaced, and leave nothing behind."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from tests import hostile_tools
from tests.hostile_images import CASES
from tests.isolated import (
    LIMITS,
    PICTURE,
    TOOLS,
    attempt,
    children,
    drive,
    finish,
    outcome,
    value_of,
)
from visprog.errors import IsolationError, SettingsError, SilenceError, ToolError
from visprog.execution.calls import Request
from visprog.isolation import Isolation, client
from visprog.isolation.pool import Pool
from visprog.tool import Output, Toolset, tool


@pytest.fixture(scope="module")
def isolation() -> Iterator[Isolation]:
    with Isolation(TOOLS, workers=2) as made:
        yield made


@pytest.fixture(scope="module")
def strict() -> Iterator[Isolation]:
    """One that waits for little."""
    with Isolation(TOOLS, LIMITS, workers=2, grace=1.0) as made:
        yield made


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("crash", "crashed in native code"),
        ("abort", "crashed in native code"),
        ("exit", "ended with status 3"),
        ("sleep", "gave no sign for 1 seconds"),
        ("hang", "gave no sign for 1 seconds"),
    ],
)
def test_a_worker_that_dies_or_hangs_fails_its_run_only(
    strict: Isolation, what: str, reason: str
) -> None:
    ends = drive(strict, f'return attempt("{what}")', "return 1 + 1", 'return look(image, "a")')
    assert isinstance(ends[0][0].error, IsolationError)
    assert reason in str(ends[0][0].error)
    assert isinstance(ends[0][0].error, SilenceError) is ("sign" in reason)
    assert ends[1][0].value == 2
    assert ends[2][0].error is None
    assert value_of(strict, "return 3") == 3


def test_threads_share_an_isolation(isolation: Isolation) -> None:
    failures: list[object] = []

    def work(number: int) -> None:
        for place in range(20):
            got = value_of(isolation, f"return {number} * 100 + {place}")
            loaded = isolation.load(PICTURE.pixels)
            if got != number * 100 + place or loaded.width != PICTURE.width:
                failures.append(got)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_killing_a_worker_fails_its_run_only() -> None:
    with Isolation(TOOLS, workers=2) as isolated:
        runs, requests, workers = [], [], []
        for _ in range(2):
            run = isolated.run('return count(look(image, "a"))', {"image": PICTURE})
            turn = next(run)
            while not turn.calls:
                turn = run.send(None)
            runs.append(run)
            requests.append(turn.calls[0])
            workers += [pid for pid in children(isolated.pool.pid) if pid not in workers]
        found = hostile_tools.Looker({}).run("look", [requests[0].args])[0]
        assert isinstance(found, Output)
        os.kill(workers[0], signal.SIGKILL)
        with pytest.raises(IsolationError, match="SIGKILL"):
            finish(runs[0], (requests[0], found.value, 0.0))
        assert finish(runs[1], (requests[1], found.value, 0.0)) == 1
        assert value_of(isolated, "return 1") == 1


def test_outcomes_may_come_while_a_worker_is_busy(isolation: Isolation) -> None:
    source = (
        'a = look(image, "a")\nb = look(image, "b")\nn = count(a)\n'
        "for i in range(9000):\n    n += i - i\nreturn n + count(b)"
    )
    run = isolation.run(source, {"image": PICTURE})
    turn = next(run)
    calls: list[Request] = []
    while len(calls) < 2:
        calls += turn.calls
        turn = run.send(None)
    found = [hostile_tools.Looker({}).run("look", [call.args])[0] for call in calls]
    value = [output.value for output in found if isinstance(output, Output)]
    run.send((calls[0], value[0], 0.0))
    turn = run.send((calls[1], value[1], 0.0))
    with pytest.raises(StopIteration) as stopped:
        while turn.more:
            turn = run.send(None)
    assert stopped.value.value == 2


def test_what_only_looks_like_a_value_fails_its_run(isolation: Isolation) -> None:
    run = isolation.run('return look(image, "a")', {"image": PICTURE})
    turn = next(run)
    while not turn.calls:
        turn = run.send(None)
    with pytest.raises(ToolError, match="look gave a result of no known kind"):
        finish(run, (turn.calls[0], [np.float64(1.0)], 0.0))
    assert "it made what cannot be told" in str(outcome(value_of, isolation, "return odd(1.5)"))
    assert value_of(isolation, "return 1") == 1


def test_processor_time_is_bounded() -> None:
    with Isolation(TOOLS) as isolated:
        pool = Pool(dataclasses.replace(isolated.pool.setup, seconds=1), 1, 10.0)
        isolated.pool, other = pool, isolated.pool
        other.close()
        assert "it used up its processor time" in attempt(isolated, "hang")


def test_a_worker_does_so_many_jobs_and_is_replaced() -> None:
    with Isolation(TOOLS, workers=1) as isolated:
        pool = Pool(dataclasses.replace(isolated.pool.setup, jobs=3), 1, 10.0)
        isolated.pool, other = pool, isolated.pool
        other.close()
        seen = []
        for place in range(9):
            assert value_of(isolated, f"return {place}") == place
            worker = pool.take()
            seen.append(worker.pid)
            pool.give(worker)
        assert [seen.index(pid) for pid in seen] == [0, 0, 2, 2, 2, 5, 5, 5, 8]


def test_a_thousand_programs_leave_nothing_behind() -> None:
    before = len(os.listdir("/dev/fd"))
    with Isolation(TOOLS, workers=1) as isolated:
        assert value_of(isolated, "return 0") == 0
        zygote = isolated.pool.pid
        inside = len(os.listdir("/dev/fd"))
        for place in range(1000):
            run = isolated.run(f"return {place}", {"image": PICTURE})
            assert finish(run, None) == place
        assert len(children(zygote)) == 2  # one waits, one is new
        for _ in range(20):
            isolated.load(CASES[0].make())
            abandoned = isolated.run('return look(image, "a")', {"image": PICTURE})
            next(abandoned)
            abandoned.close()
        drive(isolated, *("return 1 + 1" for _ in range(8)))
        while len(children(zygote)) > 2:
            time.sleep(0.01)
        assert len(os.listdir("/dev/fd")) == inside
    assert len(os.listdir("/dev/fd")) == before
    with pytest.raises(ProcessLookupError):
        os.kill(zygote, 0)


def test_a_worker_that_died_while_it_waited_is_replaced() -> None:
    with Isolation(TOOLS, workers=1) as isolated:
        assert value_of(isolated, "return 0") == 0
        worker = isolated.pool.take()
        isolated.pool.give(worker)
        os.kill(worker.pid, signal.SIGKILL)
        while not worker.wire.ready(0.01):
            pass
        assert value_of(isolated, "return 1") == 1


def test_another_process_is_started_where_the_one_that_workers_start_from_dies() -> None:
    with Isolation(TOOLS, workers=0) as isolated:
        assert value_of(isolated, "return 0") == 0
        first = isolated.pool.pid
        os.kill(first, signal.SIGKILL)
        with pytest.raises(IsolationError, match="is gone"):
            value_of(isolated, "return 1")
        assert value_of(isolated, "return 1") == 1
        assert isolated.pool.pid != first


def test_it_can_be_closed_twice_and_is_no_use_afterwards() -> None:
    isolated = Isolation(TOOLS)
    isolated.close()
    isolated.close()
    with pytest.raises(IsolationError):
        value_of(isolated, "return 1")


def test_tools_must_be_found_by_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    @tool("measure", pure=True)
    def local(number: int) -> int:
        """It is nowhere to be found."""
        return number

    spec = local.__visprog_tool__  # type: ignore[attr-defined]
    with pytest.raises(SettingsError, match="local is no function of a module"):
        Isolation(Toolset([spec], {}))
    monkeypatch.setattr(client, "POSIX", False)
    with pytest.raises(SettingsError, match="needs a POSIX system"):
        Isolation(TOOLS)
