"""`visprog eval compare`: two runs question by question."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.eval_results import abstained, failed, result
from tests.pages import HOSTILE, Seen, assert_links
from visprog.cli import main
from visprog.errors import SettingsError
from visprog.eval.compare import compare, text, write
from visprog.eval.results import Result

COUNT = 'dogs = detect(image, "dog")\nreturn count(dogs)\n'
RENAMED = 'x = detect(image, "dog")\nreturn count(x)\n'
OTHER = 'dogs = detect(image, "cat")\nreturn count(dogs)\n'


def run(folder: Path, results: Sequence[Result], **told: Any) -> Path:
    """A folder of a run."""
    folder.mkdir(parents=True)
    (folder / "results.jsonl").write_bytes(b"".join(made.to_line() for made in results))
    (folder / "run.json").write_text(json.dumps({"planner": "p", "tools": "t", **told}))
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    first = [
        result("a", program=COUNT),
        result("b", False, program=COUNT),
        abstained("c", program=COUNT, detailed="count"),
        result("d", program=COUNT, detailed="count"),
        result("e", False, balanced=False, program="return ("),
    ]
    second = [
        result("a", program=RENAMED),
        result("b", program=OTHER),
        result("c", program=COUNT, detailed="count"),
        failed("d", program=OTHER, detailed="count"),
        result("e", False, balanced=False, program="return ["),
    ]
    return (
        run(tmp_path / "one", first, tools="embedded", models={"detect": {"id": "nanodet"}}),
        run(tmp_path / "two", second, tools="hub", models={"detect": {"id": "owlv2"}}),
    )


def test_questions_are_told_that_came_out_otherwise(runs: tuple[Path, Path]) -> None:
    made = compare(*runs)
    assert [one["id"] for one in made["fixed"]] == ["b", "c"]
    assert [one["id"] for one in made["broken"]] == ["d"]
    assert made["fixed"][1]["first"] == "abstained: too dark"
    assert made["broken"][0]["second"] == "failed: ToolError: runtime"
    assert (made["n"], made["only_first"], made["only_second"]) == (5, 1, 2)
    assert made["difference"] == pytest.approx(0.2)
    assert made["low"] < 0.2 < made["high"] and made["p"] == 1.0
    assert (made["balanced"]["n"], made["balanced"]["difference"]) == (4, 0.25)
    assert (made["first"]["rate"], made["second"]["rate"]) == (0.4, 0.6)
    assert made["types"]["count"]["n"] == 2 and made["types"]["count"]["difference"] == 0
    assert made["first"]["status"] == {"answered": 4, "abstained": 1, "failed": 0}


def test_a_program_that_only_has_other_names_is_not_changed(runs: tuple[Path, Path]) -> None:
    made = compare(*runs)
    assert made["changed"] == ["b", "d", "e"]
    assert made["programs_changed"] == 3
    assert [one["program_changed"] for one in made["fixed"]] == [True, False]


def test_what_the_runs_were_made_with_is_told_where_it_differs(runs: tuple[Path, Path]) -> None:
    made = compare(*runs)
    assert made["settings"]["tools"] == ["embedded", "hub"]
    assert "planner" not in made["settings"]


def test_a_run_beside_itself_is_no_different(runs: tuple[Path, Path]) -> None:
    made = compare(runs[0], runs[0])
    assert (made["difference"], made["low"], made["high"], made["p"]) == (0, 0, 0, 1)
    assert made["fixed"] == made["broken"] == made["changed"] == []
    assert made["settings"] == {}


def test_turned_around_the_difference_has_the_other_sign(runs: tuple[Path, Path]) -> None:
    made, back = compare(*runs), compare(runs[1], runs[0])
    assert back["difference"] == -made["difference"] and back["p"] == made["p"]
    assert [one["id"] for one in back["fixed"]] == ["d"]


def test_other_questions_are_refused_unless_the_common_ones_are_asked_for(tmp_path: Path) -> None:
    first = run(tmp_path / "one", [result(name) for name in "abcd"])
    second = run(tmp_path / "two", [result(name, name != "c") for name in "fcb"])
    with pytest.raises(SettingsError, match=r"2 only in .*one, 1 only in .*two, 2 in both; --com"):
        compare(first, second)
    made = compare(first, second, common=True)
    assert made["left_out"] == {"first": ["a", "d"], "second": ["f"]}
    assert (made["n"], made["first"]["n"], made["first"]["left_out"]) == (2, 2, 2)
    told = text(made)
    assert "Left out: 2 questions that only the first run has (a, d)." in told
    write(made, tmp_path / "out")
    assert "2 questions that only the first run has" in (tmp_path / "out/compare.html").read_text()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"truth": "no"}, "different right answers, such as to a"),
        ({"question": "Who?"}, "different questions of the name a"),
        ({"images": ("9",)}, "different questions of the name a"),
    ],
)
def test_one_name_for_two_questions_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    first = run(tmp_path / "one", [result("a")])
    second = run(tmp_path / "two", [result("a", **changes)])
    with pytest.raises(SettingsError, match=message):
        compare(first, second, common=True)


def test_folders_that_are_none_of_a_run(tmp_path: Path, runs: tuple[Path, Path]) -> None:
    with pytest.raises(SettingsError, match="it is no folder of a run"):
        compare(tmp_path / "nowhere", runs[0])
    with pytest.raises(SettingsError, match="no results of column 'vqa'; it has program"):
        compare(*runs, column="vqa")
    with pytest.raises(SettingsError, match="no results of column"):
        compare(*runs, column="../results")
    with pytest.raises(SettingsError, match="has no results"):
        compare(run(tmp_path / "empty", []), runs[0])
    with pytest.raises(SettingsError, match=r"0 in both$"):
        compare(run(tmp_path / "else", [result("z")]), runs[0], common=True)
    (runs[0] / "results.jsonl").write_text("{}\n")
    with pytest.raises(SettingsError, match="line 1: not a line of results"):
        compare(*runs)


def test_a_column_is_compared_and_a_damaged_run_file_is_no_matter(runs: tuple[Path, Path]) -> None:
    for folder in runs:
        (folder / "columns").mkdir()
        (folder / "columns" / "vqa.jsonl").write_bytes((folder / "results.jsonl").read_bytes())
        (folder / "run.json").write_text("[")
    made = compare(*runs, column="vqa")
    assert (made["column"], made["n"], made["first"]["planner"]) == ("vqa", 5, "")
    assert made["difference"] == compare(*runs)["difference"]


def test_the_pages_say_everything(runs: tuple[Path, Path], tmp_path: Path) -> None:
    made = compare(*runs)
    write(made, tmp_path / "out" / "deep")
    out = tmp_path / "out" / "deep"
    assert json.loads((out / "compare.json").read_text()) == made
    seen = Seen((out / "compare.html").read_text())
    assert_links(seen)
    for words in ("The two runs are not told apart.", "Is it b?", "2 fixed", "1 broken",
                  "3 changed", '\u2212 dogs = detect(image, "dog")',
                  '+ dogs = detect(image, "cat")', "  return count(dogs)", "+20.0",
                  "+25.0 over 4 balanced", "model of detect", "nanodet", "owlv2",
                  "b, d, e"):  # fmt: skip
        assert words in seen.text, words
    told = (out / "compare.md").read_text()
    for words in ("second less first +0.200", "Fixed, right in the second run only: 2",
                  "- b: Is it b? (no -> yes; truth: yes)", "| count | 2 | 0.500 | 0.500 |",
                  "Programs that mean something else: 3."):  # fmt: skip
        assert words in told, words


def test_nothing_hostile_gets_through(tmp_path: Path) -> None:
    bad = HOSTILE.replace("\ud800", "")
    names = ("id", "question", "truth", "answer", "reason", "program", "detailed", "structural")
    texts: dict[str, Any] = dict.fromkeys(names, bad)
    first = run(tmp_path / "one", [result("a", **texts)], planner=bad, models={bad: {"id": bad}})
    second = run(tmp_path / "two", [failed("a", **{**texts, "program": "<i>"})], command=bad)
    write(compare(first, second), tmp_path)
    html = (tmp_path / "compare.html").read_text()
    seen = Seen(html)
    assert_links(seen)
    assert "script" not in {tag for tag, _ in seen.tags} and "<i>" not in html
    assert not any(name.startswith("on") for _, attrs in seen.tags for name in attrs)
    told = (tmp_path / "compare.md").read_text()
    assert "<script" not in told and "\x1b" not in told and "\x1b" not in html


def test_a_clear_change_is_called_one(tmp_path: Path) -> None:
    names = [f"q{n}" for n in range(60)]
    first = run(tmp_path / "one", [result(name, False) for name in names])
    second = run(tmp_path / "two", [result(name) for name in names])
    write(compare(first, second), tmp_path / "up")
    write(compare(second, first), tmp_path / "down")
    assert "The second run is better." in (tmp_path / "up" / "compare.html").read_text()
    html = (tmp_path / "down" / "compare.html").read_text()
    assert "The second run is worse." in html
    assert "Only the first 36 of 60 questions are shown." in html
    assert "... and 40 more" in text(compare(first, second))


def test_the_command(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    out = runs[0].parent / "out"
    assert main(["eval", "compare", *map(str, runs), "--out", str(out)]) == 0
    shown = capsys.readouterr()
    assert "Broken, right in the first run only: 1" in shown.out
    assert "compare.html" in shown.err and (out / "compare.json").is_file()
    assert main(["eval", "compare", str(runs[0]), str(out)]) == 2
    assert "no results of column" in capsys.readouterr().err
