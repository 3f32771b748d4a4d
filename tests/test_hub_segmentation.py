"""Segmenters of the hub: tiny networks, and decoders whose answer is known."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from tests.segmenters import (
    KINDS,
    LOW,
    SIDE,
    Decoder,
    Encoders,
    import_meta,
    make_meta,
    make_sam,
    make_sam2,
    make_sam3,
    noise,
    ready,
    region,
    segment,
    settings,
    shrink_meta,
    value,
)  # fmt: skip
from visprog import Agent
from visprog.errors import ToolError, WeightsError
from visprog.tool import Toolset
from visprog.values import Image, Region, Unknown
from visprog_tools import find, measure
from visprog_tools.hub import sam, sam3
from visprog_tools.hub.entries import MODELS
from visprog_tools.hub.frames import Frame
from visprog_tools.hub.segmentation import Prompts, Segmenter

MAKERS = {"sam": make_sam, "sam2": make_sam2, "sam3": make_sam3}
HUB = tuple(MAKERS)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks as small as these run slower on many."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    root, known = tmp_path_factory.mktemp("segmentation"), dict[str, Path]()

    def path(family: str) -> Path:
        if family not in known:
            make = make_meta if family == "meta" else MAKERS[family]
            known[family] = make(root / family)
        return known[family]

    return path


@pytest.fixture
def made(paths: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def make(family: str, **options: str) -> Any:
        if family == "meta":
            import_meta()
            shrink_meta(monkeypatch)
        return ready(family, paths(family), **options)

    return make


def masks(result: Any) -> list[Any]:
    return [one.mask for one in value(result)]


def extent(mask: Any) -> tuple[int, int, int, int]:
    """Of a mask's middle row and column, since interpolation rounds corners off."""
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


# -- geometry

CELLS = (2, 1, 7, 6)  # of the 16 x 16 that a decoder makes of the square
PLACED = [  # width, height, and the cells in pixels where the square holds it padded or stretched
    (128, 96, (16, 8, 56, 48), (16, 6, 56, 36)),
    (96, 128, (16, 8, 56, 48), (12, 8, 42, 48)),
    (64, 64, (8, 4, 28, 24), (8, 4, 28, 24)),
    (256, 64, (32, 16, 112, 64), (32, 4, 112, 24)),
    (16, 32, (4, 2, 14, 12), (2, 2, 7, 12)),
]


@pytest.mark.parametrize("family", KINDS)
@pytest.mark.parametrize(("width", "height", "padded", "stretched"), PLACED)
def test_a_mask_comes_back_to_the_pixel(
    family: str, width: int, height: int, padded: Any, stretched: Any, made: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    backend = made(family)
    Decoder(monkeypatch, CELLS)
    image = noise(width, height)
    (mask,) = masks(segment(backend, [region(image, 1, 1, 9, 9)])[0])
    assert mask.shape == (height, width) and mask.dtype == np.bool_
    left, top, right, bottom = want = padded if family in ("sam", "meta") else stretched
    assert extent(mask) == want
    middle = mask[(top + bottom) // 2, left:right], mask[top:bottom, (left + right) // 2]
    assert all(one.all() for one in middle) and mask.sum() > 0.8 * (right - left) * (bottom - top)


@pytest.mark.parametrize("family", KINDS)
@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (3, 1000), (1000, 3), (37, 53), (5000, 2), (1, 200)]
)
def test_pictures_of_odd_sizes(family: str, width: int, height: int, made: Any) -> None:
    backend, image = made(family), noise(width, height)
    result = segment(backend, [region(image, 0, 0, width, height)])[0]
    (one,) = value(result)
    assert one.mask is None or one.mask.shape == (height, width)
    assert (one.mask is None) == bool(result.notices)


