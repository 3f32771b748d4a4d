"""Runs whose calls end in any order: the outcome is that of a run in order, and calls go together.

Programs of the language are programs of Python too, so Python itself says what an in-order run
gives.
"""

from __future__ import annotations

import random
import sys
import traceback
import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import PICTURE, answered
from visprog.errors import EvaluationError, RunError, StepLimit, ToolError
from visprog.execution import Request, evaluation, run
from visprog.lang import check, parse
from visprog.tool import Catalogue, tool
from visprog.values import Image, Unknown


@tool("look")
def num(k: int) -> int:
    """A small number."""
    raise NotImplementedError


@tool("look")
def tru(k: int) -> bool:
    """A truth."""
    raise NotImplementedError


@tool("look")
def nums(k: int) -> list[int]:
    """Up to three small numbers."""
    raise NotImplementedError


@tool("measure", pure=True)
def double(k: int) -> int:
    """Twice the number."""
    return 2 * k


TOOLS = Catalogue.of(sys.modules[__name__]).tools
Reply = Callable[[Request], Any]


def started(source: str) -> Any:
    program = parse(source)
    check(program, TOOLS, {"image": Image})
    return run(program, TOOLS, {"image": PICTURE})


def world(seed: int, broken: float, unknown: float) -> Callable[[str, int], Any]:
    """What the tools answer: the same call always the same."""

    def reply(name: str, k: int) -> Any:
        chance = random.Random(f"{seed} {name} {k}")
        luck = chance.random()
        if luck < broken:
            return ToolError(f"{name}({k}) broke")
        if luck < broken + unknown:
            return Unknown(f"{name}({k})")
        if name == "tru":
            return chance.random() < 0.5
        numbers = [chance.randint(-1, 3) for _ in range(4)]
        return numbers[0] if name == "num" else numbers[: chance.randint(0, 3)]

    return reply


def outcome(make: Callable[[], Any]) -> tuple[Any, ...]:
    try:
        return ("value", repr(make()))
    except RunError as error:
        return (type(error).__name__, error.line)


def ours(
    source: str, answer: Callable[[str, int], Any], mixed: int | None = None
) -> tuple[tuple[Any, ...], Counter[str]]:
    """A run's outcome and its calls, answered in the program's order or in that of a seed."""
    calls: Counter[str] = Counter()
    chance = random.Random(mixed)

    def reply(request: Request) -> Any:
        calls[f"{request.tool}{request.args['k']}"] += 1
        return answer(request.tool, request.args["k"])  # type: ignore[arg-type]

    def pick(waiting: Any) -> int:
        return 0 if mixed is None else chance.randrange(len(waiting))

    return outcome(lambda: answered(started(source), reply, pick)), calls


