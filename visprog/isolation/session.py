"""One program in a worker, and what the main process believes of what the worker says: nothing that
it has not looked at."""

from __future__ import annotations

import math
import re
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from visprog.errors import ToolError, VisprogError
from visprog.execution.calls import Ended, Outcome, Request, Step, Turn
from visprog.isolation.job import Job, Refused
from visprog.isolation.messages import Ledger, error_of, faults_of, parts_of
from visprog.isolation.wire import UTF8, Blob
from visprog.lang import types as t
from visprog.tool import Toolset
from visprog.values import Unknown, Value

Reply = tuple[Request, Outcome, float]
Messages = Generator[Turn, Reply | None, list[Any]]

BRIEF = 0.002  # seconds that other work waits for a worker
DEPTH = 1_000  # numbers of one `Request.order`
TOTAL = 4  # largest messages that a run may send, in bytes


class Session:
    """A program's run in a worker."""

    def __init__(self, job: Job, tools: Toolset, source: str) -> None:
        self.job = job
        self.tools = tools
        self.source = source
        self.limits = job.pool.setup.limits
        self.ledger = Ledger(job.pool.setup.message, trusted=False)
        self.words = set(re.findall(r"\w+", source))
        self.lines = source.count("\n") + source.count("\r") + 1
        self.waiting: dict[int, tuple[int, Request]] = {}  # by the identity of the request
        self.numbers: set[int] = set()
        self.calls = 0
        self.left = self.limits.seconds
        self.received = job.worker.wire.received

    def turns(self, inputs: Mapping[str, Value]) -> Generator[Turn, Reply | None, Any]:
        tokens = {name: self.ledger.token(value) for name, value in inputs.items()}
        self.job.send("run", Blob(self.source.encode(*UTF8)), tokens, self.ledger.fresh())
        replies: deque[Reply] = deque()
        while True:
            message = yield from self._answer(replies)
            try:
                turn = self._turn(message)
                end = self._end(message)
            except Exception as error:  # of whatever class: the message is not what it should be
                raise self.job.refuse(error) from None
            if end is not None:
                if turn.done:
                    yield turn
                if end.error is not None:
                    raise end.error
                return end.value
            # what came in while the worker was busy is for its next turn
            yet = Turn(turn.calls, turn.done, turn.more or bool(replies), turn.left)
            while not self.job.busy:
                reply = yield yet
                if reply is not None:
                    replies.append(reply)
                if replies:
                    self._send(*replies.popleft())
                elif turn.more:
                    self.job.send("go")
                yet = Turn([], [], False, turn.left)  # asked to go on although it waits

    def _answer(self, replies: deque[Reply]) -> Messages:
        """The worker's next message; while it is busy others go on."""
        job = self.job
        deadline = job.since + job.grace
        while not job.answered(BRIEF):
            if time.monotonic() > deadline:
                raise job.silent(job.grace)
            reply = yield Turn([], [], True, self.left)
            if reply is not None:
                replies.append(reply)
        message = job.receive(job.grace)
        if job.spent > self.limits.seconds + job.grace:
            raise job.refuse(Refused(f"it worked for more than {self.limits.seconds:g} seconds"))
        if job.worker.wire.received - self.received > TOTAL * job.pool.setup.message:
            raise job.refuse(Refused("more bytes than a program may send"))
        return message

    def _send(self, request: Request, outcome: Outcome, seconds: float) -> None:
        number, _ = self.waiting.pop(id(request))
        if isinstance(outcome, VisprogError):
            self.job.send("failure", number, parts_of(outcome), seconds)
            return
        token = self.ledger.token(outcome)
        try:
            fresh = self.ledger.fresh()
        except ValueError as error:  # a backend gave what only looks like a value
            parts = parts_of(ToolError(f"{request.tool} gave a result of no known kind: {error}"))
            self.job.send("failure", number, parts, seconds)
        else:
            self.job.send("outcome", number, token, fresh, seconds)

    # -- what the worker says

    def _turn(self, message: Sequence[Any]) -> Turn:
        calls: Sequence[Any] = []
        more, left = True, self.left
        match message:
            case ["turn", [*calls], [*steps], fresh, bool(more), float(left)]:
                pass
            case ["value" | "error", _, [*steps], fresh, bool()]:
                pass
            case ["faults", _]:
                return Turn([], [], True, left)
            case _:
                raise Refused("a message of an unknown kind")
        self.calls += len(calls) + len(steps)
        if self.calls > self.limits.calls:
            raise Refused("more tool calls than a program may make")
        if math.isnan(left):
            raise Refused("a time that there is not")
        self.left = min(left, self.limits.seconds)
        self.ledger.learn(fresh)
        done = [self._step(parts) for parts in steps]
        return Turn([self._call(parts) for parts in calls], done, more, self.left)

    def _end(self, message: Sequence[Any]) -> Ended | None:
        """How the run has ended, if it has; a worker that is worn is not given back."""
        match message:
            case ["value", token, _, _, worn]:
                end = Ended(self.ledger.value(token), None)
            case ["error", [*parts], _, _, worn]:
                end = Ended(None, error_of(parts))
            case ["faults", [*parts]]:
                return Ended(None, faults_of(parts, self.source))
            case _:
                return None
        self.job.busy = worn
        return end

    def _call(self, parts: Sequence[Any]) -> Request:
        match parts:
            case [int(number), *rest] if number not in self.numbers:
                request = self._request(rest, pure=False)
                self.numbers.add(number)
                self.waiting[id(request)] = number, request
                return request
        raise Refused("a call without a number of its own")

    def _request(self, parts: Sequence[Any], *, pure: bool) -> Request:
        match parts:
            case [str(tool), {**args}, int(line), name, [*order], int(height)]:
                values = self._arguments(tool, args, pure)
                if not 0 <= line <= self.lines or not 0 <= height <= self.limits.steps:
                    raise Refused("a call from nowhere in the program")
                if name is not None and name not in self.words:
                    raise Refused("a name that the program has not")
                if len(order) > DEPTH or not all(type(place) is int for place in order):
                    raise Refused("a call without a place in the program's order")
                return Request(tool, values, line, name, tuple(order), height)
        raise Refused("a call of an unknown shape")

    def _arguments(self, tool: str, args: Mapping[Any, Any], pure: bool) -> dict[str, Value]:
        if tool not in self.words or tool not in self.tools:
            raise Refused(f"a call of {tool[:50]!r}, which the program does not call")
        spec = self.tools[tool]
        if pure is not spec.pure:
            raise Refused(f"a call of {tool}, which is not made there")
        if args.keys() != {param.name for param in spec.params}:
            raise Refused(f"a call of {tool} with other arguments than it has")
        values = {name: self.ledger.value(token) for name, token in args.items()}
        for param in spec.params:
            if not t.admits(t.of(param.kind), values[param.name]):
                raise Refused(f"a call of {tool} where {param.name} is of another type")
        return values

    def _step(self, parts: Sequence[Any]) -> Step:
        match parts:
            case [[*asked], token, str(error), float(seconds), [*notices]]:
                request = self._request(asked, pure=True)
                spec = self.tools[request.tool]
                value = None if error else self.ledger.value(token)
                fits = isinstance(value, Unknown) or t.admits(t.of(spec.returns), value)
                if not (error or fits):
                    raise Refused(f"a result of {spec.name} that is of another type")
                if not (math.isfinite(seconds) and seconds >= 0):
                    raise Refused("a call that took no time that there is")
                if not all(type(notice) is str for notice in notices):
                    raise Refused("a notice that is no text")
                model = self.tools.model(request.tool)
                return Step(request, value, error, model, seconds, False, tuple(notices))
        raise Refused("a step of an unknown shape")
