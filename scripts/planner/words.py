"""Words of the templates: nouns by kind, attributes, relations, and how English inflects them."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

Nouns = dict[str, list[str]]

PLURALS: dict[str, str] = {}

COLORS = [
    *[
        "red",
        "blue",
        "green",
        "white",
        "black",
        "yellow",
        "brown",
        "gray",
        "grey",
        "orange",
        "pink",
        "purple",
        "silver",
        "gold",
    ],
    *["golden", "beige", "tan", "maroon", "teal", "turquoise", "navy", "violet", "cream", "khaki"],
    *("dark blue", "light blue", "dark green", "light brown", "dark brown", "light green"),
    *("cream colored", "blond"),
]
LOOKS = {"color": COLORS}
LOOKS["material"] = [
    "wooden",
    "metal",
    "metallic",
    "plastic",
    "glass",
    "leather",
    "concrete",
    "brick",
    "stone",
    "paper",
    "cardboard",
    "fabric",
    "cotton",
    "woolen",
    "rubber",
    "ceramic",
    "porcelain",
    "steel",
    "marble",
    "wicker",
    "bamboo",
]
LOOKS["shape"] = [
    "round",
    "square",
    "rectangular",
    "triangular",
    "oval",
    "circular",
    "octagonal",
    "curved",
    "flat",
]
LOOKS["size"] = ["small", "large", "big", "little", "tiny", "huge", "giant"]
LOOKS["state"] = [
    "open",
    "closed",
    "empty",
    "full",
    "clean",
    "dirty",
    "wet",
    "dry",
    "broken",
    "old",
    "new",
    "young",
    "tall",
    "short",
    "long",
    "thick",
    "thin",
    "wide",
    "narrow",
    "heavy",
    "soft",
    "hard",
    "shiny",
    "rusty",
    "bright",
    "dark",
    "clear",
    "cloudy",
    "fresh",
    "ripe",
    "cooked",
    "raw",
    "sliced",
    "folded",
    "parked",
    "bare",
    "lit",
    "striped",
    "checkered",
    "spotted",
    "floral",
    "plain",
    "colorful",
    "fluffy",
    "furry",
    "hairy",
    "bald",
    "happy",
    "sad",
    "angry",
    "smiling",
    "tired",
    "asleep",
    "barefoot",
    "shirtless",
    "modern",
    "ancient",
    "fake",
]
LOOKS["pose"] = [
    "standing",
    "sitting",
    "lying",
    "walking",
    "running",
    "jumping",
    "sleeping",
    "eating",
    "drinking",
    "playing",
    "reading",
    "talking",
    "waiting",
    "working",
    "smiling",
    "swimming",
    "flying",
    "grazing",
    "crouching",
    "kneeling",
    "bending",
    "resting",
    "posing",
    "dancing",
    "cooking",
    "skiing",
    "surfing",
    "skateboarding",
    "moving",
]
MATERIALS = [
    "wood",
    "metal",
    "plastic",
    "glass",
    "leather",
    "concrete",
    "brick",
    "stone",
    "paper",
    "cardboard",
    "fabric",
    "cotton",
    "wool",
    "rubber",
    "ceramic",
    "porcelain",
    "steel",
    "marble",
    "wicker",
    "bamboo",
]
WEATHER = ["sunny", "cloudy", "rainy", "snowy", "foggy", "stormy", "clear", "overcast", "windy"]
PLACES = [
    "kitchen",
    "bathroom",
    "bedroom",
    "living room",
    "dining room",
    "office",
    "restaurant",
    "church",
    "park",
    "farm",
    "beach",
    "street",
    "zoo",
    "stadium",
    "airport",
    "harbor",
    "classroom",
    "library",
    "museum",
    "store",
    "market",
    "forest",
    "desert",
    "field",
    "garden",
    "train station",
    "parking lot",
    "hotel room",
    "gym",
    "hospital",
    "bakery",
    "garage",
    "playground",
    "city",
    "village",
]
NUMBERS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]

# word of the language -> how people say it
SPATIAL = {
    "left_of": "to the left of|left of|on the left of|on the left side of|at the left of",
    "right_of": "to the right of|right of|on the right of|on the right side of|at the right of",
    "above": "above|over|higher than|higher up than",
    "below": "below|under|underneath|beneath|lower than",
    "in_front_of": "in front of|in front of|in front of|in front of|in front of|before"
    "|closer to the camera than|closer to us than|nearer to the camera than|nearer to us than"
    "|closer to the viewer than|nearer than",
    "behind": "behind|behind|behind|behind|behind|in back of|farther away than|further away than"
    "|farther from the camera than|further back than|more distant than|to the rear of",
    "near": "near|next to|beside|close to|by|alongside|not far from|right by|around|adjacent to",
    "inside": "inside|inside of|within|enclosed by",
    "overlapping": "overlapping|overlapped by|intersecting with",
}
# relation -> (form after "is", form after "that", form after a plural's "that", kind of anchor)
RELATIONS = {
    "wearing": ("wearing", "wears", "wear", "clothing"),
    "holding": ("holding", "holds", "hold", "object kitchen food device"),
    "carrying": ("carrying", "carries", "carry", "object kitchen animal"),
    "riding": ("riding", "rides", "ride", "vehicle animal"),
    "eating": ("eating", "eats", "eat", "food"),
    "pulling": ("pulling", "pulls", "pull", "vehicle object"),
    "pushing": ("pushing", "pushes", "push", "vehicle object"),
    "watching": ("watching", "watches", "watch", "person animal device"),
    "looking at": ("looking at", "looks at", "look at", "person animal device object"),
    "touching": ("touching", "touches", "touch", "object furniture animal"),
    "using": ("using", "uses", "use", "device kitchen"),
    "sitting on": ("sitting on", "sits on", "sit on", "furniture outdoors"),
    "standing on": ("standing on", "stands on", "stand on", "outdoors furniture vehicle"),
    "lying on": ("lying on", "lies on", "lie on", "furniture outdoors"),
    "leaning on": ("leaning on", "leans on", "lean on", "furniture outdoors vehicle"),
    "hanging on": ("hanging on", "hangs on", "hang on", "furniture outdoors"),
    "covering": ("covering", "covers", "cover", "furniture food outdoors"),
    "on": ("on", "is on", "are on", "furniture kitchen outdoors vehicle object"),
    "on top of": ("on top of", "is on top of", "are on top of", "furniture kitchen object"),
    "in": ("in", "is in", "are in", "kitchen object outdoors vehicle furniture"),
    "with": ("with", "is with", "are with", "object animal clothing person"),
    "attached to": (
        "attached to",
        "is attached to",
        "are attached to",
        "outdoors furniture vehicle",
    ),
    "parked on": ("parked on", "is parked on", "are parked on", "outdoors"),
    "facing": ("facing", "faces", "face", "person animal device furniture"),
    "leaning against": ("leaning against", "leans against", "lean against", "outdoors furniture"),
    "walking on": ("walking on", "walks on", "walk on", "outdoors"),
    "playing with": ("playing with", "plays with", "play with", "object animal"),
}
ACTIVE = [r for r, forms in RELATIONS.items() if not forms[1].startswith("is ")]
PLACED = [r for r in RELATIONS if r not in ACTIVE]


def read_nouns(gqa: Path | None = None) -> Nouns:
    """Nouns by kind, from nouns.txt; with GQA's folder also its names, under "gqa"."""
    nouns: Nouns = {}
    for line in Path(__file__).with_name("nouns.txt").read_text().splitlines():
        if line.startswith("#") or ":" not in line:
            continue
        kind, rest = line.split(":")
        pairs = [word.strip().split("/") for word in rest.split(",")]
        PLURALS.update({pair[0]: pair[1] for pair in pairs if len(pair) == 2})
        nouns[kind] = [pair[0] for pair in pairs]
    hierarchy = gqa / "class_hierarchy.json" if gqa else None
    if hierarchy and hierarchy.is_file():
        known = {noun for kind in nouns.values() for noun in kind}
        found = json.loads(hierarchy.read_text())
        names = {name for group in found.values() for name in group} | set(found)
        fits = [n for n in sorted(names) if re.fullmatch(r"[a-z]+( [a-z]+)?", n) and n not in known]
        nouns["gqa"] = [n for n in fits if not n.endswith("s") or n.endswith(("ss", "us"))]
    return nouns


