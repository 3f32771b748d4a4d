"""Plans over a robot's skills: read from words, checked, grounded in a picture, simulated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import visprog_tools
from visprog.acting import plan_actions, read_skills
from visprog.acting.simulator import Action, completed, simulate
from visprog.agent import Agent
from visprog.cli import main
from visprog.errors import SettingsError
from visprog.planning import Plan
from visprog.tool import Backend, Catalogue, Model, Toolset
from visprog.values import Image, Metres, Region, Unknown

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SKILLS = read_skills(EXAMPLES / "skills.toml")
PICTURE = Image(np.zeros((100, 200, 3), np.uint8), "table")
PLACES = {
    "cup": [(0, 0, 20, 20)],
    "tray": [(50, 0, 90, 20)],
    "fork": [(5, 50, 9, 90), (9, 9, 12, 50)],
}


class Seeing(Backend):
    """Sees things where the test put them, and where they are in space."""

    name, serves = "seeing", ("detect", "point")
    model = Model("toy", "Apache-2.0")

    def detect(self, image: Image, name: str) -> list[Region]:
        return [Region(image, box, name) for box in PLACES.get(name, ())]

    def point(self, region: Region) -> list[Metres] | Unknown:
        if region.label == "tray":
            return Unknown("too flat to tell")
        return [Metres(region.left / 100), Metres(0), Metres(1)]


def tools() -> Toolset:
    specs = list(Catalogue.of(visprog_tools).tools.values())
    backend = Seeing({})
    return Toolset(specs, {"detect": backend, "point": backend}, profile="seeing")


class Planner:
    """Writes a program for each question that it knows."""

    def __init__(self, name: str, programs: dict[str, str]) -> None:
        self.name, self.programs = name, programs

    def plan(self, question: str, tools: Any, inputs: Any) -> Plan:
        program = self.programs.get(question, 'return "nothing"')
        return Plan(program, Model("toy", "Apache-2.0"), 0.0)


FOUND = {
    "Find the cup.": 'return largest(detect(image, "cup"))',
    "Find the tray.": 'tray = detect(image, "tray")\nreturn largest(tray)',
    "Select the left fork.": 'return leftmost(detect(image, "fork"))',
    "Find the right fork.": 'return rightmost(detect(image, "fork"))',
    "Find the ghost.": 'return largest(detect(image, "ghost"))',
}


def planned(request: str, program: str | None = None, name: str = "embedded", **known: str) -> Any:
    planner = Planner(name, {**FOUND, **known})
    return plan_actions(
        PICTURE, request, SKILLS, tools(), lambda made: Agent(planner, made), program
    )


def words(made: Any) -> list[str]:
    return [str(action) for action in made.actions]


@pytest.mark.parametrize(
    ("request_", "actions"),
    [
        ("Pick up the cup", ["pick(cup)"]),
        ("Please put the cup on the tray.", ["pick(cup)", "place_on(cup, tray)"]),
        (
            "take the cup, and then put the cup on the tray",
            ["pick(cup)", "place_on(cup, tray)"],
        ),
        (
            "put the cup on the tray; put the left fork next to the cup",
            ["pick(cup)", "place_on(cup, tray)", "pick(fork)", "place_beside(fork, cup)"],
        ),
        ("Could you push the tray away?", ["push(tray)"]),
        (
            "put the left fork beside the right fork",
            ["pick(fork)", "place_beside(fork, fork #2)"],
        ),
    ],
)
def test_a_request_in_the_words_of_the_skills(request_: str, actions: list[str]) -> None:
    made = planned(request_)
    assert (made.status, made.reason) == ("planned", "")
    assert words(made) == actions
    assert simulate(SKILLS, made.actions)[1] == []


def test_a_plan_says_where_things_are_and_what_holds_at_the_end() -> None:
    told = planned("put the cup on the tray").to_json()
    json.dumps(told)
    assert told["things"]["cup"]["box"] == [0, 0, 20, 20]
    assert told["things"]["cup"]["point"] == [0.0, 0.0, 1.0]
    assert told["things"]["tray"]["point"] is None and "too flat" in told["things"]["tray"]["why"]
    assert told["state"] == ["free()", "on(cup, tray)"]
    assert "return [pick(" in told["program"]


@pytest.mark.parametrize(
    ("request_", "status", "reason"),
    [
        ("juggle the cup", "failed", "no skill says 'juggle the cup'"),
        ("", "failed", "nothing to be done"),
        ("pick up the ghost", "abstained", "none was found"),
        ("pick up the moon", "failed", "no program that finds 'the moon'"),
        ("put the cup on the cup", "failed", "no few actions"),
        ("pick up the cup and then push the tray and pick up the tray", "planned", ""),
    ],
)
def test_what_cannot_be_planned_says_why(request_: str, status: str, reason: str) -> None:
    made = planned(request_)
    assert reason in made.reason, made.reason
    assert made.status == status


def test_another_planner_writes_the_program_and_the_simulator_judges_it() -> None:
    cup, tray = 'largest(detect(image, "cup"))', 'largest(detect(image, "tray"))'
    good = f"cup = {cup}\nreturn [pick(cup), place_on(cup, {tray})]"
    made = planned("x", good)
    assert (made.status, words(made)) == ("planned", ["pick(cup)", "place_on(cup, tray)"])
    made = planned("x", f"return [place_on({cup}, {tray})]")
    assert made.status == "refused"
    assert made.faults == ("step 1, place_on(cup, tray): it needs holding(cup)",)
    made = planned("x", f"cup = {cup}\nreturn [pick(cup), pick({tray}), place_on(cup, cup)]")
    assert len(made.faults) == 2 and "two of these are one" in made.faults[1]
    assert planned("x", "return 3").faults[0].startswith("the program calls no skill")
    assert "no tool `throw`" in planned("x", f"return [throw({cup})]").reason
    assert (
        "promises" in planned("x", 'return [pick("cup")]').reason
        or planned("x", 'return [pick("cup")]').status == "failed"
    )


def test_a_chat_model_is_asked_for_the_list_of_actions() -> None:
    asked = "Plan for a robot: return the list of the actions that are to be done, in order, each a"
    asked += " call of one of the words of the family `act`. The request: tidy up"
    known = {asked: 'return [pick(largest(detect(image, "cup")))]'}
    assert words(planned("tidy up", name="openai:x", **known)) == ["pick(cup)"]


# -- the simulator

THINGS = st.sampled_from(["cup", "tray", "fork"])


@given(
    st.lists(st.tuples(st.sampled_from(["pick", "place_on", "push"]), THINGS, THINGS), max_size=3)
)
def test_what_is_completed_can_be_carried_out(drawn: list[tuple[str, str, str]]) -> None:
    wanted = [
        Action(name, things[: len(SKILLS.by_name[name].takes)]) for name, *things_ in drawn
        for things in (tuple(things_),)
    ]  # fmt: skip
    made = completed(SKILLS, wanted)
    if made is not None:
        assert simulate(SKILLS, made)[1] == []
        left = iter(made)
        assert all(action in left for action in wanted)  # in their order


# -- files of skills


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "there are no skills"),
        ("[skills.pick", "not TOML"),
        ("begin = 3\n[skills.a]", "unknown 'begin'"),
        ("[skills.Pick]", "'Pick' cannot be a name"),
        ("[skills.if]", "'if' cannot be a name"),
        ("[skills.a]\ncosts = 3", "unknown 'costs'"),
        ("[skills.a]\ntakes = 'x'", "want a list of texts"),
        ("[skills.a]\ntakes = ['x', 'x']", "have one name"),
        ("[skills.a]\ntakes = ['x']\nneeds = ['free']", "no fact"),
        ("[skills.a]\ntakes = ['x']\nneeds = ['on(x, y)']", "is about 'y'"),
        ("[skills.a]\ntakes = ['x']\nsays = ['take it']", "wants each of"),
        ("start = ['not free()']\n[skills.a]", "say what holds"),
        ("start = ['on(_)']\n[skills.a]", "is about '_'"),
    ],
)
def test_files_that_are_no_skills(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "skills.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"skills\.toml") as caught:
        read_skills(file)
    assert told in str(caught.value)


def test_a_skill_may_not_have_the_name_of_a_tool(tmp_path: Path) -> None:
    file = tmp_path / "skills.toml"
    file.write_text("[skills.detect]\ntakes = ['x']")
    with pytest.raises(SettingsError, match="'detect' has the name of a tool"):
        plan_actions(PICTURE, "x", read_skills(file), tools(), lambda made: Agent(None, made))


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    program = tmp_path / "plan.vp"
    program.write_text('return [pick(largest(detect(image, "bottle")))]')
    run = ["plan-actions", str(EXAMPLES / "wine.jpg"), "x", "--program", str(program)]
    run += ["--skills", str(EXAMPLES / "skills.toml"), "--no-cache"][:2]
    assert main(run) == 0
    told = capsys.readouterr().out
    assert "1. pick(bottle)" in told and "bottle: box (" in told and "planned" in told
    program.write_text('return [place_on(largest(detect(image, "bottle")), '
                       'largest(detect(image, "wine glass")))]')  # fmt: skip
    assert main([*run, "--json"]) == 1
    made = json.loads(capsys.readouterr().out)
    assert made["status"] == "refused" and "holding(bottle)" in made["faults"][0]
