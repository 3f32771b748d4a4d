"""Questions of a benchmark are read, found with their pictures, and their answers are scored."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.eval_questions import PICTURE, QUESTIONS, question
from visprog.errors import SettingsError
from visprog.eval.parquet import extract_pictures
from visprog.eval.questions import Question, load_choices, load_questions
from visprog.eval.results import Outcome, Result
from visprog.eval.scoring import iou, normal, relative_accuracy, score, tolerance
from visprog.values import Region


def asked(answer: str = "yes", **more: Any) -> Question:
    return Question("a", ("1",), "Is there a dog?", answer, **more)


def test_what_gqa_says_of_a_question(tmp_path: Path) -> None:
    raw = question(
        "no",
        types={"structural": "verify", "semantic": "obj", "detailed": "exist"},
        groups={"global": None, "local": "06-dog"},
        entailed=["b", "c"],
        choices=["yes", "no"],
    )
    (tmp_path / "q.json").write_text(json.dumps({"a": raw}))
    (made,) = load_questions(tmp_path / "q.json")
    assert (made.structural, made.semantic, made.detailed) == ("verify", "obj", "exist")
    assert (made.group_global, made.group_local, made.entailed) == (None, "06-dog", ("b", "c"))
    assert (made.options, made.words, made.images) == (("yes", "no"), 4, ("1",))


@pytest.mark.parametrize(
    ("steps", "counted"),
    [
        ([("select", "dog (1)"), ("exist", "?")], 1),
        ([("select", "dog (1)"), ("query", "name"), ("query", "color")], 2),
        ([("select", "dog (1)"), ("choose name", "dog|cat")], 1),
        ([("relate", "dog,existing,s (1)")], 0),  # the text is looked at, not the operation
        ([], 0),
    ],
)
def test_steps_are_counted_as_gqa_does(steps: list[tuple[str, str]], counted: int) -> None:
    program = tuple({"operation": name, "argument": text} for name, text in steps)
    assert asked(program=program).steps == counted


def test_questions_come_in_a_folder_of_chunks_and_in_lines(tmp_path: Path) -> None:
    first, second = dict([*QUESTIONS.items()][:2]), dict([*QUESTIONS.items()][2:])
    (tmp_path / "all_10.json").write_text(json.dumps(second))
    (tmp_path / "all_9.json").write_text(json.dumps(first))
    assert [q.id for q in load_questions(tmp_path)] == list(QUESTIONS)
    assert [q.id for q in load_questions(tmp_path, 3)] == list(QUESTIONS)[:3]
    rows = [json.dumps({"questionId": name, **raw}) for name, raw in QUESTIONS.items()]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows) + "\n")
    assert [q.id for q in load_questions(tmp_path / "rows.jsonl")] == list(QUESTIONS)
    (tmp_path / "all_10.json").write_text(json.dumps(first))
    (tmp_path / "rows.jsonl").unlink()
    with pytest.raises(SettingsError, match="two have the id 'right'"):
        load_questions(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("{}", "no questions in"),
        ("3", "want an object or a list"),
        ('{"a": {}}', "a is not in GQA's form: KeyError: 'imageId'"),
        (json.dumps({"a": question("x", answerType="mood")}), "answerType 'mood'"),
        (json.dumps({"a": question("box", answerType="box")}), "want answerBox"),
        (json.dumps({"a": question("box", answerBox="abcd")}), "want answerBox"),
        (json.dumps({"a": question("yes", types="verify")}), "AttributeError"),
        (json.dumps({"a": question("\udcff")}), "surrogates not allowed"),
        (json.dumps({"a": question("yes", isBalanced="no")}), "isBalanced true or false"),
        (json.dumps({"a": question("yes", semantic="select: dog")}), "list of steps"),
        (json.dumps({"a": question("yes", entailed="b and c")}), "list of ids"),
        (json.dumps({"a": question("yes", entailed=3)}), "TypeError"),
        (json.dumps({"a": question("yes", groups={"global": ["dog"]})}), "the global group as a"),
        (json.dumps({"a": question("yes", groups="dog")}), "AttributeError"),
        ('{"a": 1, "a": 2}', "two values have the key 'a'"),
        (json.dumps({"a": question("many", answerType="int")}), "'many' is no number"),
        (json.dumps({"a": {"imageId": "1", "question": "?"}}), "such as a test split"),
        (json.dumps({"a": question("box", answerType="box", answerBox=[3, 0, 1, 1])}), "ends bef"),
    ],
)
def test_files_that_hold_no_questions(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "q.json").write_text(content)
    with pytest.raises(SettingsError, match=message):
        load_questions(tmp_path / "q.json")


def test_a_file_or_questions_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load_questions(tmp_path / "q.json")
    with pytest.raises(SettingsError, match=r"no \.json, \.jsonl or \.parquet"):
        load_questions(tmp_path)


@pytest.mark.parametrize(
    "content",
    ["[]", '{"a": 3}', '{"a": {"valid": "yes"}}', '{"a": {"valid": [3]}}', '{"a": {}, "a": {}}'],
)
def test_files_that_are_no_choices(tmp_path: Path, content: str) -> None:
    (tmp_path / "c.json").write_text(content)
    with pytest.raises(SettingsError, match="choices"):
        load_choices(tmp_path / "c.json")


def test_pictures_are_found_by_their_names(tmp_path: Path) -> None:
    for name in ("1.png", "2.jpeg"):
        (tmp_path / name).touch()
    made = Question("a", ("1", "2.jpeg"), "?", "yes").pictures(tmp_path)
    assert made == (tmp_path / "1.png", tmp_path / "2.jpeg")
    with pytest.raises(SettingsError, match=r"no picture 3\.jpg \(or \.png \.\.\.\)"):
        Question("a", ("3",), "?", "yes").pictures(tmp_path)
    with pytest.raises(SettingsError, match="no picture"):
        Question("a", ("x" * 300,), "?", "yes").pictures(tmp_path)
    (tmp_path.parent / "out.jpg").touch()
    (tmp_path / "link.jpg").symlink_to(tmp_path.parent / "out.jpg")  # as caches of data sets have
    assert Question("a", ("link",), "?", "yes").pictures(tmp_path) == (tmp_path / "link.jpg",)
    with pytest.raises(SettingsError, match="outside"):
        Question("a", ("../out.jpg",), "?", "yes").pictures(tmp_path)


def test_pictures_lie_in_folders_inside(tmp_path: Path) -> None:
    for place in ("a/1.jpg", "a/b/2.png", "c/2.jpg", "c/3.jpg", "d/3.jpg", "a/b/c/d/4.jpg"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()

    def found(name: str) -> str:
        (path,) = Question("a", (name,), "?", "yes").pictures(tmp_path)
        return str(path.relative_to(tmp_path))

    assert [found("1"), found("1.jpg"), found("a/1")] == ["a/1.jpg", "a/1.jpg", "a/1.jpg"]
    assert found("2.png") == "a/b/2.png"
    for name in ("2", "3", "3.jpg"):
        with pytest.raises(SettingsError, match="two pictures"):
            found(name)
    for name in ("b/1", "b/1.jpg", "4"):  # a path is looked for as it is; too deep
        with pytest.raises(SettingsError, match="no picture"):
            found(name)
    (tmp_path / "3.jpg").touch()
    assert found("3") == "3.jpg"


# -- parquet


def test_gqa_comes_as_parquet(tmp_path: Path) -> None:
    rows = [
        {
            "id": name,
            "imageId": "n1",
            "question": "Is there a dog?",
            "answer": "yes",
            "isBalanced": True,
            "groups": {"global": None, "local": "x"},
            "entailed": "['1', '05515938']",
            "types": {"structural": "verify", "semantic": "obj", "detailed": "exist"},
            "semantic": [{"operation": "exist", "argument": "?", "dependencies": [0]}],
        }
        for name in ("b", "a")
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "q-00000.parquet")
    for path in (tmp_path, tmp_path / "q-00000.parquet"):
        made = load_questions(path)
        assert [one.id for one in made] == ["b", "a"]
        assert made[0].entailed == ("1", "05515938")
        assert (made[0].structural, made[0].steps, made[0].images) == ("verify", 0, ("n1",))


JPEG = b"\xff\xd8\xff\xe0 and so on"


def test_pictures_come_out_of_parquet_once(tmp_path: Path) -> None:
    rows = [{"id": f"n{n}", "image": {"bytes": JPEG, "path": None}} for n in range(3)]
    table = tmp_path / "tables"
    table.mkdir()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), table / "images.parquet")
    into = extract_pictures(table, {"n0", "n2", "n9"}, tmp_path / "images")
    assert sorted(path.name for path in into.iterdir()) == ["n0.jpg", "n2.jpg"]
    (table / "images.parquet").write_bytes(b"not a table")
    extract_pictures(table, {"n0"}, into)  # nothing is missing
    with pytest.raises(SettingsError, match="not a parquet table"):
        extract_pictures(table, {"n1"}, into)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "n1", "image": {"bytes": b"MZ", "path": None}}, "no JPEG, PNG or WebP"),
        ({"id": "../n1", "image": {"bytes": JPEG, "path": None}}, "cannot be the name"),
        ({"id": "n1", "picture": "x"}, "image"),
    ],
)
def test_tables_that_hold_no_pictures(tmp_path: Path, row: Any, message: str) -> None:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row]), tmp_path / "i.parquet")
    with pytest.raises(SettingsError, match=message):
        extract_pictures(tmp_path, {"n1", "../n1"}, tmp_path / "images")


# -- scoring


@pytest.mark.parametrize(
    ("kind", "truth", "text", "value", "correct"),
    [
        ("str", "yes", "True", True, True),
        ("str", "dark blue", " Dark  Blue. ", "dark blue", True),
        ("str", "yes", "", None, False),
        ("int", "2", "2", 2, True),
        ("int", "2", "2.0", 2.0, True),
        ("int", "2", "3", 3, False),
        ("int", "1", "yes", True, False),
        ("float", "24.5", "26.4 %", 26.4, True),
        ("float", "24.5", "26.6", 26.6, False),
        ("float", "24.5", "about 24", "about 24", False),
        ("float", "24.5", "24.5%", "24.5%", True),
        ("float", "1", "yes", True, False),
        ("float", "0.5", ".5", ".5", True),
        ("float", "2", "nan", float("nan"), False),
        ("str", "A Dog.", "a dog", "a dog", True),
    ],
)
def test_score(kind: str, truth: str, text: str, value: object, correct: bool) -> None:
    assert score(asked(truth, kind=kind), text, value).correct is correct


@pytest.mark.parametrize(
    ("allowed", "given", "correct"),
    [("0.5", 10.5, True), ("0.5", 10.6, False), ("10%", 11, True), ("10%", 11.1, False)],
)
def test_how_far_a_number_may_be_off(allowed: str, given: float, correct: bool) -> None:
    one = asked("10", kind="float", meta={"tolerance": allowed})
    assert score(one, str(given), given).correct is correct


@pytest.mark.parametrize("text", ["", "%", "-1", "10 percent", "1e3"])
def test_tolerances_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="want a tolerance"):
        tolerance(text, 1.0)


def test_a_box_is_right_from_half_its_union() -> None:
    region, wanted = Region(PICTURE, (0, 0, 10, 4.9), "dog"), asked(kind="box", box=(0, 0, 10, 10))
    made = score(wanted, "dog", region)
    assert not made.correct and made.score == made.iou == pytest.approx(0.49)
    assert score(wanted, "dog", None).iou == 0.0
    whole = Region(PICTURE, (0, 0, 10, 10), "dog")
    assert score(wanted, "dog", [whole]).iou == 1.0  # of a list of one, that one
    assert score(wanted, "dogs", [whole, whole]).iou == 0.0
    assert iou((0, 0, 1, 1), (0, 0, 1, 1)) == 1.0
    assert iou((0, 0, 0, 0), (0, 0, 1, 1)) == 0.0


@pytest.mark.parametrize(
    ("given", "wanted", "accuracy"),
    [(10, 10, 1.0), (10.4, 10, 1.0), (10.6, 10, 0.9), (13, 10, 0.4), (20, 10, 0.0), (0, 0, 1.0)],
)
def test_relative_accuracy(given: float, wanted: float, accuracy: float) -> None:
    assert relative_accuracy(given, wanted) == pytest.approx(accuracy)


def test_normal() -> None:
    assert normal(" Yes.\n") == "yes"
    assert normal("False") == "no"
    assert normal("e.g. . .") == "e.g"
    assert normal("\u00a0Caf\u00c9\u2003AU  lait.") == "caf\u00e9 au lait"


@given(st.text(st.characters(codec="utf-8") | st.sampled_from(" .TtrueFalse\u0130\u1e9e")))
def test_what_is_normal_stays_as_it_is(text: str) -> None:
    assert normal(normal(text)) == normal(text)


def forms(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """A question as files write it otherwise."""
    texts = [f"[{', '.join(map(repr, raw['entailed']))}]", json.dumps(raw["entailed"])]
    made = [{**raw, "entailed": text} for text in texts]
    if raw["groups"] == {"global": None, "local": None}:
        made += [{**raw, "groups": None}, {key: raw[key] for key in raw if key != "groups"}]
    return made


@given(
    st.lists(st.text("ab0123", min_size=1, max_size=3), max_size=4),
    st.sampled_from([None, "dog"]),
    st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip),
)
def test_a_question_is_the_same_however_a_file_writes_it(
    entailed: list[str], group: str | None, answer: str
) -> None:
    raw = question(answer, entailed=entailed, groups={"global": group, "local": group})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "q.jsonl"
        rows = [{"questionId": str(n), **one} for n, one in enumerate([raw, *forms(raw)])]
        path.write_text("\n".join(map(json.dumps, rows)))
        first, *others = load_questions(path)
    assert (first.entailed, first.group_global, first.answer) == (tuple(entailed), group, answer)
    assert [replace(one, id="0") for one in others] == [first] * len(others)


def test_a_question_without_types_has_none(tmp_path: Path) -> None:
    raw = question("yes", types=None, groups=None, entailed=None, semantic=None)
    (tmp_path / "q.json").write_text(json.dumps({"a": raw}))
    (made,) = load_questions(tmp_path / "q.json")
    assert (made.structural, made.semantic, made.detailed, made.steps) == ("", "", "", 0)
    assert (made.entailed, made.group_global, made.balanced) == ((), None, True)


@pytest.mark.parametrize(
    ("kind", "text", "prediction"),
    [("int", "3.0", "3"), ("int", "3", "3"), ("int", "three", "three"), ("float", "3.0", "3.0")],
)
def test_a_count_is_predicted_as_a_whole_number(kind: str, text: str, prediction: str) -> None:
    made = Result.of(asked("3", kind=kind), Outcome("answered", text, text))
    assert made.prediction == prediction
