"""The program on a page: its lines point to the steps they took, rounds to their lines."""

from __future__ import annotations

from collections.abc import Sequence

from visprog.highlight import highlight
from visprog.render.elements import code, details, left_out, listing, section
from visprog.render.steps import CARDS
from visprog.summary import round_lines
from visprog.trace import Trace

LINKS = 5  # steps that a line of the program points to
ROUNDS = 40  # shown on a page


def program(trace: Trace) -> str:
    at_line: dict[int, list[int]] = {}
    for number, step in enumerate(trace.steps[:CARDS], 1):
        at_line.setdefault(step.line, []).append(number)
    begins = {
        span[0]: number
        for number, span in enumerate(round_lines(trace.program, trace.rounds), 1)
        if span
    }
    rows = "".join(
        _begin(begins.get(number)) + _line(number, line, at_line.get(number, []))
        for number, line in enumerate(trace.program.splitlines(), 1)
    )
    body = f'<div class="code">{rows}</div>' if rows else '<p class="none">There is no program.</p>'
    return section("program", "Program", body)


def _begin(number: int | None) -> str:
    """Tells where the lines of a round begin."""
    if number is None:
        return ""
    name = f"Round {number}"
    return f'<p class="begin">{_link(f"round-{number}", name) if number <= ROUNDS else name}</p>'


def _link(target: str, words: str) -> str:
    return f'<a href="#{target}">{words}</a>'


def _line(number: int, line: str, steps: Sequence[int]) -> str:
    links = "".join(
        f'<a href="#step-{step}" aria-label="to step {step}">{step}</a>' for step in steps[:LINKS]
    )
    more = f"<i>+{len(steps) - LINKS}</i>" if len(steps) > LINKS else ""
    return (
        f'<div class="line" id="line-{number}"><span class="at">{number}</span>'
        f'<code>{highlight(line) or " "}</code><span class="links">{links}{more}</span></div>'
    )


def rounds(trace: Trace) -> str:
    """The rounds a program was written in: the lines of each, and what was shown of them."""
    made = ""
    spans = round_lines(trace.program, trace.rounds)
    for number, one in enumerate(trace.rounds[:ROUNDS], 1):
        span = spans[number - 1]
        lines, where = code(one.lines, span[0] if span else 1), ""
        if span:
            name = f"line {span[0]}" if span[0] == span[1] else f"lines {span[0]}\u2013{span[1]}"
            where = f'<span class="soft">{name}</span>'
        head, tells = "What the planner was shown", where
        if one.faulty:
            head, tells = "Its faults", '<b class="flag">not run</b>'
        to_line = f'<p class="to">{_link(f"line-{span[0]}", "to the program")}</p>' if span else ""
        told = f'<p class="label">{head}</p>{listing(one.shown)}' if one.shown.strip() else ""
        body = details(
            f"Round {number} {tells}",
            lines + told + to_line,
            shown=not one.faulty,
            kind="fold wrong" if one.faulty else "fold",
        )
        made += f'<li id="round-{number}">{body}</li>'
    more = left_out(len(trace.rounds), ROUNDS, "rounds")
    return section("rounds", "Rounds", f'<ol class="folds">{made}</ol>{more}' if made else "")
