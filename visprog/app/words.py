"""The tab of tools: each word, what it takes and gives, what serves it, under which licence."""

from __future__ import annotations

from itertools import groupby

from visprog.planning.signatures import FAMILIES
from visprog.render.elements import model_words, text
from visprog.tool import Toolset, ToolSpec


def words_of(tools: Toolset) -> str:
    """A table of the words of a profile, as HTML."""

    def place(spec: ToolSpec) -> tuple[int, str]:
        known = spec.family in FAMILIES
        return (FAMILIES.index(spec.family) if known else len(FAMILIES)), spec.family

    made = ""
    for (_, family), specs in groupby(sorted(tools.values(), key=place), key=place):
        rows = "".join(_row(spec, tools) for spec in specs)
        heads = "".join(f'<th scope="col">{head}</th>' for head in ("Word", "Served by"))
        made += f"<table><caption>{text(family)}</caption><tr>{heads}</tr>{rows}</table>"
    return f'<div class="vp"><div class="words">{made}</div></div>'


def _row(spec: ToolSpec, tools: Toolset) -> str:
    backend = tools.backend(spec.name)
    served = f"<code>{text(backend.name)}</code> " if backend else ""
    said = spec.doc.splitlines()[0] if spec.doc else ""
    return (
        f"<tr><td><code>{text(spec.signature)}</code><br>{text(said)}</td>"
        f"<td>{served}{model_words(tools.model(spec.name))}</td></tr>"
    )
