"""Programs that are run a few lines at a time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import PICTURE, answered
from tests.test_flow import PROGRAMS, SEEDS, TOOLS, ours, outcome, world
from visprog.errors import (
    CallLimit,
    CheckError,
    EvaluationError,
    ProgramError,
    StepLimit,
    ToolError,
)
from visprog.execution import Limits, Request
from visprog.execution.session import MORE, Session
from visprog.lang import parse
from visprog.lang.checked import Checker
from visprog.tool import Backend, Model, Toolset
from visprog.values import Image, Unknown


class Nobody(Backend):
    """Stands for the backend of all tools; what it would answer is given by each test."""

    name = "nobody"
    serves = tuple(TOOLS)
    model = Model("nobody", "Apache-2.0", kind="rules")


CHECKER = Checker(Toolset(tuple(TOOLS.values()), dict.fromkeys(TOOLS, Nobody({}))))
INPUTS = {"image": Image}


def session(**limits: Any) -> Session:
    return Session(TOOLS, {"image": PICTURE}, Limits(**limits))


def parts(source: str, chance: random.Random) -> Iterator[str]:
    """The beginnings of a program, each longer than the one before, the last all of it."""
    lines = source.split("\n")
    starts = [node.at.line - 1 for node in parse(source).body][1:]
    for start in sorted(chance.sample(starts, chance.randint(0, len(starts)))):
        yield "\n".join(lines[:start])
    yield source


def in_parts(
    held: Session, beginnings: Iterator[str], reply: Callable[[Request], Any]
) -> tuple[Any, list[Any]]:
    """The value of the last beginning, and what the others gave."""
    gave: list[Any] = []
    for text in beginnings:
        value = answered(held.run(CHECKER.part(text, INPUTS)), reply)
        if value is not MORE:
            return value, gave
        gave.append(value)
    raise AssertionError("it did not return")


@settings(max_examples=120, deadline=None)
@given(PROGRAMS, SEEDS, st.sampled_from([0.0, 0.1]), st.sampled_from([0.0, 0.15]))
def test_a_program_in_parts_is_the_whole_program(
    source: str, seed: int, broken: float, unknown: float
) -> None:
    answer = world(seed, broken, unknown)
    wanted, calls = ours(source, answer)
    asked: list[str] = []

    def reply(request: Request) -> Any:
        asked.append(f"{request.tool}{request.args['k']}")
        return answer(request.tool, request.args["k"])  # type: ignore[arg-type]

    chance = random.Random(seed)
    got = outcome(lambda: in_parts(session(), parts(source, chance), reply)[0])
    assert got == wanted
    if wanted[0] == "value" and not unknown:  # after an abstention more calls may be made
        assert sorted(asked) == sorted(calls.elements())


def refused(text: str, start: int) -> bool:
    try:
        CHECKER.part(text, INPUTS, start=start)
    except ProgramError:
        return True
    return False


@settings(max_examples=120, deadline=None)
@given(PROGRAMS, SEEDS, st.sampled_from([0.0, 0.15]))
def test_lines_that_are_accepted_make_the_whole_program_wherever_they_are_cut(
    source: str, seed: int, unknown: float
) -> None:
    answer = world(seed, 0.0, unknown)
    chance, lines = random.Random(seed), source.split("\n")
    held, start = session(), 1

    def reply(request: Request) -> Any:
        return answer(request.tool, request.args["k"])  # type: ignore[arg-type]

    def rounds() -> Any:
        nonlocal start
        for end in range(1, len(lines) + 1):
            text = "\n".join(lines[:end])
            if (end < len(lines) and chance.random() < 0.5) or refused(text, start):
                continue  # it comes with the next lines
            value = answered(held.run(CHECKER.part(text, INPUTS, start=start)), reply)
            if value is not MORE:
                return value
            start = end + 1
        raise AssertionError("it did not return")

    wanted, _ = ours(source, answer)
    # a cut inside of a statement leaves lines that go on with it: those are never accepted
    if not refused_at_the_end(lines, random.Random(seed)):
        assert outcome(rounds) == wanted


def refused_at_the_end(lines: list[str], chance: random.Random) -> bool:
    """Whether some cut that `rounds` makes leaves lines that cannot be accepted any more."""
    start = 1
    for end in range(1, len(lines) + 1):
        text = "\n".join(lines[:end])
        if (end < len(lines) and chance.random() < 0.5) or refused(text, start):
            continue
        start = end + 1
    return start <= len(lines)


@pytest.mark.parametrize(
    "more",
    [
        "    b = 3",
        "    b = 3\nc = 1",
        "else:\n    b = 3",
        "elif a > 0:\n    b = 3",
        "\n# so\n    b = 3\nreturn b",
    ],
)
def test_lines_may_not_go_on_with_a_statement_that_has_run(more: str) -> None:
    first = "a = num(1)\nb = 0\nif a > 5:\n    b = 2"
    with pytest.raises(CheckError, match="goes on with a statement that has run"):
        CHECKER.part(f"{first}\n{more}", INPUTS, start=5)
    assert CHECKER.part(f"{first}\n\n# so\nc = 3", INPUTS, start=5)


def test_new_lines_that_return_return_on_every_path() -> None:
    sometimes = "a = num(1)\nif a > 5:\n    return 2"
    assert CHECKER.part(sometimes, INPUTS)
    with pytest.raises(CheckError, match="can end without `return`"):
        CHECKER.part(sometimes, INPUTS, start=2)
    assert CHECKER.part(sometimes + "\nreturn 3", INPUTS, start=2)
    helper = "def f(k: int) -> int:\n    return k\nb = f(1)"
    assert CHECKER.part(helper, INPUTS, start=1)


def ones(request: Request) -> Any:
    return 1


def run_part(held: Session, text: str, reply: Callable[[Request], Any] = ones) -> Any:
    return answered(held.run(CHECKER.part(text, INPUTS)), reply)


def test_names_keep_their_values_and_what_is_new_is_told() -> None:
    held = session()
    assert run_part(held, "a = num(1)\nb = a + 1") is MORE
    assert held.news == {"a": 1, "b": 2}
    assert run_part(held, "a = num(1)\nb = a + 1\nb += 5\nif tru(1):\n    c = 3") is MORE
    assert held.news == {"b": 7, "c": 3}
    assert run_part(held, "a = num(1)\nb = a + 1\nb += 5\nif tru(1):\n    c = 3\nreturn b") == 7


def test_a_helper_may_come_later_and_sees_the_inputs_only() -> None:
    held = session()
    first = "n = num(1)"
    second = first + "\ndef twice(k: int) -> int:\n    return k + k\nm = twice(n)"
    assert run_part(held, first) is MORE and run_part(held, second) is MORE
    assert held.news == {"m": 2}
    with pytest.raises(CheckError, match="`n`"):
        CHECKER.part(first + "\ndef f(k: int) -> int:\n    return k + n", INPUTS)


def test_a_part_that_fails_sets_no_name_and_may_be_replaced() -> None:
    held = session()

    def reply(request: Request) -> Any:
        return ToolError("it broke") if request.args["k"] == 9 else 1

    assert run_part(held, "a = num(1)", reply) is MORE
    with pytest.raises(ToolError, match="line 3: it broke"):
        run_part(held, "a = num(1)\nb = num(2)\nc = num(9)", reply)
    assert "b" not in held.scope
    assert run_part(held, "a = num(1)\nd = num(3)\nreturn a + d", reply) == 2


def test_an_unknown_is_kept_until_something_hangs_on_it() -> None:
    held = session()

    def reply(request: Request) -> Any:
        return Unknown("who knows")

    assert run_part(held, "a = num(1)", reply) is MORE
    assert held.news == {"a": Unknown("who knows")}
    assert run_part(held, "a = num(1)\nb = a + 1\nif b > 1:\n    b = 2", reply) == Unknown(
        "who knows"
    )


def test_limits_are_of_all_parts_together() -> None:
    held = session(calls=3)
    assert run_part(held, "a = num(1)\nb = num(2)") is MORE
    with pytest.raises(CallLimit):
        run_part(held, "a = num(1)\nb = num(2)\nc = num(3)\nd = num(4)")
    held, text = session(steps=300), ""
    with pytest.raises(StepLimit):
        for n in range(20):
            text += f"x{n} = sum([i for i in range(20)])\n"
            run_part(held, text)


def test_a_part_need_not_return_but_a_whole_program_must() -> None:
    with pytest.raises(CheckError, match="can end without `return`"):
        CHECKER("a = 1", INPUTS)
    assert CHECKER.part("a = 1", INPUTS)
    with pytest.raises(CheckError, match="no name `b`"):
        CHECKER.part("a = b", INPUTS)
    with pytest.raises(EvaluationError):
        run_part(session(), "a = 1 // 0")
