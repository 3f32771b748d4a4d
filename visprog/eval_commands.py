"""`visprog eval`: the parsers of its tasks, and what they run."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visprog import options
from visprog.errors import SettingsError

if TYPE_CHECKING:
    from visprog.eval.metrics import Choices
    from visprog.eval.questions import Question

TASKS = {  # of visprog.eval.tasks, which is imported when one is run
    "gqa": "questions in GQA's form, by its official metrics",
    "spatial": "spatial questions in GQA's form, with numbers and boxes",
    "nlvr2": "statements about two pictures",
    "vsr": "statements of visual spatial reasoning",
    "refcoco": "expressions that refer to things, by boxes",
    "whatsup": "captions that differ in a preposition",
    "clevr": "questions about rendered scenes",
    "omni3d": "questions in three dimensions, with numbers",
    "custom": "rows of question, image and answer of your own",
}
PROTOCOLS = ("visprog", "vipergpt")
Command = Callable[[argparse.Namespace], int]
Add = Callable[[Any, str, Command, str], argparse.ArgumentParser]


def add(tasks: Any, command: Add) -> None:
    """Add the tasks to the parser of `visprog eval`; `command` makes the parser of one."""
    for name, about in TASKS.items():
        _task(command(tasks, name, _run, f"measure {about}"), name)
    _planner(command(tasks, "planner", _run_planner, "measure programs, without pictures"))
    compare = command(tasks, "compare", _compare, "compare two runs, question by question")
    compare.add_argument("first", type=Path, help="the folder of a run")
    compare.add_argument("second", type=Path, help="that of another")
    compare.add_argument("--out", type=Path, help="a folder for compare.json, .md and .html")
    compare.add_argument("--column", default="program", help="of both runs")
    compare.add_argument(
        "--common", action="store_true", help="compare what both have, where their questions differ"
    )
    compare.add_argument("--seed", type=int, default=0, help="of the interval")


def _task(made: argparse.ArgumentParser, name: str) -> None:
    made.add_argument(
        "--questions",
        type=Path,
        required=True,
        help="a file, or a folder of such (docs/evaluation.md)",
    )
    made.add_argument("--images", type=Path, required=True, help="the folder of the pictures")
    made.add_argument("--out", type=Path, required=True, help="the folder of the run: gone on with")
    made.add_argument(
        "--split-name", metavar="NAME", help="of several in a folder, such as testdev_balanced"
    )
    made.add_argument("--choices", type=Path, help="GQA's valid and plausible answers")
    options.planner(made, "embedded", "reference, ")
    options.routing(made)
    options.mode(made)
    options.tools(made)
    made.set_defaults(tools="embedded", task=name)
    made.add_argument("--limit", type=options.count, help="only the first so many questions")
    made.add_argument("--shard", type=_shard, metavar="I/N", help="every N-th question, from I")
    made.add_argument(
        "--merge", nargs="+", type=Path, metavar="DIR", help="put the shards' results together"
    )
    made.add_argument("--columns", type=_names, help="what to measure beside the programs")
    made.add_argument("--ablate", type=_names, default=(), metavar="WORD,...", help="do without")
    made.add_argument("--protocol", choices=PROTOCOLS, help="of another work; told in the report")
    made.add_argument("--per-type", type=options.count, default=10, help="of protocol visprog")
    made.add_argument("--seed", type=int, default=0, help="of draws and intervals")
    made.add_argument("--overwrite", action="store_true", help="begin anew in a folder of results")
    options.execution(made)


def _planner(made: argparse.ArgumentParser) -> None:
    made.add_argument("--questions", type=Path, required=True, help="in GQA's form, or .jsonl")
    options.planner(made, "embedded", "reference, ", samples=False)
    made.add_argument("--tools", default="embedded", help="the profile that it plans for")
    made.add_argument("--out", type=Path, help="a folder for the report and the results")
    made.add_argument("--limit", type=options.count, help="only the first so many questions")
    made.add_argument("--graphs", type=options.count, default=50, help="to compare programs on")
    made.add_argument("--seed", type=int, default=0, help="of the graphs")


def _shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    place, among = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= place <= among:
        raise argparse.ArgumentTypeError(f"want I/N with I from 1 to N, got {text!r}")
    return place, among


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _run(args: argparse.Namespace) -> int:
    from visprog.eval.runner import evaluate
    from visprog.eval.shards import merge
    from visprog.eval.summary import summary

    what = _evaluation(args)
    if args.merge:
        report = merge(args.merge, what, args.out, overwrite=args.overwrite)
    else:
        report = evaluate(what, args.out, overwrite=args.overwrite)
    print(json.dumps(report["metrics"], indent=1))
    print(f"{summary(report)}\nreport: {args.out / 'report.html'}", file=sys.stderr)
    return 0


def _evaluation(args: argparse.Namespace) -> Any:
    from visprog.eval.answering import Answering
    from visprog.eval.metrics import sampled
    from visprog.eval.parquet import extract_pictures
    from visprog.eval.runner import Evaluation
    from visprog.eval.tasks import TASKS as LOADERS

    split, protocol = args.split_name or "", args.protocol or ""
    few = None if protocol else args.limit
    asked, images = LOADERS[args.task].read(args.questions, args.images, split, few)
    if protocol == "visprog":
        asked = sampled(asked, args.per_type, args.seed)
        protocol = f"visprog, at most {args.per_type} of each detailed type"
    if not images.is_dir():
        raise SettingsError(f"there is no folder of pictures {images}")
    if any(images.glob("*.parquet")):
        names = {name for question in asked[: args.limit] for name in question.images}
        images = extract_pictures(images, names, args.out / "images")
    if args.scene_graphs and not Path(args.scene_graphs).is_file():
        raise SettingsError(f"there are no scene graphs at {args.scene_graphs}")
    by = Answering(
        planner=args.planner,
        tools=args.tools,
        images=images,
        scene_graphs=Path(args.scene_graphs) if args.scene_graphs else None,
        settings={"options": options.backends(args), **options.settings(args)},
    )
    given = ("questions", "images", "scene_graphs", "choices")
    return Evaluation(
        task=args.task,
        questions=asked,
        by=by,
        sets={name: str(path) for name in given if (path := getattr(args, name))},
        split=split,
        choices=_choices(args.choices, asked) if args.choices else None,
        only=args.columns,
        ablate=args.ablate,
        limit=args.limit,
        shard=args.shard,
        protocol=protocol,
        drawn=args.protocol == "visprog",
        seed=args.seed,
    )


def _choices(path: Path, asked: Sequence[Question]) -> Choices:
    from visprog.eval.questions import load_choices

    made = load_choices(path)
    if not any(question.id in made for question in asked):
        raise SettingsError(
            f"choices {path}: they are of none of the questions, such as {asked[0].id}"
        )
    return made


def _run_planner(args: argparse.Namespace) -> int:
    from visprog.eval.planner import evaluate
    from visprog.eval.planner_report import figures

    report = evaluate(
        args.questions,
        args.planner,
        args.tools,
        args.out,
        args.limit,
        graphs=args.graphs,
        seed=args.seed,
        chat=options.chat(args),
    )
    print(figures(report))
    if args.out:
        print(f"report: {args.out / 'report.md'}", file=sys.stderr)
    return 0


def _compare(args: argparse.Namespace) -> int:
    from visprog.eval.compare import compare, text, write

    made = compare(args.first, args.second, column=args.column, common=args.common, seed=args.seed)
    print(text(made))
    if args.out:
        write(made, args.out)
        print(f"report: {args.out / 'compare.html'}", file=sys.stderr)
    return 0
