"""Metres between things, near and far, in scenes whose geometry is known."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from PIL import Image as pil

from tests.depth_models import ANYTHING, Passes, made, make_all, noise, ready, value
from tests.hostile_images import taken
from visprog import Agent
from visprog.errors import ToolError
from visprog.images import load
from visprog.tool import Backend, Model, Output, Toolset
from visprog.values import Image, Region, Unknown
from visprog_tools import choice, find, measure, picture
from visprog_tools.hub import depth as depths
from visprog_tools.hub.camera import Camera, focal_of

FOCAL = 500.0
WIDE, HIGH = 640, 480


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Networks this small wait for threads longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    return make_all(tmp_path_factory.mktemp("depth"))


@pytest.fixture
def relative(folders: Mapping[str, Path]) -> Any:
    return ready(depths.DepthAnythingSmall, folders["relative"])


# -- space


class Room(depths.DepthAnythingIndoor):
    """Sees the depths that a test gives it, `told`."""

    name = "room"
    told: ClassVar[np.ndarray[Any, Any]]

    def predict(self, images: Sequence[Image], module: Any) -> list[tuple[Any, ...]]:
        return [(torch.from_numpy(self.told[: i.height, : i.width].copy()),) for i in images]


@pytest.fixture
def room(folders: Mapping[str, Path]) -> Any:
    Room.told = np.full((HIGH, WIDE), 5, np.float32)
    return made(Room, folders["metric"])


def scene(focal: float = FOCAL, name: str = "room", **more: Any) -> Image:
    return Image(np.zeros((HIGH, WIDE, 3), np.uint8), name, focal, **more)


def apart(backend: Any, a: Region, b: Region) -> Output:
    (result,) = backend.run("distance", [{"a": a, "b": b}])
    assert isinstance(result, Output), result
    return result


def size(backend: Any, tool: str, **call: Any) -> Output:
    (result,) = backend.run(tool, [call])
    assert isinstance(result, Output), result
    return result


def test_sizes_in_metres_are_those_of_a_box_at_its_depth(room: Any) -> None:
    Room.told = np.full((HIGH, WIDE), 9, np.float32)
    Room.told[100:300, 200:240] = 3
    image = scene()
    pole = Region(image, (200, 100, 240, 300), "pole")
    tall, wide = size(room, "tall", region=pole), size(room, "wide", region=pole)
    assert tall.value == pytest.approx(200 * 3 / FOCAL) and tall.notices == ()
    assert wide.value == pytest.approx(40 * 3 / FOCAL)
    at = size(room, "point", region=pole).value
    want = [(220 - WIDE / 2) * 3 / FOCAL, (200 - HIGH / 2) * 3 / FOCAL, 3]
    assert at == pytest.approx(want, abs=0.01)
    assert size(room, "tall", region=Region(scene(0), pole.box, "pole")).notices  # no camera


def test_a_size_is_told_by_one_that_is_known(room: Any) -> None:
    Room.told = np.full((HIGH, WIDE), 4, np.float32)
    Room.told[:, 320:] = 8
    image = scene()
    near, far = (
        Region(image, (10, 100, 50, 200), "man"),
        Region(image, (400, 100, 440, 200), "tree"),
    )
    made = size(room, "height_from", region=far, reference=near, metres=1.8)
    assert made.value == pytest.approx(3.6) and made.notices == ()  # the camera does not matter
    for metres in (0.0, -1.0, float("nan"), float("inf")):
        (error,) = room.run("height_from", [{"region": far, "reference": near, "metres": metres}])
        assert "more than 0 metres" in str(error)
    elsewhere = Region(scene(name="other"), near.box, "man")
    (error,) = room.run("height_from", [{"region": far, "reference": elsewhere, "metres": 1.8}])
    assert isinstance(error, ToolError)


def test_sizes_say_when_they_are_not_sure(room: Any) -> None:
    Room.told = np.linspace(2, 9, WIDE, dtype=np.float32)[None].repeat(HIGH, 0)
    long = Region(scene(), (0, 100, 640, 300), "train")
    assert "vary by about" in " ".join(size(room, "tall", region=long).notices)
    cut = size(room, "wide", region=long).notices
    assert "'train' reaches the edge of the picture: it may be larger" in cut
    Room.told = np.full((HIGH, WIDE), 19.9, np.float32)
    sky = scene(name="sky")
    far = size(room, "tall", region=Region(sky, (9, 9, 50, 50), "bird")).notices
    assert far == ("the model tells no depth beyond 20 m: it may be more",)


def test_metres_along_a_wall(room: Any) -> None:
    image = scene()
    a, b = Region(image, (80, 100, 120, 140), "a"), Region(image, (500, 380, 540, 420), "b")
    want = 5 * np.hypot(420, 280) / FOCAL
    told = apart(room, a, b)
    assert told.value == pytest.approx(want, rel=0.001) and isinstance(told.value, float)
    assert told.notices == ()
    assert apart(room, a, a).value == 0


def test_metres_between_boxes_at_other_depths(room: Any) -> None:
    Room.told = np.full((HIGH, WIDE), 9, np.float32)
    Room.told[200:280, 60:140] = 2
    Room.told[100:180, 400:520] = 6
    image = scene()
    a, b = Region(image, (60, 200, 140, 280), "a"), Region(image, (400, 100, 520, 180), "b")
    centres = [
        np.array([(u - WIDE / 2) * z / FOCAL, (v - HIGH / 2) * z / FOCAL, z])
        for u, v, z in ((100, 240, 2), (460, 140, 6))
    ]
    want = np.linalg.norm(centres[0] - centres[1])
    assert apart(room, a, b).value == pytest.approx(want, rel=0.01)
    assert apart(room, b, a).value == pytest.approx(want, rel=0.01)


def test_metres_on_a_floor_that_goes_away(room: Any) -> None:
    """A floor 1.5 m below the camera: z = 1.5 f / (v - cy) under the horizon."""
    rows = np.arange(HIGH) + 0.5 - HIGH / 2
    Room.told = np.repeat(
        np.where(rows > 20, 1.5 * FOCAL / np.maximum(rows, 20), 40)[:, None], WIDE, 1
    ).astype(np.float32)
    image = scene()
    near, far = (Region(image, (300, v - 3, 340, v + 3), "x") for v in (HIGH // 2 + 200, 340))
    want = 1.5 * FOCAL / 100 - 1.5 * FOCAL / 200
    assert apart(room, near, far).value == pytest.approx(want, rel=0.01)


def test_a_mask_says_where_a_thing_is(room: Any) -> None:
    """A ring of 2 m around a hole in which the wall shows: its box's middle is the wall."""
    Room.told = np.full((HIGH, WIDE), 8, np.float32)
    ring = np.zeros((HIGH, WIDE), np.bool_)
    ring[100:200, 100:200] = True
    ring[120:180, 120:180] = False
    Room.told[ring] = 2
    image = scene()
    box = Region(image, (100, 100, 200, 200), "ring")
    masked = Region(image, (100, 100, 200, 200), "ring", mask=ring)
    wall = Region(image, (400, 100, 500, 200), "wall")
    hole = np.linalg.norm([300 * 8 / FOCAL, 0])
    assert apart(room, box, wall).value == pytest.approx(hole, rel=0.01)
    at = np.array([(150 - 320) * 2, (150 - 240) * 2, 2 * FOCAL]) / FOCAL
    want = np.linalg.norm(at - np.array([(450 - 320) * 8, (150 - 240) * 8, 8 * FOCAL]) / FOCAL)
    assert apart(room, masked, wall).value == pytest.approx(want, rel=0.01)
    (found,) = room.run("in_front_of", [{"regions": [box, masked], "anchor": wall}])
    assert found.value == [masked]


