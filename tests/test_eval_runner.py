"""A run of an evaluation: its results and reports, its columns, and going on after a cut."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage

import visprog_tools
from tests.eval_questions import QUESTIONS, outcome_of, question, solve
from visprog.agent import Agent
from visprog.errors import BudgetError, PlanError, SettingsError, VisprogError, WeightsError
from visprog.eval.answering import Answering
from visprog.eval.progress import Progress
from visprog.eval.questions import Question, load_questions
from visprog.eval.results import Outcome, read_results
from visprog.eval.run_folder import held
from visprog.eval.runner import Evaluation, evaluate
from visprog.eval.shards import merge
from visprog.eval.solvers import agent_solver, reference_program, vqa_program
from visprog.tool import Catalogue

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "questions.json").write_text(json.dumps(QUESTIONS))
    (tmp_path / "1.jpg").touch()
    return tmp_path


def wanted(folder: Path, **more: Any) -> Evaluation:
    settings = more.pop("settings", {})
    by = Answering(more.pop("planner", "scripted:x"), "embedded", folder, None, settings)
    asked = load_questions(folder / "questions.json")
    return Evaluation("gqa", asked, by, **{"only": ("guess",), **more})


def run(folder: Path, **more: Any) -> dict[str, Any]:
    options = {name: more.pop(name) for name in ("solve", "overwrite") if name in more}
    return evaluate(wanted(folder, **more), folder / "out", **{"solve": solve, **options})


def lines(path: Path) -> dict[str, Any]:
    return {line["id"]: line for line in map(json.loads, path.read_text().splitlines())}


def test_a_run_counts_every_question(folder: Path) -> None:
    report = run(folder)
    assert report == json.loads((folder / "out" / "report.json").read_text())
    assert (report["n"], report["n_balanced"]) == (7, 5)
    metrics = report["metrics"]
    assert metrics["accuracy"] == 0.2 and metrics["accuracy_all"] == pytest.approx(3 / 7)
    assert metrics["mean_iou"] == pytest.approx(0.8)
    assert metrics["mean_relative_accuracy"] == 0.9
    assert "validity" not in metrics  # there are no choices
    assert report["status"]["abstained"]["rate"] == pytest.approx(1 / 7, abs=1e-4)
    assert report["status"]["failed"]["rate"] == pytest.approx(2 / 7, abs=1e-4)
    assert report["failures"]["plan"]["n"] == 7
    assert report["failures"]["plan"]["rate"] == pytest.approx(2 / 7, abs=1e-4)
    assert report["types"]["existC"]["rate"] == 0.0
    assert "PlanError: no program" in report["reasons"]
    results = lines(folder / "out" / "results.jsonl")
    assert results["right"]["correct"] and results["box"]["iou"] == pytest.approx(0.8)
    assert (results["fails"]["failure"], results["abstains"]["failure"]) == ("plan", "abstained")
    assert "| exist | 6 | 0.500 |" in (folder / "out" / "report.md").read_text()
    predictions = json.loads((folder / "out" / "predictions.json").read_text())
    assert predictions[:3] == [
        {"questionId": "right", "prediction": "yes"},
        {"questionId": "wrong", "prediction": "yes"},
        {"questionId": "abstains", "prediction": ""},
    ]
    told = json.loads((folder / "out" / "run.json").read_text())
    assert told["versions"]["visprog"] and told["command"] and told["models"]["detect"]["licence"]


def test_the_page_stands_alone_and_nothing_in_it_is_markup(folder: Path) -> None:
    def hostile(asked: Iterable[Question]) -> Iterator[Outcome]:
        for one in asked:
            made = outcome_of(one)
            yield replace(
                made, text="<script>alert(1)</script>", reason="<b>why</b>", program="<i>"
            )

    run(folder, solve=hostile)
    page = (folder / "out" / "report.html").read_text()
    assert "<script" not in page and "<b>why" not in page and "<i>" not in page
    assert "http://" not in page and "https://" not in page
    assert "&lt;script&gt;" in page and "<svg" in page


def test_columns_stand_beside_each_other(folder: Path) -> None:
    report = run(folder, only=None)
    assert list(report["columns"]) == ["program", "vqa", "guess"]
    assert set(report["unavailable"]) == {"blind", "oracle", "planned-oracle"}
    guess = report["columns"]["guess"]
    assert guess["n"] == 7 and guess["rate"] == pytest.approx(4 / 7, abs=1e-4)
    assert report["columns"]["vqa"]["status"]["failed"] == 7  # the picture is empty
    (pair,) = [one for one in report["comparisons"] if one["column"] == "guess"]
    assert (pair["only_first"], pair["only_second"]) == (2, 3)
    assert pair["p"] == 1.0 and pair["low"] < pair["difference"] < pair["high"]
    assert report["solved_only_with_tools"] == ["right", "area", "box"]
    assert report["broken_by_tools"] == []
    told = (folder / "out" / "report.md").read_text()
    assert "no scene graphs are given" in told and "writes programs only" in told


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"only": ("mood",)}, "no column 'mood'"),
        ({"only": ("oracle",)}, "no column oracle: no scene graphs"),
        ({"ablate": ("telepathy",)}, "no tool 'telepathy'"),
        ({"limit": 0}, "no questions are left"),
    ],
)
def test_what_cannot_be_measured_is_refused(folder: Path, more: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        run(folder, **more)
    assert not (folder / "out").exists()


def test_the_reference_leaves_nothing_to_route(folder: Path) -> None:
    with pytest.raises(SettingsError, match="nothing to route: name a planner"):
        run(folder, planner="reference", settings={"route": True}, solve=None)


def test_questions_answered_directly_are_counted_apart(folder: Path) -> None:
    def routing(asked: Iterable[Question]) -> Iterator[Outcome]:
        for one in asked:
            direct = one.id in ("right", "wrong", "area")
            yield replace(outcome_of(one), mode="direct" if direct else "stepwise")

    report = run(folder, solve=routing)
    assert report["routed"] == {"n": 3, "correct": 2, "accuracy": 0.6667}
    assert report["through_tools"] == {"n": 4, "correct": 1, "accuracy": 0.25}
    told = (folder / "out" / "report.md").read_text()
    assert "| by the model directly | 3 | 2 | 0.667 |\n| through tools | 4 | 1 | 0.250 |" in told
    modes = {name: line["mode"] for name, line in lines(folder / "out/results.jsonl").items()}
    assert (modes["right"], modes["fails"]) == ("direct", "stepwise")


def test_where_nothing_is_routed_there_is_no_rate_of_it(folder: Path) -> None:
    report = run(folder)
    assert report["routed"] == {"n": 0, "correct": 0, "accuracy": None}
    assert "directly | 0 | 0 | none |" in (folder / "out" / "report.md").read_text()


def test_choices_give_validity(folder: Path) -> None:
    choices = {"right": {"valid": ["yes", "no"], "plausible": ["no"]}}
    report = run(folder, choices=choices, limit=1)
    assert (report["metrics"]["validity"], report["metrics"]["plausibility"]) == (1.0, 0.0)


def test_the_protocol_of_another_work_is_told_apart(folder: Path) -> None:
    report = run(folder, protocol="vipergpt")
    assert report["protocol_metrics"] == {"normalisation": "vipergpt", "accuracy": 0.2}
    assert "by the protocol vipergpt" in (folder / "out" / "report.md").read_text()


# -- cut off, and gone on with


def interrupted(asked: Iterable[Question]) -> Iterator[Outcome]:
    for one in asked:
        if one.id == "fails":
            raise KeyboardInterrupt
        yield outcome_of(one)


def test_what_was_done_before_it_was_stopped_is_kept(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(folder, solve=interrupted)
    report = json.loads((folder / "out" / "report.json").read_text())
    assert (report["n"], report["stopped"]) == (3, "after 3 of 7 questions")
    assert "Stopped after 3 of 7 questions." in (folder / "out" / "report.md").read_text()
    with (folder / "out" / "results.jsonl").open("a") as file:
        file.write('{"id": "fails", "imag')  # the line that was being written
    asked_again: list[str] = []

    def rest(asked: Iterable[Question]) -> Iterator[Outcome]:
        for one in asked:
            asked_again.append(one.id)
            yield outcome_of(one)

    report = run(folder, solve=rest)
    assert asked_again == list(QUESTIONS)[3:]
    assert (report["n"], "stopped" in report) == (7, False)
    assert list(lines(folder / "out" / "results.jsonl")) == list(QUESTIONS)


def test_nothing_is_asked_again_where_all_is_done(folder: Path) -> None:
    first = run(folder)

    def nothing(asked: Iterable[Question]) -> Iterator[Outcome]:
        raise AssertionError

    again = run(folder, solve=nothing)
    changing = ("run_seconds", "seconds", "command")
    assert {k: v for k, v in again.items() if k not in changing} == {
        k: v for k, v in first.items() if k not in changing
    }


def test_a_folder_of_another_evaluation_is_refused(folder: Path) -> None:
    run(folder)
    with pytest.raises(SettingsError, match="its planner is 'scripted:x', this one's 'scripted:y'"):
        run(folder, planner="scripted:y")
    with pytest.raises(SettingsError, match="its limit is None, this one's 3"):
        run(folder, limit=3)
    assert run(folder, limit=3, overwrite=True)["n"] == 3
    results = folder / "out" / "results.jsonl"
    results.write_text(results.read_text().replace('"id": "right"', '"id": "left"'))
    with pytest.raises(SettingsError, match="results of other questions"):
        run(folder, limit=3)
    results.write_text("{}\n")
    with pytest.raises(SettingsError, match="line 1: not a line of results"):
        run(folder, limit=3)


def test_shards_are_put_together(folder: Path) -> None:
    whole = evaluate(wanted(folder), folder / "whole", solve=solve)
    for place in (1, 2, 3):
        what = wanted(folder, shard=(place, 3))
        evaluate(what, folder / f"shard{place}", solve=solve)
    shards = [folder / f"shard{place}" for place in (3, 1, 2)]
    made = merge(shards, wanted(folder), folder / "merged")
    assert made["metrics"] == whole["metrics"] and made["columns"] == whole["columns"]
    for name in ("results.jsonl", "columns/guess.jsonl", "predictions.json"):
        assert (folder / "merged" / name).read_text() == (folder / "whole" / name).read_text()
    with pytest.raises(SettingsError, match="has a result of 'right', which another one has"):
        merge([shards[1], *shards[1:]], wanted(folder), folder / "twice")
    with pytest.raises(SettingsError, match="2 questions lack a result"):
        merge(shards[:2], wanted(folder), folder / "short")
    with pytest.raises(SettingsError, match="of another evaluation: its planner is"):
        merge(shards, wanted(folder, planner="scripted:y"), folder / "other")


def test_columns_that_were_stopped_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(asked: Iterable[Question]) -> Iterator[Outcome]:
        yield Outcome("answered", "yes", "yes")
        raise KeyboardInterrupt

    monkeypatch.setattr("visprog.eval.columns.guess", stops)
    with pytest.raises(KeyboardInterrupt):
        run(folder)
    report = json.loads((folder / "out" / "report.json").read_text())
    assert report["stopped"] == "in the column guess, after 1 of 7 questions"
    assert report["columns"]["program"]["n"] == 7 and report["columns"]["guess"]["n"] == 1


@pytest.mark.parametrize("error", [BudgetError, SettingsError, WeightsError])
def test_what_ends_a_run_is_not_a_wrong_answer(folder: Path, error: type[VisprogError]) -> None:
    def poor(asked: Iterable[Question]) -> Iterator[Outcome]:
        for one in asked:
            if one.id == "fails":
                yield Outcome("failed", reason="used up", error=error.__name__)
            yield outcome_of(one)

    with pytest.raises(error, match="used up"):
        run(folder, solve=poor)
    report = json.loads((folder / "out" / "report.json").read_text())
    assert (report["n"], report["stopped"]) == (3, "after 3 of 7 questions")
    assert run(folder)["n"] == 7  # with more of it


def test_a_tool_without_its_weights_fails_its_own_questions(folder: Path) -> None:
    def poor(asked: Iterable[Question]) -> Iterator[Outcome]:
        for one in asked:
            yield replace(outcome_of(one), status="failed", error="WeightsError", program="x")

    assert run(folder, solve=poor)["failures"]["setting"]["rate"] == 1.0


def test_two_processes_do_not_write_into_one_folder(folder: Path) -> None:
    with held(folder / "out"), pytest.raises(SettingsError, match="another run writes into"):
        run(folder)
    assert run(folder)["n"] == 7


def test_results_of_another_release_are_refused(folder: Path) -> None:
    run(folder)
    path = folder / "out" / "run.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "versions": {"visprog": "0.0.1"}}))
    with pytest.raises(SettingsError, match=r"its visprog is '0\.0\.1'"):
        run(folder)
    path.write_text("{")
    with pytest.raises(SettingsError, match="is damaged"):
        run(folder)
    path.unlink()
    with pytest.raises(SettingsError, match=r"has results, but no run\.json"):
        run(folder)


def test_other_questions_are_refused(folder: Path) -> None:
    run(folder)
    changed = {**QUESTIONS, "right": question("yes", types={"detailed": "other"})}
    (folder / "questions.json").write_text(json.dumps(changed))
    with pytest.raises(SettingsError, match=r"its digests\.questions is"):
        run(folder)


@pytest.mark.parametrize("tail", [b'{"id"', b"\xff\xfe", b"\x00" * 50, '{"é'.encode()[:-1]])
def test_a_torn_last_line_is_dropped(folder: Path, tail: bytes) -> None:
    run(folder)
    path = folder / "out" / "results.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rfind(b"\n", 0, -1) + 1] + tail)
    assert run(folder)["n"] == 7
    assert timeless(path) == timeless(whole)


def timeless(lines: Path | bytes) -> list[Any]:
    rows = lines.read_bytes() if isinstance(lines, Path) else lines
    return [json.loads(row) for row in rows.splitlines()]


def test_what_a_model_says_is_written_whatever_it_is(folder: Path) -> None:
    said = "half \ud800 a\u2028b\x0b\nc \x00 数 </script>"

    def odd(asked: Iterable[Question]) -> Iterator[Outcome]:
        for _ in asked:
            yield Outcome("answered", said, [float("nan"), said], program=said, reason=said)

    assert run(folder, solve=odd)["n"] == 7
    made = read_results(folder / "out" / "results.jsonl")
    assert [result.answer for result in made] == [said] * 7
    assert run(folder, solve=odd)["n"] == 7  # read again


def test_no_password_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from visprog.planning.providers import ChatSettings

    url = "http://user:secret@127.0.0.1:1/v1"
    monkeypatch.setattr("sys.argv", ["/bin/visprog", "eval", "gqa", "--base-url", url])
    run(folder, settings={"chat": ChatSettings(base_url=url)})
    for path in (folder / "out").rglob("*.*"):
        assert "secret" not in path.read_text(), path
    told = json.loads((folder / "out" / "run.json").read_text())
    assert told["command"] == "visprog eval gqa --base-url http://127.0.0.1:1/v1"


def test_the_bar_tells_accuracy_and_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    with Progress("program", 1, 4) as bar:
        for accuracy in (0.5, 2 / 3):
            bar.step(accuracy)
        bar.refresh()
    assert "program" in shown.getvalue() and "3/4" in shown.getvalue()
    assert "accuracy 66.7%" in shown.getvalue() and "a second" in shown.getvalue()


def test_there_is_no_bar_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("program", 0, 4) as bar:
        bar.step(1.0)
    assert capsys.readouterr().err == ""


KILLED = """
import sys, time
from pathlib import Path
from tests.eval_questions import solve
from tests.test_eval_runner import wanted
from visprog.eval.runner import evaluate

