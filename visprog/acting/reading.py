"""A request in words as steps: the skill that each of its clauses says, and what it says of the
things. What things there are is not its business; nor what "it" means, which depends on what
can be done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from visprog.acting.clauses import clauses
from visprog.acting.patterns import SUPERLATIVES, Reading, readings, word_set
from visprog.acting.skills import Skill, Skills
from visprog.errors import PlanError
from visprog.lang.words import singular


@dataclass(frozen=True)
class Phrase:
    """What is said of one thing, or of all that it fits. `head`: its noun."""

    text: str
    many: bool
    head: str


@dataclass(frozen=True)
class Pronoun:
    """`many`: "them", not "it"."""

    text: str
    many: bool


Mention = Pronoun | tuple[Phrase, ...]  # several phrases: "the cup and the plate"


@dataclass(frozen=True)
class Step:
    """A skill, and what is said of the things that it takes, by its parameters. `each`: of several
    things one is spoken of ("take every cup and wipe it"), so that they are gone through once."""

    skill: Skill
    things: Mapping[str, Mention]
    each: bool = False


TOPIC = re.compile(r"for ((?:each|every|all)\b.+)", re.IGNORECASE)
ADJECTIVES = word_set(
    "red orange yellow green blue purple violet pink brown black white gray grey beige golden "
    "silver big small large little tall short long left right upper lower empty full open closed "
    "clean dirty old new other round square dark light wooden metal plastic"
)
DETERMINERS = word_set("the a an every each all any this that these those my your both")
PRONOUNS = {
    **dict.fromkeys(("it", "this", "that", "this one", "that one"), False),
    **dict.fromkeys(("them", "these", "those", "all of them", "each of them", "each", "all"), True),
}
AMOUNT = word_set(
    "both two three four five six seven eight nine ten some few several many most half"
)
UNREAD = {
    **dict.fromkeys(("or", "if", "unless", "until", "when", "while", "instead", "but"), "a choice"),
    **dict.fromkeys(("before", "after", "once", "again"), "an order or a repetition"),
    **dict.fromkeys(("other", "others", "another", "rest", "same"), "what was said before"),
    **dict.fromkeys(("it", "them", "its", "their", "there", "here"), "what was said before"),
}
HEAD_ENDS = SUPERLATIVES | word_set(
    "on in at of to from with without under below above over near next close beside behind between "
    "inside by that which who whose not except along around against"
)
QUANTIFIER = re.compile(
    r"^(?:(?:every|each)(?: one of| of)?(?: the)?(?: single)?|all(?: of)?(?: the| those| these)?)"
    r"\s+",
    re.IGNORECASE,
)
ARTICLE = re.compile(r"^(?:the|this|that|these|those|an?|any|my|your)\s+", re.IGNORECASE)


def read(request: str, skills: Skills) -> list[Step]:
    """The steps of a request, in their order.

    Raises:
        PlanError: a part of it is not understood; the message says which, and why.
    """
    steps: list[Step] = []
    topic: Mention | None = None  # "for every cup": what "it" means from there on
    nouns: dict[int, str] = {}  # what "one" stands for, by the place of the thing in its step
    for clause in clauses(request, skills):
        if told := TOPIC.match(clause):
            topic = _mention(told[1], "")
            continue
        reading = _read(clause, skills)
        things: dict[str, Mention] = {}
        each = False
        for place, (param, said) in enumerate(reading.said.items()):
            made = _mention(said, nouns.get(place, ""))
            if isinstance(made, Pronoun):
                each = each or not made.many
                made = topic or made
            else:
                nouns[place] = made[-1].head
            things[param] = made
        step = Step(reading.skill, {name: things[name] for name in reading.skill.takes}, each)
        if sum(_several(one) for one in things.values()) > 1:
            raise PlanError(f"{clause!r} has several things in two places: say one step for each")
        steps.append(step)
    if not steps:
        raise PlanError("the request asks for nothing to be done")
    return steps


def _several(mention: Mention) -> bool:
    if isinstance(mention, Pronoun):
        return mention.many
    return len(mention) > 1 or mention[0].many


def _read(clause: str, skills: Skills) -> Reading:
    found = readings(clause, skills)
    if not found:
        raise PlanError(
            f"no skill says {clause!r}: name one as its `says` have it, or choose a planner that "
            "reads skills, such as --planner openai:MODEL"
        )
    if len(found) > 1:
        raise PlanError(
            f"{clause!r} can be read as {' or as '.join(map(str, found))}: say 'that is' before "
            "what only tells which thing is meant"
        )
    return found[0]


# -- what is said of things


def _mention(text: str, last: str) -> Mention:
    said = text.lower()
    if said in PRONOUNS:
        return Pronoun(text, PRONOUNS[said])
    parts = _coordinated(re.sub(r"^both (?=.+ and )", "", text, flags=re.IGNORECASE))
    for place, part in enumerate(parts):
        words = part.lower().split()
        if place and words[0] not in DETERMINERS:  # "the cup and plate"
            if len(words) > 1 and words[1] in DETERMINERS | PRONOUNS.keys():
                raise PlanError(f"no skill says {part!r}: it stands like a step of its own")
            opening = QUANTIFIER.match(parts[0]) or ARTICLE.match(parts[0])
            parts[place] = f"{opening[0] if opening else ''}{part}"
    noun = noun_of(parts[-1])
    parts = [f"{part} {noun}" if _bare(part) else part for part in parts[:-1]] + parts[-1:]
    return tuple(_phrase(part, last) for part in parts)


def _coordinated(text: str) -> list[str]:
    """The parts of "the cup, the plate and the fork"; "between" and relative clauses stay whole."""
    if "and" not in text.lower().split():  # "the red, shiny cup"
        text = re.sub(r"^((?:\w+ )?(\w+)), (?!the |an? |every |all )", _adjacent, text)
    parts: list[str] = []
    for part in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", text):
        before = parts[-1].lower().split() if parts else []
        bare = part.lower().split()[0] not in DETERMINERS
        pair = "between" in before and " and " not in parts[-1]
        clause = bare and bool({"that", "which", "who", "whose"}.intersection(before))
        starts = part.lower().startswith(("that ", "which ", "who ", "whose "))
        if parts and (pair or clause or (starts and "," in text)):
            parts[-1] += f" {part}" if starts else f" and {part}"
        else:
            parts.append(part)
    return parts


def _bare(part: str) -> bool:
    """Whether it lacks its noun, as "the red" does in "the red and the blue cup"."""
    return noun_of(part) in ADJECTIVES


def _adjacent(found: re.Match[str]) -> str:
    return f"{found[1]} " if found[2].lower() in ADJECTIVES else found[0]


def _phrase(text: str, last: str) -> Phrase:
    for word in text.lower().split():
        if word in UNREAD:
            raise PlanError(f"{text!r} is not understood: {word!r} speaks of {UNREAD[word]}")
        if word in AMOUNT:
            raise PlanError(
                f"{text!r} is not understood: how many ({word!r}); say 'every' or 'the'"
            )
    text = re.sub(r"^any (?!of\b)", "a ", text, flags=re.IGNORECASE)
    quantifier = QUANTIFIER.match(text)
    own = noun_of(text)
    noun = last if own in ("one", "ones") else singular(own)  # "all windows but the left one"
    if noun:
        text = re.sub(r"\bones?\b", noun, text, count=1, flags=re.IGNORECASE)
    rest = (QUANTIFIER if quantifier else ARTICLE).sub("", text)
    head = _head(rest)
    if singular(head) != head or (quantifier and quantifier[0].lower().startswith("all")):
        return Phrase(f"all the {rest}", True, head)
    if quantifier:
        return Phrase(f"every {rest}", True, head)
    return Phrase(text, head in ("everything", "anything"), head)


def noun_of(text: str) -> str:
    """The noun of a phrase."""
    return _head((QUANTIFIER if QUANTIFIER.match(text) else ARTICLE).sub("", text))


def _head(rest: str) -> str:
    """The last word before what tells which one is meant."""
    words = rest.lower().split()
    for place, word in enumerate(words[1:], 1):
        sided = word in ("left", "right") and words[place + 1 : place + 2] == ["of"]
        if word in HEAD_ENDS or sided or word.endswith(("ing", "ed")):
            return words[place - 1]
    return words[-1]
