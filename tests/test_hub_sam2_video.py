"""SAM 2 in videos: a tiny network of chance, and one whose masks are known."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

import visprog_tools
from tests.segmenters import LOW, SIDE, make_sam2
from visprog import Agent
from visprog.errors import ToolError, WeightsError
from visprog.tool import Backend, Catalogue, Model, Output, Toolset
from visprog.values import Image, Region, Video
from visprog_tools.hub.frames import Frame
from visprog_tools.hub.sam2_video import Sam2Video, Sam2VideoSmall

FPS = 25.0


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks as small as these run slower on many."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With weights so large that the masks of its frames differ; it sees its things."""
    folder = make_sam2(tmp_path_factory.mktemp("sam2") / "video", hidden=128)
    module = transformers.Sam2VideoModel.from_pretrained(folder)
    torch.manual_seed(1)
    for name, weight in module.named_parameters():
        if "norm" not in name and not name.startswith("vision_encoder"):
            torch.nn.init.normal_(weight, std=0.2)
    torch.nn.init.constant_(module.mask_decoder.pred_obj_score_head.proj_out.bias, 9.0)
    module.save_pretrained(folder)
    return folder


@pytest.fixture
def made(folder: Path) -> Callable[..., Any]:
    def make(**options: str) -> Any:
        backend = Sam2VideoSmall({"weights.sam2-small": str(folder), "device": "cpu", **options})
        backend.ready()
        return backend

    return make


def clip(width: int, height: int, count: int, seed: int = 0) -> Video:
    random = np.random.default_rng(seed)
    frames = random.integers(0, 255, (count, height, width, 3), dtype=np.uint8)
    return Video(tuple(map(Image, frames)), FPS)


def cup(video: Video, place: int = 0, *box: float, **more: Any) -> Region:
    left, top, right, bottom = box or (4, 4, 20, 20)
    return Region(video.frames[place], (left, top, right, bottom), "cup", 0.5, **more)


def track(backend: Any, *asked: tuple[Video, Region]) -> list[Any]:
    return list(backend.run("track", [{"video": video, "region": one} for video, one in asked]))


def value(result: Any) -> Any:
    assert isinstance(result, Output), result
    return result.value


class Known:
    """In place of the network: of each thing, in each frame, the cells of its square (left, top,
    right, bottom) and the logit that it is there. Keeps what it was told, and the frames."""

    def __init__(self, patch: pytest.MonkeyPatch, cells: Any, score: Any = lambda n: 3.0) -> None:
        self.sessions: list[Any] = []
        self.frames: list[Any] = []

        def forward(module: Any, session: Any, frame_idx: int) -> Any:
            if session not in self.sessions:
                self.sessions.append(session)
            self.frames.append(session.processed_frames[frame_idx])
            many = session.get_obj_num()
            masks = torch.full((many, 1, LOW, LOW), -1.0)
            for number in range(many):
                left, top, right, bottom = cells(frame_idx)
                masks[number, 0, top:bottom, left:right] = 1.0
            return SimpleNamespace(
                pred_masks=masks,
                object_score_logits=torch.full((many, 1), float(score(frame_idx))),
            )

        patch.setattr(transformers.Sam2VideoModel, "forward", forward)


# -- where things are


