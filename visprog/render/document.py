"""The whole page of a trace."""

from __future__ import annotations

from importlib.resources import files

from visprog.render.elements import text
from visprog.render.planning import attempts, votes
from visprog.render.program import program, rounds
from visprog.render.steps import Cards, models, steps
from visprog.render.verdict import top
from visprog.show import describe
from visprog.trace import DIRECT, Trace

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'"


def page(trace: Trace) -> str:
    """The trace as an HTML document."""
    title = text(describe(trace.question, 90) or "A program")
    style = files("visprog").joinpath("page.css").read_text(encoding="utf-8")
    direct = trace.mode == DIRECT
    made = (
        "The answer is a language model\u2019s own; no program was run."
        if direct and not trace.program
        else "A program over vision tools, every step of it on this page."
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} \u00b7 visprog</title>
<style>
{style}</style>
</head>
<body>
<main>
{top(trace)}
{_work(trace)}
{models(trace)}
</main>
<footer>Made by <b>visprog</b>. {made}</footer>
</body>
</html>
"""


def _work(trace: Trace) -> str:
    """What was done, in the order that a reader asks for it."""
    cards = Cards(trace.images)
    main = ""
    if trace.mode != DIRECT or trace.program or trace.steps:
        main = f'<div class="work">\n{program(trace)}\n{steps(trace, cards)}\n</div>'
    return "\n".join([main, rounds(trace), votes(trace), attempts(trace, cards)])
