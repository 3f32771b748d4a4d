"""The size at which pictures are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

Pixels = NDArray[np.uint8]  # (H, W, 3) RGB

SMALLEST = 320  # little pictures are enlarged to this, so that labels can be read


def canvas(pixels: Pixels, side: int) -> PILImage:
    """A picture at the size it is drawn at: its longest side is at most `side`."""
    from PIL import Image as pil

    height, width, _ = pixels.shape
    scale = min(side, max(width, height, SMALLEST)) / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    made = pil.fromarray(pixels)
    return made if made.size == size else made.resize(size, pil.Resampling.LANCZOS)