@pytest.mark.parametrize(
    ("width", "height", "scale"), [(64, 64, (4, 4)), (128, 96, (8, 6)), (96, 160, (6, 10))]
)
def test_masks_and_boxes_come_back_to_the_pixel(
    width: int, height: int, scale: tuple[int, int], made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made()
    Known(monkeypatch, lambda number: (2 + number, 3, 8 + number, 9))
    film = clip(width, height, 4)
    found = value(track(backend, (film, cup(film)))[0])
    for number, region in enumerate(found):
        assert region.image == film.frames[number] and region.label == "cup"
        assert region.mask.shape == (height, width)
        cells = np.array([2 + number, 3, 8 + number, 9])
        want = tuple(float(side) for side in cells * np.array([*scale, *scale]))
        assert region.box == want
        rows, columns = np.nonzero(region.mask)
        assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == want
    assert [region.image.time for region in found] == [0, 0.04, 0.08, 0.12]
    assert found[0].score == 0.5 and found[1].score == pytest.approx(1 / (1 + np.exp(-3)))


def test_a_box_goes_in_as_points_of_the_square(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = made()
    known = Known(monkeypatch, lambda number: (0, 0, 4, 4))
    film = clip(128, 96, 2)
    track(backend, (film, cup(film, 0, 16, 8, 40, 24)), (film, cup(film, 0, -9, 8, 40, 999)))
    told = known.sessions[0].point_inputs_per_obj
    points = [told[number][0]["point_coords"] for number in (0, 1)]
    wanted = np.array([[[8, 16 / 3], [20, 16]], [[0, 16 / 3], [20, 64]]])
    for corners, want in zip(points, wanted, strict=True):
        np.testing.assert_allclose(corners[0, 0], want, rtol=1e-6)
    assert told[0][0]["point_labels"].tolist() == [[[2, 3]]]


@pytest.mark.parametrize("size", [(128, 96), (64, 64), (30, 200)])
def test_a_mask_goes_in_as_the_square_has_it(
    size: tuple[int, int], made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made()
    known = Known(monkeypatch, lambda number: (0, 0, 4, 4))
    film = clip(*size, 2)
    mask = np.zeros(size[::-1], bool)
    mask[: size[1] // 2, size[0] // 2 :] = True
    (found,) = track(backend, (film, cup(film, mask=mask)))
    told = known.sessions[0].mask_inputs_per_obj[0][0]
    assert told.shape == (1, 1, SIDE, SIDE)
    want = np.zeros((SIDE, SIDE))
    want[: SIDE // 2, SIDE // 2 :] = 1
    assert np.array_equal(told[0, 0], want) and known.sessions[0].point_inputs_per_obj[0] == {}
    assert np.array_equal(value(found)[0].mask, mask)
    assert value(found)[0].box == (size[0] // 2, 0, size[0], size[1] // 2)


def test_a_mask_of_one_pixel_does_not_vanish(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = made()
    known = Known(monkeypatch, lambda number: (0, 0, 4, 4))
    film = clip(1000, 700, 1)
    mask = np.zeros((700, 1000), bool)
    mask[350, 501] = True
    track(backend, (film, cup(film, mask=mask)))
    rows, columns = known.sessions[0].mask_inputs_per_obj[0][0][0, 0].nonzero().T
    assert set(rows.tolist()) == {32} and set(columns.tolist()) == {32}


def test_frames_go_in_as_the_processor_puts_them(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made()
    known = Known(monkeypatch, lambda number: (0, 0, 4, 4))
    film = clip(SIDE, SIDE, 2)
    track(backend, (film, cup(film)))
    for got, image in zip(known.frames[-2:], film.frames, strict=True):
        want = (torch.tensor(image.pixels).permute(2, 0, 1) / 255 - 0.5) / 0.5
        assert torch.allclose(got, want, atol=1e-5)


def test_from_the_middle_it_goes_back_and_on(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = made()
    known = Known(monkeypatch, lambda number: (number, 0, number + 4, 4))
    film = clip(64, 64, 7)
    (found,) = track(backend, (film, cup(film, 3)))
    assert [one.box[0] for one in value(found)] == [12, 8, 4, 0, 4, 8, 12]
    assert [one.image for one in value(found)] == [*film.frames] and found.notices == ()
    assert [len(session.processed_frames) for session in known.sessions] == [7, 7]


def test_a_thing_that_is_hidden_may_come_back_and_that_is_told(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made()
    Known(
        monkeypatch,
        lambda number: (0, 0, 0, 0) if number == 2 else (0, 0, 4, 4),
        lambda number: -2.0 if number == 3 else 2.0,
    )
    film = clip(64, 64, 6)
    (found,) = track(backend, (film, cup(film)))
    times = [one.image.time for one in value(found)]
    assert times == [0, 0.04, 0.16, 0.2]
    assert found.notices == ("the cup was not seen in 2 of the frames, from 0.08 to 0.12 s",)


def test_where_nothing_is_seen_the_region_stays_as_it_was_told(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made()
    Known(monkeypatch, lambda number: (0, 0, 4, 4), lambda number: -1.0)
    film = clip(64, 64, 3)
    (found,) = track(backend, (film, cup(film)))
    assert value(found) == [cup(film)] and "was not seen in 2 of" in found.notices[0]


# -- the network itself


def reference(folder: Path, film: Video, region: Region, start: int, *, back: bool) -> list[Any]:
    """The masks that the network makes of a whole video at once, by its own iterator."""
    module = transformers.Sam2VideoModel.from_pretrained(folder).eval()
    frames = torch.stack([torch.tensor(image.pixels).permute(2, 0, 1) for image in film.frames])
    session = Sam2VideoInferenceSession(
        video=(frames / 255 - 0.5) / 0.5, video_height=SIDE, video_width=SIDE, dtype=torch.float32
    )
    number = session.obj_id_to_idx(1)
    box = torch.tensor(region.box).reshape(1, 1, 2, 2)
    told = {"point_coords": box, "point_labels": torch.tensor([[[2, 3]]])}
    session.add_point_inputs(number, start, told)
    session.obj_with_new_inputs = [1]
    with torch.inference_mode():
        module(session, frame_idx=start)
        return [*module.propagate_in_video_iterator(session, start, reverse=back)]


@pytest.mark.parametrize("count", [3, 24])
def test_a_track_is_that_of_the_whole_video_at_once(folder: Path, made: Any, count: int) -> None:
    """Though of its frames only the last are kept."""
    film, backend, start = clip(SIDE, SIDE, count), made(), count // 3
    region = cup(film, start, 8, 8, 50, 40)
    seen: dict[int, Any] = {}

    class Watched(Sam2Video):
        name = weights = "sam2-small"

        def _seen(self, trail: Any, image: Image, logits: Any, score: float, frame: Frame) -> None:
            seen[round((image.time or 0) * FPS)] = logits.clone(), score
            super()._seen(trail, image, logits, score, frame)

    watched = Watched(backend.options)
    watched.ready()
    track(watched, (film, region))
    assert sorted(seen) == [*range(count)]
    for back in (True, False):
        for out in reference(folder, film, region, start, back=back):
            logits, score = seen[out.frame_idx]
            assert torch.allclose(logits, out.pred_masks[0, 0], atol=1e-3), out.frame_idx
            assert score == pytest.approx(float(out.object_score_logits), abs=1e-3)
    spread = torch.stack([logits for logits, _ in seen.values()]).std(0).max()
    assert float(spread) > 0.01  # else all frames look the same to it, and nothing was tested


def test_a_batch_is_what_its_calls_are_alone(made: Any) -> None:
    backend = made()
    one, other = clip(60, 40, 4), clip(40, 60, 3, 1)
    mask = np.zeros((40, 60), bool)
    mask[5:30, 10:40] = True
    asked = [
        (one, cup(one)), (other, cup(other, 2)), (one, cup(one, 0, mask=mask)), (one, cup(one, 1)),
    ]  # fmt: skip
    together = track(backend, *asked)
    for call, found in zip(asked, together, strict=True):
        (alone,) = track(backend, call)
        assert found.notices == alone.notices and len(value(found)) == len(value(alone))
        for a, b in zip(value(found), value(alone), strict=True):
            assert a.image == b.image and a.score == pytest.approx(b.score, abs=1e-4)
            assert (a.mask is None) == (b.mask is None)
            assert a.mask is None or (a.mask != b.mask).mean() < 0.01


def test_things_of_one_frame_share_its_encoding(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, film = made(), clip(64, 64, 3)
    seen: list[int] = []
    features = transformers.Sam2VideoModel.get_image_features

    def counted(module: Any, pixel_values: Any, **options: Any) -> Any:
        seen.append(len(pixel_values))
        return features(module, pixel_values, **options)

    monkeypatch.setattr(transformers.Sam2VideoModel, "get_image_features", counted)
    track(backend, *((film, cup(film, 0, n, n, n + 20, n + 20)) for n in range(5)))
    assert len(seen) == 1 + 3  # the way back is its first frame only


def test_of_a_long_video_little_is_kept(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, film = made(), clip(48, 32, 60)
    sizes: list[int] = []
    forward = transformers.Sam2VideoModel.forward

    def watched(module: Any, session: Any, **options: Any) -> Any:
        made = forward(module, session, **options)
        tensors = [one for one in session.processed_frames.values() if one is not None]
        for outputs in session.output_dict_per_obj.values():
            for kept in outputs.values():
                tensors += [one for told in kept.values() for one in told.values()]
        sizes.append(sum(one.numel() for one in tensors if isinstance(one, torch.Tensor)))
        return made

    monkeypatch.setattr(transformers.Sam2VideoModel, "forward", watched)
    track(backend, (film, cup(film)))
    gc.collect()
    assert len(sizes) == 61 and max(sizes[18:]) <= 1.001 * sizes[18]


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 300), (300, 3), (37, 53)])
def test_frames_of_odd_sizes(width: int, height: int, made: Any) -> None:
    film = clip(width, height, 2)
    found = value(track(made(), (film, cup(film, 0, 0, 0, width, height)))[0])
    assert found and all(one.image.width == width for one in found)
    assert all(one.mask is None or one.mask.shape == (height, width) for one in found)


def test_bfloat16_is_near_float32(made: Any) -> None:
    film = clip(64, 64, 3)
    half = made(dtype="bfloat16")
    assert (half.model.dtype, half.model.id) == ("bfloat16", "facebook/sam2.1-hiera-small")
    for found in (track(one, (film, cup(film)))[0] for one in (made(), half)):
        assert isinstance(found, Output)


# -- errors


def test_an_error_is_of_its_own_call_only(made: Any) -> None:
    backend, film, other = made(), clip(64, 64, 2), clip(64, 64, 2, 5)
    fine, beside, strange = track(
        backend,
        (film, cup(film)),
        (film, cup(film, 0, 70, 70, 90, 90)),
        (film, cup(other)),
    )
    assert isinstance(fine, Output)
    assert str(beside) == "track: the region lies beside its picture"
    assert isinstance(strange, ToolError) and "no frame of this video" in str(strange)
    assert track(backend) == []


@pytest.mark.parametrize("what", ["masks", "score"])
def test_numbers_that_are_none_never_leave(
    what: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, film = made(), clip(64, 64, 3)
    Known(monkeypatch, lambda number: (0, 0, 4, 4), lambda n: float("nan"))
    if what == "masks":
        Known(monkeypatch, lambda number: (0, 0, 4, 4))
        monkeypatch.setattr(torch, "full", lambda size, fill: torch.zeros(size) * float("nan"))
    (found,) = track(backend, (film, cup(film)))
    assert str(found) == "track in sam2-video-small: the network gave masks that are no numbers"


def test_weights_of_the_model_for_pictures_do_not_load(tmp_path: Path) -> None:
    folder = make_sam2(tmp_path / "pictures", "Sam2")
    backend = Sam2VideoSmall({"weights.sam2-small": str(folder), "device": "cpu"})
    with pytest.raises(WeightsError, match="has weights of sam2, not of Sam2VideoModel"):
        backend.ready()


def test_settings_of_another_size_are_refused(tmp_path: Path) -> None:
    folder = make_sam2(tmp_path / "video", hidden=128)
    for file in folder.glob("*processor*.json"):
        file.write_text(file.read_text().replace(str(SIDE), "32"))
    with pytest.raises(WeightsError, match="makes pictures of 32 pixels"):
        Sam2VideoSmall({"weights.sam2-small": str(folder), "device": "cpu"}).ready()


# -- whole programs


def test_a_program_asks_which_way_a_thing_goes(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder(Backend):
        name = "finder"
        serves = ("detect",)
        model = Model("finder", "MIT")

        def detect(self, image: Image, name: str) -> list[Region]:
            return [Region(image, (0, 0, 16, 16), name)]

    Known(monkeypatch, lambda number: (number, 0, 4 + number, 4))
    specs = tuple(Catalogue.of(visprog_tools).tools.values())
    program = """
path = track(video, detect(image, "ball")[0])
return f"{direction(path)} at {round(speed(path))}"
"""
    film = clip(64, 64, 5)
    with Agent(tools=Toolset(specs, {"detect": Finder({}), "track": made()})) as agent:
        answer = agent.run(program, film)
    assert answer.text == "right at 100", answer.reason
