"""The library of helpers: its file, linking, what is kept, and how planners are told."""

from __future__ import annotations

import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.fakes import INPUTS, TOOLS, checked, value_of
from tests.test_format import EXPRS
from visprog import helper_library as module
from visprog.errors import CheckError, LimitError, ParseError, ProgramError, RunError, SettingsError
from visprog.execution import Limits
from visprog.helper_library import Library
from visprog.helpers_command import look_through
from visprog.lang import syntax as s
from visprog.lang.definitions import DOC
from visprog.lang.format import write
from visprog.lang.grammar import grammar
from visprog.lang.helpers import MAX_HELPERS, Helpers
from visprog.lang.parse import parse
from visprog.planning.chat import ChatPlanner
from visprog.planning.embedded import EmbeddedPlanner
from visprog.planning.prompts import Prompts
from visprog.planning.turns import estimated_tokens
from visprog.tool import Toolset

WIDE = """\
# Those wider than a limit.
def wide(regions: list[Region], limit: Pixels) -> list[Region]:
    return [r for r in regions if width(r) > limit]
"""
WIDEST = '''\
def many_wide(regions: list[Region]) -> bool:
    """Whether more than one is wide."""
    return count(wide(regions, 5.0)) > 1
'''
FILE = f"{WIDE}\n\n{WIDEST}"
CALL = 'return many_wide(detect(image, "dog"))\n'


def helpers(text: str = FILE) -> Helpers:
    return Helpers.of(text, TOOLS)


def kept(program: str, text: str = FILE) -> tuple[dict[str, str], tuple[str, ...]]:
    made, notices = helpers(text).additions(program)
    return {one.name: one.text for one in made}, notices


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "helpers.vp"
    made.write_text(FILE, encoding="utf-8")
    return made


# -- reading


def test_a_helper_has_a_signature_and_a_doc() -> None:
    one, other = helpers().fitting.values()
    assert one.signature == "wide(regions: list[Region], limit: Pixels) -> list[Region]"
    assert one.doc == "Those wider than a limit."
    assert other.doc == "Whether more than one is wide."
    assert helpers("").fitting == {}


def test_its_text_reads_as_itself() -> None:
    again = helpers("\n".join(one.text for one in helpers().defined.values()))
    assert again.defined == helpers().defined


def test_one_that_lacks_a_tool_is_left_out_and_those_that_call_it() -> None:
    fewer = Toolset([spec for spec in TOOLS.values() if spec.name != "width"], {})
    made = Helpers.of(f"def one() -> int:\n    return 1\n\n{FILE}", fewer)
    assert list(made.fitting) == ["one"]
    assert [notice.split(":")[0] for notice in made.notices] == [
        "helper `wide` is left out",
        "helper `many_wide` is left out",
    ]
    assert "no tool `width`" in made.notices[0]


def test_one_named_as_a_tool_is_left_out() -> None:
    (notice,) = helpers("def count(n: int) -> int:\n    return n\n").notices
    assert "`count` is already a tool or function" in notice


def test_helpers_do_not_see_inputs() -> None:
    (notice,) = helpers("def f() -> int:\n    return count(detect(image, 'x'))\n").notices
    assert "no name `image`" in notice


def test_what_is_no_helper_is_an_error_with_its_place() -> None:
    with pytest.raises(CheckError) as caught:
        helpers(f"{WIDE}\nx = 1\n")
    assert str(caught.value) == (
        "line 5, column 1: only helpers stand here: `def name(x: Region) -> bool:`\n"
        "  | x = 1\n"
        "  | ^"
    )


ONE = "def f{0}(n: int) -> int:\n    return {1}\n"
CHAIN = [ONE.format(n, f"f{n + 1}(n)") for n in range(MAX_HELPERS - 1)]
HOSTILE = [
    (ONE.format(0, "f0(n)"), "helper `f0` calls itself"),
    (ONE.format(0, "f1(n)") + ONE.format(1, "f0(n)"), "helper `f1` calls itself"),
    (ONE.format(0, 1) + ONE.format(0, 2), "there are two helpers `f0`"),
    ("".join(ONE.format(n, n) for n in range(MAX_HELPERS + 1)), "more than 64 helpers"),
    (ONE.format(0, "(" * 1000 + "n" + ")" * 1000), "nests deeper"),
    (ONE.format(0, "n" + " + n" * 4000), "nests too deep"),
    ("# x\n" * 5001, "at most 20000 characters"),
    ("import os\n", "import is not in the language"),
    ("def f(x: int = __import__('os')) -> int:\n    return x\n", "no defaults"),
    ("@wide\ndef f(x: int) -> int:\n    return x\n", "a decorator is not in the language"),
    ("def f(:\n", "not a program"),
    ("\0", "not a program"),
]


