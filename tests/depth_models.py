"""Depth models of a few thousand numbers, made on the spot, and what tests ask of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from visprog.tool import Output
from visprog.values import Image
from visprog_tools.hub.depth import DepthBackend


def dinov2(**options: Any) -> Any:
    return transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, mlp_ratio=2, **options
    )


def make_anything(folder: Path, kind: str, most: int) -> Path:
    """A Depth Anything of a few thousand numbers, on pictures of 56 pixels."""
    torch.manual_seed(0)
    backbone = dinov2(
        image_size=56, patch_size=14, out_indices=[1, 2, 3, 4], reshape_hidden_states=False
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=16, neck_hidden_sizes=[4, 4, 8, 8],
        fusion_hidden_size=8, head_hidden_size=4, depth_estimation_type=kind, max_depth=most,
    )  # fmt: skip
    module = transformers.DepthAnythingForDepthEstimation(config)
    module.head.conv3.bias.data[:] = 0.3  # so that a network of chance gives no plain zero
    module.save_pretrained(folder)
    transformers.DPTImageProcessorPil(
        size={"height": 56, "width": 56}, ensure_multiple_of=14, keep_aspect_ratio=True,
        image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225],
    ).save_pretrained(folder)  # fmt: skip
    return folder


def make_pro(folder: Path, fov: bool = True) -> Path:
    torch.manual_seed(0)
    inner = {"image_size": 32, "patch_size": 8}
    config = transformers.DepthProConfig(
        patch_size=32, fusion_hidden_size=8, intermediate_hook_ids=[2, 0],
        intermediate_feature_dims=[8, 8], scaled_images_feature_dims=[8, 8, 8],
        merge_padding_value=1, use_fov_model=fov, num_fov_head_layers=2,
        image_model_config=dinov2(**inner), patch_model_config=dinov2(**inner),
        fov_model_config=dinov2(**inner),
    )  # fmt: skip
    transformers.DepthProForDepthEstimation(config).save_pretrained(folder)
    told = {
        "size": {"height": 128, "width": 128}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
        "rescale_factor": 1 / 255,
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(told))
    return folder


def make_all(root: Path) -> Mapping[str, Path]:
    """Folders of weights by what they are."""
    return {
        "relative": make_anything(root / "relative", "relative", 1),
        "metric": make_anything(root / "metric", "metric", 20),
        "pro": make_pro(root / "pro"),
        "no fov": make_pro(root / "no fov", fov=False),
    }


def made(kind: type[DepthBackend], folder: Path, **options: str) -> Any:
    named = {f"weights.{kind.weights}": str(folder), "device": "cpu", "non_commercial": "yes"}
    return kind({**named, **options})


def ready(kind: type[DepthBackend], folder: Path, **options: str) -> Any:
    backend = made(kind, folder, **options)
    backend.ready()
    return backend


def noise(width: int, height: int, seed: int = 0, **more: Any) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image(pixels, f"noise {seed}", **more)


def value(result: Any) -> Any:
    assert isinstance(result, Output), result
    return result.value


def maps(backend: Any, *images: Image) -> list[Any]:
    backend.ready()
    return [value(one).depth for one in backend.run("depth", [{"image": i} for i in images])]


class Passes:
    """Counts the pictures of each pass, and gives what `depth` makes of the inputs."""

    def __init__(self, patch: pytest.MonkeyPatch, kind: Any, depth: Callable[[Any], Any]) -> None:
        self.sizes: list[tuple[int, ...]] = []
        self.field = torch.tensor([60.0])

        def forward(module: Any, pixel_values: Any) -> Any:
            self.sizes.append(tuple(pixel_values.shape))
            self.inputs = pixel_values
            field = self.field.expand(len(pixel_values))
            return transformers.models.depth_pro.modeling_depth_pro.DepthProDepthEstimatorOutput(
                predicted_depth=depth(pixel_values), field_of_view=field
            )

        patch.setattr(kind, "forward", forward)


ANYTHING = transformers.DepthAnythingForDepthEstimation
PRO = transformers.DepthProForDepthEstimation
