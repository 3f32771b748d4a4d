"""The picture of an answer is saved as a file, and nothing else is in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from visprog.errors import SettingsError
from visprog.saving import save
from visprog.values import Depth, Image, Region

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
PICTURE = Image(PIXELS, "noise")


def read(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with PillowImage.open(path) as found:
        assert not found.getexif() and "exif" not in found.info
        return np.asarray(found.convert("RGB"))


def test_a_picture_is_saved_to_the_bit(tmp_path: Path) -> None:
    files, notices = save(PICTURE, (PICTURE,), tmp_path / "made.PNG")
    assert (files, notices) == ((tmp_path / "made.PNG",), ())
    assert np.array_equal(read(tmp_path / "made.PNG"), PIXELS)
    assert [path.name for path in tmp_path.iterdir()] == ["made.PNG"]
    save(PICTURE, (PICTURE,), tmp_path / "made.jpg")
    assert read(tmp_path / "made.jpg").shape == PIXELS.shape


def test_several_pictures_are_numbered(tmp_path: Path) -> None:
    files, _ = save([PICTURE, PICTURE], (), tmp_path / "made.webp")
    assert [file.name for file in files] == ["made-1.webp", "made-2.webp"]
    assert all(read(file).shape == (40, 60, 3) for file in files)


def test_what_was_found_is_drawn_on_its_picture(tmp_path: Path) -> None:
    region = Region(PICTURE, (10, 10, 30, 30), "thing")
    depth = Depth(PICTURE, np.ones((40, 60), np.float32), "relative")
    for value in (region, [region], depth):
        (file,), _ = save(value, (PICTURE,), tmp_path / "made.png")
        assert read(file).std() > 0


@pytest.mark.parametrize(
    ("value", "name", "message"),
    [
        (3, "made.png", "shows nothing to save: it is 3"),
        ([], "made.png", "shows nothing to save"),
        (PICTURE, "made.bmp", r"one of \.png, \.jpg, \.jpeg, \.webp, not as '\.bmp'"),
        (PICTURE, "made", "not as 'made'"),
        (PICTURE, "made.mp4", "not as '.mp4'"),
    ],
)
def test_what_cannot_be_saved(tmp_path: Path, value: object, name: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        save(value, (PICTURE,), tmp_path / name)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
