"""The command line. Every command is a thin call into the library.

Exit status: 0 answered, 3 abstained, 1 failed, 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from visprog import acting_command, app_command, eval_commands, options
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
    ask.add_argument(
        "words",
        nargs="+",
        metavar="IMAGE ... QUESTION",
        help="pictures, or a video: mp4, webm, GIF, a folder of pictures; `-` reads one",
    )
    options.running(ask)
    options.frame_rate(ask)
    options.planner(ask)
    options.routing(ask)
    options.helpers(ask)
    options.mode(ask)

    plan = _command(commands, "plan", _plan, "print the program for a question, and its calls")
    plan.add_argument("question")
    plan.add_argument("--video", action="store_true", help="it is about a video")
    options.planner(plan, samples=False)
    options.helpers(plan)
    options.tools(plan)

    check = _command(commands, "check", _check, "print the faults of a program; exit 1 if any")
    check.add_argument("file", help="`-` reads standard input")
    check.add_argument(
        "--images", type=options.count, default=1, metavar="N", help="pictures it works on"
    )
    check.add_argument("--video", action="store_true", help="it works on a video")
    options.tools(check)

    run = _command(commands, "run", _run, "run a program on pictures, without a planner")
    run.add_argument("file", help="a program, or what --json printed; `-` reads standard input")
    run.add_argument("images", nargs="+", metavar="IMAGE", help="pictures, or one video")
    options.running(run)
    options.frame_rate(run)
    options.helpers(run)

    tools = _command(commands, "tools", _tools, "list the tools, or explain one")
    tools.add_argument("name", nargs="?")
    options.tools(tools)

    models = _command(
        commands, "models", _models, "list the weights, say where they lie, fetch or check them"
    )
    models.add_argument(
        "action", nargs="?", choices=["list", "where", "pull", "verify"], default="list"
    )
    models.add_argument("name", nargs="?")

    cache = _command(commands, "cache", _cache, "show or clear the results kept between runs")
    cache.add_argument("action", choices=["stats", "clear"])
    cache.add_argument("--json", action="store_true", dest="as_json", help="print a JSON object")

    helpers = _command(commands, "helpers", _helpers, "list the helpers of a file, or check them")
    helpers.add_argument("action", choices=["list", "check"])
    helpers.add_argument("file", type=Path)
    options.tools(helpers)

    _command(commands, "doctor", _doctor, "say what works on this machine")

    acting_command.add(
        _command(commands, "plan-actions", acting_command.run, "plan a robot's actions")
    )
    app_command.add(_command(commands, "app", app_command.run, "serve the chat in a browser"))

    evaluate = commands.add_parser("eval", help="measure on a benchmark")
    tasks = evaluate.add_subparsers(required=True, metavar="TASK")
    eval_commands.add(tasks, _command)
    return made


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], about: str
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=about[0].upper() + about[1:] + "."
    )
    made.set_defaults(command=run)
    return made


# -- commands


def _ask(args: argparse.Namespace) -> int:
    *images, question = args.words
    if not images:
        raise SettingsError("ask wants a picture and a question: visprog ask IMAGE QUESTION")
    with options.agent(args, args.planner) as agent:
        return _show(args, agent, lambda: agent.stream(_sources(args, images), question))


def _run(args: argparse.Namespace) -> int:
    program, question = _program(_read(args.file))
    with options.agent(args) as agent:
        images = _sources(args, args.images)
        return _show(args, agent, lambda: agent.stream_program(program, images, question))


def _show(args: argparse.Namespace, agent: Any, events: Callable[[], Any]) -> int:
    from visprog import terminal

    answer = terminal.follow(events(), quiet=args.json)
    if args.trace:
        answer.trace.save(args.trace)
        print(f"trace: {args.trace}", file=sys.stderr)
    told = answer.trace.to_json()
    if args.out and answer.status == "answered":
        from visprog.saving import save

        files, notices = save(answer.value, answer.trace.images, args.out)
        told["saved"] = [str(file) for file in files]
        print("\n".join([*(f"saved: {file}" for file in files), *notices]), file=sys.stderr)
    if args.json:
        print(json.dumps(told, ensure_ascii=False))
    return EXIT[answer.status]


def _plan(args: argparse.Namespace) -> int:
    from visprog import terminal

    agent = options.agent(args, args.planner)
    terminal.show_plan(agent.plan(args.question, video=args.video), agent.tools)
    return 0


def _check(args: argparse.Namespace) -> int:
    from visprog.inputs import VIDEO_KINDS, input_kinds
    from visprog.lang import check, parse
    from visprog.show import printable

    text, tools = _read(args.file), options.toolset(args)
    try:
        check(parse(text), tools, VIDEO_KINDS if args.video else input_kinds(args.images))
    except ProgramError as error:
        count = len(error.diagnostics)
        print(f"{printable(str(error))}\n{count} fault{'s' if count > 1 else ''}")
        return 1
    print("no faults")
    return 0


def _tools(args: argparse.Namespace) -> int:
    from visprog import terminal
    from visprog.tool import Catalogue

    tools = options.toolset(args)
    others = Catalogue.installed().serving(args.name) if args.name in tools else ()
    here = tools.backend(args.name) if args.name in tools else None
    terminal.show_tools(tools, args.name, [n for n in others if not here or n != here.name])
    return 0


def _models(args: argparse.Namespace) -> int:
    from visprog import terminal
    from visprog.tool import Catalogue

    return terminal.show_models(Catalogue.installed().weights, args.action, args.name)


def _cache(args: argparse.Namespace) -> int:
    from visprog.cachedir import look_after

    return look_after(args.action, as_json=args.as_json)


def _helpers(args: argparse.Namespace) -> int:
    from visprog.helpers_command import look_through

    return look_through(args.action, args.file, options.toolset(args))


def _doctor(args: argparse.Namespace) -> int:
    from visprog.doctor import examine

    return examine()


# -- what the commands share


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


def _sources(args: argparse.Namespace, images: Sequence[str]) -> list[Any]:
    from visprog.show import describe

    for image in images:
        if image != "-" and "://" not in image and not os.path.exists(image):
            raise SettingsError(f"there is no picture {describe(image, 100)!r}")
    given = [sys.stdin.buffer.read() if image == "-" else image for image in images]
    if args.fps:
        from visprog import videos

        return [videos.load(source, fps=args.fps) for source in given]
    return given


def _version() -> str:
    from importlib.metadata import version

    return f"visprog {version('visprog')}"


if __name__ == "__main__":
    sys.exit(main())
