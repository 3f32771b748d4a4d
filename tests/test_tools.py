"""The package of tools as a whole: what it exports, its profiles, its abstentions, its weights."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import visprog_tools
import visprog_tools.hub
from visprog.errors import WeightsError
from visprog.tool import Backend, Catalogue, Output
from visprog.values import Image, Region, Unknown
from visprog_tools import models, words
from visprog_tools.abstain import Abstain
from visprog_tools.pixels import Pixels
from visprog_tools.relations import Relations

IMAGE = Image(np.zeros((10, 10, 3), np.uint8))
THING = Region(IMAGE, (0, 0, 5, 5), "thing")


def test_importing_the_tools_loads_nothing_heavy() -> None:
    heavy = "onnxruntime cv2 PIL torch transformers gradio rapidocr"
    code = (
        "import sys, visprog_tools; "
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_exports_are_exactly_what_is_named() -> None:
    for name in visprog_tools.__all__:
        assert hasattr(visprog_tools, name)
    catalogue = Catalogue.of(visprog_tools)
    assert set(catalogue.tools) <= set(visprog_tools.__all__)
    assert {type_.__name__ for type_ in catalogue.backends.values()} <= set(visprog_tools.__all__)


def test_every_tool_answers_in_the_embedded_profile() -> None:
    catalogue = Catalogue.of(visprog_tools)
    toolset = catalogue.toolset("embedded")
    assert set(toolset) == set(catalogue.tools) and not toolset.unserved
    for name in toolset:
        assert toolset[name].doc
        backend = toolset.backend(name)
        assert backend is None or callable(getattr(backend, name))


def test_every_backend_names_its_model_and_licence() -> None:
    for kind in Catalogue.of(visprog_tools, visprog_tools.hub).backends.values():
        assert issubclass(kind, Backend)
        model = kind({}).model
        assert model.id and model.licence
        assert model.kind in ("weights", "heuristic", "rules", "annotations")


def test_what_nothing_offline_answers_is_an_abstention_with_a_command() -> None:
    backend = Abstain({})
    answers = [
        backend.vqa(IMAGE, "why?"),
        backend.caption(IMAGE),
        backend.match(IMAGE, "a dog"),
        backend.distance(THING, THING),
    ]
    for answer in answers:
        assert isinstance(answer, Unknown)
        assert "pip install 'visprog[models]'" in answer.reason and "--tools" in answer.reason


def test_every_closed_word_is_answered_or_abstained_from() -> None:
    pixels, boxes = Pixels({}), Relations({})
    calls = [
        (pixels, "query", [{"subject": THING, "attribute": word} for word in words.ATTRIBUTES]),
        (pixels, "verify", [{"subject": THING, "statement": word} for word in words.STATEMENTS]),
        (
            boxes,
            "related",
            [{"regions": [], "relation": word, "anchor": THING} for word in words.RELATIONS],
        ),
    ]
    for backend, tool, each in calls:
        assert all(isinstance(result, Output) for result in backend.run(tool, each))


# -- weights


def test_the_weights_are_whole() -> None:
    for weights in models.WEIGHTS.values():
        assert weights.verify().is_file()
        assert weights.licence and weights.source and weights.revision


def test_absent_and_damaged_weights_are_errors_that_say_what_to_do() -> None:
    weights = models.WEIGHTS["face"]
    with pytest.raises(WeightsError, match=r"absent.*pip install"):
        replace(weights, file="nothing.onnx").where()
    with pytest.raises(WeightsError, match=r"damaged.*bytes"):
        replace(weights, size=1).where()
    with pytest.raises(WeightsError, match=r"damaged.*sha256"):
        replace(weights, sha256="0" * 64).verify()


def test_weights_that_do_not_open_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    monkeypatch.setattr(models.Weights, "where", lambda self: broken)
    with pytest.raises(WeightsError, match="do not open"):
        models.session("face")
