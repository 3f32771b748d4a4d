"""The backend that answers from a scene graph: what a perfect eye would have said.

It measures planners apart from vision, and it is how the truth of a benchmark is made. Rules:

* `left_of` and its like: an edge of the graph decides, in either direction; where the graph has no
  edge between the anchor and any of the regions, centres of boxes decide. `in_front_of`, `behind`,
  `nearest`, `farthest` know edges only: boxes do not tell depth, so without one they abstain.
* `area`, `largest` and `smallest` take the share of the picture that a thing's mask covers, where
  the graph gives it (for every region that is compared), else the box.
* `hposition` and `vposition` are the half of the picture that the box's centre is in.
* The graph names everything that is there: what it does not name does not exist.
* What it cannot say (text, depth, a color that is not annotated) is `Unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from visprog.errors import SettingsError
from visprog.tool import Backend, Model, Output
from visprog.values import Depth, Flow, Image, Metres, Percent, Region, Text, Unknown
from visprog_tools import hierarchy, scene_facts, scene_relations
from visprog_tools.choice import (
    above,
    below,
    inside,
    left_of,
    near,
    nothing_to_choose,
    right_of,
    without,
)
from visprog_tools.geometry import box_area, expect_picture
from visprog_tools.scene_graph import SceneGraph, SceneGraphs, Thing, revision

BY_BOXES: dict[str, Callable[[list[Region], Region], list[Region]]] = {
    "left_of": left_of,
    "right_of": right_of,
    "above": above,
    "below": below,
    "inside": inside,
    "near": near,
}
SERVED = """
    detect objects segment faces ocr related related_to
    left_of right_of above below in_front_of behind inside near
    largest smallest nearest farthest filter without
    area depth distance tall wide point height_from flow
    query verify choose vqa caption classify match same common
