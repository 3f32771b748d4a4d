"""The program in what a language model said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.errors import ParseError, PlanError
from visprog.lang import parse
from visprog.planning.replies import SHOWN, program_of

PROGRAM = 'dogs = detect(image, "dog")\nreturn count(dogs)'
BRANCHES = 'if exists(detect(image, "dog")):\n    return "yes"\nelse:\n    return "no"'
FAULTY = 'dogs = detect(image, "dog")\nreturn max(dogs, key=lambda d: d.score)'
HELPER = "def twice(n: int) -> int:\n    return 2 * n\n\nreturn twice(count(objects(image)))"
LONG = "return max(\n    count(objects(image)),\n    3,\n)"
SCRIPT = 'const dogs = detect(image, "dog");\nreturn dogs.length;'


@pytest.mark.parametrize(
    ("said", "program"),
    [
        pytest.param(PROGRAM, PROGRAM, id="as it is"),
        pytest.param(f"\n\n{PROGRAM}\n \n", PROGRAM, id="blank lines around"),
        pytest.param(f"\ufeff{PROGRAM}", PROGRAM, id="byte order mark"),
        pytest.param(PROGRAM.replace("\n", "\r\n"), PROGRAM, id="CRLF"),
        pytest.param(f"```python\n{PROGRAM}\n```", PROGRAM, id="fence"),
        pytest.param(f"```\n{PROGRAM}\n```\n", PROGRAM, id="fence without info"),
        pytest.param(f"~~~ {{.vp}}\n{PROGRAM}\n~~~", PROGRAM, id="fence of tildes"),
        pytest.param(f"````py\n{PROGRAM}\n````", PROGRAM, id="long fence"),
        pytest.param(f"Sure!\n```vp\n{PROGRAM}\n```\nThat counts.", PROGRAM, id="prose and fence"),
        pytest.param(f"Here it is: ```python\n{PROGRAM}\n```", PROGRAM, id="fence after prose"),
        pytest.param(
            f"1. So:\n   ```\n   {PROGRAM.replace(chr(10), chr(10) + '   ')}\n   ```",
            PROGRAM,
            id="fence in a list",
        ),
        pytest.param(f"```python\n{PROGRAM}", PROGRAM, id="unclosed fence"),
        pytest.param(f"```python\n{PROGRAM}\nThis counts the dogs.", PROGRAM, id="unclosed, prose"),
        pytest.param(f"```python\n{PROGRAM}```", PROGRAM, id="closed on the last line"),
        pytest.param(f"```\nreturn 1\n```\nBetter:\n```\n{PROGRAM}\n```", PROGRAM, id="two fences"),
        pytest.param(f"```\n{PROGRAM}\n```\nOutput:\n```\n2\n```", PROGRAM, id="and its output"),
        pytest.param(f'```\n{PROGRAM}\n```\n```json\n{{"n": 2}}\n```', PROGRAM, id="and JSON"),
        pytest.param(f"```text\nI count them.\n```\n{PROGRAM}", PROGRAM, id="beside the fence"),
        pytest.param(f"Here is the program.\n\n{PROGRAM}", PROGRAM, id="prose before"),
        pytest.param(f"{PROGRAM}\n\nIt counts the dogs, (all).", PROGRAM, id="prose after"),
        pytest.param(f"I'd count:\n{BRANCHES}\nDone.", BRANCHES, id="prose around a branch"),
        pytest.param(f"Well,\n{HELPER}\n\nHope it helps!", HELPER, id="prose around a helper"),
        pytest.param(f"So:\n{LONG}\nThat is all", LONG, id="prose around a long call"),
        pytest.param(f"For each dog: count it.\n{PROGRAM}", PROGRAM, id="prose like a loop"),
        pytest.param(f"Answer:\n{PROGRAM}", PROGRAM, id="label on its line"),
        pytest.param("Answer: return 1", "return 1", id="label"),
        pytest.param(f"**Program:** {PROGRAM}", PROGRAM, id="bold label"),
        pytest.param(f"### Answer:\n{PROGRAM}", PROGRAM, id="heading"),
        pytest.param("`return 1`", "return 1", id="inline code"),
        pytest.param("```python return 1```", "return 1", id="fence on one line"),
        pytest.param(BRANCHES.replace("    ", "\t"), BRANCHES, id="tabs"),
        pytest.param(f"    {PROGRAM.replace(chr(10), chr(10) + '    ')}", PROGRAM, id="indented"),
        pytest.param(f"<think>\n```\nreturn 1\n```\n</think>\n{PROGRAM}", PROGRAM, id="reasoning"),
        pytest.param(f"so I return 1.</think>{PROGRAM}", PROGRAM, id="end of reasoning only"),
        pytest.param(f"{PROGRAM}<|im_end|>\n", PROGRAM, id="token of a chat template"),
        pytest.param(f"# count them\n{PROGRAM}", f"# count them\n{PROGRAM}", id="comment"),
    ],
)
def test_it_takes_the_program_out(said: str, program: str) -> None:
    assert program_of(said) == program
    assert parse(program_of(said)).body


@pytest.mark.parametrize(
    ("said", "program"),
    [
        pytest.param(FAULTY, FAULTY, id="as it is"),
        pytest.param(f"Sure:\n```\n{FAULTY}\n```", FAULTY, id="fence"),
        pytest.param(f"Sure:\n{FAULTY}\nThis takes the best.", FAULTY, id="prose around"),
        pytest.param(f"```\n{PROGRAM}\n```\nOr:\n```\n{FAULTY}\n```", FAULTY, id="the last word"),
        pytest.param(f"```js\n{SCRIPT}\n```", SCRIPT, id="another language"),
        pytest.param("count(objects(image))", "count(objects(image))", id="without return"),
    ],
)
def test_a_program_with_faults_is_given_as_it_is(said: str, program: str) -> None:
    """The checker tells its faults, and the model may mend it."""
    assert program_of(said) == program
    with pytest.raises(ParseError):
        parse(program)


def test_prose_between_lines_is_left_for_the_checker() -> None:
    """To drop what is in between would be to guess."""
    said = "a = count(objects(image))\nThen we give it back.\nreturn a"
    assert program_of(f"First:\n{said}") == said


@pytest.mark.parametrize("said", ["", "  \n\t", "\r\n"])
def test_nothing_said(said: str) -> None:
    with pytest.raises(PlanError, match="said nothing"):
        program_of(said)


@pytest.mark.parametrize(
    "said",
    [
        "I'm sorry, but I cannot help with that.",
        "There are two dogs.",
        "2",
        "yes",
        '{"answer": "two"}',
        "```\nI cannot see the picture.\n```",
        "```\n```",
        "<think>I should return 1.",
        "# only a comment",
        "Zwei Hunde.",
    ],
)
def test_what_is_no_program_is_told(said: str) -> None:
    with pytest.raises(PlanError, match="wrote no program; it said: "):
        program_of(said)


def test_a_refusal_is_told_printable_and_bounded() -> None:
    with pytest.raises(PlanError) as caught:
        program_of("No.\x1b[31m \u202e\nNever, " + "never, " * 1000)
    text = str(caught.value)
    assert text.isprintable()
    assert text.startswith("the model wrote no program; it said: No. [31m Never, never,")
    assert len(text) < SHOWN + 60


@given(st.text(st.sampled_from("`~ \n\tax=()\"':#return1if\\"), max_size=200))
def test_any_text_gives_a_text_or_a_plan_error(said: str) -> None:
    try:
        program = program_of(said)
    except PlanError:
        return
    assert program.strip()


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_last_fence_wins_whatever_is_around_it(before: str, after: str) -> None:
    before, after = (
        " ".join(text.replace("`", "").replace("~", "").split()) for text in (before, after)
    )
    said = f"{before}\n\n```\n{PROGRAM}\n```\n\n{after}"
    if "<" not in said:
        assert program_of(said) == PROGRAM


@pytest.mark.parametrize(
    "said",
    [
        "~" * 50_000 + "`",
        "```" + " " * 50_000 + "x`",
        "`" + " " * 50_000 + "x",
        " " * 50_000 + "x",
        "<|a" * 20_000,
        "</s>" * 10_000,
        "*" * 50_000 + ":",
        "a, " * 20_000,
        "f(" + ") " * 20_000 + "x",
        "\n" * 50_000 + "x",
        "```\n~~~\n" * 5_000,
    ],
    ids=range(11),
)
def test_texts_made_to_take_long_do_not(said: str) -> None:
    with pytest.raises(PlanError):
        program_of(said)


def test_a_long_text_is_tried_in_few_places() -> None:
    lines = ["x = (", *["for each: of these:"] * 5_000, "return (", *["prose ("] * 5_000]
    assert program_of("\n".join(lines)).startswith("x = (")
