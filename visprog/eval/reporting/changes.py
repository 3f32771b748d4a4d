"""Questions that one of two runs has right, with both answers and what changed in the program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from visprog.eval.reporting.elements import chip
from visprog.highlight import highlight
from visprog.render.elements import left_out, text
from visprog.show import describe

RUNS = ("first", "second")
SHOWN = 36  # questions of each kind
LONG = 4_000  # characters of a program


def changes(its: Sequence[Mapping[str, Any]], kind: str) -> str:
    """Cards of questions that came out otherwise; `kind`: fixed or broken."""
    shown = "".join(_card(one, kind) for one in its[:SHOWN])
    more = left_out(len(its), SHOWN, "questions")
    return f'<div class="gallery">{shown}</div>{more}' if shown else ""


def _card(one: Mapping[str, Any], kind: str) -> str:
    shades = ("bad", "good") if kind == "fixed" else ("good", "bad")
    answers = "".join(
        f'<div><dt>{name}</dt><dd dir="auto">{chip(describe(one[name], 120), shade)}</dd></div>'
        for name, shade in zip(RUNS, shades, strict=True)
    )
    return (
        f'<article class="miss"><div class="body"><p class="label">{text(one["id"])}</p>'
        f'<h4 dir="auto">{text(describe(one["question"], 400))}</h4>'
        f'<dl class="answers">{answers}<div><dt>truth</dt>'
        f'<dd dir="auto">{text(describe(one["truth"], 120))}</dd></div></dl>'
        f"{_programs(one)}</div></article>"
    )


def _programs(one: Mapping[str, Any]) -> str:
    """The program; where it changed, its lines that went and those that came."""
    first, second = (one[f"{name}_program"].strip()[:LONG] for name in RUNS)
    if not one["program_changed"]:
        shown = highlight(first)
        return f"<pre><code>{shown}</code></pre>" if shown else ""
    before, after = first.splitlines(), second.splitlines()
    made = ""
    for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            made += _marked(before[i:j], "keep", " ")
        else:
            made += _marked(before[i:j], "del", "\u2212") + _marked(after[k:m], "ins", "+")
    return f'<pre class="diff"><code>{made}</code></pre>'


def _marked(its: Iterable[str], kind: str, sign: str) -> str:
    return "".join(f'<span class="{kind}">{sign} {highlight(line)}\n</span>' for line in its)
