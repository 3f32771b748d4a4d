"""Questions in GQA's form, and answers to them, for tests of the evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from visprog.eval.questions import Question
from visprog.eval.results import Outcome
from visprog.values import Image, Region

PICTURE = Image(np.zeros((20, 20, 3), np.uint8), "1")


def question(answer: str, **more: Any) -> dict[str, Any]:
    semantic = [
        {"operation": "select", "argument": "dog (1)", "dependencies": []},
        {"operation": "exist", "argument": "?", "dependencies": [0]},
    ]
    return {
        "imageId": "1",
        "question": "Is there a dog?",
        "answer": answer,
        "isBalanced": True,
        "types": {"detailed": "exist"},
        "semantic": semantic,
        **more,
    }


QUESTIONS = {
    "right": question("yes"),
    "wrong": question("no"),
    "abstains": question("yes", types={"detailed": "existC"}),
    "fails": question("yes"),
    "area": question("24.5", answerType="float", isBalanced=False),
    "box": question("box", answerType="box", answerBox=[0, 0, 10, 10], isBalanced=False),
    "nowhere": question("yes", imageId="2"),
}


def solve(asked: Iterable[Question]) -> Iterator[Outcome]:
    return map(outcome_of, asked)


def outcome_of(asked: Question) -> Outcome:
    answers = {
        "right": Outcome("answered", "Yes.", True, program="return True"),
        "wrong": Outcome("answered", "yes", True, program="return True"),
        "abstains": Outcome("abstained", reason="too dark"),
        "area": Outcome("answered", "26.1", 26.1),
        "box": Outcome("answered", "dog", Region(PICTURE, (0, 0, 10, 8), "dog")),
    }
    failed = Outcome("failed", reason="PlanError: no program", error="PlanError")
    return answers.get(asked.id, failed)
