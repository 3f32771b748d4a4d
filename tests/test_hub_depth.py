"""Depth models: sizes, places, passes, and what their numbers mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.depth_models import ANYTHING, PRO, Passes, made, make_all, maps, noise, ready, value
from visprog.errors import SettingsError, ToolError, WeightsError
from visprog.tool import Output
from visprog.values import Depth, Image, Region
from visprog_tools.hub import depth as depths
from visprog_tools.hub import depth_pro as pro
from visprog_tools.hub.camera import Camera
from visprog_tools.hub.depth import DepthBackend, farness
from visprog_tools.hub.entries import MODELS


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


@pytest.fixture
def indoor(folders: Mapping[str, Path]) -> Any:
    return ready(depths.DepthAnythingIndoor, folders["metric"])


@pytest.fixture
def deep(folders: Mapping[str, Path]) -> Any:
    return ready(pro.DepthPro, folders["pro"])


# -- maps

SIZES = ((120, 90), (90, 120), (57, 31), (400, 30), (1, 1), (1000, 3), (3, 1000), (2, 5))


@pytest.mark.parametrize("kind", ["relative", "indoor", "deep"])
def test_a_map_has_the_size_of_its_picture(kind: str, request: pytest.FixtureRequest) -> None:
    backend = request.getfixturevalue(kind)
    for place, (width, height) in enumerate(SIZES):
        image = noise(width, height, place)
        depth = value(backend.run("depth", [{"image": image}])[0])
        assert isinstance(depth, Depth) and depth.depth.shape == (height, width)
        assert depth.unit == backend.unit and not depth.heuristic
        assert (depth.depth > 0).all()


@pytest.mark.parametrize("kind", ["relative", "indoor", "deep"])
def test_a_batch_is_what_its_calls_are_alone(kind: str, request: pytest.FixtureRequest) -> None:
    backend = request.getfixturevalue(kind)
    images = [noise(w, h, n) for n, (w, h) in enumerate([(80, 60), (60, 80), (90, 60), (80, 60)])]
    together = maps(backend, *images, images[0])
    for image, found in zip([*images, images[0]], together, strict=True):
        (alone,) = maps(type(backend)(backend.options), image)
        np.testing.assert_allclose(1 / found, 1 / alone, rtol=1e-4, atol=1e-4)


def test_equal_pictures_and_later_calls_share_one_pass(
    indoor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = Passes(monkeypatch, ANYTHING, lambda x: x[:, 0] + 5)
    images = [noise(80, 60), noise(80, 60), noise(80, 60, 1), noise(60, 80, 2), noise(160, 120, 3)]
    maps(indoor, *images)
    assert sorted(passes.sizes) == [(1, 3, 70, 56), (3, 3, 56, 70)]
    region = Region(images[0], (10, 10, 30, 30), "a")
    indoor.run("nearest", [{"regions": [region]}] * 3)
    indoor.run("distance", [{"a": region, "b": region}])
    indoor.run("behind", [{"regions": [region], "anchor": region}])
    assert len(passes.sizes) == 2


@pytest.mark.parametrize("size", [(120, 90), (90, 120), (200, 56), (56, 56), (31, 57), (300, 290)])
def test_the_network_sees_the_size_that_its_processor_makes(
    relative: Any, size: tuple[int, int]
) -> None:
    image = noise(*size)
    inputs = relative._processor(image.pixels, return_tensors="pt")["pixel_values"]
    assert relative.input_size(image) == tuple(inputs.shape[2:])
    with pytest.MonkeyPatch.context() as patch:
        passes = Passes(patch, ANYTHING, lambda x: x[:, 2])
        maps(relative, image)
    np.testing.assert_array_equal(passes.inputs, inputs)


def test_a_very_long_picture_is_shrunk(relative: Any) -> None:
    height, width = relative.input_size(noise(4000, 60))
    assert height * width <= 4.2 * 56 * 56 and height >= 14


@pytest.mark.parametrize("size", [(120, 90), (90, 120), (61, 47), (400, 300)])
def test_a_map_does_not_shift(
    indoor: Any, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ramp(inputs: Any) -> Any:
        _, _, height, width = inputs.shape
        down = (torch.arange(height) + 0.5) / height
        across = (torch.arange(width) + 0.5) / width
        return (1 + down[:, None] * 4 + across)[None]

    Passes(monkeypatch, ANYTHING, ramp)
    width, height = size
    (found,) = maps(indoor, noise(width, height))
    down, across = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    want = 1 + down[:, None] * 4 + across
    top, left = height // 4, width // 4
    np.testing.assert_allclose(found[top:-top, left:-left], want[top:-top, left:-left], atol=1e-4)
    step = max(4 / height, 1 / width) * max(1, max(size) / 112)  # a pixel, here or there
    np.testing.assert_allclose(found, want, atol=step)


@pytest.mark.parametrize("size", [(120, 90), (90, 120), (400, 300), (57, 41)])
def test_what_is_in_a_picture_is_at_its_place_in_the_map(
    indoor: Any, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    Passes(monkeypatch, ANYTHING, lambda x: (x[:, 1] > 0).float() + 1)
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    box = width // 4, height // 3, width // 4 + width // 3, height // 3 + height // 2
    pixels[box[1] : box[3], box[0] : box[2]] = 255
    (found,) = maps(indoor, Image(pixels, "square"))
    rows, columns = np.nonzero(found > 1.5)
    slack = max(1.0, max(size) / 56)  # a pixel of the network is so many of the picture
    places = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    assert places == pytest.approx(box, abs=slack)
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(
        ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), abs=slack / 2
    )


def test_what_is_no_number_is_an_error_of_its_picture(
    relative: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(inputs: Any) -> Any:
        depth = inputs[:, 0].clone()
        depth[inputs.mean((1, 2, 3)) > 1.5, 0, 0] = torch.nan
        return depth

    Passes(monkeypatch, ANYTHING, odd)
    white = Image(np.full((60, 80, 3), 255, np.uint8), "white")
    first, second = relative.run("depth", [{"image": noise(80, 60)}, {"image": white}])
    assert isinstance(first, Output)
    assert isinstance(second, ToolError)
    assert str(second) == "depth: depth-anything-v2-small gave depths that are no numbers"
    region = Region(white, (1, 1, 5, 5), "a")
    (third,) = relative.run("nearest", [{"regions": [region]}])
    assert "no numbers" in str(third)


def test_in_half_precision_it_is_nearly_the_same(folders: Mapping[str, Path]) -> None:
    image = noise(80, 60)
    (half,) = maps(made(depths.DepthAnythingIndoor, folders["metric"], dtype="bfloat16"), image)
    (full,) = maps(made(depths.DepthAnythingIndoor, folders["metric"]), image)
    np.testing.assert_allclose(half, full, rtol=0.05)
    assert half.dtype == np.float32


def test_relative_depth_keeps_the_order_and_the_ratios() -> None:
    told = np.array([[4.0, 2.0, 1.0, 0.1, 0.03, 0.02, 0.001, 0.0]], np.float32)
    found = farness(told)
    assert found.dtype == np.float32
    assert found[0, :4].tolist() == pytest.approx([1, 2, 4, 40])
    assert (np.diff(found[0]) > 0).all() and found[0, -1] == pytest.approx(200)
    scaled = farness(told * 1000)
    np.testing.assert_allclose(scaled, found, rtol=1e-5)
    assert (farness(np.zeros((2, 2), np.float32)) == 1).all()
    around = farness(np.linspace(0, 1, 10_001, dtype=np.float32)[None])
    assert (np.diff(around[0]) < 0).all() and np.abs(np.diff(around[0])).max() < 1.01


def test_relative_depth_says_what_its_ratios_are(relative: Any) -> None:
    (told,) = relative.run("depth", [{"image": noise(80, 60)}])
    assert "the order is measured, ratios are approximate" in told.notices[0]
    assert "distance" not in relative.serves


def test_weights_of_the_other_kind_are_refused(folders: Mapping[str, Path]) -> None:
    with pytest.raises(WeightsError, match="weights of metric depth: not for"):
        made(depths.DepthAnythingSmall, folders["metric"]).ready()
    with pytest.raises(WeightsError, match="weights of relative depth: not for"):
        made(depths.DepthAnythingOutdoor, folders["relative"]).ready()
    with pytest.raises(WeightsError, match=r"no settings of a processor|has weights of"):
        made(pro.DepthPro, folders["relative"]).ready()


@pytest.mark.parametrize(
    "kind", [depths.DepthAnythingBase, depths.DepthAnythingLarge, pro.DepthPro]
)
def test_some_are_not_for_commercial_use(kind: type[DepthBackend]) -> None:
    with pytest.raises(SettingsError, match="not for commercial use"):
        kind({"device": "cpu"}).ready()


def test_backends_are_named_as_their_weights() -> None:
    for module in (depths, pro):
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, DepthBackend) and "name" in vars(kind):
                assert kind.name == kind.weights == MODELS[kind.weights].name
                assert ("distance" in kind.serves) == (kind.unit == "metres")


# -- Depth Pro


def test_depth_pro_is_what_its_processor_would_make(deep: Any) -> None:
    image = noise(90, 60)
    (found,) = maps(deep, image)
    module = deep.make(deep.found).eval()
    even = torch.from_numpy(image.pixels.copy()).permute(2, 0, 1)[None] / 255 * 2 - 1
    square = torch.nn.functional.interpolate(even, (128, 128), mode="bilinear")
    with torch.inference_mode():
        told = module(square)
    field = float(told.field_of_view[0])  # a network of chance need not give one to believe
    focal = Camera.of(image, field).focal
    inverse = told.predicted_depth * image.width / focal
    inverse = torch.nn.functional.interpolate(inverse[None], (60, 90), mode="bilinear")[0, 0]
    np.testing.assert_allclose(1 / found, inverse.clamp(1e-4, 1e4).numpy(), rtol=1e-4, atol=1e-4)


def test_the_field_of_view_scales_depth_pro_and_exif_goes_before(
    deep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = Passes(monkeypatch, PRO, lambda x: torch.full((len(x), 8, 8), 0.5))
    passes.field = torch.tensor([90.0])  # the focal length is half of the width
    (seen,) = maps(deep, noise(80, 60))
    np.testing.assert_allclose(seen, 40 / (0.5 * 80), rtol=1e-5)
    (known,) = maps(deep, noise(80, 60, focal=160.0))
    np.testing.assert_allclose(known, 160 / (0.5 * 80), rtol=1e-5)
    passes.field = torch.tensor([torch.nan])
    (result,) = deep.run("depth", [{"image": noise(80, 60, 5)}])
    assert "no numbers" in str(result)


def test_without_a_field_of_view_it_assumes_one_and_says_so(folders: Mapping[str, Path]) -> None:
    backend = ready(pro.DepthPro, folders["no fov"])
    (result,) = backend.run("depth", [{"image": noise(80, 60)}])
    assert result.notices == ("camera unknown: assumed a field of view of 60 degrees",)
    (result,) = backend.run("depth", [{"image": noise(80, 60, focal=70.0)}])
    assert result.notices == ()
