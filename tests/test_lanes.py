"""How calls become batches, and what happens to those that hang, die or are not wanted any more."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from visprog.errors import DeadlineError, ToolTimeout, VisprogError
from visprog.execution import Ended, Engine, Limits, Run, Step, run
from visprog.lang.checked import Checker
from visprog.tool import Backend, Catalogue, Model, Output, Toolset, tool
from visprog.values import Image

PICTURE = Image(np.zeros((4, 4, 3), np.uint8), "picture")


@tool("look")
def first(image: Image, text: str) -> str:
    """The text."""
    raise NotImplementedError


@tool("look")
def second(image: Image, text: str) -> str:
    """The text."""
    raise NotImplementedError


class Gate(Backend):
    """Says what it is asked, once the test lets it; keeps what it was asked."""

    serves = ("first", "second")
    model = Model("gate", "Apache-2.0")
    batch = 4
    device = "chip"
    opened: ClassVar[bool] = True

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self.batches: list[tuple[str, list[str]]] = []
        self.begun: SimpleQueue[str] = SimpleQueue()
        self.go = threading.Semaphore(0)
        self.most = self.now = 0
        self.lock = threading.Lock()

    def run(self, tool: str, calls: Sequence[Mapping[str, Any]]) -> list[Output | VisprogError]:
        with self.lock:
            self.batches.append((tool, [call["text"] for call in calls]))
            self.now += 1
            self.most = max(self.most, self.now)
        self.begun.put(tool)
        if not self.opened:
            self.go.acquire()
        with self.lock:
            self.now -= 1
        return [self.made(call["text"]) for call in calls]

    def made(self, text: str) -> Output | VisprogError:
        if text == "exit":
            sys.exit(3)
        if text == "raise":
            raise RuntimeError("cannot bear it")
        return Output(text)


def make(**attributes: Any) -> tuple[Toolset, Gate]:
    """Tools that one backend with these attributes serves, and that backend."""
    name = attributes.pop("name", "gate")
    kind = type("Made", (Gate,), {"name": name, **attributes})
    module: Any = SimpleNamespace(first=first, second=second, Made=kind, __name__="gates")
    module.PROFILES = {"gates": {"first": name, "second": name}}
    tools = Catalogue.of(module).toolset("gates")
    backend = tools.backend("first")
    assert isinstance(backend, Gate)
    return tools, backend


def runs(tools: Toolset, *programs: str, limits: Limits | None = None) -> Iterator[tuple[str, Run]]:
    checker = Checker(tools)
    for text in programs:
        checked = checker(text, {"image": Image})
        yield text, run(checked, tools, {"image": PICTURE}, limits)


def ends(engine: Engine, *programs: str, limits: Limits | None = None) -> dict[str, Ended]:
    events = engine.drive(runs(engine.tools, *programs, limits=limits))
    return {name: event for name, event in events if isinstance(event, Ended)}


def ask(*texts: str, tool: str = "first") -> list[str]:
    return [f'return {tool}(image, "{text}")' for text in texts]


# -- batches


def test_what_is_nested_deeper_goes_first() -> None:
    tools, gate = make(batch=1)
    flat = [f'return second(image, "{n}")' for n in range(3)]
    deep = 'return second(image, second(image, first(image, "deep")))'
    ends(Engine(tools), *flat, deep)
    assert gate.batches[0] == ("second", ["0"])  # it was alone when it came
    assert [texts for _, texts in gate.batches[1:]].index(["deep"]) == 0


def test_a_partial_batch_waits_for_what_may_still_come() -> None:
    tools, gate = make()
    ends(Engine(tools), *ask("a", "b", "c", "d", "e", "f"))
    assert gate.batches == [("first", ["a", "b", "c", "d"]), ("first", ["e", "f"])]


def test_calls_of_one_program_that_do_not_hang_on_each_other_are_one_batch() -> None:
    tools, gate = make()
    program = """
