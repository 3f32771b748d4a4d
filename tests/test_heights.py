"""What waits for each call of a program, and programs that are checked once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.errors import CheckError, ParseError
from visprog.lang import parse
from visprog.lang import types as t
from visprog.lang.checked import Checker
from visprog.lang.heights import heights
from visprog.lang.syntax import Call, walk
from visprog.tool import Backend, Catalogue, Model, tool
from visprog.values import Image


@tool("look")
def ask(image: Image, a: str, b: str) -> str:
    """Two texts to another; a backend does it."""
    raise NotImplementedError


@tool("look", pure=True)
def glue(image: Image, a: str, b: str) -> str:
    """Two texts as one."""
    return a + b


class Echo(Backend):
    name = "echo"
    serves = ("ask",)
    model = Model("echo", "Apache-2.0")


def toolset() -> Catalogue:
    module = ModuleType("stubs")
    vars(module).update(ask=ask, glue=glue, Echo=Echo, PROFILES={"p": {"ask": "echo"}})
    return Catalogue.of(module)


TOOLS = toolset().toolset("p")
INPUTS = {"image": Image}


def told(source: str) -> list[tuple[int, int]]:
    """The line and height of each backend's or helper's call, in the order of the text."""
    found = Checker(TOOLS)(source, INPUTS).heights
    return [(at.line, height) for at, height in sorted(found.items())]


def test_statements_in_a_row() -> None:
    source = """
a = ask(image, "x", "y")
b = ask(image, a, "y")
c = glue(image, b, a)
d = ask(image, c, ask(image, "x", "y"))
unused = ask(image, "x", "y")
a = ask(image, "x", "y")
return a + d
"""
    assert told(source) == [(2, 2), (3, 1), (5, 0), (5, 1), (6, 0), (7, 0)]


def test_a_test_decides_its_branches_and_what_they_assign() -> None:
    source = """
x = ask(image, "x", "y")
y = "y"
if ask(image, "x", "y") == "x":
    y = ask(image, "x", "y")
return ask(image, x, ask(image, y, "x"))
"""
    assert told(source) == [(2, 1), (4, 3), (5, 2), (6, 0), (6, 1)]


def test_a_branch_that_returns_decides_all_that_comes_after() -> None:
    source = """
if ask(image, "x", "y") == "x":
    return "x"
return ask(image, ask(image, "x", "y"), "x")
"""
    assert told(source) == [(2, 2), (4, 0), (4, 1)]


def test_loops_and_comprehensions() -> None:
    source = """
n = "x"
for p in [ask(image, "x", "y")]:
    n += ask(image, p, "y")
return "".join if False else n
""".replace('"".join if False else n', "ask(image, n, [ask(image, q, 'x') for q in [n]][0])")
    assert told(source) == [(3, 3), (4, 2), (5, 0), (5, 1)]


def test_a_comprehension_keeps_its_names_to_itself() -> None:
    source = """
x = ask(image, "x", "y")
ys = [ask(image, x, "y") for x in [ask(image, "x", "y")] if ask(image, x, "z") == "x"]
return ask(image, ys[0], x)
"""
    assert told(source) == [(2, 1), (3, 1), (3, 3), (3, 2), (4, 0)]


def test_later_operands_and_branches_wait() -> None:
    source = """
a = ask(image, "x", "y") == "x" and ask(image, "x", "z") == "x"
return ask(image, "p", "q") if a else "y"
"""
    assert told(source) == [(2, 2), (2, 1), (3, 0)]


def test_a_helpers_call_counts_as_its_longest_chain() -> None:
    source = """
def outer(p: str) -> str:
    return inner(inner(p))
def inner(p: str) -> str:
    return ask(image, ask(image, p, "x"), "y")
