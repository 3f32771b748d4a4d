"""A trace as one HTML page that stands alone: no script, nothing fetched, everything escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from itertools import islice

from visprog.drawing import draw, encode
from visprog.highlight import highlight
from visprog.show import describe, printable
from visprog.tool import Model
from visprog.trace import StepRecord, Trace
from visprog.values import Image, Region, Text, Unknown

DRAWN = 40  # values drawn on a page; more would make it too large to open
CARDS = 500  # steps shown on a page
LINKS = 5  # steps that a line of the program points to
KINDS = ("weights", "heuristic", "rules", "annotations")  # of models; each has its colour
WORDS = {"answered": "Answered", "abstained": "Abstained", "failed": "Failed"}
ICONS = {
    "answered": '<path d="M4 10.5l4 4 8-9"/>',
    "abstained": '<path d="M7 7.5a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2"/><path d="M10 15.6v.1"/>',
    "failed": '<path d="M5.5 5.5l9 9m0-9l-9 9"/>',
}
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'"


def page(trace: Trace) -> str:
    """The trace as an HTML document."""
    title = _text(describe(trace.question, 90) or "A program")
    style = files("visprog").joinpath("page.css").read_text(encoding="utf-8")
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
{_answer(trace)}
<div class="work">
{_program(trace)}
{_steps(trace)}
</div>
{_models(trace.steps)}
</main>
<footer>Made by <b>visprog</b>: a program over vision tools, every step of it on this page.</footer>
</body>
</html>
"""


def _text(text: str) -> str:
    return escape(printable(text))


def _figure(value: object, what: str, side: int = 720) -> str:
    """A value as an embedded picture, "" where there is nothing to see."""
    pixels = draw(value, side)
    if pixels is None:
        return ""
    kind, data = encode(pixels)
    height, width, _ = pixels.shape
    source = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    return f'<img src="{source}" width="{width}" height="{height}" alt="{_text(what)}">'


def _notices(notices: Iterable[str]) -> str:
    items = "".join(f"<li>{_text(notice)}</li>" for notice in notices)
    return f'<ul class="notices">{items}</ul>' if items else ""


# -- question and answer


def _answer(trace: Trace) -> str:
    status = trace.status if trace.status in WORDS else "failed"
    shown = describe(trace.answer, 600) if status == "answered" else ""
    unit = f' <span class="unit">{_text(trace.unit)}</span>' if trace.unit and shown else ""
    big = "" if len(shown) <= 24 else " long" if len(shown) <= 120 else " longest"
    answer = f'<p class="answer{big}" dir="auto">{_text(shown)}{unit}</p>' if shown else ""
    kind = "reason listing" if "\n" in trace.reason else "reason"  # diagnostics point by columns
    reason = f'<p class="{kind}" dir="auto">{_text(trace.reason)}</p>' if trace.reason else ""
    question = describe(trace.question, 2000) or "A program, run without a question"
    long = ' class="long"' if len(trace.question) > 120 else ""
    return f"""<header class="top">
<div class="pictures">{_pictures(trace)}</div>
<div class="said">
<p class="brand">visprog</p>
<h1 dir="auto"{long}>{_text(question)}</h1>
<section class="verdict {status}" aria-label="Answer">
<p class="status">{_icon(status)}{WORDS[status]}</p>
{answer}{reason}
</section>
{_notices(trace.notices)}
{_facts(trace)}
</div>
</header>"""


def _icon(status: str) -> str:
    return f'<svg viewBox="0 0 20 20" aria-hidden="true">{ICONS[status]}</svg>'


def _pictures(trace: Trace) -> str:
    """The pictures asked about; the answer drawn in one of them, where it can be."""
    made = ""
    if isinstance(trace.value, (Region, Text, list)):
        drawn = _figure(trace.value, f"the answer: {describe(trace.value)}")
        made = f"<figure>{drawn}<figcaption>The answer</figcaption></figure>" if drawn else ""
    if made and len(trace.images) == 1:
        return made
    for image in trace.images[:4]:
        caption = f"{image.name or 'picture'} \u00b7 {image.width} \u00d7 {image.height}"
        picture = _figure(image, f"the picture {image.name}")
        made += f"<figure>{picture}<figcaption>{_text(caption)}</figcaption></figure>"
    return made


def _facts(trace: Trace) -> str:
    cached = sum(step.cached for step in trace.steps)
    steps = f"{len(trace.steps)}" + (f", {cached} from the cache" if cached else "")
    planned = f", {_seconds(trace.plan_seconds)} of it planning" if trace.plan_seconds else ""
    facts = {
        "Planner": trace.planner or "none",
        "Tools": trace.tools or "none",
        "Time": _seconds(trace.seconds) + planned,
        "Steps": steps,
    }
    rows = "".join(
        f"<div><dt>{name}</dt><dd>{_text(fact)}</dd></div>" for name, fact in facts.items()
    )
    return f'<dl class="facts">{rows}</dl>'


def _seconds(seconds: float) -> str:
    if seconds < 0.0995:
        return "under 1 ms" if seconds < 0.001 else f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


