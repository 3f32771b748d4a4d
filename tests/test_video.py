"""The words about videos: which way, how fast, when; tracks, and how they are lost; clips."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import visprog_tools
from tests.moving import WAYS, Pixels, clip, film, texture
from visprog import Agent, Catalogue, CheckError, SettingsError, ToolError, Toolset
from visprog.clips import placed, save_clip, tracks_of
from visprog.drawing import draw
from visprog.inputs import VIDEO_KINDS
from visprog.lang import check, parse
from visprog.lang import types as t
from visprog.lang.grammar import grammar
from visprog.tool import Backend, Model
from visprog.values import Image, PixelsPerSecond, Region, Seconds, Unknown, Video
from visprog.videos import load
from visprog_tools import direction, speed
from visprog_tools.moments import Moments, evenly, thing_there
from visprog_tools.tracking import FlowTracker

FPS = 25.0


def video_of(frames: list[Pixels]) -> Video:
    return Video(tuple(map(Image, frames)), FPS)


def tracked(video: Video, region: Region) -> tuple[list[Region], tuple[str, ...]]:
    output = FlowTracker({}).track(video, region)
    assert isinstance(output.value, list)
    return output.value, output.notices


# -- motion that is known


@pytest.mark.parametrize("way", range(8), ids=WAYS)
@pytest.mark.parametrize(
    ("pixels", "kind"),
    [(1, {}), (2, {}), (5, {}), (9, {}), (4, {"disc": False}), (2, {"plain": True}),
     (7, {"plain": True}), (3, {"wall": True}), (2, {"plain": True, "wall": True}),
     (9, {"plain": True, "wall": True, "disc": False}), (2, {"size": 20}), (7, {"size": 20})],
)  # fmt: skip
def test_direction_and_speed_of_what_moves_as_told(
    way: int, pixels: float, kind: dict[str, Any]
) -> None:
    frames, box = clip(way, pixels, count=10, **kind)
    video = video_of(frames)
    path, notices = tracked(video, Region(video.frames[0], box, "ball"))
    assert (len(path), notices) == (len(frames), ())
    assert direction(path) == WAYS[way]
    assert speed(path) == pytest.approx(pixels * FPS, rel=0.1)


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_so_of_a_compressed_film(kind: str) -> None:
    frames, box = clip(7, 3, count=40, plain=True)
    video = load(film(frames, kind=kind, codec="libvpx-vp9" if kind == "webm" else "libx264"))
    path, _ = tracked(video, Region(video.frames[0], box, "ball"))
    assert (len(path), direction(path)) == (40, "up right")
    assert speed(path) == pytest.approx(75, rel=0.1)


def test_a_track_goes_both_ways_from_where_the_thing_was_found() -> None:
    frames, box = clip(0, 4, count=30)
    video = video_of(frames)
    later = (box[0] + 80, box[1], box[2] + 80, box[3])
    path, _ = tracked(video, Region(video.frames[20], later, "ball"))
    times = [region.image.time for region in path]
    assert times == list(video.times)
    assert path[0].box == pytest.approx(box, abs=1.5)
    assert direction(path) == "right"


def test_what_does_not_move_is_still() -> None:
    frames, box = clip(0, 0, count=8)
    video = video_of(frames)
    path, _ = tracked(video, Region(video.frames[0], box, "ball"))
    assert direction(path) == "still"
    assert speed(path) < 5


def test_a_mask_goes_along() -> None:
    frames, box = clip(1, 3)
    video = video_of(frames)
    ys, xs = np.mgrid[:240, :320]
    x, y = (box[0] + box[2] - 1) / 2, (box[1] + box[3] - 1) / 2
    mask = np.hypot(xs - x, ys - y) < 22
    path, _ = tracked(video, Region(video.frames[0], box, "ball", mask=mask))
    off = 11 * 3 / math.sqrt(2)
    true = np.hypot(xs - x - off, ys - y - off) < 22
    assert path[-1].mask is not None
    assert (path[-1].mask & true).sum() / (path[-1].mask | true).sum() > 0.85
    assert direction(path) == "down right"


# -- lost honestly


def test_a_thing_that_leaves_is_lost_and_said_so() -> None:
    frames, box = clip(0, 12, count=30, width=200)
    video = video_of(frames)
    start = next(n for n in range(30) if box[0] + 12 * n >= 0)
    at = (box[0] + 12 * start, box[1], box[2] + 12 * start, box[3])
    path, notices = tracked(video, Region(video.frames[start], at, "ball"))
    assert 5 < len(path) < 30
    assert any("leaves the picture" in notice for notice in notices)


def test_a_cut_ends_the_track() -> None:
    frames, box = clip(0, 2, count=10)
    other = texture(np.random.default_rng(5), 240, 320, 9)
    video = video_of([*frames, *[other] * 5])
    path, notices = tracked(video, Region(video.frames[0], box, "ball"))
    assert len(path) == 10
    assert notices == (
        f"the ball was followed on to {video.times[9]:.2f} s: it looks unlike itself: it may be "
        "hidden, or the scene was cut",
    ) or "cannot be found again" in notices[0] or "points" in notices[0]  # fmt: skip


def test_a_region_of_another_picture_is_refused() -> None:
    frames, box = clip(0, 2)
    video = video_of(frames)
    for image in (Image(frames[0]), Image(frames[1], time=0.0)):
        with pytest.raises(ToolError, match="no frame of this video"):
            tracked(video, Region(image, box, "ball"))


def test_tracks_of_little_and_odd_things_end_without_failing() -> None:
    frames, _ = clip(0, 2, count=4, width=33, height=17, size=9)
    video = video_of(frames)
    for box in ((0, 0, 1, 1), (0, 0, 33, 17), (30, 15, 33, 17), (5, 5, 5, 5), (-9, -9, 60, 60)):
        path, _ = tracked(video, Region(video.frames[1], box, "thing"))
        assert 1 <= len(path) <= 4


# -- direction and speed


def at(x: float, y: float, time: float | None) -> Region:
    image = Image(np.zeros((100, 200, 3), np.uint8), time=time)
    return Region(image, (x - 2, y - 2, x + 2, y + 2), "dot")


def test_direction_by_points() -> None:
    for place, way in enumerate(WAYS):
        angle = place * math.pi / 4
        path = [at(100, 50, 0), at(100 + 40 * math.cos(angle), 50 + 40 * math.sin(angle), 1)]
        assert direction(path) == way
    assert direction([at(10, 10, 0)]) == "still"
    assert isinstance(direction([]), Unknown)


def test_speed_is_along_the_path() -> None:
    there = [at(10 + 100 * n / 10, 50, n / 10) for n in range(11)]
    back = [at(110 - 100 * n / 10, 50, 1 + n / 10) for n in range(1, 11)]
    assert speed([*there, *back]) == pytest.approx(100)
    assert isinstance(speed(there[:1]), Unknown)
    for bad in ([at(0, 0, None), at(9, 9, None)], [at(0, 0, 1), at(9, 9, 1)]):
        with pytest.raises(ToolError, match=r"frames of a video|order of time"):
            speed(bad)


# -- when


class Eyes(Backend):
    """Sees a dog from a time on; says whether a door is open; knows no more."""

    name = "eyes"
    serves = ("detect", "verify")
    model = Model("eyes", "MIT")

    def detect(self, image: Image, name: str) -> Any:
        self.looked = getattr(self, "looked", 0) + 1
        seen = name == "dog" and (image.time or 0) >= 0.5
        return [Region(image, (0, 0, 5, 5), name)] if seen else []

    def verify(self, subject: Image, statement: str) -> Any:
        if statement == "the door is open":
            return 0.7 <= (subject.time or 0) < 0.72
        if statement == "it rains" and (subject.time or 0) > 1:
            return True
        return Unknown(f"cannot say {statement!r}")


def moments(**serving: Backend) -> Moments:
    made = Moments({})
    specs = Catalogue.of(visprog_tools).tools
    Toolset(tuple(specs.values()), {**serving, "when": made})
    return made


def test_when_is_told_to_a_tenth_of_a_second() -> None:
    frames, _ = clip(0, 1, count=100)
    video, eyes = video_of(frames), Eyes({})
    made = moments(detect=eyes, verify=eyes).when(video, "a dog appears")
    assert not isinstance(made, Unknown)
    assert made.value == pytest.approx(0.5, abs=0.1)
    assert "detect('dog') was asked of" in made.notices[0]
    assert "may be missed" in made.notices[1]
    assert eyes.looked < 20


def test_when_asks_verify_for_what_is_more_than_a_thing() -> None:
    frames, _ = clip(0, 1, count=50)
    video, eyes = video_of(frames), Eyes({})
    made = moments(verify=eyes, detect=eyes)
    rains = made.when(video_of(clip(0, 1, count=60)[0]), "it rains")
    assert not isinstance(rains, Unknown)
    assert rains.value == pytest.approx(1.04, abs=0.1)
    assert "could not be told" in rains.notices[1]
    never = made.when(video, "the door is open")
    assert isinstance(never, Unknown) and "held in none of the" in never.reason
    dumb = made.when(video, "the man sits down")
    assert isinstance(dumb, Unknown) and "cannot say 'the man sits down'" in dumb.reason
    with pytest.raises(ToolError, match="empty"):
        made.when(video, "  ")


def test_when_without_eyes_abstains_and_says_what_would_help() -> None:
    video = video_of(clip(0, 1)[0])
    made = moments().when(video, "there is a dog")
    assert isinstance(made, Unknown) and "no tool looks at frames" in made.reason


def test_when_is_keyed_by_who_is_asked() -> None:
    eyes, others = Eyes({}), Eyes({})
    others.model = Model("other eyes", "MIT")
    one, other = moments(detect=eyes), moments(detect=others)
    assert one.parameters != other.parameters
    eyes.device = "cuda:0"
    assert moments(detect=eyes).device == "cuda:0"


@pytest.mark.parametrize(
    ("statement", "thing"),
    [
        ("there is a dog", "dog"),
        ("There is a red car in the picture.", "red car"),
        ("a dog appears", "dog"),
        ("the man enters the scene", "man"),
        ("the bus comes into view", "bus"),
        ("the dog is visible", "dog"),
        ("the man sits down", ""),
        ("the door is open", ""),
        ("there is no dog", ""),
        ("there are two dogs", ""),
        ("a man with a hat enters", ""),
        ("a" * 100_000, ""),
    ],
)
def test_what_a_statement_says_to_be_there(statement: str, thing: str) -> None:
    assert thing_there(statement) == thing


def test_places_are_even_and_have_both_ends() -> None:
    assert evenly(10, 4) == [0, 3, 6, 9]
    assert evenly(3, 9) == [0, 1, 2]
    assert evenly(9, 1) == [0]
    for count in (2, 7, 100):
        for n in range(2, count):
            made = evenly(count, n)
            assert (made[0], made[-1], len(made)) == (0, count - 1, n)
            assert all(a < b for a, b in pairwise(made))


# -- in the language


def toolset(profile: str = "embedded") -> Toolset:
    return Catalogue.of(visprog_tools).toolset(profile)


def test_seconds_are_a_unit() -> None:
    assert t.text(t.of(Seconds)) == "Seconds"
    rate = t.of(PixelsPerSecond)
    assert t.text(rate) == "PixelsPerSecond"
    assert t.unit_name(rate) == "pixels per second"
    assert t.named("PixelsPerSecond", ()) == rate == t.Number(
        False, (("Pixels", 1), ("Seconds", -1))
    )  # fmt: skip
    good = """
