"""Facts from the language model that plans, and names for things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import visprog_tools
from visprog import Agent
from visprog.errors import PlanError, SettingsError, ToolError
from visprog.planning import Plan, Usage
from visprog.planning.chat import ChatPlanner, Completion, Message
from visprog.planning.prompts import Prompts
from visprog.tool import Backend, Catalogue, Model, Output
from visprog.values import Image, Region, Unknown
from visprog_tools.assignment import Assignment
from visprog_tools.knowledge import Knowledge

PICTURE = Image(np.zeros((40, 60, 3), np.uint8), "blank")
TOOLS = Catalogue.of(visprog_tools)


def run(backend: Backend, word: str, **call: Any) -> Any:
    (made,) = backend.run(word, [call])
    return made.value if isinstance(made, Output) else made


def knowing(said: str) -> Knowledge:
    made = Knowledge({})
    made.consult = lambda text: said
    return made


# -- facts


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("Doc\nGrumpy\nHappy", ["Doc", "Grumpy", "Happy"]),
        ("1. Doc\n2) Grumpy.\n- Happy\n* Doc\n", ["Doc", "Grumpy", "Happy"]),
        ('"Doc"\n\x1b[31mGrumpy\u202e\n\n', ["Doc", "[31mGrumpy"]),
        ("x" * 999, ["x" * 200]),
    ],
)
def test_facts_are_short_lines_of_text(said: str, known: list[str]) -> None:
    assert run(knowing(said), "facts", question="Who?", n=7) == known


def test_no_more_facts_than_asked_for_and_they_say_what_said_them() -> None:
    backend = knowing("a\nb\nc")
    (made,) = backend.run("facts", [{"question": "Which?", "n": 2}])
    assert isinstance(made, Output) and made.value == ["a", "b"]
    assert "may be wrong" in made.notices[0]
    for n in (0, -1, 51):
        assert isinstance(run(backend, "facts", question="Which?", n=n), ToolError)
    assert isinstance(run(backend, "ask", question=" \n"), ToolError)


@pytest.mark.parametrize("said", ["I do not know.", "", "\n \n", "I DO NOT KNOW"])
def test_what_the_model_does_not_know_is_an_abstention(said: str) -> None:
    assert isinstance(run(knowing(said), "ask", question="Who?"), Unknown)


def test_without_a_model_it_abstains_and_where_one_fails_the_step_fails() -> None:
    assert "no language model" in run(Knowledge({}), "ask", question="Who?").reason
    backend = Knowledge({})

    def refuse(text: str) -> str:
        raise SettingsError("the planner embedded answers no questions itself")

    backend.consult = refuse
    assert "answers no questions" in run(backend, "ask", question="Who?").reason

    def fail(text: str) -> str:
        raise PlanError("429")

    backend.consult = fail
    assert isinstance(run(backend, "ask", question="Who?"), PlanError)


class Chatting:
    """A chat model that plans one program and answers what it is asked."""

    name, sees, lanes, constrains = "toy", False, 1, ""
    model = Model("toy", "Apache-2.0")

    def __init__(self, program: str) -> None:
        self.program, self.asked = program, list[str]()

    def complete(self, messages: Sequence[Message], **_: Any) -> Completion:
        if len(messages) == 1:
            self.asked.append(messages[0].text)
            return Completion("Paris\nLyon", Usage(), "stop")
        return Completion(self.program, Usage(), "stop")


def test_the_model_that_plans_is_asked_and_its_words_are_data() -> None:
    model = Chatting('return facts("large cities of France", 2)')
    planner = ChatPlanner(model, Prompts())
    with Agent(planner, TOOLS.toolset("embedded")) as agent:
        answer = agent.ask(PICTURE, "Name two large cities of France.")
        again = agent.ask(PICTURE, "Name two large cities of France.")
    assert answer.text == again.text == "Paris, Lyon", answer.reason
    assert len(model.asked) == 1 and "large cities of France" in model.asked[0]
    assert any("language model" in notice for notice in answer.trace.notices)


def test_the_embedded_planner_knows_nothing() -> None:
    class Embedded:
        name = "embedded"

        def plan(self, question: str, tools: Any, inputs: Any) -> Plan:
            return Plan('return ask("Who painted it?")', Model("toy", "Apache-2.0"), 0.0)

    with Agent(Embedded(), TOOLS.toolset("embedded")) as agent:
        answer = agent.ask(PICTURE, "Who painted it?")
    assert answer.status == "abstained" and "--planner openai:MODEL" in answer.reason


# -- names for things


class Likeness(Backend):
    """Knows how well names fit by where things are."""

    name, serves, batch = "likeness", ("match",), 3
    model = Model("toy", "Apache-2.0")
    table: dict[tuple[int, str], Any]

    def match(self, image: Any, text: str) -> Any:
        return self.table[int(image.left), text]


def things(count: int) -> list[Region]:
    return [Region(PICTURE, (10 * n, 0, 10 * n + 9, 9), "face") for n in range(count)]


def assigning(table: dict[tuple[int, str], Any]) -> Assignment:
    made, helper = Assignment({}), Likeness({})
    helper.table = table
    made.helpers = {"match": helper}
    return made


def test_names_go_where_all_fit_best_together() -> None:
    """One by one, both things would be called Ann."""
    table = {(0, "Ann"): 0.9, (0, "Bob"): 0.8, (10, "Ann"): 0.8, (10, "Bob"): 0.1}
    made = run(assigning(table), "assign", regions=things(2), names=["Ann", "Bob", "Ann"])
    assert [(one.left, one.label, one.score) for one in made] == [(0, "Bob", 0.8), (10, "Ann", 0.8)]


def test_names_or_things_may_be_left() -> None:
    table = {(left, name): 0.1 + 0.5 * (name == "B") for left in (0, 10) for name in "ABC"}
    backend = assigning(table)
    (made,) = backend.run("assign", [{"regions": things(1), "names": ["A", "B", "C"]}])
    assert isinstance(made, Output)
    assert [one.label for one in made.value] == ["B"]  # type: ignore[union-attr]
    assert "no thing is left for 'A', 'C'" in made.notices
    (made,) = backend.run("assign", [{"regions": things(2), "names": ["B"]}])
    assert isinstance(made, Output) and len(made.value) == 1  # type: ignore[arg-type]
    assert made.notices == ("1 of 2 things have no name left for them",)
    assert run(backend, "assign", regions=[], names=["B"]) == []
    assert run(backend, "assign", regions=things(1), names=[]) == []
    assert isinstance(run(backend, "assign", regions=things(1), names=[" "]), ToolError)
    many = run(backend, "assign", regions=things(2) * 50, names=[str(n) for n in range(50)])
    assert isinstance(many, ToolError)


def test_where_likeness_abstains_so_does_it() -> None:
    table = {(0, "Ann"): Unknown("too dark")}
    assert run(assigning(table), "assign", regions=things(1), names=["Ann"]) == Unknown("too dark")
    made = run(Assignment({}), "assign", regions=things(1), names=["Ann"])
    assert isinstance(made, Unknown) and "visprog tools match" in made.reason


def test_on_the_embedded_profile_names_cannot_be_given() -> None:
    with Agent(tools=TOOLS.toolset("embedded")) as agent:
        answer = agent.run('return tag(image, assign(detect(image, "dog") + [], ["Rex"]))', PICTURE)
    assert answer.status == "answered"  # there are no dogs, so there is nothing to compare
