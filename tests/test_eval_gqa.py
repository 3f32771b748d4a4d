"""`visprog eval gqa`: reading questions, scoring answers, and what the reports say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

import visprog_tools
from visprog.agent import Agent
from visprog.errors import PlanError, SettingsError
from visprog.eval.gqa import Outcome, agent_solver, evaluate, reference_program
from visprog.eval.questions import Question, load_questions
from visprog.eval.scoring import iou, normal, score
from visprog.tool import Catalogue
from visprog.values import Image, Region

PICTURE = Image(np.zeros((20, 20, 3), np.uint8), "1")


def question(answer: str, **more: Any) -> dict[str, Any]:
    semantic = [
        {"operation": "select", "argument": "dog (1)", "dependencies": []},
        {"operation": "exist", "argument": "?", "dependencies": [0]},
    ]
    return {
        "imageId": "1",
        "question": "Is there a dog?",
        "answer": answer,
        "isBalanced": True,
        "types": {"detailed": "exist"},
        "semantic": semantic,
        **more,
    }


QUESTIONS = {
    "right": question("yes"),
    "wrong": question("no"),
    "abstains": question("yes", types={"detailed": "existC"}),
    "fails": question("yes"),
    "area": question("24.5", answerType="float", isBalanced=False),
    "box": question("box", answerType="box", answerBox=[0, 0, 10, 10], isBalanced=False),
    "nowhere": question("yes", imageId="2"),
}


def solve(asked: Iterable[Question]) -> Iterator[Outcome]:
    return map(outcome_of, asked)


def outcome_of(asked: Question) -> Outcome:
    answers = {
        "right": Outcome("answered", "Yes.", True),
        "wrong": Outcome("answered", "yes", True),
        "abstains": Outcome("abstained", reason="too dark"),
        "area": Outcome("answered", "26.1", 26.1),
        "box": Outcome("answered", "dog", Region(PICTURE, (0, 0, 10, 8), "dog")),
    }
    return answers.get(asked.id, Outcome("failed", reason="PlanError: no program"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "questions.json").write_text(json.dumps(QUESTIONS))
    (tmp_path / "1.jpg").touch()
    return tmp_path


def test_a_run_counts_every_question(folder: Path) -> None:
    report = evaluate(
        folder / "questions.json", folder, folder / "out", "scripted:x", "embedded", solve=solve
    )
    assert report == json.loads((folder / "out" / "report.json").read_text())
    assert report["n"] == 7
    assert report["metrics"] == {
        "accuracy": pytest.approx(3 / 7, abs=1e-4),
        "accuracy_balanced": 0.2,
        "mean_iou": 0.8,
    }
    assert report["status"]["answered"]["n"] == 7
    assert report["status"]["abstained"]["rate"] == pytest.approx(1 / 7, abs=1e-4)
    assert report["status"]["failed"]["rate"] == pytest.approx(2 / 7, abs=1e-4)
    assert report["types"]["existC"] == {"n": 1, "rate": 0.0}
    assert "PlanError: no program" in report["reasons"]
    lines = (folder / "out" / "results.jsonl").read_text().splitlines()
    results = {line["id"]: line for line in map(json.loads, lines)}
    assert results["right"]["correct"]
    assert results["box"]["iou"] == pytest.approx(0.8)
    assert "| exist | 6 | 0.500 |" in (folder / "out" / "report.md").read_text()


def test_questions_answered_directly_are_counted_apart(folder: Path) -> None:
    def routing(asked: Iterable[Question]) -> Iterator[Outcome]:
        for question in asked:
            direct = question.id in ("right", "wrong", "area")
            yield replace(outcome_of(question), mode="direct" if direct else "stepwise")

    report = evaluate(folder / "questions.json", folder, folder / "out", "x", "y", solve=routing)
    assert report["routed"] == {"n": 3, "correct": 2, "accuracy": 0.6667}
    assert report["through_tools"] == {"n": 4, "correct": 1, "accuracy": 0.25}
    assert report["metrics"]["accuracy"] == pytest.approx(3 / 7, abs=1e-4)
    told = (folder / "out" / "report.md").read_text()
    assert "| by the model directly | 3 | 2 | 0.667 |\n| through tools | 4 | 1 | 0.250 |" in told
    lines = (folder / "out" / "results.jsonl").read_text().splitlines()
    modes = {line["id"]: line["mode"] for line in map(json.loads, lines)}
    assert (modes["right"], modes["fails"]) == ("direct", "stepwise")


def test_where_nothing_is_routed_there_is_no_rate_of_it(folder: Path) -> None:
    report = evaluate(folder / "questions.json", folder, folder / "out", "x", "y", solve=solve)
    assert report["routed"] == {"n": 0, "correct": 0, "accuracy": None}
    assert report["through_tools"] == {"n": 7, "correct": 3, "accuracy": 0.4286}
    assert "directly | 0 | 0 | none |" in (folder / "out" / "report.md").read_text()


def test_the_reference_leaves_nothing_to_route(folder: Path) -> None:
    with pytest.raises(SettingsError, match="nothing to route: name a planner"):
        evaluate(
            folder / "questions.json", folder, folder / "o", "reference", "embedded", route=True
        )


def test_what_was_done_before_it_was_stopped_is_kept(folder: Path) -> None:
    def interrupted(asked: Iterable[Question]) -> Iterator[Outcome]:
        for question in asked:
            if question.id == "fails":
                raise KeyboardInterrupt
            yield outcome_of(question)

    with pytest.raises(KeyboardInterrupt):
        evaluate(folder / "questions.json", folder, folder / "out", "x", "y", solve=interrupted)
    report = json.loads((folder / "out" / "report.json").read_text())
    assert (report["n"], report["stopped"]) == (3, "after 3 of 7 questions")
    assert "Stopped after 3 of 7 questions." in (folder / "out" / "report.md").read_text()
    assert len((folder / "out" / "results.jsonl").read_text().splitlines()) == 3


def test_choices_give_validity(folder: Path) -> None:
    listed = {"right": {"valid": ["yes", "no"], "plausible": ["no"]}}
    (folder / "choices.json").write_text(json.dumps(listed))
    report = evaluate(
        folder / "questions.json",
        folder,
        folder / "out",
        "scripted:x",
        "embedded",
        choices=folder / "choices.json",
        limit=1,
        solve=solve,
    )
    assert report["metrics"]["valid"] == 1.0
    assert report["metrics"]["plausible"] == 0.0


def test_questions_come_in_a_folder_of_chunks_and_in_lines(tmp_path: Path) -> None:
    first, second = dict([*QUESTIONS.items()][:2]), dict([*QUESTIONS.items()][2:])
    (tmp_path / "all_0.json").write_text(json.dumps(first))
    (tmp_path / "all_1.json").write_text(json.dumps(second))
    assert [q.id for q in load_questions(tmp_path)] == list(QUESTIONS)
    assert [q.id for q in load_questions(tmp_path, 3)] == list(QUESTIONS)[:3]
    rows = [json.dumps({"questionId": name, **raw}) for name, raw in QUESTIONS.items()]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows) + "\n")
    assert [q.id for q in load_questions(tmp_path / "rows.jsonl")] == list(QUESTIONS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("{}", "no questions in"),
        ("3", "want an object or a list"),
        ('{"a": {}}', "a is not in GQA's form: KeyError: 'imageId'"),
        (json.dumps({"a": question("x", answerType="mood")}), "answerType 'mood'"),
        (json.dumps({"a": question("box", answerType="box")}), "want answerBox"),
    ],
)
def test_files_that_hold_no_questions(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "q.json").write_text(content)
    with pytest.raises(SettingsError, match=message):
        load_questions(tmp_path / "q.json")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_questions(tmp_path / "q.json")


def test_the_reference_is_the_questions_own_program() -> None:
    asked = Question("a", "1", "Is there a dog?", "yes", program=tuple(question("")["semantic"]))
    assert reference_program(asked) == 'return exists(detect(image, "dog"))\n'
    with pytest.raises(PlanError, match="at least one step"):
        reference_program(Question("a", "1", "Is there a dog?", "yes"))


def test_the_reference_under_the_oracle(folder: Path) -> None:
    thing = {"name": "puppy", "x": 1, "y": 1, "w": 5, "h": 5}
    graphs = folder / "graphs.json"
    graphs.write_text(json.dumps({"1": {"width": 20, "height": 20, "objects": {"7": thing}}}))
    PillowImage.new("RGB", (20, 20)).save(folder / "1.png")
    (folder / "1.jpg").unlink()
    tools = Catalogue.of(visprog_tools).toolset("oracle", {"scene_graphs": str(graphs)})
    asked = Question("a", "1", "", "yes", program=tuple(question("")["semantic"]))
    colour = [asked.program[0], {"operation": "query", "argument": "color", "dependencies": [0]}]
    (folder / "3.jpg").write_text("no picture")
    questions = [
        replace(asked, image="9"),
        asked,
        replace(asked, program=()),
        replace(asked, program=tuple(colour)),
        replace(asked, image="3"),
        replace(asked, image="9"),
    ]
    made = list(agent_solver(Agent(tools=tools), folder, reference_program)(questions))
    missing, outcome, planless, unsure, nowhere, last = made
    assert "no picture 9.jpg" in missing.reason and missing.status == "failed"
    assert last == missing
    assert (outcome.status, outcome.text, outcome.value) == ("answered", "yes", True)
    assert "PlanError" in planless.reason and planless.status == "failed"
    assert unsure.status == "abstained"
    assert "does not say the color of the puppy" in unsure.reason
    assert nowhere.status == "failed"
    assert nowhere.program == 'return exists(detect(image, "dog"))\n'


@pytest.mark.parametrize(
    ("kind", "truth", "text", "value", "correct"),
    [
        ("str", "yes", "True", True, True),
        ("str", "dark blue", " Dark  Blue. ", "dark blue", True),
        ("str", "yes", "", None, False),
        ("int", "2", "2", 2, True),
        ("int", "2", "3", 3, False),
        ("float", "24.5", "26.4 %", 26.4, True),
        ("float", "24.5", "26.6", 26.6, False),
        ("float", "24.5", "about 24", "about 24", False),
        ("float", "24.5", "24.5%", "24.5%", True),
        ("float", "1", "yes", True, False),
    ],
)
def test_score(kind: str, truth: str, text: str, value: object, correct: bool) -> None:
    assert score(kind, truth, None, text, value).correct is correct


def test_a_box_is_right_from_half_its_union() -> None:
    region = Region(PICTURE, (0, 0, 10, 4.9), "dog")
    assert not score("box", "box", (0, 0, 10, 10), "dog", region).correct
    assert score("box", "box", (0, 0, 10, 10), "dog", None).iou == 0.0
    assert iou((0, 0, 1, 1), (0, 0, 1, 1)) == 1.0
    assert iou((0, 0, 0, 0), (0, 0, 1, 1)) == 0.0


def test_normal() -> None:
    assert normal(" Yes.\n") == "yes"
    assert normal("False") == "no"
