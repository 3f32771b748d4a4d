"""One thing followed through a video by optical flow, and lost honestly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ToolError
from visprog.tool import Backend, Model, Output
from visprog.values import Image, Region, Video
from visprog_tools.appearance import anchor_of
from visprog_tools.displacement import Flows, Lost, State, step
from visprog_tools.optical_flow import flows as dis_flows

WORK = 640  # the longer side of frames that flow is measured on, pixels
CLOSE = 300  # frames that are all looked at, before and after
RATE = 10.0  # frames a second looked at of longer videos
STEPS = 300  # frames looked at, at most
LARGE = 160  # pixels of a thing's longer side, beyond which frames are made smaller for flow
REGIONS = 240  # of a track
BLOCK = 24  # frames decoded at once where time runs backwards

Array = NDArray[Any]


class FlowTracker(Backend):
    """Follows a box, or a mask, by OpenCV's DIS flow in a window around it.

    A match of the whole patch says about where it went, the flow of its points how exactly; points
    that do not come back by the backward flow do not count. Where they move otherwise than what is
    around them, those that do decide. A thing of one colour is followed by the pixels of that. The
    track ends where too few points come back, or the thing looks unlike itself, or leaves.
    """

    name = "flow"
    serves = ("track",)
    model = Model("tracking by OpenCV DIS optical flow", "Apache-2.0", kind="heuristic")

    def track(self, video: Video, region: Region) -> Output:
        scale = scale_of(video, region)
        told = []
        for course in courses(video, place_of(video, region.image)):
            told.append((course, *follow(video, region, course, scale)))
        return joined(region, told)


class Course(NamedTuple):
    """Frames that are looked at one after another. `way`: "back" or "on" in time; `places`: of
    them in the video, the first of which is the thing's own; `every`: so-manieth of them, and the
    last, has a region; `whole`: they end where the video does."""

    way: str
    places: Sequence[int]
    every: int
    whole: bool


def courses(video: Video, start: int) -> tuple[Course, Course]:
    """Back and on from a frame: of longer videos RATE frames a second, STEPS at most in all."""
    count, rate = len(video.frames), video.fps
    stride = 1 if count <= CLOSE else max(1, round(rate / RATE))
    most = max(2, min(REGIONS, video.most))
    every = -(-min(STEPS, -(-count // stride)) // most)
    after = range(start, count, stride)
    before = range(start, -1, -stride)
    share = STEPS * len(after) // max(1, len(after) + len(before))
    back, on = max(2, STEPS - share), max(2, share)
    return (
        Course("back", before[:back], every, len(before) <= back),
        Course("on", after[:on], every, len(after) <= on),
    )


def joined(region: Region, told: Sequence[tuple[Course, list[Region], str]]) -> Output:
    """A track, in the order of time.

    Args:
        region: the thing where it was known.
        told: of the way back and of the one on, the regions found, the first of which is the
            thing's own, and why it was lost there, "" where it was not.
    """
    made: list[Region] = []
    notices: list[str] = []
    for course, found, why in told:
        back = course.way == "back"
        made = [*reversed(found[1:]), region] if back else [*made, *found[1:]]
        if not why and not course.whole:
            why = "only so much of a long video is looked at; cut it"
        if why:
            edge = made[0 if back else -1].image.time or 0.0
            notices.append(f"the {region.label} was followed {course.way} to {edge:.2f} s: {why}")
    return Output(made, tuple(notices))


def scale_of(video: Video, region: Region) -> float:
    """How much smaller the frames are that flow is measured on."""
    longest = max(1.0, region.width, region.height)
    return min(1.0, WORK / max(video.width, video.height), LARGE / longest)


def place_of(video: Video, image: Image) -> int:
    """Which frame of the video a picture is.

    Raises:
        ToolError: it is none.
    """
    if image.time is not None:
        nearest = int(np.argmin(np.abs(np.asarray(video.times) - image.time)))
        if video.frames[nearest] == image:
            return nearest
    raise ToolError(
        "track: the region belongs to a picture that is no frame of this video; find it in one of "
        "frames(video, n), or in `image`, the first"
    )


def follow(
    video: Video, region: Region, course: Course, scale: float, flows: Flows = dis_flows
) -> tuple[list[Region], str]:
    """The thing in the frames of a course; and why it was lost, "" where it was not."""
    shape = max(1, round(video.height * scale)), max(1, round(video.width * scale))
    mask = None
    if region.mask is not None and region.mask.any():
        mask = _resized(region.mask.astype(np.float32), shape)
    state = State(tuple(side * scale for side in region.box), mask)  # type: ignore[arg-type]
    made, why = [region], ""
    last: tuple[Image, State] | None = None
    before: Array | None = None
    for number, image in enumerate(in_order(video, course.places)):
        now = _resized(image.pixels, shape)
        if before is None:
            state.anchor = None if state.mask is not None else anchor_of(now, state.box)
        else:
            try:
                state = step(before, now, state, flows)
            except Lost as lost:
                why = str(lost)
                break
            if number % course.every == 0:
                made.append(_region(region, image, state, scale))
                last = None
            else:
                last = image, state
        before = now
    if last is not None:
        made.append(_region(region, last[0], last[1], scale))
    return made, why


def in_order(video: Video, places: Sequence[int]) -> Iterator[Image]:
    """The frames at these places; backwards, a block of them is decoded forwards."""
    if len(places) < 2 or places[0] < places[1]:
        for place in places:
            yield video.frames[place]
        return
    for begin in range(0, len(places), BLOCK):
        block = places[begin : begin + BLOCK]
        held = {place: video.frames[place] for place in reversed(block)}
        for place in block:
            yield held.pop(place)


def _resized(array: Array, shape: tuple[int, int]) -> Array:
    import cv2

    if array.shape[:2] == shape:
        return array
    made: Array = cv2.resize(array, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return made


def _region(region: Region, image: Image, state: State, scale: float) -> Region:
    mask = None
    if state.mask is not None:
        large = _resized_up(state.mask, (image.height, image.width))
        mask = large > 0.5
    left, top, right, bottom = (side / scale for side in state.box)
    left, right = (min(max(0.0, side), float(image.width)) for side in (left, right))
    top, bottom = (min(max(0.0, side), float(image.height)) for side in (top, bottom))
    return Region(image, (left, top, right, bottom), region.label, region.score, mask, region.ref)


def _resized_up(array: Array, shape: tuple[int, int]) -> Array:
    import cv2

    made: Array = cv2.resize(array, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return made
