"""Stepwise mode: a few lines at a time, by a planner that is shown their values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import fake_tools
from tests.asking import set_keys
from tests.provider_server import provider, says
from visprog import Agent, Answered, Limits, Looked, Planned, Stepped
from visprog.cli import main
from visprog.errors import PlanError, SettingsError
from visprog.planning import Plan, Round, Usage
from visprog.planning.chat import ChatPlanner, Completion, Message
from visprog.planning.prompts import Prompts
from visprog.tool import Catalogue, Model, Toolset
from visprog.trace import Trace
from visprog.values import Image

YARD = Image(np.full((40, 900, 3), 90, np.uint8), "yard")
TOOLS = Catalogue.of(fake_tools).toolset("fake")


class Writer:
    """Gives the lines of one round after another, and keeps what it was shown."""

    name = "writer"
    model = Model("writer-1", "MIT")
    lanes = 1

    def __init__(self, *rounds: str, sees: bool = False) -> None:
        self.rounds, self.sees = rounds, sees
        self.asked: list[Sequence[Message]] = []

    def complete(self, messages: Sequence[Message], **options: Any) -> Completion:
        assert options["grammar"] is None
        self.asked.append(messages)
        said = sum(message.role == "assistant" for message in messages)
        return Completion(self.rounds[min(said, len(self.rounds) - 1)], Usage(1, 10, 5), "stop")


def stepwise(writer: Writer, **options: Any) -> Agent:
    return Agent(ChatPlanner(writer, Prompts()), TOOLS, mode="stepwise", **options)


CATS = 'cats = spot(image, "cat")'
COUNT = "n = tally(cats)"
RETURN = "return n + 1"


def test_lines_are_written_run_and_shown_in_rounds() -> None:
    writer = Writer(CATS, COUNT, RETURN)
    events = list(stepwise(writer).stream(YARD, "How many cats?"))
    assert [type(event).__name__ for event in events] == [
        *("Planning", "Planned", "Stepped", "Looked", "Planned", "Stepped", "Looked"),
        *("Planned", "Looked", "Answered"),
    ]
    answer = events[-1].answer  # type: ignore[union-attr]
    assert (answer.value, answer.trace.mode) == (3, "stepwise")
    assert answer.program == "\n".join([CATS, COUNT, RETURN])
    assert [one.lines for one in answer.trace.rounds] == [CATS, COUNT, RETURN]
    assert answer.trace.rounds[1].shown == "n: 2"
    assert "cats: 2 regions: cat" in answer.trace.rounds[0].shown
    assert [(step.tool, step.line) for step in answer.trace.steps] == [("spot", 1), ("tally", 2)]
    assert answer.trace.usage == Usage(3, 30, 15)
    assert "n: 2" in writer.asked[2][-1].text and "Rounds left: 6" in writer.asked[2][-1].text
    assert json.loads(json.dumps(answer.trace.to_json()))["rounds"][1] == {
        "lines": COUNT,
        "shown": "n: 2",
        "faulty": False,
    }


def test_the_program_can_be_run_again() -> None:
    answer = stepwise(Writer(CATS, COUNT, RETURN)).ask(YARD, "How many cats?")
    again = Agent("nobody", TOOLS).run(answer.program, YARD)
    assert (again.value, again.trace.unit) == (answer.value, answer.trace.unit)
    assert [step.line for step in again.trace.steps] == [s.line for s in answer.trace.steps]


def test_lines_with_faults_are_told_and_cost_a_round() -> None:
    writer = Writer(CATS, "n = tallly(cats)", "return", "return tally(cats)")
    events = list(stepwise(writer).stream(YARD, "How many cats?"))
    trace = events[-1].answer.trace  # type: ignore[union-attr]
    assert (trace.status, trace.value) == ("answered", 2)
    assert [one.faulty for one in trace.rounds] == [False, True, True, False]
    assert "line 2" in trace.rounds[1].shown and "did you mean `tally`" in trace.rounds[1].shown
    assert "did you mean `tally`" in writer.asked[2][-1].text
    assert trace.program == CATS + "\nreturn tally(cats)"
    assert [event.round for event in events if isinstance(event, Looked)] == list(trace.rounds)


@pytest.mark.parametrize("replans", [0, 1])
def test_lines_that_go_wrong_are_replaced_as_often_as_programs_are(replans: int) -> None:
    writer = Writer(CATS, "m = broken(tally(cats))", "return tally(cats)")
    trace = stepwise(writer, replans=replans).ask(YARD, "How many cats?").trace
    if not replans:
        assert trace.status == "failed" and trace.attempts == () and "line 2" in trace.reason
        assert trace.program == CATS + "\nm = broken(tally(cats))"
        return
    assert (trace.status, trace.value) == ("answered", 2)
    assert [(a.kind, a.program) for a in trace.attempts] == [
        ("runtime", CATS + "\nm = broken(tally(cats))")
    ]
    assert [step.tool for step in trace.earlier] == ["tally", "broken"]
    assert [step.tool for step in trace.steps] == ["spot", "tally"]
    assert trace.rounds[1].faulty and "went wrong" in writer.asked[2][-1].text


def test_rounds_are_bounded() -> None:
    writer = Writer(*(f"x{n} = {n}" for n in range(20)))
    trace = stepwise(writer).ask(YARD, "How many cats?").trace
    assert (trace.status, len(trace.rounds), len(writer.asked)) == ("failed", 8, 8)
    assert "no `return` within 8 rounds" in trace.reason
    assert "This is the last round" in writer.asked[7][-1].text


def test_limits_are_of_the_whole_program() -> None:
    writer = Writer(CATS, COUNT, "m = tally(cats + cats)\nk = tally(cats + cats + cats)", RETURN)
    trace = stepwise(writer, limits=Limits(calls=3), replans=0).ask(YARD, "How many cats?").trace
    assert trace.status == "failed" and "more than 3 tool calls" in trace.reason


def test_an_unknown_is_shown_and_ends_the_program_where_it_counts() -> None:
    trace = stepwise(Writer('d = spot(image, "unicorn")', "return d")).ask(YARD, "Where?").trace
    assert trace.status == "abstained" and trace.rounds[0].shown.startswith("d: unknown: ")


def same_again(trace: Trace) -> bool:
    """Whether the program of a trace, run at once, gives what its rounds gave."""
    again = Agent("nobody", TOOLS).run(trace.program, YARD).trace
    steps = [[(s.tool, s.line) for s in one.steps] for one in (again, trace)]
    return (again.status, again.value, steps[0]) == (trace.status, trace.value, steps[1])


def test_lines_go_on_with_no_statement_that_has_run() -> None:
    first = CATS + "\nk = 0\nif tally(cats) > 1:\n    k = 1"
    trace = stepwise(Writer(first, "    k = 3\nj = 1", "return k")).ask(YARD, "How many?").trace
    assert [one.faulty for one in trace.rounds] == [False, True, False]
    assert "line 5" in trace.rounds[1].shown and "has run" in trace.rounds[1].shown
    assert trace.value == 1 and same_again(trace)


def test_a_round_that_returns_does_so_on_every_path() -> None:
    sometimes = "if n == 2:\n    return 40\nm = 3"
    writer = Writer(f"{CATS}\n{COUNT}", sometimes, sometimes + "\nreturn m")
    trace = stepwise(writer).ask(YARD, "How many cats?").trace
    assert [one.faulty for one in trace.rounds] == [False, True, False]
    assert trace.value == 40 and same_again(trace)


@pytest.mark.parametrize("replans", [0, 1])
def test_lines_that_hang_on_an_unknown_may_be_replaced(replans: int) -> None:
    first = 'd = spot(image, "unicorn")\nn = tally(d)'
    writer = Writer(first, "k = 0\nif n > 1:\n    k = 1", "return n")
    trace = stepwise(writer, replans=replans).ask(YARD, "How many?").trace
    assert trace.status == "abstained" and "unicorns" in trace.reason
    if replans:
        assert trace.rounds[1].faulty and "unknown: there are no" in writer.asked[2][-1].text
        assert [attempt.kind for attempt in trace.attempts] == ["runtime"] and same_again(trace)


def test_much_that_is_shown_does_not_end_a_question() -> None:
    wide = "\n".join(f"x{{0}}_{n} = '{n}' + '{'a' * 300}'" for n in range(20))
    writer = Writer(*(wide.replace("{0}", str(n)) for n in range(2)), "return 1")
    trace = stepwise(writer).ask(YARD, "How many cats?").trace
    assert all(len(one.shown) < 2_100 for one in trace.rounds)
    assert "more names)" in trace.rounds[0].shown


def test_what_stays_unsaid_is_bounded() -> None:
    names = "\n".join(f"x{n} = {'9' * 40}" for n in range(100))
    words = 'w = "' + "ab " * 2000 + '"'
    trace = stepwise(Writer(names, words, "return 1")).ask(YARD, "How many cats?").trace
    assert "(and 70 more names)" in trace.rounds[0].shown
    assert len(trace.rounds[1].shown) < 500


def test_a_planner_that_sees_is_shown_pictures() -> None:
    writer = Writer(CATS, COUNT, RETURN, sees=True)
    assert stepwise(writer).ask(YARD, "How many cats?").value == 3
    asked = [message for message in writer.asked[-1] if message.images]
    assert [len(message.images) for message in asked] == [1, 1]  # the yard, and the cats in it
    assert all(max(image.width, image.height) <= 384 for m in asked for image in m.images)
    blind = Writer(CATS, COUNT, RETURN)
    stepwise(blind).ask(YARD, "How many cats?")
    assert not any(message.images for message in blind.asked[-1])


def test_many_questions_together() -> None:
    with stepwise(Writer(CATS, COUNT, RETURN)) as agent:
        given = (YARD, "A program of its own", "return 7")
        answers = list(agent.batch([(YARD, f"How many cats, {n}?") for n in range(9)] + [given]))
    assert [answer.value for answer in answers] == [3] * 9 + [7]
    assert all(len(answer.trace.rounds) == 3 for answer in answers[:9])
    assert answers[9].trace.mode == "whole"


def test_a_model_that_writes_nothing_fails_the_question() -> None:
    trace = stepwise(Writer(CATS, "I am not sure what to do.")).ask(YARD, "How many?").trace
    assert trace.status == "failed" and "wrote no program" in trace.reason
    assert trace.usage == Usage(2, 20, 10) and len(trace.rounds) == 1


class Whole:
    """A planner that writes whole programs only."""

    name = "whole"

    def plan(self, question: str, tools: Toolset, inputs: Mapping[str, Any]) -> Plan:
        raise PlanError("not asked")


def test_what_does_not_go_with_stepwise_mode() -> None:
    with pytest.raises(SettingsError, match="writes whole programs only"):
        Agent(Whole(), TOOLS, mode="stepwise").ask(YARD, "How many cats?")
    with pytest.raises(SettingsError, match="no mode 'both'"):
        Agent(Whole(), TOOLS, mode="both")
    for option in ({"samples": 2}, {"isolate": True}):
        with pytest.raises(SettingsError, match="goes neither with"):
            stepwise(Writer(RETURN), **option)


def test_helpers_may_come_in_any_round(tmp_path: Path) -> None:
    helper = "def twice(n: int) -> int:\n    return n + n"
    library = tmp_path / "helpers.vp"
    writer = Writer(CATS, f"{helper}\nm = twice(tally(cats))", "return m")
    answer = stepwise(writer, helpers=library).ask(YARD, "How many cats?")
    assert answer.value == 4 and "twice" in library.read_text()
    writer = Writer(CATS, "return twice(tally(cats))")
    answer = stepwise(writer, helpers=library).ask(YARD, "How many cats?")
    assert answer.value == 4 and "def twice" in answer.program
    assert Agent("nobody", TOOLS).run(answer.program, YARD).value == 4


def test_the_command_over_a_server(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    set_keys(monkeypatch)
    cat = str(Path(__file__).parents[1] / "examples" / "cat.jpg")
    rounds = ('cats = detect(image, "cat")', "n = count(cats)", "return n")
    with provider(*map(says, rounds)) as served:
        planner = ["--planner", "openai:tested", "--base-url", served.url, "--mode", "stepwise"]
        assert main(["ask", cat, "How many cats?", *planner, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["answer"], told["mode"]) == ("1", "stepwise")
        assert [one["lines"] for one in told["rounds"]] == list(rounds)
        assert "n: 1" in str(served.asked[2].body)
    assert main(["ask", cat, "How many cats?", "--mode", "stepwise"]) == 2
    assert "writes whole programs only" in capsys.readouterr().err


def test_events_have_their_types() -> None:
    kinds = {type(event) for event in stepwise(Writer(CATS, RETURN)).stream(YARD, "How many?")}
    assert kinds >= {Planned, Looked, Answered, Stepped}
    assert Round("a", "b") == Round("a", "b", pictures=(YARD,))
