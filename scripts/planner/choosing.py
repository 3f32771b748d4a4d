"""Templates of questions that one of some options answers."""

from __future__ import annotations

import words
from sayings import say, which
from things import Things

Pair = tuple[str, str]


def sides(t: Things) -> Pair:
    """Left or right of it; above or below; in front or behind."""
    x, y = t.thing(rate=0.25, depth=0), t.anchor(1)
    be = "are" if x.are else "is"
    sort = t.rng.choice(["left", "left", "left", "above", "front"])
    if sort == "left":
        asked = (
            f"({be} {x.the} (to the |on the |)left or (to the |on the |)right of {y.the}"
            f"|{be} {x.the} to the right or to the left of {y.the}"
            f"|{be} {x.the} to the left or to the right of {y.the}"
            f"|(On |)(which|what) side of {y.the} (does {x.the} (sit|stand|lie|appear)"
            f"|{be} {x.the}( on|))|{be} {x.the} on the left side or (on "
            f"|)the right side of {y.the}"
            f"|Relative to {y.the}, {be} {x.the} (on the |to the |)left or (on the "
            f"|to the |)right|{be} {x.the} on the right or on the left of {y.the}"
            f"|{x.the}: left or right of {y.the})?"
        )
        return which(
            t.rng,
            asked,
            f"(whether {x.the} {be} to the left or to the right of {y.the}|(which"
            f"|what) side of {y.the} {x.the} {be} on)",
        ), f'"left" if exists(left_of([{x.one}], {y.one})) else "right"'
    if sort == "above":
        a, b = t.rng.choice(
            [
                ("above", "below"),
                ("above", "below"),
                ("over", "under"),
                ("above", "under"),
                ("above", "underneath"),
                ("above", "beneath"),
            ]
        )
        first, last = t.rng.choice([(a, b), (b, a)])
        asked = (
            f"({be} {x.the} {first} or {last} {y.the}|In the (image"
            f"|picture), {be} {x.the} {first} or {last} {y.the}|Does {x.the} (hang|lie"
            f"|stand|sit) {first} or {last} {y.the})?"
        )
        return which(
            t.rng, asked, f"whether {x.the} {be} {first} or {last} {y.the}"
        ), f'"{a}" if exists(above([{x.one}], {y.one})) else "{b}"'
    first, last = t.rng.choice([("in front of", "behind"), ("behind", "in front of")])
    asked = (
        f"({be} {x.the} {first} or {last} {y.the}"
        f"|Does {x.the} stand {first} or {last} {y.the}"
        f"|{be} {x.the} {first} {y.the} or {last} it)?"
    )
    return which(
        t.rng, asked, f"whether {x.the} {be} {first} or {last} {y.the}"
    ), f'"front" if exists(in_front_of([{x.one}], {y.one})) else "behind"'


BEST = {  # how two are compared, and how more
    "largest": ("(larger|bigger|the larger one|the bigger one)", "(largest|biggest)"),
    "smallest": ("(smaller|the smaller one)", "(smallest)"),
    "nearest": (
        "((closer|nearer) to (the camera|us|the viewer|me)|closer|nearer)",
        "((closest|nearest) to (the camera|us|me)|closest|nearest)",
    ),
    "farthest": (
        "((farther|further) (away|from the camera|from us)|more distant)",
        "((farthest|furthest) (away|from the camera))",
    ),
    "leftmost": (
        "((farther|further|more) (to the |)left)",
        "((farthest|furthest|most) (to the |)left|leftmost)",
    ),
    "rightmost": (
        "((farther|further|more) (to the |)right)",
        "((farthest|furthest|most) (to the |)right|rightmost)",
    ),
    "topmost": ("(higher|higher up|closer to the top)", "(highest|highest up)"),
    "bottommost": ("(lower|lower down)", "(lowest)"),
}


