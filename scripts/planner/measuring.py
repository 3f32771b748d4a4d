"""Templates of questions about a thing's attributes, place and size."""

from __future__ import annotations

from sayings import WHERE, say, whether, which
from things import Things

Pair = tuple[str, str]


ATTRIBUTES = {
    "color": (
        "(color|colour)",
        "(What color|What colour|Which color|Of which color|Of what color) {be} {x}"
        "|What is the (color|colour) of {x}|{x}, (what|which) color {be} it"
        "|How is {x} colored|Which color do you think {be} {x}",
        "(what|which) (color|colour) {x} {be}",
    ),
    "material": (
        "material",
        "What {be} {x} made (of|out of|from)|(What|Which) material {be} {x}|(What"
        "|Which) material {be} {x} made of|Which material makes up {x}"
        "|What is the material of {x}",
        "what {x} {be} made of",
    ),
    "shape": (
        "shape",
        "(What|Which) shape {be} {x}|What shape does {x} have|What is the shape of {x}",
        "what shape {x} {be}",
    ),
    "activity": (
        "",
        "What {be} {x} doing|What do you think {be} {x} doing"
        "|What does it look like {x} {be} doing|What {be} {x} up to"
        "|What activity {be} {x} engaged in",
        "what {x} {be} doing",
    ),
    "pose": (
        "(pose|posture)",
        "What is the pose of {x}|In (which|what) pose {be} {x}|What pose {be} {x} in",
        "what pose {x} {be} in",
    ),
    "size": (
        "size",
        "How (big|large) {be} {x}|What size {be} {x}|Which size {be} {x}",
        "(how big|what size) {x} {be}",
    ),
    "length": ("length", "How long {be} {x}|What is the length of {x}", "how long {x} {be}"),
    "age": ("age", "How old {be} {x}|What age {be} {x}", "how old {x} {be}"),
    "gender": ("gender", "What gender {be} {x}|What is the gender of {x}", "what gender {x} {be}"),
    "pattern": (
        "pattern",
        "(What|Which) pattern does {x} have|What pattern {be} on {x}"
        "|What is the pattern of {x}|What pattern {be} {x}",
        "what pattern {x} has",
    ),
    "hposition": (
        "",
        "(On |)(which|what) side of the (image|picture|photo) {be} {x}( on|)|(On "
        "|)(which|what) side {be} {x}( on|)|(On |)which side of the (image|picture"
        "|scene) does {x} (sit|stand|appear|lie)|{be} {x} on the left or (on "
        "|)the right (|side )of the (image|picture|photo)|Which (half"
        "|side) of the picture holds {x}|Is {x} in the left or (in |)the right half",
        "(which|what) side of the (image|picture|photo) {x} {be} on",
    ),
    "vposition": (
        "",
        "In which part of the (image|picture|photo) {be} {x}, the top or the bottom"
        "|{be} {x} (at|in) the top or (at |in |)the bottom (|part )of the (image"
        "|picture|photo)|Is {x} in the (upper|top) or (in |)the (lower|bottom) (half"
        "|part)( of the image|)",
        "",
    ),
    "height": ("", "How tall {be} {x}", "how tall {x} {be}"),
    "state": (
        "(state|condition)",
        "What state {be} {x} in|What is the (state|condition) of {x}|In what (state"
        "|condition) {be} {x}",
        "",
    ),
}


def attribute(t: Things) -> Pair:
    name = t.rng.choice(
        ["color"] * 9
        + ["material"] * 4
        + ["activity"] * 4
        + ["hposition"] * 5
        + ["vposition"]
        + list(ATTRIBUTES)
    )
    noun, asked, clause = ATTRIBUTES[name]
    kinds = "person person animal" if name in ("activity", "pose", "age", "gender") else ""
    x = t.thing(kinds, rate=0.5 if name != "hposition" else 0.25)
    be = "are" if x.are else "is"
    asked, clause = (p.replace("{x}", x.the).replace("{be}", be) for p in (asked, clause))
    return which(
        t.rng, f"({asked})?", clause, f"the {noun} of {x.the}" if noun else ""
    ), f'query({x.one}, "{name}")'


def where(t: Things) -> Pair:
    x = t.thing(rate=0.35, depth=1)
    be = "are" if x.are else "is"
    if t.rng.random() < 0.45:
        asked = (
            f"(Where {be} {x.the}( in the (image|picture|photo)|)|Where ("
            f"|abouts )in the (image|picture|photo) {be} {x.the}|Where can {x.the} be seen"
            f"|Where do you see {x.the}|Whereabouts {be} {x.the}|In (what|which) (part"
            f"|area|region|corner) of the (image|picture|photo) {be} {x.the})?"
        )
        return which(
            t.rng, asked, f"where {x.the} {be}", f"the position of {x.the}"
        ), f"position({x.one})"
    verb = (
        "(Find|Locate|Point at|Point to|Point out|Show( me|)|Mark|Highlight|Detect"
        "|Spot|Box|Get|Pick out|Select|Identify|Draw a box around|Give me the (box"
        "|bounding box|location|coordinates) of)"
    )
    if t.rng.random() < 0.3:
        y = t.thing(rate=0.3, best=False)
        return say(
            t.rng, f"{verb} (all|every one of the|all of the|the|all the) {y.plural}{WHERE}."
        ), y.many
    if t.rng.random() < 0.5 and not x.best:
        x.best, x.after, x.before = (
            t.rng.choice(
                [
                    "leftmost",
                    "rightmost",
                    "topmost",
                    "bottommost",
                    "largest",
                    "smallest",
                    "nearest",
                    "farthest",
                ]
            ),
            "",
            "",
        )
        x.many = f'detect(image, "{x.noun}")'
    if x.best and t.rng.random() < 0.3:
        return say(
            t.rng, f"(Which {x.noun} is {x.the.replace(x.noun, 'one', 1)}|Where is {x.the})?"
        ), x.one
    return say(t.rng, f"{verb} {x.the}{WHERE}(.|.|, please.)"), x.one


