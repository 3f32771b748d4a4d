"""One split of a dataset that has its splits in one file, as RefCOCO, by the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage

from visprog.cli import main
from visprog.eval.results import read_results

BOXES = {"dog": (1, 2, 5, 6), "cat": (9, 2, 5, 6)}  # left, top, width, height
SPLITS = {"train": "dog", "val": "dog", "testA": "dog", "testB": "cat"}
GRAPH = {
    "width": 20,
    "height": 20,
    "objects": {
        name: {"name": name, "x": left, "y": top, "w": width, "h": height}
        for name, (left, top, width, height) in BOXES.items()
    },
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the official files of RefCOCO in `refcoco`: one reference of each
    split, of two sentences."""
    monkeypatch.setenv("VISPROG_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    refs = [
        {
            "ref_id": number,
            "ann_id": name,
            "image_id": 5,
            "split": split,
            "sentences": [
                {"sent_id": 2 * number + one, "sent": f"{name} {one}"} for one in range(2)
            ],
        }
        for number, (split, name) in enumerate(SPLITS.items())
    ]
    instances = {
        "images": [{"id": 5, "file_name": "5.jpg", "width": 20, "height": 20}],
        "annotations": [{"id": name, "bbox": list(box)} for name, box in BOXES.items()],
    }
    plans = {
        f"Find the {name} {one}.": f'return detect(image, "{name}")[0]\n'
        for name in BOXES
        for one in range(2)
    }
    Path("refcoco").mkdir()
    Path("images").mkdir()
    for path, content in (
        ("refcoco/refs.json", refs),
        ("refcoco/instances.json", instances),
        ("plans.json", plans),
        ("graphs.json", {"5": GRAPH}),
    ):
        Path(path).write_text(json.dumps(content))
    PillowImage.new("RGB", (20, 20)).save("images/5.jpg")
    return tmp_path


def evaluated(*more: str, questions: str = "refcoco") -> int:
    given = f"--questions {questions} --images images --scene-graphs graphs.json --tools oracle"
    planner = "--planner scripted:plans.json --out out --overwrite"
    return main(["eval", "refcoco", *given.split(), *planner.split(), *more])


def ids() -> list[str]:
    return [result.id for result in read_results(Path("out/results.jsonl"))]


def report() -> dict[str, Any]:
    made = json.loads(Path("out/report.json").read_text())
    assert isinstance(made, dict)
    return made


def test_all_splits_but_that_for_training_without_a_name(folder: Path) -> None:
    assert evaluated() == 0
    assert ids() == ["1-2", "1-3", "2-4", "2-5", "3-6", "3-7"]
    assert report()["types"].keys() == {"val", "testA", "testB"} and report()["split"] == ""


@pytest.mark.parametrize(("split", "made"), [("testA", ["2-4", "2-5"]), ("testB", ["3-6", "3-7"])])
def test_one_split_of_refcoco(folder: Path, split: str, made: list[str]) -> None:
    assert evaluated("--split-name", split) == 0
    assert ids() == made
    assert (report()["split"], report()["n"]) == (split, 2)
    assert report()["types"].keys() == {split}
    assert report()["metrics"]["mean_iou"] == 1.0
    assert "official" not in report()
    assert evaluated("--split-name", split, "--limit", "1") == 0
    assert ids() == made[:1]


@pytest.mark.parametrize("split", ["testC", "train"])
def test_a_split_that_no_question_tells_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], split: str
) -> None:
    assert evaluated("--split-name", split) == 2
    told = f"no questions of the split {split}: there are testA, testB, val"
    assert told in capsys.readouterr().err


ROW = {"image": "5.jpg", "sentence": "dog 0", "box": [1, 2, 6, 8]}


def test_one_split_of_rows(folder: Path) -> None:
    rows = [{**ROW, "id": name, "split": name} for name in ("val", "testA")]
    Path("rows.json").write_text(json.dumps(rows))
    assert evaluated("--split-name", "testA", questions="rows.json") == 0
    assert ids() == ["testA"]


def test_rows_that_tell_no_split_have_the_name_of_their_file_only(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("rows").mkdir()
    Path("rows/testA.jsonl").write_text(json.dumps({**ROW, "id": "a"}))
    Path("rows/testB.jsonl").write_text(json.dumps({**ROW, "id": "b"}))
    assert evaluated("--split-name", "testB", questions="rows") == 0
    assert (ids(), report()["split"]) == (["b"], "testB")
    assert evaluated("--split-name", "testA", questions="rows/testA.jsonl") == 0
    assert ids() == ["a"]
    assert evaluated("--split-name", "testC", questions="rows") == 2
    assert "split testC: no question tells its split" in capsys.readouterr().err
