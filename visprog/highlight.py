"""Program text as HTML with its words told apart. Takes any text, also one that does not parse."""

from __future__ import annotations

import re
from html import escape

from visprog.show import printable

TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>[fF]?(?:"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?))
    |(?P<keyword>\b(?:and|def|elif|else|False|for|if|in|is|None|not|or|return|True)\b)
    |(?P<call>\b[^\W\d]\w*(?=\())
    |(?P<number>\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\b)""",
    re.VERBOSE,
)


def highlight(code: str) -> str:
    """`code` as HTML: escaped, with a `<span class="...">` around each word of a known kind."""
    made: list[str] = []
    end = 0
    code = printable(code)
    for found in TOKEN.finditer(code):
        made.append(escape(code[end : found.start()]))
        made.append(f'<span class="{found.lastgroup}">{escape(found.group())}</span>')
        end = found.end()
    return "".join([*made, escape(code[end:])])
