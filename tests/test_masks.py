"""The embedded masks, and the area that they give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from visprog.values import Image, Region
from visprog_tools.masks import Masks

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def masks() -> Masks:
    made = Masks({"threads": "1"})
    made.ready()
    return made


def disc() -> tuple[Region, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    """A red disc on green, the box around it, and its pixels."""
    rows, columns = np.mgrid[:120, :160]
    truth = (rows - 60) ** 2 + (columns - 80) ** 2 < 30**2
    grain = np.random.default_rng(0).integers(-10, 10, (120, 160, 3))
    pixels = np.where(truth[..., None], (200, 40, 40), (60, 150, 60)) + grain
    image = Image(pixels.astype(np.uint8))
    return Region(image, (48, 28, 112, 92), "sports ball"), truth


def test_a_thing_is_set_apart_from_its_surroundings(masks: Masks) -> None:
    region, truth = disc()
    made = masks.segment([region])
    assert isinstance(made.value, list)
    [masked] = made.value
    overlap = (masked.mask & truth).sum() / (masked.mask | truth).sum()
    assert overlap > 0.95
    assert (masked.box, masked.label) == (region.box, region.label)
    assert "GrabCut's, a heuristic" in made.notices[0]


def test_the_area_is_the_masks(masks: Masks) -> None:
    region, truth = disc()
    assert masks.area(region).value == pytest.approx(100 * truth.mean(), rel=0.05)
    whole = Region(region.image, region.box, "thing", mask=np.ones((120, 160), np.bool_))
    assert masks.area(whole).value == pytest.approx(100)


def test_a_person_is_masked_by_the_network(masks: Masks) -> None:
    with Picture.open(EXAMPLES / "astronaut.jpg") as file:
        image = Image(np.asarray(file).copy())
    made = masks.segment([Region(image, (15, 14, 364, 508), "woman")])
    assert isinstance(made.value, list) and made.notices == ()
    mask = made.value[0].mask
    assert mask[120, 225] and mask[300, 150] and not mask[40, 60]
    assert not mask[:, :15].any() and not mask[:, 364:].any()


def test_without_surroundings_there_is_no_mask_and_a_notice(masks: Masks) -> None:
    image = Image(np.zeros((20, 20, 3), np.uint8))
    made = masks.segment([Region(image, (0, 0, 20, 20), "car")])
    assert isinstance(made.value, list) and made.value[0].mask is None
    assert "its box stands for it" in made.notices[0]
    assert masks.segment([]).value == []


def test_the_same_region_gets_the_same_mask(masks: Masks) -> None:
    region, _ = disc()
    assert masks.segment([region]).value == masks.segment([region]).value