def test_what_shows_behind_a_thing_does_not_draw_it_away(room: Any) -> None:
    rng = np.random.default_rng(0)
    Room.told = rng.normal(3, 0.01, (HIGH, WIDE)).astype(np.float32)
    Room.told[rng.random((HIGH, WIDE)) < 0.3] = 15
    image = scene()
    a, b = Region(image, (40, 200, 140, 300), "a"), Region(image, (440, 200, 540, 300), "b")
    told = apart(room, a, b)
    assert told.value == pytest.approx(400 * 3 / FOCAL, rel=0.02)
    assert told.notices and told.notices[0].startswith("uncertain: the depths within 'a' and 'b'")


def test_a_camera_that_is_not_known_is_assumed_and_told_of(room: Any) -> None:
    image = scene(0.0)
    a, b = Region(image, (80, 200, 120, 280), "a"), Region(image, (500, 200, 540, 280), "b")
    told = apart(room, a, b)
    assert told.value == pytest.approx(420 * 5 / focal_of(WIDE, 60), rel=0.001)
    assert told.notices == ("camera unknown: assumed a field of view of 60 degrees",)
    tall = Camera.of(noise(60, 80))
    assert tall.focal == pytest.approx(focal_of(80, 60))  # turned, it is the same camera


def test_the_focal_length_of_a_file_counts(room: Any) -> None:
    file = io.BytesIO()
    exif = pil.Exif()
    exif[0x8769] = {0xA405: 35}
    pil.new("RGB", (WIDE, HIGH)).save(file, "JPEG", exif=exif)
    image = load(file.getvalue())
    a, b = Region(image, (80, 200, 120, 280), "a"), Region(image, (500, 200, 540, 280), "b")
    told = apart(room, a, b)
    assert told.value == pytest.approx(420 * 5 / (35 / 43.2666 * 800), rel=0.001)
    assert told.notices == ()
    assert load(taken(FocalLengthIn35mmFilm=35)).focal == pytest.approx(35 / 43.2666 * 80)