def plural(noun: str) -> str:
    """The plural of a noun, compound or not."""
    if noun in PLURALS:
        return PLURALS[noun]
    head, _, last = noun.rpartition(" ")
    if last in PLURALS and head:
        return f"{head} {PLURALS[last]}"
    if re.search(r"(s|x|ch|sh)$", noun) or last in ("tomato", "potato", "mango"):
        return noun + "es"
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + "s"


def with_article(phrase: str) -> str:
    """A phrase with "a" or "an"; "some" before a word that has no singular."""
    if PLURALS.get(phrase.split(" ")[-1]) == phrase.split(" ")[-1]:
        return f"some {phrase}"
    vowel = re.match(r"[aeio]|u(?!ni|s[eu])", phrase) and not phrase.startswith("one")
    return f"{'an' if vowel else 'a'} {phrase}"


def expand(pattern: str, rng: random.Random) -> str:
    """One random reading of a pattern: "(a|b|)" is a choice, nested as deep as wanted."""
    inner = re.compile(r"\(([^()]*)\)")
    while found := inner.search(pattern):
        choice = rng.choice(found.group(1).split("|"))
        pattern = pattern[: found.start()] + choice + pattern[found.end() :]
    return re.sub(r"\s+([?.,!;:])", r"\1", re.sub(r"\s+", " ", pattern)).strip()
