"""The reports of an evaluation: their figures, and pages that stand alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage

from tests.eval_results import abstained, failed, mixed, question, questions, result
from tests.pages import HOSTILE, Seen, assert_links
from visprog.eval.report import make_report, write_report
from visprog.eval.reporting import gallery
from visprog.eval.reporting.plots import ROWS, Bar, bars, differences, parts
from visprog.eval.results import Result

ABOUT = {
    "task": "gqa",
    "planner": "embedded",
    "tools": "hub",
    "seed": 3,
    "questions": "dev.json",
    "command": "visprog eval gqa --questions dev.json",
    "versions": {"visprog": "1.0", "python": "3.11"},
    "models": {
        "detect": {"id": "owlv2", "revision": "abc", "licence": "Apache-2.0"},
        "objects": {"id": "owlv2", "revision": "abc", "licence": "Apache-2.0"},
        "depth": {"id": "dpt", "revision": "", "licence": "MIT"},
    },
    "unavailable": {"blind": "it writes programs only"},
    "about": {"program": "planned programs", "vqa": "the module alone"},
    "run_seconds": 75.0,
}


def report_of(columns: dict[str, list[Result]], **about: Any) -> dict[str, Any]:
    return make_report({**ABOUT, **about}, questions(columns["program"]), columns)


def pages(
    columns: dict[str, list[Result]], folder: Path, **about: Any
) -> tuple[dict[str, Any], str, str]:
    """The report, its page of Markdown and its HTML."""
    asked = questions(columns["program"])
    made = write_report({**ABOUT, **about}, asked, columns, None, folder, folder)
    told = (folder / "report.md").read_text("utf-8"), (folder / "report.html").read_text("utf-8")
    assert json.loads((folder / "report.json").read_text("utf-8")) == made
    return made, *told


# -- figures


def test_accuracy_is_over_the_balanced_and_all_is_told_too() -> None:
    report = report_of(mixed())
    assert (report["n"], report["n_balanced"]) == (8, 6)
    assert report["metrics"]["accuracy"] == report["metrics"]["accuracy_balanced"] == 2 / 6
    assert report["metrics"]["accuracy_all"] == 3 / 8
    assert report["metrics"]["mean_relative_accuracy"] == 0.9
    assert report["metrics"]["mean_iou"] == 0.25
    assert report["official"]["accuracy"] == pytest.approx(100 / 3)
    program = report["columns"]["program"]
    assert (program["n"], program["rate"]) == (8, 0.375)
    assert (program["scored"]["n"], program["scored"]["rate"]) == (6, 0.333333)
    assert program["scored"]["low"] < 0.333 < program["scored"]["high"]
    assert report["columns"]["guess"]["metrics"]["accuracy"] == 0.5


def test_where_none_is_balanced_accuracy_is_over_all() -> None:
    made = [result("a", balanced=False), result("b", False, balanced=False)]
    report = report_of({"program": made})
    assert report["metrics"] == {"accuracy": 0.5, "accuracy_all": 0.5}
    assert "official" not in report
    assert report["columns"]["program"]["scored"]["n"] == 2


def test_what_has_no_answer_is_counted_by_its_kind_and_is_wrong() -> None:
    report = report_of(mixed())
    assert {kind: one["rate"] for kind, one in report["failures"].items() if one["rate"]} == {
        "parse": 0.125,
        "timeout": 0.125,
        "abstained": 0.125,
    }
    assert [report["status"][name]["rate"] for name in ("answered", "abstained", "failed")] == [
        0.625,
        0.125,
        0.25,
    ]
    assert report["repaired"]["rate"] == 0.125
    assert report["columns"]["program"]["failures"] == {"abstained": 1, "timeout": 1, "parse": 1}
    assert report["reasons"] == {
        "too dark": 1,
        "ToolError: timeout": 1,
        "ToolError: parse": 1,
    }


def test_pairs_have_a_difference_with_its_interval_and_a_test() -> None:
    report = report_of(mixed())
    vqa, guess = report["comparisons"]
    assert (vqa["column"], vqa["n"], vqa["only_first"], vqa["only_second"]) == ("vqa", 8, 2, 1)
    assert vqa["difference"] == pytest.approx(1 / 8)
    assert vqa["low"] < 1 / 8 < vqa["high"] and vqa["p"] == 1.0
    assert guess["scored"]["n"] == 6
    assert guess["scored"]["difference"] == pytest.approx(2 / 6 - 3 / 6, abs=1e-6)
    assert report_of(mixed(), seed=3) == report
    assert report["solved_only_with_tools"] == ["b", "g"]
    assert report["broken_by_tools"] == ["c"]


def test_without_a_column_without_tools_there_are_no_such_sets() -> None:
    report = report_of({"program": mixed()["program"]})
    assert report["solved_only_with_tools"] == report["broken_by_tools"] == []
    assert report["comparisons"] == []


def test_a_column_that_was_cut_off_is_compared_where_it_answered() -> None:
    columns = mixed()
    columns["vqa"] = columns["vqa"][:3]
    report = report_of(columns)
    assert report["comparisons"][0]["n"] == 3
    assert report["solved_only_with_tools"] == ["b"]


def test_what_it_cost() -> None:
    report = report_of(mixed())
    assert report["cost"]["calls"] == 16 and report["cost"]["calls_a_question"] == 2
    assert report["cost"]["cached"] == 0.5
    assert report["cost"]["dollars"] is None  # the price of one answer is not known
    assert report["seconds"]["by_tool"] == {"planner": 2.4, "detect": 1.6}
    assert report["seconds"]["run"] == 75.0
    paid = report_of({"program": [result("a", tokens=900, cost=0.25), result("b", cost=0.5)]})
    assert (paid["cost"]["tokens"], paid["cost"]["tokens_a_question"]) == (900, 450)
    assert (paid["cost"]["dollars"], paid["cost"]["dollars_a_question"]) == (0.75, 0.375)


def test_keys_of_earlier_reports_are_still_there() -> None:
    report = report_of({"program": [result("a", valid=True, plausible=False)]})
    assert {"valid", "plausible", "accuracy", "accuracy_balanced"} <= set(report["metrics"])
    assert set(report["types"]["exist"]) >= {"n", "rate"}
    assert set(report["seconds"]) >= {"median", "mean", "run"}
    assert report["through_tools"] == {"n": 1, "correct": 1, "accuracy": 1.0}


# -- pages


def test_the_page_says_everything(tmp_path: Path) -> None:
    _, told, html = pages(mixed(), tmp_path, protocol="visprog, at most 5", ablate=["depth"])
    seen = Seen(html)
    assert_links(seen)
    for words in (
        "gqa", "planner embedded", "tools hub", "visprog, at most 5", "33.3\u00a0%",
        "over 6 balanced", "program less vqa", "Solved only with tools", "Broken by tools",
        "it writes programs only", "planned programs", "timeout", "Its program does not parse",
        "too dark", "owlv2",
        "detect, objects", "Apache-2.0", "visprog eval gqa", "python 3.11", "not known",
        "1 min 15 s", "the box marked truth", "mean IoU",
    ):  # fmt: skip
        assert words in seen.text, words
    for words in ("| accuracy | 0.333 |", "| repaired | 0.125 |", "| vqa | +0.000 |",
                  "Solved only with tools: 2. Broken by tools: 1.", "| owlv2 | abc | Apache-2.0 |",
                  "not measured", "visprog eval gqa --questions dev.json", "Seed 3.",
                  "| dollars | not known |"):  # fmt: skip
        assert words in told, words


def test_the_page_fetches_nothing_and_runs_nothing(tmp_path: Path) -> None:
    PillowImage.new("RGB", (40, 30), "red").save(tmp_path / "1.jpg")
    _, _, html = pages(mixed(), tmp_path)
    seen = Seen(html)
    assert "<script" not in html and "http" not in html.replace("http-equiv", "")
    assert "@import" not in html and "url(" not in html
    assert all(source.startswith("data:image/jpeg;base64,") for source in seen.having("src"))
    assert len(seen.having("src")) == 5  # one of each miss
    assert not any(name.startswith("on") for _, attrs in seen.tags for name in attrs)
    assert all(
        attrs.get("aria-label") for tag, attrs in seen.tags if tag == "svg" and "role" in attrs
    )


def test_nothing_hostile_gets_through(tmp_path: Path) -> None:
    texts: dict[str, Any] = dict.fromkeys(
        ("id", "question", "truth", "answer", "reason", "program", "structural", "semantic",
         "detailed"), HOSTILE)  # fmt: skip
    bad = replace(failed("x"), **{**texts, "failure": HOSTILE, "tools": {HOSTILE: 1.0}})
    other = replace(result("x"), **texts)
    model = {"id": HOSTILE, "revision": HOSTILE, "licence": HOSTILE}
    about = {
        **dict.fromkeys(("task", "planner", "tools", "command", "questions", "protocol"), HOSTILE),
        "versions": {HOSTILE: HOSTILE},
        "models": {HOSTILE: model},
        "unavailable": {HOSTILE: HOSTILE},
        "about": {"program": HOSTILE},
        "stopped": HOSTILE,
    }
    columns = {"program": [bad], "vqa": [other], HOSTILE: [other]}
    asked = [question(bad)]
    write_report(about, asked, columns, None, tmp_path, tmp_path)
    html = (tmp_path / "report.html").read_text("utf-8")
    seen = Seen(html)
    assert_links(seen)
    assert not {"script", "iframe", "object", "link"} & {tag for tag, _ in seen.tags}
    assert not any(name.startswith("on") for _, attrs in seen.tags for name in attrs)
    assert "\x1b" not in html and "\u202e" not in html and "\ud800" not in html
    told = (tmp_path / "report.md").read_text("utf-8")
    assert "<script" not in told.partition("```")[0]
    assert "\x1b" not in told and "\u202e" not in told


def test_a_cell_of_markdown_stays_a_cell(tmp_path: Path) -> None:
    _, told, _ = pages({"program": [abstained("a", reason="a | b <i>\nsecond line")]}, tmp_path)
    assert "| a \\| b &lt;i> | 1 |" in told


def test_a_picture_that_cannot_be_shown_says_why(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"no picture")
    made = [result("a", False), result("b", False, images=("2",)), result("c", False, images=())]
    _, _, html = pages({"program": made}, tmp_path)
    assert html.count('<p class="blank">') == 2
    assert "no picture 2.jpg" in html


def test_the_gallery_is_bounded_in_number_and_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = PillowImage.effect_noise((900, 600), 90).convert("RGB")
    noise.save(tmp_path / "1.jpg")
    made = [result(f"q{n}", False, detailed=f"type{n % 50}") for n in range(200)]
    _, _, html = pages({"program": made}, tmp_path)
    assert html.count('<article class="miss">') == gallery.SHOWN
    assert f"Only the first {gallery.SHOWN} of 200 such questions are shown." in html
    assert len(html) < gallery.MOST + 400_000
    monkeypatch.setattr(gallery, "MOST", 100_000)
    _, _, html = pages({"program": made}, tmp_path)
    assert len(html) < 400_000
    assert "There is no room for more pictures on this page." in html


def test_the_gallery_shows_every_kind_of_miss(tmp_path: Path) -> None:
    kinds = ("parse", "type", "runtime", "timeout", "plan", "picture", "setting")
    made = [result(f"w{n}", False) for n in range(100)]
    made += [failed(f"{kind}{n}", kind) for kind in kinds for n in range(3)]
    _, _, html = pages({"program": made}, tmp_path)
    seen = Seen(html).text
    for kind in ("", *kinds):
        assert gallery.NAMES[kind] in seen
    assert html.count('<article class="miss">') == gallery.SHOWN
    for kind in kinds:
        assert f"{kind}0" in seen, kind


def test_boxes_are_drawn_where_they_are_asked_for(tmp_path: Path) -> None:
    PillowImage.new("RGB", (400, 400), "white").save(tmp_path / "1.png")
    value = {"picture": "1", "box": [200, 200, 300, 300]}
    one = result("a", False, kind="box", iou=0.0, value=value)
    asked = question(one, box=(10, 10, 100, 100))
    shown = []
    for given in (one, replace(one, value={"box": [1, 2]}), replace(one, value="nonsense")):
        made = gallery.Gallery({"program": [given]}, {"a": asked}, tmp_path).page([given])
        shown.append(re.findall(r'src="([^"]+)"', made))
    assert all(len(sources) == 1 for sources in shown)
    assert shown[0] != shown[1] == shown[2]


def test_a_run_without_a_miss_and_a_run_without_types(tmp_path: Path) -> None:
    plain = [result("a", structural="", semantic="", detailed="", balanced=False)]
    _, told, html = pages({"program": plain}, tmp_path)
    text = Seen(html).text
    assert "Every question has an answer." in text
    assert "Misses" not in text and "Accuracy by type" not in text
    assert "structural" not in told


def test_a_report_of_nothing_is_one_all_the_same(tmp_path: Path) -> None:
    made, told, html = pages({"program": []}, tmp_path)
    assert made["n"] == 0 and made["metrics"]["accuracy"] is None
    assert "not computed" in told and "not computed" in Seen(html).text


def test_what_a_run_leaves_out_of_itself_is_no_error(tmp_path: Path) -> None:
    about = {"task": "custom", "planner": "p", "tools": "t"}
    made = [result("a")]
    write_report(about, questions(made), {"program": made}, None, tmp_path, tmp_path)
    Seen((tmp_path / "report.html").read_text("utf-8"))


def test_many_columns_and_many_types_are_bounded(tmp_path: Path) -> None:
    made = [result(f"q{n}", n % 2 == 0, detailed=f"type{n}") for n in range(150)]
    columns = {"program": made, **{f"column{n}": made for n in range(9)}}
    _, _, html = pages(columns, tmp_path)
    assert f"Only the first {ROWS} of 150 rows are shown." in Seen(html).text


def test_a_stopped_run_says_so(tmp_path: Path) -> None:
    _, told, html = pages({"program": [result("a")]}, tmp_path, stopped="after 1 of 9 questions")
    assert "stopped after 1 of 9 questions" in Seen(html).text
    assert "Stopped after 1 of 9 questions." in told


# -- plots


def test_bars_are_as_long_as_they_say() -> None:
    made = bars([Bar("a", 0.25, 0.1, 0.5, "25 %")])
    assert 'width="25.00%"' in made and 'x1="10.00%" x2="50.00%"' in made
    assert "a: 25.0 %, 95 %: 10.0 to 50.0 %" in Seen(made).having("aria-label")
    narrow = bars([Bar("a", 0.25)], whole=False)  # the axis ends at 30 %
    assert 'width="83.33%"' in narrow and "30\u00a0%" in Seen(narrow).text
    assert bars([]) == differences([]) == parts([]) == ""


def test_differences_stand_about_zero() -> None:
    made = differences([Bar("a", -0.5, -1.0, 0.0, kind="bad"), Bar("b", 0.0, 0.0, 0.0)])
    assert 'x1="2.00%" x2="50.00%"' in made and 'cx="26.00%"' in made and 'cx="50.00%"' in made
    assert "+100" in Seen(made).text and "\u2212100" in Seen(made).text


def test_parts_fill_the_whole() -> None:
    made = parts([("right", 3, "good"), ("wrong", 1, "bad"), ("none", 0, "dark")])
    assert 'x="75.000%" width="25.000%"' in made and "none" not in made
