"""Templates of questions whether something is true of a thing."""

from __future__ import annotations

import words
from sayings import say, whether
from things import Things

Pair = tuple[str, str]


OPPOSITE = {
    "left_of": "right_of",
    "right_of": "left_of",
    "above": "below",
    "below": "above",
    "in_front_of": "behind",
    "behind": "in_front_of",
    "near": "near",
}


def where_verified(t: Things) -> Pair:
    x, y = t.thing(rate=0.35, depth=0), t.anchor(1)
    word = t.rng.choice(["left_of", "right_of"] * 2 + list(words.SPATIAL))
    said = t.rng.choice(words.SPATIAL[word].split("|"))
    be, to = ("Are" if x.are else "Is"), y.the
    positive = f"exists({word}([{x.one}], {y.one}))"
    if word in OPPOSITE and not y.best and t.rng.random() < 0.2:  # of any such thing
        to, positive = y.a, f"exists({OPPOSITE[word]}({y.many}, {x.one}))"
    asked = (
        f"({be} {x.the} (||positioned |located |standing |placed |sitting "
        f"|situated ){said} {to}|{be} {x.the} {said} {to}"
        f"|Does {x.the} (stand|sit|lie|appear) {said} {to}|In the (image|picture"
        f"|photo), {be.lower()} {x.the} {said} {to}"
        f"|Do you see {x.the} {said} {to}|Can {x.the} be seen {said} {to}"
        f"|Looking at the (image|picture), {be.lower()} {x.the} {said} {to})?"
    )
    clause = f"{x.the} {be.lower()} (|positioned |located ){said} {to}"
    if t.rng.random() < 0.06:
        return whether(
            t.rng,
            f"Is it (true|the case) that {x.the} is not {said} {to}?",
            f"{x.the} is not {said} {to}",
        ), f"not {positive}"
    return whether(t.rng, asked, clause, 0.35), positive


def compared(t: Things) -> Pair:
    x, y = t.thing(rate=0.2, depth=0, best=False), t.thing(rate=0.15, depth=0, best=False)
    a, b = x.one, y.one
    said, program = t.rng.choice(
        [
            ("(larger|bigger)", f"area({a}) > area({b})"),
            ("(smaller|tinier)", f"area({a}) < area({b})"),
            ("(taller|higher in pixels)", f"height({a}) > height({b})"),
            ("shorter", f"height({a}) < height({b})"),
            ("wider", f"width({a}) > width({b})"),
            ("narrower", f"width({a}) < width({b})"),
            *[
                (
                    "(closer|nearer) to (the camera|us|the viewer|me|the photographer)",
                    f"exists(in_front_of([{a}], {b}))",
                )
            ]
            * 3,
            ("(closer|nearer)", f"exists(in_front_of([{a}], {b}))"),
            ("(farther|further) (away|from the camera|from us)", f"exists(behind([{a}], {b}))"),
            ("(further|farther) (to the |)left", f"exists(left_of([{a}], {b}))"),
            ("(further|farther) (to the |)right", f"exists(right_of([{a}], {b}))"),
            ("(higher|higher up)", f"exists(above([{a}], {b}))"),
            ("lower( down|)", f"exists(below([{a}], {b}))"),
        ]
    )
    if t.rng.random() < 0.2:
        more, program = t.rng.choice(
            [("more", f"area({a}) > area({b})"), ("less", f"area({a}) < area({b})")]
        )
        asked = (
            f"Does {x.the} (take up|cover|occupy|fill) {more} (space|area|of the picture"
            f"|of the image|room) than {y.the}?"
        )
        return whether(
            t.rng,
            asked,
            f"{x.the} (takes up|covers|occupies) {more} (space|of the picture) than {y.the}",
        ), program
    if t.rng.random() < 0.2:
        z = t.plain()
        sign, near = t.rng.choice(
            [("<", "(closer|nearer) to"), (">", "(farther|further) (away |)from")]
        )
        prep = "from" if sign == ">" else "to"
        asked = f"Is {x.the} {near} {y.the} than (|{prep} |it is {prep} ){z.the}?"
        return whether(
            t.rng, asked, f"{x.the} is {near} {y.the} than {prep} {z.the}"
        ), f"distance({a}, {b}) {sign} distance({a}, {z.one})"
    asked = (
        f"(Is {x.the} {said} than {y.the}|Compared (with"
        f"|to) {y.the}, is {x.the} {said}"
        f"|Is {x.the} the {said} one compared to {y.the})?"
    )
    return whether(t.rng, asked, f"{x.the} is {said} than {y.the}"), program