def test_a_part_of_a_picture_keeps_its_geometry(room: Any) -> None:
    """Of what a picture shows at its right, the axis is outside: the points must not move."""
    depth = np.full((HIGH, WIDE), 4, np.float32)
    depth[:, 500:] = 8
    Room.told = depth
    image = scene()
    a, b = Region(image, (440, 200, 480, 240), "a"), Region(image, (560, 300, 600, 340), "b")
    whole = apart(room, a, b).value
    part = picture.part(image, (400, 100, WIDE, HIGH))
    Room.told = depth[100:, 400:]
    moved = [
        Region(part, (r.left - 400, r.top - 100, r.right - 400, r.bottom - 100), r.label)
        for r in (a, b)
    ]
    told = apart(room, *moved)
    assert told.value == pytest.approx(whole, rel=1e-6)
    assert told.notices[0].startswith("measured in a part of a picture")


def test_near_far_in_front_behind(room: Any, relative: Any) -> None:
    columns = np.linspace(1, 9, WIDE, dtype=np.float32)
    Room.told = np.repeat(columns[None], HIGH, 0)
    image = scene()
    things = [
        Region(image, (x, 200, x + 20, 220), name)
        for name, x in (("c", 300), ("a", 20), ("d", 500), ("b", 100))
    ]
    c, a, d, b = things
    assert value(room.run("nearest", [{"regions": things}])[0]) == a
    assert value(room.run("farthest", [{"regions": things}])[0]) == d
    anchored = {"regions": things, "anchor": c}
    front, back = room.run("in_front_of", [anchored])[0], room.run("behind", [anchored])[0]
    assert (front.value, back.value) == ([a, b], [d])
    assert front.notices == ()
    beside = Region(image, (300, 100, 320, 120), "beside")
    told = room.run("behind", [{"regions": [beside, d], "anchor": c}])[0]
    assert told.value == [d] and told.notices[0].startswith("some are about equally far")


