"""Templates of questions that a number, a word or a place in the picture answers."""

from __future__ import annotations

import words
from sayings import WHERE, say, which, whether
from things import Things
from words import plural

Pair = tuple[str, str]


def how_many(t: Things) -> Pair:
    x = t.thing(rate=0.5, best=False)
    s = x.plural
    asked = (
        f"(How many {s} (are there|do you see|can you see|can be seen|are visible|are shown|can you count|appear|are present){WHERE}|How many {s} are there{WHERE}|How many {s} are in the (image|picture|photo|scene)"
        f"|How many {s}{WHERE}|What number of {s} (can be seen|are there)|How large is the number of {s}|How many {s} does the (image|picture|photo) (show|have|contain)|Count (all |)(the |){s}{WHERE})?"
    )
    return which(t.rng, asked, f"how many {s} (there are|you see|are visible){WHERE}", f"the (number|count|total number) of {s}{WHERE}"), f"count({x.many})"


def how_many_are(t: Things) -> Pair:
    """How many of the dogs are left of the car."""
    x = t.plain("person animal object vehicle furniture kitchen food clothing device outdoors")
    roll = t.rng.random()
    if roll < 0.6:
        word = t.rng.choice(["left_of", "right_of"] * 2 + list(words.SPATIAL))
        y = t.anchor(0)
        said, program = f"{t.rng.choice(words.SPATIAL[word].split('|'))} {y.the}", f"{word}({x.many}, {y.one})"
    elif roll < 0.85:
        look = t.rng.choice(words.LOOKS[t.rng.choice(["color", "color", "state", "pose", "size"])])
        look = f"not {look}" if t.rng.random() < 0.15 else look
        said, program = look, f'filter({x.many}, "{look}")'
    else:
        y = t.anchor(0, words.RELATIONS["on"][3])
        relation = t.rng.choice(["on", "in", "sitting on", "standing on", "on top of"])
        said, program = f"{relation} {y.the}", f'related({x.many}, "{relation}", {y.one})'
    s = plural(x.noun)
    asked = f"(How many {s} are {said}|How many of the {s} are {said}|How many {s} (do you see|can you find|can you see|are there|stand|sit) {said}|What number of {s} are {said}|Of the {s}, how many are {said})?"
    if program.startswith("filter"):
        asked = f"(How many {s} are {said}|How many of the {s} are {said}|Of the {s}, how many are {said}|What number of {s} are {said})?"
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
        asked = f"(Are all (of |)the {s} {said}|Are the {s} all {said}|Is every {who} {said}|Is everyone {said})?"
        q = say(t.rng, asked)
        who = "person" if "everyone" in q else who
        return q, f'all(verify(r, "{said}") for r in detect(image, "{who}"))'
    asked = f"(How many {s} are {said}|How many {s} (do you see|can you see|are there) {said}|How many of the {s} are {said}|Count the {s} {said})?"
    return which(t.rng, asked, f"how many {s} are {said}", f"the number of {s} {said}"), f"count({program})"


def number_checked(t: Things) -> Pair:
    x = t.thing(rate=0.25, depth=1, best=False)
    k = t.rng.randint(2, 9)
    n = t.rng.choice([words.NUMBERS[k], words.NUMBERS[k], str(k)])
    s, c = x.plural, f"count({x.many})"
    said, program = t.rng.choice([
        (f"(exactly |){n} {s}", f"{c} == {k}"), (f"exactly {n} {s}", f"{c} == {k}"), (f"more than {n} {s}", f"{c} > {k}"), (f"over {n} {s}", f"{c} > {k}"),
        (f"(at least|no fewer than|a minimum of) {n} {s}", f"{c} >= {k}"), (f"{n} or more {s}", f"{c} >= {k}"),
        (f"(at most|no more than|a maximum of|not more than) {n} {s}", f"{c} <= {k}"), (f"{n} or fewer {s}", f"{c} <= {k}"),
        (f"(fewer|less) than {n} {s}", f"{c} < {k}"), (f"more than one {x.bare}", f"{c} > 1"), (f"(several|multiple|many) {s}", f"{c} > 1"),
        (f"(a pair of|exactly two|just two|only two) {s}", f"{c} == 2"), (f"(exactly one|only one|just one|a single) {x.bare}", f"{c} == 1"),
    ])
    be = "is" if said.endswith(x.bare) and "than one" not in said or "more than one" in said else "are"
    asked = f"({be} there {said}{WHERE}|{be} there {said}{WHERE}|(Do|Can) you see {said}{WHERE}|Does the (image|picture|photo|scene) (show|have|contain) {said})?"
    if t.rng.random() < 0.15:
        sign, word = t.rng.choice([(">", "(greater|larger|higher|more) than"), ("<", "(smaller|lower|less) than"), ("==", "(equal to|exactly|)")])
        return whether(t.rng, f"Is the number of {s} {word} {n}?", f"the number of {s} is {word} {n}"), f"{c} {sign} {k}"
    return whether(t.rng, asked, f"there {be} {said}{WHERE}"), program


