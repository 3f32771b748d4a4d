"""Names of colours by pixel statistics: a pixel has the name of its nearest prototype in Lab."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from visprog.values import Image, Region
from visprog_tools.geometry import pixel_box

SAMPLE = 4096  # pixels are enough for shares that are good to a hundredth
CENTRAL = 0.6  # of a box's width and height is looked at where there is no mask

# Typical sRGB colours of each name; the Lab distance to the nearest one decides.
PROTOTYPES = {
    "black": "000000 15151a 221f1f 0b1015",
    "white": "ffffff f2f2f2 f5f0e8 e9eef5",
    "gray": "808080 a6a6a6 5a5a5c c4c4c4 6f7780 3c3c3e 9a958c",
    "red": "ff0000 c81414 8c0f12 e23b3b a52a2a 60090c d9312b 753635",
    "orange": "ff8c00 ff6a13 f9a03f d9661f e8842c",
    "yellow": "ffff00 f5d90a fff48a d8c11a ffd23f b5a818 8f8a42",
    "green": (
        "00ff00 008000 2f6b2f 7fc241 9acd32 0a3d14 6b8e23 90ee90 3cb371 55692e b5d99c 19a37c"
    ),
    "blue": (
        "0000ff 1e4fd1 000080 4d8fe0 87ceeb 00bfff 1b2a4f 2f6f9f a6c8ea 00a5b5 "
        "5f8fb4 40e0e8 cdfafc 000345 6236ea 2f6864 163838"
    ),
    "purple": "800080 6a3fb5 9b59d0 4b0a63 b58fd9 8b5a9b 9400d3 775075 e6c8f5",
    "pink": "ffc0cb ff69b4 ff1493 e88ba5 f4a6c6 d6568f ff8fa0 fbe4e4",
    "brown": (
        "8b4513 5c3a1e 6f4e37 3b2415 99683d 4a3728 7b5b3f a0622d ac8a20 b05f05 2a1308 6a5c10 94701a"
    ),
    "tan": "d2b48c e3cfa8 c3a47b d8c3a5 b89f7d f0deb8",
}
NAMES = tuple(PROTOTYPES)

# Other colour words, each with the names that may stand for it.
TERMS = {
    **{name: (name,) for name in NAMES},
    **dict.fromkeys(("grey", "silver", "charcoal"), ("gray",)),
    **dict.fromkeys(("golden", "gold"), ("yellow", "tan")),
    **dict.fromkeys(("beige", "khaki", "cream", "cream colored", "sand"), ("tan",)),
    **dict.fromkeys(("maroon", "crimson", "scarlet", "burgundy"), ("red",)),
    **dict.fromkeys(("navy", "navy blue", "azure", "sky blue"), ("blue",)),
    **dict.fromkeys(("teal", "turquoise", "cyan", "aqua"), ("blue", "green")),
    **dict.fromkeys(("violet", "lavender"), ("purple",)),
    **dict.fromkeys(("magenta", "fuchsia"), ("pink", "purple")),
    **dict.fromkeys(("olive", "lime"), ("green",)),
    **dict.fromkeys(("blond", "blonde"), ("yellow", "tan")),
    **dict.fromkeys(("brunette", "chocolate"), ("brown",)),
    "ivory": ("white",),
}


@dataclass(frozen=True)
class Palette:
    """The share of each name among some pixels, largest first, and their median lightness."""

    shares: dict[str, float]
    lightness: float  # L of Lab, 0 to 100

    @property
    def name(self) -> str:
        return next(iter(self.shares))

    def share(self, term: str) -> float:
        """The share of a colour word, 0 to 1; KeyError for a word that is none."""
        return sum(self.shares.get(name, 0.0) for name in TERMS[term])


def palette(subject: Region | Image) -> Palette:
    """The colours of a picture, of a mask, or else of the central part of a box."""
    lab = to_lab(_pixels(subject))
    names, prototypes = _prototypes()
    nearest = ((lab[:, None] - prototypes[None]) ** 2).sum(axis=2).argmin(axis=1)
    counts = np.bincount(names[nearest], minlength=len(NAMES))
    order = np.argsort(-counts, kind="stable")
    shares = {NAMES[index]: float(counts[index] / len(lab)) for index in order}
    return Palette(shares, float(np.median(lab[:, 0])))


def to_lab(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """sRGB (..., 3) to CIE Lab under D65 (..., 3): L 0 to 100, a and b about -100 to 100."""
    value = rgb.astype(np.float32) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float32
    )
    xyz = linear @ matrix.T / matrix.sum(axis=1)
    bent = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = bent[..., 0], bent[..., 1], bent[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


def _pixels(subject: Region | Image) -> NDArray[np.uint8]:
    """(n, 3) sRGB of at most SAMPLE pixels, evenly spread."""
    if isinstance(subject, Image):
        found = subject.pixels.reshape(-1, 3)
    elif subject.mask is not None and subject.mask.any():
        found = subject.image.pixels[subject.mask]
    else:
        (x, y), image = subject.center, subject.image
        across, down = subject.width * CENTRAL / 2, subject.height * CENTRAL / 2
        left, top, right, bottom = pixel_box((x - across, y - down, x + across, y + down), image)
        found = image.pixels[top:bottom, left:right].reshape(-1, 3)
    return found[:: -(-len(found) // SAMPLE)]


@cache
def _prototypes() -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The number of the name of each prototype (n,), and its Lab (n, 3)."""
    pairs = [
        (NAMES.index(name), text) for name, texts in PROTOTYPES.items() for text in texts.split()
    ]
    rgb = np.array([list(bytes.fromhex(text)) for _, text in pairs], np.uint8)
    return np.array([number for number, _ in pairs]), to_lab(rgb)
