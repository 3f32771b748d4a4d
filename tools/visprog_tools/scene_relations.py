"""What a scene graph's edges say: which things stand in a relation to another.

An edge says more than boxes do, so it decides where there is one. The graph is taken as complete:
a pair without an edge does not stand in the relation, unless the graph has no edge of any kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from visprog.values import Region, Unknown
from visprog_tools.scene_graph import SceneGraph, Thing

# Words of place, and the edges that say so. An edge that ends in one of them counts too, such as
# "parked behind"; short ones are too common at the end of others ("covered by") and do not.
EDGES: dict[str, tuple[str, ...]] = {
    "left_of": ("to the left of", "left of", "on the left of"),
    "right_of": ("to the right of", "right of", "on the right of"),
    "above": ("above",),
    "below": ("below", "under", "underneath", "beneath"),
    "in_front_of": ("in front of",),
    "behind": ("behind",),
    "near": ("near", "next to", "beside", "close to"),
    "inside": ("inside", "inside of"),
}
SHORT = {
    "above": ("over",),
    "near": ("by", "sitting by", "standing by"),
    "inside": ("in",),
}
INVERSE = {
    "left_of": "right_of",
    "right_of": "left_of",
    "above": "below",
    "below": "above",
    "in_front_of": "behind",
    "behind": "in_front_of",
    "near": "near",
}


def word_of(relation: str) -> str:
    """The word of place that a relation means, such as `left_of`; '' where it means none."""
    text = " ".join(relation.lower().split())
    for word, phrases in EDGES.items():
        if text in phrases or text.replace(" ", "_") == word:
            return word
    return "above" if text == "over" else "near" if text == "by" else ""


def placed(
    graph: SceneGraph, word: str, regions: Sequence[Region], anchor: Region
) -> list[Region] | None:
    """Those of `regions` that stand in a relation of place to the anchor, by edges of either
    direction; None where no edge tells of any of them."""
    opposite = INVERSE.get(word, "")
    kept: list[Region] = []
    told = False
    anchored = graph.thing(anchor)
    for region in regions:
        thing = graph.thing(region)
        if isinstance(thing, Unknown) or isinstance(anchored, Unknown):
            continue
        if _says(thing, word, anchored) or _says(anchored, opposite, thing):
            kept.append(region)
            told = True
        elif _says(thing, opposite, anchored) or _says(anchored, word, thing):
            told = True
    return kept if told else None


def _says(thing: Thing, word: str, other: Thing) -> bool:
    return any(_means(edge.name, word) for edge in thing.edges if edge.target == other.id)


def _means(name: str, word: str) -> bool:
    phrases = EDGES.get(word, ())
    return name in SHORT.get(word, ()) or any(
        name == phrase or name.endswith(f" {phrase}") for phrase in phrases
    )


def related(
    graph: SceneGraph, regions: Sequence[Region], relation: str, anchor: Region, *, to: bool
) -> list[Region] | Unknown:
    """Those of `regions` that stand in a relation to the anchor, or, with `to`, it to them."""
    if not regions:
        return []
    if not graph.edge_names:
        return Unknown(
            f"the scene graph of {graph.image} says nothing of relations such as {relation!r}; "
            "a tool that looks at the picture may know: --tools oracle,related=..."
        )
    anchored = graph.thing(anchor)
    if isinstance(anchored, Unknown):
        return anchored
    asked = _forms(relation)
    for fits in (_exactly, _loosely):  # "holding onto" is holding, where nothing else is
        kept = [r for r in regions if _linked(graph.thing(r), anchored, to, fits, asked)]
        if kept:
            return kept
    return []


def _linked(
    thing: Thing | Unknown,
    anchor: Thing,
    to: bool,
    fits: Callable[[str, frozenset[str]], bool],
    asked: frozenset[str],
) -> bool:
    if isinstance(thing, Unknown) or thing.id == anchor.id:
        return False
    subject, target = (anchor, thing) if to else (thing, anchor)
    return any(fits(edge.name, asked) for edge in subject.edges if edge.target == target.id)


def _forms(relation: str) -> frozenset[str]:
    """A relation as a graph may write it: `wears` is `wearing`."""
    text = " ".join(relation.lower().split())
    verb, _, rest = text.partition(" ")
    stem = verb.removesuffix("s")
    made = {f"{form} {rest}".strip() for form in (stem + "ing", stem.removesuffix("e") + "ing")}
    return frozenset({text, *made})


def _exactly(name: str, asked: frozenset[str]) -> bool:
    return name in asked


PHRASES = ("in front of", "on top of", "to the left of", "to the right of", "on the side of")


def _loosely(name: str, asked: frozenset[str]) -> bool:
    """Whether an edge begins or ends with the relation: `sitting on` is `on`. A fixed phrase
    counts as one word: `in front of` is neither `in` nor `of`."""
    for phrase in PHRASES:
        name = name.replace(phrase, phrase.replace(" ", "_"))
    return any(name.startswith(f"{form} ") or name.endswith(f" {form}") for form in asked)


def first_of_all(graph: SceneGraph, word: str, regions: Sequence[Region]) -> Region | Unknown:
    """The region that edges put first (word: in_front_of, nearest) or last of all (behind)."""
    if len(regions) == 1:
        return regions[0]
    for region in regions:
        others = [other for other in regions if other is not region]
        if all(placed(graph, word, [region], other) for other in others):
            return region
    return Unknown(
        f"the scene graph of {graph.image} does not say which of the {len(regions)} is nearest or "
        "farthest; a tool of depth may know: --tools oracle,nearest=..."
    )
