"""Nothing that a worker process says is believed."""

from __future__ import annotations

import contextlib
import itertools
import math
import random
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from tests.isolated import PICTURE, TOOLS
from visprog.codec import encode
from visprog.decoding import Limits as ImageLimits
from visprog.errors import ImageError, IsolationError, VisprogError
from visprog.execution import Limits
from visprog.isolation import Isolation
from visprog.isolation.job import Job
from visprog.isolation.messages import Ledger
from visprog.isolation.pool import Pool, Worker
from visprog.isolation.session import Session
from visprog.isolation.setup import Setup
from visprog.isolation.wire import HEAD, Blob, Wire


class Forged:
    """Stands for a pool of one worker, which says what it is told to."""

    def __init__(self, *said: bytes) -> None:
        ours, self.theirs = socket.socketpair()
        for part in said:
            self.theirs.sendall(part)
        self.worker = Worker(None, Wire(ours, 1 << 20))  # type: ignore[arg-type]
        self.setup = Setup((), Limits(calls=5), ImageLimits(), 1 << 28, 9, 9, 1 << 20)
        self.ended = ""
        self.busy: set[int] = set()

    def answered(self, worker: Worker, seconds: float) -> bool:
        return worker.wire.ready(seconds)

    def take(self, *, fresh: bool) -> Worker:
        return self.worker

    def give(self, worker: Worker) -> None:
        self.ended = "given back"

    def bury(self, worker: Worker) -> str:
        self.ended = "buried"
        return "it was forged"

    def discard(self, worker: Worker) -> None:
        self.ended = "buried"


def message(*parts: Any) -> bytes:
    """A message as a worker would send it."""
    one, other = socket.socketpair()
    with one, other:
        Wire(one, 1 << 20).send(*parts)
        return other.recv(1 << 20)


def fresh(*values: Any) -> Blob | None:
    """What comes with a message that has these values, by the numbers 1, 2 ...; 0 is PICTURE."""
    ledger = Ledger(1 << 20, trusted=False)
    for value in values:
        ledger.token(value)
    return ledger.fresh()


def call(tool: str = "look", args: Mapping[str, Any] | None = None, **other: Any) -> list[Any]:
    given = {"image": [0], "name": "dog"} if args is None else dict(args)
    parts = {"number": 1, "line": 1, "name": None, "order": [0], "height": 0} | other
    number, line, name, order, height = parts.values()
    return [number, tool, given, line, name, order, height]


def turn(*calls: Any, done: Any = (), new: Any = None, more: Any = False, left: Any = 9.0) -> bytes:
    return message("turn", list(calls), list(done), new, more, left)


def step(**changes: Any) -> list[Any]:
    asked = ["count", {"regions": [1]}, 1, None, [0], 0]
    parts = {"asked": asked, "value": 0, "error": "", "seconds": 0.1, "notices": []} | changes
    return list(parts.values())


FORGERIES = {
    "garbage": b"\xde\xad\xbe\xef" * 99,
    "long": HEAD.pack(0xFFFFFFFF, 0xFFFFFFFF),
    "long blobs": HEAD.pack(2, 0xFFFFFFFF) + b"\x91\xa0",
    "no message": HEAD.pack(1, 0) + b"\xc1",
    "no list": HEAD.pack(1, 0) + b"\x05",
    "a blob that is not there": HEAD.pack(7, 0) + b"\x91\xd6\x01\0\0\xff\xff",
    "a timestamp": HEAD.pack(8, 0) + b"\x92\xa0\xd6\xff\0\0\0\0",
    "deep": HEAD.pack(9000, 0) + b"\x91" * 9000,
    "another kind": message("pixels", 1, 1, Blob(b"abc")),
    "no kind": message(""),
    "more than a kind": message("turn", [], [], None, False, 9.0, 1),
    "no outcome": message("value", None, [], None, False),
    "no list of values": message("value", 1, [], 5, False),
    "no values": message("value", 1, [], Blob(b"not a value"), False),
    "values that are no list": message("value", 1, [], Blob(encode("text")), False),
    "a number that is not known": message("value", [1], [], None, False),
    "a number below": message("value", [-1], [], None, False),
    "a truth as a number": message("value", [True], [], None, False),
    "bytes": message("value", b"abc", [], None, False),
    "worn": message("value", 1, [], None, 1),
    "another error": message("error", ["SystemExit", "0", 1], [], None, False),
    "an error of the loader": message("error", ["ImageError", "x"], [], None, False),
    "another fault": message("faults", ["VisprogError", [["x", 1, 1]]]),
    "no faults": message("faults", ["CheckError", []]),
    "odd faults": message("faults", ["CheckError", [["x", "1", 1]]]),
    "unknown tool": turn(call("launch")),
    "tool that is not called": turn(call("detect")),
    "pure tool": turn(call("count", {"regions": [1]}), new=fresh([])),
    "missing argument": turn(call(args={"image": [0]})),
    "more arguments": turn(call(args={"image": [0], "name": "a", "x": 1})),
    "another argument": turn(call(args={"image": [0], "nom": "a"})),
    "type": turn(call(args={"image": [0], "name": 7})),
    "type of a picture": turn(call(args={"image": "a", "name": "a"})),
    "nothing": turn(call(args={"image": None, "name": None})),
    "line": turn(call(line=99)),
    "line below": turn(call(line=-1)),
    "text as a line": turn(call(line="1")),
    "name": turn(call(name="evil")),
    "name that is none": turn(call(name=["a"])),
    "order": turn(call(order=["a"])),
    "long order": turn(call(order=[0] * 2000)),
    "height": turn(call(height=-1)),
    "number twice": turn(call(), call()),
    "no number": turn(call(number="1")),
    "no call": turn(5),
    "many calls": turn(*(call(number=n) for n in range(9))),
    "many steps": turn(done=[step()] * 9, new=fresh([])),
    "seconds": turn(left="soon"),
    "no number of seconds": turn(left=float("nan")),
    "more": turn(more=1),
    "step of a backend": turn(done=[step(asked=call()[1:])]),
    "result": turn(done=[step(value="seven")], new=fresh([])),
    "no result": turn(done=[step(value=None)], new=fresh([])),
    "time of a step": turn(done=[step(seconds=float("inf"))], new=fresh([])),
    "notices": turn(done=[step(notices="abc")], new=fresh([])),
    "error of a step": turn(done=[step(error=5)], new=fresh([])),
    "end": b"",
}


