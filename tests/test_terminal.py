"""What the command line tells of a run, beside its steps: attempts, rounds, votes, the planner."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pages import FAULT, HOSTILE, PLANNER, trace
from visprog.answers import Answer, Answered, Looked, Planned, Planning, Rejected
from visprog.planning import RUNTIME, Attempt, Round, Usage
from visprog.terminal import follow
from visprog.tool import Model
from visprog.trace import Vote


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """What is printed of some events and of the answer that ends them."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("FORCE_COLOR", raising=False)

    def call(*events: Any, **changes: Any) -> str:
        answer = Answer(trace(**changes))
        assert follow(iter([Planning("chat"), *events, Answered(answer)])) is answer
        return capsys.readouterr().out

    return call


def test_attempts_as_they_are_rejected(told: Any) -> None:
    out = told(
        Rejected(Attempt("x = coun(dog)", FAULT)),
        Rejected(Attempt("return 1", "line 1: out of memory", RUNTIME)),
        Planned("return 1", 0.5),
    )
    assert f"not accepted, it did not pass the check:\n{FAULT}\n" in out  # columns as they are
    assert "not accepted, it failed in its run: line 1: out of memory\n" in out


def test_rounds(told: Any) -> None:
    out = told(
        Looked(Round("x = coun(dog)", FAULT, faulty=True)),
        Planned('dog = detect(image, "dog")', 0.1),
        Looked(Round('dog = detect(image, "dog")', "dog = 2 regions")),
        Planned('dog = detect(image, "dog")\nreturn 1', 0.2),
        Looked(Round("return 1", "")),
    )
    assert f"not accepted:\n{FAULT}\n" in out
    assert out.count('dog = detect(image, "dog")') == 1
    assert "shown: dog = 2 regions\n" in out
    assert out.count("return 1") == 1 and "2 return 1" in out


def test_votes_and_confidence(told: Any) -> None:
    votes = (Vote("a", 4, "answered", "1"), Vote("b", 1, "failed", "", FAULT))
    out = told(votes=votes, confidence=0.8)
    assert "Confidence 80 % (4 of 5 samples agree)\n" in out
    assert "   4 x answered: 1\n" in out
    assert "   1 x failed: line 1, column 5: no tool `coun`\n" in out


def test_many_votes_are_summed_up(told: Any) -> None:
    votes = tuple(Vote(f"return {n}", 1, "answered", str(n)) for n in range(50))
    assert "and 40 more\n" in told(votes=votes, confidence=0.02)


def test_the_planner_and_what_it_took(told: Any) -> None:
    usage = Usage(3, 1234, 56, 0.0021, 1.5, 1)
    assert (
        "planned by scripted: tiny, 0.1, MIT; 3 calls, 1 from the cache, "
        "1,234 tokens in, 56 out, $0.0021, 1.50 s\n"
    ) in told(model=PLANNER, usage=usage)
    assert "planned by" not in told()


def test_notices_of_the_planner(told: Any) -> None:
    assert "note: no program fits\n" in told(notices=("no program fits",))


def test_direct_answers(told: Any) -> None:
    out = told(mode="direct", program="")
    assert "Answered by the language model directly; no tool looked at the picture\n" in out
    out = told(mode="direct", program="", status="failed", answer="", reason="refused")
    assert "Asked of the language model directly" in out


def test_hostile_and_long_text(told: Any) -> None:
    text = HOSTILE * 1000
    out = told(
        Rejected(Attempt(text, text)),
        Looked(Round(HOSTILE, text, faulty=True)),
        votes=(Vote(text, 1, text, text, text),),
        confidence=0.0,
        model=Model(HOSTILE, HOSTILE, HOSTILE),
        planner=HOSTILE,
        notices=(text,),
        mode="direct",
    )
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "more characters" in out
    assert len(out) < 100_000
