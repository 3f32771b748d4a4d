"""Diffusion models of a few thousand numbers, made of diffusers' own classes on the spot."""

from __future__ import annotations

import json
from pathlib import Path

import diffusers
import torch
import transformers

LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
SIDE = 64  # pixels for which they draw
GRAIN = 8  # pixels of a cell, as the published ones have them
LONGEST = 16  # tokens of a text


def make_sd2(folder: Path, channels: int = 9) -> Path:
    """As of the hub, of single precision."""
    _unet(channels).save_pretrained(folder / "unet")
    _shared(folder)
    _texts(folder, "", transformers.CLIPTextModel)
    return folder


def make_sdxl(folder: Path) -> Path:
    """As of the hub, of half precision."""
    ids = {"addition_embed_type": "text_time", "addition_time_embed_dim": 4}
    width = 8 + 6 * 4  # of the second text and of six numbers
    made = _unet(9, 32, projection_class_embeddings_input_dim=width, **ids)
    made.half().save_pretrained(folder / "unet", variant="fp16")
    _shared(folder, variant="fp16")
    _texts(folder, "", transformers.CLIPTextModel, variant="fp16")
    _texts(folder, "_2", transformers.CLIPTextModelWithProjection, variant="fp16")
    return folder


def _unet(channels: int, texts: int = 16, **more: object) -> torch.nn.Module:
    torch.manual_seed(0)
    return diffusers.UNet2DConditionModel(
        sample_size=SIDE // GRAIN, in_channels=channels, out_channels=4,
        block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, attention_head_dim=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=texts, **more,
    )  # fmt: skip


def _shared(folder: Path, variant: str | None = None) -> None:
    torch.manual_seed(1)
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8,) * 4, latent_channels=4, norm_num_groups=4, layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
    )  # fmt: skip
    (vae.half() if variant else vae).save_pretrained(folder / "vae", variant=variant)
    solver = diffusers.DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"
    )
    solver.save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text("{}")


def _texts(folder: Path, ending: str, kind: type, variant: str | None = None) -> None:
    pieces = ["!", *LETTERS, *(f"{letter}</w>" for letter in LETTERS), ",</w>"]
    vocab = {piece: place for place, piece in enumerate(pieces)}
    vocab |= {"<|startoftext|>": len(vocab), "<|endoftext|>": len(vocab) + 1}
    made = transformers.CLIPTokenizer(vocab, [], pad_token="!", model_max_length=LONGEST)
    made.save_pretrained(folder / f"tokenizer{ending}")
    torch.manual_seed(2)
    config = transformers.CLIPTextConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        vocab_size=len(vocab), max_position_embeddings=LONGEST, projection_dim=8,
        bos_token_id=len(vocab) - 2, eos_token_id=len(vocab) - 1, pad_token_id=0,
    )  # fmt: skip
    module = kind(config)
    if variant is None:
        module.save_pretrained(folder / f"text_encoder{ending}")
    else:
        module.half().save_pretrained(folder / f"text_encoder{ending}", variant=variant)


def set_config(folder: Path, part: str, **told: object) -> None:
    file = folder / part / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **told}))
