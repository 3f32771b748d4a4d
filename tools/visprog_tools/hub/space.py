"""Near and far, in front and behind, and metres between things, from a measured depth map."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.tool import Output
from visprog.values import Image, Metres, Region
from visprog_tools.choice import nothing_to_choose
from visprog_tools.geometry import Box, expect_picture, given_metres, pixel_box, same_thing
from visprog_tools.hub.camera import Camera
from visprog_tools.picture import FRAGMENT

INNER = 0.5  # of a box's width and height: the middle, where there is most of the thing
OUTLYING = 3 * 1.4826  # median deviations: three standard ones, where depths are normal
LEAST = 0.02  # of the depth: nothing nearer to the median than this is outlying
CLOSE = 0.05  # of the larger depth: an order of less is not sure
SPREAD = 0.25  # of a distance: where depths within its ends vary by more, a notice says so
FULL = 0.95  # of the farthest that a model can tell: what lies there may lie beyond

PART = "measured in a part of a picture: models tell metres by all that a whole one shows"


class Scene(NamedTuple):
    """How far a picture's pixels are. `depth`: (H, W) float32, larger is farther; `camera`: None
    where the depths have no scale; `limit`: the farthest that the model tells, 0 for no limit;
    `notices`: of the depths themselves."""

    depth: NDArray[np.float32]
    camera: Camera | None = None
    limit: float = 0.0
    notices: tuple[str, ...] = ()


class Seen(NamedTuple):
    """The pixels of a thing: `x`, `y`: their middles; `depth`: of each; `median` of them."""

    x: NDArray[Any]
    y: NDArray[Any]
    depth: NDArray[np.float32]
    median: float

    @property
    def spread(self) -> float:
        """Half of what the depths vary by, a tenth of them left out at either end."""
        low, high = np.quantile(self.depth, (0.1, 0.9))
        return float(high - low) / 2


def picture_of(tool: str, call: Mapping[str, Any]) -> Image | None:
    """The picture whose depths a call needs; None where it needs none.

    Raises:
        ToolError: its regions belong to different pictures.
    """
    if tool == "depth":
        return call["image"]  # type: ignore[no-any-return]
    if tool == "distance":
        regions, image = [call["b"]], call["a"].image
    elif "region" in call:
        regions, image = [call["region"], call.get("reference", call["region"])], None
        image = regions[0].image
    else:
        regions = call["regions"]
        image = call["anchor"].image if "anchor" in call else regions[0].image if regions else None
    if image is None:
        return None
    expect_picture(tool, image, *regions)
    return image if regions else None


def without_depth(tool: str, call: Mapping[str, Any]) -> Output:
    """The result of a call that has no regions."""
    return Output([] if "anchor" in call else nothing_to_choose(tool))


def seen(region: Region, depth: NDArray[np.float32]) -> Seen:
    """The pixels of a region's mask, or else of the middle of its box."""
    if region.mask is not None and region.mask.any():
        rows, columns = np.nonzero(region.mask)
    else:
        left, top, right, bottom = pixel_box(_inner(region.box), region.image)
        rows, columns = (one.ravel() for one in np.mgrid[top:bottom, left:right])
    found = depth[rows, columns]
    return Seen(columns + 0.5, rows + 0.5, found, float(np.median(found)))


def place(one: Seen, camera: Camera) -> NDArray[np.float64]:
    """Where a thing is, (3,) metres: the middle of those of its pixels whose depth is not an
    outlier, as that of the ground behind it is."""
    off = np.abs(one.depth - one.median)
    kept = off <= max(OUTLYING * float(np.median(off)), LEAST * abs(one.median))
    points = camera.lift(one.x[kept], one.y[kept], one.depth[kept])
    return np.asarray(points.mean(axis=0), np.float64)


