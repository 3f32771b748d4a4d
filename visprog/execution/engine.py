"""Drives runs: answers their requests by tools and backends, in batches across runs."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from visprog.errors import RunError, ToolError, VisprogError
from visprog.execution.cache import Cache, call_key
from visprog.execution.interpreter import Request, Run
from visprog.lang import types as t
from visprog.tool import Backend, Model, Output, Toolset
from visprog.values import Unknown, Value

K = TypeVar("K")


@dataclass(frozen=True)
class Step:
    """A tool call that ended. `value` is None where `error` says why there is none.

    `seconds`: the wall clock of the batch it ran in, 0 where the value was known already.
    """

    request: Request
    value: Value | None
    error: str
    model: Model
    seconds: float
    cached: bool
    notices: tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """A run that ended: with a value, or with the error that stopped it."""

    value: Value | None
    error: VisprogError | None


class Engine:
    """Answers the requests of runs with one toolset. Holds the cache of results."""

    def __init__(self, tools: Toolset, cache: Cache | None = None) -> None:
        self.tools = tools
        self.cache = cache or Cache()
        self._returns = {name: t.of(spec.returns) for name, spec in tools.items()}

    def drive(self, runs: Mapping[K, Run]) -> Iterator[tuple[K, Step | Ended]]:
        """Drive runs to their ends, giving each step and each end as it comes.

        In every round all runs that wait have their calls answered together: equal calls once, and
        calls of one tool as a batch of its backend.
        """
        waiting: dict[K, Request] = {}
        for name, run in runs.items():
            yield from self._advance(name, run, None, waiting)
        while waiting:
            steps = self._answer(waiting)
            waiting = {}
            for name, step, outcome in steps:
                yield name, step
                yield from self._advance(name, runs[name], outcome, waiting)

    def _advance(
        self, name: K, run: Run, outcome: Any, waiting: dict[K, Request]
    ) -> Iterator[tuple[K, Ended]]:
        """Give a run the outcome it waits for; note its next request, or yield its end."""
        try:
            if isinstance(outcome, VisprogError):
                waiting[name] = run.throw(outcome)
            else:
                waiting[name] = run.send(outcome)
        except StopIteration as stop:
            yield name, Ended(stop.value, None)
        except VisprogError as error:
            yield name, Ended(None, error)

    def _answer(
        self, waiting: Mapping[K, Request]
    ) -> list[tuple[K, Step, Value | VisprogError | None]]:
        keys = {name: self._key(request) for name, request in waiting.items()}
        known = {key: found for key in keys.values() if (found := self.cache.get(key))}
        todo: dict[str, dict[str, Request]] = defaultdict(dict)
        for name, request in waiting.items():
            if keys[name] not in known:
                todo[request.tool].setdefault(keys[name], request)
        fresh: dict[str, tuple[Output | VisprogError, float]] = {}
        for tool, requests in todo.items():
            fresh.update(self._run(tool, requests))
        steps = []
        given: set[str] = set()
        for name, request in waiting.items():
            key = keys[name]
            cached = key in known or key in given
            output, seconds = (known[key], 0.0) if key in known else fresh[key]
            given.add(key)
            steps.append((name, *self._step(request, output, 0.0 if cached else seconds, cached)))
        return steps

    def _key(self, request: Request) -> str:
        backend = self.tools.backend(request.tool)
        model = self.tools.model(request.tool)
        return call_key(request.tool, backend.name if backend else "", model, request.args)

    def _step(
        self, request: Request, output: Output | VisprogError, seconds: float, cached: bool
    ) -> tuple[Step, Value | VisprogError | None]:
        model = self.tools.model(request.tool)
        if isinstance(output, VisprogError):
            error = output
            if not isinstance(output, RunError):  # such as absent weights: told with the line
                error = ToolError(str(output))
            return Step(request, None, str(output), model, seconds, cached, ()), error
        return Step(request, output.value, "", model, seconds, cached, output.notices), output.value

    def _run(
        self, tool: str, requests: Mapping[str, Request]
    ) -> dict[str, tuple[Output | VisprogError, float]]:
        """Run calls of one tool, in batches; results by key, with the seconds of their batch."""
        backend = self.tools.backend(tool)
        names = list(requests)
        size = backend.batch if backend else 1
        done: dict[str, tuple[Output | VisprogError, float]] = {}
        for start in range(0, len(names), size):
            part = names[start : start + size]
            begin = time.perf_counter()
            outputs = self._batch(tool, backend, [requests[name].args for name in part])
            seconds = time.perf_counter() - begin
            for name, output in zip(part, outputs, strict=True):
                if isinstance(output, Output):
                    self.cache.put(name, output)
                done[name] = output, seconds
        return done

    def _batch(
        self, tool: str, backend: Backend | None, calls: Sequence[Mapping[str, Any]]
    ) -> list[Output | VisprogError]:
        try:
            if backend is None:
                return [self._accept(tool, self._pure(tool, call)) for call in calls]
            backend.ready()
            outputs = list(backend.run(tool, calls))
        except VisprogError as error:
            return [error] * len(calls)
        except Exception as error:  # a defect of the backend must not stop other runs
            name = backend.name if backend else "visprog"
            message = f"{tool} failed in {name}: {type(error).__name__}: {error}"
            return [ToolError(message)] * len(calls)
        if len(outputs) != len(calls):
            message = f"{tool}: the backend gave {len(outputs)} results for {len(calls)} calls"
            return [ToolError(message)] * len(calls)
        return [self._accept(tool, output) for output in outputs]

    def _pure(self, tool: str, call: Mapping[str, Any]) -> Output | VisprogError:
        try:
            made = self.tools[tool].func(**call)
        except VisprogError as error:
            return error
        except Exception as error:
            return ToolError(f"{tool} failed: {type(error).__name__}: {error}")
        return made if isinstance(made, Output) else Output(made)

    def _accept(self, tool: str, output: Output | VisprogError) -> Output | VisprogError:
        """Refuse what is not a result, and a value that is not what the tool promises."""
        if isinstance(output, VisprogError):
            return output
        value = output.value if isinstance(output, Output) else output
        if isinstance(output, Output) and (
            isinstance(value, Unknown) or t.admits(self._returns[tool], value)
        ):
            return output
        want, got = t.text(self._returns[tool]), _kind(value)
        return ToolError(f"{tool} promises {want}, the backend gave {got}")


def _kind(value: object) -> str:
    """What a refused value is, in a few words."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return "nothing" if value is None else type(value).__name__
