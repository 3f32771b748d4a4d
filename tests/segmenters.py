"""Segmenters of a few thousand numbers, made on the spot, and what tests ask of them."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import save_file

from visprog.tool import Output
from visprog.values import Image, Region
from visprog_tools.hub import sam, sam2, sam3
from visprog_tools.hub import segment_anything as meta
from visprog_tools.hub.segmentation import Segmenter

KINDS: dict[str, type[Segmenter]] = {
    "sam": sam.SamBase,
    "sam2": sam2.Sam2Small,
    "sam3": sam3.Sam3,
    "meta": meta.SegmentAnythingBase,
}
SIDE = 64  # of all their squares
LOW = 16  # of their masks
DECODER = {"hidden_size": 32, "mlp_dim": 16, "num_attention_heads": 2, "iou_head_hidden_dim": 16}
PROMPTS = {"hidden_size": 32, "image_size": SIDE, "patch_size": 16, "mask_input_channels": 4}
SIZES = [[16, 16], [8, 8], [4, 4]]


def make_sam(folder: Path) -> Path:
    config = transformers.SamConfig(
        vision_config={
            "hidden_size": 16, "output_channels": 32, "num_hidden_layers": 2, "image_size": SIDE,
            "num_attention_heads": 2, "window_size": 3, "global_attn_indexes": [1],
            "num_pos_feats": 16, "initializer_range": 0.02,
        },
        prompt_encoder_config=PROMPTS,
        mask_decoder_config=DECODER,
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.SamModel(config).save_pretrained(folder)
    square = {"height": SIDE, "width": SIDE}
    transformers.SamImageProcessorPil(size={"longest_edge": SIDE}, pad_size=square).save_pretrained(
        folder
    )
    return folder


def settings(folder: Path, mean: float = 0.5) -> None:
    """As the processors of SAM 2 and SAM 3 save them, which themselves want torchvision."""
    told = {
        "size": {"height": SIDE, "width": SIDE}, "image_mean": [mean] * 3, "image_std": [0.5] * 3,
        "rescale_factor": 1 / 255,
    }  # fmt: skip
    transformers.image_processing_utils.BaseImageProcessor(**told).save_pretrained(folder)


def make_sam2(folder: Path, kind: str = "Sam2Video", hidden: int = 32) -> Path:
    """As of the hub: of the model for videos. Its memory works with 128 `hidden` numbers, or more
    such: a part of it is not made for fewer."""
    memory = {name: hidden if size == 32 else size for name, size in MEMORY.items()}
    memory["memory_encoder_output_channels"] = 16 if hidden == 32 else 64
    config = getattr(transformers, f"{kind}Config")(
        vision_config={
            "model_type": "sam2_vision_model",
            "backbone_config": {
                "model_type": "sam2_hiera_det_model", "hidden_size": 8, "image_size": [SIDE, SIDE],
                "blocks_per_stage": [1, 1, 2, 1], "embed_dim_per_stage": [8, 16, 32, 64],
                "num_attention_heads_per_stage": [1, 1, 2, 2], "window_size_per_stage": [4] * 4,
                "global_attention_blocks": [3],
                "window_positional_embedding_background_size": [2, 2],
            },
            "backbone_channel_list": [64, 32, 16, 8], "backbone_feature_sizes": SIZES,
            "fpn_hidden_size": hidden,
        },
        prompt_encoder_config={**PROMPTS, "hidden_size": hidden},
        mask_decoder_config={**DECODER, "hidden_size": hidden},
        **({"image_size": SIDE, **memory} if kind == "Sam2Video" else {}),
    )  # fmt: skip
    torch.manual_seed(0)
    getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)
    settings(folder)
    return folder


MEMORY = {
    "memory_attention_hidden_size": 32, "memory_attention_num_layers": 1,
    "memory_attention_feed_forward_hidden_size": 16, "memory_encoder_hidden_size": 32,
    "memory_encoder_output_channels": 16, "mask_downsampler_embed_dim": 32,
    "memory_fuser_embed_dim": 32, "memory_fuser_intermediate_dim": 16,
    "memory_attention_rope_feat_sizes": [4, 4],
}  # fmt: skip


def make_sam3(folder: Path) -> Path:
    """As of the hub: detector and tracker in one, over one encoder."""
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = ["!", *letters, *(f"{letter}</w>" for letter in letters)]
    vocab = {piece: place for place, piece in enumerate(pieces)}
    vocab |= {"<|startoftext|>": len(vocab), "<|endoftext|>": len(vocab) + 1}
    transformers.CLIPTokenizer(vocab, [], pad_token="!").save_pretrained(folder)
    vision = {
        "model_type": "sam3_vision_model",
        "backbone_config": {
            "model_type": "sam3_vit_model", "hidden_size": 32, "intermediate_size": 16,
            "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": SIDE, "patch_size": 16,
            "window_size": 2, "global_attn_indexes": [1], "pretrain_image_size": 32,
        },
        "fpn_hidden_size": 32, "backbone_feature_sizes": SIZES,
    }  # fmt: skip
    text = {
        "model_type": "clip_text_model", "hidden_size": 16, "intermediate_size": 16,
        "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": len(vocab),
        "max_position_embeddings": 32, "projection_dim": 16, "bos_token_id": len(vocab) - 2,
        "eos_token_id": len(vocab) - 1, "pad_token_id": 0,
    }  # fmt: skip
    layers = {"hidden_size": 32, "num_attention_heads": 2}
    detr = {**layers, "intermediate_size": 16, "num_layers": 1}
    config = transformers.Sam3VideoConfig(
        detector_config={
            "model_type": "sam3", "vision_config": vision, "text_config": text,
            "geometry_encoder_config": detr, "detr_encoder_config": detr,
            "detr_decoder_config": {**detr, "num_queries": 5}, "mask_decoder_config": layers,
        },
        tracker_config={
            "model_type": "sam3_tracker_video", "vision_config": vision, "image_size": SIDE,
            "prompt_encoder_config": PROMPTS, "mask_decoder_config": DECODER, **MEMORY,
        },
    )  # fmt: skip
    torch.manual_seed(0)
    module = transformers.Sam3VideoModel(config)
    module.tracker_model.no_memory_embedding.data.normal_()
    config.save_pretrained(folder)  # save_pretrained of the module would put a prefix there twice
    tensors = {name: one.clone() for name, one in module.state_dict().items()}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    settings(folder)
    return folder


def tiny_meta(checkpoint: object = None) -> Any:
    """A network of Meta's package, small."""
    from segment_anything import modeling

    def build() -> Any:
        return modeling.Sam(
            modeling.ImageEncoderViT(
                img_size=SIDE, embed_dim=16, depth=1, num_heads=2, out_chans=32, use_rel_pos=True
            ),
            modeling.PromptEncoder(32, (4, 4), (SIDE, SIDE), 4),
            modeling.MaskDecoder(
                transformer_dim=32, iou_head_hidden_dim=16,
                transformer=modeling.TwoWayTransformer(2, 32, 2, 16),
            ),
            list(meta.SegmentAnything.settings.mean),
            list(meta.SegmentAnything.settings.std),
        )  # fmt: skip

    torch.manual_seed(0)
    return build().eval()


