"""What a scene graph says of one thing, or of the whole picture: its attributes.

An attribute of a category that the thing has no word of (its color, where none is given) is not
known. Any other attribute is false where it is not given, as long as the thing has some: GQA's
annotators wrote down what they saw.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from visprog.values import Unknown
from visprog_tools import hierarchy
from visprog_tools.scene_graph import SceneGraph, Thing

PLACE = re.compile(
    r"(?:(?:on|at|in|to) )?(?:the )?(left|right|top|bottom|middle|center)"
    r"(?: (?:side|half|part))?(?: of the (?:picture|image|photo))?"
)
NEGATION = re.compile(r"not\s*\((.*)\)|(?:is |are )?not (.*)")
FILLERS = re.compile(r"^(it is|it's|is|are|this is|that is|the weather is) |\b(a|an|the|any) ")
Seen = tuple[SceneGraph, Thing]
HALVES = {"left": (0, 0), "right": (0, 1), "top": (1, 0), "bottom": (1, 1)}  # axis, half
COMMON = ("color", "material", "shape", "pattern", "size", "pose", "activity")
LOOK = "a tool that looks at the picture may know, such as --tools oracle,{tool}=..."


def side(graph: SceneGraph, thing: Thing, attribute: str) -> str:
    """The half of the picture in which a box has its centre; `attribute`: hposition, vposition."""
    x, y = thing.center
    if attribute == "hposition":
        return "left" if x < graph.width / 2 else "right"
    return "top" if y < graph.height / 2 else "bottom"


def values(graph: SceneGraph, thing: Thing, attribute: str) -> tuple[str, ...] | Unknown:
    """Everything the graph gives for an attribute of a thing, never empty."""
    if attribute in ("name", "type"):
        return (thing.name,)
    if attribute in ("hposition", "vposition"):
        return (side(graph, thing, attribute),)
    words = hierarchy.category(attribute)
    found = tuple(word for word in map(hierarchy.adjective, thing.attributes) if word in words)
    if not found and attribute == "gender":
        found = tuple(g for g, names in hierarchy.GENDERS.items() if thing.name in names)
    if found:
        return found
    return _silent(graph, thing.name, attribute, "query")


def _silent(graph: SceneGraph, name: str, attribute: str, tool: str) -> Unknown:
    what = f"the {attribute} of the {name}" if name else f"the {attribute}"
    return Unknown(
        f"the scene graph of {graph.image} does not say {what}; {LOOK.format(tool=tool)}"
    )


def scene_value(graph: SceneGraph, attribute: str) -> str | Unknown:
    """What the graph says of the whole picture: its location (or place, room), its weather."""
    doors = graph.location in ("indoors", "outdoors")
    said = {
        "weather": graph.weather,
        "location": graph.location,
        "place": "" if doors else graph.location,
        "room": graph.location if graph.location in hierarchy.category("room") else "",
    }.get(attribute, "")
    return said or _silent(graph, "", attribute, "query")


def _plain(statement: str) -> str:
    return FILLERS.sub("", FILLERS.sub("", " ".join(statement.lower().split()))).strip()


def scene_holds(graph: SceneGraph, statement: str) -> bool | Unknown:
    """Whether a statement is true of the whole picture."""
    if found := NEGATION.fullmatch(statement.strip()):
        return _negate(scene_holds(graph, found[1] or found[2]))
    asked = re.sub(r"^(in|at) ", "", _plain(statement))
    said = [word for word in (graph.location, graph.weather) if word]
    if asked in said:
        return True
    doors = {"indoors", "outdoors"}
    for word in said:
        if {word, asked} == doors or {word, asked} <= hierarchy.category("weather"):
            return False
    if graph.location and graph.location not in doors and hierarchy.is_kind(asked, "place"):
        return False
    return _silent(graph, "", f"truth of {statement!r}", "verify")


def holds(graph: SceneGraph, thing: Thing, statement: str) -> bool | Unknown:
    """Whether a statement is true of a thing: a place, a name, a relation or an attribute."""
    if found := NEGATION.fullmatch(statement.strip()):
        return _negate(holds(graph, thing, found[1] or found[2]))
    text = _plain(statement)
    if place := PLACE.fullmatch(text):
        return _stands(graph, thing, place[1])
    asked = hierarchy.adjective(text)
    given = tuple(map(hierarchy.adjective, thing.attributes))
    if any(hierarchy.is_sort(word, asked) for word in given):
        return True
    if hierarchy.is_kind(thing.name, text):
        return True
    named = [c for c in hierarchy.categories() if asked in hierarchy.category(c)]
    if named:
        told = [values(graph, thing, name) for name in named]
        if any(not isinstance(words, Unknown) for words in told):
            return asked in {w for words in told if not isinstance(words, Unknown) for w in words}
        return _silent(graph, thing.name, named[0], "verify")
    related = _relation_holds(graph, thing, text)
    if related is not None:
        return related
    if hierarchy.is_noun(text) or (given and len(text.split()) <= 2):
        return False
    return _silent(graph, thing.name, f"truth of {statement!r}", "verify")


def _negate(truth: bool | Unknown) -> bool | Unknown:
    return truth if isinstance(truth, Unknown) else not truth


def _stands(graph: SceneGraph, thing: Thing, place: str) -> bool:
    if place in HALVES:
        return place in (side(graph, thing, "hposition"), side(graph, thing, "vposition"))
    x, y = thing.center[0] / graph.width, thing.center[1] / graph.height
    return 1 / 3 <= x <= 2 / 3 and 1 / 3 <= y <= 2 / 3


def _relation_holds(graph: SceneGraph, thing: Thing, text: str) -> bool | None:
    """Whether `wearing hat` is true of a thing; None where the graph has no such relation."""
    for name in sorted(graph.edge_names, key=len, reverse=True):
        if text.startswith(f"{name} "):
            noun = text.removeprefix(f"{name} ")
            others = [graph.things.get(e.target) for e in thing.edges if e.name == name]
            return any(other and hierarchy.is_kind(other.name, noun) for other in others)
    return None


def best(
    truths: Sequence[bool | Unknown], options: Sequence[str], exact: Sequence[str]
) -> str | Unknown:
    """The one option that is true; among several, the one that the graph has word for word."""
    true = [option for option, truth in zip(options, truths, strict=True) if truth is True]
    if len(true) > 1:
        true = [option for option in true if hierarchy.adjective(option.lower()) in exact]
    if len(true) == 1:
        return true[0]
    unknown = next((truth for truth in truths if isinstance(truth, Unknown)), None)
    shown = ", ".join(options)
    how = f"{len(true)} of" if true else "none of"
    return unknown or Unknown(f"the scene graph has {how} these: {shown}; name other options")


def same(ours: Seen, theirs: Seen, attribute: str) -> bool | Unknown:
    """Whether two things share a value of an attribute."""
    a, b = values(*ours, attribute), values(*theirs, attribute)
    if isinstance(a, Unknown):
        return a
    return b if isinstance(b, Unknown) else bool(set(a) & set(b))


def common(ours: Seen, theirs: Seen) -> str | Unknown:
    """The first attribute, in the order of COMMON, of which two things share a value."""
    for attribute in COMMON:
        if same(ours, theirs, attribute) is True:
            return attribute
    names = f"the {ours[1].name} and the {theirs[1].name}"
    return Unknown(f"the scene graph gives {names} nothing in common; ask for one attribute")
