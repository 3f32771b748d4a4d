"""The engine: batches, sharing, and what becomes of results that are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from tests import fake_tools
from tests.fake_tools import Scale, Spotter
from visprog.errors import ToolError, VisprogError, WeightsError
from visprog.execution import Ended, Engine, Step, run
from visprog.lang import check, parse
from visprog.tool import Backend, Catalogue, Output, Toolset
from visprog.values import Image, Unknown

PICTURE = Image(np.zeros((4, 4, 3), np.uint8), "picture")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    Spotter.batches.clear()
    Scale.calls = 0
    yield


@pytest.fixture
def tools() -> Toolset:
    return Catalogue.of(fake_tools).toolset("fake")


def drive(engine: Engine, *programs: str) -> tuple[list[Ended], list[Step]]:
    """The ends of some programs that run together, in their order, and all steps."""
    inputs: dict[str, Any] = {"image": PICTURE}
    runs = {}
    for place, text in enumerate(programs):
        program = parse(text)
        check(program, engine.tools, {"image": Image})
        runs[place] = run(program, engine.tools, inputs)
    ends: dict[int, Ended] = {}
    steps: list[Step] = []
    for place, event in engine.drive(runs):
        if isinstance(event, Ended):
            ends[place] = event
        else:
            steps.append(event)
    return [ends[place] for place in range(len(programs))], steps


def spot(name: str) -> str:
    return f'return tally(spot(image, "{name}"))'


def weigh(name: str) -> str:
    return f'return weigh(image, "{name}")'


# -- batches and sharing


def test_calls_of_many_runs_are_one_batch_of_their_backend(tools: Toolset) -> None:
    ends, _ = drive(Engine(tools), *map(spot, ("cat", "dog", "cow")))
    assert Spotter.batches == [["cat", "dog", "cow"]]
    assert [end.value for end in ends] == [2, 2, 2]


def test_a_batch_is_as_large_as_its_backend_takes(tools: Toolset) -> None:
    drive(Engine(tools), *map(spot, "abcdef"))
    assert Spotter.batches == [["a", "b", "c", "d"], ["e", "f"]]


def test_equal_calls_run_once_and_say_so(tools: Toolset) -> None:
    ends, steps = drive(Engine(tools), spot("cat"), spot("cat"), spot("dog"))
    assert Spotter.batches == [["cat", "dog"]]
    assert [end.value for end in ends] == [2, 2, 2]
    spots = [step for step in steps if step.request.tool == "spot"]
    assert [step.cached for step in spots] == [False, True, False]
    assert spots[0].seconds > 0
    assert spots[1].seconds == 0


def test_a_later_run_finds_what_an_earlier_one_made(tools: Toolset) -> None:
    engine = Engine(tools)
    drive(engine, spot("cat"))
    _, steps = drive(engine, spot("cat"))
    assert len(Spotter.batches) == 1
    assert [step.cached for step in steps] == [True, False]  # `tally` does its own work


def test_another_picture_is_another_call(tools: Toolset) -> None:
    engine = Engine(tools)
    program = parse(spot("cat"))
    for shade in (0, 1):
        picture = Image(np.full((4, 4, 3), shade, np.uint8), "picture")
        list(engine.drive({0: run(program, tools, {"image": picture})}))
    assert len(Spotter.batches) == 2


def test_errors_are_not_kept(tools: Toolset) -> None:
    engine = Engine(tools)
    for _ in range(2):
        (end,), _ = drive(engine, weigh("refused"))
        assert isinstance(end.error, ToolError)
    assert Scale.calls == 2


def test_steps_say_the_line_and_the_name_they_are_assigned_to(tools: Toolset) -> None:
    _, steps = drive(Engine(tools), 'cats = spot(image, "cat")\nreturn tally(cats)')
    assert [(s.request.line, s.request.name, s.request.tool) for s in steps] == [
        (1, "cats", "spot"),
        (2, None, "tally"),
    ]


# -- what goes wrong with one call stays with it


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("refused", "too heavy"),
        ("defect", "weigh failed in scale: KeyError: 'no such thing'"),
        ("nan", "weigh promises float, the backend gave nan"),
        ("infinite", "weigh promises float, the backend gave inf"),
        ("none", "weigh promises float, the backend gave nothing"),
        ("text", "weigh promises float, the backend gave str"),
        ("truth", "weigh promises float, the backend gave bool"),
    ],
)
def test_a_bad_result_fails_its_own_run_only(tools: Toolset, name: str, message: str) -> None:
    (good, bad, other), steps = drive(Engine(tools), weigh("a"), weigh(name), weigh("b"))
    assert [good.value, other.value] == [7.0, 7.0]
    assert isinstance(bad.error, ToolError)
    assert str(bad.error) == f"line 1: {message}"
    assert [step.error for step in steps] == ["", message, ""]


def test_a_pure_tool_that_fails_is_an_error_of_its_run() -> None:
    (end,), _ = drive(Engine(Toolset.of(fake_tools)), "return broken(1)")
    assert isinstance(end.error, ToolError)
    assert "broken failed: ZeroDivisionError" in str(end.error)


class Faulty(Backend):
    """A scale whose `run` is replaced by a test."""

    name = "faulty"
    serves = ("weigh",)
    model = Scale.model
    batch = 8
    results: Any = None

    def run(self, tool: str, calls: Sequence[Mapping[str, Any]]) -> list[Output | VisprogError]:
        if isinstance(self.results, Exception):
            raise self.results
        made: list[Output | VisprogError] = self.results
        return made


@pytest.mark.parametrize(
    ("results", "message"),
    [
        (RuntimeError("out of memory"), "weigh failed in faulty: RuntimeError: out of memory"),
        (WeightsError("the weights are absent"), "the weights are absent"),
        ([Output(1.0)], "weigh: the backend gave 1 results for 2 calls"),
        ([Output(1.0)] * 3, "weigh: the backend gave 3 results for 2 calls"),
        (None, "weigh failed in faulty: TypeError: 'NoneType' object is not iterable"),
        ([None, None], "weigh promises float, the backend gave nothing"),
        ([1.0, 2.0], "weigh promises float, the backend gave float"),
    ],
)
def test_a_backend_that_fails_fails_its_callers_and_no_others(results: Any, message: str) -> None:
    module = type("Holder", (), {})()
    module.__name__ = "holder"
    module.Faulty = Faulty
    tools = Catalogue.of(fake_tools, module).toolset("fake,weigh=faulty")
    backend = tools.backend("weigh")
    assert isinstance(backend, Faulty)
    backend.results = results
    (one, other, two), _ = drive(Engine(tools), weigh("a"), spot("cat"), weigh("b"))
    assert other.value == 2
    for end in (one, two):
        assert isinstance(end.error, ToolError)
        assert message in str(end.error)


def test_a_run_that_ends_at_a_limit_does_not_stop_others(tools: Toolset) -> None:
    endless = "total = 0\nfor n in range(20000):\n  for m in range(20000):\n    total += 1\n"
    (one, other), _ = drive(Engine(tools), endless + "return total", spot("cat"))
    assert "more than 200000 steps" in str(one.error)
    assert other.value == 2


# -- what is no error passes


def test_an_abstention_passes(tools: Toolset) -> None:
    (end,), steps = drive(Engine(tools), spot("unicorn"))
    assert end.value == Unknown("there are no unicorns; try: visprog tools")
    assert len(steps) == 1  # nothing is counted


def test_notices_pass_and_stay_with_a_known_result(tools: Toolset) -> None:
    _, steps = drive(Engine(tools), spot("note"), spot("note"))
    spots = [step for step in steps if step.request.tool == "spot"]
    assert [step.notices for step in spots] == [("spots are made up",)] * 2
