"""What a worker does: decodes a picture, checks a program, or runs one, as the main process asks.

The main process is believed; what is done here may have gone wrong in any way once a picture or a
program has been seen, so the main process does not believe a worker (`visprog.isolation.session`).
"""

from __future__ import annotations

import io
import os
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any, NoReturn

from visprog import decoding
from visprog.codec import CodecError
from visprog.errors import ImageError, ProgramError, RunError
from visprog.execution.calls import Outcome, Request, Step
from visprog.execution.interpreter import run
from visprog.isolation import sandbox
from visprog.isolation.messages import Ledger, error_of, parts_of
from visprog.isolation.setup import Setup, import_all, toolset
from visprog.isolation.wire import UTF8, Blob, Closed, Wire
from visprog.lang import types as t
from visprog.lang.checked import Checker
from visprog.values import Value

SLICE = 0.004  # seconds that a run goes on without a word
GROWTH = 64 << 20  # bytes that a worker may have grown by and still be used again
SHARE = 0.5  # of its processor time, after which it is not


class Worker:
    """The state of a worker; made once, before the fork."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.tools = toolset(setup.tools)
        self.checker = Checker(self.tools)
        self.started: _Started | None = None
        self.samples: dict[str, bytes] = {}  # small pictures, by format
        self.jobs = 0
        self.largest = 0

    def warm_up(self) -> None:
        """Import and try all that a worker uses: it can open no file later."""
        from PIL import Image as pil

        import_all(self.tools)
        pil.init()
        for kind in decoding.FORMATS:
            for mode in ("RGB", "P", "L", "I;16") if kind == "PNG" else ("RGB",):
                held = io.BytesIO()
                pil.new(mode, (9, 9)).save(held, kind)
                decoding.decode(held.getvalue(), self.setup.image_limits)
                self.samples[kind] = held.getvalue()
        self.rehearse()
        sandbox.prepare()

    def rehearse(self) -> None:
        """Do jobs like those that will come.

        What they touch is then this process's own, so that the first job does not wait for it.
        """
        self._decode(self.samples["JPEG"])
        self._run("x = [str(i) for i in range(2)]\nreturn x[0] + f'{len(x)}'", {}, None)
        self._run("return 1 / 0 + ", {}, None)
        self.started, self.jobs = None, 0

    def serve(self, end: socket.socket, descriptors: int) -> None:
        """Enter the sandbox, then do jobs until the other side is gone."""
        wire = Wire(end, self.setup.message)
        try:
            layers = sandbox.enter(self.setup.memory, self.setup.seconds, descriptors)
        except OSError as error:
            _breach(wire, f"it cannot be confined: {error}")
        wire.send(
            "ready", os.getpid(), [[layer.name, layer.active, layer.note] for layer in layers]
        )
        self.rehearse()
        self.largest = _largest()
        try:
            while True:
                wire.send(*self._reply(wire.receive()))
        except Closed:
            return
        except CodecError as error:  # a tool gave what only looks like a value
            _breach(wire, f"it made what cannot be told: {error}")
        except MemoryError:
            _breach(wire, f"it wanted more than {self.setup.memory / 1e6:,.0f} MB of memory")
        except Exception as error:  # a defect of ours: told, since no trace of it gets out
            _breach(wire, f"its own code failed: {type(error).__name__}: {error}")

    # -- jobs

    def _reply(self, message: list[Any]) -> tuple[Any, ...]:
        match message:
            case ["go"]:
                return self._advance(None)
            case ["outcome", int(number), token, fresh, seconds]:
                return self._advance((number, self._outcome(token, fresh), seconds))
            case ["failure", int(number), parts, seconds]:
                return self._advance((number, error_of(parts), seconds))
            case ["run", source, inputs, fresh]:
                return self._run(source.decode(*UTF8), inputs, fresh)
            case ["check", source, kinds]:
                return self._check(source.decode(*UTF8), kinds)
            case ["decode", data]:
                return self._decode(data)
        raise ValueError(f"a message of an unknown kind: {message[0]}")

    def _decode(self, data: bytes) -> tuple[Any, ...]:
        try:
            pixels, focal = decoding.decode(data, self.setup.image_limits)
        except MemoryError:
            raise
        except ImageError as error:
            return "refused", str(error)
        except Exception as error:  # Pillow's own, of any class
            return "damaged", str(error)[:1000] or type(error).__name__
        return "pixels", *pixels.shape[:2], focal, Blob(pixels.data)

    def _check(self, source: str, kinds: Mapping[str, str]) -> tuple[Any, ...]:
        try:
            names = {name: annotation(kind) for name, kind in kinds.items()}
            return "unit", t.unit_name(self.checker(source, names).returns)
        except ProgramError as error:
            return "faults", parts_of(error)

    def _run(self, source: str, inputs: Mapping[str, Any], fresh: Any) -> tuple[Any, ...]:
        ledger = Ledger(self.setup.message, trusted=True)
        ledger.learn(fresh)
        values = {name: ledger.value(token) for name, token in inputs.items()}
        kinds = {name: _kind(value) for name, value in values.items()}
        try:
            found = self.checker(source, kinds)
        except ProgramError as error:
            return "faults", parts_of(error)
        limits = self.setup.limits
        started = run(found, self.tools, values, limits)
        self.started = _Started(started, ledger)
        return self._advance(None)

    def _outcome(self, token: Any, fresh: Any) -> Value:
        assert self.started is not None
        self.started.ledger.learn(fresh)
        return self.started.ledger.value(token)

    def _advance(self, outcome: tuple[int, Outcome, float] | None) -> tuple[Any, ...]:
        """Go on until there is a call to make, the run ends, or the time slice is over."""
        started = self.started
        assert started is not None, "there is no run"
        done: list[Any] = []
        until = time.perf_counter() + SLICE
        try:
            while True:
                turn = started.send(outcome)
                done += map(started.step, turn.done)
                if turn.calls or not turn.more or time.perf_counter() > until:
                    break
                outcome = None
        except StopIteration as stop:
            token = started.ledger.token(stop.value)
            return "value", token, done, started.ledger.fresh(), self._is_worn()
        except RunError as error:
            return "error", parts_of(error), done, started.ledger.fresh(), self._is_worn()
        calls = [started.call(request) for request in turn.calls]
        return "turn", calls, done, started.ledger.fresh(), turn.more, turn.left

    def _is_worn(self) -> bool:
        """Whether this worker should do no other job; also ends the run."""
        self.started = None
        self.jobs += 1
        return (
            self.jobs >= self.setup.jobs
            or time.process_time() > SHARE * self.setup.seconds
            or _largest() > self.largest + GROWTH
        )


class _Started:
    """A run that has begun, and its requests by number."""

    def __init__(self, started: Any, ledger: Ledger) -> None:
        self.run = started
        self.ledger = ledger
        self.requests: dict[int, Request] = {}
        self.count = 0

    def send(self, outcome: tuple[int, Outcome, float] | None) -> Any:
        if outcome is None:
            return self.run.send(None)
        number, value, seconds = outcome
        return self.run.send((self.requests.pop(number), value, seconds))

    def call(self, request: Request) -> list[Any]:
        self.count += 1
        self.requests[self.count] = request
        return [self.count, *self._parts(request)]

    def step(self, step: Step) -> list[Any]:
        value = None if step.value is None else self.ledger.token(step.value)
        return [self._parts(step.request), value, step.error, step.seconds, list(step.notices)]

    def _parts(self, request: Request) -> list[Any]:
        args = {name: self.ledger.token(value) for name, value in request.args.items()}
        order = list(request.order)
        return [request.tool, args, request.line, request.name, order, request.height]


def annotation(text: str) -> Any:
    """The Python annotation of an input's type, such as `list[Image]`."""
    inner = text.removeprefix("list[").removesuffix("]")
    found: Any = t.CLASSES[inner]
    return found if inner == text else list[found]


def _kind(value: Value) -> Any:
    """The annotation of an input, by its value."""
    return list[type(value[0])] if isinstance(value, list) and value else type(value)  # type: ignore[misc]


def _largest() -> int:
    """Bytes of memory that this process has had at most."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _breach(wire: Wire, text: str) -> NoReturn:
    wire.send("breach", text)
    raise SystemExit(0)
