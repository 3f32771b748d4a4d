"""The record of a run: everything that an answer rests on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from visprog.execution import Step
from visprog.planning import Attempt, Round, Usage
from visprog.show import describe, printable, to_json
from visprog.tool import Model
from visprog.values import Image, Unknown, Value, Video

ANSWERED, ABSTAINED, FAILED = "answered", "abstained", "failed"
WHOLE, STEPWISE, DIRECT = "whole", "stepwise", "direct"


@dataclass(frozen=True)
class StepRecord:
    """A tool call that ended. `name`: the variable it was assigned to, if any; `value`: None where
    `error` says why; `seconds`: of the batch it ran in, 0 where the value was known already."""

    line: int
    name: str | None
    tool: str
    args: Mapping[str, Value]
    value: Value | None
    error: str
    model: Model
    seconds: float
    cached: bool
    notices: tuple[str, ...]

    @classmethod
    def of(cls, step: Step) -> StepRecord:
        asked = step.request
        return cls(
            asked.line,
            asked.name,
            asked.tool,
            asked.args,
            step.value,
            step.error,
            step.model,
            step.seconds,
            step.cached,
            step.notices,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "line": self.line,
            "name": self.name,
            "tool": self.tool,
            "args": {name: to_json(value) for name, value in self.args.items()},
            "value": to_json(self.value),
            "error": printable(self.error),
            "model": self.model.id,
            "licence": self.model.licence,
            "kind": self.model.kind,
            "dtype": self.model.dtype,
            "device": self.model.device,
            "seconds": round(self.seconds, 4),
            "cached": self.cached,
            "notices": [printable(notice) for notice in self.notices],
        }


@dataclass(frozen=True)
class Vote:
    """One of several programs for a question: how many of the samples it stands for, and what came
    of it. `fault`: why it did not run, where it did not."""

    program: str
    count: int
    status: str
    answer: str
    fault: str = ""


@dataclass(frozen=True)
class Trace:
    """A whole run, from question to answer.

    `status`: answered, abstained or failed; `reason`: why it is not answered; `error`: the name of
    the error that it failed by; `answer`: the answer in words; `unit`: of a measured answer, such
    as metres; `seconds`: all of it, planning included.
    `model`: the planner's; `usage`: what its calls took; `attempts`: programs that were not
    accepted, with `earlier`, the steps of those that ran; `votes`: of several samples;
    `confidence`: the share of them that agree on the answer. `mode`: whether the program was
    written whole, or stepwise, in `rounds`, or the model answered directly, without a program.
    """

    question: str
    images: tuple[Image | Video, ...]
    program: str
    planner: str
    tools: str
    steps: tuple[StepRecord, ...]
    value: Value | None
    status: str
    reason: str
    answer: str
    notices: tuple[str, ...]
    seconds: float
    plan_seconds: float
    unit: str = ""
    model: Model | None = None
    usage: Usage = field(default_factory=Usage)
    attempts: tuple[Attempt, ...] = ()
    earlier: tuple[StepRecord, ...] = ()
    votes: tuple[Vote, ...] = ()
    confidence: float | None = None
    mode: str = WHOLE
    rounds: tuple[Round, ...] = ()
    error: str = ""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace as one HTML page that stands alone."""
        from visprog.render import page  # above this module in the order of layers

        Path(path).write_text(page(self), encoding="utf-8")

    def to_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            "answer": printable(self.answer),
            "status": self.status,
            "reason": printable(self.reason),
            "error": self.error,
            "question": printable(self.question),
            "program": printable(self.program),
            "planner": self.planner,
            "tools": self.tools,
            "value": to_json(self.value),
            "unit": self.unit,
            "steps": [step.to_json() for step in self.steps],
            "seconds": round(self.seconds, 4),
            "plan_seconds": round(self.plan_seconds, 4),
            "notices": [printable(notice) for notice in self.notices],
            "planner_model": self.model.id if self.model else "",
            "planner_licence": self.model.licence if self.model else "",
            "usage": asdict(self.usage),
            "attempts": [
                {name: printable(text) for name, text in asdict(attempt).items()}
                for attempt in self.attempts
            ],
            "earlier_steps": [step.to_json() for step in self.earlier],
            "votes": [asdict(vote) for vote in self.votes],
            "confidence": self.confidence,
            "mode": self.mode,
            "rounds": [
                {"lines": printable(one.lines), "shown": printable(one.shown), "faulty": one.faulty}
                for one in self.rounds
            ],
        }


def say(value: object) -> str:
    """A value as an answer in words."""
    if isinstance(value, Unknown):
        return ""
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, str) for v in value):
        return ", ".join(value)
    texts = [getattr(item, "text", None) for item in value] if isinstance(value, list) else []
    if texts and all(texts):  # what was read in a picture
        return " ".join(map(str, texts))
    return describe(value, 2_000)