def pace(path: list[Region]) -> PixelsPerSecond:
    return (path[-1].center_x - path[0].center_x) / (path[-1].time - path[0].time)

path = track(video, detect(image, "ball")[0])
return pace(path) + speed(path)
"""
    assert t.text(check(parse(good), toolset(), VIDEO_KINDS)) == "PixelsPerSecond"
    for bad, fault in (
        ("return video.duration + video.width", "Seconds and Pixels do not mix"),
        ("return speed(track(video, detect(image, 'ball')[0])) > image.time", "do not mix"),
        ("return when(video, 5)", "wants str as `statement`"),
        ("return frames(image, 3)", "wants Video as `video`"),
    ):
        with pytest.raises(CheckError, match=fault):
            check(parse(bad), toolset(), VIDEO_KINDS)


@pytest.mark.parametrize("profile", ["embedded", "oracle"])
def test_the_words_are_in_the_grammar_where_there_is_a_video(profile: str) -> None:
    question = "Which way does the ball move?"
    words = ("frames(", "track(", "when(", "speed(", "direction(", "video")
    without = grammar(toolset(profile), question=question, variables=False)
    assert not [word for word in words if word in without]
    inputs: Mapping[str, Any] = VIDEO_KINDS
    made = grammar(toolset(profile), question=question, variables=False, inputs=inputs)
    assert [word for word in words if word not in made] == []


def test_a_question_about_motion_is_answered(tmp_path: Path) -> None:
    frames, box = clip(0, 4, count=30, plain=True)
    left, top, right, bottom = box

    class Finder(Backend):
        name = "finder"
        serves = ("detect",)
        model = Model("finder", "MIT")

        def detect(self, image: Image, name: str) -> list[Region]:
            moved = 4 * FPS * (image.time or 0)
            return [Region(image, (left + moved, top, right + moved, bottom), name)]

    specs = tuple(Catalogue.of(visprog_tools).tools.values())
    serving = {"detect": Finder({}), "track": FlowTracker({})}
    path = tmp_path / "ball.mp4"
    path.write_bytes(film(frames))
    program = """