def which_one(t: Things) -> Pair:
    three = t.rng.random() < 0.45
    xs = [t.thing(rate=0.15, depth=0, best=False) for _ in range(3 if three else 2)]
    if three and t.rng.random() < 0.1:
        xs.append(t.plain())
    word = t.rng.choice(["largest", "smallest", "nearest", "farthest"] * 2 + list(BEST))
    two, many = BEST[word]
    said = many if three else f"({two}|{two}|{many})"
    names = ", ".join(x.the for x in xs[:-1]) + " {or} " + xs[-1].the
    o, a = names.replace("{or}", "or"), names.replace("{or}", "and")
    asked = (
        f"((Which|What) (one |of these |of them |thing |)is {said}(,|:) {o}"
        f"|Which is {said}(,|:) {o}|Which of {a} is {said}|(Of|Between"
        f"|Among) {a}, which (one |)is {said}|Is {xs[0].the} or {xs[1].the} {two})?"
        if not three
        else f"((Which|What) (one |of these |of them |)is (the |){said}( in the (image"
        f"|picture)|)(,|:) {o}|(Of|Among) {a}, which (one |)is (the |){said}"
        f"|Which of {a} is (the |){said}|Is {o} (the |){said}|Which (of the three |)is (the "
        f"|){said}(,|:) {o}|Name the {said} (of|among) {a}|Of these, which is (the |){said}: {o}"
        f"|Tell me which (one |)is (the |){said}(,|:) {o})?"
    )
    if three and len(xs) == 3 and t.rng.random() < 0.15:
        first = xs[t.rng.randrange(3)]
        return say(
            t.rng, f"Is {first.the} the {many} of {a}?"
        ), f'{word}([{", ".join(x.one for x in xs)}]).label == "{first.noun}"'
    if word in ("largest", "smallest") and t.rng.random() < 0.35 and not three:
        more = {
            "largest": "(more (space|room|area)|a larger (area|part|share)|the larger (area|part)"
            "|most (space|of the picture))",
            "smallest": "(less (space|room|area)|a smaller (area|part|share)"
            "|the smaller (area|part))",
        }[word]
        asked = (
            "((Which|What) (one |thing |)(takes up|occupies|covers"
            f"|fills) {more}( of the (image|picture)|)(,|:) {o}|(Of"
            f"|Between) {a}, which (one |)(takes up|covers|occupies) {more})?"
        )
    return say(t.rng, asked), f"{word}([{', '.join(x.one for x in xs)}]).label"


def closer_to(t: Things) -> Pair:
    x, y, z = t.plain(), t.plain(), t.thing(rate=0.3, depth=0)
    sign, said = t.rng.choice(
        [
            ("<", "(closer|nearer) to"),
            ("<", "(closer|nearer) to"),
            (">", "(farther|further) (away |)from"),
        ]
    )
    asked = (
        f"((Which|What) (one |)is {said} {z.the}(,|:) {x.the} or {y.the}"
        f"|Is {x.the} or {y.the} {said} {z.the}|Of {x.the} and {y.the}, which (one "
        f"|)is {said} {z.the})?"
    )
    if t.rng.random() < 0.35:
        asked = (
            f"(Is {z.the} {said} {x.the} or {y.the}"
            f"|Is {z.the} {said} {x.the} or (|{'to ' if sign == '<' else 'from '}){y.the}|(Which"
            f"|What) is {z.the} {said}, {x.the} or {y.the})?"
        )
    return say(
        t.rng, asked
    ), f'"{x.noun}" if distance({x.one}, {z.one}) {sign} distance({y.one}, {z.one}) else "{y.noun}"'


def aged(t: Things) -> Pair:
    kinds = "person animal"
    said, verified = t.rng.choice(
        [
            ("older", "old"),
            ("younger", "young"),
            ("healthier", "healthy"),
            ("less healthy", "unhealthy"),
            ("longer", "long"),
        ]
    )
    if said in ("healthier", "less healthy"):
        kinds = "food"
    elif said == "longer":
        kinds = ""
    x, y = (
        t.thing(kinds, rate=0.15, depth=0, best=False),
        t.thing(kinds, rate=0.15, depth=0, best=False),
    )
    if t.rng.random() < 0.4:
        said, sign = t.rng.choice([("taller", ">"), ("shorter", "<")])
        asked = (
            f"((Who|(Which|What)( one|)) is {said}(,|:) {x.the} or {y.the}"
            f"|Of {x.the} and {y.the}, (who|which) is {said}"
            f"|Is {x.the} or {y.the} {said})?"
        )
        return say(
            t.rng, asked
        ), f"{x.one}.label if height({x.one}) {sign} height({y.one}) else {y.one}.label"
    asked = (
        f"((Who|(Which|What)( one|)) is {said}(,|:) {x.the} or {y.the}"
        f"|Of {x.the} and {y.the}, (who|which) is {said}"
        f"|Which of {x.the} and {y.the} is {said})?"
    )
    return say(t.rng, asked), f'{x.one}.label if verify({x.one}, "{verified}") else {y.one}.label'


