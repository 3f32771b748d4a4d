"""Vectors of pictures: tiny networks of DINOv2 and I-JEPA."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from tests.contrastive_models import ODD, make_all, noise, ready
from visprog.errors import SettingsError, ToolError, WeightsError
from visprog_tools.hub import clip, features
from visprog_tools.hub.backend import HubBackend
from visprog_tools.hub.encoding import pixel_values
from visprog_tools.hub.entries import MODELS

FEATURES: Mapping[str, Any] = {"dinov2": features.Dinov2Small, "ijepa": features.IJepaHuge}


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
        return ready(FEATURES[family], folders[family], non_commercial="yes", **options)

    return make


@pytest.mark.parametrize("family", FEATURES)
def test_vectors_are_unit_and_the_same_alone(family: str, made: Any) -> None:
    images = [noise(w, h, n) for n, (w, h) in enumerate([*ODD, (40, 40)])]
    together = made(family).embed([*images, images[0]])
    assert together.shape == (len(images) + 1, 16) and together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(together[0], together[-1])
    alone = made(family)
    for image, found in zip(images, together, strict=False):
        np.testing.assert_allclose(alone.embed([image])[0], found, atol=1e-5)
    assert alone.embed([]).shape == (0, 0)
    assert not np.allclose(together[3], together[6], atol=1e-3)


def test_vectors_are_pooled_as_each_paper_does(made: Any) -> None:
    image = noise(40, 40)
    pools: Mapping[str, Callable[[Any], Any]] = {
        "dinov2": lambda hidden: hidden[0, 0],
        "ijepa": lambda hidden: hidden[0].mean(0),
    }
    for family, pool in pools.items():
        backend = made(family)
        module = backend.make(backend.found).eval()
        with torch.inference_mode():
            hidden = module(**pixel_values(backend._processor, [image])).last_hidden_state
        want = torch.nn.functional.normalize(pool(hidden), dim=0)
        np.testing.assert_allclose(backend.embed([image])[0], want.numpy(), atol=1e-5)


def test_vectors_are_kept_within_their_bytes(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, sizes = made("dinov2"), []
    real = transformers.Dinov2Model.forward

    def forward(module: Any, pixel_values: Any) -> Any:
        sizes.append(len(pixel_values))
        return real(module, pixel_values)

    monkeypatch.setattr(transformers.Dinov2Model, "forward", forward)
    images = [noise(9, 9, n) for n in range(4)]
    backend.embed([images[0], images[0], images[1]])
    backend.embed(images[:3])
    assert sizes == [2, 1] and backend._kept.size == 3 * 16 * 4
    backend._kept.most = 2 * 16 * 4  # of two vectors
    backend.embed(images)
    backend.embed(images[2:])
    assert sizes == [2, 1, 1] and backend._kept.size <= backend._kept.most
    backend.batch = 2
    ready_sizes = len(sizes)
    backend.embed([noise(9, 9, n) for n in range(10, 15)])
    assert sizes[ready_sizes:] == [2, 2, 1]


def test_vectors_that_are_no_numbers_are_an_error(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = made("ijepa")
    monkeypatch.setattr(backend, "pool", lambda hidden: hidden[:, 0] * torch.nan)
    with pytest.raises(ToolError, match="no numbers"):
        backend.embed([noise(9, 9)])


def test_ijepa_wants_to_be_told_that_use_is_not_commercial(folders: Mapping[str, Path]) -> None:
    with pytest.raises(SettingsError, match="not for commercial use"):
        ready(features.IJepaHuge, folders["ijepa"])


def test_weights_of_another_kind_are_refused(folders: Mapping[str, Path]) -> None:
    with pytest.raises(WeightsError, match="has weights of"):
        ready(features.Dinov2Small, folders["ijepa"])


def test_each_backend_has_its_entry() -> None:
    for module in (clip, features):
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, HubBackend) and "name" in vars(kind):
                assert kind.name == kind.weights == MODELS[kind.weights].name