a = ask(image, "x", "y")
return ask(image, outer(a), "x")
"""
    assert told(source) == [(3, 0), (3, 2), (5, 0), (5, 1), (6, 5), (7, 0), (7, 1)]


def test_many_helpers_and_deep_blocks_are_no_burden() -> None:
    lines = [f"def f{i}(x: str) -> str:\n    return f{i + 1}(f{i + 1}(x))" for i in range(300)]
    last = 'def f300(x: str) -> str:\n    return ask(image, x, "y")\nreturn f0("x")'
    assert told("\n".join([*lines, last]))[-1][1] == 0
    chain = "".join(f'{" " * i}if ask(image, "x", "y") == "x":\n' for i in range(40))
    nested = chain + " " * 40 + 'return "x"\nreturn "y"'
    assert [height for _, height in told(nested)] == list(range(39, -1, -1))


EXPRESSIONS: st.SearchStrategy[str] = st.deferred(
    lambda: (
        st.sampled_from(["v0", "v1", "v2", "v3", "'x'"])
        | st.tuples(st.sampled_from(["ask", "glue"]), EXPRESSIONS, EXPRESSIONS).map(
            lambda parts: f"{parts[0]}(image, {parts[1]}, b={parts[2]})"
        )
        | st.tuples(EXPRESSIONS, EXPRESSIONS).map(lambda parts: f"({parts[0]} + {parts[1]})")
    )
)
ROWS = st.lists(st.tuples(st.integers(0, 3), EXPRESSIONS), min_size=1, max_size=8)


@given(ROWS, EXPRESSIONS)
def test_statements_in_a_row_are_exact(rows: list[tuple[int, str]], last: str) -> None:
    """Against chains that are followed forwards, by the calls that each value came of."""
    lines = [*(f"v{n} = 'x'" for n in range(4)), *(f"v{n} = {value}" for n, value in rows)]
    source = "\n".join([*lines, f"return {last}"])
    program = parse(source)
    users: dict[tuple[int, int], set[tuple[int, int]]] = {}
    came: dict[str, set[tuple[int, int]]] = {"image": set()}

    def sources(node: object) -> set[tuple[int, int]]:
        if not isinstance(node, Call):
            inner = [getattr(node, side) for side in ("left", "right") if hasattr(node, side)]
            return set().union(*map(sources, inner), came.get(getattr(node, "id", ""), set()))
        used = set().union(*map(sources, (*node.args, *(arg for _, arg in node.keywords))))
        if node.func == "glue":
            return used
        for one in used:
            users[one].add(node.at)
        users[node.at] = set()
        return {node.at}

    for statement in program.body:
        made = sources(statement.value)  # type: ignore[union-attr]
        for name in getattr(statement, "targets", ()):
            came[name] = made

    def chain(place: tuple[int, int]) -> int:
        return max((1 + chain(user) for user in users[place]), default=0)

    assert heights(program, TOOLS) == {place: chain(place) for place in users}


def test_a_checker_remembers_programs_and_no_errors() -> None:
    checker = Checker(TOOLS, size=2)
    one = checker("return 1", INPUTS)
    assert one.returns == t.INT and one.shape == parse("return 1") and one.heights == {}
    assert checker("return 1", dict(INPUTS)).shape is one.shape
    assert checker("return 1", {}).shape is not one.shape
    for _ in range(2):
        with pytest.raises(ParseError):
            checker("import os", INPUTS)
        with pytest.raises(CheckError):
            checker("return nothing", INPUTS)
    assert checker("return 1", INPUTS).shape is one.shape
    for n in range(2, 4):
        checker(f"return {n}", INPUTS)
    assert checker("return 1", INPUTS).shape is not one.shape
    with pytest.raises(ValueError, match="0 programs or more"):
        Checker(TOOLS, size=-1)


def test_a_checker_serves_many_threads() -> None:
    checker = Checker(TOOLS, size=3)
    sources = [f'return ask(image, "{n % 7}", "x")' for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda source: checker(source, INPUTS), sources))
    assert [sorted(one.texts.values()) for one in made] == [
        sorted({str(n % 7), "x"}) for n in range(200)
    ]
    calls = [node for node in walk(made[0].shape) if isinstance(node, Call)]
    assert [made[0].heights[call.at] for call in calls] == [0]


def test_programs_that_differ_in_texts_share_a_shape() -> None:
    checker = Checker(TOOLS)
    one = checker('return ask(image, "a", "b")', INPUTS)
    other = checker("return ask(image, 'c d', \"it's\")", INPUTS)
    equal = checker('return ask(image, "e", "e")', INPUTS)
    assert one.shape is other.shape
    assert [list(made.texts.values()) for made in (one, other, equal)] == [
        ["a", "b"],
        ["c d", "it's"],
        ["e"],
    ]


@pytest.mark.parametrize(
    "source",
    [
        'return ask(image, "a" "b", "c")',  # one text
        'return ask(image, f"a", "c")',
        'return ask(image, "a\\n", "c")',
        'return ask(image, """a""", "c")',
        "return ask(image, 'a', 'c')  # don't",
        'return ask(image, "\xa0", "c")',
        "return 1",
    ],
)
def test_a_text_that_is_not_plain_is_read_as_it_stands(source: str) -> None:
    made = Checker(TOOLS)(source, INPUTS)
    assert made.shape == parse(source) and made.texts == {}


def test_faults_are_those_of_the_text_itself() -> None:
    source = 'return ask(image, "a long text", missing)'
    with pytest.raises(CheckError) as told:
        Checker(TOOLS)(source, INPUTS)
    (fault,) = told.value.diagnostics
    assert (fault.source, fault.column) == (source, source.index("missing") + 1)