def options(t: Things) -> Pair:
    x = t.thing(rate=0.45)
    be = "are" if x.are else "is"
    kind = t.rng.choice(["color"] * 4 + ["state"] * 2 + list(words.LOOKS))
    pool = words.MATERIALS if kind == "material" and t.rng.random() < 0.6 else words.LOOKS[kind]
    picked = t.rng.sample(pool, t.rng.choice([2, 2, 2, 3, 3, 4]))
    o = ", ".join(picked[:-1]) + " or " + picked[-1]
    again = f"is it {picked[1]}" if len(picked) == 2 else o
    asked = (
        f"({be} {x.the} {o}"
        f"|{be} {x.the} {picked[0]} or {again}"
        f"|Which is {x.the}(,|:) {o}|What {be} {x.the}(,|:) {o}|Does {x.the} (look"
        f"|seem|appear) {o}|Would you (call|say|describe) {x.the} (as |){o}"
        f"|{o}: which (one |)(fits|describes|is) {x.the}"
        f"|Do you think {x.the} {be} {o})?"
    )
    if kind == "color":
        asked = f"({asked[:-1]}|(What|Which) color {be} {x.the}, {o}|Is the color of {x.the} {o})?"
    if pool is words.MATERIALS:
        asked = (
            f"({be} {x.the} made (out |)of {o}|(What|Which) material makes up {x.the}, {o}"
            f"|What {be} {x.the} made of, {o})?"
        )
    if len(picked) > 2:
        asked = (
            f"({be} {x.the} {o}|Which is {x.the}(,|:) {o}|Does {x.the} look {o}"
            f"|What {be} {x.the}(,|:) {o}|Choose what fits {x.the}: {o})?"
        )
    return which(
        t.rng, asked, f"whether {x.the} {be} {o}"
    ), f"choose({x.one}, [{', '.join(f'{chr(34)}{p}{chr(34)}' for p in picked)}])"


def scene(t: Things) -> Pair:
    r = t.rng
    a, b = r.sample(words.PLACES, 2)
    v, w = r.sample(words.WEATHER, 2)
    n = t.noun()
    aa, bb = words.with_article(a), words.with_article(b)
    asked, program = r.choice(
        [
            (
                "((What|Which) (place|kind of place|location|type of place) is (this|it|that"
                "|shown|pictured|depicted)|Where was (this|the) (photo|picture) taken"
                "|What place is (the image|the photo|this) (in|at)|(What|Which) (place"
                "|location) (is shown|is pictured) here|Where (is this|are we)"
                "|What is the setting( of the picture|)|Which place do you think this is)?",
                'query(image, "place")',
            ),
            (
                "((What|Which) room is (this|it|shown)|What (kind|sort) of room is (this|it|shown)"
                "|What room do you see"
                "|In which room was the photo taken)?",
                'query(image, "place")',
            ),
            (
                "(How is the weather( today| like|)|What is the weather (like|today)"
                "|What's the weather like|What kind of weather (is it|is shown|do you see)"
                "|Describe the weather|What sort of weather is this)?",
                'query(image, "weather")',
            ),
            (
                f"(Is the weather|Is it|Does the weather look|Is the day) {v}( in the picture"
                "| outside| today|)?",
                f'verify(image, "{v}")',
            ),
            (
                "(Is (it|the weather)|How is the weather today,|What is the weather like,"
                f"|Does it look) {v} or {w}?",
                f'choose(image, ["{v}", "{w}"])',
            ),
            (
                "(Is (this|it) (|an image of |a photo of |a picture of "
                f"|a scene in ){aa} or (maybe |){bb}|Which is shown, {aa} or {bb}"
                f"|Is the photo showing {aa} or {bb}|Was this taken in {aa} or {bb}"
                f"|Does the picture show {aa} or {bb} as its setting)?",
                f'choose(image, ["{a}", "{b}"])',
            ),
            (
                f"(Is this (|a photo of |a picture of ){aa}|Was (this|the) (photo"
                f"|picture) taken (in|at) {aa}|Does this look like {aa}|Are we (in|at) {aa})?",
                f'verify(image, "{a}")',
            ),
            (
                "(Is (it|this|the (image|photo|picture|scene)) (indoors or outdoors"
                "|outdoors or indoors)|Was (this|the photo) taken (indoors or outdoors"
                "|inside or outside)|Is this an (indoor or outdoor"
                "|indoor or an outdoor) scene|Are we inside or outside)?",
                'choose(image, ["indoors", "outdoors"])',
            ),
            (
                "(Is (it|this|the (image|photo|picture|scene)) (indoors|an indoor scene"
                "|inside)|Was (this|the photo) taken (indoors|inside))?",
                'verify(image, "indoors")',
            ),
            (
                "(Is (it|this|the (image|photo|picture|scene)) (outdoors|an outdoor scene"
                "|outside)|Was (this|the photo) taken (outdoors|outside|in the open air))?",
                'verify(image, "outdoors")',
            ),
            (
                "(Classify (the|this) (image|picture|photo) as|Label this picture as"
                f"|Which label fits this picture:) {a}, {b} or {n}.",
                f'classify(image, ["{a}", "{b}", "{n}"])',
            ),
            (f"How well does (the|this) (picture|image) match {n}?", f'match(image, "{n}")'),
        ]
    )
    return say(r, asked), program
