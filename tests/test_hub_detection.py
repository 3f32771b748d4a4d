"""Detectors of the hub: tiny networks, and networks whose answer is drawn into the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from visprog import Agent
from visprog.errors import ToolError, WeightsError
from visprog.tool import Output, Toolset
from visprog.values import Image, Region, Unknown
from visprog_tools import choice, find, measure
from visprog_tools.hub import grounding_dino, owlv2, rtdetr
from visprog_tools.hub.detection import Boxes, phrase
from visprog_tools.hub.entries import MODELS
from visprog_tools.nouns import classes

WORDS = ("red", "car", "cat", "dog", "person", "truck", "chair")
KINDS: dict[str, Any] = {
    "owlv2": owlv2.Owlv2Base,
    "grounding": grounding_dino.GroundingDinoTiny,
    "mm": grounding_dino.LLMDetTiny,
    "rtdetr": rtdetr.RTDetrV2R18,
}
OPEN = ("owlv2", "grounding", "mm")
VOC = {
    "motorcycle": "motorbike", "airplane": "aeroplane", "couch": "sofa", "tv": "tvmonitor",
    "potted plant": "pottedplant", "dining table": "diningtable",
}  # fmt: skip


def make_owlv2(folder: Path) -> Path:
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = ["!", *letters, *(f"{letter}</w>" for letter in letters)]
    vocab = {piece: place for place, piece in enumerate(pieces)}
    vocab |= {"<|startoftext|>": len(vocab), "<|endoftext|>": len(vocab) + 1}
    transformers.CLIPTokenizer(vocab, [], pad_token="!").save_pretrained(folder)
    transformers.Owlv2ImageProcessorPil(size={"height": 128, "width": 128}).save_pretrained(folder)
    layer = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    config = transformers.Owlv2Config(
        text_config={
            **layer, "num_attention_heads": 2, "vocab_size": len(vocab),
            "max_position_embeddings": 40, "bos_token_id": len(vocab) - 2,
            "eos_token_id": len(vocab) - 1, "pad_token_id": 0,
        },
        vision_config={**layer, "num_attention_heads": 2, "image_size": 128, "patch_size": 32},
        projection_dim=16,
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.Owlv2ForObjectDetection(config).save_pretrained(folder)
    return folder


def make_dino(folder: Path, kind: str) -> Path:
    pieces = [f"[{n}]" for n in range(1040)]
    special = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103}
    for piece, place in {**special, ".": 1012, "?": 1029}.items():
        pieces[place] = piece
    pieces[200 : 200 + len(WORDS)] = WORDS
    vocab = {piece: place for place, piece in enumerate(pieces)}
    transformers.BertTokenizer(vocab).save_pretrained(folder)
    size = {"shortest_edge": 96, "longest_edge": 192}
    transformers.GroundingDinoImageProcessorPil(size=size).save_pretrained(folder)
    swin = transformers.SwinConfig(
        image_size=32, patch_size=4, embed_dim=8, depths=[1] * 4, num_heads=[1] * 4,
        window_size=4, out_indices=[2, 3, 4],
    )  # fmt: skip
    bert = transformers.BertConfig(
        vocab_size=1040, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=64,
    )  # fmt: skip
    config = getattr(transformers, f"{kind}Config")(
        backbone_config=swin, text_config=bert, num_queries=20, d_model=32, max_text_len=24,
        encoder_layers=1, encoder_ffn_dim=16, encoder_attention_heads=2, decoder_layers=2,
        decoder_ffn_dim=16, decoder_attention_heads=2,
    )  # fmt: skip
    torch.manual_seed(0)
    getattr(transformers, f"{kind}ForObjectDetection")(config).save_pretrained(folder)
    return folder


def make_rtdetr(folder: Path, labels: list[str]) -> Path:
    resnet = transformers.RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8] * 4, depths=[1] * 4, layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )  # fmt: skip
    config = transformers.RTDetrV2Config(
        backbone_config=resnet, encoder_hidden_dim=16, encoder_in_channels=[8] * 3,
        encoder_ffn_dim=16, encoder_attention_heads=2, d_model=16, num_queries=10,
        decoder_in_channels=[16] * 3, decoder_ffn_dim=16, decoder_layers=2,
        decoder_attention_heads=2, id2label=dict(enumerate(labels)),
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.RTDetrV2ForObjectDetection(config).save_pretrained(folder)
    size = {"height": 64, "width": 64}
    transformers.RTDetrImageProcessorPil(size=size).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks as small as these run slower on many."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    root = tmp_path_factory.mktemp("detection")
    return {
        "owlv2": make_owlv2(root / "owlv2"),
        "grounding": make_dino(root / "grounding", "GroundingDino"),
        "mm": make_dino(root / "mm", "MMGroundingDino"),
        "rtdetr": make_rtdetr(root / "rtdetr", [VOC.get(name, name) for name in classes()]),
        "three": make_rtdetr(root / "three", ["Drones", "bird", "kite string"]),
    }


@pytest.fixture
def made(folders: Mapping[str, Path]) -> Callable[..., Any]:
    def make(family: str, **options: str) -> Any:
        kind = KINDS.get(family, rtdetr.RTDetrV2R18)
        named = {f"weights.{kind.weights}": str(folders[family]), "device": "cpu"}
        backend = kind({**named, **options})
        backend.ready()
        return backend

    return make


def noise(width: int, height: int, seed: int = 0) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image(pixels, f"noise {seed}")


def drawn(width: int, height: int, box: tuple[int, int, int, int]) -> Image:
    """A white rectangle on black."""
    pixels = np.zeros((height, width, 3), np.uint8)
    left, top, right, bottom = box
    pixels[top:bottom, left:right] = 255
    return Image(pixels, "drawn")


def detect(backend: Any, *asked: tuple[Image, str]) -> list[Any]:
    return list(backend.run("detect", [{"image": image, "name": name} for image, name in asked]))


def value(result: Any) -> Any:
    assert isinstance(result, Output), result
    return result.value


def everything(patch: pytest.MonkeyPatch) -> None:
    """No thresholds, so that networks of chance find something; nothing is thrown together."""
    for kind in KINDS.values():
        patch.setattr(kind, "threshold", 0.0)
        patch.setattr(kind, "same", 1.0)
    patch.setattr(grounding_dino.GroundingDino, "text_threshold", 0.0)


def white(pictures: Any, masks: Any = None) -> Any:
    """Where a network that is right finds the white of its inputs: (n, 1, 4) shares of where the
    masks are 1, middle and size."""
    found = []
    for place, picture in enumerate(pictures):
        middle = (picture.amax() + picture.amin()) / 2
        rows, columns = ((picture[0] > middle).any(dim=axis).nonzero()[:, 0] for axis in (1, 0))
        high, wide = picture.shape[1:]
        if masks is not None:
            high, wide = int(masks[place, :, 0].sum()), int(masks[place, 0].sum())
        left, right = columns.min() / wide, (columns.max() + 1) / wide
        top, bottom = rows.min() / high, (rows.max() + 1) / high
        middles = (left + right) / 2, (top + bottom) / 2
        found.append([[*middles, right - left, bottom - top]])
    return torch.tensor(found)


class Passes:
    """Puts networks in place that find the white, and keeps the shapes of their inputs."""

    def __init__(self, patch: pytest.MonkeyPatch, score: float = 0.9) -> None:
        self.inputs: list[tuple[int, ...]] = []
        self.logit = float(torch.tensor(score).logit())
        self.boxes: Callable[..., Any] = white
        for dino in ("GroundingDino", "MMGroundingDino"):
            kind = getattr(transformers, f"{dino}ForObjectDetection")
            patch.setattr(kind, "forward", self._dino())
        patch.setattr(transformers.RTDetrV2ForObjectDetection, "forward", self._rtdetr())
        owl = transformers.Owlv2ForObjectDetection
        patch.setattr(owl, "image_embedder", self._embedder())
        patch.setattr(owl, "box_predictor", lambda _, features, grid: features[:, :, :4])
        patch.setattr(owl, "class_predictor", self._classes())

    def _dino(self) -> Any:
        def forward(
            _: Any, pixel_values: Any, pixel_mask: Any, input_ids: Any, attention_mask: Any
        ) -> Any:
            self.inputs.append(tuple(pixel_values.shape))
            logits = torch.full((len(input_ids), 1, 24), -torch.inf)
            logits[:, 0, : input_ids.shape[1]] = torch.where(attention_mask > 0, 9.0, -torch.inf)
            words = (input_ids >= 200) & (input_ids < 1012)
            logits[:, 0, : input_ids.shape[1]][words] = self.logit
            return SimpleNamespace(logits=logits, pred_boxes=self.boxes(pixel_values, pixel_mask))

        return forward

    def _rtdetr(self) -> Any:
        def forward(_: Any, pixel_values: Any) -> Any:
            self.inputs.append(tuple(pixel_values.shape))
            logits = torch.full((len(pixel_values), 1, 80), -9.0)
            logits[:, 0, classes().index("cat")] = self.logit
            logits[:, 0, classes().index("car")] = self.logit - 0.5
            return SimpleNamespace(logits=logits, pred_boxes=self.boxes(pixel_values))

        return forward

    def _embedder(self) -> Any:
        def embed(_: Any, pixel_values: Any) -> Any:
            self.inputs.append(tuple(pixel_values.shape))
            return torch.nn.functional.pad(self.boxes(pixel_values), (0, 12))[:, None], None

        return embed

    def _classes(self) -> Any:
        def predict(_: Any, features: Any, queries: Any) -> Any:
            return torch.full((1, features.shape[1], queries.shape[1]), self.logit), None

        return predict


# -- geometry

PLACED = [
    (60, 45, (10, 20, 33, 41)),
    (45, 60, (10, 20, 33, 41)),
    (45, 60, (0, 0, 45, 60)),
    (64, 64, (40, 2, 64, 30)),
    (60, 20, (31, 5, 60, 20)),
    (20, 60, (5, 31, 20, 60)),
]


@pytest.mark.parametrize("family", KINDS)
@pytest.mark.parametrize(("width", "height", "box"), PLACED)
def test_a_box_comes_back_to_the_pixel(
    family: str, width: int, height: int, box: Any, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = Passes(monkeypatch)
    image = drawn(width, height, box)
    if box == (0, 0, width, height):  # all white has no edge to be found
        monkeypatch.setattr(passes, "boxes", lambda *_: torch.tensor([[[0.5, 0.5, 1.0, 1.0]]]))
    (found,) = value(detect(made(family), (image, "cat"))[0])
    np.testing.assert_allclose(found.box, box, atol=1.0)
    assert found.label == "cat" and found.score == pytest.approx(0.9, abs=1e-3)
    assert found.image is image


@pytest.mark.parametrize("family", OPEN[1:])
def test_pictures_of_different_sizes_share_a_pass_and_keep_their_places(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = Passes(monkeypatch)
    sizes = [(64, 47), (64, 45), (64, 43), (47, 64)]
    images = [drawn(w, h, (20, 10, 40, 30)) for w, h in sizes]
    for one in detect(made(family), *((image, "cat") for image in images)):
        np.testing.assert_allclose(value(one)[0].box, (20, 10, 40, 30), atol=1.0)
    assert sorted(shape[0] for shape in passes.inputs) == [1, 3]
    assert all(side % 32 == 0 for shape in passes.inputs for side in shape[2:])


def test_owlv2_pads_with_black_at_the_right_and_at_the_bottom(made: Any) -> None:
    backend = made("owlv2")
    mean, std = (np.array(one)[:, None] for one in (backend._mean, backend._std))
    for width, height in ((60, 30), (30, 60)):
        image = Image(np.full((height, width, 3), 255, np.uint8))
        seen = backend._square(image).numpy()
        shown = np.round((seen.reshape(3, -1) * std + mean) * 255).reshape(3, 128, 128)
        inside = np.zeros((128, 128), np.bool_)
        inside[: 128 * height // 60, : 128 * width // 60] = True
        edge = abs(shown - np.where(inside, 255, 0)).max(axis=0) > 1
        assert edge.sum() <= 2 * 128  # two rows or columns, where white and black are mixed


@pytest.mark.parametrize("family", KINDS)
def test_boxes_are_clipped_and_none_is_under_a_pixel(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = Passes(monkeypatch)
    backend, image = made(family), noise(50, 50)
    passes.boxes = lambda *_: torch.tensor([[[0.0, 0.5, 0.5, 3.0]]])
    (found,) = value(detect(backend, (image, "cat"))[0])
    assert found.box == (0, 0, 12.5, 50)
    for middle, size in ((0.5, 0.01), (1.2, 0.2), (-3.0, 0.5)):
        passes.boxes = lambda *_, m=middle, s=size: torch.tensor([[[m, 0.5, s, 0.5]]])
        assert value(detect(made(family), (image, "cat"))[0]) == []


# -- what comes out


@pytest.mark.parametrize("family", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (3, 300), (300, 3), (7, 5)])
def test_pictures_of_odd_sizes(
    family: str, size: tuple[int, int], made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything(monkeypatch)
    image = noise(*size)
    for region in value(detect(made(family), (image, "cat"))[0]):
        left, top, right, bottom = region.box
        assert 0 <= left < right <= image.width and 0 <= top < bottom <= image.height
        assert 0 <= region.score <= 1


@pytest.mark.parametrize("family", KINDS)
def test_a_batch_is_what_its_calls_are_alone(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything(monkeypatch)
    images = [noise(w, h, n) for n, (w, h) in enumerate([(60, 45), (45, 60), (60, 44)])]
    asked = [(image, name) for image in images for name in ("cat", "person")]
    found = detect(made(family), *asked, asked[0])
    assert found[-1] == found[0]
    for pair, together in zip(asked, found[:-1], strict=True):
        (alone,) = detect(made(family), pair)
        assert len(value(together)) == len(value(alone)) > 0
        scores = [[region.score for region in value(one)] for one in (together, alone)]
        np.testing.assert_allclose(scores[0], scores[1], atol=1e-4)
        assert scores[0] == sorted(scores[0], reverse=True)
        boxes = [np.array(sorted(r.box for r in value(one))) for one in (together, alone)]
        np.testing.assert_allclose(boxes[0], boxes[1], atol=1e-2)


@pytest.mark.parametrize("family", OPEN)
def test_a_name_is_asked_as_it_is_and_is_the_label(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Passes(monkeypatch)
    image = drawn(40, 40, (10, 10, 30, 30))
    found = detect(made(family), (image, " the Red  car."), (image, "cat?"), (image, " .?"))
    assert [value(one)[0].label for one in found[:2]] == ["the Red car.", "cat?"]
    assert isinstance(found[2], ToolError) and "want a name, got ' .?'" in str(found[2])
    assert phrase(" the Red  car.") == "red car" and phrase("Mr. T's T-shirt?") == "mr t's t-shirt"


@pytest.mark.parametrize("family", KINDS)
def test_nothing_below_the_threshold_is_found(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made(family)
    image = drawn(40, 40, (10, 10, 30, 30))
    Passes(monkeypatch, backend.threshold - 0.01)
    assert value(detect(backend, (image, "cat"))[0]) == []
    Passes(monkeypatch, backend.threshold + 0.01)
    assert len(value(detect(made(family), (image, "cat"))[0])) == 1
    assert backend.parameters["threshold"] == backend.threshold


@pytest.mark.parametrize("family", KINDS)
def test_no_nan_leaves_and_only_its_picture_fails(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = Passes(monkeypatch)
    fine, bad = drawn(40, 40, (10, 10, 30, 30)), drawn(40, 40, (1, 1, 30, 30))

    def boxes(pictures: Any, masks: Any = None) -> Any:
        made = white(pictures, masks)
        made[made[:, 0, 0] < 0.45] = torch.nan
        return made

    passes.boxes = boxes
    good, error = detect(made(family), (fine, "cat"), (bad, "cat"))
    assert len(value(good)) == 1
    assert isinstance(error, ToolError) and "boxes that are no numbers" in str(error)


@pytest.mark.parametrize("family", KINDS)
def test_less_precision_moves_no_box_far(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything(monkeypatch)
    image = noise(60, 45)
    less, full = (
        {r.score: r for r in value(detect(backend, (image, "cat"))[0])}
        for backend in (made(family, dtype="bfloat16"), made(family))
    )
    assert len(less) and made(family, dtype="bfloat16").model.dtype == "bfloat16"
    sides = {side for region in less.values() for side in region.box}
    rough = [side for side in sides if float(torch.tensor(side / 60).bfloat16()) == side / 60]
    assert len(rough) < len(sides) / 4  # the boxes themselves are not of bfloat16
    assert max(less) == pytest.approx(max(full), abs=0.1)


@pytest.mark.parametrize("family", KINDS)
def test_no_calls_no_work(family: str, made: Any) -> None:
    assert made(family).run("detect", []) == []


def test_a_program_runs(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Passes(monkeypatch)
    backend = made("grounding")
    specs = [module.__dict__[name].__visprog_tool__ for module, name in (
        (find, "detect"), (measure, "count"), (choice, "largest"))]  # fmt: skip
    agent = Agent(tools=Toolset(specs, {"detect": backend}))
    image = drawn(60, 45, (10, 20, 33, 41))
    answer = agent.run('return count(detect(image, "cat")) + count(detect(image, "dog"))', image)
    assert answer.value == 2


# -- one by one


def test_boxes_that_overlap_a_better_one_are_thrown_away() -> None:
    places = [[0, 0, 0.5, 0.5], [0, 0, 0.5, 0.48], [0.4, 0.4, 0.9, 0.9], [0, 0, 0.2, 0.2]]
    boxes = Boxes(np.array(places, np.float32), np.array([0.5, 0.9, 0.6, 0.1], np.float32))
    assert boxes.best(0.2, 0.5).scores.tolist() == pytest.approx([0.9, 0.6])
    assert boxes.best(0.2).scores.tolist() == pytest.approx([0.9, 0.6, 0.5])
    assert boxes.best(0.95, 0.5).regions(noise(9, 9), "a") == []


def test_owlv2_looks_once_at_a_picture(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    passes, backend = Passes(monkeypatch), made("owlv2")
    image, other = drawn(40, 40, (10, 10, 30, 30)), drawn(50, 40, (10, 10, 30, 30))
    detect(backend, (image, "cat"), (image, "dog"), (drawn(40, 40, (10, 10, 30, 30)), "cat"))
    detect(backend, (image, "person"), (other, "cat"), (other, "dog"))
    assert [shape[0] for shape in passes.inputs] == [1, 1]


def test_owlv2_gives_what_its_own_forward_gives(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    everything(monkeypatch)
    backend, image = made("owlv2"), noise(60, 45)
    with torch.inference_mode(), backend._module() as module:
        text = backend._tokenizer(
            "a photo of a cat", padding="max_length", max_length=40, return_tensors="pt"
        )
        told = module(pixel_values=backend._square(image)[None], **text)
    want = transformers.Owlv2ImageProcessorPil().post_process_object_detection(
        told, threshold=0.0, target_sizes=[(45, 60)]
    )[0]
    found = {round(region.score, 5) for region in value(detect(backend, (image, "cat"))[0])}
    assert len(found) > 3 and found <= {round(float(score), 5) for score in want["scores"]}
    (best, *_) = value(detect(backend, (image, "cat"))[0])
    place = int((want["scores"] - best.score).abs().argmin())
    limits = np.array([60, 45, 60, 45])
    np.testing.assert_allclose(
        best.box, np.clip(want["boxes"][place].numpy(), 0, limits), atol=1e-3
    )


@pytest.mark.parametrize("family", OPEN[1:])
def test_grounding_dino_gives_what_its_own_processor_gives(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything(monkeypatch)
    backend, image = made(family), noise(96, 96)  # a canvas without padding
    with torch.inference_mode(), backend._module() as module:
        inputs = transformers.GroundingDinoProcessor(backend._processor, backend._tokenizer)(
            images=image.pixels, text="cat.", return_tensors="pt"
        )
        told = module(**inputs)
    regions = value(detect(backend, (image, "cat"))[0])
    scores = told.logits[0, :, 1].sigmoid()
    assert regions[0].score == pytest.approx(float(scores.max()), abs=1e-5)
    x, y, wide, high = (told.pred_boxes[0, int(scores.argmax())] * 96).tolist()
    box = np.array((x - wide / 2, y - high / 2, x + wide / 2, y + high / 2))
    np.testing.assert_allclose(regions[0].box, box.clip(0, 96), atol=1e-3)


def test_grounding_dino_wants_all_words_on_the_average(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forward(_: Any, input_ids: Any, **more: Any) -> Any:
        logits = torch.full((len(input_ids), 2, 24), -torch.inf)
        logits[:, 0, 1:3] = torch.tensor([0.5, 0.05]).logit()  # red, and hardly a car
        logits[:, 1, 1:3] = torch.tensor([0.35, 0.6]).logit()
        logits[:, :, 3] = 5.0  # the full stop counts for nothing
        boxes = torch.tensor([[[0.2, 0.2, 0.2, 0.2], [0.7, 0.7, 0.2, 0.2]]])
        return SimpleNamespace(logits=logits, pred_boxes=boxes.expand(len(input_ids), -1, -1))

    monkeypatch.setattr(transformers.GroundingDinoForObjectDetection, "forward", forward)
    (found,) = value(detect(made("grounding"), (noise(50, 50), "red car"))[0])
    assert found.score == pytest.approx(0.6) and found.center == pytest.approx((35, 35))


def test_names_that_are_too_long_or_of_strange_letters_are_unknown(made: Any) -> None:
    image = noise(30, 30)
    for family, name, why in (
        ("owlv2", "x" * 50, "reads texts of 40 word pieces"),
        ("grounding", "cat " * 30, "reads 24 word pieces"),
        ("grounding", "猫", "knows none of the letters"),
    ):
        long, short = detect(made(family), (image, name), (image, "cat"))
        assert isinstance(value(long), Unknown) and why in value(long).reason
        assert isinstance(value(short), list)


def test_rtdetr_names_everything_by_the_classes_of_coco(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes, backend = Passes(monkeypatch), made("rtdetr")
    image = drawn(60, 45, (10, 20, 33, 41))
    (found,) = value(backend.run("objects", [{"image": image}])[0])
    assert found.label == "cat"
    (pet,) = value(detect(backend, (image, "kittens"))[0])
    assert pet.box == found.box and len(passes.inputs) == 1
    car = detect(backend, (image, "cars"))[0]
    assert value(car)[0].label == "car" and "may be a 'cat'" in car.notices[-1]
    assert value(detect(backend, (image, "sofa"))[0]) == []
    animal = detect(backend, (image, "animal"))[0]
    assert value(animal)[0].label == "cat" and "rtdetr-v2-r18 knows" in animal.notices[0]


def test_rtdetr_judges_adjectives_and_abstains_on_other_nouns(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Passes(monkeypatch)
    backend, image = made("rtdetr"), drawn(60, 45, (10, 20, 33, 41))
    yes, no, lamp, empty = detect(
        backend, (image, "white cat"), (image, "red cat"), (image, "lamp"), (image, " ")
    )
    assert len(value(yes)) == 1 and "1 kept that are white" in yes.notices[-1]
    assert value(no) == []
    reason = value(lamp).reason
    assert "knows 80 classes; 'lamp' is not one" in reason and "detect=NAME" in reason
    assert all(name in reason for name, model in MODELS.items() if "owlv2" in name)
    assert isinstance(empty, ToolError)


def test_rtdetr_of_other_classes_knows_these_only(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything(monkeypatch)
    backend, image = made("three"), noise(60, 45)
    labels = {region.label for region in value(backend.run("objects", [{"image": image}])[0])}
    assert labels <= {"drone", "bird", "kite string"} and labels
    drone, cat = detect(backend, (image, "a drone"), (image, "cat"))
    assert all(isinstance(region, Region) for region in value(drone)) and value(drone)
    assert "knows 3 classes; 'cat' is not one" in value(cat).reason


def test_weights_of_another_network_do_not_load(folders: Mapping[str, Path]) -> None:
    for family, other, why in (
        ("owlv2", "rtdetr", "has no vocabulary"),
        ("rtdetr", "grounding", "weights of grounding-dino, not of RTDetrV2ForObjectDetection"),
        ("grounding", "mm", "weights of mm-grounding-dino, not of GroundingDino"),
    ):
        kind = KINDS[family]
        with pytest.raises(WeightsError, match=why):
            kind({f"weights.{kind.weights}": str(folders[other]), "device": "cpu"}).ready()


def test_every_backend_has_an_entry_of_its_name() -> None:
    kinds = [
        owlv2.Owlv2Base, owlv2.Owlv2Large, grounding_dino.GroundingDinoTiny,
        grounding_dino.GroundingDinoBase, grounding_dino.MMGroundingDinoTiny,
        grounding_dino.LLMDetTiny, grounding_dino.LLMDetBase, rtdetr.RTDetrV2R18,
        rtdetr.RTDetrV2R50,
    ]  # fmt: skip
    for kind in kinds:
        assert kind.name == kind.weights and kind.name in MODELS
    opens = {kind.name for kind in kinds if kind.serves == ("detect",)}
    assert all(name in rtdetr.HELP for name in opens)
