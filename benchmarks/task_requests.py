"""How well a planner writes programs for the requests of the seven tasks.

    python benchmarks/task_requests.py --out DIR [--folder DIR] [--planner embedded]

Requests about pictures go through `visprog eval planner`: a program counts that has the text of a
reference, or its answers on random scene graphs. Programs over a video, which no scene graph knows,
count by their canonical text. Plans count that do the same with the same things in twelve drawn
rooms (tests/rooms.py). What a person would call equal may be counted as a miss: read them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from tests.rooms import PICTURE, tools_of  # noqa: E402
from visprog import Agent  # noqa: E402
from visprog.acting import ActionPlan, Skills, plan_actions, read_skills  # noqa: E402
from visprog.errors import VisprogError  # noqa: E402
from visprog.eval.folding import canonical  # noqa: E402
from visprog.eval.planner import evaluate  # noqa: E402
from visprog.eval.references import Reference, load_references  # noqa: E402
from visprog.eval.stats import share  # noqa: E402
from visprog.inputs import VIDEO_KINDS  # noqa: E402
from visprog.lang.parse import parse  # noqa: E402

PICTURES = ("pairs", "grounding", "knowledge", "editing", "space")
ROOMS = 12
Row = dict[str, Any]  # {id, question, reference, program, right}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "tests" / "planner" / "requests")
    parser.add_argument("--planner", default="embedded")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    every: dict[str, list[Row]] = {
        name: list(_of_pictures(args.folder / f"{name}.jsonl", args.planner, args.out / name))
        for name in PICTURES
    }
    every["video"] = list(_of_video(args.folder / "video.jsonl", args.planner))
    skills = read_skills(args.folder / "skills.toml")
    every["actions"] = list(_of_actions(args.folder / "actions.jsonl", args.planner, skills))
    report = {name: share([row["right"] for row in rows]) for name, rows in every.items()}
    told = json.dumps({"figures": report, "requests": every}, indent=1, ensure_ascii=False)
    (args.out / "requests.json").write_text(told + "\n", encoding="utf-8")
    for name, rows in every.items():
        found, interval = sum(row["right"] for row in rows), report[name]
        low, high = (100 * interval[end] for end in ("low", "high"))
        print(f"{name:10} {found} of {len(rows)}, {low:.1f} to {high:.1f} %")


def _of_pictures(file: Path, planner: str, out: Path) -> Iterator[Row]:
    evaluate(file, planner, "embedded", out)
    for line in (out / "results.jsonl").read_text(encoding="utf-8").splitlines():
        made = json.loads(line)
        told = {key: made[key] for key in ("id", "question", "reference", "program")}
        yield {**told, "right": made["equivalent"], "why": made["reason"] or made["verdict"]}


def _of_video(file: Path, planner: str) -> Iterator[Row]:
    with Agent(planner, "embedded") as agent:
        for asked in load_references(file):
            try:
                text = agent.planner.plan(asked.question, agent.tools, VIDEO_KINDS).text
                written = canonical(parse(text))
            except VisprogError as error:
                yield _row(asked, "", False, str(error))
                continue
            right = written in [canonical(parse(one)) for one in (asked.program, *asked.also)]
            yield _row(asked, text, right)


def _of_actions(file: Path, planner: str, skills: Skills) -> Iterator[Row]:
    for asked in load_references(file):
        made = _planned(asked.question, skills, 0, planner)
        right = bool(made.program) and any(
            _agree(reference, made.program, skills) for reference in (asked.program, *asked.also)
        )
        yield _row(asked, made.program, right, made.reason)


def _agree(reference: str, written: str, skills: Skills) -> bool:
    """Whether both do the same in all rooms where the reference can be carried out."""
    told = []
    for room in range(ROOMS):
        wanted = _planned("", skills, room, program=reference)
        if wanted.status == "planned":
            told.append(_done(wanted) == _done(_planned("", skills, room, program=written)))
    return bool(told) and all(told)


def _planned(
    request: str, skills: Skills, room: int, planner: str | None = None, program: str | None = None
) -> ActionPlan:
    def agent(tools: Any) -> Agent:
        return Agent(planner, tools)

    return plan_actions(PICTURE, request, skills, tools_of(room), agent, program)


def _done(plan: ActionPlan) -> list[tuple[Any, ...]]:
    """The actions with the boxes of their things."""
    boxes = {name: (thing.label, thing.box) for name, thing in plan.things.items()}
    return [(one.skill, *(boxes[name] for name in one.things)) for one in plan.actions]


def _row(asked: Reference, program: str, right: bool, why: str = "") -> Row:
    told = {"id": asked.id, "question": asked.question, "reference": asked.program}
    return {**told, "program": program, "right": right, "why": why}


if __name__ == "__main__":
    main()