path = track(video, detect(image, "ball")[0])
return f"{direction(path)} at {round(speed(path))} pixels a second"
"""
    with Agent(tools=Toolset(specs, serving)) as agent:
        answer = agent.run(program, path)
        assert answer.text in [f"right at {n} pixels a second" for n in range(95, 106)]
        answer = agent.run('return track(video, detect(image, "ball")[0])', path)
        value: Any = answer.value
        assert len(value) == 30
        told = answer.trace.to_json()["value"][3]
        assert told["time"] == pytest.approx(0.12)
        answer.trace.save(tmp_path / "why.html")


def test_an_oracle_says_that_it_knows_no_frames(tmp_path: Path) -> None:
    graphs = tmp_path / "graphs.json"
    graphs.write_text("{}")
    video = video_of(clip(0, 1)[0])
    with Agent(tools="oracle", options={"scene_graphs": str(graphs)}) as agent:
        answer = agent.run('return when(video, "there is a dog")', video)
    assert (answer.status, "no scene graph" in answer.reason) == ("failed", True)


# -- clips that are drawn on


def test_a_clip_has_the_track_drawn_on_it(tmp_path: Path) -> None:
    frames, box = clip(0, 4, count=12, wall=True)
    video = load(film(frames))
    path, _ = tracked(video, Region(video.frames[0], box, "ball"))
    for name in ("out.mp4", "out.gif"):
        assert save_clip(video, path[::5], tmp_path / name) == ()
        made = load(tmp_path / name)
        assert len(made.frames) == 12
        off = np.abs(made.frames[7].pixels.astype(int) - frames[7])
        assert off[100:140, int(box[0]) + 20 : int(box[2]) + 40].max() > 100


def test_tracks_of_a_value() -> None:
    frames, box = clip(0, 4, count=6)
    video = video_of(frames)
    track = [Region(frame, box, "ball") for frame in video.frames]
    assert tracks_of(track) == [track]
    assert tracks_of([track, track[:2]]) == [track, track[:2]]
    assert tracks_of([track[0], track[0]]) == [[track[0]], [track[0]]]
    assert tracks_of({"a": track[0]}) == [[track[0]]]
    assert tracks_of("text") == tracks_of(5) == tracks_of([]) == []
    halfway = placed(video, [[track[0], track[4]]])[2][0]
    assert (halfway.box, sorted(placed(video, [[track[0], track[4]]]))) == (box, [0, 1, 2, 3, 4])


def test_clips_that_cannot_be_drawn(tmp_path: Path) -> None:
    frames, box = clip(0, 4, count=6)
    video = video_of(frames)
    region = Region(video.frames[0], box, "ball")
    with pytest.raises(SettingsError, match=r"not as \.avi"):
        save_clip(video, region, tmp_path / "out.avi")
    with pytest.raises(SettingsError, match="no regions"):
        save_clip(video, 5, tmp_path / "out.gif")
    with pytest.raises(ToolError, match="no frame of the video"):
        save_clip(video, Region(Image(frames[0]), box, "ball"), tmp_path / "out.gif")


def test_videos_are_drawn_as_strips_with_times() -> None:
    frames, box = clip(0, 4, count=20)
    video = video_of(frames)
    strip = draw(video)
    assert strip is not None and strip.shape[1] == 3 * 320 + 2 * 8
    track = draw([Region(frame, box, "ball") for frame in video.frames])
    assert track is not None and track.shape[1] == strip.shape[1]
