"""Templates of questions that a name or one of some options answers."""

from __future__ import annotations

import words
from sayings import WHERE, say, which, whether
from things import Things

Pair = tuple[str, str]


def sides(t: Things) -> Pair:
    """Left or right of it; above or below; in front or behind."""
    x, y = t.thing(rate=0.25, depth=0), t.anchor(1)
    be = "are" if x.are else "is"
    sort = t.rng.choice(["left", "left", "left", "above", "front"])
    if sort == "left":
        asked = (
            f"({be} {x.the} (to the |on the |)left or (to the |on the |)right of {y.the}|{be} {x.the} to the right or to the left of {y.the}|{be} {x.the} to the left or to the right of {y.the}"
            f"|(On |)(which|what) side of {y.the} (does {x.the} (sit|stand|lie|appear)|{be} {x.the}( on|))|{be} {x.the} on the left side or (on |)the right side of {y.the}"
            f"|Relative to {y.the}, {be} {x.the} (on the |to the |)left or (on the |to the |)right|{be} {x.the} on the right or on the left of {y.the}|{x.the}: left or right of {y.the})?"
        )
        return which(t.rng, asked, f"(whether {x.the} {be} to the left or to the right of {y.the}|(which|what) side of {y.the} {x.the} {be} on)"), f'"left" if exists(left_of([{x.one}], {y.one})) else "right"'
    if sort == "above":
        a, b = t.rng.choice([("above", "below"), ("above", "below"), ("over", "under"), ("above", "under"), ("above", "underneath"), ("above", "beneath")])
        first, last = t.rng.choice([(a, b), (b, a)])
        asked = f"({be} {x.the} {first} or {last} {y.the}|In the (image|picture), {be} {x.the} {first} or {last} {y.the}|Does {x.the} (hang|lie|stand|sit) {first} or {last} {y.the})?"
        return which(t.rng, asked, f"whether {x.the} {be} {first} or {last} {y.the}"), f'"{a}" if exists(above([{x.one}], {y.one})) else "{b}"'
    first, last = t.rng.choice([("in front of", "behind"), ("behind", "in front of")])
    asked = f"({be} {x.the} {first} or {last} {y.the}|Does {x.the} stand {first} or {last} {y.the}|{be} {x.the} {first} {y.the} or {last} it)?"
    return which(t.rng, asked, f"whether {x.the} {be} {first} or {last} {y.the}"), f'"front" if exists(in_front_of([{x.one}], {y.one})) else "behind"'


BEST = {
    "largest": "(larger|bigger|the larger one|the bigger one)|(largest|biggest)", "smallest": "(smaller|the smaller one)|(smallest)",
    "nearest": "((closer|nearer) to (the camera|us|the viewer|me)|closer|nearer)|((closest|nearest) to (the camera|us|me)|closest|nearest)",
    "farthest": "((farther|further) (away|from the camera|from us)|more distant)|((farthest|furthest) (away|from the camera))",
    "leftmost": "((farther|further|more) (to the |)left)|((farthest|furthest|most) (to the |)left|leftmost)", "rightmost": "((farther|further|more) (to the |)right)|((farthest|furthest|most) (to the |)right|rightmost)",
    "topmost": "(higher|higher up)|(highest|highest up)", "bottommost": "(lower|lower down)|(lowest)",
}


def which_one(t: Things) -> Pair:
    three = t.rng.random() < 0.25
    xs = [t.thing(rate=0.15, depth=0, best=False) for _ in range(3 if three else 2)]
    word = t.rng.choice(["largest", "smallest", "nearest", "farthest"] * 2 + list(BEST))
    import re
    two, many = re.split(r"(?<=\))\|(?=\()", BEST[word], maxsplit=1) if word != "x" else ("", "")
    said = many if three else f"({two}|{two}|{many})"
    names = ", ".join(x.the for x in xs[:-1]) + " {or} " + xs[-1].the
    o, a = names.replace("{or}", "or"), names.replace("{or}", "and")
    asked = f"((Which|What) (one |of these |of them |thing |)is {said}(,|:) {o}|Which is {said}(,|:) {o}|Which of {a} is {said}|(Of|Between|Among) {a}, which (one |)is {said}|Is {xs[0].the} or {xs[1].the} {two})?" if not three else f"((Which|What) (one |of these |of them |)is (the |){said}( in the (image|picture)|)(,|:) {o}|(Of|Among) {a}, which (one |)is (the |){said}|Which of {a} is (the |){said})?"
    if word in ("largest", "smallest") and t.rng.random() < 0.35 and not three:
        more = {"largest": "(more (space|room|area)|a larger (area|part|share)|the larger (area|part)|most (space|of the picture))", "smallest": "(less (space|room|area)|a smaller (area|part|share)|the smaller (area|part))"}[word]
        asked = f"((Which|What) (one |thing |)(takes up|occupies|covers|fills) {more}( of the (image|picture)|)(,|:) {o}|(Of|Between) {a}, which (one |)(takes up|covers|occupies) {more})?"
    return say(t.rng, asked), f"{word}([{', '.join(x.one for x in xs)}]).label"


