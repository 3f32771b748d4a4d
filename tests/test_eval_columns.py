"""The columns of an evaluation: what answers in each of them, and which of them can be had."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage

from tests.asking import set_keys
from tests.eval_questions import question, solve
from tests.provider_server import PROGRAM, provider, says
from visprog.errors import PlanError, SettingsError
from visprog.eval.answering import Agents, Answering
from visprog.eval.questions import Question
from visprog.eval.results import read_results
from visprog.eval.runner import Evaluation, evaluate
from visprog.eval.solvers import blind_solver, guess, replayed
from visprog.execution.runner import LocalRunner, Ran
from visprog.planning import Plan
from visprog.planning.chat import Completion, Message
from visprog.planning.planner import Usage
from visprog.planning.providers import ChatSettings
from visprog.tool import Backend, Model

DOG = Question("dog", ("1",), "Is there a dog?", "yes", program=tuple(question("")["semantic"]))
COLOUR = replace(DOG, id="colour", text="What color is the dog?", answer="red", program=())
GRAPH = {
    "width": 20,
    "height": 20,
    "objects": {
        "7": {"name": "dog", "x": 1, "y": 1, "w": 5, "h": 5, "attributes": ["red"]},
        "8": {"name": "cat", "x": 9, "y": 1, "w": 5, "h": 5, "attributes": []},
    },
}
PLANS = {
    DOG.text: 'return exists(detect(image, "dog"))\n',
    COLOUR.text: 'return query(largest(detect(image, "dog")), "color")\n',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "graphs.json").write_text(json.dumps({"1": GRAPH}))
    (tmp_path / "plans.json").write_text(json.dumps(PLANS))
    PillowImage.new("RGB", (20, 20)).save(tmp_path / "1.png")
    return tmp_path


def answering(folder: Path, planner: str = "", tools: str = "oracle", **settings: Any) -> Answering:
    name = planner or f"scripted:{folder / 'plans.json'}"
    return Answering(name, tools, folder, folder / "graphs.json", settings)


def measured(
    folder: Path, by: Answering, asked: Sequence[Question] = (DOG, COLOUR), **more: Any
) -> dict[str, Any]:
    return evaluate(Evaluation("gqa", asked, by, **more), folder / "out")


def column(folder: Path, name: str) -> dict[str, Any]:
    made = read_results(folder / "out" / "columns" / f"{name}.jsonl")
    return {result.id: result for result in made}


# -- which there are


def test_all_that_apply_are_measured_and_the_others_say_why_not(folder: Path) -> None:
    report = measured(folder, answering(folder, tools="embedded"))
    assert list(report["columns"]) == ["program", "vqa", "guess", "oracle", "planned-oracle"]
    assert report["unavailable"].keys() == {"blind"}
    assert "writes programs only" in report["unavailable"]["blind"]
    assert column(folder, "oracle")["dog"].correct
    assert column(folder, "oracle")["colour"].failure == "plan"  # it has no program of its own
    planned = column(folder, "planned-oracle")
    assert planned["dog"].correct and planned["colour"].correct
    assert planned["colour"].program == PLANS[COLOUR.text]
    vqa = column(folder, "vqa")
    assert vqa["dog"].program == 'return vqa(image, "Is there a dog?")\n'
    assert {result.status for result in vqa.values()} == {"abstained"}
    assert report["columns"]["vqa"]["status"]["abstained"] == 2


def test_columns_can_be_chosen_and_added_later(folder: Path) -> None:
    report = measured(folder, answering(folder), only=("guess",))
    assert list(report["columns"]) == ["program", "guess"]
    before = (folder / "out" / "results.jsonl").read_bytes()
    report = measured(folder, answering(folder), only=("oracle", "guess"), ablate=("query",))
    assert list(report["columns"]) == ["program", "guess", "oracle", "without-query"]
    assert (folder / "out" / "results.jsonl").read_bytes() == before


def test_questions_about_several_pictures_leave_no_vqa(folder: Path) -> None:
    pair = replace(DOG, images=("1", "1"))
    report = measured(folder, answering(folder), [pair], only=None)
    assert report["unavailable"]["vqa"] == "all questions are about several pictures"


def test_a_profile_without_the_word_leaves_no_vqa(folder: Path) -> None:
    with pytest.raises(SettingsError, match="no column vqa"):
        measured(folder, answering(folder, tools=""), only=("vqa",))


# -- without words


def test_programs_without_some_words(folder: Path) -> None:
    report = measured(folder, answering(folder), only=(), ablate=("query", "depth", "query"))
    assert list(report["columns"]) == ["program", "without-query-depth"]
    made = column(folder, "without-query-depth")
    assert made["dog"].correct
    assert (made["colour"].failure, made["colour"].status) == ("type", "failed")
    assert "query" in made["colour"].reason
    assert report["about"]["without-query-depth"].endswith("without query, depth")


def test_the_references_programs_without_some_words(folder: Path) -> None:
    measured(folder, answering(folder, "reference"), [DOG], only=(), ablate=("exists",))
    assert column(folder, "without-exists")["dog"].failure == "type"


class Planner:
    """Writes one program, and notes what it was told."""

    name = "noted"

    def __init__(self) -> None:
        self.tools: list[Any] = []
        self.closed = False

    def plan(self, question: str, tools: Any, inputs: Any) -> Any:
        self.tools.append(tools)
        return Plan(PLANS[DOG.text], Model("note", "MIT", "r1"), 0.25)

    def close(self) -> None:
        self.closed = True


def test_the_planner_is_told_of_no_word_that_is_left_out(folder: Path) -> None:
    planner = Planner()
    with Agents(answering(folder)) as agents:
        kept = agents.tools().without(("depth", "flow"))
        agent = agents._agent(planner, kept)
        (answer,) = agent.batch([(folder / "1.png", DOG.text)])
        assert answer.status == "answered"
        assert "depth" not in planner.tools[0] and "detect" in planner.tools[0]
        assert not planner.closed
    assert planner.closed


# -- the language model alone


class Slow:
    """A chat model that is slower the earlier it is asked."""

    name, lanes, sees = "blind", 3, False
    model = Model("blind-1", "MIT")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts, self.lock = list(texts), threading.Lock()
        self.asked: list[Sequence[Message]] = []
        self.under_way = self.most = 0

    def complete(self, messages: Sequence[Message], **options: Any) -> Completion:
        with self.lock:
            self.asked.append(messages)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        place = int(messages[-1].text.split()[0])
        time.sleep(0.01 * (len(self.texts) - place))
        with self.lock:
            self.under_way -= 1
        if self.texts[place] == "fault":
            raise PlanError("the server hung up")
        return Completion(self.texts[place], Usage(1, 10, 5, 0.002), "stop")


def test_a_model_without_a_picture_answers_in_order(folder: Path) -> None:
    texts = ["Yes.", "fault", "<think>no</think>\n A  red\nhat", "", *["no"] * 6]
    model = Slow(texts)
    asked = [replace(DOG, id=str(n), text=f"{n} dogs?") for n in range(len(texts))]
    asked[4] = replace(asked[4], options=("yes", "no"))
    made = list(blind_solver(model)(asked))
    assert [outcome.text for outcome in made] == ["Yes.", "", "A red hat", "", *["no"] * 6]
    assert [outcome.status for outcome in made][:4] == [
        "answered",
        "failed",
        "answered",
        "abstained",
    ]
    assert (made[1].failure, made[3].reason) == ("plan", "the model said nothing")
    assert (made[0].tokens, made[0].cost, made[0].mode) == (15, 0.002, "direct")
    assert made[0].seconds > 0 and 1 < model.most <= 3
    assert any("Choose one of: yes, no" in messages[-1].text for messages in model.asked)


def test_the_blind_column_asks_the_planners_own_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("langchain")
    set_keys(monkeypatch)
    with provider(says(PROGRAM), says("no")) as server:
        by = answering(folder, "openai:test", chat=ChatSettings(base_url=server.url))
        report = measured(folder, by, [replace(DOG, answer="no")], only=("blind",))
        bodies = [json.dumps(asked.body) for asked in server.asked]
    assert ["cannot see" in body for body in bodies] == [False, True]
    made = column(folder, "blind")["dog"]
    assert (made.answer, made.correct, made.mode, made.tokens > 0) == ("no", True, "direct", True)
    assert report["columns"]["blind"]["rate"] == 1.0
    assert report["broken_by_tools"] == ["dog"]
    assert report["planner_model"]["id"]


# -- without looking


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ({}, "yes"),
        ({"kind": "int", "answer": "3"}, "1"),
        ({"kind": "float", "answer": "0.5"}, "1"),
        ({"options": ("left", "right")}, "left"),
        ({"options": ("no", "yes")}, "yes"),
    ],
)
def test_a_guess(more: Any, answer: str) -> None:
    (made,) = guess([replace(DOG, **more)])
    assert (made.text, made.status, made.mode) == (answer, "answered", "direct")


def test_a_planner_that_gave_no_program_has_none_to_replay() -> None:
    with pytest.raises(PlanError, match="gave no program"):
        replayed({"dog": ""})(DOG)


# -- what agents share


class Runner(LocalRunner):
    """Runs nothing more once it is closed."""

    closed = False

    def run(self, backend: Any, tool: str, calls: Any) -> Ran:
        assert not self.closed
        return super().run(backend, tool, calls)

    def close(self) -> None:
        self.closed = True


def test_agents_share_tools_and_planner_and_are_closed_together(folder: Path) -> None:
    runner = Runner()
    by = answering(folder, runner=runner)
    with Agents(by) as agents:
        assert agents.main.tools is agents.running().tools is agents.tools()
        assert agents.planning(agents.tools()).planner is agents.main.planner
        assert not runner.closed
    assert runner.closed


def test_all_columns_use_the_runner_before_it_is_closed(folder: Path) -> None:
    runner = Runner()
    report = measured(folder, answering(folder, runner=runner), ablate=("depth",))
    assert report["columns"]["program"]["rate"] == 1.0
    assert report["columns"]["without-depth"]["rate"] == 1.0
    assert runner.closed


# -- tools that give no answer in time


class Hanging(LocalRunner):
    """Answers `query` only once it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def run(self, backend: Any, tool: str, calls: Any) -> Ran:
        if tool == "query":
            self.let_go.wait(30)
        return super().run(backend, tool, calls)