@pytest.mark.parametrize(("text", "message"), HOSTILE)
def test_hostile_texts_are_errors(text: str, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        helpers(text)


def test_a_long_chain_of_helpers_is_read() -> None:
    text = "".join([*CHAIN, ONE.format(MAX_HELPERS - 1, "n")])
    assert len(helpers(text).fitting) == MAX_HELPERS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "cannot be read"),
        (b"# x\n" * 100_000, "more than 20000 characters"),
        (b"x = 1", r"is no file of helpers:\nline 1, column 1: only helpers"),
    ],
)
def test_files_that_are_none_are_errors(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=message):
        Library.read(file, TOOLS)


def test_a_folder_and_a_file_in_no_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        Library.read(tmp_path, TOOLS)
    with pytest.raises(SettingsError, match="no folder"):
        Library.read(tmp_path / "none" / "helpers.vp", TOOLS)


def test_a_file_that_is_not_there_yet_is_told_of(tmp_path: Path) -> None:
    made = Library.read(tmp_path / "new.vp", TOOLS)
    assert made.fitting == {} and "is not there yet" in made.notices[0]


# -- linking


def expression(text: str) -> s.Expr:
    (given,) = parse(f"return {text}").body
    assert isinstance(given, s.Return)
    return given.value


def test_a_program_gets_what_it_calls_and_stands_alone() -> None:
    linked = helpers().linked(CALL)
    assert linked.endswith(f"\n\n{CALL}") and linked.count("def ") == 2
    assert value_of(linked) is True
    assert helpers().linked(linked) == linked
    assert "many_wide" not in helpers().linked('return wide(detect(image, "dog"), 1.0)')


@pytest.mark.parametrize(
    "text", ["return 1\n", "wide = 1\nreturn wide\n", "return wide(", "\0wide", ""]
)
def test_what_calls_none_stays_as_it_is(text: str) -> None:
    assert helpers().linked(text) == text


def test_a_programs_own_helper_goes_first_and_the_librarys_keep_theirs() -> None:
    own = "def wide(regions: list[Region], limit: Pixels) -> list[Region]:\n    return []\n"
    program = (
        f'{own}xs = detect(image, "dog")\nreturn f"{{len(wide(xs, 1.0))}} {{many_wide(xs)}}"\n'
    )
    linked = helpers().linked(program)
    assert "def wide_2(" in linked
    assert value_of(linked) == "0 yes"


def test_a_copy_of_a_definition_is_enough() -> None:
    linked = helpers().linked(WIDE + CALL)
    assert linked.count("def wide") == 1 and "wide_2" not in linked
    assert value_of(linked) is True


def test_lines_that_go_on_from_others_get_what_these_lack() -> None:
    """So a program that is written a few lines at a time keeps the places of its lines."""
    first = helpers().linked('xs = wide(detect(image, "dog"), 1.0)\n')
    lines = helpers().linked("ys = wide(xs, 2.0)\nreturn many_wide(ys)\n", first)
    assert lines.count("def ") == 1
    assert value_of(first + lines) is True
    assert helpers().linked("return many_wide(xs)\n", first + lines) == "return many_wide(xs)\n"
    changed = first.replace("width(r) > limit", "width(r) < limit")
    assert "def wide_2(" in helpers().linked("return many_wide(xs)\n", changed)


def test_faults_have_the_lines_of_the_linked_text() -> None:
    linked = helpers().linked('return wide(detect(image, "dog"))\n')
    with pytest.raises(CheckError, match="line 4, column 8: `limit` is missing"):
        checked(linked)


def outcome(program: str) -> Any:
    try:
        return value_of(program, Limits(steps=2_000, calls=20))
    except LimitError as error:
        return type(error)
    except RunError as error:
        return type(error), error.message


