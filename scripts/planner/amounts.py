"""Templates of numbers held against a bound: at least four, no more than two, three or fewer."""

from __future__ import annotations

import words
from sayings import WHERE, say, whether
from things import Thing, Things
from words import plural

Pair = tuple[str, str]

# what is said of the number {n} and of the things {s}, and the sign it stands for
BOUNDS = [
    (">=", "(at least|at least|at least|no fewer than|not fewer than|a minimum of) {n} {s}"),
    (">=", "({n} or more|{n} or even more|no less than {n}) {s}"),
    ("<=", "(at most|at most|at most|no more than|not more than|a maximum of|up to) {n} {s}"),
    ("<=", "({n} or fewer|{n} or less) {s}"),
    (">", "(more than|more than|more than|over) {n} {s}"),
    ("<", "(fewer than|fewer than|less than|under) {n} {s}"),
    ("==", "(exactly|exactly|precisely|just|only|) {n} {s}"),
]
# the same of "the number of {s}"
COMPARED = [
    (
        ">=",
        "(at least {n}|{n} or more|{n} or higher|no less than {n}|greater than or equal to {n})",
    ),
    ("<=", "(at most {n}|{n} or less|{n} or lower|no more than {n}|less than or equal to {n})"),
    (">", "(greater than|larger than|higher than|more than|above) {n}"),
    ("<", "(smaller than|lower than|less than|below) {n}"),
    ("==", "(equal to |exactly |){n}"),
]


def counted(t: Things) -> Thing:
    """Things to count: plain, or with a look, a place or a relation, or two of these."""
    roll = t.rng.random()
    if roll < 0.45:
        return t.plain()
    return t.thing(rate=1.0, depth=1, best=False)


def doing(t: Things) -> tuple[str, str, str]:
    """Several things and what they all are: their plural, what is said of them, the expression."""
    x = t.plain("person person animal vehicle object furniture clothing")
    roll = t.rng.random()
    if roll < 0.45:
        kind = "pose" if x.noun in t.nouns["person"] + t.nouns["animal"] else "color"
        look = t.rng.choice(words.LOOKS[t.rng.choice([kind, kind, "color", "state"])])
        return plural(x.noun), look, f'filter({x.many}, "{look}")'
    if roll < 0.75:
        word = t.rng.choice(["left_of", "right_of", *words.SPATIAL])
        y = t.anchor(0)
        said = f"{t.rng.choice(words.SPATIAL[word].split('|'))} {y.the}"
        return plural(x.noun), said, f"{word}({x.many}, {y.one})"
    relation = t.rng.choice(["on", "in", "sitting on", "standing on", "on top of", "attached to"])
    y = t.anchor(0, words.RELATIONS[relation][3])
    return plural(x.noun), f"{relation} {y.the}", f'related({x.many}, "{relation}", {y.one})'


def number_checked(t: Things) -> Pair:
    k = t.rng.choice([2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10, 12])
    n = t.rng.choice([words.NUMBERS[k], words.NUMBERS[k], str(k)])
    roll = t.rng.random()
    if roll < 0.2:
        x = counted(t)
        sign, said = t.rng.choice(COMPARED)
        said = said.format(n=n)
        number = f"(the number of {x.plural}|the count of {x.plural})"
        return whether(
            t.rng, f"Is {number} {said}?", f"{number} is {said}"
        ), f"count({x.many}) {sign} {k}"
    sign, bound = t.rng.choice(BOUNDS)
    if roll < 0.5:
        s, said, program = doing(t)
        some = bound.format(n=n, s=t.rng.choice([s, s, f"of the {s}"]))
        amount = words.expand(some.replace("up to", "at most"), t.rng)
        return whether(
            t.rng,
            f"(Are {amount} {said}|Are there {amount} {said}|Do you see {amount} {said}"
            f"|Can you (see|count) {amount} {said})?".replace(
                f"Are there {amount} {said}",
                f"Are there {amount} {said}" if "of the" not in amount else f"Are {amount} {said}",
            ),
            f"{amount} are {said}",
        ), f"count({program}) {sign} {k}"
    x = counted(t)
    if roll < 0.58:
        return _one(t, x)
    amount = words.expand(bound.format(n=n, s=x.plural), t.rng)
    asked = (
        f"(Are there {amount}{WHERE}|Are there {amount}{WHERE}|(Do|Can) you see {amount}{WHERE}"
        f"|Does the (image|picture|photo|scene) (show|have|contain|include) {amount}"
        f"|Can you count {amount}{WHERE}|Do (we|I) see {amount}{WHERE}"
        f"|Is it {amount} that (you|we) see|Are {amount} (visible|shown|present))?"
    )
    if x.after:
        asked = f"(Are there {amount}|(Do|Can) you see {amount}|Can you count {amount})?"
    return whether(
        t.rng, asked, f"(there are {amount}|I (see|count) {amount}|we see {amount})"
    ), f"count({x.many}) {sign} {k}"