def touching(t: Things) -> Pair:
    x, y = t.thing(rate=0.2, depth=0), t.thing(rate=0.2, depth=0)
    asked = (
        f"Do {x.the} and {y.the} (overlap|intersect|cross each other)( in the (image|picture)|)?"
    )
    return whether(
        t.rng, asked, f"{x.the} and {y.the} (overlap|intersect)"
    ), f"exists(overlapping([{x.one}], {y.one}))"


def doing_verified(t: Things) -> Pair:
    """Is the man wearing a hat: any hat."""
    x = t.thing("person person animal", rate=0.4)
    relation = t.rng.choice(words.ACTIVE + ["wearing", "holding"] * 4)
    ing, _, plur, kinds = words.RELATIONS[relation]
    y = t.thing(kinds, rate=0.2, depth=0, best=False)
    to = t.rng.choice([y.the, y.bare if y.are else y.a, y.bare if y.are else y.a])
    asked = (
        f"(Is {x.the} {ing} {to}|Is {x.the} {ing} {to}|Does {x.the} {plur} {to}"
        f"|Can you see {x.the} {ing} {to}|Does {x.the} (seem"
        f"|appear) to be {ing} {to})?"
    )
    return whether(
        t.rng, asked, f"{x.the} is {ing} {to}"
    ), f'exists(related_to({y.many}, "{relation}", {x.one}))'


def placed_verified(t: Things) -> Pair:
    """Is the cup on the table."""
    x = t.thing(rate=0.3, depth=0)
    relation = t.rng.choice(words.PLACED + ["on", "in"] * 4)
    y = t.thing(words.RELATIONS[relation][3], rate=0.3, depth=0, best=False)
    be = "Are" if x.are else "Is"
    to = y.the if t.rng.random() < 0.75 else (y.bare if y.are else y.a)
    program = f'exists(related([{x.one}], "{relation}", {y.one}))'
    if not to.startswith("th"):
        program = f'exists(related_to({y.many}, "{relation}", {x.one}))'
    asked = (
        f"({be} {x.the} {relation} {to}|{be} {x.the} (lying |sitting |placed |)( "
        f"|){relation} {to}|Can {x.the} be found {relation} {to})?"
    )
    return whether(t.rng, asked, f"{x.the} {be.lower()} {relation} {to}"), program


def looks_verified(t: Things) -> Pair:
    x = t.thing(rate=0.5)
    kind = t.rng.choice(["color"] * 3 + ["state"] * 2 + list(words.LOOKS))
    look = t.rng.choice(words.LOOKS[kind])
    be, plur = ("Are", "Do") if x.are else ("Is", "Does")
    if kind == "material" and t.rng.random() < 0.6:
        look = t.rng.choice(words.MATERIALS)
        asked, clause = (
            f"{be} {x.the} made (out |)of {look}?",
            f"{x.the} {be.lower()} made (out |)of {look}",
        )
    elif kind == "color" and t.rng.random() < 0.15:
        asked, clause = (
            f"({be} {x.the} {look} in color|Is the color of {x.the} {look}"
            f"|{plur} {x.the} have a {look} color)?",
            f"the color of {x.the} is {look}",
        )
    else:
        asked = (
            f"({be} {x.the} {look}|{be} {x.the} {look}|{plur} {x.the} (look|seem|appear"
            f"|appear to be|look to be) {look}|Would you (call|describe) {x.the} (as "
            f"|){look})?"
        )
        clause = f"{x.the} {be.lower()} {look}"
    if t.rng.random() < 0.1:
        other = t.rng.choice(words.LOOKS[t.rng.choice(list(words.LOOKS))])
        if other != look:
            return whether(
                t.rng,
                f"{be} {x.the} (both |){look} and {other}?",
                f"{x.the} {be.lower()} {look} and {other}",
            ), f'verify({x.one}, "{look}") and verify({x.one}, "{other}")'
    return whether(t.rng, asked, clause), f'verify({x.one}, "{look}")'


def side_verified(t: Things) -> Pair:
    x = t.thing(rate=0.3, depth=0)
    place, said = t.rng.choice(
        [
            (
                "on the left",
                "(on the left|on the left side|in the left half|on the left hand side|at the left)",
            ),
            (
                "on the right",
                "(on the right|on the right side|in the right half|on the right hand side"
                "|at the right)",
            ),
            (
                "at the top",
                "(at the top|in the upper half|in the upper part|in the top half|in the top part)",
            ),
            (
                "at the bottom",
                "(at the bottom|in the lower half|in the lower part|in the bottom half"
                "|in the bottom part)",
            ),
            ("in the middle", "(in the middle|in the center|in the centre)"),
        ]
    )
    of = (
        "(| of the (image|picture|photo|scene))"
        if "half" not in said
        else " of the (image|picture|photo)"
    )
    asked = f"Is {x.the} (|located |positioned ){said}{of}?"
    return whether(t.rng, asked, f"{x.the} is {said}{of}"), f'verify({x.one}, "{place}")'