def numbers_compared(t: Things) -> Pair:
    x, y = t.thing(rate=0.2, depth=0, best=False), t.thing(rate=0.15, depth=0, best=False)
    p, q, a, b = x.plural, y.plural, f"count({x.many})", f"count({y.many})"
    if t.rng.random() < 0.18:
        asked, program = t.rng.choice([
            (f"(How many more {p} than {q} are there|How many more {p} are there than {q}|What is the difference between the number of {p} and the number of {q}|By how many do the {p} outnumber the {q})?", f"{a} - {b}"),
            (f"(How many {p} and {q} are there (in total|altogether|together|combined)|What is the (total|combined) number of {p} and {q}|Together, how many {p} and {q} do you see|How many {p} plus {q} are there)?", f"{a} + {b}"),
        ])
        return say(t.rng, asked), program
    if t.rng.random() < 0.12:
        asked = f"(Which are there more of|What are there more of|Which is more numerous|What do you see more of)(:|,) {p} or {q}?"
        return say(t.rng, asked), f'"{p}" if {a} > {b} else "{q}"'
    asked, clause, sign = t.rng.choice([
        (f"(Are there more {p} than {q}{WHERE}|Do you see more {p} than {q}|Is the number of {p} (greater|larger|higher) than (the number|that) of {q}|Are {p} more (numerous|common) than {q}|Do (the |){p} outnumber (the |){q}|Are (the |){q} outnumbered by (the |){p}|Does the picture have more {p} than {q}|Are there more {p} than there are {q})?",
         f"(there are more {p} than {q}|the {p} outnumber the {q})", ">"),
        (f"(Are there fewer {p} than {q}{WHERE}|Are there less {p} than {q}|Do you see fewer {p} than {q}|Is the number of {p} (smaller|lower|less) than (the number|that) of {q}|Are {p} less (numerous|common) than {q}|Are (the |){p} outnumbered by (the |){q}|Are there not as many {p} as {q})?",
         f"there are fewer {p} than {q}", "<"),
        (f"(Are there as many {p} as {q}{WHERE}|Is the number of {p} (equal to|the same as) (the number|that) of {q}|Are there equally many {p} and {q}|Are there the same number of {p} and {q}|Do you see the same number of {p} as {q}|Does each (of the |){x.bare} have one {y.bare} in number)?".replace(f"|Does each (of the |){x.bare} have one {y.bare} in number", ""),
         f"there are as many {p} as {q}", "=="),
    ])
    question = whether(t.rng, asked, clause)
    if "outnumbered by" in question and sign == ">":
        return question, f"{a} > {b}"
    return question, f"{a} {sign} {b}"