def _one(t: Things, x: Thing) -> Pair:
    """Bounds without a number word, or about one."""
    c = f"count({x.many})"
    said, program, be = t.rng.choice(
        [
            (f"more than one {x.bare}", f"{c} > 1", "is"),
            (f"more than a single {x.bare}", f"{c} > 1", "is"),
            (f"(several|multiple) {x.plural}", f"{c} > 1", "are"),
            (f"(a pair of|exactly two|just two|only two) {x.plural}", f"{c} == 2", "are"),
            (f"(exactly one|only one|just one|only a single) {x.bare}", f"{c} == 1", "is"),
            (f"at least one {x.bare}", f"exists({x.many})", "is"),
            (f"at most one {x.bare}", f"{c} <= 1", "is"),
            (f"no more than one {x.bare}", f"{c} <= 1", "is"),
        ]
    )
    return whether(
        t.rng,
        f"({be} there {said}{WHERE}|Do you see {said}{WHERE}"
        f"|Does the (image|picture|photo) (show|have|contain) {said})?",
        f"there {be} {said}",
    ), program


def differences(t: Things) -> Pair:
    """How many more, how many in all, and these held against a number."""
    x, y = t.thing(rate=0.2, depth=0, best=False), t.thing(rate=0.15, depth=0, best=False)
    p, q, a, b = x.plural, y.plural, f"count({x.many})", f"count({y.many})"
    k = t.rng.randint(2, 9)
    n = t.rng.choice([words.NUMBERS[k], str(k)])
    roll = t.rng.random()
    if roll < 0.35:
        return say(
            t.rng,
            f"(How many more {p} than {q} (are there|do you see|can you see|are visible){WHERE}"
            f"|How many more {p} are there than {q}{WHERE}"
            f"|By how many do the {p} outnumber the {q}|How many more {p} than {q}"
            f"|Tell me how many more {p} than {q} there are"
            f"|How much (larger|greater|higher) is the number of {p} than (that|the number) of {q}"
            f"|How many {p} are there in excess of the {q})?",
        ), f"{a} - {b}"
    if roll < 0.48:
        return say(
            t.rng,
            f"(How many fewer {p} than {q} (are there|do you see|can you see){WHERE}"
            f"|How many fewer {p} are there than {q}|By how many are the {p} outnumbered by the {q}"
            f"|How much (smaller|lower) is the number of {p} than (that|the number) of {q})?",
        ), f"{b} - {a}"
    if roll < 0.58:
        return say(
            t.rng,
            f"(What is the difference between the (number|numbers|count) of {p} and (the number of "
            f"|){q}|What do you get when you subtract the number of {q} from the number of {p})?",
        ), f"{a} - {b}"
    if roll < 0.8:
        return say(
            t.rng,
            f"(How many {p} and {q} are there (in total|altogether|together|combined|in all)"
            f"|What is the (total|combined) number of {p} and {q}|(Together|In total|In all), "
            f"how many {p} and {q} (do you see|are there)|How many {p} plus {q} are there"
            f"|Add (up |)the number of {p} and (the number of |){q}"
            f"|Count the {p} and the {q} together)?",
        ), f"{a} + {b}"
    if roll < 0.9:
        return whether(
            t.rng, f"Are there {n} more {p} than {q}?", f"there are {n} more {p} than {q}"
        ), f"{a} - {b} == {k}"
    sign, said = t.rng.choice(
        [(">", "more than"), ("<", "fewer than"), (">=", "at least"), ("<=", "at most"), ("==", "")]
    )
    return whether(
        t.rng,
        f"Are there {said} {n} {p} and {q} (in total|altogether|together|in all)?",
        f"there are {said} {n} {p} and {q} (in total|altogether|together)",
    ), f"{a} + {b} {sign} {k}"
