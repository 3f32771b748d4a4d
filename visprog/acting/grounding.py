"""Helpers that find what a phrase means: a planner is asked, and what it wrote is read back.

A program is taken only if it gives regions, says every word of the phrase that programs say, looks
for nothing else, and chooses by place or size only where the phrase does, and then does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from visprog.acting.reading import Phrase, noun_of
from visprog.agent import Agent
from visprog.errors import PlanError, ProgramError
from visprog.lang import syntax as s
from visprog.lang.format import write
from visprog.lang.parse import parse
from visprog.lang.words import phrases, singular
from visprog.planning.omissions import read_back

ASKED = ("Find {}.", "Select {}.", "{}", "Point at {}.", "Pick up {}.")  # in words planners know
PLAIN = re.compile(
    r"\b(?:that|which|who)\s+(?:(?:is|are)\s+(?:lying\s+|standing\s+|sitting\s+|placed\s+)?"
    r"|(?:lies|lie|stands?|sits?|rests?)\s+)",
    re.IGNORECASE,
)
VIEWER = r"(?!(?:the )?(?:camera|viewer|front|us|me|you|robot)\b)"
BY_ANOTHER = re.compile(
    rf"^(?P<head>.+?) (?P<how>nearest|closest|farthest|furthest|next|near|close|beside)"
    rf"(?: to| from)? (?P<anchor>{VIEWER}(?:the|a|an|my|your) .+)$",
    re.IGNORECASE,
)
SUPERLATIVE_FIRST = re.compile(
    r"^(?P<the>the |every |all the )(?P<how>nearest|closest|farthest|furthest) "
    r"(?P<noun>[\w' -]+?) (?P<to>to|from) ",
    re.IGNORECASE,
)

CHOICES = {  # tools that choose, and the words that ask for them
    "leftmost": "left leftmost left-most left-hand",
    "left_of": "left between",
    "rightmost": "right rightmost right-most right-hand",
    "right_of": "right between",
    "topmost": "top topmost upper highest uppermost",
    "bottommost": "bottom bottommost lower lowest",
    "above": "above over",
    "below": "below under underneath beneath",
    "behind": "behind",
    "in_front_of": "front",
    "nearest": "nearest closest front near close",
    "farthest": "farthest furthest back far",
    "near": "near next beside close by",
    "inside": "inside in within",
    "smallest": "smallest small tiniest little",
    "without": "second third fourth not except",
    "objects": "thing object item everything anything stuff something",
    "faces": "face",
}
DEMANDS = {  # words that a program has to quote, or call one of these for
    **dict.fromkeys(("left", "leftmost", "left-hand"), ("leftmost", "left_of")),
    **dict.fromkeys(("right", "rightmost", "right-hand"), ("rightmost", "right_of")),
    **dict.fromkeys(("top", "topmost", "highest", "uppermost"), ("topmost", "above")),
    **dict.fromkeys(("bottom", "bottommost", "lowest"), ("bottommost", "below")),
    **dict.fromkeys(("under", "below", "underneath", "beneath"), ("below",)),
    **dict.fromkeys(("nearest", "closest"), ("nearest",)),
    **dict.fromkeys(("farthest", "furthest"), ("farthest", "leftmost", "rightmost")),
    **dict.fromkeys(("smallest", "tiniest"), ("smallest",)),
    **dict.fromkeys(("largest", "biggest"), ("largest",)),
    **dict.fromkeys(("second", "third", "fourth", "except"), ("without",)),
    **dict.fromkeys(("middle", "centre", "center", "last", "first", "without"), ()),
    "above": ("above",),
    "behind": ("behind",),
    "between": ("left_of", "right_of", "above", "below"),
    "not": ("without", "not"),
}
FREE = frozenset({"related", "related_to"})  # "standing on" for "on", "of" for "'s"


def finder(name: str, phrase: Phrase, agent: Agent) -> str:
    """The text of a helper that gives the region that a phrase means, or the regions.

    Raises:
        PlanError: the planner wrote none that says all of it.
    """
    why = ""
    for text in _variants(phrase.text):
        for form in ASKED[:1] if BY_ANOTHER.match(text) else ASKED:
            try:
                program = _regions(parse(agent.plan(form.format(text)).text))
                fault = unfaithful(text, program) or _of_another(phrase.head, program)
                why = fault or why
                if not fault:
                    return _helper(name, write(program), phrase.many, agent)
            except ProgramError:
                continue
    made = _by_another(name, phrase, agent)
    if made:
        return made
    told = f": {why}" if why else ""
    raise PlanError(
        f"the planner wrote no program that finds {phrase.text!r}{told}; say it in other words"
    )


def unfaithful(text: str, program: s.Program) -> str:
    """What a program for a phrase leaves out or adds; "" where it is true to it."""
    asked = {word for part in phrases(text) for word in part}
    asked |= {singular(word) for word in asked}
    omitted = read_back(text, program).omitted
    calls = [node for node in s.walk(program) if isinstance(node, s.Call)]
    used = {call.func for call in calls} | {
        node.op for node in s.walk(program) if isinstance(node, s.Unary)
    }
    if used & {"nearest", "farthest"} and BY_ANOTHER.match(text):
        return "its program takes the distance from the camera"
    quoted = {word for node in s.walk(program) for word in _text(node)}
    for word in asked - quoted:
        if word in DEMANDS and used.isdisjoint(DEMANDS[word]):
            return f"its program leaves out {word!r}"
        if word in omitted and not any(word in CHOICES.get(tool, "").split() for tool in used):
            return f"its program leaves out {word!r}"
    for call in calls:
        added = {word for arg in call.args for word in _text(arg)} - asked
        if added and not (call.func in FREE and _said_otherwise(call, text, asked)):
            return f"its program adds {sorted(added)[0]!r}"
        if call.func in CHOICES and asked.isdisjoint(CHOICES[call.func].split()):
            return f"its program chooses by {call.func!r}, which is not said"
    return ""


def _of_another(head: str, program: s.Program) -> str:
    """Whether the regions are those of another noun: of "the mug without a handle", the handle."""
    named = {line.targets[0]: line.value for line in program.body if isinstance(line, s.Assign)}
    last = program.body[-1]
    node: s.Expr | None = last.value if isinstance(last, s.Return) else None
    while node is not None:
        match node:
            case s.Call("detect", (_, s.Literal(str(noun)))):
                known = any(head in words.split() for words in CHOICES.values())
                right = known or not {head, singular(head)}.isdisjoint(noun.split())
                return "" if right else f"its program finds {noun!r}, not {head!r}"
            case s.Call(_, (first, *_)):
                node = first
            case s.Name(name):
                node = named.pop(name, None)
            case s.Comprehension(_, (s.Clause(_, source, _), *_)):
                node = source
            case _:
                return ""
    return ""


def _said_otherwise(call: s.Call, text: str, asked: set[str]) -> bool:
    words = {word for arg in call.args for word in _text(arg)}
    stems = tuple(word.removesuffix("ing") for word in words)  # "holding", where "holds" is said
    return any(word.startswith(stems) for word in asked) or (words == {"of"} and "'s " in text)


def _text(node: s.Node) -> list[str]:
    held = node.value if isinstance(node, s.Literal) else None
    return held.lower().split() if isinstance(held, str) else []


def _variants(text: str) -> Iterator[str]:
    """A phrase as it is said, and with a short relative clause: "on", not "which lies on"."""
    yield from dict.fromkeys((text, PLAIN.sub("", text)))


def _regions(program: s.Program) -> s.Program:
    """A program that gives the regions that the answer of this one tells of: asked to find things,
    a planner may tell their names, or how many they are."""
    *lines, last = program.body
    if not isinstance(last, s.Return):
        return program
    match last.value:
        case s.Call("query", (told, s.Literal("name"))) | s.Call("count" | "exists", (told,)):
            pass
        case s.Property(told, "label"):
            pass
        case s.Comprehension(s.Property(s.Name(one), "label"), (s.Clause((each,), told, ()),)):
            if one != each:
                return program
        case _:
            return program
    return replace(program, body=(*lines, replace(last, value=told)))


def _helper(name: str, program: str, many: bool, agent: Agent) -> str:
    """
    Raises:
        ProgramError: the program does not give what is wanted.
    """
    lines = "".join(f"    {line}\n" for line in program.strip().splitlines())
    made = f"def {name}(image: Image) -> {'list[Region]' if many else 'Region'}:\n{lines}\n"
    agent.check(f"{made}return {name}(image)\n")
    return made


def _by_another(name: str, phrase: Phrase, agent: Agent) -> str:
    """The helpers for a thing that is told by another one: "the cup nearest the bottle". Each of
    the two is asked for by itself. "" where the phrase is none such.

    Raises:
        PlanError: one of them is not found; no tool of the profile tells distances.
    """
    text = PLAIN.sub("", SUPERLATIVE_FIRST.sub(r"\g<the>\g<noun> \g<how> \g<to> ", phrase.text))
    found = BY_ANOTHER.match(text)
    if found is None:
        return ""
    head, anchor, how = found["head"], found["anchor"], found["how"].lower()
    noun = re.sub(r"^(?:the|every|all the|an?)\s+", "", head, flags=re.IGNORECASE)
    those = finder(f"{name}_all", Phrase(f"every {noun}", True, phrase.head), agent)
    other = finder(f"{name}_by", Phrase(anchor, False, noun_of(anchor)), agent)
    lines = f"those = {name}_all(image)\nanchor = {name}_by(image)\n"
    if how in ("nearest", "closest", "farthest", "furthest"):
        least = "min" if how in ("nearest", "closest") else "max"
        ends = f"{least}([distance(other, anchor) for other in those])"
        chosen = f"[one for one in those if distance(one, anchor) == {ends}]"
    else:
        chosen = "near(those, anchor)"
    lines += f"return {chosen if phrase.many else f'largest({chosen})'}\n"
    helpers = f"{those}{other}"
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    kind = "list[Region]" if phrase.many else "Region"
    made = f"{helpers}def {name}(image: Image) -> {kind}:\n{body}\n"
    try:
        agent.check(f"{made}return {name}(image)\n")
    except ProgramError as error:
        raise PlanError(f"{phrase.text!r} cannot be found with these tools: {error}") from error
    return made
