"""Mixes of tools: parts on the command line, TOML files, profiles that a package chooses."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests import fake_tools
from visprog.errors import SettingsError
from visprog.mixes import flat
from visprog.tool import Catalogue


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mix.toml"


def test_a_file_is_its_profile_its_backends_and_its_options(file: Path) -> None:
    file.write_text(
        'profile = "hub-8gb, embedded"\n'
        '[tools]\ndetect = "owlv2-large"\nocr = "rapidocr"\n'
        '[options]\ndevice = "cuda:0"\nnon-commercial = true\ncompile = false\n"mine.x" = "1"\n'
        '[weights]\nowlv2-large = "weights/owl"\nsam = "/data/sam"\n'
    )
    parts, options = flat(f"embedded, {file}, caption=none")
    assert parts == [
        *("embedded", "hub-8gb", "embedded", "detect=owlv2-large", "ocr=rapidocr", "caption=none")
    ]
    assert options == {
        "device": "cuda:0",
        "non_commercial": "yes",
        "mine.x": "1",
        "weights.owlv2-large": str(file.parent / "weights/owl"),
        "weights.sam": "/data/sam",
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("detect = 'x'", "unknown 'detect'"),
        ("[tools]\ndetect = 3", "want a text for tools.detect"),
        ("[tools]\ndetect = ''", "want a text for tools.detect"),
        ("tools = 'x'", "want a table [tools]"),
        ("profile = 3", "want the name of a profile"),
        ("profile = 'other.toml'", "want the name of a profile"),
        ("[options]\ndevize = 'cpu'", "unknown option 'devize'"),
        ("[tools", "not TOML"),
    ],
)
def test_what_is_no_mix_is_refused(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"mix\.toml") as caught:
        flat(str(file))
    assert told in str(caught.value)


def test_a_file_of_bytes_and_an_absent_one_are_refused(file: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        flat(str(file))
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not TOML"):
        flat(str(file))


def test_a_toolset_takes_a_file_and_what_is_given_goes_before_it(file: Path) -> None:
    file.write_text('profile = "fake"\n[options]\ndevice = "cuda:0"\ndtype = "float16"\n')
    tools = Catalogue.of(fake_tools).toolset(str(file), {"device": "cpu"})
    assert tools.profile == "fake"
    given = {name: backend.options for name in tools if (backend := tools.backend(name))}
    assert given and all(o == {"device": "cpu", "dtype": "float16"} for o in given.values())


def test_a_package_may_choose_a_profile_by_the_options() -> None:
    choosing = ModuleType("choosing")
    vars(choosing)["PROFILES"] = {"best": lambda options: options.get("device", "fake")}
    catalogue = Catalogue.of(fake_tools, choosing)
    assert catalogue.toolset("best").profile == "fake"  # what was chosen is told
    with pytest.raises(SettingsError, match="no profile 'cpu'"):
        catalogue.toolset("best", {"device": "cpu"})
