"""Words of a question: what a planner may quote from it in the texts of a program."""

from __future__ import annotations

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


MAX_SPAN = 4  # words
MAX_CLAUSE = 12  # words
MAX_WORDS = 120  # of a question; what follows is not quoted

ANSWERS = (
    *("yes", "no", "left", "right", "top", "bottom", "front", "behind", "both", "neither"),
    *("up", "down", "still", "first", "second"),
)
"""Texts that a program may answer with, beside what the question says."""

# Words that say nothing of a picture. A quoted span holds none of the first, and neither begins nor
# ends with one of the second.
_CLAUSE_WORDS = _set(
    """is are was were be been being am do does did has have had can could would will shall should
    may might must what which who whom whose where when why how many much that than if whether you i
    we he she they them it there"""
)
_LINKING_WORDS = _set(
    "a an the any some this these those its and or nor but both either neither as so us me him "
    "her my your his our their"
)
_NOT_FIRST = frozenset({"of", "to", "by"})
_NOT_LAST = frozenset({"not", "no"})

_IRREGULAR = {
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "feet": "foot",
    "teeth": "tooth",
    "geese": "goose",
    "mice": "mouse",
    "oxen": "ox",
    "cacti": "cactus",
    "axes": "axe",
    "buses": "bus",
    "busses": "bus",
    "gases": "gas",
    "lenses": "lens",
    "canvases": "canvas",
    "quizzes": "quiz",
    "heroes": "hero",
    "torpedoes": "torpedo",
    "mosquitoes": "mosquito",
    "volcanoes": "volcano",
    "mangoes": "mango",
    "buffaloes": "buffalo",
    "tomatoes": "tomato",
    "potatoes": "potato",
    "echoes": "echo",
    "headaches": "headache",
    "mustaches": "mustache",
    "moustaches": "moustache",
    "taxis": "taxi",
    "skis": "ski",
    "bikinis": "bikini",
    "kiwis": "kiwi",
    "zucchinis": "zucchini",
    "menus": "menu",
    "emus": "emu",
    **{
        many: many[:-3] + "f"
        for many in _set("leaves loaves shelves scarves wolves halves calves thieves hooves elves")
    },
    **{many: many[:-3] + "fe" for many in _set("knives wives lives housewives midwives")},
    **{
        many: many[:-1]
        for many in _set(
            """cookies movies brownies smoothies hoodies zombies selfies pixies rookies veggies
            birdies doggies genies prairies"""
        )
    },
}

# Words that end like a plural and name one thing, or name a pair by a plural.
_UNCHANGED = _set(
    """scissors pants jeans shorts trousers leggings tights pajamas pyjamas overalls goggles
    sunglasses eyeglasses binoculars tongs pliers tweezers clippers clothes headphones earphones
    earbuds suspenders stairs bleachers sheep fish deer bison moose shrimp salmon aircraft series
    species news gas lens canvas atlas christmas pancreas texas bias always perhaps sports goods
    groceries greens fries nachos blinds"""
)
_SS_ENDINGS = ("sses", "shes", "ches", "xes", "zzes")  # dresses, dishes, couches, boxes


def singular(word: str) -> str:
    """One of what a lower-case English word names: "buses" -> "bus", "people" -> "person".

    A word that is no plural, or names a pair ("scissors"), comes back as it is.
    """
    head, hyphen, last = word.rpartition("-")
    if hyphen:
        return f"{head}-{singular(last)}"
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for ending in ("men", "people"):  # fireman, salesperson; not "specimen"
        if word.endswith(ending) and word[: -len(ending)] in _MEN:
            return word[: -len(ending)] + _IRREGULAR[ending]
    if (
        word in _UNCHANGED
        or word in _CLAUSE_WORDS | _LINKING_WORDS
        or len(word) < 4
        or not word.endswith("s")
    ):
        return word
    if word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-1] if len(word) == 4 else word[:-3] + "y"  # ties, pies; cherries
    if word.endswith(("uses", "ises")) and word[:-2] in _ONES_IN_S:
        return word[:-2]
    if word.endswith(_SS_ENDINGS):
        return word[:-2]
    return word[:-1]


_MEN = _set(
    """fire police sports sales business fisher gentle crafts camera snow chair door wo mail
    milk work repair service base cow con towns spokes horse"""
)
_ONES_IN_S = _set(
    "octopus walrus cactus platypus hippopotamus virus campus iris citrus bonus circus minibus"
)

_WORD = re.compile(r"[^\W_]+(?:['&-][^\W_]+)*|[,.;:?!()\[\]\"/]")
_CONTRACTED = {"can't": "can not", "cannot": "can not", "won't": "will not", "shan't": "shall not"}


def phrases(question: str) -> list[list[str]]:
    """The lower-case words of a question, between its marks; "isn't" is "is not", "man's" "man"."""
    made: list[list[str]] = [[]]
    for word in _WORD.findall(question.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))[
        :MAX_WORDS
    ]:
        if not word[0].isalnum():
            made.append([])
            continue
        word = _CONTRACTED.get(word, re.sub(r"n't$", " not", word))
        made[-1].extend(re.sub(r"'(s|re|m|d|ll|ve)$", "", word).split())
    return [phrase for phrase in made if phrase]


def spans(question: str) -> tuple[str, ...]:
    """What a program may quote: spans of 1 to MAX_SPAN words of the question, as they stand and
    with the last word in the singular; without words that only build the sentence; sorted."""
    found: set[str] = set()
    for words in phrases(question):
        for start in range(len(words)):
            for end in range(start + 1, min(start + MAX_SPAN, len(words)) + 1):
                span = words[start:end]
                if _quotable(span):
                    found.add(" ".join(span))
                    found.add(" ".join([*span[:-1], singular(span[-1])]))
    return tuple(sorted(found))


def clauses(question: str) -> tuple[str, ...]:
    """What a program may quote where it may say a sentence: 1 to MAX_CLAUSE words between two marks
    of the question, as they stand; sorted."""
    found: set[str] = set()
    for words in phrases(question):
        for start in range(len(words)):
            for end in range(start + 1, min(start + MAX_CLAUSE, len(words)) + 1):
                if words[end - 1] not in _LINKING_WORDS | _NOT_FIRST:
                    found.add(" ".join(words[start:end]))
    return tuple(sorted(found))


def _quotable(span: list[str]) -> bool:
    first, last = span[0], span[-1]
    return not (
        _CLAUSE_WORDS.intersection(span)
        or _LINKING_WORDS.intersection((first, last))
        or first in _NOT_FIRST
        or last in _NOT_LAST
    )


def whole(question: str) -> str:
    """The question as one text that needs no escapes: for parameters named `question`."""
    plain = "".join(c if c.isprintable() and c not in '"\\' else " " for c in question)
    return " ".join(plain.split())
