"""The clauses of a request, as imperatives, without what only joins, numbers or softens them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from visprog.acting.patterns import openings, readings, word_set
from visprog.acting.skills import Skills
from visprog.errors import PlanError

OPENING = re.compile(
    r"^(?:please|now|kindly|next(?! to)|finally|lastly|first(?:ly| of all)?|second(?:ly)?"
    r"|third(?:ly)?|last(?: of all)?|then|afterwards?|after that|also|just|and|robot"
    r"|(?:ok|okay|hey|hello|hi)"
    r"|(?:can|could|would|will) you|i (?:want|need|would like) you to|i'd like you to"
    r"|you (?:should|must|need to|have to)|(?:your|the) (?:task|job) is to|go ahead and|go and"
    r"|to (?:begin|start|finish)(?: with)?|(?:start|begin|go on|continue|finish|end) by"
    r"|(?:once|when|after) (?:that|this|it|you) (?:is|are) (?:done|finished)|after this)"
    r"(?:[,\s]+|$)",
    re.IGNORECASE,
)
CLOSING = re.compile(
    r"(?:^|[,\s]+)(?:please|for me|now|too|as well|next|afterwards|thanks|thank you|one by one"
    r"|one at a time|one after (?:the other|another)|in turn)$",
    re.IGNORECASE,
)
ITEM = re.compile(
    r"(?:^|(?<=[\s:;,.]))(?:\(?\d+[.)]|[-*\u2022\u2013\u2014]|step \w+[:,])\s+", re.IGNORECASE
)
END = r"\s*[;.:!?\n]+(?:\s+|$)"  # of a clause
JOINT = re.compile(
    rf"({END}|,?\s+(?:and\s+)?then\s+|\s*,\s*and\s+|\s*,\s*|\s+and\s+)", re.IGNORECASE
)
FIRST = re.compile(r"(before|after) (?:you )?(.+)", re.IGNORECASE)
LAST = re.compile(r"(.+?) (before|after) (?:you )?(.+)", re.IGNORECASE)
INTRODUCTION = word_set(
    "do carry out follow perform this these the following thing things task tasks step steps here "
    "is are what to your my our plan job instruction instructions order list in a by for you i "
    "want need and to-do todo of"
)


def clauses(request: str, skills: Skills) -> list[str]:
    """The clauses, each with the words that it shares with the one before: "put the cup on the tray
    and the plate on the shelf" has two, "put the cup and the plate on the tray" one."""
    made: list[str] = []
    later = ""  # what is to be done after the clause that follows
    for joint, part in _parts(request):
        text = _imperative(part, skills)
        if later and joint:
            made += [text, later]
            later = ""
        elif (told := FIRST.match(part)) and not joint:
            text = _imperative(told[2], skills)
            later = text if told[1].lower() == "before" else ""
            made += [] if later else [text]
        elif (told := LAST.match(part)) and _begins(_imperative(told[3], skills), skills):
            pair = [_imperative(told[1], skills), _imperative(told[3], skills)]
            made += pair if told[2].lower() == "before" else reversed(pair)
        elif not made or not joint or _begins(text, skills):
            made.append(text)
        elif shared := _with_verb(made[-1], text, skills):
            made.append(shared)
        else:
            made[-1] += f"{joint}{text}"
    if later:
        raise PlanError(f"'before {later}' is not understood: nothing is said to be done before it")
    return made


def _parts(request: str) -> Iterator[tuple[str, str]]:
    """What stands between joints, and the joint before it: "" where a clause certainly begins."""
    found = JOINT.split(ITEM.sub("; ", " ".join(request.split())))
    ended, number = True, 0
    for place in range(0, len(found), 2):
        before = found[place - 1].lower() if place else "."
        after = found[place + 1] if place + 1 < len(found) else ""
        ended = ended or bool(re.search(r"[;.:!?]|then", before))
        text = _plainly(found[place], first=number == 0)
        if ":" in after and set(re.findall(r"[\w'-]+", text.lower())) <= INTRODUCTION:
            text = ""
        if text:
            yield "" if ended else (" and " if "and" in before else ", "), text
            ended, number = False, number + 1
        else:
            ended = True


def _plainly(part: str, *, first: bool) -> str:
    """A part of a request without what only makes it polite or tells that it is the next."""
    text, before = re.sub(r"\b(that|which|who)'s\b", r"\1 is", part.strip(" ,")), None
    while text != before:
        before, text = text, CLOSING.sub("", OPENING.sub("", text))
    return re.sub(r"\s+first$", "", text, flags=re.IGNORECASE) if first else text


def _begins(text: str, skills: Skills) -> bool:
    words = text.lower().split()
    return any(words[: len(one)] == list(one) for one in openings(skills))


def _imperative(text: str, skills: Skills) -> str:
    """ "open the box" for "opening the box", where a skill is said so."""
    verb, _, rest = text.partition(" ")
    if verb.lower().endswith("ing") and not _begins(text, skills):
        stem = verb[:-3]
        for plain in (stem, f"{stem}e", stem[:-1]):  # opening, wiping, putting
            if _begins(f"{plain} {rest}", skills):
                return f"{plain} {rest}"
    return text


def _with_verb(clause: str, text: str, skills: Skills) -> str:
    """A part with the verb of the clause before it, where it says all the rest; else ""."""
    words = clause.lower().split()
    for opening in openings(skills):
        if words[: len(opening)] != list(opening):
            continue
        whole = f"{' '.join(opening)} {text}"
        both = readings(clause, skills), readings(whole, skills)
        if all(found and len(found[0].said) > 1 for found in both):
            return whole
    return ""