def make_meta(folder: Path) -> Path:
    folder.mkdir()
    file = folder / "sam_vit_b.pth"
    torch.save(tiny_meta().state_dict(), file)
    return file


def ready(family: str, path: Path, **options: str) -> Any:
    kind = KINDS[family]
    backend = kind({f"weights.{kind.weights}": str(path), "device": "cpu", **options})
    backend.ready()
    return backend


def import_meta() -> None:
    """Meta's package, if it is installed, without torchvision, of which it uses nothing here.

    The torchvision of the package index does not load beside the torch for processors only.
    """
    if find_spec("segment_anything") is None:
        pytest.skip("wants segment-anything")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("", ".transforms", ".transforms.functional", ".ops", ".ops.boxes"):
            stub = ModuleType(f"torchvision{name}")
            for unused in ("resize", "to_pil_image", "batched_nms", "box_area"):
                setattr(stub, unused, None)
            patch.setitem(sys.modules, stub.__name__, stub)
        import_module("segment_anything")


def shrink_meta(patch: pytest.MonkeyPatch, kind: str = "vit_b") -> None:
    """Meta's package makes large networks only: let it make the small one."""
    package = import_module("segment_anything")
    patch.setitem(package.sam_model_registry, kind, tiny_meta)
    small = meta.SegmentAnything.settings._replace(side=SIDE)
    patch.setattr(meta.SegmentAnything, "settings", small)


def noise(width: int, height: int, seed: int = 0) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image(pixels, f"noise {seed}")


def region(image: Image, *box: float, label: str = "cup", score: float = 0.5) -> Region:
    left, top, right, bottom = box
    return Region(image, (left, top, right, bottom), label, score)


def segment(backend: Any, *calls: list[Region]) -> list[Any]:
    return list(backend.run("segment", [{"regions": regions} for regions in calls]))


def value(result: Any) -> Any:
    assert isinstance(result, Output), result
    return result.value


Cells = tuple[int, int, int, int]


class Decoder:
    """Puts a known answer in place of each decoder: the middle one of three masks, whose IoU is the
    best, is 1 in some cells of the square and -1 beside them. Counts what goes through."""

    def __init__(self, patch: pytest.MonkeyPatch, cells: Cells) -> None:
        self.cells = cells
        self.sizes: list[int] = []
        self.logit, self.score = 1.0, 0.9
        left, top, right, bottom = cells
        self.low = torch.full((LOW, LOW), -1.0)
        self.low[top:bottom, left:right] = 1.0
        for family, kind in KINDS.items():
            patch.setattr(kind, "decode", self._decode(family))

    def _decode(self, family: str) -> Any:
        def decode(backend: Any, features: Any, asked: Any, module: Any) -> tuple[Any, Any]:
            many = len(asked.boxes if asked.boxes is not None else asked.points)
            self.sizes.append(many)
            logits = torch.stack([-self.low, self.low * self.logit, torch.ones(LOW, LOW)])
            scores = torch.tensor([0.1, self.score, 0.3])
            return logits.expand(many, -1, -1, -1), scores.expand(many, -1)

        return decode


class Encoders:
    """Counts the pictures of each pass through an encoder."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.sizes: list[int] = []
        for kind in (sam.Sam, sam2.Sam2, sam3.Sam3, meta.SegmentAnything):
            patch.setattr(kind, "encode", self._counted(kind.encode))

    def _counted(self, encode: Any) -> Any:
        def run(backend: Any, pictures: Any, module: Any) -> Any:
            self.sizes.append(len(pictures))
            return encode(backend, pictures, module)

        return run
