"""Models that compare pictures with texts, and vectors of pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers

from tests.contrastive_models import (
    KINDS,
    ODD,
    SIDE,
    Eyes,
    halves,
    make_all,
    noise,
    plain,
    ready,
    value,
)
from visprog import Agent
from visprog.errors import ToolError, WeightsError
from visprog.tool import Toolset
from visprog.values import Image, Region, Unknown
from visprog_tools import look
from visprog_tools.hub import clip
from visprog_tools.hub.encoding import around, pixel_values
from visprog_tools.hub.entries import MODELS

TEXTS = {"chinese": ("红色的车", "绿色的车", "车")}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks as small as these run slower on many."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    return make_all(tmp_path_factory.mktemp("contrastive"))


@pytest.fixture
def made(folders: Mapping[str, Path]) -> Callable[..., Any]:
    def make(family: str, **options: str) -> Any:
        return ready(KINDS[family], folders[family], **options)

    return make


def texts_of(family: str) -> tuple[str, ...]:
    return TEXTS.get(family, ("a red car", "a green car", "dog"))


def matches(backend: Any, *asked: tuple[Any, str]) -> list[float]:
    calls = [{"image": image, "text": text} for image, text in asked]
    return [value(one) for one in backend.run("match", calls)]


# -- one picture, one text


@pytest.mark.parametrize("family", KINDS)
def test_a_match_is_what_the_whole_model_says(family: str, made: Any, folders: Any) -> None:
    backend = made(family)
    text = texts_of(family)[0]
    image = noise(40, 40)
    module = backend.make(backend.found).eval()
    said = [backend.PHRASE.format(one) for one in (text, backend.NEUTRAL)]
    if family == "siglip":  # by its own tokenizer's normal way
        tokenizer = backend._tokenizer
        rows = [[*tokenizer(one).input_ids, tokenizer.eos_token_id] for one in said]
        inputs = {"input_ids": torch.tensor([row + [0] * (64 - len(row)) for row in rows])}
    else:
        inputs = backend._tokenizer(said, padding=True, return_tensors="pt")
    inputs["pixel_values"] = pixel_values(backend._processor, [image])["pixel_values"]
    with torch.inference_mode():
        logits = module(**inputs).logits_per_image[0].double()
    want = logits[0].sigmoid() if family == "siglip" else logits.softmax(0)[0]
    (found,) = matches(backend, (image, text))
    assert found == pytest.approx(float(want), abs=1e-4)
    assert 0 < found < 1


@pytest.mark.parametrize("family", KINDS)
def test_a_batch_is_what_its_calls_are_alone(family: str, made: Any) -> None:
    image, left, right = halves()
    texts = texts_of(family)
    asked = [(one, text) for one in (image, left, right, noise(30, 70)) for text in texts]
    together = matches(made(family), *asked)
    alone = made(family)
    for pair, found in zip(asked, together, strict=True):
        assert matches(alone, pair) == [pytest.approx(found, abs=1e-5)]
    assert len({round(one, 6) for one in together}) > len(texts)


@pytest.mark.parametrize("family", KINDS)
def test_odd_sizes_and_regions_of_any_kind_go_through(family: str, made: Any) -> None:
    backend, text = made(family), texts_of(family)[0]
    for width, height in ODD:
        image = noise(width, height)
        boxes = [(0, 0, width, height), (0, 0, 0, 0), (-9, -9, 99, 99), (1e4, 1e4, 1e5, 1e5)]
        things: list[Image | Region] = [image, *(Region(image, box, "car") for box in boxes)]
        assert all(0 <= one <= 1 for one in matches(backend, *((one, text) for one in things)))


@pytest.mark.parametrize("family", KINDS)
def test_bfloat16_is_near_float32(family: str, made: Any) -> None:
    image = noise(40, 40)
    asked = [(image, text) for text in texts_of(family)]
    for a, b in zip(
        matches(made(family), *asked), matches(made(family, dtype="bfloat16"), *asked), strict=True
    ):
        assert a == pytest.approx(b, abs=0.1)


def test_equal_pictures_and_texts_are_encoded_once(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made("clip")
    eyes = Eyes(monkeypatch, backend)
    image, left, right = halves()
    again = Region(image, left.box, "bus", 0.5)  # elsewhere named, but the same place
    pairs = [(one, text) for one in (image, left, right, again) for text in ("red", "green")]
    matches(backend, *pairs)
    assert eyes.pictures == [3]
    (once,) = eyes.texts
    said = ["aphotoofgreen.", "aphotoofred.", "aphotoofsomething."]
    assert sorted(text.replace(" ", "") for text in once) == said
    matches(backend, *pairs, (plain(9, 9, 0, 0, 255), "red"))
    assert eyes.pictures == [3, 1] and len(eyes.texts) == 1


def test_match_grows_with_the_likeness_and_is_half_where_nothing_is_said(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made("clip")
    Eyes(monkeypatch, backend)
    shades = [plain(9, 9, red, 255 - red, 0) for red in (0, 60, 120, 180, 255)]
    found = matches(backend, *((one, "red") for one in shades))
    assert found == sorted(found) and found[0] < 0.01 and found[-1] > 0.99
    assert matches(backend, (shades[0], "thing")) == [0.5]
    (result,) = backend.run("match", [{"image": shades[0], "text": "red"}])
    assert "no probability" in result.notices[0]


def test_siglip_gives_the_probability_of_its_own_sigmoid(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made("siglip")
    Eyes(monkeypatch, backend)
    results = backend.run(
        "match", [{"image": plain(9, 9, *rgb), "text": "RED"} for rgb in ((255, 0, 0), (0, 255, 0))]
    )
    assert value(results[0]) == pytest.approx(1 / (1 + math.exp(-5)), abs=1e-4)
    assert value(results[1]) == pytest.approx(1 / (1 + math.exp(5)), abs=1e-4)
    assert results[0].notices == ()


def test_siglip_reads_lower_case_padded_at_the_right_to_64(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, seen = made("siglip"), []
    real = transformers.SiglipModel.get_text_features

    def features_of(module: Any, **inputs: Any) -> Any:
        seen.append(inputs)
        return real(module, **inputs)

    monkeypatch.setattr(transformers.SiglipModel, "get_text_features", features_of)
    upper, lower = matches(backend, (noise(9, 9), "A Red CAR"), (noise(9, 9), "a red car"))
    assert upper == lower
    (row, *_) = seen[0]["input_ids"].tolist()
    assert list(seen[0]) == ["input_ids"] and len(row) == 64
    end = row.index(1)
    assert 2 not in row and set(row[end + 1 :]) == {0}
    assert backend._tokenizer.decode(row[:end]) == "this is a photo of a red car."


# -- regions


@pytest.mark.parametrize(
    ("box", "want"),
    [
        ((40, 40, 60, 60), (38, 38, 62, 62)),  # a tenth on each side
        ((45, 20, 55, 80), (14, 14, 86, 86)),  # square, by the longer side
        ((0, 40, 20, 60), (0, 38, 24, 62)),  # moved into the picture
        ((0, 0, 200, 10), (0, 0, 200, 100)),  # as square as the picture allows
    ],
)
def test_a_region_is_shown_with_what_is_around_it(
    box: tuple[float, ...], want: tuple[float, ...]
) -> None:
    region = Region(noise(200, 100), box, "car")  # type: ignore[arg-type]
    assert around(region) == pytest.approx(want)


@pytest.mark.parametrize("family", ["clip", "siglip"])
def test_of_a_region_only_its_part_is_seen(
    family: str, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made(family)
    Eyes(monkeypatch, backend)
    for size in ((200, 100), (200, 900)):
        _, left, right = halves(*size)
        calls = [{"subject": one, "options": ["green", "red"]} for one in (left, right)]
        assert [value(one) for one in backend.run("choose", calls)] == ["red", "green"]


def test_a_long_picture_is_cut_before_it_is_scaled_and_nothing_else_changes(made: Any) -> None:
    processor = made("clip")._processor
    for width, height in ((40, 320), (320, 40), (20, 330), (1, 999)):
        image = noise(width, height)
        whole = processor([image.pixels], input_data_format="channels_last", return_tensors="pt")
        cut = pixel_values(processor, [image])["pixel_values"]
        assert cut.shape == (1, 3, *SIDE.values())
        torch.testing.assert_close(cut, whole["pixel_values"], atol=0.05, rtol=0)


# -- options


def test_the_best_option_is_chosen_and_a_close_second_is_told_of(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made("clip")
    eyes = Eyes(monkeypatch, backend)
    red, mixed = plain(9, 9, 255, 0, 0), plain(9, 9, 255, 254, 0)
    calls = [{"image": one, "options": ["green", "the red", "blue"]} for one in (red, mixed)]
    first, second = backend.run("classify", calls)
    assert value(first) == value(second) == "the red" and first.notices == ()
    assert (
        "'the red'" in second.notices[0] and "hardly fits better than 'green'" in second.notices[0]
    )
    assert {text.replace(" ", "") for text in eyes.texts[0]} == {
        f"aphotoofa{shade}." for shade in ("green", "red", "blue")
    }
    (only,) = backend.run("classify", [{"image": red, "options": ["blue", "blue"]}])
    assert value(only) == "blue" and "only option" in only.notices[0]


@pytest.mark.parametrize("tool", ["choose", "classify"])
def test_options_that_are_none_are_refused_each_by_itself(tool: str, made: Any) -> None:
    backend, subject = made("clip"), "subject" if tool == "choose" else "image"
    lists = [[], ["red", " "], ["a cat", "Cat"], ["red", "green"]]
    calls = [{subject: noise(9, 9), "options": one} for one in lists]
    *errors, fine = backend.run(tool, calls)
    wants = ("want options, got none", "want words, got an empty", "differ by more than case")
    for error, want in zip(errors, wants, strict=True):
        assert isinstance(error, ToolError) and want in str(error)
    assert value(fine) in ("red", "green")
    assert backend.run(tool, []) == []


# -- statements


def verified(backend: Any, subject: Any, *statements: str) -> list[Any]:
    return list(backend.run("verify", [{"subject": subject, "statement": s} for s in statements]))


def test_a_colour_is_weighed_against_the_others(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = made("clip")
    eyes = Eyes(monkeypatch, backend)
    _, red, green = halves()
    said = ("red", "not red", "it is not green", "it is green", "Isn't red")
    results = verified(backend, red, *said)
    assert [value(one) for one in results] == [True, False, True, False, False]
    assert [value(one) for one in verified(backend, green, *said)] == [
        False,
        True,
        False,
        True,
        True,
    ]
    assert "a heuristic: 'a red car'" in results[0].notices[0]
    assert "than other words of color" in results[0].notices[0]
    assert any(text.replace(" ", "") == "aphotoofabluecar." for text in eyes.texts[0])


def test_another_statement_is_weighed_against_what_leaves_it_open(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made("clip")
    Eyes(monkeypatch, backend)
    image, red, _ = halves()
    told = verified(backend, red, "parked in green grass", "parked on red ground", "car")
    assert [value(one) for one in told[:2]] == [False, True]
    assert "than 'a car'" in told[0].notices[0] and "than 'something'" in told[2].notices[0]
    (whole,) = verified(backend, image, "red ground somewhere")
    assert "than 'something'" in whole.notices[0]


def test_place_and_size_are_measured(made: Any) -> None:
    image, left, right = halves()
    backend = made("clip")
    told = verified(backend, left, "on the left", "on the right", "not on the left")
    assert [value(one) for one in told] == [True, False, False]
    (whole,) = verified(backend, image, "on the left")
    assert isinstance(value(whole), Unknown) and "one of its regions" in value(whole).reason
    options = ["on the left", "on the right"]
    calls = [{"subject": one, "options": options} for one in (left, right)]
    assert [value(one) for one in backend.run("choose", calls)] == options
    (empty,) = verified(backend, left, " ")
    assert isinstance(empty, ToolError) and "got an empty text" in str(empty)


def test_chinese_is_read_and_denied_in_chinese(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = made("chinese")
    Eyes(monkeypatch, backend)
    _, red, _ = halves()
    told = verified(backend, red, "红色", "绿色", "不是绿色")
    assert [value(one) for one in told] == [True, False, True]


# -- what they cannot do


@pytest.mark.parametrize(("family", "text"), [("clip", "红色的车"), ("chinese", "a red car")])
def test_another_script_is_not_guessed_at(family: str, text: str, made: Any) -> None:
    backend = made(family)
    (result,) = backend.run("match", [{"image": noise(9, 9), "text": text}])
    assert f"reads {backend.LANGUAGE}" in value(result).reason
    assert "SigLIP 2" in value(result).reason


@pytest.mark.parametrize(
    ("family", "most"), [("clip", 77), ("siglip", 64), ("chinese", 52), ("lit", 96)]
)
def test_a_text_that_is_too_long_is_told_of_and_spoils_no_other(
    family: str, most: int, made: Any
) -> None:
    backend = made(family)
    short = texts_of(family)[0]
    calls = [{"image": noise(9, 9), "text": text} for text in (short * 40, short)]
    long, fine = backend.run("match", calls)
    assert f"reads texts of {most} word pieces" in value(long).reason
    assert 0 < value(fine) < 1


@pytest.mark.parametrize("side", ["get_image_features", "get_text_features"])
def test_no_nan_leaves(side: str, made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = made("clip")

    def broken(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(pooler_output=torch.full((3, 16), torch.nan))

    monkeypatch.setattr(transformers.CLIPModel, side, broken)
    options = ["red", "green", "blue"]
    for _ in range(2):
        results = backend.run(
            "choose", [{"subject": noise(9, 9, n), "options": options} for n in range(3)]
        )
        assert all("no numbers" in str(one) for one in results)


def test_weights_of_another_kind_are_refused(folders: Mapping[str, Path]) -> None:
    with pytest.raises(WeightsError):
        ready(KINDS["siglip"], folders["clip"])


def test_a_locked_tower_wants_a_folder(folders: Mapping[str, Path]) -> None:
    entry = MODELS["lit"]
    with pytest.raises(WeightsError, match=r"--weights lit=FOLDER"):
        clip.Lit({"device": "cpu"}).ready()
    with pytest.raises(WeightsError, match="not fetched"):
        entry.pull()
    with pytest.raises(WeightsError, match="is not known"):
        entry.verify()
    assert entry.find({"weights.lit": str(folders["lit"])}).folder == folders["lit"]


def test_a_program_asks_them(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = made("siglip")
    Eyes(monkeypatch, backend)
    specs = [getattr(look, name).__visprog_tool__ for name in backend.serves]
    agent = Agent(planner=None, tools=Toolset(specs, dict.fromkeys(backend.serves, backend)))
    image = plain(20, 10, 255, 0, 0)
    program = (
        'kind = classify(image, ["green", "red"])\n'
        "fits = match(image, kind) > 0.9\n"
        'blue = verify(image, "blue")\n'
        'return f"{kind} {fits} {blue}"\n'
    )
    answer = agent.run(program, image)
    assert answer.text == "red yes no"
