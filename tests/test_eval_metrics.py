"""GQA's official metrics, against their definition written once more, plainly."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.eval.metrics import official, sampled, vqa_normal
from visprog.eval.questions import Question

ANSWERS = ["yes", "no", "red", "color"]


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
            structural=draw(st.sampled_from(["query", "verify", "choose"])),
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


def test_equality_is_plain() -> None:
    asked = [Question("a", ("1",), "?", "yes")]
    assert official(asked, {"a": "Yes"}).accuracy.rate == 0.0


def test_at_most_so_many_of_each_type_are_drawn() -> None:
    asked = [Question(str(n), ("1",), "?", "yes", detailed="ab"[n % 3 == 0]) for n in range(30)]
    made = sampled(asked, 4, seed=1)
    assert [q.detailed for q in made].count("a") == [q.detailed for q in made].count("b") == 4
    assert made == sampled(asked, 4, seed=1) != sampled(asked, 4, seed=2)
    assert [int(q.id) for q in made] == sorted(int(q.id) for q in made)
    assert sampled(asked, 100, seed=1) == asked


@pytest.mark.parametrize(
    ("text", "plain"),
    [("The dog.", "dog"), ("Two", "2"), ("a t-shirt", "t shirt"), ("don't know", "don't know")],
)
def test_the_normalisation_of_the_vqa_challenge(text: str, plain: str) -> None:
    assert vqa_normal(text) == plain
