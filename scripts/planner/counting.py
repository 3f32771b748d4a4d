"""Templates of questions about numbers of things."""

from __future__ import annotations

import words
from sayings import WHERE, say, whether, which
from things import Things
from words import plural

Pair = tuple[str, str]


def how_many(t: Things) -> Pair:
    x = t.thing(rate=0.5, best=False)
    s = x.plural
    asked = (
        f"(How many {s} (are there|do you see|can you see|can be seen|are visible"
        f"|are shown|can you count|appear|are present){WHERE}"
        f"|How many {s} are there{WHERE}|How many {s} are in the (image|picture|photo"
        "|scene)"
        f"|How many {s}{WHERE}|What number of {s} (can be seen|are there)"
        f"|How large is the number of {s}|How many {s} does the (image|picture"
        f"|photo) (show|have|contain)|Count (all |)(the |){s}{WHERE})?"
    )
    return which(
        t.rng,
        asked,
        f"how many {s} (there are|you see|are visible){WHERE}",
        f"the (number|count|total number) of {s}{WHERE}",
    ), f"count({x.many})"


def how_many_are(t: Things) -> Pair:
    """How many of the dogs are left of the car."""
    x = t.plain("person animal object vehicle furniture kitchen food clothing device outdoors")
    roll = t.rng.random()
    if roll < 0.6:
        word = t.rng.choice(["left_of", "right_of"] * 2 + list(words.SPATIAL))
        y = t.anchor(0)
        said, program = (
            f"{t.rng.choice(words.SPATIAL[word].split('|'))} {y.the}",
            f"{word}({x.many}, {y.one})",
        )
    elif roll < 0.85:
        look = t.rng.choice(words.LOOKS[t.rng.choice(["color", "color", "state", "pose", "size"])])
        look = f"not {look}" if t.rng.random() < 0.15 else look
        said, program = look, f'filter({x.many}, "{look}")'
    else:
        y = t.anchor(0, words.RELATIONS["on"][3])
        relation = t.rng.choice(["on", "in", "sitting on", "standing on", "on top of"])
        said, program = f"{relation} {y.the}", f'related({x.many}, "{relation}", {y.one})'
    s = plural(x.noun)
    asked = (
        f"(How many {s} are {said}|How many of the {s} are {said}"
        f"|How many {s} (do you see|can you find|can you see|are there|stand"
        f"|sit) {said}|What number of {s} are {said}|Of the {s}, how many are {said})?"
    )
    if program.startswith("filter"):
        asked = (
            f"(How many {s} are {said}|How many of the {s} are {said}"
            f"|Of the {s}, how many are {said}|What number of {s} are {said})?"
        )
    return which(t.rng, asked, f"how many {s} are {said}"), f"count({program})"


def people_doing(t: Things) -> Pair:
    """People who each wear their own: what is said stays a statement."""
    who = t.rng.choice(["person", "man", "woman", "child", "player", "boy", "girl"])
    relation = t.rng.choice(["wearing"] * 4 + ["holding"] * 2 + words.ACTIVE)
    y = t.plain(words.RELATIONS[relation][3])
    said = f"{relation} {t.rng.choice([plural(y.noun), y.bare if y.are else y.a])}"
    s = plural(who)
    program = f'filter(detect(image, "{who}"), "{said}")'
    if len(said.split()) > 4:
        return how_many(t)
    if t.rng.random() < 0.25:
        asked = (
            f"(Are all (of |)the {s} {said}|Are the {s} all {said}|Is every {who} {said}"
            f"|Is everyone {said})?"
        )
        q = say(t.rng, asked)
        who = "person" if "everyone" in q else who
        return q, f'all(verify(r, "{said}") for r in detect(image, "{who}"))'
    asked = (
        f"(How many {s} are {said}|How many {s} (do you see|can you see"
        f"|are there) {said}|How many of the {s} are {said}|Count the {s} {said})?"
    )
    return which(
        t.rng, asked, f"how many {s} are {said}", f"the number of {s} {said}"
    ), f"count({program})"


