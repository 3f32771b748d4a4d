"""GQA's official metrics, against their definition written once more, plainly."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.eval.metrics import official, sampled, together, vipergpt_right, vqa_normal
from visprog.eval.questions import Question
from visprog.eval.scoring import normal

ANSWERS = ["yes", "no", "red", "color", "caf\u00e9", "\u6570"]
ODD = ["Red", "red.", "TRUE", "t-shirt ", "Caf\u00c9", "..", "3.0"]  # as other files may have them


@st.composite
def sets(draw: Any) -> tuple[list[Question], dict[str, str], dict[str, Any]]:
    """Questions, predictions and choices."""
    names = [f"q{n}" for n in range(draw(st.integers(1, 12)))]
    text = st.sampled_from(ANSWERS)
    questions = [
        Question(
            name,
            ("1",),
            " ".join(["word"] * draw(st.integers(1, 3))),
            draw(text),
            structural=draw(st.sampled_from(["query", "verify", "choose", ""])),
            semantic=draw(st.sampled_from(["attr", "obj"])),
            detailed=draw(st.sampled_from(["exist", "twoCommon"])),
            balanced=draw(st.booleans()),
            group_global=draw(st.sampled_from([None, "thing", "animal"])),
            entailed=tuple(draw(st.lists(st.sampled_from([*names, "absent"]), max_size=4))),
            program=tuple({"operation": op, "argument": "x"} for op in draw(OPERATIONS)),
        )
        for name in names
    ]
    predictions = {name: draw(text) for name in names if draw(st.booleans())}
    lists = st.lists(text, max_size=3)
    choices = {name: {"valid": draw(lists), "plausible": draw(lists)} for name in names}
    return questions, predictions, choices


OPERATIONS = st.lists(st.sampled_from(["select", "exist", "choose name", "query"]), max_size=3)


def mean(values: list[float]) -> float | None:
    return 100 * sum(values) / len(values) if values else None


def plainly(
    questions: list[Question], predictions: dict[str, str], choices: dict[str, Any] | None
) -> dict[str, Any]:
    """The definition, step by step."""
    by_id = {question.id: question for question in questions}
    scores: dict[str, list[float]] = defaultdict(list)
    tables: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    gold: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    seen: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for question in questions:
        if not question.balanced:
            continue
        predicted = predictions.get(question.id, "")
        right = float(predicted == question.answer)
        scores["accuracy"].append(right)
        scores["open" if question.structural == "query" else "binary"].append(right)
        steps = 0
        for step in question.program:
            said = f"{step['operation']}: {step['argument']}"
            if not ("exist" in said or "query: name" in said or "choose name" in said):
                steps += 1
        tables["accuracyPerSteps"][str(steps)].append(right)
        tables["accuracyPerLength"][str(len(question.text.split()))].append(right)
        tables["accuracyPerStructuralType"][question.structural].append(right)
        tables["accuracyPerSemanticType"][question.semantic].append(right)
        for key, name in (("valid", "validity"), ("plausible", "plausibility")):
            if choices is not None:
                listed = choices[question.id][key]
                if "Common" in question.detailed:
                    listed = ["color", "material", "shape"]
                scores[name].append(float(predicted in listed))
        if question.group_global is not None:
            gold[question.group_global][question.answer] += 1
            seen[question.group_global][predicted] += 1
        others = [e for e in question.entailed if e != question.id and e in by_id]
        if right and others:
            hits = [float(predictions.get(e, "") == by_id[e].answer) for e in others]
            scores["consistency"].append(sum(hits) / len(hits))
    total = weighted = 0.0
    for group, answers in gold.items():
        size = sum(answers.values())
        chi = 0.0
        for answer, count in answers.items():
            chi += (seen[group][answer] - count) ** 2 / count
        weighted += chi * size
        total += size
    names = ("accuracy", "open", "binary", "consistency", "validity", "plausibility")
    made: dict[str, Any] = {name: mean(scores[name]) for name in names}
    made["distribution"] = weighted / total / 100 if total else None
    made |= {name: {k: mean(v) for k, v in table.items()} for name, table in tables.items()}
    return made


@given(sets(), st.booleans())
def test_the_official_figures_are_their_definition(drawn: Any, with_choices: bool) -> None:
    questions, predictions, choices = drawn
    given = choices if with_choices else None
    made = official(questions, predictions, given).to_json()
    for name, wanted in plainly(questions, predictions, given).items():
        if isinstance(wanted, dict):
            assert made[name].keys() == wanted.keys()
            assert all(made[name][key] == pytest.approx(n, abs=1e-9) for key, n in wanted.items())
        elif wanted is None:
            assert made[name] is None  # not computed, which is not 0
        else:
            assert made[name] == pytest.approx(wanted, abs=1e-9)


@given(sets())
def test_right_predictions_are_perfect(drawn: Any) -> None:
    questions = drawn[0]
    figures = official(questions, {question.id: question.answer for question in questions})
    made = figures.to_json()
    assert made["distribution"] in (0.0, None)
    for name in ("accuracy", "open", "binary", "consistency"):
        assert made[name] in (100.0, None)
    assert made["validity"] is None  # no choices were given


@given(sets(), st.lists(st.sampled_from(ODD), min_size=12, max_size=12), st.booleans())
def test_right_predictions_are_perfect_however_the_file_writes_them(
    drawn: Any, answers: list[str], with_choices: bool
) -> None:
    asked = [replace(one, answer=text) for one, text in zip(drawn[0], answers, strict=False)]
    asked = [one for one in asked if normal(one.answer) and one.detailed != "twoCommon"]
    choices = {one.id: {"valid": [one.answer], "plausible": [one.answer]} for one in asked}
    right = {one.id: normal(one.answer) for one in asked}
    made = official(asked, right, choices if with_choices else None).to_json()
    assert made["distribution"] in (0.0, None)
    for name in ("accuracy", "open", "binary", "consistency", "validity", "plausibility"):
        assert made[name] in (100.0, None)
    some = with_choices and any(one.balanced for one in asked)
    assert (made["validity"] is not None) is some


@given(sets(), st.lists(st.sampled_from([*ODD, "yes"]), min_size=12, max_size=12))
def test_no_prediction_is_never_right(drawn: Any, answers: list[str]) -> None:
    asked = [replace(one, answer=text) for one, text in zip(drawn[0], answers, strict=False)]
    choices = {one.id: {"valid": [one.answer], "plausible": [""]} for one in asked}
    for none in ({}, {one.id: "" for one in asked}):
        made = official(asked, none, choices).to_json()
        assert made["consistency"] is None
        for name in ("accuracy", "validity", "plausibility"):
            assert made[name] in (0.0, None)


@given(sets(), st.randoms(use_true_random=False))
def test_the_order_of_questions_does_not_matter(drawn: Any, order: Any) -> None:
    questions, predictions, choices = drawn
    mixed = order.sample(questions, len(questions))
    first, second = (official(one, predictions, choices).to_json() for one in (questions, mixed))
    for name, value in first.items():
        assert second[name] == (value if value is None else pytest.approx(value, abs=1e-9))


def test_a_question_without_a_type_is_binary() -> None:
    made = official([Question("a", ("1",), "?", "yes")], {"a": "yes"})
    assert (made.binary.n, made.binary.rate, made.open.n) == (1, 1.0, 0)


def test_equality_is_plain() -> None:
    asked = [Question("a", ("1",), "?", "yes")]
    assert official(asked, {"a": "Yes"}).accuracy.rate == 0.0


def test_answers_that_a_file_writes_otherwise_are_compared_as_they_are_normalised() -> None:
    names = ["TV.", "TV.", "lamp"]
    asked = [
        Question(str(n), ("1",), "?", answer, group_global="thing")
        for n, answer in enumerate(names)
    ]
    for tv in ("TV.", "tv"):
        figures = official(asked, {"0": tv, "1": tv, "2": "lamp"})
        assert (figures.accuracy.rate, figures.distribution) == (1.0, 0.0)


def test_what_is_not_computed_is_not_zero() -> None:
    made = official(
        [Question("a", ("1",), "?", "yes", entailed=("a", "b"))], {"a": "yes"}
    ).to_json()
    absent = ("validity", "plausibility", "consistency", "distribution", "open")
    assert [made[name] for name in absent] == [None] * len(absent)
    assert official([], {}).to_json()["accuracy"] is None
    some = official([Question("a", ("1",), "?", "yes")], {}, {"b": {"valid": ["yes"]}})
    assert some.validity is not None and (some.validity.n, some.validity.rate) == (0, None)


def test_what_two_things_have_in_common_is_valid_whatever_is_listed() -> None:
    asked = [Question("a", ("1",), "?", "color", detailed="twoCommon")]
    choices = {"a": {"valid": ["red"], "plausible": []}}
    for answer, valid in (("shape", 1.0), ("material", 1.0), ("red", 0.0)):
        share = official(asked, {"a": answer}, choices).validity
        assert share is not None and share.rate == valid


def test_predictions_outside_a_group_are_not_looked_at() -> None:
    asked = [Question(str(n), ("1",), "?", "red", group_global="color") for n in range(4)]
    asked += [Question("b", ("1",), "?", "cat", group_global="animal")]
    given = {"0": "red", "1": "red", "2": "mauve", "3": "mauve", "b": "cat"}
    # (2 - 4)^2 / 4 = 1 of 4 questions, and 0 of one
    assert official(asked, given).distribution == pytest.approx(1 * 4 / 5 / 100, abs=1e-12)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12))
def test_statements_are_consistent_where_all_are_right(drawn: list[tuple[str, bool]]) -> None:
    asked = [
        Question(str(n), ("1", "2"), "?", "yes", meta={"statement": name})
        for n, (name, _) in enumerate(drawn)
    ]
    right = {str(n): hit for n, (_, hit) in enumerate(drawn)}
    made = together(asked, right)
    names = {name for name, _ in drawn}
    whole = [name for name in names if all(hit for one, hit in drawn if one == name)]
    if not names:
        assert made == {}
    else:
        share = made["statement_consistency"]
        assert (share.n, share.rate) == (len(names), len(whole) / len(names))


def test_at_most_so_many_of_each_type_are_drawn() -> None:
    asked = [Question(str(n), ("1",), "?", "yes", detailed="ab"[n % 3 == 0]) for n in range(30)]
    made = sampled(asked, 4, seed=1)
    assert [q.detailed for q in made].count("a") == [q.detailed for q in made].count("b") == 4
    assert made == sampled(asked, 4, seed=1) != sampled(asked, 4, seed=2)
    assert [int(q.id) for q in made] == sorted(int(q.id) for q in made)
    assert sampled(asked, 100, seed=1) == asked
    mixed = [replace(one, balanced=one.id in ("3", "4")) for one in asked]
    assert [one.id for one in sampled(mixed, 4, seed=1)] == ["3", "4"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The dog.", "dog"),
        ("Two", "2"),
        ("none", "0"),
        ("a t-shirt", "t shirt"),
        ("t-shirt - blue", "tshirt blue"),  # a mark beside a space leaves none anywhere
        ("red/blue", "red blue"),
        ("1,000 m", "1000 m"),
        ("3.5 m.", "3.5 m"),
        ("2:50 pm", "2:50 pm"),
        ("girl's 50%", "girl's 50%"),
        ("dont know", "don't know"),
        ("don't know", "don't know"),
        ("its", "its"),
        ("", ""),
    ],
)
def test_the_normalisation_of_the_vqa_challenge(text: str, plain: str) -> None:
    assert vqa_normal(text) == plain


def test_vipergpt_compares_with_the_answer_as_it_is() -> None:
    assert vipergpt_right("The dog", "dog")
    assert not vipergpt_right("t-shirt", "t-shirt")  # its normalisation makes it "t shirt"
    assert not vipergpt_right("", "")  # nothing was answered
