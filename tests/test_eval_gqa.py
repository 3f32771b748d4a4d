"""`visprog eval gqa` as a user runs it: its files, its figures, its messages, and being stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage

from visprog.cli import main
from visprog.errors import (
    BudgetError,
    DeadlineError,
    ImageError,
    IsolationError,
    ParseError,
    PlanError,
    SilenceError,
    StepLimit,
    ToolError,
    ToolTimeout,
    VideoError,
)
from visprog.eval.results import read_results

ROOT = Path(__file__).resolve().parents[1]
SELECT = {"operation": "select", "argument": "dog (7)", "dependencies": []}
EXIST = {"operation": "exist", "argument": "?", "dependencies": [0]}
COLOUR = {"operation": "query", "argument": "color", "dependencies": [0]}
NAMED = {"operation": "query", "argument": "name", "dependencies": [0]}


def question(text: str, answer: str, *steps: Any, **more: Any) -> dict[str, Any]:
    structural = "verify" if EXIST in steps else "query"
    types = {"structural": structural, "semantic": "attr", "detailed": "color"}
    return {
        "imageId": "1",
        "question": text,
        "answer": answer,
        "fullAnswer": f"{answer}.",
        "isBalanced": True,
        "types": types,
        "groups": {"global": "color" if structural == "query" else None, "local": "10q-dog"},
        "entailed": [],
        "semantic": list(steps),
        "semanticStr": "",
        "annotations": {},
        **more,
    }


QUESTIONS = {
    "01": question("Is there a dog?", "yes", SELECT, EXIST),
    "02": question("What color is the dog?", "black", SELECT, COLOUR, entailed=["01"]),
    "03": question("What color is it?", "white", SELECT, COLOUR, isBalanced=False),
    "04": question("Is there a dog or not?", "no", SELECT, EXIST),
}
CHOICES = {name: {"valid": ["yes", "no", "black"], "plausible": ["yes"]} for name in QUESTIONS}
GRAPH = {
    "width": 20,
    "height": 20,
    "objects": {
        "7": {"name": "dog", "x": 1, "y": 1, "w": 5, "h": 5, "attributes": ["black"]},
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a small dataset in GQA's own files."""
    for name in ("VISPROG_PLANNER", "VISPROG_TOOLS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VISPROG_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    others = {"another": CHOICES["01"]}
    contents = {
        "questions": QUESTIONS,
        "choices": CHOICES,
        "others": others,
        "graphs": {"1": GRAPH},
    }
    for name, content in contents.items():
        Path(f"{name}.json").write_text(json.dumps(content))
    Path("images").mkdir()
    PillowImage.new("RGB", (20, 20)).save("images/1.jpg")
    return tmp_path


GIVEN = (
    "--questions questions.json --images images --scene-graphs graphs.json --choices choices.json"
)


def evaluated(*more: str, task: str = "gqa", given: str = GIVEN) -> int:
    return main(["eval", task, *given.split(), "--out", "out", *more])


def report() -> dict[str, Any]:
    made = json.loads(Path("out/report.json").read_text())
    assert isinstance(made, dict)
    return made


ORACLE = ("--planner", "reference", "--tools", "oracle")


def test_the_official_figures_of_gqa(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluated(*ORACLE) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == report()["metrics"]
    made = report()
    assert (made["n"], made["n_balanced"], made["split"]) == (4, 3, "")
    assert made["metrics"]["accuracy"] == pytest.approx(2 / 3)
    assert made["metrics"]["accuracy_all"] == pytest.approx(2 / 4)
    assert made["metrics"]["binary"] == 0.5 and made["metrics"]["open"] == 1.0
    assert made["metrics"]["validity"] == 1.0
    assert made["metrics"]["plausibility"] == pytest.approx(2 / 3)
    assert made["metrics"]["consistency"] == 1.0 and made["metrics"]["distribution"] == 0.0
    assert json.loads(Path("out/predictions.json").read_text()) == [
        {"questionId": "01", "prediction": "yes"},
        {"questionId": "02", "prediction": "black"},
        {"questionId": "03", "prediction": "black"},
        {"questionId": "04", "prediction": "yes"},
    ]
    assert "program" in err and "66.7%  4 answered, 0 abstained, 0 failed" in err
    assert "not measured" in err and "report: out/report.html" in err


def test_what_a_run_says_of_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["visprog", "eval", "gqa", "--out", "my out"])
    assert evaluated(*ORACLE, "--seed", "3", "--split-name", "testdev") == 0
    told = json.loads(Path("out/run.json").read_text())
    assert told["command"] == "visprog eval gqa --out 'my out'"
    assert told["versions"].keys() >= {"python", "visprog", "numpy", "pillow"}
    assert (told["seed"], told["split"], told["planner"]) == (3, "testdev", "reference")
    assert told["models"]["detect"]["id"] == "scene graph"
    assert told["models"]["detect"].keys() == {"id", "revision", "licence"}
    assert told["digests"].keys() == {"questions", "choices", "scene_graphs"}
    assert told["questions"] == "questions.json" and told["run_seconds"] >= 0


def test_each_question_is_accounted_for(folder: Path) -> None:
    assert evaluated(*ORACLE) == 0
    first = json.loads(Path("out/results.jsonl").read_text().splitlines()[0])
    assert first.keys() == {
        *("id", "images", "question", "kind", "structural", "semantic", "detailed", "steps"),
        *("words", "balanced", "truth", "answer", "status", "reason", "failure", "correct"),
        *("score", "iou", "valid", "plausible", "seconds", "plan_seconds", "calls", "cached"),
        *("tokens", "cost", "repaired", "mode", "program", "tools", "value"),
    }
    assert (first["id"], first["images"], first["truth"]) == ("01", ["1"], "yes")
    assert (first["status"], first["failure"], first["correct"]) == ("answered", "", True)
    assert (first["calls"], first["mode"], first["value"]) == (2, "whole", "yes")
    assert first["program"] == 'return exists(detect(image, "dog"))\n'


PLANS = {
    "Is there a dog?": "return exists(detect(image, 'dog'))",
    "What color is the dog?": "return exists(",
    "What color is it?": "return detect(3)",
    "Is there a dog or not?": "return [1, 2][count(detect(image, 'dog')) + 7] == 0",
}


def test_failures_are_told_by_their_kind(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("plans.json").write_text(json.dumps(PLANS))
    planner = ("--planner", "scripted:plans.json", "--tools", "oracle", "--columns", "program")
    assert evaluated(*planner) == 0
    kinds = [result.failure for result in read_results(Path("out/results.jsonl"))]
    assert kinds == ["", "parse", "type", "runtime"]
    assert [result.correct for result in read_results(Path("out/results.jsonl"))] == [
        *(True, False, False, False)
    ]
    assert report()["failures"]["parse"]["rate"] == 0.25
    assert "1 answered, 0 abstained, 3 failed (parse 1, runtime 1, type 1)" in (
        capsys.readouterr().err
    )


def test_a_program_without_end_is_a_timeout(folder: Path) -> None:
    from visprog.eval.results import Outcome

    kinds = {
        "timeout": (DeadlineError, ToolTimeout, SilenceError),
        "runtime": (StepLimit, ToolError, IsolationError),
        "plan": (PlanError, BudgetError),
        "picture": (ImageError, VideoError),
        "parse": (ParseError,),
    }
    for kind, errors in kinds.items():
        for error in errors:
            assert Outcome("failed", error=error.__name__).failure == kind
    assert Outcome("abstained").failure == "abstained" and Outcome("answered").failure == ""


def test_a_missing_picture_fails_its_question(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = {**QUESTIONS, "05": question("Is there a dog?", "yes", SELECT, EXIST, imageId="5")}
    Path("questions.json").write_text(json.dumps(questions))
    assert evaluated(*ORACLE, "--columns", "program") == 0
    assert read_results(Path("out/results.jsonl"))[4].failure == "picture"
    assert "4 answered, 0 abstained, 1 failed (picture 1)" in capsys.readouterr().err


# -- protocols of other works


def drawn(*more: str) -> list[str]:
    """The ids that `run.json` says were drawn."""
    assert evaluated(*ORACLE, "--protocol", "visprog", "--overwrite", *more) == 0
    told = json.loads(Path("out/run.json").read_text())
    assert isinstance(told["drawn"], list)
    return told["drawn"]


def test_the_ids_that_were_drawn_are_told(folder: Path) -> None:
    types = ("relS", "relO", "exist")
    more = {
        f"{kind}{n}": question(f"Is there a dog? {kind} {n}", "yes", SELECT, EXIST, types=named)
        for kind in types
        for n in range(9)
        for named in [{"structural": "verify", "semantic": "rel", "detailed": kind}]
    }
    more["relS0"]["isBalanced"] = False
    Path("questions.json").write_text(json.dumps(more))
    Path("choices.json").write_text(json.dumps({name: CHOICES["01"] for name in more}))
    made = drawn("--per-type", "4", "--seed", "5")
    assert [sum(name.startswith(kind) for name in made) for kind in types] == [4, 4, 4]
    assert "relS0" not in made and made == sorted(made, key=list(more).index)
    assert [result.id for result in read_results(Path("out/results.jsonl"))] == made
    assert "official" not in report() and report()["n"] == 12
    assert "Drawn by the protocol visprog, at most 4" in Path("out/report.md").read_text()
    assert drawn("--per-type", "4", "--seed", "5") == made
    assert drawn("--per-type", "4", "--seed", "6") != made
    assert drawn("--per-type", "4", "--seed", "5", "--limit", "5") == made  # of which 5 are asked
    assert report()["n"] == 5


def test_a_whole_set_has_its_official_figures_and_no_draw(folder: Path) -> None:
    assert evaluated(*ORACLE, "--protocol", "vipergpt") == 0
    assert report()["official"]["accuracy"] == pytest.approx(200 / 3)
    assert "drawn" not in json.loads(Path("out/run.json").read_text())
    assert "Compared by the protocol vipergpt." in Path("out/report.md").read_text()


def test_tasks_of_others_have_no_official_figures(folder: Path) -> None:
    row = {"question": "Is there a dog?", "image": "1.jpg", "answer": "yes", "type": "query"}
    Path("mine.jsonl").write_text(json.dumps(row))
    Path("plans.json").write_text(json.dumps(PLANS))
    given = "--questions mine.jsonl --images images --scene-graphs graphs.json --tools oracle"
    assert evaluated("--planner", "scripted:plans.json", task="custom", given=given) == 0
    assert "official" not in report()
    assert all("official" not in one for one in report()["columns"].values())
    assert report()["metrics"].keys() == {"accuracy", "accuracy_all", "accuracy_balanced"}
    assert report()["columns"]["guess"]["metrics"]["accuracy"] == 1.0


# -- the files of a split


def test_a_split_of_several_in_a_folder(folder: Path) -> None:
    Path("data/testdev_images").mkdir(parents=True)
    Path("images/1.jpg").rename("data/testdev_images/1.jpg")
    Path("questions.json").rename("data/testdev_questions.json")
    given = "--questions data --images data --scene-graphs graphs.json"
    assert evaluated(*ORACLE, "--split-name", "testdev", given=given) == 0
    assert report()["n"] == 4 and report()["split"] == "testdev"


def test_a_split_of_chunks(folder: Path) -> None:
    chunks = Path("data/train_questions")
    chunks.mkdir(parents=True)
    for place, (name, one) in enumerate(QUESTIONS.items()):
        (chunks / f"train_all_questions_{place}.json").write_text(json.dumps({name: one}))
    given = "--questions data --images images --scene-graphs graphs.json"
    assert evaluated(*ORACLE, "--split-name", "train", given=given) == 0
    assert [result.id for result in read_results(Path("out/results.jsonl"))] == list(QUESTIONS)


@pytest.mark.parametrize("name", ["val", "../data", ".", "a/b"])
def test_a_split_that_is_not_there(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    Path("data").mkdir()
    given = "--questions data --images images"
    assert evaluated(*ORACLE, "--split-name", name, given=given) == 2
    assert "split" in capsys.readouterr().err


# -- wrong use


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("--questions none.json --images images", "none.json: No such file"),
        ("--questions questions.json --images none", "no folder of pictures none"),
        (f"{GIVEN} --planner nobody", "no planner 'nobody'"),
        (f"{GIVEN} --tools nothing", "nothing"),
        (f"{GIVEN} --columns mood", "no column 'mood'"),
        (f"{GIVEN} --ablate telepathy", "no tool 'telepathy'"),
        (f"{GIVEN} --scene-graphs none.json", "no scene graphs at none.json"),
        (f"{GIVEN} --choices none.json", "none.json: No such file"),
        (f"{GIVEN} --choices others.json", "they are of none of the questions, such as 01"),
        (f"{GIVEN} --planner reference --mode stepwise", "are whole"),
    ],
)
def test_wrong_use_is_told_before_anything_is_asked(
    folder: Path, capsys: pytest.CaptureFixture[str], given: str, message: str
) -> None:
    assert evaluated(given=given) == 2
    assert message in capsys.readouterr().err
    assert not Path("out").exists()


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_shard_is_one_of_several(folder: Path, shard: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        evaluated(*ORACLE, f"--shard={shard}")
    assert stopped.value.code == 2


def test_shards_by_the_command_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place in (1, 2):
        given = [*GIVEN.split(), *ORACLE, "--out", f"s{place}", "--shard", f"{place}/2"]
        assert main(["eval", "gqa", *given]) == 0
    assert [result.id for result in read_results(Path("s2/results.jsonl"))] == ["02", "04"]
    assert evaluated(*ORACLE, "--merge", "s1", "s2") == 0
    assert [result.id for result in read_results(Path("out/results.jsonl"))] == list(QUESTIONS)
    assert report()["metrics"]["accuracy"] == pytest.approx(2 / 3)
    capsys.readouterr()
    assert evaluated(*ORACLE, "--merge", "s1", "s2") == 2
    assert "out has results; choose another --out, or --overwrite" in capsys.readouterr().err
    assert evaluated(*ORACLE, "--merge", "s1", "s2", "--overwrite") == 0


# -- gone on with


def refused(capsys: pytest.CaptureFixture[str], *more: str) -> str:
    capsys.readouterr()
    assert evaluated(*more) == 2
    return capsys.readouterr().err


def test_other_settings_are_refused_in_a_folder_with_results(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("plans.json").write_text(json.dumps(PLANS))
    plans = ("--planner", "scripted:plans.json", "--tools", "oracle", "--columns", "program")
    assert evaluated(*plans) == 0
    assert "its tools is 'oracle', this one's 'embedded'" in refused(capsys, *plans[:2])
    assert "its planner is" in refused(capsys, *ORACLE)
    assert "its limit is None, this one's 2" in refused(capsys, *plans, "--limit", "2")
    assert "its settings.samples is 1, this one's 2" in refused(capsys, *plans, "--samples", "2")
    told = refused(capsys, *plans, "--temperature", "0.5")
    assert "its settings.chat is" in told and "--overwrite" in told
    Path("plans.json").write_text(json.dumps({**PLANS, "Is it?": "return 1"}))
    assert "its digests.planner is" in refused(capsys, *plans)
    Path("plans.json").write_text(json.dumps(PLANS))
    Path("choices.json").write_text(json.dumps({**CHOICES, "01": {"valid": []}}))
    assert "its digests.choices is" in refused(capsys, *plans)
    assert evaluated(*plans, "--overwrite") == 0


def test_where_files_lie_does_not_matter(folder: Path) -> None:
    assert evaluated(*ORACLE) == 0
    before = Path("out/results.jsonl").read_bytes()
    Path("images").rename("pictures")
    Path("questions.json").rename("q.json")
    given = f"--questions {folder}/q.json --images pictures --scene-graphs {folder}/graphs.json"
    assert evaluated(*ORACLE, given=f"{given} --choices choices.json") == 0
    assert Path("out/results.jsonl").read_bytes() == before


def test_a_run_is_stopped_by_the_keyboard_and_gone_on_with(folder: Path) -> None:
    more = {f"{n}-{name}": one for n in range(400) for name, one in QUESTIONS.items()}
    Path("questions.json").write_text(json.dumps(more))
    given = GIVEN.partition(" --choices")[0]
    words = [sys.executable, "-m", "visprog.cli", "eval", "gqa", *given.split(), *ORACLE]
    words += ["--out", "out", "--columns", "program", "--no-cache"]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tools")])
    results = Path("out/results.jsonl")
    with subprocess.Popen(
        words, env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if results.exists() and results.stat().st_size:
                process.send_signal(signal.SIGINT)
                break
            time.sleep(0.001)
        assert process.stderr is not None
        told = process.stderr.read()
    if process.returncode == 0:
        pytest.skip("it was done before it could be stopped")
    assert process.returncode == 130 and "visprog: stopped" in told and "Traceback" not in told
    done = len(read_results(results))
    assert 0 < done < len(more) and report()["stopped"] == f"after {done} of {len(more)} questions"
    assert evaluated(*ORACLE, "--columns", "program", "--no-cache", given=given) == 0
    assert [result.id for result in read_results(results)] == list(more)
    assert "stopped" not in report() and report()["n"] == len(more)
