"""The steps of a run as cards: what was called, what came of it, and what did the work."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from visprog.highlight import highlight
from visprog.render.elements import figure, model_words, notices, section, text
from visprog.show import describe, title
from visprog.summary import seconds
from visprog.tool import Model
from visprog.trace import StepRecord, Trace
from visprog.values import Image, Region, Text, Unknown, Video

DRAWN = 40  # values drawn on a page; more would make it too large to open
CARDS = 500  # steps shown on a page
EARLIER = 60  # of those, steps of programs that were not accepted


class Cards:
    """Makes the cards of one page, and draws values as long as there is room for them."""

    def __init__(self, images: Sequence[Image | Video]) -> None:
        self._images = images
        self._left = DRAWN

    @property
    def full(self) -> bool:
        return not self._left

    def of(self, steps: Sequence[StepRecord], most: int, prefix: str = "") -> str:
        """Cards for at most so many steps. `prefix`: of their ids; those of the program that gave
        the answer have none, and point to its lines."""
        made = [self.one(number, step, prefix) for number, step in enumerate(steps[:most], 1)]
        return f"<ol>{''.join(made)}</ol>" if made else ""

    def one(self, number: int, step: StepRecord, prefix: str = "") -> str:
        """The card of one step, an item of a list."""
        drawn = self._left and not step.error
        picture = figure(step.value, describe(step.value)) if drawn else ""
        self._left -= bool(picture)
        return self._card(number, step, picture, prefix)

    def _card(self, number: int, step: StepRecord, picture: str, prefix: str) -> str:
        args = ", ".join(_argument(value, self._images) for value in step.args.values())
        call = f"{step.tool}({args})"
        title = highlight(f"{step.name} = {call}" if step.name else call)
        if step.error:
            state, value = " wrong", f'<p class="value">{text(step.error)}</p>'
        elif isinstance(step.value, Unknown):
            state, value = " unknown", f'<p class="value" dir="auto">{text(step.value.reason)}</p>'
        else:
            state, value = "", f'<p class="value" dir="auto">{text(describe(step.value, 240))}</p>'
        word = {" wrong": "failed", " unknown": "unknown"}.get(state, "")
        flag = f'<b class="flag">{word}</b>' if word else ""
        line = f"line {step.line}" if step.line else ""
        if line and prefix:
            line = f'<span class="where">{line}</span>'
        elif line:
            line = f'<a class="where" href="#line-{step.line}">{line}</a>'
        return f"""<li class="card{state}" id="{prefix}step-{number}">
<div class="head">
<span class="ordinal">{number}</span><h3><code>{title}</code></h3>{flag}{line}
</div>
{picture}{value}
{notices(step.notices)}
<p class="made">{model_words(step.model)}{_cost(step)}</p>
</li>"""


def steps(trace: Trace, cards: Cards) -> str:
    total = len(trace.steps)
    body = cards.of(trace.steps, CARDS) or '<p class="none">No step was run.</p>'
    notes = []
    if cards.full:
        notes.append(f"Only the first {DRAWN} values are drawn.")
    if total > CARDS:
        notes.append(f"Only the first {CARDS} of {total} steps are shown.")
    return section("steps", "Steps", body + notices(notes))


def _argument(value: object, images: Sequence[Image | Video]) -> str:
    """A value as it may stand in a call: short, on one line."""
    if isinstance(value, Image):
        asked = len(images) == 1 and value == images[0]
        moment = "" if value.time is None else f" at {value.time:.2f} s"
        return "image" if asked else (describe(title(value), 24) or "picture") + moment
    if isinstance(value, Video):
        return "video"
    if isinstance(value, Region):
        return describe(value.label, 24)
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], (Region, Text, Image)):
        return describe(value, 400).partition(":")[0]
    return describe([value], 48)[1:-1]


def _cost(step: StepRecord) -> str:
    if step.cached:
        return ' <span class="cached">cached</span>'
    return f' <span class="seconds">{seconds(step.seconds)}</span>'


def models(trace: Trace) -> str:
    """What did the work: the planner's model, and each of the tools once, with its time."""
    used: dict[Model, list[StepRecord]] = {}
    for step in trace.steps:
        used.setdefault(step.model, []).append(step)
    rows = []
    if trace.model:
        role = "the answer" if trace.mode == "direct" else "the program"
        taken = seconds(trace.plan_seconds) if trace.plan_seconds else ""
        rows.append(_row(trace.model, f"{role}, as planner {trace.planner}", taken))
    for model, its in islice(used.items(), 50):
        tools = ", ".join(sorted({step.tool for step in its}))
        taken = seconds(sum(step.seconds for step in its if not step.cached))
        rows.append(_row(model, tools, taken))
    body = f"<ul>{''.join(rows)}</ul>" if rows else ""
    return section("models", "What it rests on", body)


def _row(model: Model, work: str, taken: str) -> str:
    return (
        f'<li><p class="made">{model_words(model)} <span class="seconds">{taken}</span></p>'
        f'<p class="tools">{text(work)}</p></li>'
    )