def test_a_box_goes_to_the_decoder_in_pixels_of_the_square(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Prompts] = []

    def decode(self: Any, features: Any, prompts: Prompts, module: Any) -> Any:
        asked.append(prompts)
        return torch.ones(len(prompts.boxes), 3, LOW, LOW), torch.ones(len(prompts.boxes), 3)

    for family in HUB:
        backend = made(family)
        monkeypatch.setattr(KINDS[family], "decode", decode)
        wide, high = noise(128, 96), noise(96, 128)
        segment(backend, [region(wide, 16, 8, 40, 24), region(wide, -50, 8, 40, 999)])
        segment(backend, [region(high, 8, 16, 24, 40)])
    got = [one.boxes.tolist() for one in asked]
    assert got[0] == [[8, 4, 20, 12], [0, 4, 20, 48]] and got[1] == [[4, 8, 12, 20]]
    for first, second in (got[2:4], got[4:6]):
        np.testing.assert_allclose(first, [[8, 16 / 3, 20, 16], [0, 16 / 3, 20, 64]], rtol=1e-6)
        np.testing.assert_allclose(second, [[16 / 3, 8, 16, 20]], rtol=1e-6)


@pytest.mark.parametrize(("width", "height"), [(60, 45), (45, 60), (7, 100), (64, 64)])
def test_prompts_and_masks_are_those_of_the_processor_of_sam(
    width: int, height: int, made: Any, paths: Any
) -> None:
    """The whole way as the model card has it, but for how pixels are resampled."""
    backend, image = made("sam"), noise(width, height)
    frame, box = backend.frame(image), [1.0, 2.0, 6.5, 30.25]
    processor = transformers.SamImageProcessorPil.from_pretrained(paths("sam"))
    square = backend.settings.square(image, frame)[None]
    with backend._module() as module, torch.inference_mode():
        scaled = torch.tensor(box) * torch.tensor([frame.width / width, frame.height / height] * 2)
        out = module(pixel_values=square, input_boxes=scaled[None, None])
    shape = torch.tensor([[frame.height, frame.width]])
    whole = processor.post_process_masks(
        [out.pred_masks[0]], torch.tensor([[height, width]]), shape
    )[0]
    best = int(out.iou_scores[0, 0].argmax())
    (mask,) = masks(segment(backend, [region(image, *box)])[0])
    assert np.array_equal(np.zeros((height, width), bool) if mask is None else mask, whole[0, best])


@pytest.mark.parametrize("padded", [True, False])
def test_a_picture_lies_in_the_square_as_its_processor_puts_it(padded: bool, made: Any) -> None:
    backend = made("sam" if padded else "sam2")
    pixels = np.zeros((48, 96, 3), np.uint8)
    pixels[12:24, 48:] = 255
    image = Image(pixels, "")
    square = backend.settings.square(image, backend.frame(image))
    assert square.shape == (3, SIDE, SIDE)
    found = square[0] > square[0].max() / 2
    rows, columns = (found.any(dim=axis).nonzero()[:, 0] for axis in (1, 0))
    assert (int(columns.min()), int(columns.max()) + 1) == (32, 64)
    assert (int(rows.min()), int(rows.max()) + 1) == ((8, 16) if padded else (16, 32))
    if padded:
        assert not square[:, 32:].any()  # zero once it is normalized


def test_a_square_is_that_of_the_processor_of_sam(made: Any, paths: Any) -> None:
    backend, image = made("sam"), noise(64, 32)
    processor = transformers.SamImageProcessorPil.from_pretrained(paths("sam"))
    theirs = processor(image.pixels, return_tensors="pt")["pixel_values"][0]
    ours = backend.settings.square(image, backend.frame(image))
    assert torch.allclose(ours, theirs, atol=1e-5)  # of this size nothing is resampled


# -- what comes out


