"""Templates of questions about two pictures, and of requests that need a model that sees."""

from __future__ import annotations

import words
from sayings import say, whether
from things import Thing, Things

Pair = tuple[str, str]

LEFT = "the (left|first|left-hand) (image|picture|photo)"
RIGHT = "the (right|second|right-hand|other) (image|picture|photo)"
BOTH = "(both|the two) (images|pictures|photos)"


def _second(expression: str) -> str:
    """The same of the second picture."""
    return expression.replace("(image, ", "(image2, ").replace("(image)", "(image2)")


def _statement(t: Things, clause: str, asked: str = "") -> str:
    if asked and t.rng.random() < 0.45:
        return say(t.rng, f"({asked})?")
    if t.rng.random() < 0.6:
        return say(t.rng, f"{clause}.")
    return whether(t.rng, "", clause, 1.0)


def compared_pictures(t: Things) -> Pair:
    """The left image has more dogs than the right image."""
    x = t.thing(rate=0.25, depth=0, best=False)
    s, a = x.plural, f"count({x.many})"
    b = _second(a)
    one, two = words.expand(LEFT, t.rng), words.expand(RIGHT, t.rng)
    if t.rng.random() < 0.2:
        name, other = t.rng.choice([("left", "right"), ("first", "second")])
        more, sign = t.rng.choice([("more", ">"), ("fewer", "<")])
        return say(
            t.rng,
            f"(Which|What) (image|picture|photo) (shows|has|contains) {more} {s}, the {name} "
            f"(one |)or the {other} (one|)?",
        ), f'"{name}" if {a} {sign} {b} else "{other}"'
    if t.rng.random() < 0.5:
        one, two, a, b = two, one, b, a
    more, sign = t.rng.choice([("more", ">"), ("more", ">"), ("fewer", "<"), ("as many", "==")])
    than = "as" if sign == "==" else "than"
    return _statement(
        t,
        f"(there are {more} {s} in {one} {than} in {two}"
        f"|{one} (shows|has|contains) {more} {s} {than} {two})",
        f"Are there {more} {s} in {one} {than} in {two}"
        f"|Does {one} (show|have|contain) {more} {s} {than} {two}",
    ), f"{a} {sign} {b}"


def both_pictures(t: Things) -> Pair:
    x = t.thing(rate=0.25, depth=1, best=False)
    e, a, s = f"exists({x.many})", x.a, x.plural
    f = _second(e)
    be = t.rng.choice(["(images|pictures|photos)"])
    clause, asked, program = t.rng.choice(
        [
            (f"(both {be} (show|contain|have) {a}|each (image|picture) (shows|contains) {a}"
             f"|there (is|are) {s} in both {be})".replace("(is|are)", "are"),
             f"Do both {be} (show|contain|have) {a}"
             f"|Is there {a} in (both {be}|each (image|picture))",
             f"{e} and {f}"),
            (f"at least one of the {be} (shows|contains|has) {a}",
             f"Is there {a} in (either|at least one) of the {be}|Does either of the {be} show {a}",
             f"{e} or {f}"),
            (f"(exactly|only|just) one of the {be} (shows|contains|has) {a}",
             f"Does (exactly|only) one of the {be} (show|contain) {a}",
             f"({e} and not {f}) or (not {e} and {f})"),
            (f"neither of the {be} (shows|contains|has) {a}",
             f"Is there {a} in neither of the {be}|Is {a} missing in both {be}",
             f"not {e} and not {f}"),
            (f"only the (left|first) (image|picture) (shows|contains|has) {a}", "",
             f"{e} and not {f}"),
            (f"only the (right|second) (image|picture) (shows|contains|has) {a}", "",
             f"not {e} and {f}"),
            (f"{words.expand(LEFT, t.rng)} (shows|contains|has) {a}",
             f"Is there {a} in {LEFT}|Does {LEFT} (show|contain|have) {a}", e),
            (f"{words.expand(RIGHT, t.rng)} (shows|contains|has) {a}",
             f"Is there {a} in {RIGHT}|Does {RIGHT} (show|contain|have) {a}", f),
        ]
    )  # fmt: skip
    return _statement(t, clause, asked), program


def counted_pictures(t: Things) -> Pair:
    x = t.thing(rate=0.25, depth=0, best=False)
    a, s = f"count({x.many})", x.plural
    b = _second(a)
    k = t.rng.randint(2, 9)
    n = t.rng.choice([words.NUMBERS[k], str(k)])
    sign, bound = t.rng.choice(
        [
            (">=", "at least"),
            ("<=", "at most"),
            (">", "more than"),
            ("<", "fewer than"),
            ("==", "exactly"),
        ]
    )
    roll = t.rng.random()
    if roll < 0.25:
        return say(
            t.rng,
            f"(How many {s} are there in {BOTH} (together|combined|in total)"
            f"|How many {s} do {BOTH} show (in total|altogether)"
            f"|In total, how many {s} are in {BOTH}"
            f"|What is the (total|combined) number of {s} in {BOTH})?",
        ), f"{a} + {b}"
    if roll < 0.5:
        place, one = t.rng.choice([(LEFT, a), (RIGHT, b)])
        return say(
            t.rng,
            f"(How many {s} are (there |){{}}in {place}|How many {s} does {place} show"
            f"|In {place}, how many {s} are there|Count the {s} in {place})?".replace("{}", ""),
        ), one
    if roll < 0.65:
        return _statement(
            t,
            f"(there are {bound} {n} {s} in {BOTH} (combined|together|in total)"
            f"|the (images|pictures) show {bound} {n} {s} in total)",
            f"Are there {bound} {n} {s} in {BOTH} (combined|together|in total)",
        ), f"{a} + {b} {sign} {k}"
    if roll < 0.8:
        place, one = t.rng.choice([(LEFT, a), (RIGHT, b)])
        return _statement(
            t,
            f"({place} (shows|contains|has) {bound} {n} {s}|there are {bound} {n} {s} in {place})",
            f"Are there {bound} {n} {s} in {place}",
        ), f"{one} {sign} {k}"
    if roll < 0.9:
        return _statement(
            t,
            f"(each (image|picture) (shows|contains)|both (images|pictures) show) {bound} {n} {s}",
        ), f"{a} {sign} {k} and {b} {sign} {k}"
    return _statement(
        t, f"one (image|picture) (shows|contains) {bound} {n} {s}"
    ), f"{a} {sign} {k} or {b} {sign} {k}"


