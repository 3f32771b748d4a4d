"""The command line. Every command is a thin call into the library.

Exit status: 0 answered, 3 abstained, 1 failed, 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from visprog.errors import ProgramError, QuestionError, SettingsError, VisprogError

EXIT = {"answered": 0, "failed": 1, "abstained": 3}
USAGE = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and give its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # what a terminal cannot show is no reason to fail
    args = parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = args.command
    try:
        return command(args)
    except (SettingsError, QuestionError) as error:
        return _refuse(args, error, USAGE)
    except VisprogError as error:
        return _refuse(args, error, EXIT["failed"])
    except BrokenPipeError:  # the reader of a pipe has left
        sys.stderr.close()
        return EXIT["failed"]
    except OSError as error:  # a file or folder that cannot be written
        return _refuse(args, error, EXIT["failed"])
    except KeyboardInterrupt:
        print("visprog: stopped", file=sys.stderr)
        return 130


def _refuse(args: argparse.Namespace, error: Exception, status: int) -> int:
    """Say why there is no run to tell of, under `--json` also as an object like that of a run."""
    from visprog.show import printable

    if getattr(args, "json", False):
        from visprog.settings import Settings
        from visprog.trace import FAILED, Trace

        settings = Settings.of()
        asked, planner = getattr(args, "words", None), getattr(args, "planner", None)
        trace = Trace(
            question=asked[-1] if asked else "",
            images=(),
            program="",
            planner=(planner or settings.planner) if asked else "",
            tools=getattr(args, "tools", None) or settings.tools,
            steps=(),
            value=None,
            status=FAILED,
            reason=str(error),
            answer="",
            notices=(),
            seconds=0.0,
            plan_seconds=0.0,
        )
        print(json.dumps(trace.to_json(), ensure_ascii=False))
    print(printable(f"visprog: {error}"), file=sys.stderr)
    return status


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="visprog",
        description="Answers questions about pictures by short programs over vision tools.",
    )
    made.add_argument("--version", action="version", version=_version())
    commands = made.add_subparsers(required=True, metavar="COMMAND")

    ask = _command(commands, "ask", _ask, "answer a question about a picture, or several")
    ask.add_argument("words", nargs="+", metavar="IMAGE ... QUESTION", help="`-` reads a picture")
    _run_options(ask)
    ask.add_argument("--planner", help="embedded (default), scripted:FILE")
    ask.add_argument("--mode", choices=["whole"], default="whole", help="one plan, one run")

    plan = _command(commands, "plan", _plan, "print the program for a question, and its calls")
    plan.add_argument("question")
    plan.add_argument("--planner", help="embedded (default), scripted:FILE")
    _tool_options(plan)

    check = _command(commands, "check", _check, "print the faults of a program; exit 1 if any")
    check.add_argument("file", help="`-` reads standard input")
    check.add_argument("--images", type=_count, default=1, metavar="N", help="pictures it works on")
    _tool_options(check)

    run = _command(commands, "run", _run, "run a program on pictures, without a planner")
    run.add_argument("file", help="a program, or what --json printed; `-` reads standard input")
    run.add_argument("images", nargs="+", metavar="IMAGE")
    _run_options(run)

    tools = _command(commands, "tools", _tools, "list the tools, or explain one")
    tools.add_argument("name", nargs="?")
    _tool_options(tools)

    models = _command(
        commands, "models", _models, "list the weights, where they lie, or check them"
    )
    models.add_argument("action", nargs="?", choices=["list", "where", "pull"], default="list")
    models.add_argument("name", nargs="?")

    cache = _command(commands, "cache", _cache, "show or clear the results kept between runs")
    cache.add_argument("action", choices=["stats", "clear"])
    cache.add_argument("--json", action="store_true", dest="as_json", help="print a JSON object")

    _command(commands, "doctor", _doctor, "say what works on this machine")

    evaluate = commands.add_parser("eval", help="measure on a benchmark")
    tasks = evaluate.add_subparsers(required=True, metavar="TASK")
    gqa = _command(tasks, "gqa", _eval, "measure answers to questions about pictures")
    for option in ("questions", "images", "out"):
        gqa.add_argument(f"--{option}", type=Path, required=True)
    for option in ("scene-graphs", "choices"):
        gqa.add_argument(f"--{option}", type=Path)
    gqa.add_argument("--planner", default="embedded", help="embedded, reference ...")
    gqa.add_argument("--tools", default="embedded", help="a profile, such as oracle")
    gqa.add_argument("--limit", type=_count, help="only the first so many questions")
    _execution_options(gqa)
    _planner_task(_command(tasks, "planner", _eval_planner, "measure programs, without pictures"))
    return made


def _planner_task(made: argparse.ArgumentParser) -> None:
    made.add_argument("--questions", type=Path, required=True, help="in GQA's form, or .jsonl")
    made.add_argument("--planner", default="embedded", help="embedded, reference ...")
    made.add_argument("--tools", default="embedded", help="the profile that it plans for")
    made.add_argument("--out", type=Path, help="a folder for the report and the results")
    made.add_argument("--limit", type=_count, help="only the first so many questions")
    made.add_argument("--graphs", type=_count, default=50, help="to compare programs on")
    made.add_argument("--seed", type=int, default=0, help="of the graphs")


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], about: str
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=about[0].upper() + about[1:] + "."
    )
    made.set_defaults(command=run)
    return made


def _tool_options(made: argparse.ArgumentParser) -> None:
    made.add_argument("--tools", help="embedded (default), oracle, or a mix: embedded,ocr=rapidocr")
    made.add_argument("--scene-graphs", metavar="FILE", help="what the profile oracle answers from")


def _run_options(made: argparse.ArgumentParser) -> None:
    _tool_options(made)
    made.add_argument("--json", action="store_true", help="print one JSON object")
    made.add_argument("--trace", metavar="FILE.html", help="save a page that shows every step")
    made.add_argument("--seconds", type=_seconds, help="how long the program may take")
    _execution_options(made)


def _execution_options(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--isolate",
        action="store_true",
        help="run programs and decode pictures in confined processes of their own",
    )
    made.add_argument(
        "--engine", choices=["local", "ray"], default="local", help="where models run"
    )
    made.add_argument(
        "--ray-address", metavar="ADDRESS", help="a cluster to join; else a local one"
    )
    made.add_argument("--workers", type=_count, default=2, help="of each backend under ray")
    choice = made.add_mutually_exclusive_group()
    choice.add_argument("--no-cache", action="store_true", help="neither read nor keep results")
    choice.add_argument(
        "--replay", action="store_true", help="take every result from the cache, run no model"
    )


# -- commands


def _ask(args: argparse.Namespace) -> int:
    *images, question = args.words
    if not images:
        raise SettingsError("ask wants a picture and a question: visprog ask IMAGE QUESTION")
    with _agent(args, args.planner) as agent:
        return _show(args, agent, lambda: agent.stream(_sources(images), question))


def _run(args: argparse.Namespace) -> int:
    program, question = _program(_read(args.file))
    with _agent(args) as agent:
        images = _sources(args.images)
        return _show(args, agent, lambda: agent.stream_program(program, images, question))


def _show(args: argparse.Namespace, agent: Any, events: Callable[[], Any]) -> int:
    from visprog import terminal

    answer = terminal.follow(events(), quiet=args.json)
    if args.trace:
        answer.trace.save(args.trace)
        print(f"trace: {args.trace}", file=sys.stderr)
    if args.json:
        print(json.dumps(answer.trace.to_json(), ensure_ascii=False))
    return EXIT[answer.status]


def _plan(args: argparse.Namespace) -> int:
    from visprog import terminal

    agent = _agent(args, args.planner)
    terminal.show_plan(agent.plan(args.question), agent.tools)
    return 0


def _check(args: argparse.Namespace) -> int:
    from visprog.agent import input_kinds
    from visprog.lang import check, parse
    from visprog.show import printable

    text, tools = _read(args.file), _toolset(args)
    try:
        check(parse(text), tools, input_kinds(args.images))
    except ProgramError as error:
        count = len(error.diagnostics)
        print(f"{printable(str(error))}\n{count} fault{'s' if count > 1 else ''}")
        return 1
    print("no faults")
    return 0


def _tools(args: argparse.Namespace) -> int:
    from visprog import terminal

    terminal.show_tools(_toolset(args), args.name)
    return 0


def _models(args: argparse.Namespace) -> int:
    from visprog import terminal
    from visprog.tool import Catalogue

    return terminal.show_models(Catalogue.installed().weights, args.action, args.name)


def _cache(args: argparse.Namespace) -> int:
    from visprog.cachedir import look_after

    return look_after(args.action, as_json=args.as_json)


def _doctor(args: argparse.Namespace) -> int:
    from visprog.doctor import examine

    return examine()


def _eval(args: argparse.Namespace) -> int:
    from visprog.eval.gqa import evaluate

    report = evaluate(
        args.questions,
        args.images,
        args.out,
        args.planner,
        args.tools,
        args.scene_graphs,
        args.choices,
        args.limit,
        **_settings(args),
    )
    print(json.dumps(report["metrics"], indent=1))
    print(f"report: {args.out / 'report.md'}", file=sys.stderr)
    return 0


def _eval_planner(args: argparse.Namespace) -> int:
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
    )
    print(figures(report))
    if args.out:
        print(f"report: {args.out / 'report.md'}", file=sys.stderr)
    return 0


# -- what the commands share


def _options(args: argparse.Namespace) -> dict[str, str]:
    return {"scene_graphs": args.scene_graphs} if args.scene_graphs else {}


def _agent(args: argparse.Namespace, planner: str | None = None) -> Any:
    from visprog.agent import Agent
    from visprog.execution import Limits

    seconds = getattr(args, "seconds", None)
    limits = Limits(seconds=seconds) if seconds else Limits()
    return Agent(planner, args.tools, options=_options(args), limits=limits, **_settings(args))


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """What an agent is made with, as far as the command has options for it."""
    from visprog.cachedir import cache_directory
    from visprog.execution.cache import Cache
    from visprog.execution.store import Store

    if "no_cache" not in args:  # the command runs nothing
        return {}
    cache = Cache(store=None if args.no_cache else Store(cache_directory()))
    made = {"cache": cache, "replay": args.replay, "isolate": args.isolate}
    if args.engine != "local":
        from visprog.scale import make_runner

        made["runner"] = make_runner(args.engine, args.ray_address, args.workers)
    return made


def _toolset(args: argparse.Namespace) -> Any:
    from visprog.settings import Settings
    from visprog.tool import Catalogue

    return Catalogue.installed().toolset(args.tools or Settings.of().tools, _options(args))


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read the program {file}: {error}") from None


def _program(text: str) -> tuple[str, str]:
    """The program that a file holds, itself or as what `--json` printed, and its question."""
    if not text.lstrip().startswith("{"):
        return text, ""
    try:
        told = json.loads(text)
        program, question = told["program"], told["question"]
    except (ValueError, KeyError) as error:
        raise SettingsError(f"neither a program nor what --json printed: {error}") from None
    if not (isinstance(program, str) and isinstance(question, str)):
        raise SettingsError("neither a program nor what --json printed")
    return program, question


def _sources(images: Sequence[str]) -> list[str | bytes]:
    from visprog.show import describe

    for image in images:
        if image != "-" and "://" not in image and not os.path.exists(image):
            raise SettingsError(f"there is no picture {describe(image, 100)!r}")
    return [sys.stdin.buffer.read() if image == "-" else image for image in images]


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"want 1 or more, got {count}")
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not (math.isfinite(seconds) and seconds > 0):
        raise argparse.ArgumentTypeError(f"want seconds above 0, got {text!r}")
    return seconds


def _version() -> str:
    from importlib.metadata import version

    return f"visprog {version('visprog')}"


if __name__ == "__main__":
    sys.exit(main())
