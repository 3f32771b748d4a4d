"""Diffusion models of their published sizes, with weights of chance, as diffusers saves them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers

SD2 = {
    "sample_size": 64, "block_out_channels": (320, 640, 1280, 1280), "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20),
}  # fmt: skip
SDXL = {
    "sample_size": 128, "block_out_channels": (320, 640, 1280), "cross_attention_dim": 2048,
    "attention_head_dim": (5, 10, 20), "transformer_layers_per_block": (1, 2, 10),
    "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
}  # fmt: skip
# width, layers and heads of the text encoders
TEXTS = {
    "sd2-inpainting": {"text_encoder": (1024, 23, 16)},
    "sdxl-inpainting": {"text_encoder": (768, 12, 12), "text_encoder_2": (1280, 32, 20)},
}


def make(name: str, folder: Path, dtype: str) -> Path:
    """`folder`: with the files of the tokenizer, which are moved to where they belong."""
    files = [file for file in folder.iterdir() if file.is_file()]
    for part in TEXTS[name]:
        tokenizer = folder / part.replace("text_encoder", "tokenizer")
        tokenizer.mkdir()
        for file in files:
            shutil.copy(file, tokenizer)
        told = tokenizer / "tokenizer_config.json"
        told.write_text(json.dumps({**json.loads(told.read_text()), "model_max_length": 77}))
    for file in files:
        file.unlink()
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        for part, module in _networks(name):
            module.save_pretrained(folder / part)
    finally:
        torch.set_default_dtype(before)
    solver = diffusers.DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"
    )
    solver.save_pretrained(folder / "scheduler")
    return folder


def _networks(name: str) -> Any:
    sizes = SD2 if name == "sd2-inpainting" else SDXL
    yield "unet", diffusers.UNet2DConditionModel(in_channels=9, use_linear_projection=True, **sizes)
    yield "vae", diffusers.AutoencoderKL(
        block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        sample_size=512,
    )  # fmt: skip
    for part, (width, layers, heads) in TEXTS[name].items():
        kind = "CLIPTextModelWithProjection" if part.endswith("_2") else "CLIPTextModel"
        config = transformers.CLIPTextConfig(
            hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers,
            num_attention_heads=heads, vocab_size=49408, projection_dim=width,
            bos_token_id=49406, eos_token_id=49407,
        )  # fmt: skip
        yield part, getattr(transformers, kind)(config)
