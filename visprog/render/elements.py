"""The small parts that a page is made of; whatever text goes into them is escaped."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape
from itertools import groupby

from visprog.drawing import draw, encode
from visprog.highlight import highlight
from visprog.show import describe, printable
from visprog.tool import Model

LONG = 12_000  # characters of a text
NOTICES = 100
LINES = 200  # of a program that is no longer the program of the trace
KINDS = ("weights", "heuristic", "rules", "annotations")  # of models; each has its colour


def text(value: str) -> str:
    """A text as HTML, in an attribute too; hidden characters are made visible."""
    if len(value) > LONG:
        value = f"{value[:LONG]} \u2026 {len(value) - LONG:,} more characters"
    return escape(printable(value))


def figure(value: object, what: str, side: int = 720) -> str:
    """A value as an embedded picture, "" where there is nothing to see."""
    pixels = draw(value, side)
    if pixels is None:
        return ""
    kind, data = encode(pixels)
    height, width, _ = pixels.shape
    source = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    return f'<img src="{source}" width="{width}" height="{height}" alt="{text(what)}">'


def notices(given: Iterable[str]) -> str:
    """Notices, one below the other; those that have lines keep them."""
    each = list(given)
    if not each:
        return ""
    items = "".join(f"<li>{listing(one)}</li>" for one in each[:NOTICES])
    return f'<ul class="notices">{items}</ul>{left_out(len(each), NOTICES, "notices")}'


def listing(value: str) -> str:
    """A text that may have lines. A checker's quoted lines keep their columns, since a mark below
    them points at one; other lines wrap."""
    if "\n" not in value.strip():
        return f'<p dir="auto">{text(value)}</p>'
    if len(value) > LONG:
        value = f"{value[:LONG]}\n\u2026 {len(value) - LONG:,} more characters"
    made = []
    for quoted, lines in groupby(value.splitlines(), lambda line: line.startswith("  | ")):
        kind = "columns" if quoted else "words"
        made.append(f'<span class="{kind}">{text(chr(10).join(lines))}\n</span>')
    return f'<pre class="listing">{"".join(made)}</pre>'


def code(program: str, first: int = 1) -> str:
    """A program, or lines of it, numbered from `first`."""
    lines = program[:LONG].splitlines()
    rows = "".join(
        f'<div class="line"><span class="at">{number}</span><code>{highlight(line) or " "}</code>'
        "</div>"
        for number, line in enumerate(lines[:LINES], first)
    )
    if not rows:
        return '<p class="none">It is empty.</p>'
    left = left_out(len(lines), LINES, "lines") or left_out(len(program), LONG, "characters")
    return f'<div class="code">{rows}</div>{left}'


def details(summary: str, body: str, *, shown: bool = False, kind: str = "") -> str:
    """What opens and closes without a script. `summary` and `body` are HTML."""
    start = f'<details class="{kind}" open>' if shown else f'<details class="{kind}">'
    return f'{start}<summary>{summary}</summary><div class="inside">{body}</div></details>'


def section(kind: str, title: str, body: str) -> str:
    """A part of the page with its heading, "" where there is nothing in it."""
    if not body:
        return ""
    head = f'<h2 id="{kind}">{text(title)}</h2>'
    return f'<section class="{kind}" aria-labelledby="{kind}">{head}\n{body}</section>'


def left_out(total: int, shown: int, what: str) -> str:
    """Says how many were left out, if any."""
    if total <= shown:
        return ""
    return f'<p class="none">Only the first {shown:,} of {total:,} {what} are shown.</p>'


def model_words(model: Model) -> str:
    """What did the work: its kind, its name, its revision and its licence."""
    shade = model.kind if model.kind in KINDS else "rules"
    short = text(describe(model.revision, 20))
    revision = f' <span title="{text(model.revision)}">{short}</span>' if model.revision else ""
    return (
        f'<b class="kind {shade}">{text(model.kind)}</b> '
        f'<span class="model">{text(model.id)}</span>{revision} <span>{text(model.licence)}</span>'
    )
