"""What the command line shows a person: steps as they happen, tools, weights."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from visprog.agent import Answer, Answered, Event, Looked, Planned, Planning, Rejected, Stepped
from visprog.errors import SettingsError, WeightsError
from visprog.lang import parse
from visprog.lang.syntax import Call, walk
from visprog.planning import Attempt, Plan, Round
from visprog.planning.environment import offline
from visprog.show import describe, printable
from visprog.summary import confidence, directly, refusal, usage_parts
from visprog.tool import RULES, Model, Toolset, Weights
from visprog.trace import DIRECT, StepRecord, Trace, Vote

COLORS = {"answered": "bold green", "abstained": "bold yellow", "failed": "bold red"}
SHOWN = 10_000  # characters of a text
VOTES = 10


def _console(**options: Any) -> Console:
    """A console that shows every text as it stands: no markup, no emoji codes, no colouring."""
    return Console(highlight=False, markup=False, emoji=False, **options)


def follow(events: Iterable[Event], *, quiet: bool = False) -> Answer:
    """Show events as they come, unless `quiet`, and give the answer."""
    console = _console(quiet=quiet)
    wait = _console(stderr=True, quiet=quiet or not sys.stderr.isatty()).status("reading ...")
    wait.start()
    known = latest = ""  # the program as it was when a round ended, and as it is
    try:
        for event in events:
            match event:
                case Planning(planner):
                    wait.update(Text(f"planning with {printable(planner)} ..."))
                case Rejected(attempt):
                    console.print(_rejected(attempt))
                case Looked(one):
                    known = known if one.faulty else latest
                    console.print(*_round(one), sep="\n")
                case Planned(latest):
                    fresh = latest.removeprefix(known).lstrip("\n")
                    first = 1 + latest[: len(latest) - len(fresh)].count("\n")
                    console.print(_program(fresh, first))
                    wait.update("running ...")
                case Stepped(step):
                    console.print(_step(step))
                case Answered(answer):
                    wait.stop()
                    console.print(_answer(answer), *_besides(answer.trace), sep="\n")
                    return answer
    finally:
        wait.stop()
    raise AssertionError("a stream of events ends with its answer")


def _program(text: str, first: int = 1) -> Syntax:
    """`first`: the number of its first line."""
    return Syntax(
        printable(text.rstrip()), "python", theme="ansi_dark", line_numbers=True, word_wrap=True,
        background_color="default", start_line=first,
    )  # fmt: skip


def _rejected(attempt: Attempt) -> Text:
    return Text(f"not accepted, it {refusal(attempt)}:{_lines(attempt.fault)}", "yellow")


def _round(one: Round) -> Iterator[Syntax | Text]:
    """What the planner is shown of its lines, or why they were not accepted; the lines themselves
    were told when they were planned, if they were."""
    if one.faulty:
        yield _program(one.lines)
        yield Text(f"not accepted:{_lines(one.shown)}", "yellow")
    elif one.shown.strip():
        yield Text(f"shown:{_lines(one.shown)}", "dim")


def _lines(text: str) -> str:
    """A text that may have lines; a checker's point at columns, so that they begin a new one."""
    shown = printable(text[:SHOWN].rstrip())
    if len(text) > SHOWN:
        shown += f" \u2026 {len(text) - SHOWN:,} more characters"
    return f"\n{shown}" if "\n" in shown else f" {shown}"


def _step(step: StepRecord) -> Text:
    args = ", ".join(describe(value, 40) for value in step.args.values())
    name = f"{step.name} = " if step.name else ""
    result = f"failed: {step.error}" if step.error else describe(step.value, 160)
    how = "known" if step.cached else f"{step.seconds * 1000:.0f} ms"
    made = Text.assemble(
        (f"{step.line:>3} ", "dim"),
        (f"{name}{step.tool}({args})", "cyan"),
        " = " if step.error == "" else " ",
        (printable(result), "red" if step.error else "default"),
    )
    if step.model != RULES:
        made.append(f"  [{step.model.id}, {how}]", "dim")
    for notice in step.notices:
        made.append(f"\n    note: {printable(notice)}", "yellow")
    return made


def _answer(answer: Answer) -> Text:
    made = Text(f"{answer.status}: ", COLORS[answer.status])
    made.append(printable(answer.text or answer.reason), "bold" if answer.text else "default")
    if answer.trace.unit and answer.text:
        made.append(f" {answer.trace.unit}")
    made.append(f"  ({answer.trace.seconds:.2f} s)", "dim")
    return made


def _besides(trace: Trace) -> Iterator[Text]:
    """What else is to be known of an answer: how sure it is, and what planned it."""
    told = {notice for step in trace.steps for notice in step.notices}
    for notice in trace.notices:
        if notice not in told:
            yield Text(f"note:{_lines(notice)}", "yellow")
    if trace.mode == DIRECT:
        yield Text(directly(trace), "yellow")
    if trace.confidence is not None:
        yield Text(confidence(trace), "bold")
    yield from map(_vote, trace.votes[:VOTES])
    if len(trace.votes) > VOTES:
        yield Text(f"      and {len(trace.votes) - VOTES} more", "dim")
    if trace.model is not None:
        took = ", ".join(usage_parts(trace.usage))
        planner = f"planned by {printable(trace.planner)}: {_model(trace.model)}"
        yield Text(planner + (f"; {took}" if took else ""), "dim")


