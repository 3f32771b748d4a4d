"""The command line: what it prints, and its exit statuses 0 answered, 3 abstained, 1 failed, 2."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fake_tools import HOSTILE
from visprog.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples"
CAT = str(EXAMPLES / "cat.jpg")

ANSWER_KEYS = {
    *("answer", "status", "reason", "question", "program", "planner", "tools", "steps"),
    *("seconds", "notices"),
}
STEP_KEYS = {"line", "name", "tool", "args", "value", "model", "seconds", "cached"}
THREE_FAULTS = 'x = detec(image, "a")\ny = count(3)\nreturn zz\n'
PROGRAMS = {
    "How many?": 'return tally(spot(image, "cat"))',
    "Where?": 'return spot(image, "unicorn")',
    "How heavy?": 'return weigh(image, "refused")',
    "How far?": 'return far(image, "cat")',
    "What do you note?": 'return tally(spot(image, "note"))',
    "What is hostile?": 'return spot(image, "hostile")',
    "What is broken?": THREE_FAULTS,
    "How many in both?": 'return tally(spot(image, "cat")) + tally(spot(image2, "cat"))',
    "数一数": "return 1",
}


@pytest.fixture(autouse=True)
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake tools as an installed plug-in, a wide terminal, and a folder to work in."""
    info = tmp_path / "site" / "fakes-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fakes\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[visprog.tools]\nfakes = tests.fake_tools\n")
    monkeypatch.syspath_prepend(info.parent)
    monkeypatch.setenv("COLUMNS", "300")
    for name in ("VISPROG_PLANNER", "VISPROG_TOOLS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path("script.json").write_text(json.dumps(PROGRAMS))
    Path("broken.jpg").write_bytes(Path(CAT).read_bytes()[:3000])


class Result:
    """An exit status and what was printed."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err
        assert "Traceback" not in out + err

    @property
    def object(self) -> dict[str, Any]:
        (line,) = self.out.splitlines()
        made: dict[str, Any] = json.loads(line)
        assert made.keys() >= ANSWER_KEYS
        assert all(step.keys() >= STEP_KEYS for step in made["steps"])
        return made


@pytest.fixture
def visprog(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*argv: str) -> Result:
        capsys.readouterr()
        try:
            status = main(argv)
        except SystemExit as stop:  # of argparse
            status = int(stop.code or 0)
        return Result(status, *capsys.readouterr())

    return call


def ask(visprog: Any, *words: str) -> Result:
    made: Result = visprog("ask", *words, "--planner", "scripted:script.json", "--tools", "fake")
    return made


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def shell(*argv: str, **environment: str) -> Result:
    run = subprocess.run(
        [sys.executable, "-m", "visprog.cli", *argv],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
    )
    return Result(run.returncode, run.stdout, run.stderr)


# -- exit statuses

CASES = [
    ("How many?", 0, "answered: 2"),
    ("How far?", 0, "answered: 2.5 metres"),
    ("数一数", 0, "answered: 1"),
    ("Where?", 3, "abstained: there are no unicorns; try: visprog tools"),
    ("How heavy?", 1, "failed: line 1: too heavy"),
    ("What is broken?", 1, "failed: line 1, column 5: no tool `detec`"),
    ("Why?", 1, "failed: script.json has no program for the question 'Why?'"),
]


@pytest.mark.parametrize(("question", "status", "text"), CASES)
def test_ask(visprog: Any, question: str, status: int, text: str) -> None:
    result = ask(visprog, CAT, question)
    assert result.status == status
    assert text in result.out
    assert result.err == ""


@pytest.mark.parametrize(("question", "status", "text"), CASES)
def test_ask_json(visprog: Any, question: str, status: int, text: str) -> None:
    result = ask(visprog, CAT, question, "--json")
    assert result.status == status
    made = result.object
    assert made["status"] == text.split(":")[0]
    assert (made["question"], made["tools"]) == (question, "fake")
    assert made["planner"] == "scripted:script.json"
    assert bool(made["answer"]) is (status == 0)
    assert bool(made["reason"]) is (status != 0)


UNANSWERABLE = [
    pytest.param((CAT, ""), 2, "the question is empty", id="empty question"),
    pytest.param((CAT, " \n "), 2, "the question is empty", id="blank question"),
    pytest.param((CAT, "x" * 20_000), 2, "20000 characters; at most 2000", id="long question"),
    pytest.param(("absent.jpg", "How many?"), 2, "no picture 'absent.jpg'", id="missing picture"),
    pytest.param(("x" * 20_000, CAT), 2, "no picture 'xxx", id="words in the wrong order"),
    pytest.param(("How many?",), 2, "wants a picture and a question", id="no picture"),
    pytest.param(("broken.jpg", "How many?"), 1, "broken.jpg: ", id="broken picture"),
    pytest.param(("script.json", "How many?"), 1, "script.json: ", id="not a picture"),
    pytest.param((".", "How many?"), 1, "broken.jpg", id="a folder"),
    pytest.param(("https://a.example/b.jpg", "How many?"), 1, "got an address", id="an address"),
]


@pytest.mark.parametrize(("words", "status", "message"), UNANSWERABLE)
def test_what_cannot_be_asked(
    visprog: Any, words: tuple[str, ...], status: int, message: str
) -> None:
    result = ask(visprog, *words)
    assert (result.status, result.out) == (status, "")
    assert result.err.startswith("visprog: ")
    assert message in result.err
    assert len(result.err) < 500


@pytest.mark.parametrize(("words", "status", "message"), UNANSWERABLE)
def test_what_cannot_be_asked_is_an_object_too(
    visprog: Any, words: tuple[str, ...], status: int, message: str
) -> None:
    result = ask(visprog, *words, "--json")
    assert result.status == status
    made = result.object
    assert (made["status"], made["answer"], made["steps"]) == ("failed", "", [])
    assert (made["question"], made["tools"]) == (words[-1], "fake")
    assert message in made["reason"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ((), "required"),
        (("aks", CAT, "How many?"), "invalid choice"),
        (("ask", CAT, "How many?", "--tools", "embeded"), "did you mean 'embedded'?"),
        (("ask", CAT, "How many?", "--planner", "gpt"), "no planner 'gpt'; known: embedded"),
        (("ask", CAT, "How many?", "--planner", "scripted:absent.json"), "cannot read absent.json"),
        (("ask", CAT, "How many?", "--mode", "half"), "invalid choice"),
        (("run", "absent.vp", CAT), "cannot read the program absent.vp"),
        (("run", CAT, CAT), "cannot read the program"),
        (("run", "script.json", CAT, "--seconds", "nan"), "want more than 0"),
        (("run", "script.json", CAT, "--seconds", "-1"), "want more than 0"),
        (("check", "absent.vp"), "cannot read the program absent.vp"),
        (("check", "script.json", "--images", "0"), "want 1 or more"),
        (("tools", "detekt"), "'detekt' is no tool"),
        (("tools", "spot"), "'spot' has no backend in this profile"),
        (("tools", "--tools", "detect=nano"), "did you mean 'nanodet'?"),
        (("models", "where", "gpt"), "no weights 'gpt'; known: "),
        (("plan", " "), "the question is empty"),
        (("eval", "gqa"), "required"),
    ],
)
def test_wrong_use(visprog: Any, argv: tuple[str, ...], message: str) -> None:
    result = visprog(*argv)
    assert (result.status, result.out) == (2, "")
    assert message in result.err


@pytest.mark.parametrize(
    ("question", "message"),
    [("图中有几只猫?", "reads English only"), ("?!", "has no words")],
)
def test_the_embedded_planner_says_what_it_does_not_read(
    visprog: Any, question: str, message: str
) -> None:
    result = visprog("ask", CAT, question, "--planner", "embedded")
    assert result.status == 1
    assert message in result.out
    made = visprog("ask", CAT, question, "--planner", "embedded", "--json").object
    assert made["status"] == "failed"
    assert message in made["reason"]


# -- what a run shows


def test_the_object_of_an_answer(visprog: Any) -> None:
    made = ask(visprog, CAT, "What do you note?", "--json").object
    assert made["program"] == PROGRAMS["What do you note?"]
    assert made["answer"] == "2"
    assert made["notices"] == ["spots are made up"]
    assert made["seconds"] > 0
    step = made["steps"][0]
    assert (step["line"], step["name"], step["tool"]) == (1, None, "spot")
    assert step["args"]["name"] == "note"
    assert [region["label"] for region in step["value"]] == ["note", "note"]
    assert (step["model"], step["cached"]) == ("spotter of the tests", False)


def test_steps_and_notices_are_shown(visprog: Any) -> None:
    out = ask(visprog, CAT, "What do you note?").out
    assert PROGRAMS["What do you note?"] in out
    assert "spot(picture cat " in out
    assert "[spotter of the tests, " in out
    assert "note: spots are made up" in out


def test_several_pictures(visprog: Any) -> None:
    result = ask(visprog, CAT, str(EXAMPLES / "dogs.jpg"), "How many in both?", "--json")
    assert (result.status, result.object["answer"]) == (0, "4")


def test_a_picture_from_standard_input(visprog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, Path(CAT).read_bytes())
    assert ask(visprog, "-", "How many?").status == 0
    stdin(monkeypatch, b"")
    assert ask(visprog, "-", "How many?").status == 1


def test_a_program_from_standard_input(visprog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"return 6 * 7")
    made = visprog("run", "-", CAT, "--json").object
    assert (made["answer"], made["program"], made["question"]) == ("42", "return 6 * 7", "")
    stdin(monkeypatch, b"return \xff")
    assert visprog("run", "-", CAT).status == 2


def test_run_has_the_statuses_of_ask(visprog: Any) -> None:
    for program, status in (
        ("return 1", 0),
        ('return detect(image, "lamp post of iron")', 3),
        ("return 1 / 0", 1),
        (THREE_FAULTS, 1),
        ("", 1),
        ("import os", 1),
    ):
        Path("program.vp").write_text(program)
        assert visprog("run", "program.vp", CAT).status == status
        assert visprog("run", "program.vp", CAT, "--json").object["program"] == program


def test_run_stops_at_its_seconds(visprog: Any) -> None:
    loops = "n = 0\nfor a in range(9000):\n  for b in range(9000):\n    n += 1\nreturn n"
    Path("program.vp").write_text(loops)
    result = visprog("run", "program.vp", CAT, "--seconds", "0.000001")
    assert result.status == 1
    assert "more than 1e-06 seconds" in result.out


def test_a_trace_is_saved(visprog: Any) -> None:
    result = ask(visprog, CAT, "How many?", "--trace", "why.html", "--json")
    assert result.object["status"] == "answered"
    assert result.err == "trace: why.html\n"
    assert "spotter of the tests" in Path("why.html").read_text(encoding="utf-8")


def test_a_trace_that_cannot_be_saved_is_told(visprog: Any) -> None:
    result = ask(visprog, CAT, "How many?", "--trace", "absent/why.html", "--json")
    assert result.status == 1
    assert "absent/why.html" in result.err
    assert "absent/why.html" in result.object["reason"]


# -- hostile text


@pytest.mark.parametrize("color", ["", "1"])
def test_labels_and_programs_are_shown_as_they_are(
    visprog: Any, monkeypatch: pytest.MonkeyPatch, color: str
) -> None:
    if color:
        monkeypatch.setenv("FORCE_COLOR", color)
        monkeypatch.setenv("TERM", "xterm")
    out = ask(visprog, CAT, "What is hostile?").out
    assert "\x1b[31m[bold" not in out
    assert "\ufffd[31m[bold red]<script>alert(1)</script>:smile:\ufffd[0m" in out
    Path("program.vp").write_text(f'x = "{HOSTILE}"  # \x1b]0;title\x07\nreturn x')
    for out in (visprog("run", "program.vp", CAT).out, visprog("check", "program.vp").out):
        assert "\x1b[31m[bold" not in out
        assert "\x1b]0;" not in out


def test_hostile_arguments_are_told_as_they_are(visprog: Any) -> None:
    for argv in (
        ("ask", HOSTILE, HOSTILE),
        ("ask", CAT, HOSTILE, "--planner", HOSTILE),
        ("ask", CAT, HOSTILE, "--planner", f"scripted:{HOSTILE}"),
        ("ask", CAT, HOSTILE, "--planner", "scripted:script.json"),
        ("ask", CAT, HOSTILE, "--tools", HOSTILE),
        ("run", HOSTILE, CAT),
        ("check", HOSTILE),
        ("tools", HOSTILE),
        ("models", "where", HOSTILE),
    ):
        result = visprog(*argv)
        assert result.status in (1, 2)
        assert "\x1b" not in result.out + result.err


def test_hidden_characters_of_a_question_stay_hidden_in_the_object(visprog: Any) -> None:
    result = ask(visprog, CAT, f"{HOSTILE}\u202e\udcff", "--json")
    assert result.object["status"] == "failed"
    assert "\x1b" not in result.object["question"]


# -- the other commands


def test_check(visprog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bad.vp").write_text(THREE_FAULTS)
    result = visprog("check", "bad.vp")
    assert result.status == 1
    assert "line 1, column 5: no tool `detec`, did you mean `detect`?" in result.out
    assert '  | x = detec(image, "a")\n  |     ^\n' in result.out
    assert "line 3, column 8" in result.out
    assert result.out.endswith("\n3 faults\n")
    stdin(monkeypatch, b"return count(detect(image2, 'cat'))")
    assert visprog("check", "-").out.endswith("\n1 fault\n")
    stdin(monkeypatch, b"return count(detect(image2, 'cat'))")
    result = visprog("check", "-", "--images", "2")
    assert (result.status, result.out) == (0, "no faults\n")


def test_plan(visprog: Any) -> None:
    script = ("--planner", "scripted:script.json", "--tools", "fake")
    result = visprog("plan", "How many?", *script)
    assert result.status == 0
    assert PROGRAMS["How many?"] in result.out
    assert "spotter of the tests" in result.out
    result = visprog("plan", "What is broken?", *script)
    assert result.status == 1
    assert "line 3, column 8" in result.err
    assert visprog("plan", "Why?", *script).status == 1


def test_tools(visprog: Any) -> None:
    result = visprog("tools", "--tools", "fake")
    assert result.status == 0
    assert "spot(image: Image, name: str) -> list[Region]" in result.out
    assert "no backend in this profile: " in result.out
    result = visprog("tools", "detect")
    assert result.status == 0
    assert "detect(image: Image, name: str) -> list[Region]" in result.out
    assert "nanodet" in result.out
    assert "Apache-2.0" in result.out


def test_settings_of_the_environment(visprog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISPROG_TOOLS", "fake")
    monkeypatch.setenv("VISPROG_PLANNER", "scripted:script.json")
    made = visprog("ask", CAT, "How many?", "--json").object
    assert (made["answer"], made["tools"]) == ("2", "fake")
    assert visprog("tools", "spot").status == 0


def test_models(visprog: Any) -> None:
    listed = visprog("models")
    assert listed.status == 0
    assert listed.out == visprog("models", "list").out
    assert "NanoDet-g 416 (COCO, 80 classes)" in listed.out
    where = visprog("models", "where", "nanodet")
    name, path = where.out.rstrip("\n").split("\t")
    assert (where.status, name) == (0, "nanodet")
    assert Path(path).is_file()
    for action in ("pull", "verify"):
        made = visprog("models", action, "nanodet")
        assert (made.status, made.out) == (0, f"nanodet: whole ({path})\n")


def test_models_of_the_hub(visprog: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VISPROG_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert "google/owlv2" in visprog("models").out
    where = visprog("models", "where", "owlv2-base")
    assert where.status == 1 and "visprog models pull owlv2-base" in where.err
    assert visprog("models", "where").status == 0  # of what is here
    pulled = visprog("models", "pull", "owlv2-base")
    assert (pulled.status, "VISPROG_OFFLINE" in pulled.err) == (2, True)
    assert visprog("models", "pull").status == 2
    told = visprog("tools", "spot", "--weights", "owlv2-base")
    assert told.status == 2 and "want NAME=PATH" in told.err


def test_doctor(visprog: Any) -> None:
    result = visprog("doctor")
    lines = result.out.splitlines()
    assert result.status == any(line.startswith("FAIL") for line in lines)
    assert any(line.startswith("ok    numpy ") for line in lines)
    assert any(line.startswith("ok    profile fake: ") for line in lines)
    assert any("weights nanodet" in line for line in lines)


# -- evaluation


@pytest.fixture
def gqa(tmp_path: Path) -> tuple[str, ...]:
    """A set of three questions about one picture, and its options."""
    folder = tmp_path / "gqa"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(Path(CAT).read_bytes())
    cat = {"name": "cat", "x": 10, "y": 10, "w": 60, "h": 60, "attributes": ["brown"]}
    graph = {"width": 451, "height": 300, "objects": {"7": {**cat, "relations": []}}}
    (folder / "graphs.json").write_text(json.dumps({"1": graph}))

    def asked(text: str, answer: str, name: str) -> dict[str, Any]:
        steps = [
            {"operation": "select", "argument": name, "dependencies": []},
            {"operation": "exist", "argument": "?", "dependencies": [0]},
        ]
        return {"imageId": "1", "question": text, "answer": answer, "semantic": steps}

    questions = {
        "a": asked("Is there a cat?", "yes", "cat (7)"),
        "b": asked("Is there a dog?", "no", "dog (-)"),
        "c": asked("Is there a cow?", "yes", "cow (-)"),
    }
    (folder / "questions.json").write_text(json.dumps(questions))
    programs = {
        question["question"]: f'return exists(detect(image, "{name}"))'
        for question, name in zip(questions.values(), ("cat", "dog", "cow"), strict=True)
    }
    (folder / "script.json").write_text(json.dumps(programs))
    return (
        *("eval", "gqa", "--questions", str(folder / "questions.json"), "--images", str(folder)),
        *("--scene-graphs", str(folder / "graphs.json"), "--tools", "oracle", "--out", "report"),
    )


@pytest.mark.parametrize("planner", ["reference", "scripted:gqa/script.json"])
def test_eval_gqa(visprog: Any, gqa: tuple[str, ...], planner: str) -> None:
    result = visprog(*gqa, "--planner", planner)
    assert result.status == 0
    report = json.loads(Path("report", "report.json").read_text())
    assert report["metrics"]["accuracy"] == pytest.approx(2 / 3, abs=1e-3)
    assert report["status"]["answered"]["rate"] == 1
    assert json.loads(result.out) == report["metrics"]
    assert len(Path("report", "results.jsonl").read_text().splitlines()) == 3
    assert Path("report", "report.md").is_file()


def test_eval_takes_the_first_questions_only(visprog: Any, gqa: tuple[str, ...]) -> None:
    assert visprog(*gqa, "--planner", "reference", "--limit", "2").status == 0
    assert json.loads(Path("report", "report.json").read_text())["n"] == 2
    for limit in ("0", "-1", "many"):
        assert visprog(*gqa, "--planner", "reference", "--limit", limit).status == 2


@pytest.mark.parametrize("change", ["questions", "scene-graphs", "tools", "planner"])
def test_eval_with_wrong_options(visprog: Any, gqa: tuple[str, ...], change: str) -> None:
    planner = () if change == "planner" else ("--planner", "reference")
    result = visprog(*gqa, *planner, f"--{change}", "absent")
    assert result.status == 2
    assert "absent" in result.err
    assert not Path("report").exists()


def test_eval_without_scene_graphs(visprog: Any, gqa: tuple[str, ...]) -> None:
    place = gqa.index("--scene-graphs")
    argv = (*gqa[:place], *gqa[place + 2 :], "--planner", "reference")
    result = visprog(*argv)
    assert result.status in (0, 2)
    assert "scene" in result.err or "scene" in Path("report", "report.md").read_text()


def test_eval_into_a_file_is_told(visprog: Any, gqa: tuple[str, ...]) -> None:
    Path("report").write_text("in the way")
    result = visprog(*gqa, "--planner", "reference")
    assert result.status == 1
    assert "report" in result.err


# -- as a process


def test_a_process_gives_the_same_statuses() -> None:
    script = ("--planner", "scripted:script.json")
    assert shell("--version").out.startswith("visprog 0.")
    assert shell("ask", CAT, "数一数", *script).status == 0
    assert shell("ask", "absent.jpg", "数一数", *script).status == 2
    result = shell("ask", "broken.jpg", "数一数", *script, "--json")
    assert (result.status, result.object["status"]) == (1, "failed")


def test_a_terminal_that_lacks_characters_is_no_reason_to_fail() -> None:
    script = ("--planner", "scripted:script.json")
    for argv in (
        ("ask", CAT, "没有"),
        ("ask", CAT, "没有", "--json"),
        ("ask", "没有.jpg", "数一数"),
    ):
        result = shell(*argv, *script, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
        assert result.status in (1, 2)
        assert "?" in result.out + result.err
