"""Each backend of the hub, from its weights to an answer: `visprog run` with a tiny folder of
weights. An entry without such a folder, or a backend without a program, fails here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pictures

from tests import contrastive_models, depth_models, inpainters, question_models, segmenters
from tests.test_hub_detection import make_dino, make_owlv2, make_rtdetr
from visprog.cli import main
from visprog.tool import Catalogue
from visprog_tools import hub
from visprog_tools.hub import features, florence, got_ocr
from visprog_tools.hub.backend import HubBackend
from visprog_tools.hub.entries import MODELS
from visprog_tools.hub.inpainting import Inpainter
from visprog_tools.hub.vision_operators import declare_operators
from visprog_tools.nouns import classes

# Of diffusers' solvers, which give numpy a tensor of torch.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

BACKENDS: dict[str, Any] = dict(Catalogue.of(hub).backends)
EMBEDDERS = {
    kind.name: kind
    for kind in vars(features).values()
    if isinstance(kind, type) and issubclass(kind, HubBackend) and hasattr(kind, "name")
}
Maker = Callable[[Path], Path]


def in_folder(make: Maker) -> Maker:
    def made(folder: Path) -> Path:
        folder.mkdir()
        return make(folder)

    return made


def raft(folder: Path) -> Path:
    """Of its published size: there is no other."""
    declare_operators()
    from torchvision.models import optical_flow

    folder.mkdir()
    torch.manual_seed(0)
    network = getattr(optical_flow, folder.name.replace("-", "_"))()
    torch.save(network.state_dict(), folder / "weights.pth")
    return folder / "weights.pth"


def smol(folder: Path) -> Path:
    return question_models.make_smol(folder, "SmolVLM", "SmolVLM")


def rtdetr(folder: Path) -> Path:
    return make_rtdetr(folder, [*classes()])


def metric(folder: Path) -> Path:
    return depth_models.make_anything(folder, "metric", 20)


def relative(folder: Path) -> Path:
    return depth_models.make_anything(folder, "relative", 1)


def dino(folder: Path) -> Path:
    return make_dino(folder, "GroundingDino")


def mm_dino(folder: Path) -> Path:
    return make_dino(folder, "MMGroundingDino")


# By entry: what makes its weights.
MAKERS: dict[str, Maker] = {
    **dict.fromkeys(("owlv2-base", "owlv2-large"), make_owlv2),
    **dict.fromkeys(("grounding-dino-tiny", "grounding-dino-base"), dino),
    **dict.fromkeys(("mm-grounding-dino-tiny", "llmdet-tiny", "llmdet-base"), mm_dino),
    **dict.fromkeys(("rtdetr-v2-r18", "rtdetr-v2-r50"), rtdetr),
    **dict.fromkeys(("sam-vit-base", "sam-vit-large", "sam-vit-huge"), segmenters.make_sam),
    **dict.fromkeys(
        ("sam2-small", "sam2-base-plus", "sam2-large"),
        lambda folder: segmenters.make_sam2(folder, hidden=128),
    ),
    "sam3": segmenters.make_sam3,
    **{f"segment-anything-vit-{size}": segmenters.make_meta for size in "blh"},
    **dict.fromkeys(("raft-small", "raft-large"), raft),
    **{f"depth-anything-v2-{size}": relative for size in ("small", "base", "large")},
    **{f"depth-anything-v2-metric-{place}": metric for place in ("indoor", "outdoor")},
    "depth-pro": in_folder(depth_models.make_pro),
    **dict.fromkeys(("clip-base", "clip-large"), in_folder(contrastive_models.make_clip)),
    **dict.fromkeys(("siglip2-base", "siglip2-so400m"), in_folder(contrastive_models.make_siglip)),
    "chinese-clip-base": in_folder(contrastive_models.make_chinese),
    "lit": in_folder(contrastive_models.make_lit),
    **question_models.MAKERS,
    "smolvlm2-2b": smol,
    "qwen3-vl-4b": question_models.make_qwen,
    "sd2-inpainting": inpainters.make_sd2,
    "sdxl-inpainting": inpainters.make_sdxl,
    **dict.fromkeys(("dinov2-small", "dinov2-base"), in_folder(contrastive_models.make_dinov2)),
    "ijepa-huge": in_folder(contrastive_models.make_ijepa),
}

# By the first word that a backend serves: a program, over a picture, two, or a clip.
PROGRAMS = {
    "detect": 'return count(detect(image, "dog"))',
    "segment": 'return area(segment(detect(image, "dog"))[0])',
    "depth": 'return nearest(detect(image, "dog")).label',
    "match": 'return match(image, "a dog") >= 0',
    "vqa": 'return vqa(image, "what is this ?")',
    "caption": "return caption(image)",
    "ocr": "return count(ocr(image))",
    "flow": 'dog = detect(image, "dog")[0]\nreturn motion(dog, flow(image, image2))',
    "track": 'return count(track(video, detect(frames(video, 1)[0], "dog")[0])) > 0',
    "replace": 'return replace(image, detect(image, "dog")[0], "a cat")',
}
SHRUNK = "segment-anything"  # whose package makes networks of one size only


def words_of(name: str) -> Iterator[str]:
    """Those of which a program is run."""
    served = BACKENDS[name].serves
    yield served[0]
    if name.startswith("raft"):
        yield "track"


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random networks never come to an end; and pictures are drawn in few steps."""
    monkeypatch.setattr(got_ocr, "MOST", 8)
    monkeypatch.setattr(florence, "MOST", {"caption": 12, "ocr": 24})
    monkeypatch.setattr(Inpainter, "steps", 2)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of dogs, and frames of one that moves to the right."""
    folder = tmp_path_factory.mktemp("dogs")
    file = Path(__file__).parents[1] / "examples" / "dogs.jpg"
    with Pictures.open(file) as opened:
        small = opened.convert("RGB").resize((320, 240))
    for number in range(3):
        moved = np.roll(np.asarray(small), 2 * number, axis=1)
        Pictures.fromarray(moved).save(folder / f"{number}.png")
    return folder


def test_each_entry_has_weights_and_each_backend_a_program() -> None:
    assert set(MAKERS) == set(MODELS)
    assert {kind.weights for kind in (*BACKENDS.values(), *EMBEDDERS.values())} == set(MODELS)
    assert {word for name in BACKENDS for word in words_of(name)} <= set(PROGRAMS)


CASES = [(name, word) for name in BACKENDS for word in words_of(name)]


@pytest.mark.parametrize(("name", "word"), CASES, ids=lambda one: str(one))
def test_a_program_runs_by_it(
    name: str,
    word: str,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kind = BACKENDS[name]
    if name.startswith(SHRUNK):
        segmenters.import_meta()
        segmenters.shrink_meta(monkeypatch, kind.kind)
    weights = MAKERS[kind.weights](tmp_path / kind.weights)
    program = tmp_path / "program.vp"
    text = PROGRAMS[word].replace("a dog", "红色的狗" if "chinese" in name else "a dog")
    program.write_text(text, encoding="utf-8")
    inputs = {"flow": ["0.png", "1.png"], "track": ["."]}.get(word, ["0.png"])
    mix = ",".join(f"{one}={name}" for one in kind.serves if one in _asked(word))
    status = main(
        [
            *("run", str(program), *(str(pictures / one) for one in inputs)),
            *(["--fps", "25"] if word == "track" else []),
            *("--tools", f"embedded,{mix}", "--weights", f"{kind.weights}={weights}"),
            *("--device", "cpu", "--non-commercial", "--json", "--no-cache"),
        ]
    )
    told = json.loads(capsys.readouterr().out)
    assert status == 0 and told["status"] == "answered", told["reason"]
    models = [step["model"] for step in told["steps"] if step["tool"] in _asked(word)]
    assert any(MODELS[kind.weights].id in model for model in models), models


def _asked(word: str) -> tuple[str, ...]:
    """The words of a program that its backend serves."""
    return {"segment": ("segment", "area"), "depth": ("nearest",)}.get(word, (word,))


@pytest.mark.parametrize("name", EMBEDDERS)
def test_vectors_are_made_by_it(name: str, pictures: Path, tmp_path: Path) -> None:
    weights = MAKERS[name](tmp_path / name)
    options = {f"weights.{name}": str(weights), "device": "cpu", "non_commercial": "yes"}
    backend: Any = EMBEDDERS[name](options)
    backend.ready()
    image = contrastive_models.noise(40, 30)
    made = backend.embed([image])
    assert made.shape[0] == 1 and np.isfinite(made).all()
