"""The program in what a language model said: without its fence, its label and the prose around it.

What is said is data: it is cut into lines and read by the language's own parser, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent

from visprog.errors import ParseError, PlanError
from visprog.lang import parse

SHOWN = 200  # characters of a refusal that an error tells
STARTS, ENDS = 4, 50  # places that are tried where a program may begin and end

LONGEST_END = 40  # characters of what chat templates leave

# none of these looks at a text more than a few times, however it is made
_FENCE = re.compile(r"(?P<mark>(?<!`)`{3,}+|(?<!~)~{3,}+)[^`]{0,40}$")
_STRONG = re.compile(
    r"\s*(return\b|def \w+\(|\w+(, ?\w+)* ?([-+*/%]|\*\*|//)?= ?[^=\s]|[a-z_]\w*\(.*\)$)"
)  # a line of a program, whatever is around it
_WEAK = re.compile(r"(if|for|while) .*:$|#|[\"']")  # also prose may begin like this
_LABEL = re.compile(
    r"[*_#\s]*(?:the )?(?:answer|program|code|solution|output)[*_]*:[*_]*[ \t]*", re.I
)
_INFO = re.compile(r"(?:python|py|vp)\b")
_END = re.compile(r"(?:</s>|<\|\w{1,30}\|>|<end_of_turn>)$")
_LEADING = re.compile(r"^[ \t]+", re.M)


def program_of(text: str) -> str:
    """The program in a completion, with nothing around it.

    It is the last fenced block that looks like one, else what stands outside of fences, without
    prose before and after. A program with faults is given as it is: its faults are for the checker
    to tell, and for the model to repair.

    Raises:
        PlanError: the text holds no program; with the beginning of what it says.
    """
    said = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    said = said.rpartition("</think>")[2].partition("<think>")[0]  # reasoning is no answer
    while left := _END.search(said := said.rstrip(), max(0, len(said) - LONGEST_END)):
        said = said[: left.start()]
    blocks, outside = _fenced(said)
    for block in reversed(blocks):
        if found := _program_in(block, fenced=True):
            return found
    if found := _program_in(outside, fenced=False):
        return found
    if not text.strip():
        raise PlanError("the model said nothing")
    raise PlanError(f"the model wrote no program; it said: {shown(said if said.strip() else text)}")


def shown(text: str, most: int = SHOWN) -> str:
    """The beginning of a text on one line, with printable characters only."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * most]).split())
    return plain if len(plain) <= most and len(text) <= 4 * most else plain[:most] + " ..."


def _fenced(text: str) -> tuple[list[str], str]:
    """The blocks between fences, the last perhaps unclosed, and the text outside of them."""
    blocks: list[list[str]] = []
    outside: list[str] = []
    mark = ""
    for line in text.split("\n"):
        if mark:
            end = line.rstrip()
            if closing := re.search(rf"(?<!{mark[0]}){re.escape(mark)}{mark[0]}*$", end):
                blocks[-1].append(end[: closing.start()])
                mark = ""
            else:
                blocks[-1].append(line)
        elif (opening := _FENCE.search(line)) and (
            not (before := line[: opening.start()]).lstrip().startswith("`")
        ):
            outside.append(before)
            blocks.append([])
            mark = opening["mark"]
        else:
            outside.append(line)
    return ["\n".join(block) for block in blocks], "\n".join(outside)


def _program_in(text: str, *, fenced: bool) -> str:
    """The program in a text that stood between fences or outside; "" where there is none.

    One that is in the language comes first. Else it is all between the fences; outside of fences,
    what is at least Python's syntax, or all from the first to the last line of a program's looks.
    """
    lines = _lines(text)
    strong = [place for place, line in enumerate(lines) if _STRONG.match(line)]
    if not strong:
        return ""
    faulty = ""
    for window in _windows(lines, 0 if fenced else strong[0], strong[-1]):
        try:
            if parse(window).body:
                return window
        except ParseError as error:
            if not faulty and not error.diagnostics[0].message.startswith("not a program"):
                faulty = window
    if fenced:
        return "\n".join(lines)
    return faulty or "\n".join(lines[strong[0] : strong[-1] + 1])


def _lines(text: str) -> list[str]:
    """Its lines, indented by spaces only, without a label such as `Answer:` in front."""
    spaced = _LEADING.sub(lambda found: found[0].replace("\t", "    "), text)
    plain = dedent(spaced).strip("\n")
    plain = plain[label.end() :] if (label := _LABEL.match(plain)) else plain
    return _unquoted(plain).strip("\n").rstrip().split("\n")


def _unquoted(text: str) -> str:
    """What stands in `backticks`, if all of the text does."""
    inner = text.strip().strip("`")
    if text.lstrip().startswith("`") and "`" not in inner:
        return inner.removeprefix(info[0] if (info := _INFO.match(inner)) else "").strip()
    return text


def _windows(lines: list[str], first: int, last: int) -> Iterator[str]:
    """All lines; then those from before `first` to after `last`, the longest first."""
    yield "\n".join(lines)
    weak = [place for place in range(first) if _WEAK.match(lines[place])]
    for start in [*weak[-STARTS:], first]:
        for end in range(min(len(lines), last + ENDS), last, -1):
            yield "\n".join(lines[start:end]).rstrip()
