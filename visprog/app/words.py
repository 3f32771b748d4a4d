"""The tab of tools: each word, what it takes and gives, what serves it, under which licence."""

from __future__ import annotations

import re
from itertools import groupby

from visprog.highlight import highlight
from visprog.planning.signatures import FAMILIES
from visprog.render.elements import model_words, text
from visprog.tool import Toolset, ToolSpec

MARKED = re.compile(r"`([^`]+)`|\*([^*]+)\*")  # in the first line of a tool's docstring


def words_of(tools: Toolset) -> str:
    """A table of the words of a profile, as HTML."""

    def place(spec: ToolSpec) -> tuple[int, str]:
        known = spec.family in FAMILIES
        return (FAMILIES.index(spec.family) if known else len(FAMILIES)), spec.family

    made = ""
    for (_, family), specs in groupby(sorted(tools.values(), key=place), key=place):
        rows = "".join(_row(spec, tools) for spec in specs)
        heads = "".join(f'<th scope="col">{head}</th>' for head in ("Word", "Served by"))
        made += (
            f"<table><caption>{text(family)}</caption><thead><tr>{heads}</tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )
    return f'<div class="words">{made}</div>'


def _row(spec: ToolSpec, tools: Toolset) -> str:
    backend = tools.backend(spec.name)
    served = f"<code>{text(backend.name)}</code> " if backend else ""
    said = spec.doc.splitlines()[0] if spec.doc else ""
    return (
        f'<tr><th scope="row"><code>{highlight(spec.signature)}</code><p>{_marked(said)}</p></th>'
        f'<td><p class="made">{served}{model_words(tools.model(spec.name))}</p></td></tr>'
    )


def _marked(line: str) -> str:
    """A line of a docstring with its marks as HTML."""
    return MARKED.sub(
        lambda found: f"<code>{found[1]}</code>" if found[1] else f"<em>{found[2]}</em>", text(line)
    )