def number_checked(t: Things) -> Pair:
    x = t.thing(rate=0.25, depth=1, best=False)
    k = t.rng.randint(2, 9)
    n = t.rng.choice([words.NUMBERS[k], words.NUMBERS[k], str(k)])
    s, c = x.plural, f"count({x.many})"
    said, program = t.rng.choice(
        [
            (f"(exactly |){n} {s}", f"{c} == {k}"),
            (f"exactly {n} {s}", f"{c} == {k}"),
            (f"more than {n} {s}", f"{c} > {k}"),
            (f"over {n} {s}", f"{c} > {k}"),
            (f"(at least|no fewer than|a minimum of) {n} {s}", f"{c} >= {k}"),
            (f"{n} or more {s}", f"{c} >= {k}"),
            (f"(at most|no more than|a maximum of|not more than) {n} {s}", f"{c} <= {k}"),
            (f"{n} or fewer {s}", f"{c} <= {k}"),
            (f"(fewer|less) than {n} {s}", f"{c} < {k}"),
            (f"more than one {x.bare}", f"{c} > 1"),
            (f"(several|multiple|many) {s}", f"{c} > 1"),
            (f"(a pair of|exactly two|just two|only two) {s}", f"{c} == 2"),
            (f"(exactly one|only one|just one|a single) {x.bare}", f"{c} == 1"),
        ]
    )
    be = (
        "is"
        if (said.endswith(x.bare) and "than one" not in said) or "more than one" in said
        else "are"
    )
    asked = (
        f"({be} there {said}{WHERE}|{be} there {said}{WHERE}|(Do"
        f"|Can) you see {said}{WHERE}|Does the (image|picture|photo|scene) (show|have"
        f"|contain) {said})?"
    )
    if t.rng.random() < 0.15:
        sign, word = t.rng.choice(
            [
                (">", "(greater|larger|higher|more) than"),
                ("<", "(smaller|lower|less) than"),
                ("==", "(equal to|exactly|)"),
            ]
        )
        return whether(
            t.rng, f"Is the number of {s} {word} {n}?", f"the number of {s} is {word} {n}"
        ), f"{c} {sign} {k}"
    return whether(t.rng, asked, f"there {be} {said}{WHERE}"), program


def numbers_compared(t: Things) -> Pair:
    x, y = t.thing(rate=0.2, depth=0, best=False), t.thing(rate=0.15, depth=0, best=False)
    p, q, a, b = x.plural, y.plural, f"count({x.many})", f"count({y.many})"
    if t.rng.random() < 0.18:
        asked, program = t.rng.choice(
            [
                (
                    f"(How many more {p} than {q} are there|How many more {p} are there than {q}"
                    f"|What is the difference between the number of {p} and the number of {q}"
                    f"|By how many do the {p} outnumber the {q})?",
                    f"{a} - {b}",
                ),
                (
                    f"(How many {p} and {q} are there (in total|altogether|together|combined)"
                    f"|What is the (total|combined) number of {p} and {q}"
                    f"|Together, how many {p} and {q} do you see|How many {p} plus {q} are there)?",
                    f"{a} + {b}",
                ),
            ]
        )
        return say(t.rng, asked), program
    if t.rng.random() < 0.12:
        asked = (
            "(Which are there more of|What are there more of|Which is more numerous"
            f"|What do you see more of)(:|,) {p} or {q}?"
        )
        return say(t.rng, asked), f'"{p}" if {a} > {b} else "{q}"'
    asked, clause, sign = t.rng.choice(
        [
            (
                f"(Are there more {p} than {q}{WHERE}|Do you see more {p} than {q}"
                f"|Is the number of {p} (greater|larger|higher) than (the number|that) of {q}"
                f"|Are {p} more (numerous|common) than {q}|Do (the |){p} outnumber (the |){q}"
                f"|Are (the |){q} outnumbered by (the |){p}"
                f"|Does the picture have more {p} than {q}"
                f"|Are there more {p} than there are {q})?",
                f"(there are more {p} than {q}|the {p} outnumber the {q})",
                ">",
            ),
            (
                f"(Are there fewer {p} than {q}{WHERE}|Are there less {p} than {q}"
                f"|Do you see fewer {p} than {q}|Is the number of {p} (smaller|lower"
                f"|less) than (the number|that) of {q}|Are {p} less (numerous|common) than {q}"
                f"|Are (the |){p} outnumbered by (the |){q}|Are there not as many {p} as {q})?",
                f"there are fewer {p} than {q}",
                "<",
            ),
            (
                (
                    f"(Are there as many {p} as {q}{WHERE}|Is the number of {p} (equal to"
                    f"|the same as) (the number|that) of {q}|Are there equally many {p} and {q}"
                    f"|Are there the same number of {p} and {q}"
                    f"|Do you see the same number of {p} as {q}|Does each (of the "
                    f"|){x.bare} have one {y.bare} in number)?"
                ).replace(f"|Does each (of the |){x.bare} have one {y.bare} in number", ""),
                f"there are as many {p} as {q}",
                "==",
            ),
        ]
    )
    question = whether(t.rng, asked, clause)
    if "outnumbered by" in question and sign == ">":
        return question, f"{b} < {a}"
    return question, f"{a} {sign} {b}"
