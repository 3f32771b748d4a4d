"""Diffusion models that draw parts of pictures: tiny ones of chance, and one whose drawing is
known. What they do not mean to change stays as it is, to the bit."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

import visprog_tools
from tests.inpainters import GRAIN, SIDE, make_sd2, make_sdxl, set_config
from visprog import Agent
from visprog.errors import SettingsError, ToolError, WeightsError
from visprog.tool import Backend, Catalogue, Model, Output, Toolset
from visprog.values import Image, Region, Unknown
from visprog_tools.editing import mask_of
from visprog_tools.editor import Editor
from visprog_tools.hub.entries import MODELS
from visprog_tools.hub.inpainting import Inpainter, Sd2Inpainting, SdxlInpainting
from visprog_tools.hub.patches import NARROW, Patch, patches
from visprog_tools.hub.pipelines import PipelineModel

# Of diffusers' solvers, which give numpy a tensor of torch.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

NAMES = ("sd2-inpainting", "sdxl-inpainting")
KINDS: dict[str, type[Inpainter]] = {NAMES[0]: Sd2Inpainting, NAMES[1]: SdxlInpainting}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks as small as these run slower on many."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("pipelines")
    return {NAMES[0]: make_sd2(home / "sd2"), NAMES[1]: make_sdxl(home / "sdxl")}


@pytest.fixture(scope="module")
def made(folders: dict[str, Path]) -> Callable[..., Any]:
    """A backend, whose solver takes few steps."""

    def make(name: str = NAMES[0], folder: Path | None = None, **options: str) -> Any:
        kind = type("Quick", (KINDS[name],), {"steps": 3})
        where = str(folder or folders[name])
        told = {key.replace("__", "."): value for key, value in options.items()}
        backend = kind({f"weights.{name}": where, "device": "cpu", **told})
        backend.ready()
        return backend

    return make


def noise(width: int = 90, height: int = 70, seed: int = 0) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image(pixels, f"noise {seed}")


def cup(image: Image, *box: float, **more: Any) -> Region:
    left, top, right, bottom = box or (20, 20, 40, 35)
    return Region(image, (left, top, right, bottom), "cup", **more)


def replaced(backend: Any, *calls: tuple[Image, Any], text: str = "a dog") -> list[Any]:
    asked = [{"image": image, "regions": regions, "text": text} for image, regions in calls]
    return list(backend.run("replace", asked))


def removed(backend: Any, *calls: tuple[Image, Any]) -> list[Any]:
    asked = [{"image": image, "regions": regions} for image, regions in calls]
    return list(backend.run("remove", asked))


def pixels(result: Any) -> Any:
    assert isinstance(result, Output) and isinstance(result.value, Image), result
    return result.value.pixels


@st.composite
def scenes(draw: Any) -> tuple[Image, list[Region]]:
    """A picture, also a tiny one, with things, some of which have masks or reach beyond it."""
    width, height = draw(st.integers(1, 150)), draw(st.integers(1, 150))
    image = noise(width, height, draw(st.integers(0, 99)))
    regions = []
    for number in range(draw(st.integers(0, 3))):
        left, top = draw(st.floats(0, width - 1)), draw(st.floats(0, height - 1))
        right, bottom = draw(st.floats(left + 1, width)), draw(st.floats(top + 1, height))
        mask = None
        if draw(st.booleans()):
            share = draw(st.sampled_from([0.0, 0.001, 0.3, 1.0]))
            mask = np.random.default_rng(number).random((height, width)) < share
        regions.append(Region(image, (left, top, right, bottom), "thing", mask=mask))
    return image, regions


# -- where it draws


@given(scenes(), st.sampled_from([64, 512]))
@settings(deadline=None)
def test_windows_hold_their_things_and_do_not_overlap(scene: Any, side: int) -> None:
    image, regions = scene
    masks = [mask_of(image, [region]) for region in regions]
    found = patches(masks, side, GRAIN)
    seen = np.zeros((image.height, image.width), int)
    for patch in found:
        seen[patch.window] += 1
        wide, high = patch.size
        assert wide % GRAIN == 0 and high % GRAIN == 0 and max(wide, high) == side
        assert patch.picture(image.pixels).shape == (high, wide, 3)
    assert seen.max(initial=0) <= 1
    whole = mask_of(image, regions)
    assert (seen[whole] == 1).all()
    for patch in found:
        hole = patch.hole(whole, GRAIN)
        assert hole.shape == patch.size[::-1] and hole.any() == whole[patch.window].any()
        back = np.zeros((*whole.shape, 3), np.uint8)
        patch.put(np.where(hole, 255, 0)[..., None].repeat(3, 2).astype(np.uint8), whole, back)
        if max(whole[patch.window].shape) <= side:  # else some pixels share one of the network's
            assert (back[patch.window][whole[patch.window]] > 0).all()


def test_a_window_is_a_square_around_its_thing_with_what_is_around_it() -> None:
    mask = np.zeros((600, 900), bool)
    mask[200:300, 400:460] = True
    (patch,) = patches([mask], 512, GRAIN)
    assert patch == Patch((330, 150, 530, 350), (512, 512))
    corner = np.zeros((600, 900), bool)
    corner[:100, :100] = True
    (patch,) = patches([corner], 512, GRAIN)
    assert patch.box == (0, 0, 200, 200)
    (patch,) = patches([np.ones((30, 900), bool)], 512, GRAIN)
    assert patch == Patch((0, 0, 900, 30), (512, 64))
    dot = np.zeros((600, 900), bool)
    dot[300, 300] = True
    (patch,) = patches([dot], 512, GRAIN)
    assert patch.box[2] - patch.box[0] == NARROW and patch.hole(dot, GRAIN).sum() == 64


def test_things_near_each_other_share_a_window_and_others_have_their_own() -> None:
    masks = [np.zeros((400, 900), bool) for _ in range(3)]
    for mask, left in zip(masks, (100, 150, 700), strict=True):
        mask[200:240, left : left + 40] = True
    near, far = patches(masks, 512, GRAIN)
    assert near.box == (55, 130, 235, 310) and far.box == (680, 180, 760, 260)


class Known:
    """In place of the network: what it is given is kept, and holes become white."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seen: list[Any] = []

        def drawn(
            backend: Any, jobs: Sequence[Any], shown: Any, holes: Any, module: Any
        ) -> Iterator[Any]:
            self.seen.append((jobs, shown, holes))
            for picture, hole in zip(shown, holes, strict=True):
                yield np.where(hole[..., None], 255, picture).astype(np.uint8)

        patch.setattr(Inpainter, "drawn", drawn)


