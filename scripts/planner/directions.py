"""Templates of relations in both directions, and of what is denied."""

from __future__ import annotations

import words
from sayings import WHERE, say, whether, which
from things import Thing, Things

Pair = tuple[str, str]


GROUPS = "clothing animal vehicle furniture food fruit device toy"


HAVE = {  # relation -> another way to say it, and what follows "has"
    "wearing": ("(dressed in|wearing)", "on"),
    "holding": ("holding", "in (the|one) hand"),
}


def _any(t: Things, y: Thing) -> str:
    return t.rng.choice([y.bare if y.are else y.a, y.bare if y.are else y.a, f"any {y.plural}"])


def direction(t: Things) -> Pair:
    """One thing does something to another: asked of either, in every form."""
    x = t.thing("person person animal", rate=0.35, depth=1, best=t.rng.random() < 0.2)
    relation = t.rng.choice(words.ACTIVE + ["wearing"] * 5 + ["holding"] * 4 + ["riding"] * 2)
    ing, sings, plur, kinds = words.RELATIONS[relation]
    y = t.thing(kinds, rate=0.3, depth=1, best=False)
    if y.after and t.rng.random() < 0.5:  # "the hat on the chair the man is wearing" is unclear
        y = t.plain(kinds)
    to, some = t.rng.choice([y.the, y.bare if y.are else y.a]), _any(t, y)
    first = f'related({{}}, "{relation}", {y.one})'
    last = f'related_to({{}}, "{relation}", {x.one})'
    group = t.rng.choice(GROUPS.split())
    be = "are" if y.are else "is"
    forms = [
        (f"(Who|Who|What|Which person|What person) is {ing} {to}?", "who"),
        (f"Who {sings} {to}?", "who"),
        (f"What (is {x.the} {ing}|does {x.the} {plur})?", "what"),
        (f"(What|Which) (kind of |type of |){group} is {x.the} {ing}?", "group"),
        (f"How many {y.plural} (is {x.the} {ing}|does {x.the} {plur})?", "many"),
        (f"(Is {x.the} {ing}|Does {x.the} {plur}) {some}?", "does"),
        (f"(Is|Can you see) {x.a} {ing} {y.the}{WHERE}?", "any"),
        (f"Are there (any |){x.plural} {ing} {y.the}{WHERE}?", "any"),
        (f"Which color {be} the {y.bare} {x.the} is {ing}?", "color y"),
        (f"What color {be} the {y.bare} (that |which |){x.the} {sings}?", "color y"),
        (f"What (is the color of|color is) the {x.noun} (that is |who is |){ing} {to}?", "x"),
        (f"Is the {y.bare} {x.the} is {ing} LOOK?", "look y"),
        (f"Is the {x.noun} (that is |){ing} {to} LOOK?", "look x"),
        (f"(Find|Locate|Show me) the {x.noun} {ing} {to}.", "find x"),
        (f"(Find|Locate|Show me) the {y.bare} (that |){x.the} is {ing}.", "find y"),
    ]
    asked, program = t.rng.choice([f for f in forms if not (y.after and f[1].endswith(" y"))])
    if relation in HAVE and t.rng.random() < 0.4:
        has, where = HAVE[relation]
        asked, program = t.rng.choice(
            [
                (f"(Does {x.the} have|Has {x.the} got) {some} {where}?", "does"),
                (f"What does {x.the} have {where}?", "what"),
                (f"(Who|Which person) has {to} {where}?", "who"),
                (f"(What|Which) {group} does {x.the} have {where}?", "group"),
                (f"Is {x.the} {has} {some}?", "does"),
                (f"What is {x.the} {has}?", "what"),
            ]
        )
    look = t.rng.choice(words.COLORS)
    plain = f'detect(image, "{x.noun}")'
    who = first.format('detect(image, "person")')
    said = say(t.rng, asked.replace("LOOK", look))
    if said.startswith("What") and program == "who" and "person" not in said:
        who = first.format("objects(image)")
    expression = {
        "who": f'query(largest({who}), "name")',
        "what": f'query(largest({last.format("objects(image)")}), "name")',
        "group": f'query(largest({last.format(_detect(group))}), "name")',
        "many": f"count({last.format(y.many)})",
        "does": f"exists({last.format(y.many)})",
        "any": f"exists({first.format(x.many)})",
        "color y": f'query(largest({last.format(y.many)}), "color")',
        "x": f'query(largest({first.format(plain)}), "color")',
        "look y": f'verify(largest({last.format(y.many)}), "{look}")',
        "look x": f'verify(largest({first.format(plain)}), "{look}")',
        "find x": f"largest({first.format(plain)})",
        "find y": f"largest({last.format(y.many)})",
    }[program]
    return said, expression


def _detect(noun: str) -> str:
    return f'detect(image, "{noun}")'