def area_checked(t: Things) -> Pair:
    """Whether a thing covers more than a share of the picture, and how much more than another."""
    x, y = t.thing(rate=0.3, depth=0), t.plain()
    if t.rng.random() < 0.25:
        return say(
            t.rng,
            f"(How much more of the (picture|image) does {x.the} (cover|take up|fill) than {y.the}"
            f"|By how many percent of the picture is {x.the} larger than {y.the})?",
        ), f"area({x.one}) - area({y.one})"
    share, said = t.rng.choice(
        [(50, "half"), (50, "half"), (25, "a quarter")]
        + [(n, f"{n} (percent|%)") for n in (5, 10, 15, 20, 30, 40, 60, 75, 80, 90)]
    )
    sign, bound = t.rng.choice(
        [(">", "more than"), ("<", "less than"), (">=", "at least"), ("<=", "at most")]
    )
    verb = "(cover|take up|fill|occupy)"
    return whether(
        t.rng,
        f"(Does {x.the} {verb} {bound} {said} of the (picture|image|photo|frame))?",
        f"{x.the} (covers|takes up|fills|occupies) {bound} {said} of the (picture|image)",
    ), f"area({x.one}) {sign} {share}"


def area(t: Things) -> Pair:
    x = t.thing(rate=0.3, depth=1)
    asked = (
        "((What|Which) (percentage|percent|fraction|share|proportion"
        "|part) of the (image|picture|photo|frame|image area"
        f"|picture area) (does {x.the} (cover|occupy|take up|fill)|is (covered"
        f"|occupied|taken up|filled) by {x.the}|is {x.the})|How much of the (image"
        f"|picture|photo|frame) (does {x.the} (cover|occupy|take up|fill)|is (covered"
        f"|taken up) by {x.the})|How (big|large) a (part|share) of the (picture"
        f"|image) is {x.the}|How many percent of the (picture"
        f"|image) does {x.the} cover|How much (space|area|room) does {x.the} (take up"
        f"|cover|occupy)|What is the area of {x.the})?"
    )
    return which(
        t.rng,
        asked,
        f"(how much|what percentage) of the (image|picture) {x.the} (covers|takes up|occupies)",
        (
            f"the (area|percentage of the picture covered by|share of the image taken by) {x.the}"
        ).replace("(area|", "(area of|"),
    ), f"area({x.one})"


def measure(t: Things) -> Pair:
    x, y = t.thing(rate=0.25, depth=0), t.thing(rate=0.2, depth=0)
    if t.rng.random() < 0.5:
        asked = (
            f"(How (far|far away|distant) is {x.the} from {y.the}|How far (apart"
            f"|away from each other) are {x.the} and {y.the}"
            f"|What is the distance (between {x.the} and {y.the}|from {x.the} to {y.the})"
            f"|How (close|near) is {x.the} to {y.the}|How far is it from {x.the} to {y.the}"
            f"|How far (away |)from {x.the} is {y.the}|How wide is the gap between {x.the} and"
            f" {y.the}|How much (space|distance) is (there |)between {x.the} and {y.the}"
            f"|How many (meters|metres) (separate"
            f"|are between) {x.the} and {y.the})?"
        )
        return which(
            t.rng,
            asked,
            f"how far {x.the} is from {y.the}",
            f"the distance (between {x.the} and {y.the}|from {x.the} to {y.the})",
        ), f"distance({x.one}, {y.one})"
    asked, noun, program = t.rng.choice(
        [
            (
                f"(How wide is {x.the}( in pixels|)|How many pixels wide is {x.the}"
                f"|What is the width of {x.the})?",
                f"the width of {x.the}",
                f"width({x.one})",
            ),
            (
                f"(How (tall|high) is {x.the} in pixels|How many pixels (tall|high) is {x.the}"
                f"|What is the (height|pixel height) of {x.the})?",
                f"the height of {x.the}",
                f"height({x.one})",
            ),
            (
                f"(What is the (center|centre|center point|middle) of {x.the}"
                f"|Where is the (center|centre) of {x.the})?",
                f"the (center|centre) of {x.the}",
                f"center({x.one})",
            ),
            (
                f"How (far|far away|deep) is {x.the} (from the camera|from us|in the picture|)?",
                "",
                f"depth_at({x.one}, depth(image))",
            ),
        ]
    )
    return which(t.rng, asked, "", noun), program