@pytest.mark.parametrize(("width", "height"), [(300, 200), (200, 300), (40, 30), (1, 1), (3, 1000)])
@pytest.mark.parametrize("masked", [False, True])
def test_what_is_drawn_comes_back_to_the_pixel(
    width: int, height: int, masked: bool, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Known(monkeypatch)
    image = Image(np.full((height, width, 3), 100, np.uint8), "grey")
    box = (width // 3, height // 3, width // 2 + 1, height // 2 + 1)
    mask = None
    if masked:
        mask = np.zeros((height, width), bool)
        mask[box[1] : box[3], box[0] : box[2]] = True
    (found,) = replaced(made(), (image, cup(image, *box, mask=mask)))
    want = np.full((height, width, 3), 100, np.uint8)
    want[box[1] : box[3], box[0] : box[2]] = 255
    differ = np.abs(pixels(found).astype(int) - want).max(axis=2)
    inside = (want == 255).all(axis=2)
    assert (differ[~inside] == 0).all()
    if max(width, height) < SIDE:  # the network has a pixel or more for each
        assert (differ[inside] == 0).all()
    assert pixels(found)[inside].mean() > 200
    ((jobs, _, _),) = known.seen
    assert jobs[0].text == "a dog" and jobs[0].avoided == ""


def test_a_thing_that_is_removed_is_avoided(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Known(monkeypatch)
    image = noise(900, 300)
    dog = Region(image, (800, 20, 830, 40), "dog")
    removed(made(), (image, [cup(image), dog, cup(image, 42, 20, 60, 35)]))
    jobs = [job for jobs, _, _ in known.seen for job in jobs]
    assert [job.avoided for job in jobs] == ["cup, dog"] * 2
    assert "empty background" in jobs[0].text


# -- what stays


@pytest.mark.parametrize("name", NAMES)
@given(scene=scenes(), word=st.sampled_from(["replace", "remove"]))
@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_all_outside_the_masks_stays_to_the_bit(
    name: str, made: Any, scene: Any, word: str
) -> None:
    image, regions = scene
    mask = mask_of(image, regions)
    backend = made(name)
    (found,) = (replaced if word == "replace" else removed)(backend, (image, regions))
    assert isinstance(found, Output), found
    if isinstance(found.value, Unknown):
        assert word == "remove" and mask.all()
        return
    assert pixels(found).shape == image.pixels.shape
    assert np.array_equal(pixels(found)[~mask], image.pixels[~mask])
    if mask.sum() > 50:
        assert not np.array_equal(pixels(found)[mask], image.pixels[mask])


def test_nothing_to_draw_leaves_the_picture_and_says_so(made: Any) -> None:
    image = noise()
    empty = cup(image, mask=np.zeros((70, 90), bool))
    none, hollow = removed(made(), (image, []), (image, empty))
    assert np.array_equal(pixels(none), image.pixels) and "the list is empty" in none.notices[0]
    assert np.array_equal(pixels(hollow), image.pixels) and "are empty" in hollow.notices[0]


# -- the networks


@pytest.mark.parametrize("name", NAMES)
def test_what_is_drawn_is_what_the_whole_pipeline_draws(
    name: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which encodes and decodes by itself, and draws a sample of what it encodes, here the mean."""
    image = noise(SIDE, SIDE)
    region = cup(image, 16, 24, 40, 48)
    backend = made(name)
    (found,) = replaced(backend, (image, region))
    encoded = import_module("diffusers.models.autoencoders.vae").DiagonalGaussianDistribution
    monkeypatch.setattr(encoded, "sample", lambda self, generator=None: self.mode())
    with backend._module() as module, torch.inference_mode():
        drawn = backend._pipeline(module)(
            prompt="a dog", image=torch.tensor(image.pixels).permute(2, 0, 1)[None] / 255,
            mask_image=torch.tensor(mask_of(image, [region]))[None, None].float(),
            height=SIDE, width=SIDE, strength=backend.strength, num_inference_steps=backend.steps,
            guidance_scale=backend.guidance, generator=torch.Generator().manual_seed(0),
            output_type="np",
        ).images[0]  # fmt: skip
    inside = mask_of(image, [region])
    want = np.round(drawn * 255)[inside]
    assert want.std() > 1 and np.abs(pixels(found)[inside] - want).max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_what_its_calls_are_alone(name: str, made: Any) -> None:
    backend = made(name)
    one, other = noise(), noise(200, 150, 1)
    calls = [
        (one, cup(one)),
        (other, [cup(other), cup(other, 150, 100, 190, 140)]),
        (one, cup(one, 60, 0, 90, 70)),
    ]
    together = replaced(backend, *calls)
    for call, found in zip(calls, together, strict=True):
        (alone,) = replaced(backend, call)
        assert found.notices == alone.notices
        near = np.abs(pixels(found).astype(int) - pixels(alone).astype(int))
        assert near.max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_the_text_and_what_is_around_tell_what_is_drawn(name: str, made: Any) -> None:
    image, backend = noise(), made(name)
    call = (image, cup(image))
    first, again = replaced(backend, call)[0], replaced(made(name), call)[0]
    assert np.array_equal(pixels(first), pixels(again))
    other = made(name, inpaint__seed="7")
    for found in (*replaced(backend, call, text="red cat"), *replaced(other, call)):
        assert not np.array_equal(pixels(first), pixels(found))
    assert "seed 0" in first.notices[0] and "no safety checker" in first.notices[0]
    assert (backend.parameters["seed"], other.parameters["seed"]) == (0, 7)


def test_a_network_is_shown_what_is_around_a_hole_and_not_what_is_in_it(made: Any) -> None:
    backend = made()
    plain, filled = (np.full((64, 64, 3), 90, np.uint8) for _ in range(2))
    filled[24:40, 24:40] = 200
    drawn = []
    for content in (plain, filled):
        image = Image(content)
        drawn.append(pixels(replaced(backend, (image, cup(image, 24, 24, 40, 40)))[0]))
    assert np.array_equal(*drawn)
    edge = plain.copy()
    edge[:8] = 0
    image = Image(edge)
    (found,) = replaced(backend, (image, cup(image, 24, 24, 40, 40)))
    assert not np.array_equal(pixels(found)[24:40, 24:40], drawn[0][24:40, 24:40])


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_draws_too(name: str, made: Any) -> None:
    backend, image = made(name, dtype="bfloat16"), noise()
    (found,) = replaced(backend, (image, cup(image)))
    assert not np.array_equal(pixels(found), image.pixels)
    assert backend.model.dtype == "bfloat16"
    with backend._module() as module:
        types = {part: next(one.parameters()).dtype for part, one in module.items()}
    assert types.pop("vae") == torch.float32 and set(types.values()) == {torch.bfloat16}


def test_threads_do_not_disturb_each_other(made: Any) -> None:
    backend, image = made(), noise()
    calls = [(image, cup(image, n, n, n + 20, n + 20)) for n in range(0, 40, 10)]
    want = [pixels(replaced(backend, call)[0]) for call in calls]
    start = threading.Barrier(len(calls))

    def run(call: Any) -> Any:
        start.wait()
        return pixels(replaced(backend, call)[0])

    with ThreadPoolExecutor(len(calls)) as pool:
        for found, wanted in zip(pool.map(run, calls), want, strict=True):
            assert np.array_equal(found, wanted)


def test_out_of_memory_fewer_windows_are_drawn_at_a_time(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw, sizes = Inpainter.drawn, []

    def scarce(backend: Any, jobs: Sequence[Any], *rest: Any) -> Any:
        sizes.append(len(jobs))
        if len(jobs) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return draw(backend, jobs, *rest)

    monkeypatch.setattr(Inpainter, "drawn", scarce)
    image = noise(300, 70)
    both = [cup(image), cup(image, 250, 20, 270, 35)]
    found = replaced(made(), (image, both), (image, cup(image)))
    assert all("out of memory: run 1 at a time" in one.notices[-1] for one in found)
    assert sizes == [2, 1, 1, 1]


# -- errors


def test_an_error_is_of_its_own_call_only(made: Any) -> None:
    image, other = noise(), noise(90, 70, 1)
    fine, strange = removed(made(), (image, cup(image)), (image, cup(other)))
    assert isinstance(fine, Output)
    assert isinstance(strange, ToolError) and "found in another picture" in str(strange)
    (none,) = replaced(made(), (image, cup(image)), text=" \n")
    assert str(none) == "replace: want a text that says what to draw, got none"
    whole = cup(image, 0, 0, 90, 70)
    (abstained,) = removed(made(), (image, whole))
    assert isinstance(abstained.value, Unknown)
    assert not np.array_equal(pixels(replaced(made(), (image, whole))[0]), image.pixels)


def test_numbers_that_are_none_never_leave(
    made: Any, tmp_path: Path, folders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, image = made(), noise()
    with backend._module() as module:
        bias = module["vae"].decoder.conv_out.bias
        before = bias.detach().clone()
        bias.data.fill_(float("nan"))
    try:
        (found,) = replaced(backend, (image, cup(image)))
    finally:
        bias.data.copy_(before)
    assert str(found) == "replace: sd2-inpainting gave a picture that is no numbers"


def test_a_text_that_is_too_long_is_told(made: Any) -> None:
    image = noise()
    (found,) = replaced(made(), (image, cup(image)), text="a dog " * 20)
    assert "reads the first 16 tokens of a text only" in " ".join(found.notices)
    assert "tokens" not in " ".join(replaced(made(), (image, cup(image)))[0].notices)


@pytest.mark.parametrize("seed", ["-1", "one", "", "²", str(2**64)])
def test_a_seed_that_is_no_number_is_refused(seed: str, made: Any) -> None:
    with pytest.raises(SettingsError, match=r"want a whole number from 0 on for inpaint\.seed"):
        made(inpaint__seed=seed)


def test_without_diffusers_it_names_the_command(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "diffusers", None)
    with pytest.raises(
        SettingsError, match=r"sd2-inpainting wants diffusers: pip install 'visprog\[inpaint"
    ):
        made()


def damaged(folder: Path, how: str) -> str:
    """What is said of it."""
    if how == "pickle":
        for file in folder.glob("unet/*.safetensors"):
            file.rename(file.with_suffix(".bin"))
        return "no weights in the safetensors format"
    if how == "class":
        set_config(folder, "vae", _class_name="AutoencoderTiny")
        return "has weights of AutoencoderTiny, not of AutoencoderKL"
    if how == "endless texts":
        file = folder / "tokenizer" / "tokenizer_config.json"
        file.write_text(file.read_text().replace('"model_max_length": 16', '"x": 16'))
        return "does not tell how many tokens a text may have"
    if how == "missing":
        file = next(folder.glob("unet/*.safetensors"))
        tensors = load_file(file)
        for name in [one for one in tensors if one.startswith("conv_out")]:
            del tensors[name]
        save_file(tensors, file, {"format": "pt"})
        return r"lacks weights of UNet2DConditionModel: \S+ and \d+ more"
    if how == "no schedule":
        (folder / "scheduler" / "scheduler_config.json").write_text('{"beta_start": 1}')
        return "does not tell num_train_timesteps"
    if how == "truncated":
        file = next(folder.glob("unet/*.safetensors"))
        file.write_bytes(file.read_bytes()[:-9])
        return "does not load"
    shutil.rmtree(folder / how)
    return "has no configuration|no vocabulary|does not load|is no configuration|no weights in"


@pytest.mark.parametrize(
    "how",
    [
        *("pickle", "class", "missing", "no schedule", "truncated", "endless texts"),
        *("unet", "vae", "text_encoder", "tokenizer", "scheduler"),
    ],
)
def test_folders_that_are_not_whole_do_not_load(
    how: str, made: Any, folders: Any, tmp_path: Path
) -> None:
    folder = shutil.copytree(folders[NAMES[0]], tmp_path / "copy")
    said = damaged(folder, how)
    with pytest.raises(WeightsError, match=said):
        made(folder=folder)


def test_a_network_that_draws_whole_pictures_is_refused(made: Any, tmp_path: Path) -> None:
    folder = make_sd2(tmp_path / "whole", channels=4)
    with pytest.raises(WeightsError, match="draws whole pictures: it reads 4 channels"):
        made(folder=folder)


# -- files


def test_what_it_takes_is_foretold(made: Any) -> None:
    for name in NAMES:
        backend = made(name, dtype="bfloat16")
        with backend._module() as module:
            held = sum(one.numel() * one.element_size() for one in module.parameters())
        assert backend._held == pytest.approx(held, rel=0.02)


def test_of_both_precisions_the_half_is_read(made: Any, folders: Any, tmp_path: Path) -> None:
    folder = shutil.copytree(folders[NAMES[1]], tmp_path / "both")
    before = made(NAMES[1], folder=folder).found
    for file in folder.glob("*/*.safetensors"):
        shutil.copy(file, file.with_name(file.name.replace(".fp16", "")))
    backend = made(NAMES[1], folder=folder)
    assert backend.found.parameters == before.parameters
    assert backend.found.revision != before.revision


def test_half_precision_and_no_code_is_fetched() -> None:
    for name in NAMES:
        entry = MODELS[name]
        assert isinstance(entry, PipelineModel) and entry.licence == "OpenRAIL++-M"
        files = ["unet/m.bin", "unet/m.fp16.bin", "unet/m.safetensors", "unet/my.py", "x.ckpt"]
        wanted = ["unet/m.fp16.safetensors", "tokenizer/merges.txt", "unet/config.json"]
        filter_ = pytest.importorskip("huggingface_hub.utils").filter_repo_objects
        assert [*filter_([*files, *wanted], allow_patterns=list(entry.wanted))] == wanted


# -- whole programs


class Finder(Backend):
    """Finds everything in the middle."""

    name = "finder"
    serves = ("detect",)
    model = Model("finder", "MIT")

    def detect(self, image: Image, name: str) -> list[Region]:
        return [Region(image, (20, 20, 40, 40), name)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "edit", ['replace(image, cups, "a red dog")', "remove(image, cups)"], ids=["replace", "remove"]
)
def test_a_program_draws_and_its_trace_names_the_model(name: str, edit: str, made: Any) -> None:
    specs = tuple(Catalogue.of(visprog_tools).tools.values())
    backend = made(name)
    serving = {"detect": Finder({}), "replace": backend, "remove": backend}
    image = noise()
    with Agent(tools=Toolset(specs, serving)) as agent:
        answer = agent.run(f'cups = detect(image, "cup")\nreturn {edit}\n', image)
    assert isinstance(answer.value, Image), answer.reason
    changed = (answer.value.pixels != image.pixels).any(axis=2)
    assert changed[20:40, 20:40].mean() > 0.9 and changed.sum() == changed[20:40, 20:40].sum()
    step = answer.trace.to_json()["steps"][-1]
    assert MODELS[name].id in str(step) and "OpenRAIL++-M" in str(step)
    assert any("no safety checker" in notice for notice in answer.trace.notices)


def test_offline_replace_names_the_extra_that_serves_it() -> None:
    image = noise()
    (told,) = Editor({}).run("replace", [{"image": image, "regions": [], "text": "a dog"}])
    reason = str(told.value if isinstance(told, Output) else told)
    assert "visprog[inpaint]" in reason and "replace=sd2-inpainting" in reason