ATTRIBUTES = {
    "color": ("(color|colour)", "(What color|What colour|Which color|Of which color|Of what color) {be} {x}|What is the (color|colour) of {x}|{x}, (what|which) color {be} it|How is {x} colored|Which color do you think {be} {x}", "(what|which) (color|colour) {x} {be}"),
    "material": ("material", "What {be} {x} made (of|out of|from)|(What|Which) material {be} {x}|(What|Which) material {be} {x} made of|Which material makes up {x}|What is the material of {x}", "what {x} {be} made of"),
    "shape": ("shape", "(What|Which) shape {be} {x}|What shape does {x} have|What is the shape of {x}", "what shape {x} {be}"),
    "activity": ("", "What {be} {x} doing|What do you think {be} {x} doing|What does it look like {x} {be} doing|What {be} {x} up to|What activity {be} {x} engaged in", "what {x} {be} doing"),
    "pose": ("(pose|posture)", "What is the pose of {x}|In (which|what) pose {be} {x}|What pose {be} {x} in", "what pose {x} {be} in"),
    "size": ("size", "How (big|large) {be} {x}|What size {be} {x}|Which size {be} {x}", "(how big|what size) {x} {be}"),
    "age": ("age", "How old {be} {x}|What age {be} {x}", "how old {x} {be}"),
    "gender": ("gender", "What gender {be} {x}|What is the gender of {x}", "what gender {x} {be}"),
    "pattern": ("pattern", "(What|Which) pattern does {x} have|What pattern {be} on {x}|What is the pattern of {x}|What pattern {be} {x}", "what pattern {x} has"),
    "hposition": ("", "(On |)(which|what) side of the (image|picture|photo) {be} {x}( on|)|(On |)(which|what) side {be} {x}( on|)|(On |)which side of the (image|picture|scene) does {x} (sit|stand|appear|lie)|{be} {x} on the left or (on |)the right (|side )of the (image|picture|photo)|Which (half|side) of the picture holds {x}|Is {x} in the left or (in |)the right half", "(which|what) side of the (image|picture|photo) {x} {be} on"),
    "vposition": ("", "In which part of the (image|picture|photo) {be} {x}, the top or the bottom|{be} {x} (at|in) the top or (at |in |)the bottom (|part )of the (image|picture|photo)|Is {x} in the (upper|top) or (in |)the (lower|bottom) (half|part)( of the image|)", ""),
    "height": ("", "How tall {be} {x}", "how tall {x} {be}"),
    "state": ("(state|condition)", "What state {be} {x} in|What is the (state|condition) of {x}|In what (state|condition) {be} {x}", ""),
}


def attribute(t: Things) -> Pair:
    name = t.rng.choice(["color"] * 9 + ["material"] * 4 + ["activity"] * 4 + ["hposition"] * 5 + ["vposition"] + list(ATTRIBUTES))
    noun, asked, clause = ATTRIBUTES[name]
    kinds = "person person animal" if name in ("activity", "pose", "age", "gender") else ""
    x = t.thing(kinds, rate=0.5 if name != "hposition" else 0.25)
    be = "are" if x.are else "is"
    asked, clause = (p.replace("{x}", x.the).replace("{be}", be) for p in (asked, clause))
    return which(t.rng, f"({asked})?", clause, f"the {noun} of {x.the}" if noun else ""), f'query({x.one}, "{name}")'


def where(t: Things) -> Pair:
    x = t.thing(rate=0.35, depth=1)
    be = "are" if x.are else "is"
    if t.rng.random() < 0.45:
        asked = f"(Where {be} {x.the}( in the (image|picture|photo)|)|Where (|abouts )in the (image|picture|photo) {be} {x.the}|Where can {x.the} be seen|Where do you see {x.the}|Whereabouts {be} {x.the}|In (what|which) (part|area|region|corner) of the (image|picture|photo) {be} {x.the})?"
        return which(t.rng, asked, f"where {x.the} {be}", f"the position of {x.the}"), f"position({x.one})"
    verb = "(Find|Locate|Point at|Point to|Point out|Show( me|)|Mark|Highlight|Detect|Spot|Box|Get|Pick out|Select|Identify|Draw a box around|Give me the (box|bounding box|location|coordinates) of)"
    if t.rng.random() < 0.3:
        y = t.thing(rate=0.3, best=False)
        return say(t.rng, f"{verb} (all|every one of the|all of the|the|all the) {y.plural}{WHERE}."), y.many
    if t.rng.random() < 0.5 and not x.best:
        x.best, x.after, x.before = t.rng.choice(["leftmost", "rightmost", "topmost", "bottommost", "largest", "smallest", "nearest", "farthest"]), "", ""
        x.many = f'detect(image, "{x.noun}")'
    if x.best and t.rng.random() < 0.3:
        return say(t.rng, f"(Which {x.noun} is {x.the.replace(x.noun, 'one', 1)}|Where is {x.the})?"), x.one
    return say(t.rng, f"{verb} {x.the}{WHERE}(.|.|, please.)"), x.one


