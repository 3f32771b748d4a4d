"""The agent: from question to answer, one at a time, as a stream, and many together."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from tests import fake_tools
from tests.fake_tools import Spotter
from visprog import Agent, Answered, Limits, Planned, Planning, Stepped
from visprog.agent import Event
from visprog.errors import (
    CheckError,
    ImageError,
    ParseError,
    PlanError,
    QuestionError,
    SettingsError,
)
from visprog.images import Limits as ImageLimits
from visprog.inputs import QUESTION_LIMIT
from visprog.planning import Attempt, Plan, Usage
from visprog.recent import RecentPictures
from visprog.tool import Catalogue, Model, Toolset
from visprog.values import Image, Unknown

CAT = Path(__file__).parents[1] / "examples" / "cat.jpg"
SMALL = Image(np.zeros((4, 4, 3), np.uint8), "small")
OTHER = Image(np.ones((4, 4, 3), np.uint8), "other")

THREE_FAULTS = 'x = spott(image, "a")\ny = tally(3)\nreturn zz'
PROGRAMS = {
    "How many cats are there?": 'cats = spot(image, "cat")\nreturn tally(cats)',
    "How many dogs are there?": 'return tally(spot(image, "dog"))',
    "Is there a dog?": 'return tally(spot(image, "dog")) > 0',
    "Where is the unicorn?": 'return spot(image, "unicorn")',
    "How far away is the cat?": 'return far(image, "cat")',
    "What do you note?": 'return tally(spot(image, "note")) + tally(spot(image, "note"))',
    "How heavy is it?": 'return weigh(image, "refused")',
    "What is broken?": THREE_FAULTS,
    "What is no program?": "import os",
    "How many cats are in both?": (
        'return tally(spot(image, "cat")) + tally(spot(image2, "cat")) + len(images)'
    ),
}


class Planner:
    """Knows the programs above, and says where they are from."""

    name = "table"

    def plan(self, question: str, tools: Toolset, inputs: Mapping[str, Any]) -> Plan:
        if question not in PROGRAMS:
            raise PlanError(f"no program for {question!r}")
        return Plan(PROGRAMS[question], Model("table", "Apache-2.0"), 0.0, ("from a table",))


@pytest.fixture
def agent() -> Agent:
    Spotter.batches.clear()
    return Agent(Planner(), Catalogue.of(fake_tools).toolset("fake"))


# -- one question


def test_an_answer_and_what_it_rests_on(agent: Agent) -> None:
    answer = agent.ask(CAT, "  How many\ncats are there? ")
    assert (answer.status, answer.text, answer.value, answer.reason) == ("answered", "2", 2, "")
    assert answer.program == PROGRAMS["How many cats are there?"]
    trace = answer.trace
    assert trace.question == "How many cats are there?"
    assert (trace.planner, trace.tools) == ("table", "fake")
    assert [image.name for image in trace.images] == ["cat"]
    assert [(step.line, step.name, step.tool) for step in trace.steps] == [
        (1, "cats", "spot"),
        (2, None, "tally"),
    ]
    assert trace.steps[0].model.id == "spotter of the tests"
    assert trace.seconds >= trace.plan_seconds >= 0


@pytest.mark.parametrize(
    ("question", "status", "text", "reason"),
    [
        ("Is there a dog?", "answered", "yes", ""),
        ("Where is the unicorn?", "abstained", "", "there are no unicorns; try: visprog tools"),
        ("How heavy is it?", "failed", "", "line 1: too heavy"),
        ("Why is the sky blue?", "failed", "", "no program for 'Why is the sky blue?'"),
    ],
)
def test_every_status_has_its_reason(
    agent: Agent, question: str, status: str, text: str, reason: str
) -> None:
    answer = agent.ask(SMALL, question)
    assert (answer.status, answer.text, answer.reason) == (status, text, reason)


def test_an_abstention_is_the_value(agent: Agent) -> None:
    answer = agent.ask(SMALL, "Where is the unicorn?")
    assert answer.value == Unknown("there are no unicorns; try: visprog tools")


def test_a_measure_has_its_unit(agent: Agent) -> None:
    answer = agent.ask(SMALL, "How far away is the cat?")
    assert (answer.text, answer.value, answer.trace.unit) == ("2.5", 2.5, "metres")
    assert agent.ask(SMALL, "How many cats are there?").trace.unit == ""


def test_notices_of_planner_and_tools_reach_the_answer_once(agent: Agent) -> None:
    answer = agent.ask(SMALL, "What do you note?")
    assert answer.value == 4
    assert answer.notices == ("from a table", "spots are made up")


def test_all_faults_of_a_broken_program_are_told(agent: Agent) -> None:
    answer = agent.ask(SMALL, "What is broken?")
    assert answer.status == "failed"
    assert answer.program == THREE_FAULTS
    assert [line.split(",")[0] for line in answer.reason.splitlines() if "column" in line] == [
        "line 1",
        "line 2",
        "line 3",
    ]
    assert "did you mean `spot`?" in answer.reason
    assert answer.trace.steps == ()


def test_limits_hold() -> None:
    tools = Catalogue.of(fake_tools).toolset("fake")
    answer = Agent(Planner(), tools, limits=Limits(calls=1)).ask(SMALL, "Is there a dog?")
    assert (answer.status, answer.reason) == ("failed", "line 1: more than 1 tool calls")
    with pytest.raises(ImageError):
        Agent(Planner(), tools, image_limits=ImageLimits(pixels=10)).ask(CAT, "Is there a dog?")


# -- what is raised


@pytest.mark.parametrize("question", ["", " \n\t ", "x" * (QUESTION_LIMIT + 1), "a dog\udc80?"])
def test_a_question_that_is_none_is_raised(agent: Agent, question: str) -> None:
    with pytest.raises(QuestionError):
        agent.ask(SMALL, question)


def test_the_longest_question_is_taken(agent: Agent) -> None:
    assert "no program for" in agent.ask(SMALL, "x" * QUESTION_LIMIT).reason


@pytest.mark.parametrize("picture", ["absent.jpg", b"no picture", 3])
def test_a_picture_that_cannot_be_read_is_raised(agent: Agent, picture: object) -> None:
    with pytest.raises(ImageError):
        agent.ask(picture, "Is there a dog?")
    with pytest.raises(ImageError):
        agent.run("return 1", picture)


def test_a_question_wants_a_picture(agent: Agent) -> None:
    with pytest.raises(QuestionError, match="at least one picture"):
        agent.ask([], "Is there a dog?")


def test_unknown_names_are_raised(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no profile 'embeded'; did you mean 'embedded'"):
        Agent(tools="embeded")
    with pytest.raises(SettingsError, match="no planner 'gpt'"):
        Agent("gpt").ask(SMALL, "Is there a dog?")
    with pytest.raises(SettingsError, match="cannot read"):
        Agent(f"scripted:{tmp_path / 'absent.json'}").ask(SMALL, "Is there a dog?")


# -- streams


def kinds(events: list[Event]) -> list[type]:
    return [type(event) for event in events]


def test_events_come_in_their_order(agent: Agent) -> None:
    events = list(agent.stream(SMALL, "How many cats are there?"))
    assert kinds(events) == [Planning, Planned, Stepped, Stepped, Answered]
    assert events[0] == Planning("table")
    assert isinstance(events[1], Planned)
    assert events[1].program == PROGRAMS["How many cats are there?"]
    assert isinstance(events[-1], Answered)
    steps = tuple(event.step for event in events if isinstance(event, Stepped))
    assert events[-1].answer.trace.steps == steps


@pytest.mark.parametrize(
    "question", ["Why is the sky blue?", "What is broken?", "What is no program?"]
)
def test_without_a_good_program_there_is_none_in_the_stream(agent: Agent, question: str) -> None:
    assert kinds(list(agent.stream(SMALL, question))) == [Planning, Answered]


def test_a_failed_step_is_in_the_stream(agent: Agent) -> None:
    events = list(agent.stream(SMALL, "How heavy is it?"))
    assert kinds(events) == [Planning, Planned, Stepped, Answered]
    assert isinstance(events[2], Stepped)
    assert events[2].step.error == "too heavy"
    assert events[2].step.value is None


# -- programs without a planner


def test_a_program_runs_without_a_planner() -> None:
    tools = Catalogue.of(fake_tools).toolset("fake")
    answer = Agent("no such planner", tools).run("return tally([])", SMALL, "How many?")
    assert (answer.status, answer.value, answer.trace.question) == ("answered", 0, "How many?")
    assert answer.trace.planner == ""


def test_a_broken_program_is_a_failed_answer(agent: Agent) -> None:
    assert agent.run(THREE_FAULTS, SMALL).status == "failed"
    assert agent.run("", SMALL).status == "failed"
    assert agent.run("return 1 / 0", SMALL).reason.startswith("line 1:")


def test_a_plan_is_checked(agent: Agent) -> None:
    assert agent.plan("Is there a dog?").text == PROGRAMS["Is there a dog?"]
    assert agent.plan("How many cats are in both?", 2).notices == ("from a table",)
    with pytest.raises(CheckError, match="image2"):
        agent.plan("How many cats are in both?")
    with pytest.raises(ParseError):
        agent.plan("What is no program?")
    with pytest.raises(PlanError):
        agent.plan("Why is the sky blue?")
    with pytest.raises(QuestionError):
        agent.plan(" ")


# -- several pictures


def test_several_pictures_have_their_names(agent: Agent) -> None:
    answer = agent.ask([SMALL, OTHER], "How many cats are in both?")
    assert answer.value == 6
    assert answer.trace.images == (SMALL, OTHER)
    assert [step.args["image"] for step in answer.trace.steps if step.tool == "spot"] == [
        SMALL,
        OTHER,
    ]


def test_one_picture_has_no_second(agent: Agent) -> None:
    answer = agent.ask(SMALL, "How many cats are in both?")
    assert answer.status == "failed"
    assert "no name `image2`" in answer.reason


# -- many questions


def test_a_batch_answers_in_order_and_shares_its_calls(agent: Agent) -> None:
    asked = ["How many dogs are there?", "Is there a dog?", "How many cats are there?"]
    answers = list(agent.batch((SMALL, question) for question in asked))
    assert [answer.text for answer in answers] == ["2", "yes", "2"]
    assert [answer.trace.question for answer in answers] == asked
    assert Spotter.batches == [["dog", "cat"]]


def test_what_goes_wrong_with_one_of_a_batch_stays_with_it(agent: Agent) -> None:
    asked: list[tuple[object, str]] = [
        ("absent.jpg", "Is there a dog?"),
        (b"no picture", "Is there a dog?"),
        ([], "Is there a dog?"),
        (SMALL, ""),
        (SMALL, "x" * 20_000),
        (SMALL, "Why is the sky blue?"),
        (SMALL, "What is broken?"),
        (SMALL, "How heavy is it?"),
        (SMALL, "Where is the unicorn?"),
        (SMALL, "Is there a dog?"),
    ]
    answers = list(agent.batch(asked))
    assert [answer.status for answer in answers] == ["failed"] * 8 + ["abstained", "answered"]
    assert all(answer.reason for answer in answers[:9])
    assert [answer.trace.question for answer in answers] == [question for _, question in asked]


def test_a_batch_may_be_long_and_is_read_as_it_goes(agent: Agent) -> None:
    taken = []

    def questions() -> Any:
        for place in range(10_000):
            taken.append(place)
            yield SMALL, "Is there a dog?"

    answers = agent.batch(questions())
    assert next(answers).text == "yes"
    assert len(taken) < 200
    assert list(agent.batch([])) == []


# -- traces


def test_a_trace_is_saved_as_a_page_that_stands_alone(agent: Agent, tmp_path: Path) -> None:
    agent.run('return spot(image, "hostile")', CAT, "<script>?").trace.save(tmp_path / "why.html")
    page = (tmp_path / "why.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert "spotter of the tests" in page
    assert "<script>alert" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize("question", [*PROGRAMS, "Why is the sky blue?"])
def test_every_trace_is_json_and_a_page(agent: Agent, tmp_path: Path, question: str) -> None:
    trace = agent.ask([SMALL, OTHER], question).trace
    assert json.loads(json.dumps(trace.to_json(), allow_nan=False))["question"] == question
    trace.save(tmp_path / "why.html")
    assert (tmp_path / "why.html").stat().st_size > 500


# -- scripted planners


def test_scripts_of_every_form(tmp_path: Path) -> None:
    tools = Catalogue.of(fake_tools).toolset("fake")
    question, program = "Is there a dog?", PROGRAMS["Is there a dog?"]
    row = json.dumps({"question": question, "program": program})
    texts = {"a.json": json.dumps({question: program}), "a.jsonl": f"{row}\n\n", "a.vp": program}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        answer = Agent(f"scripted:{tmp_path / name}", tools).ask(SMALL, "is there  a DOG?")
        assert (answer.text, answer.trace.planner) == ("yes", f"scripted:{tmp_path / name}")


@pytest.mark.parametrize("text", ["[]", "{", '{"a": 1}', "3", '["a"]'])
def test_a_script_of_another_form_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(SettingsError, match="is no script of programs"):
        _ = Agent(f"scripted:{tmp_path / 'a.json'}").planner


def test_a_picture_asked_again_is_loaded_once_until_its_file_changes(
    agent: Agent, tmp_path: Path
) -> None:
    file = tmp_path / "a.png"
    PillowImage.new("RGB", (4, 4)).save(file)
    one, again = agent.load(file)[0], agent.load(str(file))[0]
    assert one is again
    PillowImage.new("RGB", (4, 5)).save(file)
    assert agent.load(file)[0].height == 5


def test_remembered_pictures_are_bounded_by_their_bytes(tmp_path: Path) -> None:
    loaded: list[object] = []

    def load(source: object) -> Image:
        loaded.append(source)
        return Image(np.zeros((10, 10, 3), np.uint8))

    files = [tmp_path / name for name in "abc"]
    for file in files:
        file.touch()
    picture = RecentPictures(load, limit=700)
    for file in (*files, files[2], files[0]):
        picture(file)
    assert loaded == [*files, files[0]]


@pytest.mark.skipif(os.name != "posix", reason="isolation needs a POSIX system")
def test_an_isolated_agent_answers_the_same() -> None:
    tools = Catalogue.of(fake_tools).toolset("fake")
    programs = [
        'return tally(spot(image, "cat"))',
        'return spot(image, "unicorn")',
        "return 1 // 0",
        "return nothing",
    ]
    told = []
    for isolate in (False, True):
        with Agent(tools=tools, isolate=isolate) as agent:
            made = [agent.run(program, CAT) for program in programs]
            made += agent.batch((CAT, "", program) for program in programs)
            made += agent.batch([(b"no picture", "", programs[0])])
            told.append([(answer.status, answer.text, answer.reason) for answer in made])
    assert told[0] == told[1]
    assert [status for status, _, _ in told[0]] == [
        *(["answered", "abstained", "failed", "failed"] * 2),
        "failed",
    ]


class Mender:
    """A planner that gives one program after another, and keeps what it was told."""

    name = "mender"
    repairs = True

    def __init__(self, *programs: str) -> None:
        self.programs = programs
        self.told: list[tuple[Attempt, ...]] = []

    def plan(
        self,
        question: str,
        tools: Toolset,
        inputs: Mapping[str, Any],
        attempts: Sequence[Attempt] = (),
    ) -> Plan:
        self.told.append(tuple(attempts))
        text = self.programs[min(len(attempts), len(self.programs) - 1)]
        return Plan(text, Model("mender", "Apache-2.0"), 0.0, usage=Usage(1, 10, 5))


GOOD = 'return tally(spot(image, "cat"))'
BAD = "return tally(spott(image))"
BROKEN = 'x = spot(image, "cat")\nreturn broken(tally(x))'


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize(
    ("programs", "status", "kinds"),
    [
        ([GOOD], "answered", []),
        ([BAD, GOOD], "answered", ["static"]),
        ([BAD, BAD, GOOD], "answered", ["static", "static"]),
        ([BAD, BAD, BAD, GOOD], "failed", ["static", "static"]),
        ([BROKEN, GOOD], "answered", ["runtime"]),
        ([BROKEN, BAD, GOOD], "answered", ["runtime", "static"]),
        ([BROKEN, BROKEN, GOOD], "failed", ["runtime"]),
    ],
)
def test_a_planner_mends_its_programs_a_bounded_number_of_times(
    programs: list[str], status: str, kinds: list[str], batch: bool
) -> None:
    planner = Mender(*programs)
    agent = Agent(planner, Catalogue.of(fake_tools).toolset("fake"))
    if batch:
        (answer,) = agent.batch([(SMALL, "how many?")])
    else:
        answer = agent.ask(SMALL, "how many?")
    trace = answer.trace
    assert answer.status == status
    assert [attempt.kind for attempt in trace.attempts] == kinds
    assert [attempt.program for attempt in trace.attempts] == programs[: len(kinds)]
    assert planner.told == [trace.attempts[:n] for n in range(len(kinds) + 1)]
    assert trace.usage == Usage(len(kinds) + 1, 10 * (len(kinds) + 1), 5 * (len(kinds) + 1))
    assert all("did you mean" in a.fault for a in trace.attempts if a.kind == "static")
    assert [step.tool for step in trace.earlier] == (
        ["spot", "tally", "broken"] if "runtime" in kinds else []
    )
    told = trace.to_json()
    assert told["usage"]["calls"] == len(kinds) + 1
    assert [attempt["kind"] for attempt in told["attempts"]] == kinds
    assert (told["planner_model"], told["planner_licence"]) == ("mender", "Apache-2.0")


def test_programs_that_were_not_accepted_are_events() -> None:
    agent = Agent(Mender(BROKEN, BAD, GOOD), Catalogue.of(fake_tools).toolset("fake"))
    events = list(agent.stream(SMALL, "how many?"))
    assert [type(event).__name__ for event in events if not isinstance(event, Stepped)] == [
        "Planning",
        "Planned",
        "Rejected",
        "Rejected",
        "Planned",
        "Answered",
    ]


def test_a_program_by_hand_is_not_planned_again() -> None:
    agent = Agent(Mender(GOOD), Catalogue.of(fake_tools).toolset("fake"))
    (batched,) = agent.batch([(SMALL, "how many?", BROKEN)])
    for answer in (agent.run(BROKEN, SMALL), batched):
        assert answer.status == "failed"
        assert answer.trace.attempts == ()


class Several(Mender):
    """A planner whose samples are its programs in turn."""

    def sample(self, index: int) -> Mender:
        return Mender(self.programs[index % len(self.programs)])


@pytest.mark.parametrize(
    ("programs", "status", "text", "confidence", "counts"),
    [
        (["return 1", "return 2", "return 1"], "answered", "1", 2 / 3, [2, 1]),
        (["return 1", "return 2 - 1", "return 3"], "answered", "1", 2 / 3, [1, 1, 1]),
        (["return 1", "return 2", "return 3"], "answered", "1", 1 / 3, [1, 1, 1]),
        (["return 1 // 0", "return nothing", "return 3"], "answered", "3", 1 / 3, [1, 1, 1]),
        (["return 1 // 0", "return 1 // 0", "return 1 // 0"], "failed", "", 0, [3]),
        (['return spot(image, "unicorn")'], "abstained", "", 0, [3]),
    ],
)
def test_of_several_programs_the_answer_of_most_counts(
    programs: list[str], status: str, text: str, confidence: float, counts: list[int]
) -> None:
    agent = Agent(Several(*programs), Catalogue.of(fake_tools).toolset("fake"), samples=3)
    asked = agent.ask(SMALL, "how many?")
    (batched,) = agent.batch([(SMALL, "how many?")])
    for answer in (asked, batched):
        assert (answer.status, answer.text) == (status, text)
        assert answer.trace.confidence == pytest.approx(confidence)
        assert sorted((vote.count for vote in answer.trace.votes), reverse=True) == counts
        assert answer.trace.usage.calls >= 3
        assert json.dumps(answer.trace.to_json())


def test_a_planner_without_samples_says_so() -> None:
    agent = Agent(Mender(GOOD), Catalogue.of(fake_tools).toolset("fake"), samples=3)
    answer = agent.ask(SMALL, "how many?")
    assert answer.status == "failed"
    assert answer.reason == "the planner mender writes one program a question"
