"""Models of two towers, and of features, of a few thousand numbers, made on the spot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from visprog.tool import Output
from visprog.values import Image, Region
from visprog_tools.hub.clip import ChineseClipBase, ClipBase, Lit, Siglip2Base

LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
TINY = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
}  # fmt: skip
SEEN = {**TINY, "image_size": 32, "patch_size": 8}
ODD = ((1, 1), (1000, 3), (3, 1000), (57, 31), (31, 57), (2, 5))
SIDE = {"height": 32, "width": 32}
KINDS: dict[str, Any] = {
    "clip": ClipBase, "siglip": Siglip2Base, "chinese": ChineseClipBase, "lit": Lit,
}  # fmt: skip
SHADES = {
    "red": (1.0, 0.0, 0.0), "green": (0.0, 1.0, 0.0), "blue": (0.0, 0.0, 1.0),
    "红": (1.0, 0.0, 0.0), "绿": (0.0, 1.0, 0.0),
}  # fmt: skip


def make_clip(folder: Path) -> Path:
    pieces = ["!", ".", ".</w>", *LETTERS, *(f"{letter}</w>" for letter in LETTERS)]
    vocab = {piece: place for place, piece in enumerate(pieces)}
    begin, end = len(vocab), len(vocab) + 1
    vocab |= {"<|startoftext|>": begin, "<|endoftext|>": end}
    transformers.CLIPTokenizer(vocab, []).save_pretrained(folder)
    sizes = {"size": {"shortest_edge": 32}, "crop_size": SIDE}
    transformers.CLIPImageProcessorPil(**sizes).save_pretrained(folder)
    text = {
        **TINY, "vocab_size": len(vocab), "max_position_embeddings": 77, "bos_token_id": begin,
        "eos_token_id": end, "pad_token_id": end, "projection_dim": 16,
    }  # fmt: skip
    config = transformers.CLIPConfig(text_config=text, vision_config=SEEN, projection_dim=16)
    return saved(transformers.CLIPModel(config), folder)


def make_siglip(folder: Path) -> Path:
    pieces = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", ".", *LETTERS]
    vocab = {piece: place for place, piece in enumerate(pieces)}
    transformers.Siglip2Tokenizer(vocab, []).save_pretrained(folder)
    transformers.SiglipImageProcessorPil(size=SIDE).save_pretrained(folder)
    text = {
        **TINY, "vocab_size": len(vocab), "max_position_embeddings": 64, "pad_token_id": 0,
        "eos_token_id": 1, "bos_token_id": 2, "projection_size": 16,
    }  # fmt: skip
    module = transformers.SiglipModel(
        transformers.SiglipConfig(text_config=text, vision_config=SEEN)
    )
    module.logit_scale.data.fill_(math.log(10.0))
    module.logit_bias.data.fill_(-5.0)
    return saved(module, folder)


def words(folder: Path) -> int:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [*special, *"红绿色的车照片东西", ".", *LETTERS, *(f"##{one}" for one in LETTERS)]
    vocab = {piece: place for place, piece in enumerate(pieces)}
    transformers.BertTokenizer(vocab).save_pretrained(folder)
    return len(vocab)


def make_chinese(folder: Path) -> Path:
    text = {**TINY, "vocab_size": words(folder), "max_position_embeddings": 128}
    config = transformers.ChineseCLIPConfig(text_config=text, vision_config=SEEN, projection_dim=16)
    sizes = {"size": SIDE, "do_center_crop": False}
    transformers.ChineseCLIPImageProcessorPil(**sizes).save_pretrained(folder)
    return saved(transformers.ChineseCLIPModel(config), folder)


def make_lit(folder: Path) -> Path:
    text = transformers.BertConfig(**TINY, vocab_size=words(folder), max_position_embeddings=96)
    config = transformers.VisionTextDualEncoderConfig.from_vision_text_configs(
        transformers.ViTConfig(**SEEN), text, projection_dim=16
    )
    transformers.ViTImageProcessorPil(size=SIDE).save_pretrained(folder)
    return saved(transformers.VisionTextDualEncoderModel(config), folder)


def make_dinov2(folder: Path) -> Path:
    sizes = {"size": {"shortest_edge": 36}, "crop_size": SIDE}
    transformers.BitImageProcessorPil(**sizes).save_pretrained(folder)
    config = transformers.Dinov2Config(**{**SEEN, "mlp_ratio": 2})
    return saved(transformers.Dinov2Model(config), folder)


def make_ijepa(folder: Path) -> Path:
    transformers.ViTImageProcessorPil(size=SIDE).save_pretrained(folder)
    return saved(transformers.IJepaModel(transformers.IJepaConfig(**SEEN)), folder)


def saved(module: Any, folder: Path) -> Path:
    """With larger numbers of chance than a fresh module has, so that its vectors differ."""
    torch.manual_seed(0)
    for name, one in module.named_parameters():
        if one.ndim > 1 and "logit" not in name:
            one.data.normal_(0, 0.2)
    module.save_pretrained(folder)
    return folder


def make_all(root: Path) -> Mapping[str, Path]:
    makers = {
        "clip": make_clip, "siglip": make_siglip, "chinese": make_chinese, "lit": make_lit,
        "dinov2": make_dinov2, "ijepa": make_ijepa,
    }  # fmt: skip
    torch.manual_seed(0)
    made = {}
    for name, make in makers.items():
        (root / name).mkdir()
        made[name] = make(root / name)
    return made


def ready(kind: Any, folder: Path, **options: str) -> Any:
    backend = kind({f"weights.{kind.weights}": str(folder), "device": "cpu", **options})
    backend.ready()
    return backend


def noise(width: int, height: int, seed: int = 0) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image(pixels, f"noise {seed}")


def plain(width: int, height: int, *rgb: int) -> Image:
    return Image(np.full((height, width, 3), rgb, np.uint8), "plain")


def halves(width: int = 200, height: int = 100) -> tuple[Image, Region, Region]:
    """Red at the left, green at the right, and a region well inside of either."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = pixels[:, width // 2 :, 1] = 255
    image = Image(pixels, "halves")
    left, right = (Region(image, (x + 25.0, 30.0, x + 65.0, 70.0), "car") for x in (0, width // 2))
    return image, left, right


def value(result: Any) -> Any:
    assert isinstance(result, Output), result
    return result.value


class Eyes:
    """Towers that see the mean colour and read words of colour; they count what they encode."""

    def __init__(self, patch: pytest.MonkeyPatch, backend: Any) -> None:
        self.pictures: list[int] = []
        self.texts: list[list[str]] = []
        self.inputs: Any = None
        self.neutral = (0.6, 0.6, 0.6)
        network = getattr(transformers, backend.network)
        patch.setattr(network, "get_image_features", self._look)
        patch.setattr(backend, "text_vectors", self._read)
        self._tokenizer = backend._tokenizer
        processor = backend._processor
        self._mean, self._std = (
            torch.tensor(one)[:, None, None] for one in (processor.image_mean, processor.image_std)
        )

    def _look(self, *_: Any, pixel_values: Any) -> Any:
        self.pictures.append(len(pixel_values))
        self.inputs = pixel_values
        colour = (pixel_values.float() * self._std + self._mean).mean((2, 3))
        return transformers.modeling_outputs.BaseModelOutputWithPooling(pooler_output=colour)

    def _read(self, pieces: Sequence[list[int]], module: Any) -> Any:
        texts = [self._tokenizer.decode(one, skip_special_tokens=True) for one in pieces]
        self.texts.append(texts)
        shades = [
            next((shade for word, shade in SHADES.items() if word in text), self.neutral)
            for text in texts
        ]
        return torch.tensor(shades)
