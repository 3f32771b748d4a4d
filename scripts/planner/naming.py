"""Templates of questions that a name answers, and of those for a model that sees."""

from __future__ import annotations

import re

import things
import words
from sayings import WHERE, say, whether, which
from things import Things

Pair = tuple[str, str]


GROUPS = [
    "animal",
    "vehicle",
    "furniture",
    "food",
    "fruit",
    "vegetable",
    "device",
    "clothing",
    "person",
    "dessert",
    "meat",
    "appliance",
    "toy",
    "drink",
    "bird",
    "flower",
    "fast food",
    "baked good",
    "tool",
    "container",
    "plant",
    "instrument",
    "game",
    "appliance",
]


def kind_of(t: Things) -> Pair:
    """What kind of animal is it."""
    x = t.thing(rate=0.55)
    group = t.rng.choice(GROUPS)
    x.many, x.noun = x.many.replace(f'"{x.noun}"', f'"{group}"', 1), group
    kind = "(kind of |type of |sort of |)"
    if x.best or x.before or x.after:
        if x.before and t.rng.random() < 0.5:
            asked = (
                f"((What|Which) {kind}{group} is {x.before}|(What|Which) {group} (looks"
                f"|is) {x.before})?"
            )
        elif x.after and t.rng.random() < 0.4:
            said = re.sub("^(that |which |who )?(is )?", "", x.after)
            asked = f"(What|Which) {kind}{group} is {said}?"
            if x.after.split()[0] in ("that", "which", "who") and x.after.split()[1] != "is":
                asked = f"(What|Which) {kind}{group} {x.after.split(' ', 1)[1]}?"
        else:
            asked = (
                f"(What is {x.the}( called|)|(What|Which) {kind}{group} is {x.the}"
                f"|How is {x.the} called|What do you call {x.the}|Name {x.the}"
                f"|Identify {x.the}|What is the name of {x.the})?"
            )
        return say(t.rng, asked), f'query({x.one}, "name")'
    if t.rng.random() < 0.2:
        a, b = t.noun(), t.noun()
        aa, bb = words.with_article(a), words.with_article(b)
        return say(
            t.rng,
            f"((What|Which) {kind}{group} is (it|this|that|shown|in the (image"
            f"|picture)), {aa} or {bb}|Is the {group} {aa} or {bb}"
            f"|Is that {group} {aa} or {bb})?",
        ), f'choose({x.one}, ["{a}", "{b}"])'
    asked = (
        f"((What|Which) {kind}{group} is (it|this|that|shown|in the (image|picture"
        f"|photo)|pictured|there|present)|What is (this|that|the) {group}( called|)"
        f"|How is (this|that|the) {group} called|What do you call (this|that) {group}"
        f"|(What|Which) {kind}{group} (can you see|do you see)"
        f"|What is the {group} in the (image|picture)|Name the {group}|Identify (the"
        f"|this) {group}|What is the name of (the|this|that) {group})?"
    )
    return say(t.rng, asked), f'query({x.one}, "name")'


def what_is(t: Things) -> Pair:
    """What is on the table; who is wearing the hat; what is the man holding."""
    roll = t.rng.random()
    if roll < 0.12:
        best = t.rng.choice(
            ["largest", "smallest", "leftmost", "rightmost", "topmost", "nearest", "farthest"]
        )
        said = words.expand(things.SUPERLATIVES[best].format(n="(thing|object|item)"), t.rng)
        return say(
            t.rng,
            f"(What is the {said}{WHERE}|Name the {said}|Which (thing"
            f"|object) is the {re.sub('thing|object|item', 'one', said)}"
            f"|Identify the {said})?",
        ), f'query({best}(objects(image)), "name")'
    if roll < 0.17:
        return say(
            t.rng,
            "(What is (this|that|it)|What's (this|that|it)|What are these|What are they"
            "|What do you call this|What thing is this)?",
        ), 'query(largest(objects(image)), "name")'
    who = t.rng.random() < 0.4
    found = 'detect(image, "person")' if who else "objects(image)"
    w = "(Who|Who|What person|Which person)" if who else "(What|What|Which object|Which thing)"
    if roll < 0.37:
        word = t.rng.choice(["left_of", "right_of"] * 2 + list(words.SPATIAL))
        y = t.anchor(1)
        said = t.rng.choice(words.SPATIAL[word].split("|"))
        return which(
            t.rng,
            f"{w} (is|is|stands|do you see|can be seen) {said} {y.the}?",
            f"{'who' if who else 'what'} is {said} {y.the}",
        ), f'query(largest({word}({found}, {y.one})), "name")'
    if roll < 0.47:
        pose = t.rng.choice(words.LOOKS["pose"])
        return say(
            t.rng,
            "(Who (is|do you think is|in (this|the) (picture|image) is)|Which person is"
            f"|What person is) {pose}?",
        ), f'query(largest(filter(detect(image, "person"), "{pose}")), "name")'
    if roll < 0.72:
        relation = t.rng.choice(
            (words.ACTIVE + ["wearing"] * 8 + ["holding"] * 4)
            if who or t.rng.random() < 0.4
            else words.PLACED + ["on", "in"] * 4
        )
        ing, sings, _, kinds = words.RELATIONS[relation]
        y = t.anchor(1, kinds)
        to = (
            t.rng.choice([y.the, y.the, y.bare if y.are else y.a])
            if relation in words.ACTIVE
            else y.the
        )
        verb = (
            f"(is {ing}|is {ing}|{sings})"
            if relation in words.ACTIVE
            else f"(is|is|do you see|can you see) {relation}"
        )
        return which(
            t.rng, f"{w} {verb} {to}?", f"{'who' if who else 'what'} is {ing} {to}"
        ), f'query(largest(related({found}, "{relation}", {y.one})), "name")'
    x = t.thing("person person animal", rate=0.5)
    relation = t.rng.choice(words.ACTIVE + ["wearing"] * 8 + ["holding"] * 5 + ["on"] * 3 + ["in"])
    ing, _, plur, _ = words.RELATIONS[relation]
    what, found = "(What|What|What thing)", "objects(image)"
    if t.rng.random() < 0.25:
        group = t.rng.choice(
            ["clothing", "device", "vehicle", "animal", "food", "furniture", "fruit", "toy"]
        )
        what, found = f"(What|Which) (kind of |type of |){group}", f'detect(image, "{group}")'
    if relation in words.ACTIVE:
        asked = (
            f"({what} is {x.the} {ing}|{what} is {x.the} {ing}|{what} does {x.the} {plur}"
            f"|{x.the} is {ing} what|What do you think is {x.the} {ing})?"
        )
        if "detect" in found:
            asked = f"({what} is {x.the} {ing}|{what} does {x.the} {plur})?"
    else:
        asked = (
            f"({what} is {x.the} {relation}|{x.the} is {relation} what)?"
            if "objects" in found
            else f"{what} is {x.the} {relation}?"
        )
    return which(
        t.rng, asked, f"what {x.the} is {ing}" if "objects" in found else ""
    ), f'query(largest(related_to({found}, "{relation}", {x.one})), "name")'