def closer_to(t: Things) -> Pair:
    x, y, z = t.plain(), t.plain(), t.thing(rate=0.3, depth=0)
    sign, said = t.rng.choice([("<", "(closer|nearer) to"), ("<", "(closer|nearer) to"), (">", "(farther|further) (away |)from")])
    asked = f"((Which|What) (one |)is {said} {z.the}(,|:) {x.the} or {y.the}|Is {x.the} or {y.the} {said} {z.the}|Of {x.the} and {y.the}, which (one |)is {said} {z.the})?"
    if t.rng.random() < 0.35:
        asked = f"(Is {z.the} {said} {x.the} or {y.the}|Is {z.the} {said} {x.the} or to {y.the}|(Which|What) is {z.the} {said}, {x.the} or {y.the})?"
    return say(t.rng, asked), f'"{x.noun}" if distance({x.one}, {z.one}) {sign} distance({y.one}, {z.one}) else "{y.noun}"'


def aged(t: Things) -> Pair:
    kinds = "person animal"
    said, verified = t.rng.choice([("older", "old"), ("younger", "young"), ("healthier", "healthy"), ("longer", "long")])
    if said == "healthier":
        kinds = "food"
    elif said == "longer":
        kinds = ""
    x, y = t.thing(kinds, rate=0.15, depth=0, best=False), t.thing(kinds, rate=0.15, depth=0, best=False)
    if t.rng.random() < 0.4:
        said, sign = t.rng.choice([("taller", ">"), ("shorter", "<")])
        asked = f"((Who|Which|What) (one |)is {said}(,|:) {x.the} or {y.the}|Of {x.the} and {y.the}, (who|which) is {said}|Is {x.the} or {y.the} {said})?"
        return say(t.rng, asked), f"{x.one}.label if height({x.one}) {sign} height({y.one}) else {y.one}.label"
    asked = f"((Who|Which|What) (one |)is {said}(,|:) {x.the} or {y.the}|Of {x.the} and {y.the}, (who|which) is {said}|Which of {x.the} and {y.the} is {said})?"
    return say(t.rng, asked), f'{x.one}.label if verify({x.one}, "{verified}") else {y.one}.label'


def options(t: Things) -> Pair:
    x = t.thing(rate=0.45)
    be = "are" if x.are else "is"
    kind = t.rng.choice(["color"] * 4 + ["state"] * 2 + list(words.LOOKS))
    pool = words.MATERIALS if kind == "material" and t.rng.random() < 0.6 else words.LOOKS[kind]
    picked = t.rng.sample(pool, 3 if t.rng.random() < 0.15 else 2)
    o = ", ".join(picked[:-1]) + " or " + picked[-1]
    asked = f"({be} {x.the} {o}|{be} {x.the} {picked[0]} or {'is it ' if len(picked) == 2 else ''}{o.split(' or ', 1)[1] if len(picked) == 2 else o}|Which is {x.the}(,|:) {o}|What {be} {x.the}(,|:) {o}|Does {x.the} (look|seem|appear) {o}|Would you (call|say|describe) {x.the} (as |){o}|{o}: which (one |)(fits|describes|is) {x.the}|Do you think {x.the} {be} {o})?"
    if kind == "color":
        asked = f"({asked[:-1]}|(What|Which) color {be} {x.the}, {o}|Is the color of {x.the} {o})?"
    if pool is words.MATERIALS:
        asked = f"({be} {x.the} made (out |)of {o}|(What|Which) material makes up {x.the}, {o}|What {be} {x.the} made of, {o})?"
    if len(picked) == 3:
        asked = f"({be} {x.the} {o}|Which is {x.the}(,|:) {o}|Does {x.the} look {o})?"
    return which(t.rng, asked, f"whether {x.the} {be} {o}"), f"choose({x.one}, [{', '.join(f'{chr(34)}{p}{chr(34)}' for p in picked)}])"