class Late(LocalRunner):
    """Waits in vain for whatever answers `query`."""

    def run(self, backend: Any, tool: str, calls: Any) -> Ran:
        if tool == "query":
            raise TimeoutError("the camera sent nothing")
        return super().run(backend, tool, calls)


def timed_out(folder: Path, **settings: Any) -> str:
    """Why the question after a colour has no answer, which is counted as a time-out."""
    report = measured(folder, answering(folder, **settings), only=())
    assert report["failures"]["timeout"]["rate"] == 0.5
    assert report["failures"]["runtime"]["rate"] == 0.0
    made = {result.id: result for result in read_results(folder / "out" / "results.jsonl")}
    assert made["dog"].correct and made["dog"].failure == ""
    assert (made["colour"].failure, made["colour"].correct) == ("timeout", False)
    return made["colour"].reason


@pytest.mark.parametrize("isolate", [False, True])
def test_a_tool_that_hangs_is_counted_as_a_time_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, isolate: bool
) -> None:
    monkeypatch.setattr(Backend, "deadline", 0.2)
    runner = Hanging()
    told = timed_out(folder, runner=runner, isolate=isolate)
    runner.let_go.set()
    assert told.startswith("line 1: query: no answer from")
    assert told.endswith("within 0.2 seconds")


def test_a_tool_that_waited_in_vain_is_counted_as_a_time_out(folder: Path) -> None:
    assert "TimeoutError: the camera sent nothing" in timed_out(folder, runner=Late())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"route": True}, "nothing to route"),
        ({"mode": "stepwise"}, "are whole"),
        ({"samples": 3}, "one program"),
    ],
)
def test_the_reference_takes_no_settings_of_planners(
    folder: Path, settings: Any, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        measured(folder, answering(folder, "reference", **settings))
    assert not (folder / "out").exists()


def test_other_columns_run_whole_programs_whatever_the_mode(folder: Path) -> None:
    by = answering(folder, tools="embedded", mode="stepwise", samples=1)
    what = Evaluation("gqa", [DOG], replace(by, planner="scripted:x"), only=("oracle", "vqa"))
    report = evaluate(what, folder / "out", solve=solve)
    assert report["columns"]["oracle"]["rate"] == 1.0
