"""Models that answer questions, of a few thousand numbers, made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
import torch
import transformers

from visprog.values import Image

WORDS = (
    *("is", "are", "the", "this", "what", "color", "of", "or", "yes", "no", "red", "blue", "green"),
    *("dog", "cat", "car", "made", "it", "a", "picture", "wet", "wooden", "?", ".", ",", "wood"),
)
ANSWERS = ("yes", "no", "red", "blue", "a dog", "2")
CHAT = (
    "<|im_start|>User:{% for line in messages[0]['content'] %}{% if line['type'] == 'image' %}"
    "{{ '<image>' }}{% else %}{{ line['text'] }}{% endif %}{% endfor %}<end_of_utterance>\n"
    "Assistant:"
)
TEXT = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
}  # fmt: skip
LARGE = {"height": 32, "width": 32}


def noise(width: int, height: int, seed: int = 0) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image(pixels, f"noise{seed}")


def bert(folder: Path) -> dict[str, int]:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, "[DEC]"]
    vocab = {piece: place for place, piece in enumerate(pieces)}
    transformers.BertTokenizer(vocab).save_pretrained(folder)
    return vocab


def letters(folder: Path, *special: str, **named: Any) -> Any:
    """A tokenizer of bytes and of special tokens."""
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    made = tokenizers.Tokenizer(tokenizers.models.BPE({c: n for n, c in enumerate(alphabet)}, []))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(list(special))
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=made, **named)
    fast.save_pretrained(folder)
    return fast


def make_vilt(folder: Path) -> Path:
    vocab = bert(folder)
    torch.manual_seed(0)
    config = transformers.ViltConfig(
        **TEXT, vocab_size=len(vocab), image_size=64, patch_size=8, max_image_length=-1,
        id2label=dict(enumerate(ANSWERS)), initializer_range=0.5,
    )  # fmt: skip
    transformers.ViltForQuestionAnswering(config).save_pretrained(folder)
    images = transformers.ViltImageProcessorPil(size={"shortest_edge": 64}, size_divisor=8)
    images.save_pretrained(folder)
    return folder


def make_blip(folder: Path, kind: str) -> Path:
    vocab = bert(folder)
    torch.manual_seed(0)
    config = transformers.BlipConfig(
        text_config={
            **TEXT, "vocab_size": len(vocab), "encoder_hidden_size": 16, "projection_dim": 8,
            "bos_token_id": vocab["[DEC]"], "eos_token_id": 3, "sep_token_id": 3,
            "pad_token_id": 0, "max_position_embeddings": 64, "initializer_range": 0.5,
        },
        vision_config={**TEXT, "image_size": 32, "patch_size": 8, "projection_dim": 8},
        projection_dim=8, image_text_hidden_size=8,
    )  # fmt: skip
    getattr(transformers, kind)(config).save_pretrained(folder)
    transformers.BlipImageProcessorPil(size=LARGE).save_pretrained(folder)
    return folder


def make_blip2(folder: Path) -> Path:
    words = letters(folder, "<pad>", "</s>", "<image>", bos_token="</s>", pad_token="<pad>")
    pad, end, image = words.convert_tokens_to_ids(["<pad>", "</s>", "<image>"])
    torch.manual_seed(0)
    config = transformers.Blip2Config(
        vision_config={**TEXT, "image_size": 32, "patch_size": 8},
        qformer_config={**TEXT, "encoder_hidden_size": 16},
        text_config={
            "model_type": "opt", **TEXT, "ffn_dim": 16, "word_embed_proj_dim": 16,
            "vocab_size": len(words), "max_position_embeddings": 256, "init_std": 0.5,
            "bos_token_id": end, "eos_token_id": end, "pad_token_id": pad,
        },
        num_query_tokens=4, image_token_index=image,
    )  # fmt: skip
    transformers.Blip2ForConditionalGeneration(config).save_pretrained(folder)
    transformers.BlipImageProcessorPil(size=LARGE).save_pretrained(folder)
    return folder


def make_florence(folder: Path) -> Path:
    places = [f"<loc_{n}>" for n in range(1000)]
    words = letters(
        folder, "<s>", "<pad>", "</s>", "<image>", *places, bos_token="<s>", eos_token="</s>",
        pad_token="<pad>",
    )  # fmt: skip
    begin, pad, end, image = words.convert_tokens_to_ids(["<s>", "<pad>", "</s>", "<image>"])
    torch.manual_seed(0)
    config = transformers.Florence2Config(
        vision_config={
            "depths": [1, 1], "patch_size": [7, 3], "patch_stride": [4, 2],
            "patch_padding": [3, 1], "patch_prenorm": [False, True], "embed_dim": [8, 16],
            "num_heads": [1, 2], "num_groups": [1, 2], "window_size": 4, "projection_dim": 16,
        },
        text_config={
            "model_type": "bart", "d_model": 16, "encoder_layers": 1, "decoder_layers": 1,
            "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 16,
            "decoder_ffn_dim": 16, "vocab_size": len(words), "max_position_embeddings": 1100,
            "bos_token_id": begin, "pad_token_id": pad, "eos_token_id": end,
            "decoder_start_token_id": end, "init_std": 0.5,
        },
        image_token_id=image,
    )  # fmt: skip
    transformers.Florence2ForConditionalGeneration(config).save_pretrained(folder)
    transformers.CLIPImageProcessorPil(
        size=LARGE, do_center_crop=False, crop_size=LARGE
    ).save_pretrained(folder)
    return folder


def make_smol(folder: Path, kind: str = "Idefics3", images: str = "Idefics3") -> Path:
    special = ("<pad>", "<|im_start|>", "<end_of_utterance>", "<image>", "<global-img>")
    squares = [f"<row_{r}_col_{c}>" for r in range(1, 7) for c in range(1, 7)]
    words = letters(
        folder, *special, "<fake_token_around_image>", *squares, pad_token="<pad>",
        eos_token="<end_of_utterance>", chat_template=CHAT,
    )  # fmt: skip
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(
        text_config={
            "model_type": "llama", **TEXT, "num_key_value_heads": 2, "vocab_size": len(words),
            "pad_token_id": 256, "eos_token_id": words.eos_token_id, "initializer_range": 0.5,
            "bos_token_id": 257,
        },
        vision_config={**TEXT, "image_size": 32, "patch_size": 8, "initializer_range": 0.2},
        image_token_id=words.convert_tokens_to_ids("<image>"), scale_factor=2,
        pad_token_id=256,
    )  # fmt: skip
    getattr(transformers, f"{kind}ForConditionalGeneration")(config).save_pretrained(folder)
    (folder / "processor_config.json").write_text('{"image_seq_len": 4}')
    getattr(transformers, f"{images}ImageProcessorPil")(
        size={"longest_edge": 64}, max_image_size={"longest_edge": 32}
    ).save_pretrained(folder)
    return folder


def make_qwen(folder: Path) -> Path:
    special = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|image_pad|>", "<|video_pad|>")
    words = letters(
        folder, *special, "<|vision_start|>", "<|vision_end|>", pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
        chat_template=CHAT.replace("<image>", "<|vision_start|><|image_pad|><|vision_end|>"),
    )  # fmt: skip
    ids = words.convert_tokens_to_ids
    torch.manual_seed(0)
    config = transformers.Qwen3VLConfig(
        text_config={
            **TEXT, "num_key_value_heads": 2, "head_dim": 8, "vocab_size": len(words),
            "rope_parameters": {
                "rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1],
                "mrope_interleaved": True,
            },
            "initializer_range": 0.5, "eos_token_id": words.eos_token_id,
        },
        vision_config={
            "depth": 2, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2,
            "out_hidden_size": 16, "patch_size": 8, "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0],
        },
        image_token_id=ids("<|image_pad|>"), video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"), vision_end_token_id=ids("<|vision_end|>"),
    )  # fmt: skip
    transformers.Qwen3VLForConditionalGeneration(config).save_pretrained(folder)
    transformers.Qwen2VLImageProcessorPil(
        patch_size=8, size={"shortest_edge": 256, "longest_edge": 4096}
    ).save_pretrained(folder)
    return folder


def make_got(folder: Path) -> Path:
    special = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<imgpad>")
    words = letters(folder, *special, pad_token="<|endoftext|>", eos_token="<|im_end|>")
    torch.manual_seed(0)
    config = transformers.GotOcr2Config(
        text_config={
            "model_type": "qwen2", **TEXT, "num_key_value_heads": 2, "vocab_size": len(words),
            "initializer_range": 0.5, "eos_token_id": words.eos_token_id,
        },
        vision_config={
            "hidden_size": 16, "output_channels": 8, "num_hidden_layers": 1, "mlp_dim": 16,
            "num_attention_heads": 2, "image_size": 1024, "patch_size": 16, "window_size": 4,
            "global_attn_indexes": [0],
        },
        image_token_index=words.convert_tokens_to_ids("<imgpad>"), image_seq_length=256,
    )  # fmt: skip
    transformers.GotOcr2ForConditionalGeneration(config).save_pretrained(folder)
    size = {"height": 1024, "width": 1024}
    transformers.GotOcr2ImageProcessorPil(size=size).save_pretrained(folder)
    return folder


MAKERS: dict[str, Callable[[Path], Path]] = {
    "vilt-vqa": make_vilt,
    "blip-vqa-base": lambda folder: make_blip(folder, "BlipForQuestionAnswering"),
    "blip-caption-base": lambda folder: make_blip(folder, "BlipForConditionalGeneration"),
    "blip2-opt-2.7b": make_blip2,
    "florence-2-base": make_florence,
    "smolvlm-256m": make_smol,
    "smolvlm2-500m": lambda folder: make_smol(folder, "SmolVLM", "SmolVLM"),
    "qwen3-vl-2b": make_qwen,
    "got-ocr-2": make_got,
}