def slowly(asked):
    for outcome in solve(asked):
        time.sleep(0.01)
        yield outcome

folder = Path(sys.argv[1])
print("begun", flush=True)
evaluate(wanted(folder), folder / "out", solve=slowly)
"""


def test_a_run_that_is_killed_goes_on_to_the_same_report(folder: Path) -> None:
    names = {f"{name}-{n}": raw for n in range(12) for name, raw in QUESTIONS.items()}
    (folder / "questions.json").write_text(json.dumps(names))
    undisturbed = evaluate(wanted(folder), folder / "whole", solve=solve)
    out = folder / "out" / "results.jsonl"
    for _ in range(3):
        before = out.stat().st_size if out.exists() else 0
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(folder)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        with process, process.stdout:
            process.stdout.readline()
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline and process.poll() is None:
                if out.exists() and out.stat().st_size > before + 4000:
                    break
            process.send_signal(signal.SIGKILL)
    assert 0 < len(read_results(out)) < len(names)
    report = evaluate(wanted(folder), folder / "out", solve=solve)
    changing = ("run_seconds", "seconds", "command")
    assert {k: v for k, v in report.items() if k not in changing} == {
        k: v for k, v in undisturbed.items() if k not in changing
    }
    assert out.read_text() == (folder / "whole" / "results.jsonl").read_text()


# -- what answers


def test_the_reference_is_the_questions_own_program() -> None:
    asked = Question("a", ("1",), "Is there a dog?", "yes", program=tuple(question("")["semantic"]))
    assert reference_program(asked) == 'return exists(detect(image, "dog"))\n'
    with pytest.raises(PlanError, match="at least one step"):
        reference_program(replace(asked, program=()))


def test_a_question_goes_whole_to_the_module_for_questions() -> None:
    asked = Question("a", ("1",), 'Is it a "dog"\\?\n', "yes")
    assert vqa_program(asked) == 'return vqa(image, "Is it a dog ?")\n'
    with pytest.raises(PlanError, match="this question has 2"):
        vqa_program(replace(asked, images=("1", "2")))


def test_the_reference_under_the_oracle(folder: Path) -> None:
    thing = {"name": "puppy", "x": 1, "y": 1, "w": 5, "h": 5}
    graphs = folder / "graphs.json"
    graphs.write_text(json.dumps({"1": {"width": 20, "height": 20, "objects": {"7": thing}}}))
    PillowImage.new("RGB", (20, 20)).save(folder / "1.png")
    (folder / "1.jpg").unlink()
    tools = Catalogue.of(visprog_tools).toolset("oracle", {"scene_graphs": str(graphs)})
    asked = Question("a", ("1",), "", "yes", program=tuple(question("")["semantic"]))
    colour = [asked.program[0], {"operation": "query", "argument": "color", "dependencies": [0]}]
    (folder / "3.jpg").write_text("no picture")
    questions = [
        replace(asked, images=("9",)),
        asked,
        replace(asked, program=()),
        replace(asked, program=tuple(colour)),
        replace(asked, images=("3",)),
        replace(asked, images=("9",)),
    ]
    made = list(agent_solver(Agent(tools=tools), folder, reference_program)(questions))
    missing, outcome, planless, unsure, nowhere, last = made
    assert "no picture 9.jpg" in missing.reason and missing.status == "failed"
    assert last == missing and missing.failure == "picture"
    assert (outcome.status, outcome.text, outcome.value) == ("answered", "yes", True)
    assert outcome.calls == 2 and outcome.failure == ""
    assert "PlanError" in planless.reason and planless.failure == "plan"
    assert (unsure.status, unsure.failure) == ("abstained", "abstained")
    assert "does not say the color of the puppy" in unsure.reason
    assert nowhere.failure == "picture"
    assert nowhere.program == 'return exists(detect(image, "dog"))\n'
