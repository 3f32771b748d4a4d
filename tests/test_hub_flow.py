"""RAFT: networks whose answer is known, and torchvision's own ones of chance."""

from __future__ import annotations

import hashlib
import importlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import visprog_tools
from tests.moving import clip
from visprog import Agent
from visprog.errors import ToolError, WeightsError
from visprog.tool import Backend, Catalogue, Model, Output, Toolset
from visprog.values import Flow, Image, Region, Video
from visprog_tools import video
from visprog_tools.hub import flow as raft
from visprog_tools.hub.checkpoints import TorchvisionFile
from visprog_tools.hub.entries import MODELS
from visprog_tools.hub.flow import Canvas, Raft, RaftLarge, RaftSmall
from visprog_tools.hub.vision_operators import declare_operators
from visprog_tools.moments import Decoder
from visprog_tools.optical_flow import flows as dis_flows
from visprog_tools.tracking import FlowTracker

COMMAND = r"raft-small wants torchvision.*pip install 'visprog\[models\]'"
SIZES = [(1, 1), (3, 1000), (1000, 3), (37, 53), (128, 128), (129, 127), (200, 136), (320, 240)]


def noise(width: int, height: int, seed: int = 0) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image(pixels, f"noise {seed}")


def places(width: int, height: int) -> Image:
    """A picture whose red is x and whose green is y, modulo 256."""
    ys, xs = np.mgrid[:height, :width]
    return Image(np.stack([xs % 256, ys % 256, 0 * xs], 2).astype(np.uint8))


def asked(*pairs: tuple[Image, Image]) -> list[dict[str, Any]]:
    return [{"frame": frame, "next": after} for frame, after in pairs]


def uv(result: Any) -> Any:
    assert isinstance(result, Output) and isinstance(result.value, Flow), result
    return result.value.uv


