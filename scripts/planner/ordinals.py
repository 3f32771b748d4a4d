"""Templates of the second from the left, of all but one, and of anything at all."""

from __future__ import annotations

import words
from sayings import WHERE, say, whether, which
from things import Things

Pair = tuple[str, str]

RANKS = {  # word of the language -> how the nth by it is said
    "leftmost": "(the {k} {n} from (the |)left|the {k} {n} counting from the left|the {k}-leftmost"
    " {n}|the {k} {n} from left to right)",
    "rightmost": "(the {k} {n} from (the |)right|the {k} {n} counting from the right"
    "|the {k}-rightmost {n}|the {k} {n} from right to left)",
    "topmost": "(the {k} {n} from the top|the {k} highest {n})",
    "bottommost": "(the {k} {n} from the bottom|the {k} lowest {n})",
    "largest": "the {k} (largest|biggest) {n}",
    "smallest": "the {k} (smallest|tiniest) {n}",
    "nearest": "the {k} (nearest|closest) {n}(| to the camera| to us)",
    "farthest": "the {k} (farthest|furthest|most distant) {n}(| from the camera)",
}
FIND = (
    "(Find|Locate|Point to|Point at|Show me|Mark|Select|Pick out|Highlight|Identify|Get|Where is)"
)


def nth(word: str, xs: str, k: int) -> str:
    """The k-th of a list by a superlative word; k counts from 1."""
    first = f"{word}({xs})"
    if k == 1:
        return first
    rest = f"without({xs}, {first})"
    return nth(word, rest, k - 1)


def ranked(t: Things) -> Pair:
    """The second cup from the left, and what is asked of it."""
    person = t.rng.random() < 0.3
    x = t.plain("person" if person else "")
    if t.rng.random() < 0.2:
        look = t.rng.choice(words.COLORS)
        x.many, x.before = f'filter({x.many}, "{look}")', look
    word = t.rng.choice(["leftmost", "rightmost"] * 3 + list(RANKS))
    k = t.rng.choice([2, 2, 2, 2, 3]) if not x.before else 2
    if word in ("leftmost", "rightmost", "topmost", "bottommost") and t.rng.random() < 0.12:
        k = 1
    name = {1: "first", 2: t.rng.choice(["second"] * 4 + ["2nd"]), 3: "third"}[k]
    pattern = RANKS[word]
    if k == 1:
        side = {"leftmost": "left", "rightmost": "right", "topmost": "top"}.get(word, "bottom")
        pattern = f"the {{k}} {{n}} from the {side}"
    said = words.expand(pattern.format(k=name, n=f"{x.before} {x.noun}".strip()), t.rng)
    found = nth(word, x.many, k)
    roll = t.rng.random()
    if roll < 0.35:
        return say(t.rng, f"{FIND} {said}(.|.|, please.)").replace("is the", "is the"), found
    if roll < 0.6:
        return which(
            t.rng,
            f"((What|Which) (color|colour) is {said}|What is the (color|colour) of {said})?",
            f"what color {said} is",
            f"the color of {said}",
        ), f'query({found}, "color")'
    if roll < 0.75:
        look = t.rng.choice(words.LOOKS[t.rng.choice(["color", "color", "state", "pose"])])
        return whether(
            t.rng, f"(Is {said} {look}|Does {said} look {look})?", f"{said} is {look}"
        ), f'verify({found}, "{look}")'
    if roll < 0.85 and person:
        relation = t.rng.choice(["wearing", "wearing", "holding", "carrying", "riding"])
        return say(
            t.rng, f"What is {said} {relation}?"
        ), f'query(largest(related_to(objects(image), "{relation}", {found})), "name")'
    if roll < 0.92:
        return say(
            t.rng, f"(What is {said} doing|What do you think {said} is doing)?"
        ), f'query({found}, "activity")'
    return say(t.rng, f"(Crop|Cut out|Zoom in on|Show only) {said}."), f"crop(image, {found})"


def all_but(t: Things) -> Pair:
    """Every dog except the largest one; how many others there are."""
    x = t.thing(rate=0.15, depth=0, best=False)
    word = t.rng.choice(
        ["leftmost", "rightmost", "largest", "smallest", "nearest", "farthest", "topmost"]
    )
    more = {
        "largest": "(largest|biggest)",
        "smallest": "smallest",
        "nearest": "(nearest|closest)",
        "farthest": "(farthest|furthest)",
        "topmost": "(topmost|highest)",
    }.get(word, word)
    one = f"(except|but|except for|other than|apart from|besides) the {more} (one|{x.noun})"
    found = f"without({x.many}, {word}({x.many}))"
    if t.rng.random() < 0.6:
        return say(t.rng, f"{FIND[:-10]}) (all (the |)|all of the |the ){x.plural} {one}."), found
    return say(
        t.rng, f"(How many {x.plural} are there {one}|Count all {x.plural} {one})?"
    ), f"count({found})"


def anything(t: Things) -> Pair:
    """Is there something red to the left of the mailbox; is there anything on the table."""
    thing = t.rng.choice(["anything", "something", "an object", "any object", "some object"])
    found, after = "objects(image)", ""
    if t.rng.random() < 0.6:
        if t.rng.random() < 0.6:
            word = t.rng.choice(list(words.SPATIAL))
            y = t.anchor(1)
            after = f" {t.rng.choice(words.SPATIAL[word].split('|'))} {y.the}"
            found = f"{word}({found}, {y.one})"
        else:
            relation = t.rng.choice(words.PLACED + ["on", "in"] * 3)
            y = t.anchor(1, words.RELATIONS[relation][3])
            after = f" {relation} {y.the}"
            found = f'related({found}, "{relation}", {y.one})'
    if not after or t.rng.random() < 0.4:
        look = t.rng.choice(words.LOOKS[t.rng.choice(["color"] * 3 + ["material", "shape"])])
        thing, found = f"{thing} {look}", f'filter({found}, "{look}")'
        if "object" in thing:
            head, _, noun = thing.removesuffix(f" {look}").partition(" ")
            thing = f"{head} {look} {noun}"
            thing = f"{words.with_article(look)} {noun}" if head in ("a", "an") else thing
    if t.rng.random() < 0.25:
        things = "things" if "thing" in thing else "objects"
        plain = f"{look} {things}" if "filter" in found[:7] else things
        if "thing" in thing and "filter" in found[:7]:
            plain = f"{look} {things}"
        return which(
            t.rng, f"How many {plain} are{after or ' there'}?", f"how many {plain} are{after}"
        ), f"count({found})"
    asked = (
        f"(Is there {thing}{after}{WHERE}|Is {thing} {after}|Do you see {thing}{after}"
        f"|Can you (see|spot|find) {thing}{after}|Does {thing} lie{after})?"
    )
    if not after:
        asked = f"(Is there {thing}{WHERE}|Do you see {thing}{WHERE}|Can you (see|find) {thing})?"
    return whether(t.rng, asked, f"there is {thing}{after}"), f"exists({found})"
