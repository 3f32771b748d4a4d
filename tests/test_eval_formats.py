"""The forms of other benchmarks are read, by rows as their authors publish them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.eval_questions import question as gqa
from visprog.errors import SettingsError
from visprog.eval.formats import clevr, custom, nlvr2, omni3d, refcoco, vsr, whatsup
from visprog.eval.metrics import together
from visprog.eval.questions import Question, load_questions
from visprog.eval.scoring import score

Load = Callable[..., list[Question]]


def loaded(load: Load, folder: Path, content: Any, name: str = "q.json") -> list[Question]:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return load(path)


def lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


# -- NLVR2

PAIRS = [
    {"identifier": "dev-850-0-0", "sentence": "Two dogs run.", "label": "True", "left_url": "u"},
    {"identifier": "dev-850-1-0", "sentence": "Two dogs run.", "label": "False"},
    {"identifier": "dev-850-0-1", "sentence": "One dog\u2028sits.", "label": "False"},
]


def test_nlvr2(tmp_path: Path) -> None:
    made = loaded(nlvr2.load, tmp_path, lines(PAIRS), "dev.json")
    assert [one.answer for one in made] == ["yes", "no", "no"]
    assert made[0].images == ("dev-850-0-img0.png", "dev-850-0-img1.png")  # left, right
    assert made[2].text == "One dog\u2028sits."
    assert loaded(nlvr2.load, tmp_path, PAIRS) == made  # also as one list
    # A statement is consistent where it is right for all its pairs.
    right = {"dev-850-0-0": True, "dev-850-1-0": False, "dev-850-0-1": True}
    share = together(made, right)["statement_consistency"]
    assert (share.n, share.rate) == (2, 0.5)
    assert together(made, {})["statement_consistency"].rate == 0.0


def test_nlvr2_pictures_lie_in_folders(tmp_path: Path) -> None:
    (made, *_) = loaded(nlvr2.load, tmp_path, PAIRS)
    (tmp_path / "images" / "train" / "17").mkdir(parents=True)
    for place in (0, 1):
        (tmp_path / "images" / "train" / "17" / f"dev-850-0-img{place}.png").touch()
    assert [path.name for path in made.pictures(tmp_path / "images")] == [*made.images]
    (tmp_path / "images" / "dev").mkdir()
    (tmp_path / "images" / "dev" / "dev-850-0-img0.png").touch()
    with pytest.raises(SettingsError, match=r"two pictures dev-850-0-img0\.png"):
        made.pictures(tmp_path / "images")


# -- VSR


def test_vsr(tmp_path: Path) -> None:
    rows = [
        {"image": "1.jpg", "caption": "The cat is on the bed.", "label": 1, "relation": "on"},
        {"image": "1.jpg", "caption": "The cat is under the bed.", "label": 0, "relation": "under"},
    ]
    made = loaded(vsr.load, tmp_path, lines(rows), "dev.jsonl")
    assert [(one.id, one.answer, one.detailed) for one in made] == [
        ("0", "yes", "on"),
        ("1", "no", "under"),
    ]
    assert made[0].images == ("1.jpg",)
    assert made[0].text == "The cat is on the bed."


# -- RefCOCO


def test_refcoco_as_published(tmp_path: Path) -> None:
    refs = [
        {
            "ref_id": 1,
            "ann_id": 7,
            "image_id": 5,
            "split": "testA",
            "file_name": "COCO_train2014_000000000005_3.jpg",
            "sentences": [
                {"sent_id": 10, "sent": "left giraffe", "raw": "Left giraffe"},
                {"sent_id": 11, "sent": "the tall one"},
            ],
        }
    ]
    instances = {
        "images": [{"id": 5, "file_name": "COCO_train2014_000000000005.jpg", "width": 90}],
        "annotations": [{"id": 7, "bbox": [10, 20, 30, 40]}, {"id": 8, "bbox": [0, 0, 1, 1]}],
    }
    (tmp_path / "instances.json").write_text(json.dumps(instances))
    with pytest.raises(SettingsError, match="Convert it: python -c"):
        refcoco.load(tmp_path)
    (tmp_path / "refs.json").write_text(json.dumps(refs))
    first, second = refcoco.load(tmp_path)
    assert (first.id, second.id) == ("1-10", "1-11")
    assert (first.text, second.text) == ("Find the left giraffe.", "Find the tall one.")
    assert (first.kind, first.box, first.detailed) == ("box", (10, 20, 40, 60), "testA")
    assert first.images == ("COCO_train2014_000000000005.jpg",)
    assert refcoco.load(tmp_path, 1) == [first]
    (tmp_path / "refs.json").write_text(json.dumps([{**refs[0], "split": "train"}]))
    with pytest.raises(SettingsError, match="no questions"):
        refcoco.load(tmp_path)
    refs[0]["ann_id"] = 9
    (tmp_path / "refs.json").write_text(json.dumps(refs))
    with pytest.raises(SettingsError, match="it has no 9"):
        refcoco.load(tmp_path)


def test_refcoco_as_images_with_captions(tmp_path: Path) -> None:
    made: dict[str, list[dict[str, Any]]] = {
        "images": [
            {"id": n, "file_name": "a.jpg", "caption": text, "width": 50, "height": 60}
            for n, text in enumerate(("left cat", "right cat"))
        ],
        "annotations": [{"image_id": n, "bbox": [n, 2, 3, 4]} for n in (1, 0)],
    }
    first, second = loaded(refcoco.load, tmp_path, made)
    assert (first.box, second.box) == ((0, 2, 3, 6), (1, 2, 4, 6))
    assert second.meta["expression"] == "right cat"
    made["annotations"].append(made["annotations"][0])
    with pytest.raises(SettingsError, match="image 1 has 2 boxes"):
        loaded(refcoco.load, tmp_path, made)


@pytest.mark.parametrize(
    ("row", "box"),
    [
        ({"image": "a", "sentence": "cat", "bbox": [10, 20, 30, 40]}, (10, 20, 40, 60)),
        ({"image": "a", "sentence": "cat", "box": [10, 20, 30, 40]}, (10, 20, 30, 40)),
        ({"img_path": "x/a", "expression": "cat", "bbox": [10, 20, 30, 40]}, (10, 20, 30, 40)),
        ({"image": "a", "sent": "cat", "bbox": [10, 20, 30, 40]}, (10, 20, 30, 40)),
        (
            {"image": "a", "sent": "cat", "bbox": [1, 2, 3, 4], "bbox_format": "xywh"},
            (1, 2, 4, 6),
        ),
    ],
)
def test_refcoco_as_rows(tmp_path: Path, row: dict[str, Any], box: tuple[float, ...]) -> None:
    (made,) = loaded(refcoco.load, tmp_path, lines([row]), "q.jsonl")
    assert (made.box, made.images, made.text) == (box, ("a",), "Find the cat.")


def test_refcoco_rows_of_several_sentences(tmp_path: Path) -> None:
    rows = [
        {
            "question_id": "469306",
            "file_name": "COCO_train2014_000000296747_0.jpg",
            "answer": ["plane in front", "a jet"],
            "bbox": [4, 3, 2, 1],
        },
        {"question_id": "2", "file_name": "b.jpg", "answer": ["the sky"], "bbox": [4, 3, 2, 1]},
    ]
    made = loaded(refcoco.load, tmp_path, rows)
    assert [one.id for one in made] == ["469306-0", "469306-1", "2"]
    assert [one.text for one in made][1:] == ["Find a jet.", "Find the sky."]
    assert made[0].images == ("COCO_train2014_000000296747.jpg",)


# -- What'sUp

CAPTIONS = ["A mug on a table.", "A mug under a table", "A mug left of a table"]
CAPTIONS.append("A mug right of a table")


def test_whatsup(tmp_path: Path) -> None:
    rows = [
        {
            "image_path": f"data/controlled_images/mug_{where}_table.jpeg",
            "caption_options": CAPTIONS[n:] + CAPTIONS[:n],
        }
        for n, where in enumerate(("on", "under", "left_of", "right_of"))
    ]
    made = loaded(whatsup.load, tmp_path, rows)
    assert [one.answer for one in made] == [caption.rstrip(".") for caption in CAPTIONS]
    assert {one.options for one in made} == {made[0].options}  # their order tells nothing
    assert made[0].images == ("mug_on_table.jpeg",)
    assert [one.detailed for one in made] == ["on", "under", "left", "right"]
    assert all(f'"{option}"' in made[0].text for option in made[0].options)
    assert score(made[0], "A MUG on a table", "A MUG on a table").correct
    shares = together(made, {"0": True, "1": True, "2": True})
    assert shares["pair_accuracy"].rate == 0.5 and shares["set_accuracy"].rate == 0.0


@pytest.mark.parametrize(
    ("name", "image"), [("coco_qa_one_obj.json", "000000397133"), ("vg_qa_one_obj.json", "397133")]
)
def test_whatsup_as_lists(tmp_path: Path, name: str, image: str) -> None:
    rows = [[397133, "A dog to the left", "A dog to the right"]]
    (made,) = loaded(whatsup.load, tmp_path, rows, name)
    assert (made.images, made.answer, made.meta) == ((image,), "A dog to the left", {})


# -- CLEVR and Omni3D-Bench


def test_clevr(tmp_path: Path) -> None:
    program = [{"function": "scene", "inputs": []}, {"function": "count", "inputs": [0]}]
    row = {"image_filename": "CLEVR_val_000000.png", "question": "How many?", "answer": "3"}
    rows = [
        {**row, "question_index": 4, "program": program},
        {**row, "question_index": 5, "answer": True, "program": [{"type": "exist"}]},
        {**row, "question_index": 6, "answer": "cube"},
    ]
    made = loaded(clevr.load, tmp_path, {"info": {}, "questions": rows})
    assert [(one.id, one.answer, one.kind, one.detailed) for one in made] == [
        ("4", "3", "int", "count"),
        ("5", "yes", "str", "exist"),
        ("6", "cube", "str", ""),
    ]
    assert [one.structural for one in made] == ["query", "verify", "query"]
    del row["answer"]
    with pytest.raises(SettingsError, match="test split"):
        loaded(clevr.load, tmp_path, {"questions": [row]})


def test_omni3d(tmp_path: Path) -> None:
    row = {"image_index": "91.1_4.jpg", "image_filename": "91.1_4.jpg", "question": "How high?"}
    rows = [
        {**row, "question_index": 0, "answer": 2.5, "answer_type": "float"},
        {**row, "question_index": 1, "answer": "3", "answer_type": "int"},
        {**row, "question_index": 2, "answer": "yes", "answer_type": "str"},
        {**row, "question_index": 0, "image_index": "b", "answer": "bed", "answer_type": "str"},
    ]
    made = loaded(omni3d.load, tmp_path, {"questions": rows})
    assert [one.detailed for one in made] == ["number", "count", "yes or no", "choice"]
    assert [one.balanced for one in made] == [False, True, True, True]
    assert len({one.id for one in made}) == 4
    assert score(made[0], "2.7", 2.7).correct
    wrong = score(made[0], "1.5", 1.5)  # two points would be near for a percentage, not here
    assert not wrong.correct and wrong.score == pytest.approx(0.2)


# -- a task of one's own


def test_custom(tmp_path: Path) -> None:
    rows = [
        {"question": "Is it?", "image": "a.png", "answer": True},
        {"question": "Wo?", "images": ["a.png", "b"], "answer": "Köln", "options": ["köln", "Ulm"]},
        {"question": "How many?", "image": 7, "answer": 3, "id": "n", "type": "count"},
        {"question": "How far?", "image": "a", "answer": 2.0, "tolerance": 0.5},
        {"question": "Where?", "image": "a", "box": [1, 2, 3, 4]},
    ]
    made = loaded(custom.load, tmp_path, lines(rows), "mine.jsonl")
    assert [one.kind for one in made] == ["str", "str", "int", "float", "box"]
    assert [one.id for one in made] == ["0", "1", "n", "3", "4"]
    assert (made[0].answer, made[2].detailed, made[2].images) == ("yes", "count", ("7",))
    assert made[1].images == ("a.png", "b")
    assert score(made[3], "2.5", 2.5).correct and not score(made[3], "2.6", 2.6).correct
    assert [one.balanced for one in made] == [True, True, True, False, False]


def test_the_rows_of_the_docs(tmp_path: Path) -> None:
    page = Path(__file__).parent.parent / "docs" / "evaluation-formats.md"
    block = page.read_text("utf-8").rpartition("## A task of your own")[2].split("```")[1]
    made = loaded(custom.load, tmp_path, block.strip(), "mine.jsonl")
    assert [one.kind for one in made] == ["int", "str", "str", "float", "box", "str"]


OWN = {"question": "Is it?", "image": "a", "answer": "yes"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**OWN, "picture": "a"}, "unknown 'picture'"),
        ({**OWN, "question": " "}, "question is empty"),
        ({"image": "a", "answer": "yes"}, "it has no 'question'"),
        ({"question": "?", "answer": "yes"}, "it has no 'image or images'"),
        ({**OWN, "images": ["a"]}, "want image, or a list"),
        ({"question": "?", "images": "a", "answer": "yes"}, "want image, or a list"),
        ({"question": "?", "images": [], "answer": "yes"}, "want image, or a list"),
        ({"question": "?", "image": "a"}, "it has no 'answer'"),
        ({**OWN, "answer": ["yes"]}, "want one answer"),
        ({**OWN, "question": "Is \ud800 it?"}, "surrogates not allowed"),
        ({**OWN, "answer": " "}, "its answer is empty"),
        ({**OWN, "box": [1, 2, 10**400, 4]}, "want answerBox"),
        ({**OWN, "answer": None}, "it has no 'answer'"),
        ({**OWN, "kind": "float"}, "'yes' is no number"),
        ({**OWN, "kind": "mood"}, "answerType 'mood'"),
        ({**OWN, "kind": "box"}, "want answerBox"),
        ({**OWN, "box": [1, 2, 0, 4]}, "ends before it begins"),
        ({**OWN, "box": [1, 2, float("nan"), 4]}, "want answerBox"),
        ({**OWN, "options": ["no", "maybe"]}, "none of its options"),
        ({**OWN, "options": "yes"}, "want options as a list"),
        ({**OWN, "tolerance": 2}, "a tolerance is of kind float"),
        ({**OWN, "answer": 2.5, "tolerance": "much"}, "want a tolerance such as 2 or 10%"),
        ({**OWN, "answer": float("inf")}, "inf is no number"),
        ({**OWN, "balanced": "no"}, "want balanced true or false"),
        ("yes", "want an object, got str"),
        (["yes"], "want an object, got list"),
    ],
)
def test_custom_rows_that_are_wrong(tmp_path: Path, row: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=r"row 0 is not in the form of a task.*") as error:
        loaded(custom.load, tmp_path, lines([row]), "q.jsonl")
    assert message in str(error.value)


# -- what all share

GOOD: list[tuple[Load, Any]] = [
    (nlvr2.load, PAIRS[0]),
    (vsr.load, {"image": "1", "caption": "It is.", "label": 1}),
    (refcoco.load, {"image": "a", "sentence": "cat", "bbox": [10, 20, 30, 40]}),
    (whatsup.load, {"image_path": "a", "caption_options": ["on", "in"]}),
    (clevr.load, {"image_filename": "a", "question": "?", "answer": "3"}),
    (omni3d.load, {"image_filename": "a", "question": "?", "answer": 3, "answer_type": "int"}),
    (custom.load, OWN),
]


@pytest.mark.parametrize(("load", "row"), GOOD)
def test_files_come_in_several_forms(tmp_path: Path, load: Load, row: dict[str, Any]) -> None:
    (made,) = loaded(load, tmp_path, [row])
    assert loaded(load, tmp_path, lines([row, {}])[:-3], "a.jsonl") == [made]
    assert loaded(load, tmp_path, "\ufeff\n" + lines([row]) + "\n\n", "a.jsonl") == [made]
    second = {"identifier": "dev-1-1-1"} if "identifier" in row else {}
    many = loaded(load, tmp_path, lines([row, {**row, **second}]), "lines.json")
    assert many[0] == made and len(many) == 2
    assert load(tmp_path / "lines.json", 1) == [made]
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "part_10.jsonl").write_text(lines([{**row, **second}]))
    (folder / "part_9.jsonl").write_text(lines([row]))
    (folder / ".part_1.jsonl").write_text("hidden")
    assert load(folder) == many


@pytest.mark.parametrize(("load", "row"), GOOD)
def test_rows_that_lack_something(tmp_path: Path, load: Load, row: dict[str, Any]) -> None:
    for key in row:
        if key not in ("left_url", "answer_type", "relation"):
            for content in ({name: row[name] for name in row if name != key}, {**row, key: {}}):
                with pytest.raises(SettingsError, match="row 1 is not in the form of"):
                    loaded(load, tmp_path, [row, content])


KEYS = st.sampled_from(
    [
        *sorted({key for _, row in GOOD for key in row}),
        *("images", "annotations", "questions", "sentences", "options", "box", "id", "program"),
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(("load", "row"), [*GOOD, (load_questions, {"a": gqa("yes")})])
@given(data=st.data())
def test_whatever_a_file_holds_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, load: Load, row: dict[str, Any], data: Any
) -> None:
    key = data.draw(st.sampled_from(sorted(row)) | KEYS)
    mutated = {**row, key: data.draw(ANYTHING)}
    content = data.draw(
        st.sampled_from([[row, mutated], mutated, {"questions": [mutated]}]) | ANYTHING
    )
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    try:
        made = loaded(load, folder, content)
    except SettingsError:
        return
    assert all(isinstance(one.text, str) and one.images for one in made)
    assert all(score(one, one.answer, one.answer).correct for one in made if one.kind != "box")


@pytest.mark.parametrize(("load", "row"), GOOD)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "no questions in"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("3", "want a list of rows"),
        ('{"a": 3}\n{"b"', "not JSON"),
        ("null", "want a list of rows"),
    ],
)
def test_files_that_hold_no_rows(
    tmp_path: Path, load: Load, row: dict[str, Any], content: str, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        loaded(load, tmp_path, content)
    with pytest.raises(SettingsError, match=r"No such file|no \.json"):
        load(tmp_path / "not there.json")
    (tmp_path / "q.parquet").write_bytes(b"PAR1")
    with pytest.raises(SettingsError, match="not from a parquet table"):
        load(tmp_path / "q.parquet")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"sentence": "cat", "bbox": [0.1, 0.2, 0.3, 0.4]}, "got fractions"),
        ({"sentence": "cat", "bbox": [10, 20, -3, 4]}, "ends before it begins"),
        ({"sentence": "cat", "bbox": [10, 20, 3]}, "want bbox"),
        ({"sentence": "cat", "bbox": [10, 20, 95, 4], "width": 100, "height": 90}, "not in its"),
        ({"sentence": "cat", "bbox": [1, 2, 3, 4], "bbox_format": "yx"}, "bbox_format"),
        ({"sentences": [], "bbox": [1, 2, 3, 4]}, "want a sentence"),
    ],
)
def test_boxes_that_are_none(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        loaded(refcoco.load, tmp_path, [{"image": "a", **row}])


def test_a_pickle_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "refs(unc).p").write_bytes(b"cos\nsystem\n(S'exit 3'\ntR.")
    with pytest.raises(SettingsError, match="a pickle, which is code"):
        refcoco.load(tmp_path / "refs(unc).p")