answers = [first(image, word) for word in ["a", "b", "c"]]
last = first(image, "d")
return f"{answers[0]}{answers[1]}{answers[2]}{last}"
"""
    assert ends(Engine(tools), program)[program].value == "abcd"
    assert gate.batches == [("first", ["a", "b", "c", "d"])]


def test_runs_are_taken_as_there_is_room() -> None:
    tools, _ = make()
    taken: list[int] = []

    def source() -> Iterator[tuple[int, Run]]:
        for place, (_, going) in enumerate(runs(tools, *ask(*map(str, range(20))))):
            taken.append(place)
            yield place, going

    events = Engine(tools).drive(source(), window=5)
    assert next(events)
    assert len(taken) == 5
    assert len([event for _, event in events if isinstance(event, Ended)]) == 20


def test_a_device_takes_one_batch_at_a_time_and_lanes_bound_the_rest() -> None:
    for attributes, most in (
        ({"batch": 1, "lanes": 8}, 1),  # one device
        ({"batch": 1, "lanes": 3, "device": "remote"}, 3),
        ({"batch": 1, "lanes": 1, "device": "remote"}, 1),
    ):
        tools, gate = make(**attributes)
        ends(Engine(tools), *ask(*map(str, range(12))))
        assert gate.most <= most
    tools, gate = make(batch=1, lanes=3, device="remote", opened=False)
    engine = Engine(tools)
    with engine.client() as client:
        for name, going in runs(tools, *ask(*map(str, range(4)))):
            client.start(name, going)
        for _ in range(3):
            gate.begun.get(timeout=10)
        assert gate.begun.empty()
        gate.go.release(9)
        made = [event for _ in range(20) if client.active for event in client.take(wait=True)]
    assert gate.most == 3 and len(made) == 8


def test_replicas_share_the_calls_of_their_tool() -> None:
    made = [make(batch=1, device=f"chip {n}", opened=False)[1] for n in range(2)]
    tools, _ = make()
    tools = Toolset(list(tools.values()), {"first": made, "second": made[:1]})
    engine = Engine(tools)
    with engine.client() as client:
        for name, going in runs(tools, *ask("a", "b")):
            client.start(name, going)
        for gate in made:
            gate.begun.get(timeout=10)
            gate.go.release()
        while client.active:
            list(client.take(wait=True))
    assert sorted(batch for gate in made for batch in gate.batches) == [
        ("first", ["a"]),
        ("first", ["b"]),
    ]


def test_a_backend_may_serve_a_tool_that_could_do_its_own_work() -> None:
    def shout(self: Gate, text: str) -> str:
        return text.upper()

    @tool("look", pure=True)
    def say(text: str) -> str:
        """The text."""
        return text

    kind = type("Loud", (Gate,), {"name": "loud", "serves": ("say",), "say": shout})
    module: Any = SimpleNamespace(say=say, Loud=kind, __name__="says")
    module.PROFILES = {"plain": {}, "loud": {"say": "loud"}}
    module.Loud.run = Backend.run
    for profile, wanted in (("plain", "a"), ("loud", "A")):
        tools = Catalogue.of(module).toolset(profile)
        (end,) = ends(Engine(tools), 'return say("a")').values()
        assert end.value == wanted


# -- several threads


def test_threads_share_calls_on_their_way_and_batches() -> None:
    tools, gate = make(opened=False)
    engine = Engine(tools)
    done: dict[str, dict[str, Ended]] = {}

    def client(name: str, *texts: str) -> threading.Thread:
        def work() -> None:
            done[name] = ends(engine, *ask(*texts))

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    one = client("one", "a")
    gate.begun.get(timeout=10)  # it waits for nothing else, so it goes alone
    others = [client("two", "a", "b"), client("three", "b", "c")]
    until(lambda: engine.stats.asked == 5)
    gate.go.release(9)
    for thread in (one, *others):
        thread.join(timeout=10)
    assert sorted(text for _, texts in gate.batches for text in texts) == ["a", "b", "c"]
    assert [len(texts) for _, texts in gate.batches] == [1, 2]
    assert (engine.stats.shared, engine.stats.ran) == (2, 3)
    assert all(end.error is None for made in done.values() for end in made.values())


def until(true: Any) -> None:
    limit = time.monotonic() + 10
    while not true():
        assert time.monotonic() < limit
        time.sleep(0.002)


def test_a_program_that_only_computes_holds_up_nobody() -> None:
    tools, gate = make()
    endless = "n = 0\nwhile n < 10:\n    n = n * 1\nreturn first(image, f'{n}')"
    order = [
        name
        for name, event in Engine(tools).drive(runs(tools, endless, *ask("a")))
        if isinstance(event, Ended)
    ]
    assert order == [*ask("a"), endless]
    assert gate.batches == [("first", ["a"])]


# -- fairness


def test_a_program_with_many_calls_lets_others_in_between() -> None:
    tools, gate = make(opened=False)
    many = "return len([first(image, f'{n}') for n in range(200)])"
    order = []
    with Engine(tools).client() as client:
        for name, going in runs(tools, many, *ask("a")):
            client.start(name, going)
        gate.go.release(100)
        while client.active:
            order += [name for name, event in client.take(wait=True) if isinstance(event, Ended)]
    assert order == [*ask("a"), many]
    place = next(place for place, (_, texts) in enumerate(gate.batches) if "a" in texts)
    assert place <= 5  # its first calls are as urgent as any


def test_a_call_that_is_shallow_is_not_put_off_for_ever() -> None:
    tools, gate = make(batch=1)
    deep = [f'return second(image, first(image, "{n}"))' for n in range(20)]
    shallow = 'return first(image, "late")'
    ends(Engine(tools), deep[0], shallow, *deep[1:])
    firsts = [texts for tool, texts in gate.batches if tool == "first"]
    assert firsts.index(["late"]) <= 6


def test_one_who_waits_for_little_is_not_kept_waiting_by_full_batches() -> None:
    tools, gate = make(opened=False)
    engine = Engine(tools)
    with engine.client() as busy, engine.client() as other:
        for name, going in runs(tools, *ask(*map(str, range(40)))):
            busy.start(name, going)
        gate.begun.get(timeout=10)
        ((name, going),) = runs(tools, *ask("x", tool="second"))
        other.start(name, going)
        done: list[object] = []
        waits = threading.Thread(target=lambda: done.extend(other.take(wait=True)))
        waits.start()
        until(lambda: other.idle)
        gate.go.release(100)
        while busy.active:
            list(busy.take(wait=True))
        waits.join(timeout=10)
    order = [tool for tool, _ in gate.batches]
    assert len(done) == 2
    assert order.index("second") <= 4


# -- failures


def test_a_call_that_its_backend_cannot_bear_fails_alone() -> None:
    for text, message in (("raise", "RuntimeError: cannot bear it"), ("exit", "SystemExit: 3")):
        tools, gate = make()
        engine = Engine(tools)
        good, bad, other = ask("a", text, "b")
        made = ends(engine, good, bad, other)
        assert (made[good].value, made[other].value) == ("a", "b")
        assert str(made[bad].error) == f"line 1: first failed in gate: {message}"
        assert engine.stats.retries == 3
        assert gate.batches[0] == ("first", ["a", text, "b"])


def test_a_backend_that_hangs_fails_its_callers_and_is_replaced() -> None:
    tools, gate = make(opened=False, deadline=0.2, batch=1)
    engine = Engine(tools)
    (hung,) = ends(engine, *ask("a")).values()
    assert isinstance(hung.error, ToolTimeout)
    assert str(hung.error) == "line 1: first: no answer from gate within 0.2 seconds"
    gate.opened = True  # type: ignore[misc]
    (fine,) = ends(engine, *ask("b")).values()
    assert fine.value == "b"
    assert engine.stats.lost == 1
    gate.go.release()


def test_a_backend_that_always_hangs_is_out_of_service_until_it_answers() -> None:
    tools, gate = make(opened=False, deadline=0.05, batch=1)
    engine = Engine(tools)
    made = ends(engine, *ask(*"abcdef"))
    told = [str(end.error) for end in made.values()]
    assert sum("no answer from gate" in text for text in told) == 3
    assert sum("gate is out of service: 3 batches got no answer" in text for text in told) == 3
    gate.go.release(9)
    gate.opened = True  # type: ignore[misc]
    until(lambda: next(iter(ends(engine, *ask("z")).values())).error is None)


def test_a_run_waits_for_a_batch_no_longer_than_its_own_time() -> None:
    tools, gate = make(opened=False)
    (end,) = ends(Engine(tools), *ask("a"), limits=Limits(seconds=0.1)).values()
    assert isinstance(end.error, DeadlineError)
    assert str(end.error) == "line 1: its time was over while first ran"
    gate.go.release()


def test_weights_that_are_absent_are_the_error_of_each_caller() -> None:
    class Absent(Exception):
        pass

    def load(self: Gate) -> None:
        raise Absent("no file")

    tools, _ = make(load=load)
    made = ends(Engine(tools), *ask("a", "b"))
    assert {str(end.error) for end in made.values()} == {
        "line 1: first failed in gate: Absent: no file"
    }


# -- what is not wanted any more


def test_calls_that_nobody_waits_for_are_not_made() -> None:
    tools, gate = make(opened=False, batch=1)
    engine = Engine(tools)
    with engine.client() as client:
        for name, going in runs(tools, *ask("a", "b")):
            client.start(name, going)
        gate.begun.get(timeout=10)
    gate.go.release(9)
    assert ends(engine, *ask("c"))[ask("c")[0]].value == "c"
    assert gate.batches == [("first", ["a"]), ("first", ["c"])]


def test_a_stream_that_is_left_leaves_nothing_behind() -> None:
    tools, _ = make()
    engine = Engine(tools)
    events = engine.drive(runs(tools, *ask(*map(str, range(20)))))
    assert isinstance(next(events)[1], Step)
    events.close()  # type: ignore[attr-defined]
    assert ends(engine, *ask("x"))[ask("x")[0]].value == "x"
    until(lambda: not engine.lanes.running)


# -- replay


def test_replay_runs_no_model() -> None:
    tools, gate = make()
    engine = Engine(tools)
    ends(engine, *ask("a"))
    again = Engine(tools, engine.cache, replay=True)
    known, unknown = ask("a", "b")
    made = ends(again, known, unknown)
    assert made[known].value == "a"
    assert str(made[unknown].error) == (
        "line 1: the cache has no result of this call of first to replay"
    )
    assert len(gate.batches) == 1


@pytest.mark.parametrize("texts", [("a", "a"), ("a", "b")])
def test_steps_of_one_program_come_in_its_order(texts: tuple[str, str]) -> None:
    tools, _ = make()
    program = f'x = first(image, "{texts[0]}")\ny = second(image, "{texts[1]}")\nreturn x + y'
    steps = [
        event for _, event in Engine(tools).drive(runs(tools, program)) if isinstance(event, Step)
    ]
    ordered = sorted(steps, key=lambda step: step.request.order)
    assert [step.request.line for step in ordered] == [1, 2]
