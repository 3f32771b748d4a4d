"""`visprog app`: serves the chat in a browser."""

from __future__ import annotations

import argparse
from pathlib import Path

from visprog import options

EXAMPLES = Path(__file__).parents[1] / "examples"  # of a checkout


def add(made: argparse.ArgumentParser) -> None:
    """The options of the command."""
    made.add_argument(
        "--host", help="0.0.0.0: for others too; else GRADIO_SERVER_NAME, or 127.0.0.1"
    )
    made.add_argument("--port", type=options.count, help="else GRADIO_SERVER_PORT, or 7860")
    made.add_argument("--planners", help=f"to choose from, with commas: {options.PLANNERS}")
    made.add_argument("--profiles", help="of tools to choose from, with commas")
    made.add_argument("--together", type=options.count, default=8, help="questions at once")
    made.add_argument("--waiting", type=options.count, default=64, help="further ones that wait")
    made.add_argument("--seconds", type=options.seconds, default=120.0, help="of one question")
    options.backends_of(made)


def run(args: argparse.Namespace) -> int:
    """Serve until it is stopped."""
    from visprog.app import AppSettings, serve
    from visprog.settings import Settings

    usual = Settings.of()
    settings = AppSettings(
        planners=_names(args.planners, usual.planner),
        profiles=_names(args.profiles, usual.tools),
        options=options.backends(args),
        together=args.together,
        waiting=args.waiting,
        seconds=args.seconds,
    )
    serve(settings, host=args.host, port=args.port, examples=EXAMPLES)
    return 0


def _names(text: str | None, usual: str) -> tuple[str, ...]:
    return tuple(name for part in (text or usual).split(",") if (name := part.strip()))
