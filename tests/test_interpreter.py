"""What running a program means: abstention, limits, errors with their lines."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import PICTURE, value_of
from visprog.errors import CallLimit, DeadlineError, StepLimit, ToolError
from visprog.execution import Limits, run
from visprog.lang import parse
from visprog.tool import Catalogue, ToolSpec, tool
from visprog.values import Image, Unknown


@tool("look")
def ask(image: Image) -> str:
    """What a test answers."""
    raise NotImplementedError


def fakes_that_wait() -> dict[str, ToolSpec]:
    return Catalogue.of(sys.modules[__name__]).tools


SECRET = 'query(image, "secret")'
U, T, F = 'verify(image, "secret")', 'verify(image, "true")', 'verify(image, "false")'


@pytest.mark.parametrize(
    "source",
    [
        f"return {SECRET}",
        f"return {SECRET} + 'x'",
        f"return {SECRET} == 'x'",
        f"return f'{{{SECRET.replace(chr(34), chr(34))}}}'",
        f"return query(image, {SECRET})",
        f"return [{SECRET}][0]",
        f"return max([{SECRET}, 'a'])",
        f"return 1 if {U} else 2",
        f"if {U}:\n    return 1\nreturn 2",
        f"return [x for x in [1, 2] if {U}]",
        f"def f(x: int) -> str:\n    if {U}:\n        return 'a'\n    return 'b'\nreturn f(1)",
        f"x = {{'a': {SECRET}}}\nreturn x['a']",
        f"return not {U}",
    ],
)
def test_an_abstention_travels_with_its_reason(source: str) -> None:
    assert value_of(source) == Unknown("it is a secret")


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (f"{T} or {U}", True),
        (f"{U} or {T}", True),
        (f"{U} or {F}", None),
        (f"{F} and {U}", False),
        (f"{U} and {F}", False),
        (f"{U} and {T}", None),
        (f"any([{U}, {T}])", True),
        (f"any([{U}, {F}])", None),
        (f"all([{U}, {F}])", False),
        (f"all([{U}, {T}])", None),
        (f"len([{U}])", 1),
    ],
)
def test_logic_is_kleenes(source: str, wanted: object) -> None:
    value = value_of(f"return {source}")
    assert (None if isinstance(value, Unknown) else value) == wanted


def test_an_unused_abstention_does_no_harm() -> None:
    assert value_of(f"x = {SECRET}\nreturn 1") == 1


def test_a_tools_error_has_the_line_of_its_call() -> None:
    with pytest.raises(ToolError, match="line 2: it broke") as caught:
        value_of('x = 1\nreturn query(image, "broken")')
    assert caught.value.line == 2


def test_a_program_waits_for_no_longer_than_its_deadline() -> None:
    started = run(
        parse("x = ask(image)\nreturn ask(image)"),
        fakes_that_wait(),
        {"image": PICTURE},
        Limits(seconds=5),
    )
    first, second = next(started).calls
    started.send((first, "a", 4.0))
    with pytest.raises(DeadlineError, match="more than 5 seconds"):
        started.send((second, "b", 4.0))


def test_the_wait_for_a_turn_does_not_count() -> None:
    program = parse("return ask(image)")
    started = run(program, fakes_that_wait(), {"image": PICTURE}, Limits(seconds=0.01))
    (call,) = next(started).calls
    time.sleep(0.05)
    with pytest.raises(StopIteration) as ended:
        started.send((call, "a", 0.0))
    assert ended.value.value == "a"


def test_steps_and_calls_are_bounded() -> None:
    with pytest.raises(StepLimit, match="line 2: more than 1000 steps"):
        value_of("i = 0\nwhile i < 5:\n    i += 0\nreturn i", Limits(steps=1000))
    with pytest.raises(CallLimit, match="more than 3 tool calls"):
        value_of('return sum(count(detect(image, "a")) for i in range(9))', Limits(calls=3))


NUMBERS = st.recursive(
    st.integers(0, 50).map(str),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "%"]), inner).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(NUMBERS)
def test_arithmetic_is_pythons(text: str) -> None:
    try:
        wanted = eval(text, {"__builtins__": {}})  # made by this test: digits and operators only
    except ZeroDivisionError:
        return
    assert value_of(f"return {text}") == wanted


LISTS = st.lists(st.integers(-9, 9), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(LISTS, st.integers(-7, 7), st.integers(-7, 7))
def test_lists_are_pythons(items: list[int], low: int, high: int) -> None:
    source = (
        f"xs = {items}\nys = [x * x for x in xs if x > 0]\n"
        f"return [len(xs[{low}:{high}]), sum(ys), max(xs), sorted(xs)[0], xs[0 - 1]]"
    )
    squares = [x * x for x in items if x > 0]
    wanted = [len(items[low:high]), sum(squares), max(items), sorted(items)[0], items[-1]]
    assert value_of(source) == wanted


def test_helpers_call_helpers_to_a_depth() -> None:
    def chain(length: int) -> str:
        helpers = [
            f"def f{n}(x: int) -> int:\n    return f{n + 1}(x) + 1" for n in range(length - 1)
        ]
        last = f"def f{length - 1}(x: int) -> int:\n    return x"
        return "\n".join([*helpers, last, "return f0(1)"])

    assert value_of(chain(10)) == 10
    with pytest.raises(StepLimit, match="deeper than 10"):
        value_of(chain(11))