def all_of_them(t: Things) -> Pair:
    x = t.thing(rate=0.25, depth=1, best=False)
    look = t.rng.choice(words.LOOKS[t.rng.choice(["color"] * 2 + list(words.LOOKS))])
    if t.rng.random() < 0.3:
        attribute = t.rng.choice(["color", "color", "material", "shape", "size", "name"])
        said = (
            "(kind|type|species)"
            if attribute == "name"
            else attribute.replace("color", "(color|colour)")
        )
        asked = (
            f"(Are (all |)the {x.plural} (|all )(of |)the same {said}|Do (all "
            f"|)the {x.plural} (all |)have the same {said})?"
        )
        return say(t.rng, asked), f'all(same(r, {x.one}, "{attribute}") for r in {x.many})'
    sort, program = t.rng.choice(
        [
            ("all", f'all(verify(r, "{look}") for r in {x.many})'),
            ("any", f'exists(filter({x.many}, "{look}"))'),
            ("none", f'not exists(filter({x.many}, "{look}"))'),
        ]
    )
    asked = {
        "all": f"(Are all (of |)the {x.plural} {look}|Are the {x.plural} all {look}"
        f"|Is every {x.bare} {look}|Is each {x.bare} {look}"
        f"|Are all {x.plural} {look})?",
        "any": f"(Are any (of |)the {x.plural} {look}|Is any {x.bare} {look}"
        f"|Is any of the {x.plural} {look}|Is at least one {x.bare} {look}"
        f"|Are some {x.plural} {look}|Is one of the {x.plural} {look})?",
        "none": f"(Are none of the {x.plural} {look}|Is none of the {x.plural} {look}"
        f"|Is no {x.bare} {look})?",
    }[sort]
    clause = {
        "all": f"(all the {x.plural} are|every {x.bare} is) {look}",
        "any": f"(any of the {x.plural} are|some {x.bare} is) {look}",
        "none": f"(none of the {x.plural} are|no {x.bare} is) {look}",
    }[sort]
    return whether(t.rng, asked, clause), program


def alike(t: Things) -> Pair:
    x, y = t.thing(rate=0.3, depth=1, best=False), t.thing(rate=0.3, depth=0, best=False)
    attribute, said = t.rng.choice(
        [("color", "(color|colour)")] * 4
        + [
            ("material", "material"),
            ("shape", "shape"),
            ("size", "size"),
            ("pattern", "pattern"),
            ("name", "(kind of thing|type)"),
        ]
    )
    if t.rng.random() < 0.6:
        asked = (
            f"(Do {x.the} and {y.the} have the same {said}|Are {x.the} and {y.the} (of "
            f"|)the same {said}|Is {x.the} the same {said} as {y.the}"
            f"|Does {x.the} have the same {said} as {y.the}"
            f"|Do {x.the} and {y.the} (match|agree) in {said}"
            f"|Do {x.the} and {y.the} share (a|the same|their) {said}"
            f"|Are {x.the} and {y.the} (alike|similar|identical) in {said}"
            f"|Does {x.the} match {y.the} in {said}|Is the {said} of {x.the} (equal to"
            f"|the same as|like) (that|the {said}) of {y.the})?"
        )
        return whether(
            t.rng,
            asked,
            f"({x.the} and {y.the} (have|are) the same {said}"
            f"|{x.the} has the same {said} as {y.the})",
        ), f'same({x.one}, {y.one}, "{attribute}")'
    asked = (
        f"(Do {x.the} and {y.the} (differ in|have different|have a different) {said}"
        f"|Are {x.the} and {y.the} (different in|different from each other in"
        f"|unlike in|of different) {said}"
        f"|Is the {said} of {x.the} different from (that|the {said}) of {y.the}"
        f"|Does {x.the} have a different {said} (than|from) {y.the}"
        f"|Is {x.the} a different {said} (than|from) {y.the}"
        f"|Does {x.the} differ from {y.the} in {said})?"
    )
    return whether(
        t.rng,
        asked,
        f"({x.the} and {y.the} differ in {said}|{x.the} has a different {said} than {y.the})",
    ), f'not same({x.one}, {y.one}, "{attribute}")'