# -- program


def _program(trace: Trace) -> str:
    at_line: dict[int, list[int]] = {}
    for number, step in enumerate(trace.steps[:CARDS], 1):
        at_line.setdefault(step.line, []).append(number)
    rows = "".join(
        _line(number, line, at_line.get(number, []))
        for number, line in enumerate(trace.program.splitlines(), 1)
    )
    body = f'<div class="code">{rows}</div>' if rows else '<p class="none">There is no program.</p>'
    return f"""<section class="program" aria-labelledby="program"><h2 id="program">Program</h2>
{body}</section>"""


def _line(number: int, line: str, steps: Sequence[int]) -> str:
    links = "".join(
        f'<a href="#step-{step}" aria-label="to step {step}">{step}</a>' for step in steps[:LINKS]
    )
    more = f"<i>+{len(steps) - LINKS}</i>" if len(steps) > LINKS else ""
    return (
        f'<div class="line" id="line-{number}"><span class="at">{number}</span>'
        f'<code>{highlight(line) or " "}</code><span class="links">{links}{more}</span></div>'
    )


# -- steps


def _steps(trace: Trace) -> str:
    steps, total = trace.steps[:CARDS], len(trace.steps)
    left = DRAWN
    cards = []
    for number, step in enumerate(steps, 1):
        picture = _figure(step.value, describe(step.value)) if left and not step.error else ""
        left -= bool(picture)
        cards.append(_card(number, step, trace.images, picture))
    notes = []
    if not left:
        notes.append(f"Only the first {DRAWN} values are drawn.")
    if total > len(steps):
        notes.append(f"Only the first {len(steps)} of {total} steps are shown.")
    body = f"<ol>{''.join(cards)}</ol>" if cards else '<p class="none">No step was run.</p>'
    return f"""<section class="steps" aria-labelledby="steps"><h2 id="steps">Steps</h2>
{body}{_notices(notes)}</section>"""


def _card(number: int, step: StepRecord, images: Sequence[Image], picture: str) -> str:
    call = f"{step.tool}({', '.join(_argument(value, images) for value in step.args.values())})"
    title = highlight(f"{step.name} = {call}" if step.name else call)
    if step.error:
        state, value = " wrong", f'<p class="value">{_text(step.error)}</p>'
    elif isinstance(step.value, Unknown):
        state, value = " unknown", f'<p class="value" dir="auto">{_text(step.value.reason)}</p>'
    else:
        state, value = "", f'<p class="value" dir="auto">{_text(describe(step.value, 240))}</p>'
    word = {" wrong": "failed", " unknown": "unknown"}.get(state, "")
    flag = f'<b class="flag">{word}</b>' if word else ""
    where = f'<a class="where" href="#line-{step.line}">line {step.line}</a>' if step.line else ""
    return f"""<li class="card{state}" id="step-{number}">
<div class="head">
<span class="ordinal">{number}</span><h3><code>{title}</code></h3>{flag}{where}
</div>
{picture}{value}
{_notices(step.notices)}
<p class="made">{_model(step.model)}{_cost(step)}</p>
</li>"""


def _argument(value: object, images: Sequence[Image]) -> str:
    """A value as it may stand in a call: short, on one line."""
    if isinstance(value, Image):
        asked = len(images) == 1 and value == images[0]
        return "image" if asked else describe(value.name, 24) or "picture"
    if isinstance(value, Region):
        return describe(value.label, 24)
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], (Region, Text, Image)):
        return describe(value, 400).partition(":")[0]
    return describe([value], 48)[1:-1]


def _model(model: Model) -> str:
    shade = model.kind if model.kind in KINDS else "rules"
    revision = (
        f' <span title="{_text(model.revision)}">{_text(describe(model.revision, 20))}</span>'
    )
    return (
        f'<b class="kind {shade}">{_text(model.kind)}</b> '
        f'<span class="model">{_text(model.id)}</span>'
        f"{revision if model.revision else ''} <span>{_text(model.licence)}</span>"
    )


def _cost(step: StepRecord) -> str:
    if step.cached:
        return ' <span class="cached">cached</span>'
    return f' <span class="seconds">{_seconds(step.seconds)}</span>'


# -- models


def _models(steps: Sequence[StepRecord]) -> str:
    """What did the work: each model once, with its tools and its time."""
    used: dict[Model, list[StepRecord]] = {}
    for step in steps:
        used.setdefault(step.model, []).append(step)
    if not used:
        return ""
    rows = []
    for model, its in islice(used.items(), 50):
        tools = ", ".join(sorted({step.tool for step in its}))
        seconds = _seconds(sum(step.seconds for step in its if not step.cached))
        rows.append(
            f'<li><p class="made">{_model(model)} <span class="seconds">{seconds}</span></p>'
            f'<p class="tools">{_text(tools)}</p></li>'
        )
    return f"""<section class="models" aria-labelledby="models">
<h2 id="models">What it rests on</h2>
<ul>{"".join(rows)}</ul></section>"""
