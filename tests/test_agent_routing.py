"""Agents whose planner's model answers by itself what needs no tools."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import fake_tools
from tests.asking import set_keys
from tests.provider_server import fails, provider, says
from visprog import Agent, Answered, Planned, Planning
from visprog.cli import main
from visprog.errors import PlanError, SettingsError
from visprog.planning.chat import ChatPlanner, Completion, Message
from visprog.planning.planner import Usage
from visprog.planning.prompts import Prompts
from visprog.tool import Catalogue, Model
from visprog.values import Image

YARD = Image(np.full((8, 8, 3), 90, np.uint8), "yard")
TALLY = 'return tally(spot(image, "cat"))'
TOOLS = Catalogue.of(fake_tools).toolset("fake")


class Seer:
    """Answers the first of its texts whose key is in the question; programs otherwise."""

    name = "seer"
    model = Model("seer-1", "MIT")
    sees = True
    lanes = 1

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def complete(self, messages: Sequence[Message], **options: Any) -> Completion:
        looks = bool(messages[-1].images)
        self.asked.append("route" if looks else "plan")
        said = next((a for word, a in self.answers.items() if word in messages[-1].text), "TOOLS")
        if looks and said == "fails":
            raise PlanError("seer gave nothing")
        text = said if looks else 'return weigh(image, "refused")' if said == "weigh" else TALLY
        return Completion("TOOLS" if text == "weigh" else text, Usage(calls=1), "stop")


def agent(model: Seer, **options: Any) -> Agent:
    return Agent(ChatPlanner(model, Prompts()), TOOLS, route=True, **options)


def test_a_question_that_needs_no_tools() -> None:
    model = Seer(mood="ANSWER: calm")
    begun, ended = list(agent(model).stream(YARD, "What is the mood?"))
    assert isinstance(begun, Planning) and isinstance(ended, Answered)
    answer, trace = ended.answer, ended.answer.trace
    assert (answer.status, answer.text, answer.value, answer.program) == (
        *("answered", "calm", "calm"),
        "",
    )
    assert (trace.mode, trace.planner, trace.model, trace.steps) == (
        *("direct", "seer", Seer.model),
        (),
    )
    assert trace.usage.calls == 1 and trace.plan_seconds > 0
    assert "no tool was used" in answer.notices[0]
    assert json.dumps(trace.to_json()) and model.asked == ["route"]


def test_a_question_that_needs_tools() -> None:
    model = Seer()
    events = list(agent(model).stream(YARD, "How many cats?"))
    assert any(isinstance(event, Planned) for event in events)
    (answer,) = [event.answer for event in events if isinstance(event, Answered)]
    assert (answer.value, answer.trace.mode, answer.notices) == (2, "whole", ())
    assert answer.trace.usage.calls == 2 and model.asked == ["route", "plan"]


def test_a_reply_that_cannot_be_read_is_told() -> None:
    answer = agent(Seer(cats="Two, I think")).ask(YARD, "How many cats?")
    assert (answer.value, answer.trace.mode) == (2, "whole")
    assert "Two, I think; the question went to the tools" in answer.notices[0]


def test_a_question_is_routed_once() -> None:
    model = Seer(heavy="weigh")
    answer = agent(model).ask(YARD, "How heavy is it?")
    assert answer.status == "failed" and model.asked == ["route", "plan", "plan"]


def test_many_questions() -> None:
    model = Seer(mood="ANSWER: calm", broken="fails")
    asked = [(YARD, text) for text in ("The mood?", "Cats?", "It is broken?", "The mood again?")]
    with agent(model) as routing:
        answers = list(routing.batch([*asked, (YARD, "The mood?", TALLY)]))
    assert [(a.status, a.text, a.trace.mode) for a in answers] == [
        ("answered", "calm", "direct"),
        ("answered", "2", "whole"),
        ("failed", "", "whole"),
        ("answered", "calm", "direct"),
        ("answered", "2", "whole"),
    ]
    assert answers[2].reason == "seer gave nothing" and answers[2].trace.planner == "seer"


def test_agents_that_cannot_route(tmp_path: Path) -> None:
    (tmp_path / "one.vp").write_text(TALLY)
    with pytest.raises(SettingsError, match="is no chat model"):
        Agent(f"scripted:{tmp_path}/one.vp", TOOLS, route=True).ask(YARD, "How many cats?")
    with pytest.raises(SettingsError, match="routing takes no samples"):
        agent(Seer(), samples=2)
    assert Agent("nobody", TOOLS, route=True).run(TALLY, YARD).value == 2


class Mute(Seer):
    """Comes to no end, or writes no program; all the same it took tokens."""

    def __init__(self, finish: str) -> None:
        super().__init__()
        self.finish = finish

    def complete(self, messages: Sequence[Message], **options: Any) -> Completion:
        text = "I am sorry, I cannot." if self.finish == "stop" else "return ("
        return Completion(text, Usage(1, 100, 20, 0.5), self.finish)


@pytest.mark.parametrize("finish", ["stop", "length"])
def test_what_a_failed_plan_took_is_told(finish: str) -> None:
    answer = Agent(ChatPlanner(Mute(finish), Prompts()), TOOLS).ask(YARD, "How many cats?")
    assert (answer.status, answer.trace.usage) == ("failed", Usage(1, 100, 20, 0.5))


def ask(url: str, *options: str) -> int:
    cat = Path(__file__).parents[1] / "examples" / "cat.jpg"
    planner = ["--planner", "openai:tested", "--base-url", url, "--json"]
    return main(["ask", str(cat), "Indoors or outdoors?", *planner, *options])


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    set_keys(monkeypatch)
    with provider(says("ANSWER: indoors"), fails(400)) as served:
        assert ask(served.url, "--route", "--sees") == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["answer"], told["mode"], told["steps"]) == ("indoors", "direct", [])
        assert ask(served.url, "--route", "--sees") == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["answer"], told["usage"]["cached"]) == ("indoors", 1)
        assert "data:image/jpeg;base64," in str(served.asked[0].body)
        assert ask(served.url, "--route") == 2
        assert "routing wants a model that takes pictures" in capsys.readouterr().err
        assert len(served.asked) == 1