class Network(torch.nn.Module):  # type: ignore[misc]
    """Gives what a function makes of the frames, which it counts."""

    def __init__(self, answer: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.answer = answer
        self.seen: list[tuple[int, ...]] = []

    def forward(self, ones: Any, others: Any, num_flow_updates: int) -> list[Any]:
        assert num_flow_updates == Raft.updates and ones.shape == others.shape
        self.seen.append(tuple(ones.shape))
        return [torch.zeros(1), self.answer(ones, others)]


def colours(ones: Any, others: Any) -> Any:
    """The flow of a pixel is what its red and green say."""
    return (ones[:, :2] + 1) * 127.5


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """A backend whose network gives a known answer."""

    def make(answer: Callable[[Any, Any], Any], **options: str) -> tuple[Raft, Network]:
        file, network = tmp_path / "raft.pth", Network(answer)
        file.write_bytes(str(tmp_path).encode())
        monkeypatch.setattr(Raft, "prepare", lambda self, found: None)
        monkeypatch.setattr(Raft, "make", lambda self, found: network)
        backend = RaftSmall({"weights.raft-small": str(file), "device": "cpu", **options})
        backend.ready()
        return backend, network

    return make


# -- geometry


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_flow_of_a_pixel_is_its_own(width: int, height: int, known: Any) -> None:
    backend, network = known(colours)
    image = places(width, height)
    (found,) = backend.run("flow", asked((image, noise(width, height))))
    assert isinstance(found, Output), found
    assert found.notices == () and isinstance(found.value, Flow) and found.value.image is image
    assert uv(found).shape == (height, width, 2) and uv(found).dtype == np.float32
    np.testing.assert_allclose(uv(found), image.pixels[:, :, :2], atol=1e-3)
    ((_, _, high, wide),) = network.seen
    assert wide % 8 == 0 and high % 8 == 0 and min(wide, high) >= 128
    assert 0 <= wide - max(width, 128) < 8 and 0 <= high - max(height, 128) < 8


def test_a_frame_lies_in_the_middle_and_its_edges_go_on() -> None:
    canvas = Canvas.of(130, 100)
    assert canvas.whole == (136, 128) and canvas.margins == (3, 14)
    put = canvas.put(torch.tensor(places(130, 100).pixels).permute(2, 0, 1)[None])
    told = (put + 1) * 127.5
    assert put.shape == (1, 3, 128, 136) and (told[0, 0, 20, :4] == 0).all()
    assert (told[0, 0, 20, -4:] == 129).all() and (told[0, 1, -15:, 5] == 99).all()


@pytest.mark.parametrize(("width", "height"), [(2000, 1500), (1500, 2000), (40_000, 2)])
def test_a_large_frame_is_made_smaller_and_that_is_told(
    width: int, height: int, known: Any
) -> None:
    def steady(ones: Any, others: Any) -> Any:
        return torch.tensor([3.0, -2.0])[:, None, None].expand(1, 2, *ones.shape[2:])

    backend, network = known(steady)
    image = Image(np.zeros((height, width, 3), np.uint8))
    (found,) = backend.run("flow", asked((image, image)))
    canvas = Canvas.of(width, height)
    wide, high = canvas.scaled
    assert found.notices == (
        f"raft-small measured the flow of frames made smaller: {wide} x {high}",
    )
    assert uv(found).shape == (height, width, 2)
    np.testing.assert_allclose(uv(found)[..., 0], 3 * width / wide, rtol=1e-5)
    np.testing.assert_allclose(uv(found)[..., 1], -2 * height / high, rtol=1e-5)
    assert network.seen[0][2] * network.seen[0][3] <= 1.05 * raft.MOST


def test_a_made_smaller_frame_keeps_its_places(known: Any) -> None:
    backend, _ = known(colours)
    ys, xs = np.mgrid[:1200, :2400]
    pixels = np.stack([xs // 10, ys // 5, 0 * xs], 2).astype(np.uint8)
    (found,) = backend.run("flow", asked((Image(pixels), Image(pixels))))
    wide, high = Canvas.of(2400, 1200).scaled
    want = pixels[:, :, :2] * np.array([2400 / wide, 1200 / high])
    assert np.abs(uv(found) - want)[5:-5, 15:-15].max() < 2.5  # steps of 1, times the scale


def test_both_ways_are_told_apart(known: Any) -> None:
    backend, _ = known(lambda ones, others: (others - ones)[:, :2])
    dark, light = (Image(np.full((140, 150, 3), level, np.uint8)) for level in (0, 255))
    on, back = backend.run("flow", asked((dark, light), (light, dark)))
    assert (uv(on) == 2).all() and (uv(back) == -2).all()


# -- batches and errors


def test_frames_of_one_size_go_through_together_and_come_back_in_order(known: Any) -> None:
    backend, network = known(colours)
    images = [places(140, 130), places(200, 150), noise(140, 130, 1), noise(140, 130, 2)]
    found = backend.run("flow", asked(*((image, image) for image in images)))
    for image, one in zip(images, found, strict=True):
        np.testing.assert_allclose(uv(one), image.pixels[:, :, :2], atol=1e-3)
    assert sorted(shape[0] for shape in network.seen) == [1, 3]
    assert backend.run("flow", []) == []


def test_large_frames_go_through_one_after_another(known: Any) -> None:
    backend, network = known(colours)
    image = Image(np.zeros((1024, 1024, 3), np.uint8))
    backend.run("flow", asked((image, image), (image, image)))
    assert [shape[0] for shape in network.seen] == [1, 1]


def test_frames_of_two_sizes_are_an_error_of_their_call_only(known: Any) -> None:
    backend, _ = known(colours)
    good = noise(140, 130)
    bad, fine = backend.run("flow", asked((good, noise(130, 140)), (good, good)))
    assert isinstance(bad, ToolError) and isinstance(fine, Output)
    assert str(bad) == "flow: want two frames of one size, got 140x130 and 130x140"


def test_numbers_that_are_none_never_leave(known: Any) -> None:
    def broken(ones: Any, others: Any) -> Any:
        made = colours(ones, others)
        made[1] = float("nan")
        return made

    backend, _ = known(broken)
    image = noise(140, 130)
    fine, bad = backend.run("flow", asked((image, image), (image, image)))
    assert isinstance(fine, Output) and isinstance(bad, ToolError)
    assert str(bad) == "flow: raft-small gave a flow that is no numbers"


def test_it_is_float32_whatever_is_asked(known: Any) -> None:
    backend, _ = known(colours, dtype="bfloat16")
    assert backend.model.dtype == "float32" and backend.model.licence == "BSD-3-Clause"
    (found,) = backend.run("flow", asked((places(300, 140), noise(300, 140))))
    np.testing.assert_allclose(uv(found)[..., 0], places(300, 140).pixels[..., 0], atol=1e-3)


def test_a_program_asks_which_way_a_thing_moves(known: Any) -> None:
    backend, _ = known(
        lambda ones, others: torch.tensor([0.0, 4.0])[:, None, None].expand(1, 2, *ones.shape[2:])
    )
    specs = tuple(Catalogue.of(visprog_tools).tools.values())
    serving = {"flow": backend, "track": backend, "frames": Decoder({}), "detect": Finder({})}
    film = Video((noise(150, 140), noise(150, 140, 1)), 25.0)
    program = """
pair = frames(video, 2)
return motion(detect(pair[0], "cup")[0], flow(pair[0], pair[1]))
"""
    with Agent(tools=Toolset(specs, serving)) as agent:
        answer = agent.run(program, film)
    assert answer.value == "down", answer.reason
    assert MODELS["raft-small"].id in str(answer.trace.to_json())


class Finder(Backend):
    """Finds everything in the middle."""

    name = "finder"
    serves = ("detect",)
    model = Model("finder", "MIT")

    def detect(self, image: Image, name: str) -> list[Region]:
        return [Region(image, (40, 40, 90, 90), name)]


# -- a thing followed


def opencv(ones: Any, others: Any) -> Any:
    """What OpenCV measures of the same frames."""
    made = []
    for pair in zip(ones, others, strict=True):
        one, other = (
            ((frame + 1) * 127.5).round().byte().permute(1, 2, 0).contiguous().numpy()
            for frame in pair
        )
        made.append(torch.tensor(dis_flows(one, other)[0]).permute(2, 0, 1))
    return torch.stack(made)


def overlap(one: Region, other: Region) -> float:
    left, top = max(one.left, other.left), max(one.top, other.top)
    right, bottom = min(one.right, other.right), min(one.bottom, other.bottom)
    both = max(0.0, right - left) * max(0.0, bottom - top)
    return both / (one.area + other.area - both)


@pytest.mark.parametrize("masked", [False, True])
def test_a_thing_is_followed_as_by_the_other_flow(masked: bool, known: Any) -> None:
    backend, network = known(opencv)
    pictures, box = clip(0, 4.0, count=5)
    film = Video(tuple(map(Image, pictures)), 25.0)
    start = film.frames[2]
    box = box[0] + 8, box[1], box[2] + 8, box[3]
    mask = np.zeros((240, 320), bool)
    mask[round(box[1]) : round(box[3]), round(box[0]) : round(box[2])] = True
    thing = Region(start, box, "disc", mask=mask if masked else None)
    (found,) = backend.run("track", [{"video": film, "region": thing}])
    want: Any = FlowTracker({}).track(film, thing).value
    assert isinstance(found, Output) and isinstance(found.value, list)
    assert len(found.value) == len(want) == 5
    for ours, theirs in zip(found.value, want, strict=True):
        assert ours.image is theirs.image and (ours.mask is None) is not masked
        assert overlap(ours, theirs) > 0.9
    assert video.direction(found.value) == "right"
    assert {shape[0] for shape in network.seen} == {2}  # both ways at once


def test_a_thing_of_another_picture_is_an_error_of_its_call_only(known: Any) -> None:
    backend, _ = known(colours)
    film = Video((noise(140, 130),), 25.0)
    good, bad = (Region(image, (1, 1, 9, 9), "cup") for image in (film.frames[0], noise(9, 9)))
    found = backend.run("track", [{"video": film, "region": one} for one in (good, bad)])
    assert found[0] == Output([good])
    assert isinstance(found[1], ToolError) and "no frame of this video" in str(found[1])


def test_a_flow_of_no_numbers_ends_a_track_with_an_error(known: Any) -> None:
    backend, _ = known(lambda ones, others: colours(ones, others) * float("nan"))
    pictures, box = clip(0, 4.0, count=3)
    film = Video(tuple(map(Image, pictures)), 25.0)
    call = {"video": film, "region": Region(film.frames[0], box, "disc")}
    (found,) = backend.run("track", [call])
    assert str(found) == "track: raft-small gave a flow that is no numbers"


# -- files


def file_of(path: Path, name: str = "raft-small") -> Any:
    return MODELS[name].find({f"weights.{name}": str(path)})


def test_a_file_that_names_its_hash_is_held_to_it(tmp_path: Path) -> None:
    content = b"weights"
    digest = hashlib.sha256(content).hexdigest()
    plain, right, wrong = (
        tmp_path / f"raft{end}.pth" for end in ("", f"-{digest[:8]}", "-01064c6d")
    )
    for file in (plain, right, wrong):
        file.write_bytes(content)
    assert file_of(plain).revision.startswith("local ") and file_of(right).folder == right
    with pytest.raises(WeightsError, match=f"is damaged: it has sha256 {digest}; fetch it again"):
        file_of(wrong)


def test_absent_weights_are_named_with_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    help_ = r"visprog models pull raft-large, or name its file raft_large.*--weights raft-large="
    with pytest.raises(WeightsError, match=help_):
        RaftLarge({"device": "cpu"}).ready()
    with pytest.raises(WeightsError, match="no file"):
        file_of(tmp_path / "none.pth")


def test_what_torchvision_has_fetched_is_found_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = MODELS["raft-small"]
    assert isinstance(model, TorchvisionFile)
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = Path(torch.hub.get_dir()) / "checkpoints" / model.file
    assert str(file).startswith(str(tmp_path))
    with pytest.raises(WeightsError, match="not here"):
        model.where()
    file.parent.mkdir(parents=True)
    file.write_bytes(b"other")
    assert model.where() == file
    for act in (model.verify, lambda: model.find({})):
        with pytest.raises(WeightsError, match="is damaged"):
            act()


def test_without_torchvision_it_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "raft.pth"
    torch.save({}, file)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(WeightsError, match=COMMAND):
        RaftSmall({"weights.raft-small": str(file), "device": "cpu"}).ready()


def test_fetching_without_torchvision_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visprog_tools.hub.checkpoints.find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=COMMAND):
        MODELS["raft-small"].pull()


# -- torchvision's own networks


@pytest.fixture(scope="module")
def networks() -> Any:
    """torchvision.models.optical_flow."""
    declare_operators()
    return importlib.import_module("torchvision.models.optical_flow")


@pytest.fixture(scope="module")
def files(networks: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of each network, weights of chance."""
    folder, made = tmp_path_factory.mktemp("raft"), {}
    for kind in (RaftSmall, RaftLarge):
        torch.manual_seed(0)
        made[kind.name] = folder / f"{kind.name}.pth"
        torch.save(getattr(networks, kind.network)().state_dict(), made[kind.name])
    return made


def of_chance(kind: type[Raft], files: dict[str, Path]) -> Raft:
    made = kind({f"weights.{kind.name}": str(files[kind.name]), "device": "cpu"})
    made.ready()
    return made


@pytest.mark.parametrize("kind", [RaftSmall, RaftLarge])
def test_a_flow_is_that_of_torchvision(kind: Any, files: Any, networks: Any) -> None:
    backend = of_chance(kind, files)
    one, other = noise(144, 128), noise(144, 128, 1)
    (found,) = backend.run("flow", asked((one, other)))
    network = getattr(networks, kind.network)().eval()
    network.load_state_dict(torch.load(files[kind.name], weights_only=True))
    entry = MODELS[kind.name]
    assert isinstance(entry, TorchvisionFile)
    weights = importlib.import_module("torchvision.models").get_weight(entry.weights)
    frames = (torch.tensor(image.pixels).permute(2, 0, 1)[None] for image in (one, other))
    with torch.inference_mode():
        want = network(*weights.transforms()(*frames))[-1][0].permute(1, 2, 0).numpy()
    assert np.abs(want).max() > 0.1
    np.testing.assert_allclose(uv(found), want, atol=1e-3)
    assert weights.url.endswith("/" + entry.file)
    assert sum(one.numel() for one in network.parameters()) == weights.meta["num_params"]


def test_a_batch_is_what_its_calls_are_alone(files: Any) -> None:
    backend = of_chance(RaftSmall, files)
    pairs = [(noise(140, 120, n), noise(140, 120, n + 1)) for n in range(2)]
    pairs.append((noise(20, 150), noise(20, 150, 1)))
    together = backend.run("flow", asked(*pairs))
    for pair, one in zip(pairs, together, strict=True):
        (alone,) = backend.run("flow", asked(pair))
        np.testing.assert_allclose(uv(one), uv(alone), atol=1e-3)


def test_the_network_keeps_nothing_of_a_call(files: Any) -> None:
    backend = of_chance(RaftSmall, files)
    backend.run("flow", asked((noise(128, 128), noise(128, 128, 1))))
    with backend._module() as module:
        assert module.corr_block.corr_pyramid == []


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("trap",))


def test_other_files_do_not_load(
    files: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "raft.pth"
    contents: list[Any] = [
        b"",
        b"weights",
        pickle.dumps(Trap(), 2),
        files["raft-large"].read_bytes(),
    ]
    for content in (torch.zeros(3), [1], {"feature_encoder": "x"}):
        torch.save(content, file)
        contents.append(file.read_bytes())
    for content in contents:
        file.write_bytes(content)
        with pytest.raises(WeightsError, match="has no weights of raft_small"):
            of_chance(RaftSmall, {"raft-small": file})
    assert not (tmp_path / "trap").exists()


def test_a_file_is_fetched_by_torch_and_held_to_its_hash(
    networks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[Any] = []

    def download(url: str, to: str, hash_prefix: str | None = None, progress: bool = True) -> None:
        asked_for.append((url.rpartition("/")[2], hash_prefix))
        Path(to).write_bytes(b"other")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    with pytest.raises(WeightsError, match="is damaged"):
        MODELS["raft-small"].pull()
    assert asked_for == [("raft_small_C_T_V2-01064c6d.pth", "01064c6d")]

    def fails(*args: Any, **options: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", fails)
    with pytest.raises(WeightsError, match="raft-small was not fetched: no route to host"):
        MODELS["raft-small"].pull()


def test_beside_any_torch_transformers_can_be_imported() -> None:
    """In a new process, before anything else has declared what torchvision lacks."""
    code = (
        "from visprog_tools.hub.vision_operators import declare_operators\n"
        "declare_operators(); declare_operators()\n"
        "import transformers, torchvision\n"
        "print(transformers.DepthAnythingForDepthEstimation.__name__)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "DepthAnythingForDepthEstimation\n", run.stderr


def test_without_torchvision_nothing_is_declared() -> None:
    code = (
        "import sys\n"
        "sys.modules['torchvision'] = None\n"
        "from visprog_tools.hub import vision_operators as v\n"
        "v.declare_operators()\n"
        "print(v._DECLARED, 'torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "[] False\n", run.stderr
