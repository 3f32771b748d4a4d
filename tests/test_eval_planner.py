"""`visprog eval planner`: what is counted, and what the reports say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from visprog.cli import main
from visprog.errors import PlanError, SettingsError
from visprog.eval.planner import evaluate
from visprog.eval.references import load_references
from visprog.eval.stats import percentile, share, wilson
from visprog.planning import Plan
from visprog.tool import Model, Toolset

HELDOUT = Path(__file__).parents[1] / "scripts" / "planner" / "heldout.jsonl"


def test_intervals() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 10)[0] == 0.0 and wilson(10, 10)[1] == pytest.approx(1.0)
    assert share([True, True, False]) == {"n": 3, "rate": 0.6667, "low": 0.2077, "high": 0.9385}
    assert percentile([3.0, 1.0, 2.0], 95) == 3.0 and percentile([], 95) == 0.0
    assert percentile(list(range(1, 101)), 95) == 95


def test_any_of_the_right_programs_will_do(tmp_path: Path) -> None:
    """A question may be read in two ways; a program that agrees with either is right."""
    rows = [
        {
            "question": f"Is there a dog {n}?",
            "program": 'return exists(detect(image, "dog"))',
            "also": ['count(detect(image, "dog")) == 1', 'exists(detect(image, "cat"))'],
        }
        for n in range(3)
    ]
    asked = tmp_path / "asked.jsonl"
    asked.write_text("".join(json.dumps(row) + "\n" for row in rows))
    written = ('count(detect(image, "dog")) == 1', 'exists(detect(image, "cat"))', "False")
    script = {row["question"]: f"return {text}" for row, text in zip(rows, written, strict=True)}
    (tmp_path / "script.json").write_text(json.dumps(script))
    report = evaluate(asked, f"scripted:{tmp_path / 'script.json'}", "embedded", graphs=20)
    assert (report["same"]["rate"], report["equivalent"]["rate"]) == (0.6667, 0.6667)
    rows[0]["also"] = ["nonsense("]
    asked.write_text(json.dumps(rows[0]))
    assert evaluate(asked, "reference", "embedded")["no_reference"]["n"] == 1
    asked.write_text(json.dumps({**rows[0], "also": "one"}))
    with pytest.raises(SettingsError, match="want a list of programs"):
        evaluate(asked, "reference", "embedded")


# -- a whole run


GQA = {
    "a": {
        "question": "Is there a dog?",
        "types": {"structural": "verify", "detailed": "exist"},
        "semantic": [
            {"operation": "select", "argument": "dog (1)", "dependencies": []},
            {"operation": "exist", "argument": "?", "dependencies": [0]},
        ],
    },
    "b": {
        "question": "What color is the dog?",
        "types": {"structural": "query", "detailed": "directOf"},
        "semantic": [
            {"operation": "select", "argument": "dog (1)", "dependencies": []},
            {"operation": "query", "argument": "color", "dependencies": [0]},
        ],
    },
    "c": {"question": "Who?", "semantic": [{"operation": "guess", "dependencies": []}]},
    "d": {"question": "Why?"},
}
PROGRAMS = {
    "the same": 'dogs = detect(image, "dog")\nreturn exists(dogs)',
    "agrees": 'return count(detect(image, "dog")) > 0',
    "differs": 'return count(detect(image, "dog")) > 1',
    "no text": "return count(",
    "no types": 'return count("dog")',
}


class Scripted:
    """A planner that has the programs of some questions."""

    name = "scripted"

    def __init__(self, programs: Mapping[str, str]) -> None:
        self.programs = programs

    def plan(self, question: str, tools: Toolset, inputs: Mapping[str, Any]) -> Plan:
        if question not in self.programs:
            raise PlanError("it has no idea")
        return Plan(self.programs[question], Model("script", "none"), 0.0)


def test_every_question_is_counted(tmp_path: Path) -> None:
    rows = [{"question": name, "program": 'exists(detect(image, "dog"))'} for name in PROGRAMS]
    rows += [{"question": "nothing", "program": "return 1"}, {"question": "x", "program": "1 +"}]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, rows)))
    out = tmp_path / "out"
    report = evaluate(tmp_path / "q.jsonl", Scripted(PROGRAMS), "oracle", out)
    assert report == json.loads((out / "report.json").read_text())
    assert report["n"] == 7 and report["planner"] == "scripted"
    rates = {name: report[name]["rate"] for name in ("parse", "check", "same", "equivalent")}
    assert rates == pytest.approx(
        {"parse": 4 / 6, "check": 3 / 6, "same": 1 / 6, "equivalent": 2 / 6}, abs=1e-4
    )
    assert report["parse"]["n"] == 6 and report["parse"]["low"] < 4 / 6 < report["parse"]["high"]
    assert report["verdicts"] == {
        **{"same": 1, "agrees": 1, "differs": 1, "does not parse": 1, "does not check": 1},
        **{"no program": 1, "no reference": 1},
    }
    assert report["no_reference"]["n"] == 1
    assert report["operations"]["exists"]["parse"]["n"] == 5
    assert [miss["question"] for miss in report["misses"]] == [*list(PROGRAMS)[2:], "nothing"]
    found = report["misses"][0]["difference"]
    assert (found["reference"], found["program"]) == ("yes", "no")
    assert len(found["graph"]["image"]["objects"]) == 1  # what does not matter is left out
    assert report["misses"][-1]["reason"] == "PlanError: it has no idea"
    results = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [line["verdict"] for line in results] == list(report["verdicts"])
    told = (out / "report.md").read_text()
    assert "## differs" in told and '# answers: "yes"; written: "no"' in told
    assert "| equivalent | 6 | 0.333 |" in told


def test_a_functional_program_that_cannot_be_translated_is_counted_apart(tmp_path: Path) -> None:
    (tmp_path / "q.json").write_text(json.dumps(GQA))
    report = evaluate(tmp_path / "q.json", "reference", "embedded")
    assert (report["n"], report["equivalent"]["n"], report["equivalent"]["rate"]) == (4, 2, 1.0)
    assert report["no_reference"]["n"] == 2
    assert any("no operation 'guess'" in reason for reason in report["no_reference"]["reasons"])
    assert set(report["operations"]) == {"select", "exist", "query"}
    assert set(report["types"]) == {"structural", "detailed"}
    assert report["types"]["structural"]["verify"]["same"]["n"] == 1


def test_the_reference_is_right_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "planner", "--questions", str(HELDOUT), "--planner", "reference"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:4]] == [
        [name, "100.0"] for name in ("parse", "check", "same", "equivalent")
    ]


def test_what_was_done_before_it_was_stopped_is_kept(tmp_path: Path) -> None:
    class Interrupted(Scripted):
        def plan(self, question: str, tools: Toolset, inputs: Mapping[str, Any]) -> Plan:
            if question.startswith("What"):
                raise KeyboardInterrupt
            return super().plan(question, tools, inputs)

    (tmp_path / "q.json").write_text(json.dumps(GQA))
    planner = Interrupted({"Is there a dog?": PROGRAMS["the same"]})
    with pytest.raises(KeyboardInterrupt):
        evaluate(tmp_path / "q.json", planner, "oracle", tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["n"], report["stopped"]) == (1, "after 1 of 4 questions")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("q.json", "{", "not JSON"),
        ("q.json", "3", "want an object or a list"),
        ("q.json", "{}", "no questions in"),
        ("q.jsonl", '{"program": "1"}', "1 has no question"),
        ("q.json", '[{"questionId": "7"}]', "7 has no question"),
    ],
)
def test_files_that_hold_no_questions(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(SettingsError, match=message):
        load_references(tmp_path / name)


def test_questions_come_in_chunks_too(tmp_path: Path) -> None:
    (tmp_path / "0.json").write_text(json.dumps(GQA))
    (tmp_path / "1.jsonl").write_text('{"question": "e", "program": "1"}\n')
    assert [made.id for made in load_references(tmp_path)] == ["a", "b", "c", "d", "1"]
    assert [made.program for made in load_references(tmp_path)][-1] == "return 1\n"
    assert [made.id for made in load_references(tmp_path, 2)] == ["a", "b"]


def test_settings_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        evaluate(tmp_path / "q.json", "reference", "oracle")
    with pytest.raises(SettingsError, match="no planner 'nobody'"):
        evaluate(HELDOUT, "nobody", "oracle")
    with pytest.raises(SettingsError, match="2 graphs or more"):
        evaluate(HELDOUT, "reference", "oracle", graphs=1)
