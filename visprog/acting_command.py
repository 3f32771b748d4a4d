"""`visprog plan-actions`: a plan over a robot's skills for what a picture shows."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from visprog import options

EXIT = {"planned": 0, "abstained": 3}


def add(made: argparse.ArgumentParser) -> None:
    """The options of the command."""
    made.add_argument("image")
    made.add_argument("request", help="what is to be done, in words")
    made.add_argument("--skills", type=Path, required=True, metavar="FILE.toml")
    made.add_argument("--program", type=Path, help="a plan of your own, instead of a planner's")
    made.add_argument("--json", action="store_true", help="print one JSON object")
    made.add_argument("--trace", metavar="FILE.html", help="save a page that shows every step")
    options.planner(made, samples=False)
    options.tools(made)


def run(args: argparse.Namespace) -> int:
    """Plan, and print the actions; exit 1 where they cannot be carried out."""
    from visprog.acting import plan_actions, read_skills
    from visprog.agent import Agent
    from visprog.show import printable

    program = args.program.read_text(encoding="utf-8") if args.program else None
    made = plan_actions(
        args.image,
        args.request,
        read_skills(args.skills),
        options.toolset(args),
        lambda tools: Agent(args.planner, tools, **options.settings(args)),
        program,
    )
    if args.trace and made.answer:
        made.answer.trace.save(args.trace)
        print(f"trace: {args.trace}", file=sys.stderr)
    if args.json:
        print(json.dumps(made.to_json(), ensure_ascii=False))
        return EXIT.get(made.status, 1)
    for number, action in enumerate(made.actions, 1):
        print(printable(f"{number}. {action}"))
    told = made.to_json()["things"]
    for name, thing in told.items():
        box = ", ".join(f"{side:.0f}" for side in thing["box"])
        at = thing["point"]
        where = f"at {', '.join(f'{n:.2f}' for n in at)} m" if at else f"no point: {thing['why']}"
        print(printable(f"   {name}: box ({box}), {where}"))
    print(printable(f"{made.status}{': ' + made.reason if made.reason else ''}"))
    return EXIT.get(made.status, 1)
