"""Programs and pictures in worker processes: the same outcomes as without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests import fakes
from tests.hostile_images import CASES, Case, taken
from tests.isolated import PICTURE, TOOLS, drive, has, outcome, value_of
from tests.test_lang import chunks
from visprog import images
from visprog.decoding import Limits as ImageLimits
from visprog.errors import ProgramError
from visprog.execution import Engine
from visprog.execution.calls import Ended
from visprog.isolation import Isolation
from visprog.lang import check, parse
from visprog.lang.types import unit_name
from visprog.values import Image


@pytest.fixture(scope="module")
def isolation() -> Iterator[Isolation]:
    with Isolation(TOOLS, workers=2) as made:
        yield made


def runnable() -> Iterator[str]:
    for chunk in chunks():
        source: str = chunk.values[0]  # type: ignore[attr-defined]
        yield re.sub(r"  # (?:->|!!) .*|  ###.*", "", source)


def test_programs_end_as_without_isolation(isolation: Isolation) -> None:
    sources = list(runnable())
    with Isolation(fakes.TOOLS, workers=2) as isolated:
        for source in sources:
            expected = outcome(fakes.value_of, source)
            runs = {0: isolated.run(source, {"image": fakes.PICTURE})}
            *_, (_, end) = Engine(fakes.TOOLS).drive(runs)
            assert isinstance(end, Ended)
            got = (type(end.error).__name__, str(end.error)) if end.error else end.value
            assert got == expected, source
    assert len(sources) > 50


def test_checking_tells_the_same_faults_and_units(isolation: Isolation) -> None:
    def here(source: str) -> str:
        return unit_name(check(parse(source), TOOLS, {"image": Image}))

    for source in [*runnable(), "return )", "return 1 +", 'return width(detect(image, "a")[0])']:
        expected = outcome(here, source)
        assert outcome(isolation.check, source, {"image": Image}) == expected, source
        if isinstance(expected, tuple):
            with pytest.raises(ProgramError) as caught:
                isolation.check(source, {"image": Image})
            assert caught.value.diagnostics


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pictures_decode_as_without_isolation(isolation: Isolation, case: Case) -> None:
    data = case.make()
    assert outcome(isolation.load, data) == outcome(images.load, data)


def test_the_camera_of_a_picture_is_told(isolation: Isolation) -> None:
    data = taken(FocalLengthIn35mmFilm=26)
    assert isolation.load(data) == images.load(data)
    assert isolation.load(data).focal == images.load(data).focal > 0


def test_sources_that_are_no_files_load_as_without(isolation: Isolation, tmp_path: Any) -> None:
    path = tmp_path / "street.png"
    from PIL import Image as pil

    pil.fromarray(PICTURE.pixels).save(path)
    sources: list[Any] = [
        *(path, str(path), tmp_path, tmp_path / "none.png", "", "http://x/y.png", PICTURE, 7),
        *(PICTURE.pixels, pil.fromarray(PICTURE.pixels), b"", bytearray(path.read_bytes())),
    ]
    for source in sources:
        assert outcome(isolation.load, source) == outcome(images.load, source), source
    assert isolation.load(path).name == "street"
    assert isolation.load(path, name="other").name == "other"


def test_limits_of_pictures_hold(tmp_path: Any) -> None:
    limits = ImageLimits(bytes=2_000, pixels=1_000, side=99)
    with Isolation(TOOLS, image_limits=limits) as isolated:
        for case in CASES[:12]:
            data = case.make()
            expected = outcome(lambda data: images.load(data, limits=limits), data)
            assert outcome(isolated.load, data) == expected


def test_backends_are_called_here_and_pure_tools_there(isolation: Isolation) -> None:
    source = (
        'a = look(image, "dog")\nb = look(corner(image), "cat")\n'
        "return f'{count(a + b)} {width(a[0])} {b[0].label} {a[0].label}'"
    )
    end, steps = drive(isolation, source)[0]
    assert end.value == "2 9.0 cat dog"
    told = sorted(steps, key=lambda step: step.request.order)
    assert [step.request.tool for step in told] == ["look", "corner", "look", "count", "width"]
    assert [step.model.id for step in told] == [
        *("looker of the tests", "rules of visprog", "looker of the tests"),
        *("rules of visprog", "rules of visprog"),
    ]
    small = told[1].value
    assert isinstance(small, Image) and small.pixels.shape == (24, 32, 3)
    assert np.array_equal(small.pixels, PICTURE.pixels[:24, :32])
    assert told[0].request.args["image"] is PICTURE  # it was not sent back
    assert told[2].request.args["image"] == small
    assert told[0].notices == ("made up",)
    assert [step.request.name for step in told][:1] == ["a"]


def test_tools_may_import_when_they_are_called(isolation: Isolation) -> None:
    assert value_of(isolation, "return middle([1.0, 5.0, 2.0])") == 2.0
    told = outcome(value_of, isolation, "return late(1.0)")
    if has(isolation, "seccomp") or has(isolation, "landlock"):
        assert "late imports a module when it is called" in str(told)
    else:
        assert told == 1.0