def scene(t: Things) -> Pair:
    r = t.rng
    a, b = r.sample(words.PLACES, 2)
    v, w = r.sample(words.WEATHER, 2)
    n = t.noun()
    aa, bb = words.with_article(a), words.with_article(b)
    asked, program = r.choice([
        ("((What|Which) (place|kind of place|location|type of place) is (this|it|that|shown|pictured|depicted)|Where was (this|the) (photo|picture) taken|What place is (the image|the photo|this) (in|at)|(What|Which) (place|location) (is shown|is pictured) here|Where (is this|are we)|What is the setting( of the picture|)|Which place do you think this is)?", 'query(image, "place")'),
        ("((What|Which) room is (this|it|shown)|What kind of room is (this|it)|In which room was the photo taken)?", 'query(image, "place")'),
        ("(How is the weather( today| like|)|What is the weather (like|today)|What's the weather like|What kind of weather (is it|is shown|do you see)|Describe the weather|What sort of weather is this)?", 'query(image, "weather")'),
        (f"(Is the weather|Is it|Does the weather look|Is the day) {v}( in the picture| outside| today|)?", f'verify(image, "{v}")'),
        (f"(Is (it|the weather)|How is the weather today,|What is the weather like,|Does it look) {v} or {w}?", f'choose(image, ["{v}", "{w}"])'),
        (f"(Is (this|it) (|an image of |a photo of |a picture of |a scene in ){aa} or (maybe |){bb}|Which is shown, {aa} or {bb}|Is the photo showing {aa} or {bb}|Was this taken in {aa} or {bb}|Does the picture show {aa} or {bb} as its setting)?", f'choose(image, ["{a}", "{b}"])'),
        (f"(Is this (|a photo of |a picture of ){aa}|Was (this|the) (photo|picture) taken (in|at) {aa}|Does this look like {aa}|Are we (in|at) {aa})?", f'verify(image, "{a}")'),
        ("(Is (it|this|the (image|photo|picture|scene)) (indoors or outdoors|outdoors or indoors)|Was (this|the photo) taken (indoors or outdoors|inside or outside)|Is this an (indoor or outdoor|indoor or an outdoor) scene|Are we inside or outside)?", 'choose(image, ["indoors", "outdoors"])'),
        ("(Is (it|this|the (image|photo|picture|scene)) (indoors|an indoor scene|inside)|Was (this|the photo) taken (indoors|inside))?", 'verify(image, "indoors")'),
        ("(Is (it|this|the (image|photo|picture|scene)) (outdoors|an outdoor scene|outside)|Was (this|the photo) taken (outdoors|outside|in the open air))?", 'verify(image, "outdoors")'),
        (f"(Classify (the|this) (image|picture|photo) as|Label this picture as|Which label fits this picture:) {a}, {b} or {n}.", f'classify(image, ["{a}", "{b}", "{n}"])'),
        (f"How well does (the|this) (picture|image) match {n}?", f'match(image, "{n}")'),
    ])
    return say(r, asked), program


GROUPS = "animal vehicle furniture food fruit vegetable device clothing person dessert meat appliance toy drink bird flower".split() + ["fast food", "baked good", "tool", "container", "plant", "instrument", "game", "appliance"]


