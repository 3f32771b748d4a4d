"""What a page tells of the planner: its model, calls, attempts, votes, rounds, direct answers."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from tests.pages import CAT, FAULT, PLANNER, Seen, assert_links, parts, step, trace
from visprog.planning import RUNTIME, Attempt, Round, Usage
from visprog.render import DRAWN, page
from visprog.trace import Vote


def test_the_planner_and_what_it_took() -> None:
    html = page(trace(step(), model=PLANNER, usage=Usage(5, 12_345, 678, 0.0032, 8.5, 1)))
    (facts,) = parts(html, "facts")
    (models,) = parts(html, "models")
    for words in ("scripted", "tiny", "0.1", "MIT"):
        assert words in facts
        assert words in models
    assert "5 calls, 1 from the cache12,345 tokens in, 678 out$0.00328.50 s" in facts
    assert "the program, as planner scripted" in models


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        (Usage(1, 10, 2, None, 1), "price not known"),
        (Usage(1, 0, 0, None, 1), "tokens not told"),
        (Usage(2, cached=2), "2 calls, 2 from the cacheno cost"),
        (Usage(1, 10, 2, 1234.5, 1), "$1,234.50"),
        (Usage(1, 10, 2, 0.000001, 1), "under $0.0001"),
    ],
)
def test_what_calls_took(usage: Usage, words: str) -> None:
    assert words in parts(page(trace(usage=usage)), "facts")[0]


def test_nothing_is_told_of_what_was_not() -> None:
    html = page(trace(step()))
    for words in ("calls", "Confidence", "Rounds", "Votes", "Not accepted", "directly"):
        assert words not in Seen(html).text
    assert "<details" not in html


def test_attempts_and_their_steps() -> None:
    html = page(trace(
        step(), attempts=(Attempt("x = coun(dog)", FAULT), Attempt("y = 2", "too heavy", RUNTIME)),
        earlier=(step(None, error="too heavy", tool="weigh", line=7),),
    ))  # fmt: skip
    static, runtime = parts(html, "fold")
    assert "did not pass the check" in static
    assert "x = coun(dog)" in static
    assert FAULT in static  # its columns as they are
    assert "failed in its run" in runtime
    assert "y = 2" in runtime
    assert "too heavy" in runtime
    assert "1 step that ran" in runtime
    assert "weigh(1 region)" in runtime
    assert "line 7" in runtime
    assert "#line-7" not in html  # of another program
    assert " open>" not in html


def test_steps_of_several_runs_that_failed() -> None:
    attempts = (Attempt("a", "b", RUNTIME),) * 2
    html = page(trace(step(), attempts=attempts, earlier=(step(), step())))
    assert [("2 steps that ran" in fold) for fold in parts(html, "fold")] == [False, False, True]


def test_votes() -> None:
    votes = (Vote("return 1", 4, "answered", "1"), Vote("x = coun(dog)", 1, "failed", "", FAULT))
    html = page(trace(step(), votes=votes, confidence=0.8))
    assert "Confidence 80 % (4 of 5 samples agree)" in parts(html, "verdict")[0]
    (table,) = parts(html, "votes")
    assert "4 of 5 samples agree (80 %)." in table
    assert FAULT in table
    first, second = parts(html, "tbody")
    for words in ("4", "Answered", "1", "the answer", "return 1"):
        assert words in first
    for words in ("1", "Failed", "no tool `coun`", "x = coun(dog)"):
        assert words in second
    assert "the answer" not in second


def test_votes_without_an_answer() -> None:
    votes = (Vote("return 1", 3, "failed", "", "too heavy"),)
    html = page(trace(votes=votes, confidence=0.0, status="failed", answer="", reason="too heavy"))
    assert "Confidence 0 % (none of 3 samples has an answer)" in Seen(html).text
    assert "the answer" not in parts(html, "tbody")[0]


ROUNDS = (
    Round("a = 1\n\nb = 2\n", "a = 1, b = 2"),
    Round("c = coun(b)", FAULT, faulty=True),
    Round("c = 3\nreturn c", ""),
)


def test_rounds_and_their_lines() -> None:
    html = page(trace(mode="stepwise", program="a = 1\nb = 2\nc = 3\nreturn c", rounds=ROUNDS))
    first, faulty, last = parts(html, "fold")
    assert "Round 1 lines 1\u20132" in first
    assert "What the planner was showna = 1, b = 2" in first
    assert "Round 2 not run" in faulty
    assert f"Its faults{FAULT}" in faulty
    assert "Round 3 lines 3\u20134" in last
    assert "shown" not in last
    assert html.count('<details class="fold" open>') == 2
    assert html.count('<details class="fold wrong">') == 1
    assert "Round 1 1a = 1 2b = 2 Round 3 3c = 3" in re.sub(
        r"\s*(Round \d|\d(?=[a-z] =))", r" \1", parts(html, "program")[0]
    )
    assert_links(Seen(html))


def test_rounds_of_another_program() -> None:
    html = page(trace(mode="stepwise", program="return 5", rounds=ROUNDS))
    assert "Round 1" not in parts(html, "program")[0]
    assert "lines" not in parts(html, "rounds")[0]
    assert_links(Seen(html))


def test_direct_answers() -> None:
    html = page(trace(mode="direct", program="", model=PLANNER))
    seen = Seen(html)
    assert "Answered by the language model directly; no tool looked at the picture." in seen.text
    assert "the answer, as planner scripted" in seen.text
    for words in ("Program", "Steps", "There is no program", "No step", "embedded"):
        assert words not in seen.text
    failed = page(trace(mode="direct", program="", status="failed", answer="", reason="refused"))
    assert "Asked of the language model directly; no tool looked" in failed
    assert "Answered" not in Seen(failed).text


def test_many_and_long_texts_are_bounded() -> None:
    text = "<b> \u202e" * 2000  # shown whole
    longer = "<i>\n  | " * 20_000
    html = page(trace(
        *[step([CAT])] * 30, notices=(text, longer) * 200,
        attempts=(Attempt("x = 1\n" * 900, text, RUNTIME),) * 300, earlier=(step([CAT]),) * 300,
        votes=(Vote("return 1", 1, "failed", text, longer),) * 300, confidence=0.0,
        rounds=(Round("x = 1", text, faulty=True),) * 300, model=PLANNER,
    ))  # fmt: skip
    seen = Seen(html)
    for words in (
        "Only the first 20 of 300 attempts are shown.",
        "Only the first 20 of 300 votes are shown.",
        "Only the first 40 of 300 rounds are shown.",
        "Only the first 60 of 300 steps are shown.",
        "Only the first 100 of 400 notices are shown.",
        "Only the first 200 of 900 lines are shown.",
        "more characters",
        "<b> \ufffd" * 2000,
    ):
        assert words in seen.text, words
    assert html.count("<img") == DRAWN + 1
    assert len(html) < 8_000_000
    assert_links(seen)


def test_headings_are_in_order() -> None:
    html = page(trace(
        step(), attempts=(Attempt("x", FAULT, RUNTIME),), earlier=(step(),), rounds=ROUNDS,
        votes=(Vote("x", 1, "answered", "1"),), confidence=1.0, mode="stepwise", model=PLANNER,
    ))  # fmt: skip
    seen = Seen(html)
    levels = [int(tag[1]) for tag, _ in seen.tags if re.match(r"h\d", tag)]
    assert levels[0] == 1
    assert all(later <= level + 1 for level, later in pairwise(levels))
    assert levels.count(1) == 1
    assert set(seen.having("aria-labelledby")) <= set(seen.having("id"))
    tags = [tag for tag, _ in seen.tags]
    summaries = [tags[at + 1] for at, tag in enumerate(tags) if tag == "details"]
    assert set(summaries) == {"summary"}
    assert "tabindex" not in html
