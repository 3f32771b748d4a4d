"""Results of questions, made up, for tests of the reports of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from visprog.eval.questions import Question
from visprog.eval.results import Result


def result(name: str, correct: bool = True, **more: Any) -> Result:
    """An answered question; `more`: what is other than usual."""
    given: dict[str, Any] = {
        "id": name,
        "images": ("1",),
        "question": f"Is it {name}?",
        "kind": "str",
        "structural": "verify",
        "semantic": "obj",
        "detailed": "exist",
        "steps": 2,
        "words": 3,
        "balanced": True,
        "truth": "yes",
        "answer": "yes" if correct else "no",
        "status": "answered",
        "reason": "",
        "failure": "",
        "correct": correct,
        "score": float(correct),
        "iou": None,
        "valid": None,
        "plausible": None,
        "seconds": 0.5,
        "plan_seconds": 0.3,
        "calls": 2,
        "cached": 1,
        "tokens": 0,
        "cost": 0.0,
        "repaired": 0,
        "mode": "whole",
        "program": 'return exists(detect(image, "dog"))\n',
        "tools": {"detect": 0.2},
        "value": None,
    }
    return Result(**{**given, **more})


def abstained(name: str, **more: Any) -> Result:
    given = {"status": "abstained", "failure": "abstained", "answer": "", "reason": "too dark"}
    return result(name, False, **{**given, **more})


def failed(name: str, failure: str = "runtime", **more: Any) -> Result:
    given = {"status": "failed", "answer": "", "reason": f"ToolError: {failure}"}
    return result(name, False, **{**given, "failure": failure, **more})


def question(made: Result, **more: Any) -> Question:
    """The question of a result."""
    given = {
        "id": made.id,
        "images": made.images,
        "text": made.question,
        "answer": made.truth,
        "kind": made.kind,
        "structural": made.structural,
        "semantic": made.semantic,
        "detailed": made.detailed,
        "balanced": made.balanced,
    }
    return Question(**{**given, **more})


def questions(results: Sequence[Result]) -> list[Question]:
    return [question(made) for made in results]


def mixed() -> dict[str, list[Result]]:
    """Columns over eight questions, two of which are not balanced: programs are right on four."""
    program = [
        result("a", program="return True\n"),
        result("b", structural="query", detailed="query", repaired=1),
        result("c", False),
        abstained("d"),
        failed("e", "timeout", cost=None),
        failed("f", "parse", program="return ("),
        result("g", kind="float", detailed="area", balanced=False, score=0.9, structural=""),
        result("h", False, kind="box", detailed="box", balanced=False, iou=0.25, score=0.25),
    ]
    vqa = [result(one.id, one.id in "ac", detailed=one.detailed) for one in program]
    guess = [result(one.id, one.id in "abc", detailed=one.detailed) for one in program]
    unbalanced = {one.id for one in program if not one.balanced}
    columns = {"program": program, "vqa": vqa, "guess": guess}
    return {
        name: [replaced(one, balanced=one.id not in unbalanced) for one in made]
        for name, made in columns.items()
    }


def replaced(made: Result, **changes: Any) -> Result:
    from dataclasses import replace

    return replace(made, **changes)