def distance(scene: Scene, call: Mapping[str, Any]) -> Output:
    """Metres between the middles of the surfaces of two things that the camera sees."""
    camera = scene.camera
    assert camera is not None, "the depths have no scale"
    a, b = (seen(call[name], scene.depth) for name in "ab")
    metres = float(np.linalg.norm(place(a, camera) - place(b, camera)))
    notices = [camera.notice] if camera.notice else []
    if FRAGMENT.search(call["a"].image.name):
        notices.append(PART)
    if scene.limit and max(a.median, b.median) > FULL * scene.limit:
        notices.append(f"the model tells no depth beyond {scene.limit:g} m: it may be more")
    off = math.hypot(a.spread, b.spread)
    if off > SPREAD * metres:
        names = " and ".join(dict.fromkeys(repr(call[name].label) for name in "ab"))
        notices.append(f"uncertain: the depths within {names} vary by about {off:.2g} m")
    return Output(Metres(metres), tuple(notices))


def measured(tool: str, scene: Scene, call: Mapping[str, Any]) -> Output:
    """What `tall`, `wide`, `point` and `height_from` tell of a thing.

    Its size is that of its box at the depth of its middle: exact for what stands upright and faces
    the camera, and less than the whole of what leans away from it.
    """
    region: Region = call["region"]
    one, camera = seen(region, scene.depth), scene.camera
    assert camera is not None, "the depths have no scale"
    if tool == "point":
        return Output([Metres(float(n)) for n in place(one, camera)], _doubts(scene, one, region))
    if tool != "height_from":
        extent = region.height if tool == "tall" else region.width
        notices = (*_doubts(scene, one, region), *_cut(region, tool))
        return Output(Metres(extent * one.median / camera.focal), notices)
    reference: Region = call["reference"]
    metres = given_metres(call["metres"])
    other = seen(reference, scene.depth)
    ratio = region.height * one.median / (reference.height * other.median)
    notices = (*_cut(region, tool), *_cut(reference, tool), *_spread(one, region))
    return Output(Metres(metres * ratio), (*notices, *_spread(other, reference)))


def _doubts(scene: Scene, one: Seen, region: Region) -> tuple[str, ...]:
    camera = scene.camera
    made = [camera.notice] if camera and camera.notice else []
    if FRAGMENT.search(region.image.name):
        made.append(PART)
    if scene.limit and one.median > FULL * scene.limit:
        made.append(f"the model tells no depth beyond {scene.limit:g} m: it may be more")
    return (*made, *_spread(one, region))


def _spread(one: Seen, region: Region) -> tuple[str, ...]:
    share = one.spread / one.median if one.median else math.inf
    if share <= SPREAD:
        return ()
    return (f"uncertain: the depths within {region.label!r} vary by about {share:.0%}",)


def _cut(region: Region, tool: str) -> tuple[str, ...]:
    """Says that the picture's edge may cut a thing off."""
    image, reach = region.image, 1.0
    across = region.left < reach or region.right > image.width - reach
    down = region.top < reach or region.bottom > image.height - reach
    if not (across if tool == "wide" else down):
        return ()
    return (f"{region.label!r} reaches the edge of the picture: it may be larger",)


def chosen(tool: str, scene: Scene, call: Mapping[str, Any]) -> Output:
    """What `nearest`, `farthest`, `in_front_of` and `behind` keep, by the medians of the depths."""
    regions: list[Region] = call["regions"]
    depths = [seen(region, scene.depth).median for region in regions]
    if "anchor" not in call:
        best = (min if tool == "nearest" else max)(range(len(regions)), key=depths.__getitem__)
        rest = [d for i, d in enumerate(depths) if not same_thing(regions[i], regions[best])]
        return Output(regions[best], _unsure(depths[best], rest))
    anchor: Region = call["anchor"]
    middle = seen(anchor, scene.depth).median
    holds: Callable[[float], bool] = middle.__gt__ if tool == "in_front_of" else middle.__lt__
    others = [(r, d) for r, d in zip(regions, depths, strict=True) if not same_thing(r, anchor)]
    return Output([r for r, d in others if holds(d)], _unsure(middle, [d for _, d in others]))


def _unsure(depth: float, others: Sequence[float]) -> tuple[str, ...]:
    if any(abs(depth - other) <= CLOSE * max(depth, other) for other in others):
        return ("some are about equally far: which of them is nearer is not sure",)
    return ()


def _inner(box: Box) -> Box:
    across, down = (box[2] - box[0]) * (1 - INNER) / 2, (box[3] - box[1]) * (1 - INNER) / 2
    return box[0] + across, box[1] + down, box[2] - across, box[3] - down