def property_of_worn(t: Things) -> Pair:
    """The color of the shirt that the man is wearing; the man's shirt."""
    x = t.thing("person", rate=0.25, depth=0)
    y = t.plain("clothing")
    be = "are" if y.are else "is"
    if t.rng.random() < 0.35 and not x.after and not x.best:
        said, relation = f"the {x.before} {x.noun}'s {y.noun}", "of"
    else:
        relation = t.rng.choice(["wearing", "wearing", "holding", "carrying"])
        ing, sings, _, _ = words.RELATIONS[relation]
        said = f"the {y.noun} (that |which |){x.the} (is {ing}|{sings})"
    found = f'largest(related_to({y.many}, "{relation}", {x.one}))'
    if relation == "of":
        found = f'largest(related({y.many}, "of", {x.one}))'
    if t.rng.random() < 0.3:
        look = t.rng.choice(words.LOOKS["color"])
        return whether(
            t.rng,
            f"(Is {said} {look}|Does {said} look {look})?".replace("Is", be.capitalize()),
            f"{said} {be} {look}",
        ), f'verify({found}, "{look}")'
    return which(
        t.rng,
        f"((What|Which) (color|colour) {be} {said}|What is the color of {said})?",
        f"what color {said} {be}",
        f"the color of {said}",
    ), f'query({found}, "color")'


def in_common(t: Things) -> Pair:
    x, y = t.thing(rate=0.2, depth=0), t.thing(rate=0.2, depth=0)
    return say(
        t.rng,
        f"(What do {x.the} and {y.the} have in common"
        f"|What do {x.the} and {y.the} share|What is common to {x.the} and {y.the}"
        f"|In what way are {x.the} and {y.the} alike"
        f"|Which attribute do {x.the} and {y.the} share)?",
    ), f"common({x.one}, {y.one})"


def other_than(t: Things) -> Pair:
    group = t.rng.choice([*GROUPS, "person", "animal", "vehicle"])
    y = t.plain("animal person vehicle food furniture")
    x = words.plural(group)
    asked, program = t.rng.choice(
        [
            (
                f"(How many {x} (other than|besides|except|apart from"
                f"|that are not) {words.plural(y.noun)} are there"
                f"|How many {x} are there (besides|apart from|other than"
                f"|except) the {words.plural(y.noun)}"
                f"|Not counting the {words.plural(y.noun)}, how many {x} are there)?",
                "count({p})",
            ),
            (
                f"(Are there any {x} (other than|besides|except"
                f"|apart from) {words.plural(y.noun)}"
                f"|Is there {words.with_article(group)} (other than|besides"
                f"|apart from) the {words.plural(y.noun)}"
                f"|Apart from the {words.plural(y.noun)}, are there any {x})?",
                "exists({p})",
            ),
        ]
    )
    return say(t.rng, asked), program.format(p=f'without(detect(image, "{group}"), {y.many})')


OPEN = (
    "Why is {x} {p}?|What will {x} do next?|How is {x} feeling?"
    "|What brand is {x}?|What time of day is it?|What season is it?"
    "|What is {x} used for?|Who owns {x}?|What just happened to {x}?|"
    "What sport is being played?|How expensive is {x}?|What time does {x} show?"
    "|What breed is {x}?|Is it safe to touch {x}?|What country is this?"
    "|Why is {x} there?|What is the mood of the scene?|"
    "What kind of event is this?|What could {x} be used for?"
    "|Is {x} about to fall?|How many legs does {x} have?|What flavor is {x}?"
    "|What team does {x} play for?|What is happening in the picture?|"
    "Which year was the photo taken?|What is unusual about {x}?|Who made {x}?"
    "|What language is spoken here?|What holiday is being celebrated?"
    "|What is {x} thinking?|What is the relationship between {x} and {y}?"
    "|How did {x} get there?|What emotion does {x} show?"
)


def open_question(t: Things) -> Pair:
    x, y = t.thing(rate=0.25, depth=0), t.plain()
    asked = t.rng.choice(OPEN.split("|")).format(
        x=x.the, y=y.the, p=t.rng.choice(words.LOOKS["pose"])
    )
    return (q := say(t.rng, asked)), f'vqa(image, "{q}")'
