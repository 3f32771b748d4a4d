"""The requests of the seven tasks: each reference program fits the words that it is written in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.rooms import PICTURE, tools_of
from visprog.acting import plan_actions, read_skills
from visprog.agent import Agent
from visprog.eval.references import load_references
from visprog.inputs import VIDEO_KINDS, input_kinds
from visprog.lang.checked import Checker
from visprog.tool import Catalogue, Toolset

FOLDER = Path(__file__).parent / "planner" / "requests"
FAMILIES = ("pairs", "grounding", "knowledge", "editing", "video", "space", "actions")
SKILLS = read_skills(FOLDER / "skills.toml")
EACH = 20
ROOMS = 12


def programs(family: str) -> list[Any]:
    asked = load_references(FOLDER / f"{family}.jsonl")
    return [
        pytest.param(family, one.pictures, program, id=f"{one.id}-{place}")
        for one in asked
        for place, program in enumerate((one.program, *one.also))
    ]


def words(family: str) -> Toolset:
    tools = Catalogue.installed().toolset("embedded")
    acting = [skill.spec for skill in SKILLS.by_name.values()]
    return tools.plus(acting) if family == "actions" else tools


@pytest.mark.parametrize("family", FAMILIES)
def test_each_task_has_its_requests(family: str) -> None:
    lines = (FOLDER / f"{family}.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line) for line in lines]
    assert len({one["question"].lower() for one in asked}) == EACH
    assert [one["id"] for one in asked] == [f"{family}-{n:02}" for n in range(1, EACH + 1)]


@pytest.mark.parametrize(
    ("family", "pictures", "program"), [one for family in FAMILIES for one in programs(family)]
)
def test_a_reference_program_passes_the_check(family: str, pictures: int, program: str) -> None:
    kinds = VIDEO_KINDS if family == "video" else input_kinds(pictures)
    Checker(words(family))(program, kinds)


@pytest.mark.parametrize(("family", "pictures", "program"), programs("actions"))
def test_a_plan_can_be_carried_out(family: str, pictures: int, program: str) -> None:
    made = [
        plan_actions(PICTURE, "x", SKILLS, tools_of(room), lambda t: Agent(None, t), program)
        for room in range(ROOMS)
    ]
    status = [one.status for one in made]  # not always planned: nothing may be near, for one
    assert "failed" not in status and "planned" in status, [one.reason for one in made]
