"""The top of a page: pictures, question, answer, and what made it."""

from __future__ import annotations

from visprog.render.elements import figure, listing, model_words, notices, text
from visprog.show import describe
from visprog.summary import confidence, directly, seconds, usage_parts
from visprog.trace import DIRECT, Trace
from visprog.values import Region, Text, Video

WORDS = {"answered": "Answered", "abstained": "Abstained", "failed": "Failed"}
ICONS = {
    "answered": '<path d="M4 10.5l4 4 8-9"/>',
    "abstained": '<path d="M7 7.5a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2"/><path d="M10 15.6v.1"/>',
    "failed": '<path d="M5.5 5.5l9 9m0-9l-9 9"/>',
}


def top(trace: Trace) -> str:
    question = describe(trace.question, 2000) or "A program, run without a question"
    direct = f'<p class="direct">{directly(trace)}.</p>' if trace.mode == DIRECT else ""
    long = ' class="long"' if len(trace.question) > 120 else ""
    return f"""<header class="top">
<div class="pictures">{_pictures(trace)}</div>
<div class="said">
<p class="brand">visprog</p>
<h1 dir="auto"{long}>{text(question)}</h1>
{verdict(trace)}
{direct}{notices(trace.notices)}
{_facts(trace)}
</div>
</header>"""


def verdict(trace: Trace) -> str:
    status = trace.status if trace.status in WORDS else "failed"
    shown = describe(trace.answer, 600) if status == "answered" else ""
    unit = f' <span class="unit">{text(trace.unit)}</span>' if trace.unit and shown else ""
    big = "" if len(shown) <= 24 else " long" if len(shown) <= 120 else " longest"
    answer = f'<p class="answer{big}" dir="auto">{text(shown)}{unit}</p>' if shown else ""
    reason = f'<div class="reason">{listing(trace.reason)}</div>' if trace.reason else ""
    sure = confidence(trace)
    return f"""<section class="verdict {status}" aria-label="Answer">
<p class="status">{icon(status)}{WORDS[status]}</p>
{answer}{reason}{f'<p class="sure">{text(sure)}</p>' if sure else ""}
</section>"""


def icon(status: str) -> str:
    return f'<svg viewBox="0 0 20 20" aria-hidden="true">{ICONS[status]}</svg>'


def _pictures(trace: Trace) -> str:
    """The pictures asked about; the answer drawn in one of them, where it can be."""
    made = ""
    if isinstance(trace.value, (Region, Text, list)):
        drawn = figure(trace.value, f"the answer: {describe(trace.value)}")
        made = f"<figure>{drawn}<figcaption>The answer</figcaption></figure>" if drawn else ""
    if made and len(trace.images) == 1 and not isinstance(trace.images[0], Video):
        return made
    for image in trace.images[:4]:
        kind = "video" if isinstance(image, Video) else "picture"
        caption = f"{image.name or kind} \u00b7 {image.width} \u00d7 {image.height}"
        if isinstance(image, Video):
            caption += f" \u00b7 {len(image.frames):,} frames \u00b7 {seconds(image.seconds)}"
        picture = figure(image, f"the {kind} {image.name}")
        made += f"<figure>{picture}<figcaption>{text(caption)}</figcaption></figure>"
    return made


def _facts(trace: Trace) -> str:
    planned = f", {seconds(trace.plan_seconds)} of it planning" if trace.plan_seconds else ""
    model = f'<p class="made">{model_words(trace.model)}</p>' if trace.model else ""
    usage = "".join(f"<li>{text(part)}</li>" for part in usage_parts(trace.usage))
    rows = _fact("Planner", text(trace.planner or "none") + model, wide=True)
    if usage:
        rows += _fact("Planner\u2019s calls", f"<ul>{usage}</ul>", wide=True)
    if trace.mode == DIRECT and not trace.steps:
        rows += _fact("Tools", "none used")
    else:
        cached = sum(step.cached for step in trace.steps)
        rows += _fact("Tools", text(trace.tools or "none"))
        rows += _fact("Steps", f"{len(trace.steps)}" + f", {cached} from the cache" * bool(cached))
    rows += _fact("Time", seconds(trace.seconds) + planned)
    return f'<dl class="facts">{rows}</dl>'


def _fact(name: str, fact: str, *, wide: bool = False) -> str:
    start = '<div class="wide">' if wide else "<div>"
    return f"{start}<dt>{name}</dt><dd>{fact}</dd></div>"