def looked_pictures(t: Things) -> Pair:
    """The dog in the second picture: its color, its pose; the same in both."""
    x = t.thing(rate=0.2, depth=0)
    one = x.one
    place, one = t.rng.choice([(LEFT, one), (RIGHT, _second(one)), (RIGHT, _second(one))])
    roll = t.rng.random()
    if roll < 0.3:
        return say(
            t.rng, f"(What|Which) (color|colour) is {x.the} in {place}?"
        ), f'query({one}, "color")'
    if roll < 0.5:
        look = t.rng.choice(words.LOOKS[t.rng.choice(["color", "pose", "state"])])
        return _statement(
            t, f"{x.the} in {place} is {look}", f"Is {x.the} in {place} {look}"
        ), f'verify({one}, "{look}")'
    if roll < 0.65:
        return say(t.rng, f"(Find|Locate|Show me|Where is) {x.the} in {place}."), one
    if roll < 0.85:
        return _statement(
            t,
            f"{x.the} (has|is) the same color in {BOTH}",
            f"(Is {x.the} the same color|Does {x.the} have the same color) in {BOTH}",
        ), f'same({x.one}, {_second(x.one)}, "color")'
    big, sign = t.rng.choice([("(larger|bigger)", ">"), ("smaller", "<")])
    return _statement(
        t,
        f"{x.the} is {big} in {LEFT} than in {RIGHT}",
        f"Is {x.the} {big} in {LEFT} than in {RIGHT}",
    ), f"area({x.one}) {sign} area({_second(x.one)})"


def moving(t: Things) -> Pair:
    x: Thing = t.thing("person animal vehicle object", rate=0.2, depth=0)
    moved = f"motion({x.one}, flow(image, image2))"
    roll = t.rng.random()
    when = "(| from the first (image|picture|frame) to the second| between the two (images|frames))"
    if roll < 0.6:
        return say(
            t.rng,
            f"((Which|What) (way|direction) (does {x.the} (move|go|travel|head)|is {x.the} "
            f"(moving|going|heading)){when}|In (which|what) direction (does {x.the} (move|go)"
            f"|is {x.the} (moving|going)){when}|Where is {x.the} (moving to|heading){when}"
            f"|How does {x.the} move{when}|Tell me which way {x.the} (moves|is moving)"
            f"|What is the direction of motion of {x.the})?",
        ), moved
    if roll < 0.9:
        way = t.rng.choice(["left", "right", "left", "right", "up", "down"])
        to = f"(to the |){way}" if way in ("left", "right") else way
        return whether(
            t.rng,
            f"(Is {x.the} moving {to}|Does {x.the} (move|go) {to}){when}?",
            f"{x.the} (moves|is moving) {to}{when}",
        ), f'{moved} == "{way}"'
    if roll < 0.95:
        return whether(
            t.rng, f"Does {x.the} (stand|stay|keep) still?", f"{x.the} (stands|stays) still"
        ), f'{moved} == "still"'
    return say(
        t.rng,
        "(Show|Compute|Give me) the (optical flow|motion|flow) (between|of) the two "
        "(images|frames).",
    ), "flow(image, image2)"


BEYOND = (
    "Blur the background.|Replace {x} with {a}.|Remove {x} from the picture.|Make {x} {c}."
    "|Color {x} {c} and leave the rest gray.|Put an emoji over {x}.|Hide all the faces."
    "|Tag the main characters of the film.|Who is this actor?|Which country is this flag from?"
    "|What is the capital of France?|Tell me a joke.|Write a poem about {x}."
    "|Is {x} good for your health?|How many calories does {x} have?|Who invented {x}?"
    "|When was {x} built?|What is the scientific name of {x}?|How old is the universe?"
    "|Tag the fruits that are rich in vitamin C.|Which of these is the most expensive?"
    "|Erase {x}.|Paint {x} {c}.|Turn the picture into black and white.|Make the picture brighter."
    "|Put {x} next to {y}.|Swap {x} and {y}.|Why is {x} {c}?|What might happen next?"
    "|Can {x} be recycled?|What would happen if {x} fell?|Which team is winning?"
    "|How much does {x} cost?|Is this photo real?|Who took this photo?|What is the story here?"
    "|Rotate the picture.|Explain the picture.|What makes this picture funny?"
    "|How does {x} work?|Translate the sign into English.|What should I do now?"
)


def beyond(t: Things) -> Pair:
    """What no tool does, and what the picture alone cannot tell: left to a model that may know."""
    x, y = t.thing(rate=0.2, depth=0), t.plain()
    asked = t.rng.choice(BEYOND.split("|")).format(
        x=x.the, y=y.the, a=t.plain().a, c=t.rng.choice(words.COLORS)
    )
    return (q := say(t.rng, asked)), f'vqa(image, "{q}")'
