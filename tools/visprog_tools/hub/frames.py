"""How a picture lies in the square that a network reads, and how masks come back from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.errors import WeightsError
from visprog.values import Image
from visprog_tools.hub.snapshots import Snapshot

FILES = ("preprocessor_config.json", "processor_config.json")  # old and new place of settings


class Frame(NamedTuple):
    """A square of `side` pixels, with a picture scaled to `width` x `height` in its upper left.

    `padded`: whether the rest of it is padding, which is cut off again; else the picture fills it.
    """

    side: int
    width: int
    height: int
    padded: bool

    @classmethod
    def fitted(cls, image: Image, side: int) -> Frame:
        """The longer side of the picture takes all of it, as SAM has it."""
        scale = side / max(image.width, image.height)
        width, height = (max(1, int(n * scale + 0.5)) for n in (image.width, image.height))
        return cls(side, width, height, True)

    @classmethod
    def stretched(cls, image: Image, side: int) -> Frame:
        """The picture fills it, whatever its shape, as SAM 2 has it."""
        return cls(side, side, side, False)

    def places(self, image: Image, points: Sequence[Sequence[float]]) -> Any:
        """Where points (x, y) of the picture lie in it: a tensor (n, 2), float32.

        As the processors of the networks do it: boxes and points are scaled, and the networks
        themselves add half a pixel.
        """
        import torch

        scale = torch.tensor((self.width / image.width, self.height / image.height))
        return torch.tensor(points, dtype=torch.float32).reshape(-1, 2) * scale

    def mask(self, logits: Any, image: Image, least: float = 0.0) -> NDArray[np.bool_]:
        """A mask (h, w) that a network gave of all of it, as one (H, W) of the picture.

        Args:
            least: what is more than this is in the mask, after bilinear interpolation.
        """
        from torch.nn.functional import interpolate

        made = logits.float()[None, None]
        if self.padded:
            made = interpolate(made, (self.side, self.side), mode="bilinear")
            made = made[..., : self.height, : self.width]
        made = interpolate(made, (image.height, image.width), mode="bilinear")
        found: NDArray[np.bool_] = (made[0, 0] > least).cpu().numpy()
        return found


class Settings(NamedTuple):
    """Of an image processor. `side`: of the network's square; `mean`, `std`: of channels, once
    multiplied by `factor`."""

    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    factor: float

    @classmethod
    def read(cls, found: Snapshot) -> Settings:
        """From its file: the processors of SAM 2 and SAM 3 themselves would want torchvision.

        Raises:
            WeightsError: there is none, or it is damaged.
        """
        try:
            file = next(found.folder / name for name in FILES if (found.folder / name).is_file())
            told = json.loads(file.read_text("utf-8"))
            told = told.get("image_processor", told)
            mean, std = (tuple(map(float, told[f"image_{name}"])) for name in ("mean", "std"))
            side = _side(told["size"])
            factor = float(told["rescale_factor"])
        except (StopIteration, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise WeightsError(f"{found.folder} has no settings of a processor: {error}") from error
        return cls(side, mean, std, factor)

    def square(self, image: Image, frame: Frame) -> Any:
        """A picture in its frame (3, side, side), in the network's numbers; 0 beside it."""
        import torch
        from torch.nn.functional import interpolate, pad

        pixels = torch.tensor(image.pixels).permute(2, 0, 1)[None]
        scaled = interpolate(pixels, (frame.height, frame.width), mode="bilinear", antialias=True)
        mean, std = (torch.tensor(one)[:, None, None] for one in (self.mean, self.std))
        made = (scaled[0] * self.factor - mean) / std
        return pad(made, (0, frame.side - frame.width, 0, frame.side - frame.height))


def _side(size: Mapping[str, Any]) -> int:
    sides = {int(size[name]) for name in ("longest_edge", "height", "width") if size.get(name)}
    if len(sides) != 1 or min(sides) < 1:
        raise ValueError(f"its size is no square: {size}")
    return sides.pop()