GOOD = st.sampled_from(
    ["largest(detect(v1, 'x'))", "a / b", "[n * c for n in range(b)]", "1 / (a - a)", "f'{a} {c}'"]
).map(expression)


@settings(max_examples=150, deadline=None)
@given(EXPRS | GOOD, EXPRS | st.just(s.Literal(1)), st.booleans())
def test_a_linked_program_is_one_with_its_definitions_inline(
    inner: s.Expr, outer: s.Expr, swapped: bool
) -> None:
    """The same type or faults, and the same outcome, whatever the helper does."""
    body = (s.Assign(("found",), inner), s.Return(s.Literal(2)))
    params = tuple((name, s.TypeName("int")) for name in ("a", "b", "c", "region"))
    params = (*params, ("v1", s.TypeName("Image")))
    helper = s.Def("helper", params, s.TypeName("int"), body)
    args: tuple[s.Expr, ...] = (*map(s.Literal, range(4)), s.Name("image"))
    main = s.Assign(("got",), s.Call("helper", args)), s.Return(s.TupleOf((s.Name("got"), outer)))
    try:
        library = helpers(write(s.Program((helper,))))
    except ProgramError:  # it calls itself
        assume(False)
    assume(library.fitting)
    program = write(s.Program(main))
    inline = write(s.Program((*main, helper) if swapped else (helper, *main)))
    linked = library.linked(program)
    try:
        kind = checked(inline)
    except ProgramError as error:
        with pytest.raises(ProgramError) as caught:
            checked(linked)
        told = [[one.message for one in e.diagnostics] for e in (error, caught.value)]
        assert sorted(told[0]) == sorted(told[1])
        return
    assert checked(linked) == kind
    assert outcome(linked) == outcome(inline)
    assert library.additions(linked) == ((), ())


# -- what is kept

NEW = """\
def narrow(xs: list[Region]) -> list[Region]:
    "Those that are narrow."
    return [x for x in xs if width(x) < 15.0]
return count(narrow(detect(image, "dog")))
"""


def test_a_new_helper_is_kept_with_its_doc() -> None:
    made, notices = kept(NEW)
    assert notices == ()
    assert made["narrow"] == (
        "# Those that are narrow.\n"
        "def narrow(xs: list[Region]) -> list[Region]:\n"
        "    return [x for x in xs if (width(x) < 15.0)]\n"
    )


def test_what_is_in_the_library_is_not_new() -> None:
    assert kept(helpers().linked(CALL)) == ({}, ())


def test_another_of_the_same_name_is_not_kept_nor_what_calls_it() -> None:
    program = (
        "def wide(xs: list[Region]) -> list[Region]:\n    return xs\n"
        "def two(xs: list[Region]) -> bool:\n    return count(wide(xs)) == 2\n"
        'return two(detect(image, "dog"))\n'
    )
    assert kept(program) == (
        {},
        (
            "helper `wide` is not kept: there is another of that name",
            "helper `two` is not kept: it calls `wide`, which is not kept",
        ),
    )


def test_the_same_under_another_name_is_not_kept_and_callers_call_the_first() -> None:
    program = (
        "def broad(xs: list[Region], least: Pixels) -> list[Region]:\n"
        "    return [x for x in xs if width(x) > least]\n"
        "def two(xs: list[Region]) -> bool:\n    return count(broad(xs, 3.0)) == 2\n"
        'return two(detect(image, "dog"))\n'
    )
    made, notices = kept(program)
    assert notices == ("helper `broad` is not kept: `wide` does the same",)
    assert "count(wide(xs, 3.0))" in made["two"]


def test_one_left_out_keeps_its_name() -> None:
    """It is in the file still, for other tools."""
    text = "def narrow(x: Image) -> int:\n    return elsewhere(x)\n"
    assert kept(NEW, text) == ({}, ("helper `narrow` is not kept: there is another of that name",))


def test_one_that_reads_inputs_is_not_kept() -> None:
    made, (notice,) = kept(
        "def dogs() -> int:\n    return count(detect(image, 'd'))\nreturn dogs()\n"
    )
    assert made == {} and notice == "helper `dogs` is not kept: no name `image`"