def _vote(vote: Vote) -> Text:
    said = vote.answer or vote.fault.strip().partition("\n")[0]
    made = Text.assemble(
        (f"{vote.count:>4} x ", "dim"), (describe(vote.status, 20), COLORS.get(vote.status, ""))
    )
    return made.append(f": {describe(said, 160)}")


def _model(model: Model) -> str:
    return printable(", ".join(filter(None, (model.id, model.revision, model.licence))))


def show_plan(plan: Plan, tools: Toolset) -> None:
    console = _console()
    console.print(_program(plan.text))
    table = Table("line", "calls", "backend", "model", "licence", box=None, header_style="dim")
    for node in walk(parse(plan.text)):
        if isinstance(node, Call) and node.func in tools:
            backend, model = tools.backend(node.func), tools.model(node.func)
            name = backend.name if backend else "-"
            table.add_row(str(node.at.line), node.func, name, model.id, model.licence)
    console.print(table)
    console.print(Text(f"planned by {plan.model.id} in {plan.seconds:.2f} s", "dim"))
    for notice in plan.notices:
        console.print(Text(f"note: {printable(notice)}", "yellow"))


def show_tools(tools: Toolset, name: str | None, others: Sequence[str] = ()) -> None:
    """All tools of a toolset, or one in full. `others`: backends that could serve that one.

    Raises:
        SettingsError: there is no such tool.
    """
    console = _console()
    if name is None:
        for family in dict.fromkeys(spec.family for spec in tools.values()):
            table = Table("tool", "backend", "model", "licence", title=family, title_justify="left")
            for spec in tools.values():
                if spec.family == family:
                    backend, model = tools.backend(spec.name), tools.model(spec.name)
                    served = backend.name if backend else "-"
                    table.add_row(Text(spec.signature), served, model.id, model.licence)
            console.print(table)
        if tools.unserved:
            console.print(
                Text(f"no backend in this profile: {', '.join(tools.unserved)}", "yellow")
            )
        return
    if name not in tools:
        known = tools.unserved.get(name)
        why = "has no backend in this profile" if known else "is no tool; try: visprog tools"
        raise SettingsError(f"{name!r} {why}")
    spec, model, backend = tools[name], tools.model(name), tools.backend(name)
    console.print(Text(spec.signature, "bold"))
    console.print(Text(spec.doc))
    for label, text in (
        ("family", spec.family),
        ("backend", backend.name if backend else "none needed"),
        ("others", ", ".join(others) or "-"),
        ("model", model.id),
        ("revision", model.revision or "-"),
        ("licence", model.licence),
        ("kind", model.kind),
    ):
        console.print(Text.assemble((f"{label:>9}  ", "dim"), text))


def show_models(weights: Mapping[str, Weights], action: str, name: str | None) -> int:
    """List weights, say where they lie, fetch them, or check that they are whole; 1 if any is not.

    Raises:
        SettingsError: there are no such weights; fetching without a name, or where it is forbidden.
    """
    if name is not None and name not in weights:
        raise SettingsError(f"no weights {name!r}; known: {', '.join(weights)}")
    if action == "pull" and name is None:
        raise SettingsError("say which weights to fetch: visprog models pull NAME")
    if action == "pull" and offline() and name is not None and not weights[name].bundled:
        raise SettingsError(f"{name} is not fetched: VISPROG_OFFLINE forbids it")
    console = _console()
    every = action == "list"
    chosen = [name] if name else [key for key, item in weights.items() if every or _here(item)]
    status = 0
    table = Table(
        "name", "model", "size", "licence", "source", "here", box=None, header_style="dim"
    )
    for key in chosen:
        item = weights[key]
        try:
            if action == "list":
                size = f"{item.size / 1e6:.1f} MB"
                source = f"{item.source} {item.revision}"
                table.add_row(key, item.id, size, item.licence, source, _state(item))
            elif action == "where":
                print(f"{key}\t{item.where()}")
            elif action == "pull" and not item.bundled:
                print(f"{key}\t{item.pull()}")
            else:
                print(f"{key}: whole ({item.verify()})")
        except WeightsError as error:
            print(f"{key}: {error}", file=sys.stderr)
            status = 1
    if action == "list":
        console.print(table)
    return status


def _state(weights: Weights) -> str:
    return "in the package" if weights.bundled else "yes" if _here(weights) else "no"


def _here(weights: Weights) -> bool:
    """Whether they lie on this machine, or should."""
    if weights.bundled:
        return True
    try:
        weights.where()
    except WeightsError:
        return False
    return True