@pytest.mark.parametrize("family", KINDS)
def test_regions_come_back_as_they_were_each_with_a_mask(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made(family)
    Decoder(monkeypatch, (0, 0, 16, 16))
    one, other = noise(40, 30, 1), noise(30, 40, 2)
    regions = [
        region(one, 3, 4, 20, 20, label="cup", score=0.3),
        region(other, 1, 1, 9, 9, label="dog", score=0.9),
        Region(one, (5.5, 5.5, 30.25, 12), "cat", 0.0, np.ones((30, 40), bool), "r1"),
    ]
    made_, empty, single = segment(backend, regions, [], regions[1:2])
    assert value(empty) == [] and empty.notices == ()
    assert [(r.image, r.box, r.label, r.score, r.ref) for r in value(made_)] == [
        (r.image, r.box, r.label, r.score, r.ref) for r in regions
    ]
    assert [mask.shape for mask in masks(made_)] == [(30, 40), (40, 30), (30, 40)]
    assert value(single)[0] == value(made_)[1] and made_.notices == ()


@pytest.mark.parametrize("family", KINDS)
def test_a_batch_gives_what_single_calls_give(family: str, made: Any) -> None:
    one, other = noise(60, 45, 1), noise(45, 60, 2)
    boxes = [(3, 4, 30, 40), (10, 4, 31, 41), (0, 0, 45, 45)]
    regions = [region(image, *box) for box in boxes for image in (one, other)]
    together = masks(segment(made(family), regions)[0])
    in_calls = segment(made(family), *([one] for one in regions))
    alone = [masks(segment(made(family), [one])[0])[0] for one in regions]
    for mask, call, single in zip(together, in_calls, alone, strict=True):
        assert np.mean(mask != single) < 0.002 and np.mean(masks(call)[0] != single) < 0.002


@pytest.mark.parametrize("family", KINDS)
def test_a_picture_is_encoded_once_for_all_its_boxes(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoders, backend, image = Encoders(monkeypatch), made(family), noise(60, 45)
    segment(backend, [region(image, 1, 1, 9, 9)])
    assert encoders.sizes == [1]
    segment(backend, [region(image, n, n, n + 20, n + 20) for n in range(20)])
    again = Image(image.pixels.copy(), image.name)
    segment(backend, [region(again, 2, 2, 9, 9)], [region(again, 3, 3, 9, 9)])
    backend.mask_at(image, [(3, 3)])
    assert encoders.sizes == [1]
    segment(backend, [region(noise(60, 45, n), 1, 1, 9, 9) for n in range(1, 4)])
    assert sum(encoders.sizes) == 4 and len(encoders.sizes) <= 3


@pytest.mark.parametrize("family", KINDS)
def test_many_boxes_are_decoded_some_at_a_time(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, decoder = made(family), Decoder(monkeypatch, CELLS)
    image = noise(60, 45)
    regions = [region(image, n % 40, n % 30, n % 40 + 5, n % 30 + 5) for n in range(70)]
    made_ = masks(segment(backend, [*regions, regions[0]])[0])
    assert decoder.sizes == [32, 32, 6] and len(made_) == 71
    assert made_[0] is made_[70] is not None


def test_features_are_kept_within_bytes(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    encoders, backend = Encoders(monkeypatch), made("sam")
    backend._kept.most = 3 * 32 * 4 * 4 * 4  # three pictures
    for seed in (0, 1, 2, 3, 3, 0):
        segment(backend, [region(noise(40, 40, seed), 1, 1, 9, 9)])
    assert encoders.sizes == [1] * 5 and backend._kept.size <= backend._kept.most


@pytest.mark.parametrize("family", KINDS)
def test_an_empty_mask_is_none_and_said(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made(family)
    Decoder(monkeypatch, (0, 0, 0, 0))
    image = noise(40, 30)
    before = np.ones((30, 40), bool)
    asked = [region(image, 3, 4, 20, 20), Region(image, (1, 1, 5, 5), "dog", mask=before)]
    result = segment(backend, asked)[0]
    assert masks(result) == [None, None]
    assert result.notices == (
        "no mask could be made of 'cup' at (3, 4, 20, 20); its box stands for it",
        "no mask could be made of 'dog' at (1, 1, 5, 5); its box stands for it",
    )


def test_a_box_beside_its_picture_has_no_mask(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, decoder = made("sam"), Decoder(monkeypatch, (0, 0, 16, 16))
    image = noise(40, 30)
    boxes = [(50, 1, 60, 9), (5, 5, 5, 9), (-9, 1, 0, 9), (39.5, 29.5, 60, 60)]
    result = segment(backend, [region(image, *box) for box in boxes])[0]
    assert [mask is None for mask in masks(result)] == [True, True, True, False]
    assert len(result.notices) == 3 and decoder.sizes == [1]


@pytest.mark.parametrize("family", KINDS)
@pytest.mark.parametrize("part", ["masks", "scores"])
def test_what_is_no_number_is_an_error(
    family: str, part: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, decoder = made(family), Decoder(monkeypatch, CELLS)
    setattr(decoder, "logit" if part == "masks" else "score", float("nan"))
    (result,) = segment(backend, [region(noise(40, 30), 1, 1, 9, 9)])
    assert isinstance(result, ToolError)
    assert str(result).startswith(f"segment in {backend.name}: the network gave") and part in str(
        result
    )
    with pytest.raises(ToolError, match="no numbers"):
        backend.mask_at(noise(40, 30), [(1, 1)])


@pytest.mark.parametrize("family", KINDS)
def test_features_that_are_no_numbers_are_an_error_of_their_picture_only(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, kind = made(family), KINDS[family]
    encode: Any = kind.encode

    def bad(self: Any, pictures: Any, module: Any) -> Any:
        features = [tuple(level.clone() for level in one) for one in encode(self, pictures, module)]
        for picture, one in zip(pictures, features, strict=True):
            if picture[0].std() < 1e-3:
                one[0].fill_(torch.nan)
        return features

    monkeypatch.setattr(kind, "encode", bad)
    plain = Image(np.full((40, 40, 3), 128, np.uint8), "plain")
    good = [region(noise(40, 40), 1, 1, 30, 30)]
    first, second = segment(backend, [region(plain, 1, 1, 9, 9)], good)
    assert isinstance(first, ToolError) and "features that are no numbers" in str(first)
    assert len(value(second)) == 1 and plain.key not in backend._kept


@pytest.mark.parametrize("family", KINDS)
def test_bfloat16_gives_nearly_the_same(family: str, made: Any) -> None:
    image = noise(60, 45)
    asked = [region(image, 3, 4, 30, 40), region(image, 10, 4, 55, 40)]
    full, half = made(family), made(family, dtype="bfloat16")
    assert half.model.dtype == "bfloat16"
    for one, other in zip(
        masks(segment(full, asked)[0]), masks(segment(half, asked)[0]), strict=True
    ):
        assert np.mean(one != other) < 0.05
    with half._module() as module:
        kinds = {one.dtype for one in module.parameters()}
    assert kinds == {torch.bfloat16, torch.float32}


# -- points


@pytest.mark.parametrize("family", KINDS)
def test_a_point_has_a_mask(family: str, made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, image = made(family), noise(60, 45)
    one = backend.mask_at(image, [(10, 9)])
    other = backend.mask_at(image, [(10, 9), (50, 40)], [1, 0])
    assert one.shape == other.shape == (45, 60) and one.dtype == np.bool_
    assert not np.array_equal(one, backend.mask_at(image, [(10, 9)], [0]))
    asked: list[Prompts] = []

    def decode(self: Any, features: Any, prompts: Prompts, module: Any) -> Any:
        asked.append(prompts)
        return -torch.ones(1, 3, LOW, LOW), torch.ones(1, 3)

    monkeypatch.setattr(KINDS[family], "decode", decode)
    assert not backend.mask_at(noise(128, 96), [(64, 48), (0, 96)], [1, 0]).any()
    down = (24, 48) if family in ("sam", "meta") else (32, 64)
    assert asked[0].points.tolist() == [[[32, down[0]], [0, down[1]]]]
    assert asked[0].labels.tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("points", "labels"),
    [([], []), ([(1, 1)], [1, 0]), ([(1, 1)], [2]), ([(-1, 1)], []), ([(1, 31)], []),
     ([(float("nan"), 1)], [])],
)  # fmt: skip
def test_points_that_are_none_are_refused(points: Any, labels: Any, made: Any) -> None:
    with pytest.raises(ToolError, match="mask_at: "):
        made("sam").mask_at(noise(40, 30), points, labels)


# -- SAM 3


def detect(backend: Any, *asked: tuple[Image, str]) -> list[Any]:
    return list(backend.run("detect", [{"image": image, "name": name} for image, name in asked]))


class Detector:
    """Puts a known answer in place of SAM 3's detector, of four queries: two things, one that
    scores too little, one that is thin. Keeps how many phrases went through at once."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        self.boxes = [[0.125, 0.0625, 0.4375, 0.375], [-0.1, 0.5, 0.5, 1.2], [0, 0, 1, 1],
                      [0.2, 0.2, 0.201, 0.9]]  # fmt: skip
        self.logits, self.presence, self.mask = [1.0, 3.0, -1.0, 4.0], 9.0, 3.0
        patch.setattr(transformers.Sam3Model, "forward", self._forward())

    def _forward(self) -> Any:
        def forward(_: Any, vision_embeds: Any, text_embeds: Any, attention_mask: Any) -> Any:
            many = len(attention_mask)
            assert {len(one) for one in vision_embeds.fpn_hidden_states} == {many}
            self.sizes.append(many)
            masks = torch.full((many, 4, LOW, LOW), -3.0)
            masks[:, 0, 1:6, 2:7] = self.mask
            return SimpleNamespace(
                pred_logits=torch.tensor([self.logits] * many),
                presence_logits=torch.full((many, 1), self.presence),
                pred_boxes=torch.tensor([self.boxes] * many),
                pred_masks=masks,
            )

        return forward


def test_sam3_finds_what_a_text_names_with_its_mask(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, detector = made("sam3"), Detector(monkeypatch)
    (result,) = detect(backend, (noise(128, 96), "  the red Cup "))
    first, second = value(result)
    assert (first.label, second.label) == ("the red Cup", "the red Cup")
    assert first.box == pytest.approx((0, 48, 64, 96)) and first.mask is None
    assert second.box == (16, 6, 56, 36) and extent(second.mask) == (16, 6, 56, 36)
    assert first.score == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-3)
    assert second.score == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-3)
    assert result.notices == (
        "no mask could be made of 'the red Cup' at (0, 48, 64, 96); its box stands for it",
    )
    detector.presence = -3.0  # there is none of it in the picture
    assert value(detect(backend, (noise(128, 96), "cup"))[0]) == []
    assert backend.parameters == {"threshold": 0.5}


def test_sam3_asks_phrases_about_a_picture_together_and_encodes_it_once(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoders, backend, detector = Encoders(monkeypatch), made("sam3"), Detector(monkeypatch)
    image, other = noise(60, 45, 1), noise(45, 60, 2)
    names = ["cup", "dog", "cat", "car", "hat", "a cup"]
    results = detect(backend, *((image, name) for name in names), (other, "dog"))
    assert detector.sizes == [4, 1, 1] and encoders.sizes == [2]
    assert [one.label for one in value(results[5])] == ["a cup"] * 2
    assert value(results[6])[0].image == other
    segment(backend, [region(image, 1, 1, 9, 9)])
    assert encoders.sizes == [2]  # what the detector saw serves the tracker


def test_sam3_by_parts_is_sam3_as_a_whole(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tracker is measured with three maps. Given the four of a checkpoint, transformers 5.24
    puts what stands for no memory on the fourth, which goes unused; its tracker for videos, and
    Meta's, put it on the third."""
    monkeypatch.setattr(sam3.Sam3, "threshold", 0.0)
    backend, image = made("sam3"), noise(60, 45)
    square = backend.settings.square(image, backend.frame(image))[None]
    tokens = backend._tokenizer("cup", padding="max_length", max_length=32, return_tensors="pt")
    with backend._module() as module, torch.inference_mode():
        whole = module["detector"](pixel_values=square, **tokens)
        boxes = torch.tensor([[[3.0, 4.0, 30.0, 40.0]]])
        (features,) = backend.encode(square, module)
        logits, scores = backend.decode(features, Prompts(boxes=boxes[0]), module)
        neck = module["tracker"].vision_encoder.neck
        monkeypatch.setattr(neck, "fpn_layers", neck.fpn_layers[:3])
        told = module["tracker"].get_image_embeddings(square)
        tracked = module["tracker"](image_embeddings=told, input_boxes=boxes)
        seen: list[Any] = []

        def record(_: Any, image_embeddings: Any, input_boxes: Any) -> Any:
            seen.extend(image_embeddings)
            return tracked

        monkeypatch.setattr(transformers.Sam3TrackerModel, "forward", record)
        backend.decode(features, Prompts(boxes=boxes[0]), module)
    assert torch.allclose(logits, tracked.pred_masks[0], atol=1e-6)
    assert torch.allclose(scores, tracked.iou_scores[0], atol=1e-6)
    for ours, theirs in zip(seen, told, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)
    chances = (whole.pred_logits.sigmoid() * whole.presence_logits.sigmoid())[0]
    found = value(detect(backend, (image, "cup"), (image, "dog"))[0])
    best = sorted(chances.tolist(), reverse=True)
    assert [one.score for one in found] == pytest.approx(best[: len(found)], abs=1e-5)
    left, top, right, bottom = (
        whole.pred_boxes[0, chances.argmax()].clamp(0, 1) * torch.tensor([60, 45, 60, 45])
    ).tolist()
    assert found[0].box == pytest.approx((left, top, right, bottom), abs=1e-3)


def test_sam3_finds_in_bfloat16_nearly_the_same(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sam3.Sam3, "threshold", 0.0)
    image = noise(60, 45)
    full, half = (made("sam3", dtype=dtype) for dtype in ("float32", "bfloat16"))
    first, second = (value(detect(one, (image, "cup"))[0]) for one in (full, half))
    assert len(first) == len(second) > 1
    boxes, others = (np.array([one.box for one in found]) for found in (first, second))
    assert np.abs(boxes[:, None] - others[None]).max(axis=2).min(axis=1).max() < 0.5


def test_sam3_has_its_encoder_once(made: Any) -> None:
    with made("sam3")._module() as module:
        encoders = {id(one.vision_encoder.backbone) for one in module.values()}
        assert len(encoders) == 1


def test_sam3_tells_of_names_that_it_cannot_read(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made("sam3")
    Detector(monkeypatch)
    image = noise(40, 30)
    long, none, good = detect(backend, (image, "x" * 40), (image, " . "), (image, "cup"))
    told = value(long)
    assert isinstance(told, Unknown) and "32 word pieces" in told.reason
    assert isinstance(none, ToolError) and "want a name" in str(none)
    assert len(value(good)) == 2


@pytest.mark.parametrize("part", ["boxes", "logits", "mask"])
def test_sam3_gives_no_boxes_that_are_no_numbers(
    part: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, detector = made("sam3"), Detector(monkeypatch)
    bad: dict[str, Any] = {"boxes": [[torch.nan] * 4] * 4, "logits": [torch.nan] * 4}
    setattr(detector, part, bad.get(part, torch.nan))
    (result,) = detect(backend, (noise(40, 30), "cup"))
    assert isinstance(result, ToolError)
    assert "detect in sam3: the network gave" in str(result) and "no numbers" in str(result)


# -- weights


def test_a_checkpoint_for_videos_and_one_for_pictures_load_alike(
    paths: Any, tmp_path: Path
) -> None:
    image = noise(60, 45)
    make_sam2(tmp_path / "pictures", "Sam2")
    for path in (paths("sam2"), tmp_path / "pictures"):
        result = segment(ready("sam2", path), [region(image, 3, 4, 50, 40)])[0]
        assert masks(result)[0].shape == (45, 60)


def test_files_of_another_model_are_refused(paths: Any, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="has weights of sam2_video, not of SamModel"):
        ready("sam", paths("sam2"))
    with pytest.raises(WeightsError, match="has weights of sam, not of Sam2Model"):
        ready("sam2", paths("sam"))
    make_sam2(tmp_path / "other")
    (tmp_path / "other" / "preprocessor_config.json").unlink()
    with pytest.raises(WeightsError, match="has no settings of a processor"):
        ready("sam2", tmp_path / "other")
    settings(tmp_path / "other")
    file = tmp_path / "other" / "preprocessor_config.json"
    file.write_text(file.read_text().replace(str(SIDE), "32"))
    with pytest.raises(WeightsError, match="pictures of 32 pixels, the network reads 64"):
        ready("sam2", tmp_path / "other")


@pytest.mark.parametrize("family", HUB)
def test_weights_that_are_not_there_are_named(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", "/nowhere")
    kind = KINDS[family]
    with pytest.raises(WeightsError, match=f"visprog models pull {kind.weights}"):
        kind({"device": "cpu"}).ready()


def test_a_file_of_metas_is_named_by_the_user(tmp_path: Path) -> None:
    entry = MODELS["segment-anything-vit-b"]
    for what in (entry.where, entry.pull, entry.verify, lambda: entry.find({})):
        with pytest.raises(WeightsError, match=r"--weights segment-anything-vit-b=FILE\.pth"):
            what()
    with pytest.raises(WeightsError, match="no file"):
        entry.find({f"weights.{entry.name}": str(tmp_path)})
    file = tmp_path / "sam.pth"
    file.write_bytes(b"1" * 400)
    found = entry.find({f"weights.{entry.name}": str(file)})
    assert found.folder == file and found.parameters == 100
    file.write_bytes(b"2" * 400)
    assert entry.find({f"weights.{entry.name}": str(file)}).revision != found.revision


def test_metas_package_is_named_where_it_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "segment_anything", None)
    (tmp_path / "sam.pth").write_bytes(b"1")
    with pytest.raises(WeightsError, match="pip install segment-anything torchvision"):
        ready("meta", tmp_path / "sam.pth")


class Harm:
    """A pickle that would do something when it is read."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("/tmp/harm-of-a-pickle"),)


def test_a_file_of_metas_is_read_for_its_tensors_only(made: Any, tmp_path: Path) -> None:
    made("meta")
    bad = tmp_path / "bad.pth"
    for content in (pickle.dumps({"weight": Harm()}, protocol=2), b"", b"nonsense" * 99):
        bad.write_bytes(content)
        with pytest.raises(WeightsError, match="has no weights of vit_b"):
            ready("meta", bad)
    torch.save({"weight": Harm()}, bad)
    with pytest.raises(WeightsError, match="has no weights of vit_b"):
        ready("meta", bad)
    torch.save({"weight": torch.zeros(3)}, bad)
    with pytest.raises(WeightsError, match=r"Missing key"):
        ready("meta", bad)
    assert not Path("/tmp/harm-of-a-pickle").exists()


def test_meta_gives_what_its_own_predictor_gives(made: Any) -> None:
    backend, image = made("meta"), noise(64, 48)
    with backend._module() as module, torch.inference_mode():
        box = torch.tensor([[3.0, 4.0, 30.0, 40.0]])
        pixels = torch.tensor(image.pixels).permute(2, 0, 1).float()
        (told,) = module(
            [{"image": pixels, "original_size": (48, 64), "boxes": box}], multimask_output=True
        )
    best = int(told["iou_predictions"][0].argmax())
    (mask,) = masks(segment(backend, [region(image, 3, 4, 30, 40)])[0])
    assert np.array_equal(mask, told["masks"][0, best].numpy())


# -- whole programs


def test_a_program_measures_what_a_segmenter_found(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made("sam3")
    Detector(monkeypatch)
    Decoder(monkeypatch, (0, 0, 8, 16))
    specs = [module.__dict__[name].__visprog_tool__ for module, name in (
        (find, "detect"), (find, "segment"), (measure, "area"))]  # fmt: skip
    agent = Agent(tools=Toolset(specs, {"detect": backend, "segment": backend}))
    program = 'return area(segment(detect(image, "cup"))[0])'
    assert agent.run(program, noise(64, 64)).value == pytest.approx(50)


def test_backends_are_named_as_their_weights() -> None:
    parents = Segmenter.__subclasses__()
    kinds: list[Any] = [one for kind in parents for one in (kind, *kind.__subclasses__())]
    ours = [one for one in kinds if hasattr(one, "name")]
    assert len(ours) == 10
    for kind in ours:
        assert kind.name == kind.weights and kind.name in MODELS
    assert sam.SamHuge.weights == "sam-vit-huge"


def test_a_frame_is_never_without_pixels() -> None:
    assert Frame.fitted(noise(5000, 1), 1024)[1:3] == (1024, 1)
    assert Frame.fitted(noise(600, 400), 1024)[1:3] == (1024, 683)


@pytest.mark.parametrize("family", ["sam", "sam2", "sam3"])
def test_an_area_is_that_of_a_mask_which_is_made_where_there_is_none(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, image = made(family), noise(64, 64)
    decoder = Decoder(monkeypatch, CELLS)
    bare, beside = region(image, 1, 1, 9, 9), region(image, 70, 70, 80, 80)
    (masked,) = value(segment(backend, [bare])[0])
    assert masked.mask.sum() != bare.area
    decoder.sizes.clear()
    found = backend.run("area", [{"region": one} for one in (bare, masked, bare, beside)])
    assert decoder.sizes == [1]
    assert [value(one) for one in found[:3]] == pytest.approx([100 * masked.mask.mean()] * 3)
    assert found[0].notices == () and "its box stands for it" in found[3].notices[0]
    assert value(found[3]) == pytest.approx(100 * beside.area / 64**2)
