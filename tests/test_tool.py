"""Tools, backends, profiles, and the plug-ins that bring them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest

from tests import fake_tools
from visprog.errors import SettingsError
from visprog.tool import RULES, Backend, Catalogue, Model, Toolset, ToolSpec, Words, tool
from visprog.values import Image, Metres, Region


def spec_of(func: Any) -> ToolSpec:
    spec = func.__visprog_tool__
    assert isinstance(spec, ToolSpec)
    return spec


def module(name: str, **members: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(members)
    return made


# -- tools


def test_a_tool_is_its_signature_and_docstring() -> None:
    @tool("measure", pure=True)
    def gap(a: Region, b: Region | Image, names: list[str], table: dict[str, int]) -> Metres:
        """How far apart.

        In metres."""
        return Metres(1.0)

    spec = spec_of(gap)
    assert spec.signature == (
        "gap(a: Region, b: Region | Image, names: list[str], table: dict[str, int]) -> Metres"
    )
    assert spec.doc == "How far apart.\n\nIn metres."
    assert (spec.name, spec.family, spec.pure) == ("gap", "measure", True)
    assert spec.func is gap


def test_a_tool_stays_a_function() -> None:
    assert fake_tools.tally([]) == 0


COLORS = Words(("red", "blue"), spans=False)


def test_words_of_a_parameter() -> None:
    @tool("look")
    def pick(
        one: Annotated[str, COLORS],
        several: Annotated[list[str], COLORS],
        each: list[Annotated[str, COLORS]],
        free: str,
        other: Annotated[str, "no words of ours"],
    ) -> str:
        """Pick."""
        raise NotImplementedError

    words = {param.name: param.words for param in spec_of(pick).params}
    assert words == {
        "one": COLORS,
        "several": COLORS,
        "each": COLORS,
        "free": Words(),
        "other": Words(),
    }
    assert spec_of(pick).signature == (
        "pick(one: str, several: list[str], each: list[str], free: str, other: str) -> str"
    )


# -- profiles


def test_a_profile_joins_tools_and_backends() -> None:
    tools = Catalogue.of(fake_tools).toolset("fake")
    assert set(tools) == {"spot", "weigh", "far", "tally", "broken"}
    assert tools.backend("spot") is tools.backend("far")
    assert tools.backend("tally") is None
    assert tools.model("tally") == RULES
    assert tools.model("spot").id == "spotter of the tests"
    assert tools.profile == "fake"


def test_without_a_profile_there_are_the_pure_tools() -> None:
    tools = Toolset.of(fake_tools)
    assert set(tools) == {"tally", "broken"}
    assert set(tools.unserved) == {"spot", "weigh", "far"}


def test_a_mix_names_backends_one_by_one() -> None:
    tools = Catalogue.of(fake_tools).toolset(" spot=spotter , weigh=scale ")
    assert set(tools.unserved) == {"far"}


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ("fkae", "no profile 'fkae'; did you mean 'fake'?"),
        ("xyzzy", "no profile 'xyzzy'; known: fake"),
        ("fake,spot=spoter", "no backend 'spoter'; did you mean 'spotter'?"),
        ("fake,spt=spotter", "no tool 'spt'; did you mean 'spot'?"),
        ("fake,spot=", "no backend ''; known: scale, spotter"),
        ("spot=scale", "backend scale does not serve spot"),
    ],
)
def test_unknown_names_are_told(profile: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Catalogue.of(fake_tools).toolset(profile)
    assert str(caught.value) == message


# -- what two packages bring


class Other(Backend):
    name = "spotter"
    serves = ("spot",)
    model = Model("another", "MIT")


@tool("find")
def spot(image: Image) -> list[Region]:
    """Another tool of that name."""
    raise NotImplementedError


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"spot": spot}, "tool named 'spot'"),
        ({"Other": Other}, "backend named 'spotter'"),
        ({"PROFILES": {"fake": {"spot": "other"}}}, "choice of profile 'fake' for a tool named"),
    ],
)
def test_two_packages_of_one_name_are_told(members: dict[str, Any], kind: str) -> None:
    with pytest.raises(SettingsError, match=kind) as caught:
        Catalogue.of(fake_tools, module("acme", **members))
    assert "both tests.fake_tools and acme bring a" in str(caught.value)


def test_two_packages_may_not_share_a_name_for_weights() -> None:
    one, two = (module(name, WEIGHTS={"planner": object()}) for name in ("one", "two"))
    with pytest.raises(SettingsError, match="both one and two bring a file of weights"):
        Catalogue.of(one, two)


def test_a_package_may_import_what_another_brings() -> None:
    """To build on a tool or a backend is not to bring it."""
    borrowed = module("acme", spot=fake_tools.spot, Spotter=fake_tools.Spotter, Backend=Backend)
    for modules in ((fake_tools, borrowed), (borrowed, fake_tools)):
        assert Catalogue.of(*modules).backends["spotter"] is fake_tools.Spotter


def test_a_package_may_add_to_a_profile() -> None:
    class Extra(Backend):
        name = "extra"
        serves = ("sniff",)
        model = Model("extra", "MIT")

    @tool("look")
    def sniff(image: Image) -> str:
        """What it smells of."""
        raise NotImplementedError

    extra = module("acme", Extra=Extra, sniff=sniff, PROFILES={"fake": {"sniff": "extra"}})
    assert {"sniff", "spot"} <= set(Catalogue.of(fake_tools, extra).toolset("fake"))


# -- installed plug-ins

PLUGIN = '''
from visprog import Backend, Image, Model
from visprog.tool import tool

@tool("look")
def smell(image: Image) -> str:
    """What the picture smells of."""
    raise NotImplementedError

class Nose(Backend):
    name = "nose"
    serves = ("smell",)
    model = Model("acme/nose", "MIT")

    def smell(self, image: Image) -> str:
        return "roses"

PROFILES = {"acme": {"smell": "nose"}}
'''


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages."""
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("acme_vision", None)


def install(site: Path, code: str, name: str = "acme-vision") -> None:
    (site / "acme_vision.py").write_text(code)
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[visprog.tools]\nacme = acme_vision\n")


def test_a_plug_in_brings_a_tool_a_backend_and_a_profile(site: Path) -> None:
    install(site, PLUGIN)
    catalogue = Catalogue.installed()
    tools = catalogue.toolset("embedded,acme")
    assert tools["smell"].signature == "smell(image: Image) -> str"
    assert tools.model("smell").id == "acme/nose"
    assert "detect" in tools
    assert "smell" in catalogue.toolset("embedded").unserved


def test_a_plug_in_that_fails_to_import_is_named(site: Path) -> None:
    install(site, "import acme_lenses")
    with pytest.raises(SettingsError, match="plug-in acme-vision fails to import") as caught:
        Catalogue.installed()
    assert "ModuleNotFoundError: No module named 'acme_lenses'" in str(caught.value)


def test_a_plug_in_may_not_take_the_name_of_a_tool_of_ours(site: Path) -> None:
    install(site, PLUGIN.replace("smell", "detect"))
    with pytest.raises(SettingsError, match="bring a tool named 'detect'") as caught:
        Catalogue.installed()
    assert "acme-vision" in str(caught.value)
    assert "visprog" in str(caught.value).replace("acme-vision", "")


def test_a_plug_in_may_build_on_a_backend_of_ours(site: Path) -> None:
    install(site, "from visprog_tools import detect\nfrom visprog_tools.detector import NanoDet")
    assert "nanodet" in Catalogue.installed().backends