def resting(t: Things) -> Pair:
    """What is on the table; what the cup is on; the cup on the table, and its look."""
    relation = t.rng.choice(["on", "in", "on top of"] * 4 + words.PLACED)
    y = t.anchor(1, words.RELATIONS[relation][3])
    x = t.thing("kitchen food object device animal", rate=0.25, depth=0, best=False)
    xs = f'related({x.many}, "{relation}", {y.one})'
    on_it, under_it = (
        f'query(largest({word}({{}}, "{relation}", {one})), "name")'
        for word, one in (("related", y.one), ("related_to", x.one))
    )
    group = t.rng.choice(GROUPS.split())
    kind, on = f"(What|Which) (kind of |type of |){group} is", f"{relation} {y.the}"
    things = "objects(image)"
    asked, program = t.rng.choice(
        [
            (
                "What (is|is|is|is there|lies|sits|stands|rests|can be seen|has been placed"
                f"|was put) {on}?",
                on_it.format(things),
            ),
            (f"What (object|thing) is {on}?", on_it.format(things)),
            (f"{kind} {on}?", on_it.format(_detect(group))),
            (f"What is {x.the} {relation}?", under_it.format(things)),
            (f"{kind} {x.the} {relation}?", under_it.format(_detect(group))),
            (f"How many {x.plural} are (there |){on}?", f"count({xs})"),
            (f"(Is there {x.a}|(Are there|Do you see) (any |){x.plural}) {on}?", f"exists({xs})"),
            (f"(What|Which) color is the {x.bare} {on}?", f'query(largest({xs}), "color")'),
            (f"What is the {x.bare} {on} made of?", f'query(largest({xs}), "material")'),
            (f"(Count|Find|Locate|Show me) (all |)the {x.plural} {on}.", xs),
        ]
    )
    said = say(t.rng, asked)
    return said, f"count({program})" if said.startswith("Count") else program


def denied(t: Things) -> Pair:
    """The car is not red; the man without a hat; is the dog not on the sofa."""
    x = t.thing(rate=0.2, depth=0)
    be = "are" if x.are else "is"
    roll = t.rng.random()
    if roll < 0.4:
        look = t.rng.choice(words.LOOKS[t.rng.choice(["color", "color", "state", "pose"])])
        asked = (
            f"({be} {x.the} not {look}|{be} {x.the} anything but {look}"
            f"|Is it (false|wrong|not true|not the case) that {x.the} {be} {look})?"
        )
        return whether(
            t.rng, asked, f"{x.the} ({be} not|{be}n't) {look}", 0.5
        ), f'not verify({x.one}, "{look}")'
    if roll < 0.6:
        y = t.anchor(0)
        word = t.rng.choice(list(words.SPATIAL))
        said = t.rng.choice(words.SPATIAL[word].split("|"))
        return whether(
            t.rng,
            f"({be} {x.the} not {said} {y.the}"
            f"|Is it (false|not true|not the case) that {x.the} {be} {said} {y.the})?",
            f"{x.the} ({be} not|{be}n't) {said} {y.the}",
            0.5,
        ), f"not exists({word}([{x.one}], {y.one}))"
    x = t.thing("person person animal", rate=0.2, depth=0)
    relation = t.rng.choice(["wearing"] * 4 + ["holding"] * 2 + words.ACTIVE)
    ing, _, plur, kinds = words.RELATIONS[relation]
    y = t.thing(kinds, rate=0.2, depth=0, best=False)
    some = y.bare if y.are else y.a
    asked = (
        f"(Is {x.the} not {ing} {some}|Does {x.the} not {plur} {some}"
        f"|Is {x.the} {ing} no {y.bare})?"
    )
    if relation in ("wearing", "carrying") and t.rng.random() < 0.4:
        asked = f"(Is {x.the} without {some}|Is {x.the} without any {y.plural})?"
    return whether(
        t.rng, asked, f"{x.the} (is not|isn't) {ing} {some}", 0.35
    ), f'not exists(related_to({y.many}, "{relation}", {x.one}))'


def none_do(t: Things) -> Pair:
    """Nobody is riding the camel; no cup is on the table; none of the dogs is asleep."""
    roll = t.rng.random()
    if roll < 0.5:
        who = "(nobody|no one|no person)"
        relation = t.rng.choice(["wearing", "holding", "riding"] * 2 + words.ACTIVE)
        ing, _, _, kinds = words.RELATIONS[relation]
        y = t.anchor(0, kinds)
        to = t.rng.choice([y.the, y.bare if y.are else y.a])
        return whether(
            t.rng, f"Is {who} {ing} {to}?", f"{who} is {ing} {to}", 0.5
        ), f'not exists(related(detect(image, "person"), "{relation}", {y.one}))'
    x = t.thing(rate=0.2, depth=0, best=False)
    y = t.anchor(0)
    word = t.rng.choice(list(words.SPATIAL))
    said = t.rng.choice(words.SPATIAL[word].split("|"))
    return whether(
        t.rng,
        f"(Is there no {x.bare}|Are there no {x.plural}) {said} {y.the}?",
        f"(there is no {x.bare}|there are no {x.plural}|no {x.bare} is) {said} {y.the}",
        0.4,
    ), f"not exists({word}({x.many}, {y.one}))"


def possessive(t: Things) -> Pair:
    """The man's hat, the dog's collar, the handle of the cup."""
    x = t.plain("person person animal vehicle")
    y = t.plain("clothing part" if x.noun in t.nouns["person"] else "part")
    be = "are" if y.are else "is"
    said = t.rng.choice([f"the {x.noun}'s {y.noun}"] * 3 + [f"the {y.noun} of the {x.noun}"])
    found = f'largest(related({y.many}, "of", {x.one}))'
    look = t.rng.choice(words.COLORS)
    other = t.rng.choice(words.COLORS)
    roll = t.rng.random()
    if roll < 0.45:
        return which(
            t.rng,
            f"((What|Which) (color|colour) {be} {said}|What is the color of {said})?",
            f"what color {said} {be}",
            f"the color of {said}",
        ), f'query({found}, "color")'
    if roll < 0.75 or other == look:
        return whether(t.rng, f"{be} {said} {look}?", f"{said} {be} {look}"), (
            f'verify({found}, "{look}")'
        )
    return say(t.rng, f"{be} {said} {look} or {other}?"), f'choose({found}, ["{look}", "{other}"])'
