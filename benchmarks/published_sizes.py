"""The sizes of the hub's models as their model cards and papers publish them: what their
configurations in transformers are made of, where true weights are not at hand.

An entry of `SIZES` has the class of the module and its configuration. Numbers that are the
defaults of the configuration's class are left out. The reports tell how many numbers each module
has beside the bytes of its model card, so that a slip here is seen.
"""

from __future__ import annotations

from typing import Any

Table = dict[str, Any]


def tower(width: int, layers: int, heads: int, inner: int = 0, **more: Any) -> Table:
    """A transformer. `inner`: width between its two dense layers, else four times its own."""
    return {
        "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads,
        "intermediate_size": inner or 4 * width, **more,
    }  # fmt: skip


SMALL, BASE, LARGE = (384, 12, 6), (768, 12, 12), (1024, 24, 16)
SO400M = (1152, 27, 16, 4304)
BERT = tower(*BASE, vocab_size=30522)


def dinov2(size: tuple[int, int, int], **more: Any) -> Table:
    width, layers, heads = size
    return {
        "model_type": "dinov2", "hidden_size": width, "num_hidden_layers": layers,
        "num_attention_heads": heads, **more,
    }  # fmt: skip


def owlv2(text: Any, seen: Any, side: int, patch: int) -> Table:
    return {
        "text_config": tower(*text, vocab_size=49408, max_position_embeddings=16),
        "vision_config": tower(*seen, image_size=side, patch_size=patch),
        "projection_dim": text[0],
    }


def swin(width: int, depths: list[int], heads: list[int], window: int, side: int) -> Table:
    return {
        "model_type": "swin", "embed_dim": width, "depths": depths, "num_heads": heads,
        "window_size": window, "image_size": side, "out_indices": [2, 3, 4],
    }  # fmt: skip


SWIN_TINY = {"backbone_config": swin(96, [2, 2, 6, 2], [3, 6, 12, 24], 7, 224)}
SWIN_BASE = {"backbone_config": swin(128, [2, 2, 18, 2], [4, 8, 16, 32], 12, 384)}


def resnet(widths: list[int], depths: list[int], kind: str, layers: int, wide: float) -> Table:
    backbone = {
        "model_type": "rt_detr_resnet", "hidden_sizes": widths, "depths": depths,
        "layer_type": kind, "out_features": ["stage2", "stage3", "stage4"],
    }  # fmt: skip
    return {
        "backbone_config": backbone, "encoder_in_channels": widths[1:],
        "decoder_layers": layers, "hidden_expansion": wide,
    }  # fmt: skip


def sam(width: int, layers: int, heads: int, across: list[int]) -> Table:
    seen = {
        "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads,
        "global_attn_indexes": across, "mlp_dim": 4 * width,
    }  # fmt: skip
    return {"vision_config": seen}


def hiera(
    width: int, blocks: list[int], heads: int, windows: list[int], across: list[int], ground: int
) -> Table:
    widths = [width * 2**stage for stage in range(4)]
    backbone = {
        "model_type": "sam2_hiera_det_model", "hidden_size": width, "num_attention_heads": heads,
        "blocks_per_stage": blocks, "embed_dim_per_stage": widths,
        "num_attention_heads_per_stage": [heads * 2**stage for stage in range(4)],
        "window_size_per_stage": windows, "global_attention_blocks": across,
        "window_positional_embedding_background_size": [ground, ground],
    }  # fmt: skip
    return {
        "vision_config": {
            "model_type": "sam2_vision_model", "backbone_config": backbone,
            "backbone_channel_list": widths[::-1],
        }
    }  # fmt: skip


def anything(size: Any, layers: list[int], neck: list[int], wide: int, most: int = 0) -> Table:
    return {
        "backbone_config": dinov2(
            size, image_size=518, patch_size=14, out_indices=layers, reshape_hidden_states=False
        ),
        "reassemble_hidden_size": size[0], "neck_hidden_sizes": neck, "fusion_hidden_size": wide,
        "depth_estimation_type": "metric" if most else "relative", "max_depth": most or 1,
    }  # fmt: skip


def depth_pro() -> Table:
    inner = dinov2(LARGE, image_size=384, patch_size=16, use_mask_token=False)
    inners = {f"{name}_model_config": inner for name in ("image", "patch", "fov")}
    return {**inners, "use_fov_model": True}