"""


class Oracle(Backend):
    """Answers from the scene graph of the picture, in the file of option `scene_graphs`."""

    name: ClassVar[str] = "oracle"
    serves: ClassVar[tuple[str, ...]] = tuple(SERVED.split())
    model: Model = Model("scene graph", "as its data set", kind="annotations")

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._path = options.get("scene_graphs", "")
        if self._path:  # results are kept by the model's revision: other graphs, other answers
            self.model = replace(self.model, revision=revision(Path(self._path)))
        self._graphs: SceneGraphs | None = None

    def load(self) -> None:
        if not self._path:
            raise SettingsError("the oracle reads scene graphs: name the file by --scene-graphs")
        self._graphs = SceneGraphs(Path(self._path))

    def _graph(self, image: Image) -> SceneGraph:
        self.ready()
        assert self._graphs is not None  # ready() has set it
        return self._graphs.of(image)

    # -- find

    def detect(self, image: Image, name: str) -> Output:
        things = [t for t in self._sorted(image) if hierarchy.is_kind(t.name, name)]
        notices: tuple[str, ...] = ()
        if any(thing.crowd for thing in things):
            notices = (f"one box marks a crowd of {name}: how many there are is not annotated",)
        return Output([_region(image, thing, name) for thing in things], notices)

    def objects(self, image: Image) -> list[Region]:
        return [_region(image, thing, thing.name) for thing in self._sorted(image)]

    def _sorted(self, image: Image) -> list[Thing]:
        """Every score is 1, so the largest box comes first."""
        things = self._graph(image).things.values()
        return sorted(things, key=lambda thing: -box_area(thing.box))

    def segment(self, regions: list[Region]) -> list[Region] | Unknown:
        if all(region.mask is not None for region in regions):
            return regions
        return _blind("masks", "segment")

    def faces(self, image: Image) -> list[Region] | Unknown:
        found = self.detect(image, "face").value
        assert isinstance(found, list)
        return found or _blind("faces", "faces")

    def ocr(self, image: Image) -> list[Text] | Unknown:
        return _blind("text", "ocr")

    def related(
        self, regions: list[Region], relation: str, anchor: Region
    ) -> list[Region] | Unknown:
        word = scene_relations.word_of(relation)
        if word:
            return self._placed(word, regions, anchor)
        graph = self._graph(anchor.image)
        return scene_relations.related(graph, regions, relation, anchor, to=False)

    def related_to(
        self, regions: list[Region], relation: str, anchor: Region
    ) -> list[Region] | Unknown:
        word = scene_relations.INVERSE.get(scene_relations.word_of(relation))
        if word:
            return self._placed(word, regions, anchor)
        graph = self._graph(anchor.image)
        return scene_relations.related(graph, regions, relation, anchor, to=True)

    # -- choose

    def _placed(self, word: str, regions: list[Region], anchor: Region) -> list[Region] | Unknown:
        expect_picture(word, anchor.image, *regions)
        graph = self._graph(anchor.image)
        others = self.without(regions, anchor)
        kept = scene_relations.placed(graph, word, others, anchor)
        if kept is not None or not others:
            return kept or []
        if word in ("in_front_of", "behind"):
            return Unknown(
                f"the scene graph of {graph.image} does not say what is in front of or behind the "
                f"{anchor.label}; a tool of depth may know: --tools oracle,{word}=..."
            )
        return BY_BOXES[word](others, anchor)

    def left_of(self, regions: list[Region], anchor: Region) -> list[Region] | Unknown:
        return self._placed("left_of", regions, anchor)

    def right_of(self, regions: list[Region], anchor: Region) -> list[Region] | Unknown:
        return self._placed("right_of", regions, anchor)

    def above(self, regions: list[Region], anchor: Region) -> list[Region] | Unknown:
        return self._placed("above", regions, anchor)

    def below(self, regions: list[Region], anchor: Region) -> list[Region] | Unknown:
        return self._placed("below", regions, anchor)

    def in_front_of(self, regions: list[Region], anchor: Region) -> list[Region] | Unknown:
        return self._placed("in_front_of", regions, anchor)

    def behind(self, regions: list[Region], anchor: Region) -> list[Region] | Unknown:
        return self._placed("behind", regions, anchor)

    def inside(self, regions: list[Region], anchor: Region) -> list[Region] | Unknown:
        return self._placed("inside", regions, anchor)

    def near(self, regions: list[Region], anchor: Region) -> list[Region] | Unknown:
        return self._placed("near", regions, anchor)

    def without(self, regions: list[Region], other: list[Region] | Region) -> list[Region]:
        """One thing may have been asked for by two names, so references decide."""
        others = [other] if isinstance(other, Region) else other
        refs = {(o.image.key, o.ref) for o in others if o.ref}
        left = [region for region in regions if (region.image.key, region.ref) not in refs]
        return without(left, others)

    def largest(self, regions: list[Region]) -> Region | Unknown:
        return self._extreme("largest", regions, 1)

    def smallest(self, regions: list[Region]) -> Region | Unknown:
        return self._extreme("smallest", regions, -1)

    def _extreme(self, tool: str, regions: list[Region], sign: int) -> Region | Unknown:
        if not regions:
            return nothing_to_choose(tool)
        expect_picture(tool, regions[0].image, *regions)
        shares = [self._share(region) for region in regions]
        if any(share is None for share in shares):
            return max(regions, key=lambda region: sign * region.area)
        best = max(range(len(regions)), key=lambda i: sign * (shares[i] or 0.0))
        return regions[best]

    def _share(self, region: Region) -> float | None:
        thing = self._graph(region.image).thing(region)
        return None if isinstance(thing, Unknown) else thing.share

    def nearest(self, regions: list[Region]) -> Region | Unknown:
        return self._first("nearest", "in_front_of", regions)

    def farthest(self, regions: list[Region]) -> Region | Unknown:
        return self._first("farthest", "behind", regions)

    def _first(self, tool: str, word: str, regions: list[Region]) -> Region | Unknown:
        if not regions:
            return nothing_to_choose(tool)
        expect_picture(tool, regions[0].image, *regions)
        return scene_relations.first_of_all(self._graph(regions[0].image), word, regions)

    def filter(self, regions: list[Region], attribute: str) -> list[Region] | Unknown:
        """Those of which the graph says so. It abstains where none is left and one of them has no
        attributes at all."""
        truths = [self.verify(region, attribute) for region in regions]
        kept = [region for region, truth in zip(regions, truths, strict=True) if truth is True]
        if kept:
            return kept
        for region, truth in zip(regions, truths, strict=True):
            thing = self._graph(region.image).thing(region)
            if isinstance(truth, Unknown) and (isinstance(thing, Unknown) or not thing.attributes):
                return truth
        return []

    # -- measure

    def area(self, region: Region) -> Percent:
        share = self._share(region) if region.mask is None else None
        if share is None:
            share = region.area / (region.image.width * region.image.height)
        return Percent(100 * share)

    def depth(self, image: Image) -> Depth | Unknown:
        return _blind("depth", "depth")

    def distance(self, a: Region, b: Region) -> Metres | Unknown:
        return _blind("distances", "distance")

    def tall(self, region: Region) -> Metres | Unknown:
        return _blind("metres", "tall")

    def wide(self, region: Region) -> Metres | Unknown:
        return _blind("metres", "wide")

    def point(self, region: Region) -> list[Metres] | Unknown:
        return _blind("metres", "point")

    def height_from(self, region: Region, reference: Region, metres: float) -> Metres | Unknown:
        return _blind("metres", "height_from")

    def flow(self, frame: Image, next: Image) -> Flow | Unknown:
        return _blind("motion", "flow")

    # -- look

    def query(self, subject: Region | Image, attribute: str) -> str | Unknown:
        if isinstance(subject, Image):
            return scene_facts.scene_value(self._graph(subject), attribute)
        graph = self._graph(subject.image)
        thing = graph.thing(subject)
        if isinstance(thing, Unknown):
            return thing
        found = scene_facts.values(graph, thing, attribute)
        return found if isinstance(found, Unknown) else found[0]

    def verify(self, subject: Region | Image, statement: str) -> bool | Unknown:
        if isinstance(subject, Image):
            return scene_facts.scene_holds(self._graph(subject), statement)
        graph = self._graph(subject.image)
        thing = graph.thing(subject)
        return thing if isinstance(thing, Unknown) else scene_facts.holds(graph, thing, statement)

    def choose(self, subject: Region | Image, options: list[str]) -> str | Unknown:
        truths = [self.verify(subject, option) for option in options]
        exact: Sequence[str] = ()
        if isinstance(subject, Region):
            thing = self._graph(subject.image).thing(subject)
            if isinstance(thing, Thing):
                exact = (*map(hierarchy.adjective, thing.attributes), thing.name)
        return scene_facts.best(truths, options, exact)

    def classify(self, image: Region | Image, options: list[str]) -> str | Unknown:
        return self.choose(image, options)

    def match(self, image: Region | Image, text: str) -> float | Unknown:
        truth = self.verify(image, text)
        return truth if isinstance(truth, Unknown) else float(truth)

    def same(self, a: Region, b: Region, attribute: str) -> bool | Unknown:
        seen = self._seen(a, b)
        return seen if isinstance(seen, Unknown) else scene_facts.same(*seen, attribute)

    def common(self, a: Region, b: Region) -> str | Unknown:
        seen = self._seen(a, b)
        return seen if isinstance(seen, Unknown) else scene_facts.common(*seen)

    def _seen(self, a: Region, b: Region) -> tuple[scene_facts.Seen, scene_facts.Seen] | Unknown:
        """Two things, which may be in two pictures, each with its graph."""
        graphs = self._graph(a.image), self._graph(b.image)
        one, other = graphs[0].thing(a), graphs[1].thing(b)
        if isinstance(one, Unknown):
            return one
        return other if isinstance(other, Unknown) else ((graphs[0], one), (graphs[1], other))

    def vqa(self, image: Image, question: str) -> str | Unknown:
        return _blind("open questions", "vqa")

    def caption(self, image: Image) -> str | Unknown:
        return _blind("captions", "caption")


def _region(image: Image, thing: Thing, label: str) -> Region:
    return Region(image, thing.box, label, 1.0, None, thing.id)


def _blind(what: str, tool: str) -> Unknown:
    return Unknown(
        f"a scene graph knows no {what}; name a tool that does: --tools oracle,{tool}=..."
    )


ORACLE: dict[str, str] = dict.fromkeys(Oracle.serves, Oracle.name)
