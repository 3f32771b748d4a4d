"""Options that several commands share, and what is made of them."""

from __future__ import annotations

import argparse
import math
from typing import Any

from visprog.mixes import OPTIONS

PLANNERS = (
    "embedded, scripted:FILE, gguf:FILE, hf:ORG/NAME, openai:MODEL, anthropic:MODEL, ollama:MODEL, "
    "or another provider of LangChain"
)


def tools(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--tools",
        help="embedded (default), hub, oracle, a mix: embedded,ocr=rapidocr, or a FILE.toml of one",
    )
    backends_of(made)


def backends_of(made: argparse.ArgumentParser) -> None:
    """What backends may read."""
    made.add_argument("--scene-graphs", metavar="FILE", help="what the profile oracle answers from")
    hub = made.add_argument_group("models of the hub (extra models)")
    hub.add_argument("--device", help="auto (default), cpu, cuda:N, mps, or several with commas")
    hub.add_argument("--dtype", help="auto (default), bfloat16, float16 or float32")
    hub.add_argument("--memory", metavar="SIZE", help="of weights on a device, such as 20GB")
    hub.add_argument(
        "--weights",
        metavar="NAME=PATH",
        type=named_path,
        action="append",
        help="where the weights of a model lie; repeatable",
    )
    hub.add_argument("--compile", action="store_true", help="by torch.compile: slow to begin")
    hub.add_argument(
        "--warm-up", action="store_true", help="a made-up batch through each model as it loads"
    )
    hub.add_argument(
        "--non-commercial", action="store_true", help="allow models that forbid commercial use"
    )


def running(made: argparse.ArgumentParser) -> None:
    tools(made)
    made.add_argument("--json", action="store_true", help="print one JSON object")
    made.add_argument("--trace", metavar="FILE.html", help="save a page that shows every step")
    made.add_argument(
        "--out", metavar="FILE", help="save the answer's picture (.png, .jpg, .webp) or clip (.mp4)"
    )
    made.add_argument("--seconds", type=seconds, help="how long the program may take")
    execution(made)


def frame_rate(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--fps", type=seconds, metavar="N", help="frames a second of a folder of pictures"
    )


def execution(made: argparse.ArgumentParser) -> None:
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
    made.add_argument("--workers", type=count, default=2, help="of each backend under ray")
    choice = made.add_mutually_exclusive_group()
    choice.add_argument("--no-cache", action="store_true", help="neither read nor keep results")
    choice.add_argument(
        "--replay", action="store_true", help="take every result from the cache, run no model"
    )


def mode(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--mode",
        choices=["whole", "stepwise"],
        default="whole",
        help="one program, or a few lines at a time by a planner that is shown their values",
    )


def helpers(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--helpers", metavar="FILE", help="helpers of this project; new ones are added to it"
    )


def planner(
    made: argparse.ArgumentParser,
    default: str | None = None,
    more: str = "",
    *,
    samples: bool = True,
) -> None:
    """`more`: planners that only this command knows; `samples`: whether it runs what is planned."""
    made.add_argument("--planner", default=default, help=f"{more}{PLANNERS}")
    made.add_argument("--base-url", default="", help="of the model's server")
    made.add_argument("--temperature", type=float, default=0.0)
    made.add_argument("--max-tokens", type=count, help="of one completion")
    made.add_argument("--price", metavar="IN,OUT", help="dollars a million tokens")
    made.add_argument("--budget-tokens", type=count, metavar="N", help="after which it stops")
    made.add_argument("--budget-cost", type=seconds, metavar="DOLLARS", help="after which it stops")
    made.add_argument("--budget-seconds", type=seconds, metavar="S", help="after which it stops")
    if samples:
        made.add_argument(
            "--samples", type=count, default=1, metavar="N", help="programs; most of them decide"
        )


def routing(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--route", action="store_true", help="let a model that sees answer what needs no tools"
    )
    made.add_argument("--sees", action="store_true", help="the planner's model takes pictures")


def named_path(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise argparse.ArgumentTypeError(f"want NAME=PATH, got {text!r}")
    return name, path


def count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"want 1 or more, got {number}")
    return number


def seconds(text: str) -> float:
    number = float(text)
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"want more than 0, got {text!r}")
    return number


# -- what is made of them


def agent(args: argparse.Namespace, planner: str | None = None) -> Any:
    from visprog.agent import Agent

    return Agent(planner, args.tools, options=backends(args), **settings(args))


def toolset(args: argparse.Namespace) -> Any:
    from visprog.settings import Settings
    from visprog.tool import Catalogue

    return Catalogue.installed().toolset(args.tools or Settings.of().tools, backends(args))


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """What an agent is made with, as far as the command has options for it."""
    from visprog.cachedir import cache_directory
    from visprog.execution import Limits
    from visprog.execution.cache import Cache
    from visprog.execution.store import Store

    made: dict[str, Any] = {}
    if getattr(args, "seconds", None):
        made["limits"] = Limits(seconds=args.seconds)
    if "base_url" in args:
        made["chat"] = chat(args)
    if getattr(args, "helpers", None):
        made["helpers"] = args.helpers
    if "samples" in args:
        made["samples"] = args.samples
    if "mode" in args:
        made["mode"] = args.mode
    if "route" in args:
        made["route"] = args.route
    if "no_cache" in args:
        store = None if args.no_cache else Store(cache_directory())
        made |= {"cache": Cache(store=store), "replay": args.replay, "isolate": args.isolate}
        if args.engine != "local":
            from visprog.scale import make_runner

            made["runner"] = make_runner(args.engine, args.ray_address, args.workers)
    return made


def chat(args: argparse.Namespace) -> Any:
    """How a chat model is asked."""
    from visprog.planning.ledger import Budget, Price
    from visprog.planning.providers import ChatSettings

    most = {"most": args.max_tokens} if args.max_tokens else {}
    return ChatSettings(
        base_url=args.base_url,
        price=Price.of(args.price) if args.price else None,
        budget=Budget(args.budget_tokens, args.budget_cost, args.budget_seconds),
        temperature=args.temperature,
        replay=getattr(args, "replay", False),
        sees=True if getattr(args, "sees", False) else None,
        **most,
    )


def backends(args: argparse.Namespace) -> dict[str, str]:
    """What backends may read."""
    given = {name: getattr(args, name, None) for name in OPTIONS}
    made = {name: "yes" if value is True else value for name, value in given.items() if value}
    return made | {f"weights.{name}": path for name, path in getattr(args, "weights", None) or ()}
