"""The canonical text: `parse(format(p))` is `p` up to names, for programs of the whole language."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import checked, value_of
from visprog.errors import ProgramError, RunError
from visprog.execution import Limits
from visprog.lang import format, parse
from visprog.lang import syntax as s
from visprog.lang.format import write

NAMES = st.sampled_from(["a", "b", "c", "image", "region", "v1"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
PLAIN = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), max_size=4)
LITERALS = st.one_of(
    TEXTS, st.booleans(), st.integers(0, 10**6), st.floats(0, 1e9, allow_nan=False)
).map(s.Literal)
OPERATORS = ["+", "-", "*", "/", "//", "%", "**"]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
FUNCS = st.sampled_from(["detect", "count", "largest", "width", "len", "helper", "max"])


def several(
    items: st.SearchStrategy[s.Expr], least: int = 0
) -> st.SearchStrategy[tuple[s.Expr, ...]]:
    return st.lists(items, min_size=least, max_size=3).map(tuple)


def deeper(inner: st.SearchStrategy[s.Expr]) -> st.SearchStrategy[s.Expr]:
    clause = st.builds(s.Clause, st.tuples(NAMES), inner, several(inner))
    maybe = st.none() | inner
    comparison = st.tuples(st.sampled_from(COMPARISONS), inner)
    clauses = st.lists(clause, min_size=1, max_size=2).map(tuple)
    place = PLAIN.map(lambda text: s.Index(s.Name("a"), s.Literal(text)))
    keywords = st.lists(
        st.tuples(st.sampled_from(["name", "regions"]), inner), max_size=2, unique_by=lambda k: k[0]
    ).map(tuple)
    return st.one_of(
        st.builds(s.Call, FUNCS, several(inner), keywords),
        st.builds(s.Property, inner, st.sampled_from(["label", "left"])),
        st.builds(s.Index, inner, inner.filter(lambda node: not isinstance(node, s.Slice))),
        st.builds(s.Slice, inner, maybe, maybe, maybe),
        st.builds(s.Unary, st.sampled_from(["not", "-", "+"]), inner),
        st.builds(s.Binary, st.sampled_from(OPERATORS), inner, inner),
        st.builds(s.Logic, st.sampled_from(["and", "or"]), several(inner, 2)),
        st.builds(s.Compare, inner, st.lists(comparison, min_size=1, max_size=2).map(tuple)),
        st.builds(s.Conditional, inner, inner, inner),
        st.builds(s.ListOf, several(inner)),
        st.builds(s.TupleOf, several(inner)),
        st.builds(s.DictOf, st.lists(st.tuples(inner, inner), max_size=2).map(tuple)),
        st.builds(s.Comprehension, inner, clauses, maybe),
        st.builds(s.Joined, st.tuples(TEXTS.filter(bool).map(s.Literal), NAMES.map(s.Name), place)),
    )  # fmt: skip


# an f-string is not nested in the braces of another, nor are texts with quotes: so none is deepened
EXPRS = st.recursive(LITERALS | NAMES.map(s.Name), deeper, max_leaves=8)
RETURNS = st.builds(s.Return, EXPRS)


def blocks(inner: st.SearchStrategy[s.Stmt]) -> st.SearchStrategy[tuple[s.Stmt, ...]]:
    return st.lists(inner, min_size=1, max_size=3).map(tuple)


def outer(inner: st.SearchStrategy[s.Stmt]) -> st.SearchStrategy[s.Stmt]:
    # a loop on a constant is a fault of the text
    tests = EXPRS.filter(lambda node: not isinstance(node, s.Literal))
    return st.one_of(
        st.builds(s.If, EXPRS, blocks(inner), st.just(()) | blocks(inner)),
        st.builds(s.For, st.tuples(NAMES), EXPRS, blocks(inner)),
        st.builds(s.While, tests, blocks(inner)),
    )


SIMPLE = st.one_of(
    st.builds(s.Assign, st.tuples(NAMES) | st.tuples(NAMES, NAMES), EXPRS),
    st.builds(s.Update, NAMES, st.sampled_from(["+", "-", "*"]), EXPRS),
    RETURNS,
)
STMTS = st.recursive(SIMPLE, outer, max_leaves=4)
TYPES = st.sampled_from([s.TypeName("int"), s.TypeName("list", (s.TypeName("Region"),))])
HELPERS = st.builds(
    s.Def,
    st.just("helper"),
    st.lists(st.tuples(NAMES, TYPES), max_size=2, unique_by=lambda p: p[0]).map(tuple),
    TYPES,
    blocks(STMTS),
)
PROGRAMS = st.tuples(st.lists(HELPERS, max_size=1), st.lists(STMTS, min_size=1, max_size=4)).map(
    lambda parts: s.Program((*parts[0], *parts[1]))
)


@settings(max_examples=250, deadline=None)
@given(PROGRAMS)
def test_parse_undoes_write_and_format_is_stable(program: s.Program) -> None:
    assert parse(write(program)) == program
    canonical = format(program)
    assert format(parse(canonical)) == canonical


@settings(max_examples=150, deadline=None)
@given(PROGRAMS)
def test_any_program_has_a_type_or_faults_and_ends_in_a_value_or_a_named_error(
    program: s.Program,
) -> None:
    text = write(program)
    with contextlib.suppress(ProgramError):
        checked(text)
        with contextlib.suppress(RunError):
            value_of(text, Limits(steps=2_000, calls=20))


def test_programs_that_differ_in_names_and_layout_have_one_text() -> None:
    one = 'dogs = detect(image,"dog")  # all\nreturn (count(dogs))\n'
    other = "xs = detect(\n  image, 'dog')\nreturn count(xs)"
    assert (
        format(parse(one))
        == format(parse(other))
        == ('v1 = detect(image, "dog")\nreturn count(v1)\n')
    )


def test_inputs_tools_and_properties_keep_their_names_and_helpers_do_not() -> None:
    source = (
        "def wide(r: Region, n: int) -> bool:\n    return width(r) > n\n"
        'x = largest(detect(image, "dog"))\nreturn wide(n=3, r=x) and x.label == "dog"\n'
    )
    assert format(parse(source)) == (
        "def f1(v1: Region, v2: int) -> bool:\n    return width(v1) > v2\n"
        'v3 = largest(detect(image, "dog"))\nreturn f1(v2=3, v1=v3) and (v3.label == "dog")\n'
    )
    assert value_of(source) == value_of(format(parse(source))) is True