def area(t: Things) -> Pair:
    x = t.thing(rate=0.3, depth=1)
    asked = f"((What|Which) (percentage|percent|fraction|share|proportion|part) of the (image|picture|photo|frame|image area|picture area) (does {x.the} (cover|occupy|take up|fill)|is (covered|occupied|taken up|filled) by {x.the}|is {x.the})|How much of the (image|picture|photo|frame) (does {x.the} (cover|occupy|take up|fill)|is (covered|taken up) by {x.the})|How (big|large) a (part|share) of the (picture|image) is {x.the}|How many percent of the (picture|image) does {x.the} cover|How much (space|area|room) does {x.the} (take up|cover|occupy)|What is the area of {x.the})?"
    return which(t.rng, asked, f"(how much|what percentage) of the (image|picture) {x.the} (covers|takes up|occupies)", f"the (area|percentage of the picture covered by|share of the image taken by) {x.the}".replace("(area|", "(area of|")), f"area({x.one})"


def measure(t: Things) -> Pair:
    x, y = t.thing(rate=0.25, depth=0), t.thing(rate=0.2, depth=0)
    if t.rng.random() < 0.5:
        asked = f"(How (far|far away|distant) is {x.the} from {y.the}|How far (apart|away from each other) are {x.the} and {y.the}|What is the distance (between {x.the} and {y.the}|from {x.the} to {y.the})|How (close|near) is {x.the} to {y.the}|How many (meters|metres) (separate|are between) {x.the} and {y.the})?"
        return which(t.rng, asked, f"how far {x.the} is from {y.the}", f"the distance (between {x.the} and {y.the}|from {x.the} to {y.the})"), f"distance({x.one}, {y.one})"
    asked, noun, program = t.rng.choice([
        (f"(How wide is {x.the}( in pixels|)|How many pixels wide is {x.the}|What is the width of {x.the})?", f"the width of {x.the}", f"width({x.one})"),
        (f"(How (tall|high) is {x.the} in pixels|How many pixels (tall|high) is {x.the}|What is the (height|pixel height) of {x.the})?", f"the height of {x.the}", f"height({x.one})"),
        (f"(What is the (center|centre|center point|middle) of {x.the}|Where is the (center|centre) of {x.the})?", f"the (center|centre) of {x.the}", f"center({x.one})"),
        (f"How (far|far away|deep) is {x.the} (from the camera|from us|in the picture|)?", "", f"depth_at({x.one}, depth(image))"),
    ])
    return which(t.rng, asked, "", noun), program


def text(t: Things) -> Pair:
    x = t.thing("", rate=0.4, depth=1)
    if t.rng.random() < 0.7:
        noun = t.rng.choice("sign|stop sign|street sign|book|shirt|poster|label|screen|bus|truck|banner|door|cup|can|paper|billboard|menu|box|newspaper|jersey|license plate|card|flag|wall|window|train|boat|cap|bottle|envelope|package|storefront|board|sticker".split("|"))
        x.many, x.noun = x.many.replace(f'"{x.noun}"', f'"{noun}"', 1), noun
    if t.rng.random() < 0.25:
        asked, program = t.rng.choice([
            ("((What|Which) (text|words|writing|letters) (is|are|can you see) in the (image|picture|photo)|What is written( in the (image|picture)|)|What does it say|What does the text say|Read (all |)the (text|words|writing)( in the (image|picture)|)|What can be read here)?", "ocr(image)"),
            ("(Is there (any |some |)(text|writing)|Are there any (words|letters)|Can (any |)(text|words|writing) be (seen|read)|Do you see (any |)(text|writing|words)|Is anything written)( in the (image|picture|photo)| here|)?", "exists(ocr(image))"),
            ("(How many (words|texts|lines of text|pieces of text) (are there|can you read|are visible)( in the (image|picture)|))?", "count(ocr(image))"),
        ])
        return say(t.rng, asked), program
    if t.rng.random() < 0.15:
        return say(t.rng, f"(Is there (any |)(text|writing) on {x.the}|Is (anything|something) written on {x.the}|Does {x.the} have (text|writing|words) on it)?"), f"exists(ocr(crop(image, {x.one})))"
    asked = f"(What does {x.the} (say|read)|What is written on {x.the}|(What|Which) (text|words|writing|letters) (is|are) on {x.the}|What can you read on {x.the}|What does the (text|writing) on {x.the} say|What is printed on {x.the})?"
    return which(t.rng, asked, f"(what {x.the} says|what is written on {x.the})", f"the (text|words|writing) on {x.the}") if t.rng.random() < 0.75 else say(t.rng, f"Read {x.the}(.| to me.| out loud.| for me.)"), f"ocr(crop(image, {x.one}))"


