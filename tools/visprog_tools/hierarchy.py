"""What words are kinds of what: GQA's hierarchies of things and attributes, plurals, synonyms.

`data/gqa_class_hierarchy.json` and `data/gqa_attribute_hierarchy.json` are GQA's (CC BY 4.0); the
tables here add what they leave out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

SINGULAR = {
    "people": "person",
    "persons": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "feet": "foot",
    "teeth": "tooth",
    "mice": "mouse",
    "geese": "goose",
    "buses": "bus",
    "lenses": "lens",
    "knives": "knife",
    "shelves": "shelf",
    "leaves": "leaf",
    "loaves": "loaf",
    "wolves": "wolf",
    "calves": "calf",
    "scarves": "scarf",
    "cookies": "cookie",
    "ties": "tie",
    "pies": "pie",
    "brownies": "brownie",
    "smoothies": "smoothie",
    "shoes": "shoe",
    "canoes": "canoe",
    "clothes": "clothing",
    "skis": "ski",
    "taxis": "taxi",
}
PAIRS = frozenset({"glasses", "sunglasses", "scissors", "jeans", "pants", "shorts", "goggles"})
SYNONYMS = (  # the first of each group stands for all
    ("couch", "sofa"),
    ("television", "tv", "tv set"),
    ("airplane", "plane", "aeroplane"),
    ("bicycle", "bike"),
    ("motorcycle", "motorbike"),
    ("refrigerator", "fridge"),
    ("cell phone", "mobile phone", "cellphone", "smartphone"),
    ("trash can", "garbage can", "trash bin", "garbage bin", "dustbin"),
    ("donut", "doughnut"),
    ("hot dog", "hotdog"),
    ("remote control", "remote"),
    ("hair dryer", "hair drier", "hairdryer", "blow dryer"),
    ("computer mouse", "mouse"),
    ("tie", "necktie"),
    ("person", "human"),
    ("child", "kid"),
    ("car", "automobile"),
    ("glasses", "eye glasses", "eyeglasses"),
    ("tennis racket", "tennis racquet"),
)
KINDS = {
    "man": ("gentleman", "guy"),
    "woman": ("lady",),
    "child": ("boy", "girl", "toddler", "baby"),
    "table": ("dining table", "coffee table", "end table", "side table", "picnic table"),
    "phone": ("cell phone",),
    "computer": ("laptop", "desktop computer"),
    "dog": ("puppy", "poodle"),
    "cat": ("kitten",),
    "racket": ("tennis racket",),
    "bat": ("baseball bat",),
    "plant": ("potted plant",),
    "glass": ("wine glass", "water glass"),
    "person": ("baby",),
    "ball": ("sports ball", "tennis ball", "baseball", "soccer ball"),
    "food": ("baked good", "meat"),
    "vehicle": ("motorcycle", "aircraft", "watercraft"),
}
# GQA's lists cut the s off some words that are singular with it.
CUT = {"cactu": "cactus", "octopu": "octopus", "tenni": "tennis", "adida": "adidas"}
ADJECTIVES = {
    "grey": "gray",
    "wooden": "wood",
    "metallic": "metal",
    "golden": "gold",
    "big": "large",
    "squared": "square",
    "circular": "round",
    "rectangle": "rectangular",
    "lying down": "lying",
    "sitting down": "sitting",
    "standing up": "standing",
}
STRONGER = {"large": ("huge", "giant"), "small": ("little", "tiny")}
PARTS = {"activity": ("activity", "sportActivity")}  # one word of ours, several categories of GQA
GENDERS = {
    "male": ("man", "boy", "guy", "gentleman", "father", "son", "policeman", "cowboy", "waiter"),
    "female": ("woman", "girl", "lady", "mother", "daughter", "waitress"),
}


@cache
def _listed(kind: str) -> Mapping[str, frozenset[str]]:
    path = files("visprog_tools") / "data" / f"gqa_{kind}_hierarchy.json"
    lists: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return {name: frozenset(CUT.get(word, word) for word in words) for name, words in lists.items()}


@cache
def noun(text: str) -> str:
    """The form of a noun that stands for its plural and its synonyms: `sofas` -> `couch`."""
    text = re.sub(r"^(the|a|an|some|any) ", "", " ".join(text.lower().split()))
    head, _, last = text.rpartition(" ")
    text = text if text in PAIRS else f"{head} {_singular(last)}".strip()
    return next((group[0] for group in SYNONYMS if text in group), text)


def _singular(word: str) -> str:
    if word in SINGULAR:
        return SINGULAR[word]
    for end, instead in (("ies", "y"), ("sses", "ss"), ("oes", "o")):
        if word.endswith(end) and len(word) > len(end) + 1:
            return word[: -len(end)] + instead
    if re.search(r"(sh|ch|x|zz)es$", word):
        return word[:-2]
    return word[:-1] if re.search(r"[^sui]s$", word) and len(word) > 2 else word


@cache
def kinds(text: str) -> frozenset[str]:
    """Every noun that is a kind of this one, itself first of all: `animal` has `dog`, `puppy`."""
    found: set[str] = set()
    left = [noun(text)]
    while left:
        word = left.pop()
        if word not in found:
            found.add(word)
            left += map(noun, _listed("class").get(word, ()))
            left += map(noun, KINDS.get(word, ()))
    return frozenset(found)


def is_kind(name: str, text: str) -> bool:
    """Whether a thing of this name is what the noun asks for."""
    return noun(name) in kinds(text)


@cache
def is_noun(text: str) -> bool:
    """Whether the hierarchies know the word as a thing."""
    word = noun(text)
    return any(word in map(noun, (name, *words)) for name, words in _listed("class").items())


@cache
def adjective(text: str) -> str:
    """The form of an attribute that stands for its variants: `made of wood` -> `wood`."""
    text = re.sub(r"^made (out )?of ", "", " ".join(text.lower().split()))
    return ADJECTIVES.get(text, text)


def category(attribute: str) -> frozenset[str]:
    """The words that answer an attribute such as `color`; none where GQA has no such category."""
    named = PARTS.get(attribute, (attribute,))
    return frozenset().union(*(_listed("attribute").get(part, frozenset()) for part in named))


def categories() -> tuple[str, ...]:
    """GQA's categories of attributes, in its order."""
    return tuple(_listed("attribute"))


def is_sort(attribute: str, asked: str) -> bool:
    """Whether having the attribute means having the one asked for: `dark blue` is `blue`."""
    if attribute == asked or attribute in STRONGER.get(asked, ()):
        return True
    return asked in category("color") and attribute.endswith(f" {asked}")
