"""Depth Pro: metres, and the camera's field of view."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.errors import WeightsError
from visprog.values import Image
from visprog_tools.hub import space
from visprog_tools.hub.camera import Camera
from visprog_tools.hub.depth import METRIC, DepthBackend
from visprog_tools.hub.loading import load_module
from visprog_tools.hub.snapshots import Snapshot


class DepthPro(DepthBackend):
    """Depth Pro (Bochkovskii et al., ICLR 2025, arXiv 2410.02073), in metres:
    https://huggingface.co/apple/DepthPro-hf.

    The network gives the inverse of the depth for a picture as wide as its focal length; a focal
    length that EXIF tells scales it, else the field of view that the network itself sees.
    """

    name = weights = "depth-pro"
    unit = "metres"
    serves = METRIC
    batch = 2  # pictures of 1536 x 1536

    RANGE = (1e-4, 1e4)  # of inverse metres, as its processor cuts them

    def prepare(self, found: Snapshot) -> None:
        """The settings of its processor, which itself would want torchvision."""
        try:
            told = json.loads((found.folder / "preprocessor_config.json").read_text("utf-8"))
            size = told["size"]
            self._size = int(size["height"]), int(size["width"])
            self._mean, self._std = (
                [float(one) for one in told[name]] for name in ("image_mean", "image_std")
            )
            self._factor = float(told.get("rescale_factor", 1 / 255))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WeightsError(
                f"{found.folder} has no settings of a processor: {type(error).__name__}: {error}"
            ) from error

    def make(self, found: Snapshot) -> Any:
        from transformers import DepthProForDepthEstimation

        return load_module(DepthProForDepthEstimation, found, self.place.torch_dtype)

    def predict(self, images: Sequence[Image], module: Any) -> list[tuple[Any, ...]]:
        import torch

        mean, std = (torch.tensor(one)[:, None, None] for one in (self._mean, self._std))
        squares = []
        for image in images:
            pixels = torch.from_numpy(np.array(image.pixels)).permute(2, 0, 1)
            even = (pixels * self._factor - mean) / std
            squares.append(
                torch.nn.functional.interpolate(
                    even[None], self._size, mode="bilinear", align_corners=False
                )
            )
        inputs = torch.cat(squares).to(self.place.device, self.place.torch_dtype)
        made = module(pixel_values=inputs)
        if made.field_of_view is None:
            return [(depth,) for depth in made.predicted_depth]
        return list(zip(made.predicted_depth, made.field_of_view, strict=True))

    def scene(
        self, told: NDArray[np.float32], more: Sequence[Any], image: Image, module: Any
    ) -> space.Scene:
        camera = Camera.of(image, float(more[0]) if more else None)
        inverse = np.clip(told * (image.width / camera.focal), *self.RANGE)
        assumed = (camera.notice,) if camera.notice else ()  # the depths hang on it too
        return space.Scene((1 / inverse).astype(np.float32), camera, notices=assumed)