def test_a_relative_model_tells_near_and_far_too(
    relative: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its numbers are larger for what is nearer: here to the right."""
    Passes(
        monkeypatch, ANYTHING, lambda x: torch.linspace(0.1, 9, x.shape[3]).expand(1, *x.shape[2:])
    )
    image = noise(80, 60)
    left, right = Region(image, (4, 20, 12, 30), "left"), Region(image, (60, 20, 72, 30), "right")
    assert value(relative.run("nearest", [{"regions": [left, right]}])[0]) == right
    assert value(relative.run("farthest", [{"regions": [left, right]}])[0]) == left
    assert value(relative.run("behind", [{"regions": [left], "anchor": right}])[0]) == [left]
    map_of = value(relative.run("depth", [{"image": image}])[0])
    assert measure.depth_at(left, map_of) > measure.depth_at(right, map_of)


def test_nothing_to_choose_from_needs_no_pass(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Room, "predict", None)
    anchor = Region(scene(), (0, 0, 9, 9), "a")
    near, far = (room.run(tool, [{"regions": []}])[0].value for tool in ("nearest", "farthest"))
    assert isinstance(near, Unknown) and isinstance(far, Unknown)
    for tool in ("in_front_of", "behind"):
        assert value(room.run(tool, [{"regions": [], "anchor": anchor}])[0]) == []


def test_things_of_two_pictures_do_not_compare(room: Any) -> None:
    a, b = Region(scene(), (0, 0, 9, 9), "a"), Region(scene(name="other"), (0, 0, 9, 9), "b")
    bad: list[tuple[str, dict[str, Any]]] = [
        ("distance", {"a": a, "b": b}),
        ("nearest", {"regions": [a, b]}),
        ("behind", {"regions": [a], "anchor": b}),
    ]
    for tool, call in bad:
        good = {"a": a, "b": a} if tool == "distance" else {**call, "regions": [a], "anchor": a}
        if tool == "nearest":
            del good["anchor"]
        first, second = room.run(tool, [call, good])
        assert isinstance(first, ToolError) and "different pictures" in str(first)
        assert isinstance(second, Output)


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (639.5, 479.5, 640, 480), (-9, -9, 900, 900)])
def test_boxes_at_the_edge_and_of_no_size_are_seen(room: Any, box: Any) -> None:
    image = scene()
    told = apart(room, Region(image, box, "a"), Region(image, (300, 200, 340, 280), "b"))
    assert np.isfinite(told.value)  # type: ignore[arg-type]
    empty = Region(image, (10, 10, 30, 30), "a", mask=np.zeros((HIGH, WIDE), np.bool_))
    assert np.isfinite(apart(room, empty, Region(image, box, "b")).value)  # type: ignore[arg-type]


def test_what_lies_beyond_the_model_s_limit_is_told_of(room: Any) -> None:
    Room.told = np.full((HIGH, WIDE), 19.9, np.float32)
    image = scene()
    told = apart(room, Region(image, (0, 0, 9, 9), "a"), Region(image, (300, 0, 310, 9), "b"))
    assert told.notices == ("the model tells no depth beyond 20 m: it may be more",)


# -- in programs


class Finder(Backend):
    """Finds one thing on either side."""

    name = "finder"
    serves = ("detect",)
    model = Model("finder of the tests", "Apache-2.0", kind="rules")

    def detect(self, image: Image, name: str) -> list[Region]:
        left = {"cat": 80, "dog": 500}[name]
        return [Region(image, (left, 200, left + 40, 280), name)]


def test_a_program_measures_metres_and_order(room: Any) -> None:
    Room.told = np.repeat(np.linspace(4, 6, WIDE, dtype=np.float32)[None], HIGH, 0)
    specs = [
        one.__visprog_tool__
        for module in (find, choice, measure)
        for one in vars(module).values()
        if hasattr(one, "__visprog_tool__")
    ]
    serving = {tool: room for tool in Room.serves}
    agent = Agent(tools=Toolset(specs, {**serving, "detect": Finder({})}))
    program = (
        'cat = largest(detect(image, "cat"))\ndog = largest(detect(image, "dog"))\n'
        "things = [dog, cat]\nfirst = nearest(things)\n"
        "return f'{first.label} {round(distance(cat, dog), 1)} {count(behind(things, cat))}'"
    )
    answer = agent.run(program, scene())
    assert answer.status == "answered", answer.reason
    z = [4 + 2 * x / (WIDE - 1) for x in (99.5, 519.5)]
    x = [(u - WIDE / 2) * depth / FOCAL for u, depth in zip((100, 520), z, strict=True)]
    assert answer.text == f"cat {round(float(np.hypot(x[1] - x[0], z[1] - z[0])), 1)} 1"
    used = {step.tool: step.model.id for step in answer.trace.steps}
    assert used["distance"] == "depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf"
