"""What the HTML pages of an evaluation share: the page itself, tables, tiles, facts and chips.
Whatever text goes into them is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files

from visprog.render.elements import text

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"
TILES, FEWEST = 7, 4  # in a line of a wide page, at most; as wide as one of so many


def document(title: str, body: str) -> str:
    """A whole page around `body`, which is HTML."""
    style = _style("visprog", "page.css") + _style("visprog.eval.reporting", "report.css")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(title)} \u00b7 visprog</title>\n<style>\n{style}</style>\n</head>\n"
        f'<body>\n<main class="report">\n{body}</main>\n'
        "<footer>Made by <b>visprog</b>. This page stands alone: no script, nothing fetched."
        "</footer>\n</body>\n</html>\n"
    )


def _style(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")


def contents(parts: Mapping[str, str]) -> str:
    """Links to the parts of the page: {id: title}."""
    items = "".join(f'<a href="#{name}">{text(title)}</a>' for name, title in parts.items())
    return f'<nav class="contents" aria-label="Parts of this page">{items}</nav>'


def table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], *, words: Sequence[int] = (0,)
) -> str:
    """A table of texts. `words`: the columns that hold words; numbers stand to the right."""

    def cells(tag: str, row: Sequence[object]) -> str:
        made = (
            f"<{tag}{'' if place in words else ' class=n'}>{text(str(cell))}</{tag}>"
            for place, cell in enumerate(row)
        )
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(cells("td", row) for row in rows)
    if not body:
        return ""
    return (
        f'<div class="sheet scrolls" tabindex="0" role="group" aria-label="{text(heads[0])}">'
        f'<table class="grid"><thead>{cells("th", heads)}</thead><tbody>{body}</tbody></table>'
        "</div>"
    )


def tiles(figures: Iterable[tuple[str, str, str]]) -> str:
    """Figures in large: (figure, what it is, what more is to be said of it)."""
    each = list(figures)
    made = "".join(
        f'<div class="tile"><dt>{text(name)}</dt><dd>{text(figure)}'
        f"{f'<small>{text(note)}</small>' if note else ''}</dd></div>"
        for figure, name, note in each
    )
    lines = math.ceil(len(each) / TILES)
    across = max(FEWEST, math.ceil(len(each) / max(1, lines)))  # so that no line has one alone
    return f'<dl class="tiles" style="--n:{across}">{made}</dl>' if made else ""


def facts(named: Iterable[tuple[str, object]]) -> str:
    """Names and what they are, in rows; what is empty is left out."""
    made = "".join(
        f"<div><dt>{text(name)}</dt><dd>{text(str(fact))}</dd></div>"
        for name, fact in named
        if fact not in (None, "", [], ())
    )
    return f'<dl class="sheet listed">{made}</dl>' if made else ""


def chip(word: str, kind: str = "") -> str:
    """A word in a coloured field. `kind`: good, bad, doubt or none."""
    return f'<span class="chip {kind}">{text(word)}</span>'


def command(line: str) -> str:
    """A command line, as it was typed."""
    return f'<pre class="command"><code>{text(line)}</code></pre>' if line else ""