def clip(text: Any, seen: Any, patch: int) -> Table:
    return {
        "text_config": tower(*text, vocab_size=49408, eos_token_id=49407, bos_token_id=49406),
        "vision_config": tower(*seen, image_size=224, patch_size=patch),
        "projection_dim": text[0],
    }


def siglip(size: Any, side: int, patch: int) -> Table:
    return {
        "text_config": tower(
            *size, vocab_size=256000, projection_size=size[0], pad_token_id=0, eos_token_id=1,
            bos_token_id=2,
        ),
        "vision_config": tower(*size, image_size=side, patch_size=patch),
    }  # fmt: skip


def blip() -> Table:
    return {
        "text_config": tower(*BASE, vocab_size=30524, encoder_hidden_size=768),
        "vision_config": tower(*BASE, image_size=384, patch_size=16),
    }


def smol(text: Table, seen: Any, side: int, patch: int, scale: int) -> Table:
    return {
        "text_config": {"model_type": "llama", "vocab_size": 49280, **text},
        "vision_config": tower(*seen, image_size=side, patch_size=patch),
        "scale_factor": scale, "pad_token_id": 0, "tie_word_embeddings": False,
    }  # fmt: skip


def qwen(width: int, layers: int, heads: int, inner: int) -> Table:
    text = tower(width, layers, heads, inner, num_key_value_heads=8, head_dim=128)
    rope = {"rope_type": "default", "rope_theta": 5e6, "mrope_section": [24, 20, 20]}
    return {
        "text_config": {
            **text, "vocab_size": 151936, "rope_parameters": {**rope, "mrope_interleaved": True}
        },
        "vision_config": {
            "depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16,
            "out_hidden_size": width, "deepstack_visual_indexes": [5, 11, 17],
        },
        "tie_word_embeddings": True,
    }  # fmt: skip


SMOL_135M = tower(576, 30, 9, 1536, num_key_value_heads=3)
SMOL_360M = tower(960, 32, 15, 2560, num_key_value_heads=5)
SMOL_1700M = tower(2048, 24, 32, 8192, num_key_value_heads=32)
BART = {
    "model_type": "bart", "d_model": 768, "encoder_layers": 6, "decoder_layers": 6,
    "encoder_attention_heads": 12, "decoder_attention_heads": 12, "encoder_ffn_dim": 3072,
    "decoder_ffn_dim": 3072, "vocab_size": 51289, "max_position_embeddings": 4096,
}  # fmt: skip
OPT = {
    "model_type": "opt", "hidden_size": 2560, "num_hidden_layers": 32, "ffn_dim": 10240,
    "num_attention_heads": 32, "word_embed_proj_dim": 2560, "vocab_size": 50304,
}  # fmt: skip
VIT_G = tower(1408, 39, 16, 6144, image_size=224, patch_size=14)
HIERA_SMALL = hiera(96, [1, 2, 11, 2], 1, [8, 4, 14, 7], [7, 10, 13], 7)
HIERA_BASE = hiera(112, [2, 3, 16, 3], 2, [8, 4, 14, 7], [12, 16, 20], 14)
HIERA_LARGE = hiera(144, [2, 6, 36, 4], 2, [8, 4, 16, 8], [23, 33, 43], 7)
DAM_SMALL = (SMALL, [3, 6, 9, 12], [48, 96, 192, 384], 64)
DINO, MM_DINO = "GroundingDinoForObjectDetection", "MMGroundingDinoForObjectDetection"
RTDETR, ANYTHING = "RTDetrV2ForObjectDetection", "DepthAnythingForDepthEstimation"

