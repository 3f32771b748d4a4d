"""A program is read back against its question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import visprog_tools
from tests.fakes import PICTURE
from visprog.agent import Agent
from visprog.errors import PlanError
from visprog.lang.parse import parse
from visprog.planning import OMISSION, Plan
from visprog.planning.embedded import REDRAWS, SURPRISE, EmbeddedPlanner
from visprog.planning.llama import Unfinished
from visprog.planning.omissions import Reading, read_back
from visprog.tool import Catalogue, Model
from visprog.values import Image

TOOLS = Catalogue.of(visprog_tools).toolset("embedded")
QUESTION = "Is the rug twice as wide as the stool?"
WHOLE = 'return width(largest(detect(image, "rug"))) == 2 * width(largest(detect(image, "stool")))'
PART = 'return width(largest(detect(image, "rug"))) == 2'


def reading(question: str, program: str) -> Reading:
    return read_back(question, parse(program))


@pytest.mark.parametrize(
    ("question", "program", "omitted"),
    [
        (QUESTION, WHOLE, ()),
        (QUESTION, PART, ("stool",)),
        ("How many parked cars are there?", 'return count(detect(image, "car"))', ("parked",)),
        ("How many dogs are there?", 'return count(detect(image, "dog"))', ()),
        ("Is the glorp open?", 'return exists(detect(image, "door"))', ("glorp", "open")),
        ("What is this man's job?", 'return vqa(image, "What is this man\'s job?")', ()),
        ("", "return 1", ()),
    ],
)
def test_words_that_a_program_leaves_out(
    question: str, program: str, omitted: tuple[str, ...]
) -> None:
    made = reading(question, program)
    assert made.omitted == omitted
    assert all(repr(word) in made.told for word in omitted) and bool(made.told) == bool(omitted)


def test_what_is_left_out_added_or_said_twice_surprises() -> None:
    right = 'return choose(largest(detect(image, "door")), ["open", "shut"])'
    twice = 'return choose(largest(detect(image, "door")), ["open", "open"])'
    added = 'return choose(largest(detect(image, "giraffe")), ["open", "shut"])'
    asked = "Is the door open or shut?"
    usual = reading(asked, right).surprise
    assert usual < 1 < reading(asked, added).surprise
    assert reading(asked, twice).surprise > SURPRISE
    assert reading(QUESTION, PART).surprise > reading(QUESTION, WHOLE).surprise + 1


class Lines:
    """Stands for the language model: what it writes at each draw; None for no end."""

    def __init__(self, *lines: str | None) -> None:
        self.lines, self.asked = lines, list[tuple[float, int]]()

    def complete(self, prompt: str, *, temperature: float, seed: int, **_: Any) -> str:
        self.asked.append((temperature, seed))
        line = self.lines[min(seed, len(self.lines) - 1)]
        if line is None:
            raise Unfinished("the planner wrote 256 tokens and no whole program")
        return line


def planned(lines: Lines) -> Plan:
    planner = EmbeddedPlanner(Path("none"), model=Model("toy", "Apache-2.0"))
    planner._llama = lines  # type: ignore[assignment]
    return planner.plan(QUESTION, TOOLS, {"image": Image})


def test_a_whole_program_is_drawn_once() -> None:
    lines = Lines(WHOLE, PART)
    made = planned(lines)
    assert (made.attempts, made.notices, lines.asked) == ((), (), [(0.0, 0)])


def test_one_that_leaves_words_out_is_drawn_again_and_told() -> None:
    lines = Lines(PART, None, WHOLE)
    made = planned(lines)
    assert '"stool"' in made.text and made.notices == ()
    assert [one.kind for one in made.attempts] == [OMISSION, OMISSION]
    assert "leaves out 'stool'" in made.attempts[0].fault and made.attempts[0].program
    assert "no whole program" in made.attempts[1].fault
    assert [temperature > 0 for temperature, _ in lines.asked] == [False, True, True]


def test_where_no_draw_is_better_the_first_stays_with_a_notice() -> None:
    lines = Lines(PART)
    made = planned(lines)
    assert made.notices == ("the program leaves out 'stool'",)
    assert len(made.attempts) == REDRAWS and len(lines.asked) == 1 + REDRAWS


def test_where_no_draw_ends_there_is_no_program() -> None:
    with pytest.raises(PlanError, match="no whole program"):
        planned(Lines(None))


def test_the_answer_tells_of_programs_that_were_set_aside(tmp_path: Path) -> None:
    class Once:
        name = "once"

        def plan(self, question: str, tools: Any, inputs: Any) -> Plan:
            return planned(Lines(PART, WHOLE))

    with Agent(Once(), TOOLS) as agent:
        answer = agent.ask(PICTURE, QUESTION)
    (attempt,) = answer.trace.attempts
    assert attempt.kind == OMISSION
    assert answer.trace.to_json()["attempts"][0]["kind"] == OMISSION
    page = tmp_path / "trace.html"
    answer.trace.save(page)
    assert "set aside" in page.read_text("utf-8") and "stool" in attempt.fault
