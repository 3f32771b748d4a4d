"""Scene graphs in GQA's form: what is in a picture, where, and how it is related, by annotation.

The file maps a picture's id to {width, height, objects: {id: {name, x, y, w, h, attributes,
relations: [{object, name}], maskArea?, crowd?}}, location?, weather?}; x, y, w, h in pixels,
`maskArea` the share (0 to 1) of the picture that the thing's mask covers. A picture's id is the
stem of its file; zeros in front of a number do not count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError, ToolError
from visprog.values import Image, Region, Unknown
from visprog_tools.geometry import Box, box_area, intersection
from visprog_tools.picture import FRAGMENT

SAME_SHAPE = (
    0.02  # relative difference of width/height up to which a picture is the graph's, scaled
)
SAME_PLACE = 0.5  # least IoU of a region without a reference and the thing it is taken for


@dataclass(frozen=True)
class Edge:
    """A relation of its thing to another: `name` as annotated, `target` the other's id."""

    name: str
    target: str


@dataclass(frozen=True)
class Thing:
    """One annotated thing. `box` as in Region; `share`: of the picture that its mask covers, 0 to
    1, or None; `crowd`: one box around many."""

    id: str
    name: str
    box: Box
    attributes: tuple[str, ...] = ()
    edges: tuple[Edge, ...] = ()
    share: float | None = None
    crowd: bool = False

    @property
    def center(self) -> tuple[float, float]:
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True)
class SceneGraph:
    """The things of one picture by id, in its pixels. `location`, `weather`: '' where not said."""

    image: str
    width: float
    height: float
    things: Mapping[str, Thing]
    location: str = ""
    weather: str = ""

    @cached_property
    def edge_names(self) -> frozenset[str]:
        return frozenset(edge.name for thing in self.things.values() for edge in thing.edges)

    def thing(self, region: Region) -> Thing | Unknown:
        """The thing a region stands for: by its reference, or else by its place."""
        named = self.things.get(region.ref)
        if named is not None and _iou(named.box, region.box) >= SAME_PLACE:
            return named
        best = max(self.things.values(), key=lambda t: _iou(t.box, region.box), default=None)
        if best is not None and _iou(best.box, region.box) >= SAME_PLACE:
            return best
        return Unknown(f"the scene graph of {self.image} has nothing where the {region.label} is")


def _iou(a: Box, b: Box) -> float:
    if a == b:
        return 1.0
    shared = intersection(a, b)
    union = box_area(a) + box_area(b) - shared
    return shared / union if union > 0 else 0.0


def revision(path: Path) -> str:
    """A hash of the file's content; '' where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError:
        return ""


class SceneGraphs:
    """The scene graphs of a file. A graph is read when its picture is asked for."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            SettingsError: no such file, or no scene graphs in it.
        """
        try:
            raw = json.loads(path.read_bytes())
        except OSError as error:
            raise SettingsError(f"scene graphs {path}: {error.strerror}") from error
        except ValueError as error:
            raise SettingsError(f"scene graphs {path}: not JSON: {error}") from error
        if not isinstance(raw, dict):
            raise SettingsError(f"scene graphs {path}: want an object of picture ids, got a list")
        self.path = path
        self._raw = {_plain(name): graph for name, graph in raw.items()}
        self._read: dict[tuple[str, int, int], SceneGraph] = {}

    def of(self, image: Image) -> SceneGraph:
        """The graph of a picture, in the picture's own pixels, cut to it where it is a part.

        Raises:
            ToolError: no graph for this picture, or one of another shape.
        """
        place = image.name, image.width, image.height
        if place not in self._read:
            self._read[place] = self._fit(image)
        return self._read[place]

    def _fit(self, image: Image) -> SceneGraph:
        part = FRAGMENT.search(image.name)
        name = image.name[: part.start()] if part else image.name
        raw = self._raw.get(_plain(name))
        if raw is None:
            raise ToolError(
                f"no scene graph for the picture {name or '(unnamed)'!r} in {self.path}; "
                "an oracle knows a picture by its file's name"
            )
        graph = _graph(name, raw)
        if part:
            return _cut(graph, image, int(part[1]), int(part[2]))
        ratio = image.width / graph.width, image.height / graph.height
        if abs(ratio[0] / ratio[1] - 1) > SAME_SHAPE:
            raise ToolError(
                f"the scene graph of {name} is of a picture of {graph.width:g}x{graph.height:g} "
                f"pixels, this one has {image.width}x{image.height}"
            )
        return _scale(graph, *ratio)


def _plain(name: str) -> str:
    return name.lstrip("0") or "0" if name.isdigit() else name


def _graph(image: str, raw: Any) -> SceneGraph:
    try:
        things = {str(key): _thing(str(key), value) for key, value in raw["objects"].items()}
        width, height = float(raw["width"]), float(raw["height"])
        if not (width > 0 and height > 0):
            raise ValueError(f"want a size, got {width:g}x{height:g}")
        location, weather = str(raw.get("location") or ""), str(raw.get("weather") or "")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ToolError(
            f"the scene graph of {image} is damaged: {type(error).__name__}: {error}"
        ) from error
    return SceneGraph(image, width, height, things, location, weather)


def _thing(key: str, raw: Mapping[str, Any]) -> Thing:
    left, top = float(raw["x"]), float(raw["y"])
    share = raw.get("maskArea")
    if share is not None and not 0 <= share <= 1:
        raise ValueError(f"object {key}: want maskArea 0 to 1, got {share}")
    return Thing(
        id=key,
        name=str(raw["name"]),
        box=(left, top, left + float(raw["w"]), top + float(raw["h"])),
        attributes=tuple(map(str, raw.get("attributes", ()))),
        edges=tuple(Edge(str(e["name"]), str(e["object"])) for e in raw.get("relations", ())),
        share=None if share is None else float(share),
        crowd=bool(raw.get("crowd", False)),
    )


def _scale(graph: SceneGraph, across: float, down: float) -> SceneGraph:
    if across == 1 and down == 1:
        return graph
    things = {
        key: replace(thing, box=_times(thing.box, across, down))
        for key, thing in graph.things.items()
    }
    return replace(graph, width=graph.width * across, height=graph.height * down, things=things)


def _times(box: Box, across: float, down: float) -> Box:
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def _cut(graph: SceneGraph, image: Image, left: int, top: int) -> SceneGraph:
    """What of the graph has its centre in a part of the picture, in the part's pixels. What a mask
    covers of a part is not known."""
    width, height = image.width, image.height
    kept: dict[str, Thing] = {}
    for key, thing in graph.things.items():
        x, y = thing.center[0] - left, thing.center[1] - top
        if 0 <= x < width and 0 <= y < height:
            a, b, c, d = thing.box
            box = max(a - left, 0), max(b - top, 0), min(c - left, width), min(d - top, height)
            kept[key] = replace(thing, box=box, share=None)
    return replace(graph, width=width, height=height, things=kept)