def pythons(source: str, answer: Callable[[str, int], Any]) -> tuple[tuple[Any, ...], Counter[str]]:
    """The outcome and the calls of the same text as a program of Python."""
    calls: Counter[str] = Counter()

    def asker(name: str) -> Callable[[int], Any]:
        def ask(k: int) -> Any:
            calls[f"{name}{k}"] += 1
            made = answer(name, k)
            if isinstance(made, ToolError):
                raise made
            return made

        return ask

    lines = source.split("\n")
    names: dict[str, Any] = {name: asker(name) for name in ("num", "tru", "nums")} | {
        "double": lambda k: 2 * k
    }
    text = "\n".join(["def program():", *(f"    {line}" for line in lines)])
    exec(compile(text, "program", "exec"), names)  # made by this test
    try:
        return ("value", repr(names["program"]())), calls
    except (ToolError, ArithmeticError, LookupError, ValueError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        line = max(i for i, frame in enumerate(frames) if frame.filename == "program")
        kind = "ToolError" if isinstance(error, ToolError) else "EvaluationError"
        return (kind, (frames[line].lineno or 0) - 1), calls


# -- programs: `a` and `b` are numbers, `xs` is a list, `f` is a helper

HELPER = """def f(x: int, y: int) -> int:
    if tru(x):
        return num(x)
    y += num(x + 1)
    return y"""


FORMS = ["=", "=", "+=", "xs", "a, b", "if", "for", "while", "return"]


class Writer:
    """Writes programs by chance."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def fill(self, forms: list[str], depth: int) -> str:
        """One of the forms, its marks N, T, L filled with a number, a truth, a list."""
        made = self.chance.choice(forms)
        parts = {"N": self.number, "T": self.truth, "L": self.items}
        return "".join(parts[mark](depth + 1) if mark in parts else mark for mark in made)

    def number(self, depth: int = 0) -> str:
        few = ["a", "b", "1", "num(a)", "num(b)", "num(2)"]
        more = ["num(N)", "double(N)", "f(N, N)", "(N + N)", "(N - N)", "(N // N)", "sum(L)"]
        more += ["(N if T else N)", "L[0]", "L[a]", "{'k': N, 'l': N}['k']"]
        return self.fill(few if depth > 2 else few[:3] + more, depth)

    def truth(self, depth: int = 0) -> str:
        few = ["tru(a)", "tru(b)", "a < b", "tru(1)"]
        more = ["(T and T and T)", "(T or T)", "(not T)", "(N < N)", "(N < N <= N)", "(N in L)"]
        more += ["any([T for a, b in zip(xs, L)])"]
        return self.fill(few if depth > 2 else few + more, depth)

    def items(self, depth: int = 0) -> str:
        few = ["xs", "nums(a)", "[a, b, 2]"]
        more = ["nums(N)", "[N, N]", "[N for a in L if T]", "[N for a in xs for b in nums(a)]"]
        return self.fill(few if depth > 2 else few + more, depth)

    def block(self, depth: int = 0) -> list[str]:
        lines: list[str] = []
        for _ in range(self.chance.randint(1, 4 - depth)):
            name = self.chance.choice("ab")
            match self.chance.choice(FORMS):
                case "=" | "+=" as sign:
                    lines.append(f"{name} {sign} {self.number()}")
                case "xs":
                    lines.append(f"xs = {self.items()}")
                case "a, b":
                    lines.append(f"a, b = {self.fill(['N, N', 'N, N', 'L'], 0)}")
                case "if" if depth < 2:
                    other = self.chance.choice([["else:", "    b = num(b)"], []])
                    lines += [f"if {self.truth()}:", *self.inner(depth), *other]
                case "for" if depth < 2:
                    lines += [f"for {name} in ({self.items()})[:3]:", *self.inner(depth)]
                case "while" if depth == 0:
                    test = f"while n < 2 and {self.truth()}:"
                    lines += ["n = 0", test, *self.inner(depth), "    n += 1"]
                case "return" if depth:
                    return [*lines, f"return [{self.number()}]"]
        return lines or ["a = 1"]

    def inner(self, depth: int) -> list[str]:
        return [f"    {line}" for line in self.block(depth + 1)]

    def program(self) -> str:
        given = [HELPER, "a = num(5)", "b = num(6)", "xs = nums(7)"]
        return "\n".join([*given, *self.block(), "return [a, b] + xs"])


PROGRAMS = st.randoms(use_true_random=False).map(lambda chance: Writer(chance).program())
SEEDS = st.integers(0, 2**32)
SLICES = st.sampled_from([1, 5, 40, 4_000])


@settings(max_examples=120, deadline=None)
@given(PROGRAMS, SEEDS, st.sampled_from([0.0, 0.0, 0.1]), SLICES)
def test_the_outcome_is_pythons_in_whatever_order_calls_end(
    source: str, seed: int, broken: float, steps: int
) -> None:
    answer = world(seed, broken, 0.0)
    wanted, calls = pythons(source, answer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "SLICE", steps)
        for mixed in (None, 1, seed):
            got, made = ours(source, answer, mixed)
            assert got == wanted
            if wanted[0] == "value":
                assert made == calls


@settings(max_examples=80, deadline=None)
@given(PROGRAMS, SEEDS, SLICES)
def test_with_abstentions_too_the_order_of_answers_changes_nothing(
    source: str, seed: int, steps: int
) -> None:
    answer = world(seed, 0.05, 0.2)
    wanted, _ = ours(source, answer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "SLICE", steps)
        assert all(ours(source, answer, mixed)[0] == wanted for mixed in (None, 1, seed))


# -- what goes together, and what waits


def first_calls(source: str) -> list[str]:
    """The calls of a run's first turn, in the program's order, however long it takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "SLICE_SECONDS", 60.0)
        turn = next(started(source))
    calls = sorted(turn.calls, key=lambda request: request.order)
    return [f"{call.tool}({call.args['k']})" for call in calls]


