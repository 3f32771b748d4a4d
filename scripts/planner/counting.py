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
        f"|How many {s} (do you see|can you find|can you see|are there|are located"
        "|have been put|lie|can be found|stand"
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


def numbers_compared(t: Things) -> Pair:
    x, y = t.thing(rate=0.2, depth=0, best=False), t.thing(rate=0.15, depth=0, best=False)
    p, q, a, b = x.plural, y.plural, f"count({x.many})", f"count({y.many})"
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