def test_any_bytes_are_refused_or_taken_for_what_they_are() -> None:
    chance = random.Random(7)
    valid = [
        turn(call(), done=[step()], new=fresh([], PICTURE), more=True),
        message("value", [1], [step()], fresh([1.5, "text"]), False),
        message("error", ["ToolError", "it broke", 1], [], None, False),
    ]
    refused = 0
    for place in range(600):
        said = bytearray(valid[place % len(valid)])
        for _ in range(chance.randrange(1, 4)):
            said[chance.randrange(len(said))] = chance.randrange(256)
        pool: Any = Forged(bytes(said[: chance.choice([len(said), chance.randrange(len(said))])]))
        pool.theirs.shutdown(socket.SHUT_WR)
        with contextlib.closing(pool.worker.wire), pool.theirs:
            run = forged_run(pool)
            try:
                next(run)
            except IsolationError:
                refused += 1
                assert pool.ended == "buried"
            except (VisprogError, StopIteration):
                pass
            run.close()
    assert refused > 300


@pytest.mark.parametrize("said", FORGERIES.values(), ids=FORGERIES.keys())
def test_forged_messages_are_refused(said: bytes) -> None:
    pool: Any = Forged(said)
    pool.theirs.shutdown(socket.SHUT_WR)
    with contextlib.closing(pool.worker.wire), pool.theirs:
        run = forged_run(pool)
        with pytest.raises(IsolationError, match="the worker was stopped"):
            next(run)
        assert pool.ended == "buried"


def test_what_a_worker_may_say_is_taken() -> None:
    said = (
        turn(call(), done=[step()], new=fresh([]), more=True),
        message("value", 3, [step()], None, False),
    )
    pool: Any = Forged(*said)
    with contextlib.closing(pool.worker.wire), pool.theirs:
        run = forged_run(pool)
        first = next(run)
        assert [request.tool for request in first.calls] == ["look"]
        assert [step.value for step in first.done] == [0]
        with pytest.raises(StopIteration) as stopped:
            last = run.send(None)
            assert [step.value for step in last.done] == [0]
            run.send(None)
        assert stopped.value.value == 3
        assert pool.ended == "given back"


def forged_run(pool: Pool) -> Any:
    with Job(pool, 2.0) as job:
        source = 'a = count(look(image, "dog"))\nreturn a'
        return (yield from Session(job, TOOLS, source).turns({"image": PICTURE}))


@pytest.mark.parametrize(
    "said",
    [
        *(
            b"",
            b"\xff" * 20,
            message("turn", [], [], None, False, 9.0),
            message("pixels", 2, 2, 0.0),
        ),
        *(
            message("pixels", 2, 2, 0.0, Blob(bytes(13))),
            message("pixels", -1, -1, 0.0, Blob(bytes(3))),
        ),
        *(message("pixels", 10**9, 10**9, 0.0, Blob(b"")), message("pixels", 2, 2, 0.0, "a" * 12)),
        *(message("pixels", 2, 2, focal, Blob(bytes(12))) for focal in (-1.0, math.inf, math.nan)),
        *(message("refused", 5), message("damaged", ["a"]), message("breach", "it broke")),
    ],
    ids=itertools.count(),
)
def test_forged_pictures_and_units_are_refused(said: bytes) -> None:
    isolated = Isolation(TOOLS)
    isolated.close()
    for error, work in (
        (ImageError, lambda: isolated.load(b"any")),
        (IsolationError, lambda: isolated.check("return 1", {})),
    ):
        pool: Any = Forged(said)
        isolated.pool = pool
        pool.theirs.shutdown(socket.SHUT_WR)
        with contextlib.closing(pool.worker.wire), pool.theirs, pytest.raises(error):
            work()
        assert pool.ended == "buried"
