"""Real questions about the real pictures in examples/, by the embedded planner and tools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from visprog import Agent

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    yield Agent("embedded", "embedded")


@pytest.mark.parametrize(
    ("picture", "question", "answer"),
    [
        ("dogs.jpg", "How many dogs are there?", "2"),
        ("dogs.jpg", "Are there more dogs than cats?", "yes"),
        ("dogs.jpg", "Is there a bus in the image?", "no"),
        ("cat.jpg", "Is there a cat?", "yes"),
        ("cat.jpg", "What color is the cat?", "brown"),
        ("wine.jpg", "How many wine glasses are there?", "1"),
        ("astronaut.jpg", "Is there a person in the image?", "yes"),
        ("astronaut.jpg", "How many faces are there?", "1"),
        ("astronaut.jpg", "On which side of the picture is the person?", "left"),
    ],
)
def test_it_answers(agent: Agent, picture: str, question: str, answer: str) -> None:
    found = agent.ask(EXAMPLES / picture, question)
    assert (found.status, found.text) == ("answered", answer), found.program


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("What is the man wearing?", "'wearing' cannot be told"),
        ("What color is the lamp?", "'lamp' is not one"),
    ],
)
def test_it_abstains_and_says_what_would_help(agent: Agent, question: str, reason: str) -> None:
    found = agent.ask(EXAMPLES / "astronaut.jpg", question)
    assert found.status == "abstained"
    assert reason in found.reason
    assert "pip install 'visprog[" in found.reason


def test_a_broader_class_is_told(agent: Agent) -> None:
    found = agent.ask(EXAMPLES / "astronaut.jpg", "Is there a woman?")
    assert found.text == "yes"
    assert any("'woman'" in notice and "'person'" in notice for notice in found.notices)