def test_a_full_library_takes_no_more() -> None:
    full = "".join(ONE.format(n, f"n + {n}") for n in range(MAX_HELPERS))
    assert kept(NEW, full) == ({}, ("helper `narrow` is not kept: there are 64 already",))
    made, (notice,) = helpers("").additions(NEW, room=20)
    assert made == () and notice == "helper `narrow` is not kept: there is no room for it"


def test_docs_are_one_line_of_bounded_size() -> None:
    text = "'x\\ud800\\x1b[1m\\u202e\\n" + "x" * DOC + "'"
    (one,) = helpers(f"def f(n: int) -> int:\n    {text}\n    return n\n").defined.values()
    assert len(one.doc) <= DOC and one.doc.isprintable() and one.doc.isascii()
    assert helpers(one.text).defined == {"f": one}


def test_keeping_adds_to_the_file_and_leaves_the_rest(file: Path) -> None:
    made = Library.read(file, TOOLS)
    done = made.keep(NEW)
    assert done.names == ("narrow",)
    assert done.notices == (f"{file}: helper `narrow` is kept",)
    assert file.read_text("utf-8").startswith(FILE.rstrip())
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert "narrow" not in made.fitting
    made.refresh()
    assert "narrow" in made.fitting and made.notices == ()
    assert made.keep(NEW) == made.keep("return 1") == module.Kept()


def test_the_first_that_is_kept_begins_the_file(tmp_path: Path) -> None:
    made = Library.read(tmp_path / "new.vp", TOOLS)
    assert made.keep(NEW).names == ("narrow",)
    made.refresh()
    assert value_of(made.linked('return count(narrow(detect(image, "a")))')) == 1


def test_a_link_stays_a_link_and_the_mode_as_it_was(file: Path, tmp_path: Path) -> None:
    file.chmod(0o640)
    link = tmp_path / "link.vp"
    link.symlink_to(file)
    assert Library.read(link, TOOLS).keep(NEW).names == ("narrow",)
    assert link.is_symlink() and file.stat().st_mode & 0o777 == 0o640


def test_libraries_of_one_file_lose_nothing_of_each_other(tmp_path: Path) -> None:
    path, count = tmp_path / "helpers.vp", 12
    gate = threading.Barrier(count)

    def add(n: int) -> tuple[str, ...]:
        made = Library.read(path, TOOLS)
        gate.wait()
        return made.keep(ONE.format(n, f"n + {n}") + f"return f{n}(1)\n").names

    with ThreadPoolExecutor(count) as pool:
        names = [name for names in pool.map(add, range(count)) for name in names]
    assert sorted(names) == sorted(Library.read(path, TOOLS).fitting)
    assert len(names) == count


def test_where_two_keep_one_name_the_second_is_told(file: Path) -> None:
    one, other = Library.read(file, TOOLS), Library.read(file, TOOLS)
    assert one.keep(NEW).names == ("narrow",)
    done = other.keep(NEW.replace("15.0", "16.0"))
    assert done.names == () and "there is another of that name" in done.notices[0]


