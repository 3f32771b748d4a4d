"""Names of colours by pixel statistics."""

from __future__ import annotations

import numpy as np
import pytest

from visprog.values import Image, Region
from visprog_tools.colors import NAMES, TERMS, palette, to_lab

TYPICAL = {
    "black": (15, 15, 18),
    "white": (250, 250, 250),
    "gray": (128, 128, 128),
    "red": (200, 20, 25),
    "orange": (250, 130, 20),
    "yellow": (245, 220, 30),
    "green": (40, 130, 50),
    "blue": (40, 80, 200),
    "purple": (120, 40, 160),
    "pink": (250, 150, 190),
    "brown": (110, 65, 30),
    "tan": (210, 180, 140),
}


def patch(rgb: tuple[int, int, int], light: float = 1.0, noise: float = 0.0) -> Image:
    grain = np.random.default_rng(0).normal(0, noise, (40, 40, 3))
    pixels = np.clip(np.array(rgb) * light + grain, 0, 255).astype(np.uint8)
    return Image(pixels)


def test_every_name_has_a_typical_patch() -> None:
    assert set(TYPICAL) == set(NAMES)


@pytest.mark.parametrize("name", TYPICAL)
@pytest.mark.parametrize("noise", [0.0, 12.0])
@pytest.mark.parametrize("light", [0.9, 1.0, 1.1])
def test_a_patch_keeps_its_name_in_other_light_and_noise(
    name: str, noise: float, light: float
) -> None:
    assert palette(patch(TYPICAL[name], light, noise)).name == name


@pytest.mark.parametrize("name", ["red", "green", "blue", "gray", "purple"])
def test_strong_colors_keep_their_name_in_half_light(name: str) -> None:
    assert palette(patch(TYPICAL[name], 0.6)).name == name


def test_the_shares_of_two_colors() -> None:
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:, :30], pixels[:, 30:] = TYPICAL["red"], TYPICAL["white"]
    found = palette(Image(pixels))
    assert found.name == "red"
    assert found.share("red") == pytest.approx(0.75, abs=0.01)
    assert found.share("maroon") == found.share("red")
    assert sum(found.shares.values()) == pytest.approx(1)


def test_a_mask_decides_else_the_central_part_of_the_box() -> None:
    pixels = np.full((50, 50, 3), TYPICAL["green"], np.uint8)
    pixels[20:30, 20:30] = TYPICAL["red"]
    image = Image(pixels)
    mask = np.zeros((50, 50), np.bool_)
    mask[20:30, 20:30] = True
    assert palette(Region(image, (0, 0, 50, 50), "thing", mask=mask)).name == "red"
    assert palette(Region(image, (0, 0, 50, 50), "thing")).name == "green"
    assert palette(Region(image, (17, 17, 33, 33), "thing")).name == "red"


def test_terms_mean_known_names() -> None:
    assert all(name in NAMES for names in TERMS.values() for name in names)


def test_lab_of_white_and_black() -> None:
    lab = to_lab(np.array([[255, 255, 255], [0, 0, 0]], np.uint8))
    assert np.allclose(lab, [[100, 0, 0], [0, 0, 0]], atol=0.1)


def test_one_pixel_has_a_color() -> None:
    image = Image(np.full((1, 1, 3), TYPICAL["blue"], np.uint8))
    assert palette(Region(image, (0, 0, 0, 0), "dot")).name == "blue"