def faces(t: Things) -> Pair:
    x = t.thing("person", rate=0.3, depth=0)
    return (lambda pair: (say(t.rng, pair[0]), pair[1]))(t.rng.choice([
        (f"(How many (human |)faces (are there|do you see|can you see|are visible|can be seen){WHERE}|Count the faces{WHERE}|How many faces{WHERE})?", "count(faces(image))"),
        (f"(Is there (a|any) (human |)face{WHERE}|Are there (any |)faces{WHERE}|Can you see (a|any) face|Is (a|any) face visible)?", "exists(faces(image))"),
        (f"(Find|Locate|Detect|Show|Mark|Point out) (all |all the |the |every )(human |)faces{WHERE}.", "faces(image)"),
        (f"(Find|Locate|Show|Point at) the (largest|biggest) face.", "largest(faces(image))"),
        (f"(Is the face of {x.the} visible|Can you see the face of {x.the}|Does {x.the} show (his|her|their) face)?", f"exists(faces(crop(image, {x.one})))"),
        (f"Are there more than two faces{WHERE}?", "count(faces(image)) > 2"),
    ]))


def picture(t: Things) -> Pair:
    x = t.thing(rate=0.4, depth=1)
    y = t.thing(rate=0.3, best=False)
    return (lambda pair: (say(t.rng, pair[0]), pair[1]))(t.rng.choice([
        (f"(Segment|Cut out the mask of|Outline|Mask|Give me the mask of|Trace the outline of|Segment out) {x.the}.", f"segment([{x.one}])"),
        (f"(Segment|Outline|Mask|Give me (masks|the masks) of|Trace) (all|all the|every one of the|the) {y.plural}.", f"segment({y.many})"),
        (f"(Crop|Crop the (image|picture) to|Cut out|Zoom in on|Show (just|only)|Zoom to|Give me a crop of|Crop out) {x.the}.", f"crop(image, {x.one})"),
        (f"(Crop|Cut out|Show|Give me) (the (part|area|region) of the (image|picture) |everything |the part )(to the left of|left of) {x.the}.", f"crop_left_of(image, {x.one})"),
        (f"(Crop|Cut out|Show|Give me) (the (part|area|region) of the (image|picture) |everything |the part )(to the right of|right of) {x.the}.", f"crop_right_of(image, {x.one})"),
        (f"(Crop|Cut out|Show|Give me) (the (part|area|region) of the (image|picture) |everything |the part )(above|over) {x.the}.", f"crop_above(image, {x.one})"),
        (f"(Crop|Cut out|Show|Give me) (the (part|area|region) of the (image|picture) |everything |the part )(below|under) {x.the}.", f"crop_below(image, {x.one})"),
        ("(Show (me |)|Give (me |)|Compute |Make |Estimate )(the depth|the depth map|a depth map)( of the (image|picture|scene)|).", "depth(image)"),
        ("(Describe|Caption|Summarize) (the|this) (image|picture|photo|scene).", "caption(image)"),
        ("((List|Name|Find|Show) (all |)(the |)(objects|things)|What (objects|things) (are there|can you see|are visible|do you see)|What (all |)is in (the|this) (image|picture|photo)|What do you see)(| here| in the (image|picture|photo)).", "objects(image)"),
        (f"How many (objects|things|items) (are there|can you see|do you see|are visible){WHERE}?", "count(objects(image))"),
    ]))


YES_NO_FREE = [how_many]
FAMILIES = [(how_many, 9), (how_many_are, 7), (people_doing, 3), (number_checked, 7), (numbers_compared, 7), (attribute, 16), (where, 9), (area, 5), (measure, 4), (text, 5), (faces, 2), (picture, 4)]