def test_what_hinders_keeping_is_a_notice(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Library.read(file, TOOLS)
    file.write_text("x = 1")
    (notice,) = made.keep(NEW).notices
    assert "no helpers are kept" in notice and "only helpers stand here" in notice
    assert file.read_text() == "x = 1"
    file.write_text(FILE)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    (notice,) = made.keep(NEW).notices
    assert "No space left" in notice and file.read_text() == FILE
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_lock_that_another_holds_too_long_is_a_notice(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT", 0.0)
    with module._locked(file.parent):
        (notice,) = Library.read(file, TOOLS).keep(NEW).notices
    assert "another process keeps the folder locked" in notice


# -- telling planners


class ScriptedModel:
    """As far as a planner looks at it before it plans."""

    name, lanes, sees = "scripted", 1, False


def system(library: Library | None, **options: Any) -> str:
    prompts = Prompts(library=library, exemplars=(), **options)
    return prompts.messages("How many dogs are there?", TOOLS, INPUTS)[0].text


def test_models_are_told_of_helpers_only_where_there_are_some(file: Path, tmp_path: Path) -> None:
    text = system(Library.read(file, TOOLS))
    one, other = Library.read(file, TOOLS).fitting.values()
    assert f"\n{one.signature}  # {one.doc}\n{other.signature}  # {other.doc}\n" in text
    assert "## New helpers" in text and "<<" not in text
    empty = system(Library.read(tmp_path / "new.vp", TOOLS))
    assert "## Helpers of this project" not in empty and "## New helpers" in empty
    assert "elpers of this project" not in system(None) and "## New helpers" not in system(None)


def test_what_a_prompt_says_follows_the_library(file: Path) -> None:
    library = Library.read(file, TOOLS)
    prompts = Prompts(library=library)
    before = prompts.messages("How many dogs?", TOOLS, INPUTS)
    assert prompts.messages("How many dogs?", TOOLS, INPUTS) == before
    library.keep(NEW)
    library.refresh()
    after = prompts.messages("How many dogs?", TOOLS, INPUTS)
    assert "narrow(xs: list[Region])" in after[0].text and after[1:] == before[1:]
    assert "narrow(xs: list[Region])" in prompts.stepwise("How many?", TOOLS, INPUTS)[0].text


def test_docs_of_helpers_are_left_out_with_those_of_tools(file: Path) -> None:
    library = Library.read(file, TOOLS)
    whole = Prompts(library=library, k=0).messages("How many?", TOOLS, INPUTS)
    text = system(library, k=0, budget=estimated_tokens(whole) - 1)
    assert "many_wide(regions" in text and "Whether more than one is wide" not in text


def test_grammars_let_models_call_helpers(file: Path) -> None:
    with file.open("a") as more:
        more.write("def pair(d: dict[str, int], t: tuple[int, str]) -> tuple[float, Metres]:\n")
        more.write("    return (0.5, 1.0)\n")
    library = Library.read(file, TOOLS)
    assert set(library.fitting) == {"wide", "many_wide", "pair"}
    for form in ("gbnf", "lark"):
        rules = grammar(library.callable(TOOLS), form=form, inputs=INPUTS)
        assert "many_wide(" in rules and "pair(" in rules


def test_a_planner_that_takes_no_helpers_is_told_of(file: Path, tmp_path: Path) -> None:
    library = Library.read(file, TOOLS)
    model: Any = ScriptedModel()
    assert library.untold(ChatPlanner(model, Prompts(library=library))) == ""
    for planner in (EmbeddedPlanner(tmp_path / "none.gguf"), ChatPlanner(model, Prompts())):
        assert library.untold(planner) == (
            f"the planner {planner.name} takes no helpers: it is not told of those in {file}"
        )


# -- the command


def look(action: str, path: Path, tools: Toolset = TOOLS) -> tuple[int, str]:
    with redirect_stdout(io.StringIO()) as out:
        status = look_through(action, path, tools)
    return status, out.getvalue()


def test_the_command_lists_and_checks(file: Path) -> None:
    status, out = look("list", file)
    assert status == 0 and out.splitlines() == [
        "wide(regions: list[Region], limit: Pixels) -> list[Region]",
        "    Those wider than a limit.",
        "many_wide(regions: list[Region]) -> bool",
        "    Whether more than one is wide.",
    ]
    assert look("check", file) == (0, "no faults\n")


def test_the_command_tells_each_fault_once(file: Path) -> None:
    fewer = Toolset([spec for spec in TOOLS.values() if spec.name != "width"], {})
    assert look("check", file, fewer) == (
        1,
        "line 3, column 35: no tool `width`, did you mean `wide`?\n"
        "  |     return [r for r in regions if width(r) > limit]\n"
        "  |                                   ^\n"
        "1 fault\n",
    )
    assert "(left out: it does not fit these tools)" in look("list", file, fewer)[1]
    file.write_text("x = 1\ny = 2\n")
    status, out = look("check", file)
    assert status == 1 and out.endswith("2 faults\n")


def test_the_command_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no file of helpers"):
        look("list", tmp_path / "none.vp")
    (tmp_path / "a.vp").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="cannot be read"):
        look("check", tmp_path / "a.vp")


def test_texts_that_are_no_programs_have_no_additions() -> None:
    with pytest.raises(ParseError):
        helpers().additions("def f(")