def kind_of(t: Things) -> Pair:
    """What kind of animal is it."""
    x = t.thing(rate=0.55)
    group = t.rng.choice(GROUPS)
    x.many, x.noun = x.many.replace(f'"{x.noun}"', f'"{group}"', 1), group
    kind = "(kind of |type of |sort of |)"
    if x.best or x.before or x.after:
        if x.before and t.rng.random() < 0.5:
            asked = f"((What|Which) {kind}{group} is {x.before}|(What|Which) {group} (looks|is) {x.before})?"
        elif x.after and t.rng.random() < 0.4:
            asked = f"(What|Which) {kind}{group} is {x.after.removeprefix('that ').removeprefix('which ').removeprefix('who ').removeprefix('is ')}?"
            if x.after.split()[0] in ("that", "which", "who") and x.after.split()[1] != "is":
                asked = f"(What|Which) {kind}{group} {x.after.split(' ', 1)[1]}?"
        else:
            asked = f"(What is {x.the}( called|)|(What|Which) {kind}{group} is {x.the}|How is {x.the} called|What do you call {x.the}|Name {x.the}|Identify {x.the}|What is the name of {x.the})?"
        return say(t.rng, asked), f'query({x.one}, "name")'
    if t.rng.random() < 0.2:
        a, b = t.noun(), t.noun()
        aa, bb = words.with_article(a), words.with_article(b)
        return say(t.rng, f"((What|Which) {kind}{group} is (it|this|that|shown|in the (image|picture)), {aa} or {bb}|Is the {group} {aa} or {bb}|Is that {group} {aa} or {bb})?"), f'choose({x.one}, ["{a}", "{b}"])'
    asked = f"((What|Which) {kind}{group} is (it|this|that|shown|in the (image|picture|photo)|pictured|there|present)|What is (this|that|the) {group}( called|)|How is (this|that|the) {group} called|What do you call (this|that) {group}|(What|Which) {kind}{group} (can you see|do you see)|What is the {group} in the (image|picture)|Name the {group}|Identify (the|this) {group}|What is the name of (the|this|that) {group})?"
    return say(t.rng, asked), f'query({x.one}, "name")'


def what_is(t: Things) -> Pair:
    """What is on the table; who is wearing the hat; what is the man holding."""
    roll = t.rng.random()
    if roll < 0.12:
        best = t.rng.choice(["largest", "smallest", "leftmost", "rightmost", "topmost", "nearest", "farthest"])
        import things
        said = words.expand(things.SUPERLATIVES[best].format(n="(thing|object|item)"), t.rng)
        return say(t.rng, f"(What is the {said}{WHERE}|Name the {said}|Which (thing|object) is the {said.replace('thing', 'one').replace('object', 'one').replace('item', 'one')}|Identify the {said})?"), f'query({best}(objects(image)), "name")'
    if roll < 0.17:
        return say(t.rng, "(What is (this|that|it)|What's (this|that|it)|What are these|What are they|What do you call this|What thing is this)?"), 'query(largest(objects(image)), "name")'
    who = t.rng.random() < 0.4
    noun = "person" if who else ""
    found = 'detect(image, "person")' if who else "objects(image)"
    w = "(Who|Who|What person|Which person)" if who else "(What|What|Which object|Which thing)"
    if roll < 0.37:
        word = t.rng.choice(["left_of", "right_of"] * 2 + list(words.SPATIAL))
        y = t.anchor(1)
        said = t.rng.choice(words.SPATIAL[word].split("|"))
        return which(t.rng, f"{w} (is|is|stands|do you see|can be seen) {said} {y.the}?", f"{'who' if who else 'what'} is {said} {y.the}"), f'query(largest({word}({found}, {y.one})), "name")'
    if roll < 0.47:
        pose = t.rng.choice(words.LOOKS["pose"])
        return say(t.rng, f"(Who (is|do you think is|in (this|the) (picture|image) is)|Which person is|What person is) {pose}?"), f'query(largest(filter(detect(image, "person"), "{pose}")), "name")'
    if roll < 0.72:
        relation = t.rng.choice((words.ACTIVE + ["wearing"] * 8 + ["holding"] * 4) if who or t.rng.random() < 0.4 else words.PLACED + ["on", "in"] * 4)
        ing, sings, _, kinds = words.RELATIONS[relation]
        y = t.anchor(1, kinds)
        to = t.rng.choice([y.the, y.the, y.bare if y.are else y.a]) if relation in words.ACTIVE else y.the
        verb = f"(is {ing}|is {ing}|{sings})" if relation in words.ACTIVE else f"(is|is|do you see|can you see) {relation}"
        return which(t.rng, f"{w} {verb} {to}?", f"{'who' if who else 'what'} is {ing} {to}"), f'query(largest(related({found}, "{relation}", {y.one})), "name")'
    x = t.thing("person person animal", rate=0.5)
    relation = t.rng.choice(words.ACTIVE + ["wearing"] * 8 + ["holding"] * 5 + ["on"] * 3 + ["in"])
    ing, _, plur, _ = words.RELATIONS[relation]
    what, found = "(What|What|What thing)", "objects(image)"
    if t.rng.random() < 0.25:
        group = t.rng.choice(["clothing", "device", "vehicle", "animal", "food", "furniture", "fruit", "toy"])
        what, found = f"(What|Which) (kind of |type of |){group}", f'detect(image, "{group}")'
    if relation in words.ACTIVE:
        asked = f"({what} is {x.the} {ing}|{what} is {x.the} {ing}|{what} does {x.the} {plur}|{x.the} is {ing} what|What do you think is {x.the} {ing})?"
        if "detect" in found:
            asked = f"({what} is {x.the} {ing}|{what} does {x.the} {plur})?"
    else:
        asked = f"({what} is {x.the} {relation}|{x.the} is {relation} what)?" if "objects" in found else f"{what} is {x.the} {relation}?"
    return which(t.rng, asked, f"what {x.the} is {ing}" if "objects" in found else ""), f'query(largest(related_to({found}, "{relation}", {x.one})), "name")'


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
        return whether(t.rng, f"(Is {said} {look}|Does {said} look {look})?".replace("Is", be.capitalize()), f"{said} {be} {look}"), f'verify({found}, "{look}")'
    return which(t.rng, f"((What|Which) (color|colour) {be} {said}|What is the color of {said})?", f"what color {said} {be}", f"the color of {said}"), f'query({found}, "color")'


