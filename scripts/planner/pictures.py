"""Templates of texts, faces and crops, and of what is made of the picture as a whole."""

from __future__ import annotations

from sayings import WHERE, say, which
from things import Things

Pair = tuple[str, str]


def text(t: Things) -> Pair:
    x = t.thing("", rate=0.4, depth=1)
    if t.rng.random() < 0.7:
        noun = t.rng.choice(
            [
                "sign",
                "stop sign",
                "street sign",
                "book",
                "shirt",
                "poster",
                "label",
                "screen",
                "bus",
                "truck",
                "banner",
                "door",
                "cup",
                "can",
                "paper",
                "billboard",
                "menu",
                "box",
                "newspaper",
                "jersey",
                "license plate",
                "card",
                "flag",
                "wall",
                "window",
                "train",
                "boat",
                "cap",
                "bottle",
                "envelope",
                "package",
                "storefront",
                "board",
                "sticker",
            ]
        )
        x.many, x.noun = x.many.replace(f'"{x.noun}"', f'"{noun}"', 1), noun
    if t.rng.random() < 0.25:
        asked, program = t.rng.choice(
            [
                (
                    "((What|Which) (text|words|writing|letters) (is|are"
                    "|can you see) in the (image|picture|photo)|What is written( in the (image"
                    "|picture)|)|What does it say|What does the text say|Read (all |)the (text"
                    "|words|writing)( in the (image|picture)|)|What can be read here)?",
                    "ocr(image)",
                ),
                (
                    "(Is there (any |some |)(text|writing)|Are there any (words|letters)"
                    "|Can (any |)(text|words|writing) be (seen|read)|Do you see (any |)(text"
                    "|writing|words)|Is anything written)( in the (image|picture|photo)| here|)?",
                    "exists(ocr(image))",
                ),
                (
                    "(How many (words|texts|lines of text|pieces of text) (are there|can you read"
                    "|are visible)( in the (image|picture)|))?",
                    "count(ocr(image))",
                ),
            ]
        )
        return say(t.rng, asked), program
    if t.rng.random() < 0.15:
        return say(
            t.rng,
            f"(Is there (any |)(text|writing) on {x.the}|Is (anything"
            f"|something) written on {x.the}|Does {x.the} have (text|writing"
            "|words) on it)?",
        ), f"exists(ocr(crop(image, {x.one})))"
    asked = (
        f"(What does {x.the} (say|read)|What is written on {x.the}|(What|Which) (text"
        f"|words|writing|letters) (is|are) on {x.the}|What can you read on {x.the}"
        f"|What does the (text|writing) on {x.the} say|What is printed on {x.the})?"
    )
    return which(
        t.rng,
        asked,
        f"(what {x.the} says|what is written on {x.the})",
        f"the (text|words|writing) on {x.the}",
    ) if t.rng.random() < 0.75 else say(
        t.rng, f"Read {x.the}(.| to me.| out loud.| for me.)"
    ), f"ocr(crop(image, {x.one}))"


def faces(t: Things) -> Pair:
    x = t.thing("person", rate=0.3, depth=0)
    return (lambda pair: (say(t.rng, pair[0]), pair[1]))(
        t.rng.choice(
            [
                (
                    "(How many (human |)faces (are there|do you see|can you see|are visible"
                    f"|can be seen){WHERE}|Count the faces{WHERE}|How many faces{WHERE})?",
                    "count(faces(image))",
                ),
                (
                    f"(Is there (a|any) (human |)face{WHERE}|Are there (any |)faces{WHERE}"
                    "|Can you see (a|any) face|Is (a|any) face visible)?",
                    "exists(faces(image))",
                ),
                (
                    "(Find|Locate|Detect|Show|Mark|Point out) (all |all the |the |every )(human "
                    f"|)faces{WHERE}.",
                    "faces(image)",
                ),
                (
                    "(Find|Locate|Show|Point at) the (largest|biggest) face.",
                    "largest(faces(image))",
                ),
                (
                    f"(Is the face of {x.the} visible|Can you see the face of {x.the}"
                    f"|Does {x.the} show (his|her|their) face)?",
                    f"exists(faces(crop(image, {x.one})))",
                ),
                (f"Are there more than two faces{WHERE}?", "count(faces(image)) > 2"),
            ]
        )
    )


def picture(t: Things) -> Pair:
    x = t.thing(rate=0.4, depth=1)
    y = t.thing(rate=0.3, best=False)
    return (lambda pair: (say(t.rng, pair[0]), pair[1]))(
        t.rng.choice(
            [
                (
                    "(Segment|Cut out the mask of|Outline|Mask|Give me the mask of"
                    f"|Trace the outline of|Segment out) {x.the}.",
                    f"segment([{x.one}])",
                ),
                (
                    "(Segment|Outline|Mask|Give me (masks|the masks) of|Trace) (all|all the"
                    f"|every one of the|the) {y.plural}.",
                    f"segment({y.many})",
                ),
                (
                    "(Crop|Crop the (image|picture) to|Cut out|Zoom in on|Show (just|only)"
                    f"|Zoom to|Give me a crop of|Crop out) {x.the}.",
                    f"crop(image, {x.one})",
                ),
                (
                    "(Crop|Cut out|Show|Give me) (the (part|area|region) of the (image|picture) "
                    f"|everything |the part )(to the left of|left of) {x.the}.",
                    f"crop_left_of(image, {x.one})",
                ),
                (
                    "(Crop|Cut out|Show|Give me) (the (part|area|region) of the (image|picture) "
                    f"|everything |the part )(to the right of|right of) {x.the}.",
                    f"crop_right_of(image, {x.one})",
                ),
                (
                    "(Crop|Cut out|Show|Give me) (the (part|area|region) of the (image|picture) "
                    f"|everything |the part )(above|over) {x.the}.",
                    f"crop_above(image, {x.one})",
                ),
                (
                    "(Crop|Cut out|Show|Give me) (the (part|area|region) of the (image|picture) "
                    f"|everything |the part )(below|under) {x.the}.",
                    f"crop_below(image, {x.one})",
                ),
                (
                    "(Show (me |)|Give (me |)|Compute |Make |Estimate )(the depth|the depth map"
                    "|a depth map)( of the (image|picture|scene)|).",
                    "depth(image)",
                ),
                (
                    "(Describe|Caption|Summarize) (the|this) (image|picture|photo|scene).",
                    "caption(image)",
                ),
                (
                    "((List|Name|Find|Show) (all |)(the |)(objects|things)|What (objects"
                    "|things) (are there|can you see|are visible|do you see)|What (all "
                    "|)is in (the|this) (image|picture|photo)|What do you see)(| here"
                    "| in the (image|picture|photo)).",
                    "objects(image)",
                ),
                (
                    "How many (objects|things|items) (are there|can you see|do you see"
                    f"|are visible){WHERE}?",
                    "count(objects(image))",
                ),
            ]
        )
    )
