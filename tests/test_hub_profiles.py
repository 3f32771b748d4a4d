"""The profiles of the hub: every word is served, and what fits a machine is chosen."""

from __future__ import annotations

from typing import Any

import pytest

from visprog.errors import SettingsError
from visprog.tool import Catalogue
from visprog_tools.hub import profiles
from visprog_tools.hub.devices import Place
from visprog_tools.hub.entries import MODELS

GB = 10**9
NAMES = (profiles.CPU_NAME, profiles.SMALL_NAME, profiles.CARD_NAME)


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_serves_what_the_embedded_one_serves(name: str) -> None:
    catalogue = Catalogue.installed()
    made = catalogue.toolset(name)
    assert set(catalogue.toolset("embedded")) <= set(made)
    kinds = {catalogue.backends[backend] for backend in catalogue.profiles[name].values()}
    entries = [MODELS[kind.weights] for kind in kinds if hasattr(kind, "weights")]
    assert entries and all(entry.commercial for entry in entries)


@pytest.mark.parametrize(
    ("name", "share", "room"),
    [(profiles.SMALL_NAME, 0.5, 8 * GB), (profiles.CARD_NAME, 0.5, 24 * GB)],
)
def test_the_weights_of_a_profile_fit_its_card(name: str, share: float, room: int) -> None:
    """In half precision, at a share of the size of files that are in float32."""
    catalogue = Catalogue.installed()
    used = {MODELS[b] for b in catalogue.profiles[name].values() if b in MODELS}
    assert share * sum(entry.size for entry in used) < 0.9 * room


@pytest.mark.parametrize(
    ("device", "budget", "taken"),
    [
        ("cpu", 0, "hub-cpu"),
        ("cuda:0", int(7.2 * GB), "hub-8gb"),
        ("cuda:0", int(21.6 * GB), "hub-24gb"),
        ("mps", 0, "hub-8gb"),
    ],
)
def test_the_profile_is_taken_by_the_device(
    device: str, budget: int, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def place(options: Any) -> Place:
        given.append(options)
        return Place(device, "float32", budget)

    monkeypatch.setattr(profiles, "place_of", place)
    assert profiles.fitting({"device": "cuda:0, cuda:1", "dtype": "float32"}) == taken
    assert given == [{"device": "cuda:0", "dtype": "float32"}]  # of several, the first


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"visprog\[models\]"):
        Catalogue.installed().toolset("hub")