SIZES: dict[str, tuple[str, Table]] = {
    "owlv2-base": ("Owlv2ForObjectDetection", owlv2((512, 12, 8), BASE, 960, 16)),
    "owlv2-large": ("Owlv2ForObjectDetection", owlv2((768, 12, 12), LARGE, 1008, 14)),
    "grounding-dino-tiny": (DINO, SWIN_TINY),
    "grounding-dino-base": (DINO, SWIN_BASE),
    "mm-grounding-dino-tiny": (MM_DINO, SWIN_TINY),
    "llmdet-tiny": (MM_DINO, SWIN_TINY),
    "llmdet-base": (MM_DINO, SWIN_BASE),
    "rtdetr-v2-r18": (RTDETR, resnet([64, 128, 256, 512], [2, 2, 2, 2], "basic", 3, 0.5)),
    "rtdetr-v2-r50": (RTDETR, resnet([256, 512, 1024, 2048], [3, 4, 6, 3], "bottleneck", 6, 1.0)),
    "sam-vit-base": ("SamModel", sam(768, 12, 12, [2, 5, 8, 11])),
    "sam-vit-large": ("SamModel", sam(1024, 24, 16, [5, 11, 17, 23])),
    "sam-vit-huge": ("SamModel", sam(1280, 32, 16, [7, 15, 23, 31])),
    "sam2-small": ("Sam2Model", HIERA_SMALL),
    "sam2-base-plus": ("Sam2Model", HIERA_BASE),
    "sam2-large": ("Sam2Model", HIERA_LARGE),
    "sam2-video-small": ("Sam2VideoModel", HIERA_SMALL),
    "sam2-video-base-plus": ("Sam2VideoModel", HIERA_BASE),
    "sam2-video-large": ("Sam2VideoModel", HIERA_LARGE),
    "sam3": ("Sam3VideoModel", {}),
    "depth-anything-v2-small": (ANYTHING, anything(*DAM_SMALL)),
    "depth-anything-v2-base": (ANYTHING, anything(BASE, [3, 6, 9, 12], [96, 192, 384, 768], 128)),
    "depth-anything-v2-large": (
        ANYTHING, anything(LARGE, [5, 12, 18, 24], [256, 512, 1024, 1024], 256),
    ),
    "depth-anything-v2-metric-indoor": (ANYTHING, anything(*DAM_SMALL, 20)),
    "depth-anything-v2-metric-outdoor": (ANYTHING, anything(*DAM_SMALL, 80)),
    "depth-pro": ("DepthProForDepthEstimation", depth_pro()),
    "clip-base": ("CLIPModel", clip((512, 12, 8), BASE, 32)),
    "clip-large": ("CLIPModel", clip((768, 12, 12), LARGE, 14)),
    "siglip2-base": ("SiglipModel", siglip(BASE, 224, 16)),
    "siglip2-so400m": ("SiglipModel", siglip(SO400M, 384, 14)),
    "chinese-clip-base": ("ChineseCLIPModel", {
        "text_config": tower(*BASE, vocab_size=21128),
        "vision_config": tower(*BASE, image_size=224, patch_size=16), "projection_dim": 512,
    }),
    "lit": ("VisionTextDualEncoderModel", {
        "vision_config": {"model_type": "vit", **tower(*BASE)},
        "text_config": {"model_type": "bert", **BERT}, "projection_dim": 512,
    }),
    "blip-vqa-base": ("BlipForQuestionAnswering", blip()),
    "blip-caption-base": ("BlipForConditionalGeneration", blip()),
    "blip2-opt-2.7b": ("Blip2ForConditionalGeneration", {
        "vision_config": VIT_G, "text_config": OPT,
        "qformer_config": tower(*BASE, encoder_hidden_size=1408, vocab_size=30522),
    }),
    "vilt-vqa": ("ViltForQuestionAnswering", {**BERT, "image_size": 384, "patch_size": 32}),
    "florence-2-base": ("Florence2ForConditionalGeneration", {
        "vision_config": {"projection_dim": 768}, "text_config": BART,
    }),
    "smolvlm-256m": ("Idefics3ForConditionalGeneration", smol(SMOL_135M, BASE, 512, 16, 4)),
    "smolvlm2-500m": ("SmolVLMForConditionalGeneration", smol(SMOL_360M, BASE, 512, 16, 4)),
    "smolvlm2-2b": ("SmolVLMForConditionalGeneration", smol(SMOL_1700M, SO400M, 384, 14, 3)),
    "qwen3-vl-2b": ("Qwen3VLForConditionalGeneration", qwen(2048, 28, 16, 6144)),
    "qwen3-vl-4b": ("Qwen3VLForConditionalGeneration", qwen(2560, 36, 32, 9728)),
    "got-ocr-2": ("GotOcr2ForConditionalGeneration", {"tie_word_embeddings": False}),
    "dinov2-small": ("Dinov2Model", dinov2(SMALL, image_size=518, patch_size=14)),
    "dinov2-base": ("Dinov2Model", dinov2(BASE, image_size=518, patch_size=14)),
    "ijepa-huge": ("IJepaModel", tower(1280, 32, 16, image_size=224, patch_size=14)),
}  # fmt: skip