TWO = "def g(x: int) -> int:\n    y = num(x)\n    return y + num(2)\n"


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("x = num(1)\ny = num(2)\nreturn x + y", "num(1) num(2)"),
        ("return num(1) + num(2) * num(3)", "num(1) num(2) num(3)"),
        ("return [num(1), num(2)]", "num(1) num(2)"),
        ("return {'a': num(1), 'b': num(2)}", "num(1) num(2)"),
        ("return f'{num(1)} {num(2)}'", "num(1) num(2)"),
        ("return num(1) < num(2)", "num(1) num(2)"),
        ("return max(num(1), num(2))", "num(1) num(2)"),
        ("a, b = num(1), num(2)\nreturn a", "num(1) num(2)"),
        ("t = 0\nfor i in [1, 2, 3]:\n    t += num(i)\nreturn t", "num(1) num(2) num(3)"),
        ("return [num(i) for i in [1, 2]]", "num(1) num(2)"),
        ("return [i for i in [1, 2] if tru(i)]", "tru(1) tru(2)"),
        ("return [num(i + j) for i in [1, 2] for j in [1, 4]]", "num(2) num(5) num(3) num(6)"),
        ("a = 0\nif tru(1):\n    a = num(2)\nb = num(3)\nreturn a + b", "tru(1) num(3)"),
        (f"{TWO}return g(1) + g(3)", "num(1) num(2) num(3) num(2)"),
        (f"{TWO}return g(num(1))", "num(1) num(2)"),
        ("if tru(1):\n    a = 1\nif tru(2):\n    b = 1\nreturn 3", "tru(1) tru(2)"),
    ],
)
def test_calls_that_need_not_wait_go_together(source: str, wanted: str) -> None:
    assert " ".join(first_calls(source)) == wanted


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("return tru(1) and tru(2)", "tru(1)"),
        ("return tru(1) or tru(2)", "tru(1)"),
        ("return num(2) if tru(1) else num(3)", "tru(1)"),
        ("return 1 < num(1) < num(2)", "num(1)"),
        ("return num(num(1))", "num(1)"),
        ("if tru(1):\n    return num(2)\nreturn num(3)", "tru(1)"),
        ("for i in [1, 2]:\n    if tru(i):\n        return i\nreturn num(3)", "tru(1)"),
        ("return [num(i) for i in [1, 2] if tru(i)]", "tru(1) tru(2)"),
        ("n = num(1)\nwhile n < 3:\n    n += num(2)\nreturn n", "num(1)"),
        ("x = [1][1]\nreturn num(1)", ""),
        ("return [num(1), [1][1], num(2)]", "num(1)"),
    ],
)
def test_what_a_run_in_order_might_not_call_waits(source: str, wanted: str) -> None:
    try:
        assert " ".join(first_calls(source)) == wanted
    except EvaluationError:
        assert wanted == ""


UNUSED = "def g(x: int, y: int) -> int:\n    return y\n"


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("x = num(1)\ny = [1][2]\nreturn x", ("ToolError", 1)),
        ("x = [num(2), num(1)]\ny = num(1)\nreturn 1", ("ToolError", 1)),
        ("x = num(2)\ny = 1 // (x - x)\nz = num(1)\nreturn z", ("EvaluationError", 2)),
        (f"{UNUSED}return g(num(1), 2)", ("ToolError", 3)),
        (f"{UNUSED}return g(num(2), [1][num(2)]) + num(1)", ("EvaluationError", 3)),
        ("for i in [2, 1]:\n    x = num(i)\n    y = [1][i]\nreturn num(1)", ("EvaluationError", 3)),
        ("for i, j in [nums(2), nums(1)]:\n    x = [\n        num(i)]\nreturn 1", ("ToolError", 1)),
    ],
)
@pytest.mark.parametrize("mixed", [None, 1, 2, 3])
def test_the_first_failure_in_the_programs_order_is_told(
    source: str, error: tuple[str, int], mixed: int | None
) -> None:
    def answer(name: str, k: int) -> Any:
        return ToolError("it broke") if k == 1 else [1, 2] if name == "nums" else 2

    assert ours(source, answer, mixed)[0] == error


# -- bounds


def test_a_loop_that_pauses_sees_the_names_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "SLICE", 1)
    source = "a = 1\na = [a + i for i in [1, 2, 3]][2]\nreturn a"
    assert answered(started(source), lambda request: 1) == 4


@pytest.mark.parametrize(
    "source",
    [
        "x = 0\n" + "x = num(x)\n" * 450 + "return x",
        "x = 0\nfor i in range(450):\n    x = num(x)\nreturn x",
        "x = 0\nfor i in range(450):\n    x += num(i)\nfor i in range(5000):\n    x += 1\nreturn x",
        "x = num(0)\nfor i in range(5000):\n    if x > i:\n        x = 1\nreturn x",
        "i = 0\nwhile i < 450:\n    i += num(i)\nreturn i - 449",
        "for i in range(450):\n    if num(i) > 1:\n        return 0\nreturn 1",
    ],
)
def test_long_chains_of_values_to_come_do_not_recurse(source: str) -> None:
    assert answered(started(source), lambda request: 1) in (1, 5450)


def test_waiting_loops_hold_little() -> None:
    names = "\n".join(f"a{i} = 1" for i in range(1_000))
    loop = "for i in range(4000):\n    y = i if x > i else 2"
    going = started(f"{names}\nx = num(1)\ny = 0\n{loop}\nreturn y")
    tracemalloc.start()
    try:
        assert answered(going, lambda request: 1) == 2
        assert tracemalloc.get_traced_memory()[1] < 40e6  # 4,000 scopes are more than 100 MB
    finally:
        tracemalloc.stop()


def test_a_hostile_loop_over_values_to_come_ends_by_its_limit() -> None:
    source = "x = 0\nfor i in range(400):\n    x += num(i)\nwhile 0 <= x * 0:\n    x += 1\nreturn x"
    with pytest.raises(StepLimit):
        answered(started(source), lambda request: 1)