def in_common(t: Things) -> Pair:
    x, y = t.thing(rate=0.2, depth=0), t.thing(rate=0.2, depth=0)
    return say(t.rng, f"(What do {x.the} and {y.the} have in common|What do {x.the} and {y.the} share|What is common to {x.the} and {y.the}|In what way are {x.the} and {y.the} alike|Which attribute do {x.the} and {y.the} share)?"), f"common({x.one}, {y.one})"


def other_than(t: Things) -> Pair:
    group = t.rng.choice(GROUPS + ["person", "animal", "vehicle"])
    y = t.plain("animal person vehicle food furniture")
    x = words.plural(group)
    asked, program = t.rng.choice([
        (f"(How many {x} (other than|besides|except|apart from|that are not) {words.plural(y.noun)} are there|How many {x} are there (besides|apart from|other than|except) the {words.plural(y.noun)}|Not counting the {words.plural(y.noun)}, how many {x} are there)?", 'count({p})'),
        (f"(Are there any {x} (other than|besides|except|apart from) {words.plural(y.noun)}|Is there {words.with_article(group)} (other than|besides|apart from) the {words.plural(y.noun)}|Apart from the {words.plural(y.noun)}, are there any {x})?", "exists({p})"),
    ])
    return say(t.rng, asked), program.format(p=f'without(detect(image, "{group}"), {y.many})')


OPEN = (
    "Why is {x} {p}?|What will {x} do next?|How is {x} feeling?|What brand is {x}?|What time of day is it?|What season is it?|What is {x} used for?|Who owns {x}?|What just happened to {x}?|"
    "What sport is being played?|How expensive is {x}?|What time does {x} show?|What breed is {x}?|Is it safe to touch {x}?|What country is this?|Why is {x} there?|What is the mood of the scene?|"
    "What kind of event is this?|What could {x} be used for?|Is {x} about to fall?|How many legs does {x} have?|What flavor is {x}?|What team does {x} play for?|What is happening in the picture?|"
    "Which year was the photo taken?|What is unusual about {x}?|Who made {x}?|What language is spoken here?|What holiday is being celebrated?|What is {x} thinking?|What is the relationship between {x} and {y}?|How did {x} get there?|What emotion does {x} show?"
)


def open_question(t: Things) -> Pair:
    x, y = t.thing(rate=0.25, depth=0), t.plain()
    asked = t.rng.choice(OPEN.split("|")).format(x=x.the, y=y.the, p=t.rng.choice(words.LOOKS["pose"]))
    return (q := say(t.rng, asked)), f'vqa(image, "{q}")'


FAMILIES = [(sides, 8), (which_one, 8), (closer_to, 3), (aged, 2), (options, 7), (scene, 6), (kind_of, 6), (what_is, 14), (property_of_worn, 3), (in_common, 1), (other_than, 2), (open_question, 2)]
