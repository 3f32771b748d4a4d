"""Folders of models as the hub has them, of true size, with weights of chance.

Vocabularies have the words that are asked and letters; the rest of the true number of words are
never used ones, so that tables of words have their true size. Texts of byte-level tokenizers are
cut into letters, and are some times longer than true ones: they are short beside a picture's part.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers
from published_sizes import SIZES
from safetensors.torch import save_file

from visprog_tools.nouns import classes

LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
WORDS = ("a", "photo", "of", "person", "what", "is", "in", "the", "picture", "this", "red", "dog")
CHAT = (
    "{% for line in messages[0]['content'] %}{% if line['type'] == 'image' %}{{ 'IMAGE' }}"
    "{% else %}{{ line['text'] }}{% endif %}{% endfor %}"
)
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def make(name: str, folder: Path, dtype: str) -> Path:
    """The files of a model, or one file where that is what its backend reads.

    Args:
        name: of a backend.
        dtype: of the weights, as torch names it.
    """
    torch.manual_seed(0)
    if name.startswith("segment-anything"):
        return _metas(name, folder)
    if name.startswith("raft"):
        return _rafts(name, folder)
    if name.endswith("-inpainting"):
        import pipeline_weights

        _clip(folder)
        return pipeline_weights.make(name, folder, dtype)
    kind, table = SIZES[name]
    module_kind = getattr(transformers, kind)
    more = TEXTS[name](folder) if name in TEXTS else {}
    PICTURES[name](folder)
    config = _config(module_kind, table, more)
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        module = module_kind(config)
    finally:
        torch.set_default_dtype(before)
    _settle(name, module)
    if name == "sam3":  # its save_pretrained would put a prefix before names twice
        config.save_pretrained(folder)
        tensors = {key: one.clone() for key, one in module.state_dict().items()}
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    else:
        module.save_pretrained(folder)
    return folder


def _settle(name: str, module: Any) -> None:
    """Chance that would give no numbers, or end texts at once, is none."""
    if name.startswith("depth-anything"):
        module.head.conv3.bias.data.fill_(0.3)  # so that it gives no plain zero
    if name == "sam3":
        module.tracker_model.no_memory_embedding.data.normal_()


def _config(kind: Any, table: Any, more: Any) -> Any:
    made = kind.config_class
    if kind is transformers.VisionTextDualEncoderModel:
        parts = [
            getattr(transformers, name)(
                **{k: v for k, v in table[part].items() if k != "model_type"}
            )
            for name, part in (("ViTConfig", "vision_config"), ("BertConfig", "text_config"))
        ]
        return made.from_vision_text_configs(*parts, projection_dim=table["projection_dim"])
    joined = {**table}
    for key, value in more.items():
        inner = isinstance(value, dict)
        joined[key] = {**table.get(key, {}), **value} if inner else value
    return made(**joined)


def _metas(name: str, folder: Path) -> Path:
    """By Meta's own package. Raises ImportError or RuntimeError where its torchvision is broken."""
    from segment_anything import sam_model_registry

    file = folder / f"{name}.pth"
    letter = name.rpartition("-")[2]
    torch.save(sam_model_registry[f"vit_{letter}"]().state_dict(), file)
    return file


def _rafts(name: str, folder: Path) -> Path:
    """By torchvision."""
    from torchvision.models import optical_flow

    file = folder / f"{name}.pth"
    network = getattr(optical_flow, name.replace("-", "_"))
    torch.save(network(weights=None, progress=False).state_dict(), file)
    return file


# -- tokenizers; each gives what the configuration must know of it


def _bert(folder: Path, words: int = 30522) -> dict[str, Any]:
    pieces = [f"[unused{n}]" for n in range(words)]
    special = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103}
    for piece, place in {**special, ".": 1012, "?": 1029}.items():
        pieces[place] = piece
    known = [*WORDS, *(one for one in LETTERS if one not in WORDS), *(f"##{x}" for x in LETTERS)]
    pieces[2000 : 2000 + len(known)] = known
    transformers.BertTokenizer({piece: n for n, piece in enumerate(pieces)}).save_pretrained(folder)
    return {}


def _chinese(folder: Path) -> dict[str, Any]:
    """Letters of its own among the rest, as it refuses texts without any."""
    pieces = [f"[unused{n}]" for n in range(21128)]
    pieces[:5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    known = "红狗的照片东西人"
    pieces[1000 : 1000 + len(known)] = known
    transformers.BertTokenizer({piece: n for n, piece in enumerate(pieces)}).save_pretrained(folder)
    return {}


def _clip(folder: Path) -> dict[str, Any]:
    pieces = ["!", ".", ".</w>", *LETTERS, *(f"{letter}</w>" for letter in LETTERS)]
    merges: list[tuple[str, str]] = []
    for word in WORDS:  # a word of several letters is one piece, as OWLv2 reads 16 of them
        made, *rest = [*word[:-1], f"{word[-1]}</w>"]
        for letter in rest:
            merges.append((made, letter))
            made += letter
            pieces.append(made)
    pieces = list(dict.fromkeys(pieces))
    pieces += [f"unused{n}" for n in range(49406 - len(pieces))]
    vocab = {piece: place for place, piece in enumerate(pieces)}
    vocab |= {"<|startoftext|>": 49406, "<|endoftext|>": 49407}
    joined = list(dict.fromkeys(merges))
    transformers.CLIPTokenizer(vocab, joined, pad_token="!").save_pretrained(folder)
    return {}


def _siglip(folder: Path) -> dict[str, Any]:
    pieces = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", ".", *LETTERS]
    vocab = {piece: place for place, piece in enumerate(pieces)}
    transformers.Siglip2Tokenizer(vocab, []).save_pretrained(folder)
    return {}


def _bytes(folder: Path, *special: str, **named: Any) -> Any:
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    made = tokenizers.Tokenizer(tokenizers.models.BPE({c: n for n, c in enumerate(alphabet)}, []))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.add_special_tokens(list(special))
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=made, **named)
    fast.save_pretrained(folder)
    return fast.convert_tokens_to_ids


def _blip(folder: Path) -> dict[str, Any]:
    _bert(folder, 30524)
    return {"text_config": {"bos_token_id": 30522, "sep_token_id": 102, "pad_token_id": 0}}


def _opt(folder: Path) -> dict[str, Any]:
    ids = _bytes(folder, "<pad>", "</s>", "<image>", bos_token="</s>", pad_token="<pad>")
    end = {"bos_token_id": ids("</s>"), "eos_token_id": ids("</s>"), "pad_token_id": ids("<pad>")}
    return {"text_config": end, "image_token_index": ids("<image>")}


def _florence(folder: Path) -> dict[str, Any]:
    places = [f"<loc_{n}>" for n in range(1000)]
    named = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    ids = _bytes(folder, "<s>", "<pad>", "</s>", "<image>", *places, **named)
    text = {
        "bos_token_id": ids("<s>"), "pad_token_id": ids("<pad>"), "eos_token_id": ids("</s>"),
        "decoder_start_token_id": ids("</s>"), "forced_eos_token_id": None,
    }  # fmt: skip
    return {"text_config": text, "image_token_id": ids("<image>")}


def _smol(folder: Path) -> dict[str, Any]:
    special = ("<pad>", "<|im_start|>", "<end_of_utterance>", "<image>", "<global-img>")
    squares = [f"<row_{r}_col_{c}>" for r in range(1, 7) for c in range(1, 7)]
    end, mark = "<end_of_utterance>", "<fake_token_around_image>"
    ids = _bytes(
        folder, *special, mark, *squares, pad_token="<pad>", eos_token=end,
        chat_template=CHAT.replace("IMAGE", "<image>"),
    )  # fmt: skip
    text = {"pad_token_id": ids("<pad>"), "eos_token_id": ids(end), "bos_token_id": ids(end)}
    return {"text_config": text, "image_token_id": ids("<image>"), "pad_token_id": ids("<pad>")}


def _qwen(folder: Path) -> dict[str, Any]:
    special = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|image_pad|>", "<|video_pad|>")
    names = ("image", "video", "vision_start", "vision_end")
    picture = "<|vision_start|><|image_pad|><|vision_end|>"
    ids = _bytes(
        folder, *special, "<|vision_start|>", "<|vision_end|>", pad_token="<|endoftext|>",
        eos_token="<|im_end|>", chat_template=CHAT.replace("IMAGE", picture),
    )  # fmt: skip
    marks = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    told = {f"{n}_token_id": ids(mark) for n, mark in zip(names, marks, strict=True)}
    return {**told, "text_config": {"eos_token_id": ids("<|im_end|>")}}


def _got(folder: Path) -> dict[str, Any]:
    special = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<imgpad>")
    ids = _bytes(folder, *special, pad_token="<|endoftext|>", eos_token="<|im_end|>")
    text = {"model_type": "qwen2", "vocab_size": 151860, "eos_token_id": ids("<|im_end|>")}
    return {
        "text_config": {
            **text, "hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 24,
            "num_attention_heads": 16, "num_key_value_heads": 16, "tie_word_embeddings": False,
        },
        "image_token_index": ids("<imgpad>"),
    }  # fmt: skip


TEXTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    **dict.fromkeys(("grounding-dino-tiny", "grounding-dino-base"), _bert),
    **dict.fromkeys(("mm-grounding-dino-tiny", "llmdet-tiny", "llmdet-base"), _bert),
    **dict.fromkeys(("owlv2-base", "owlv2-large", "sam3", "clip-base", "clip-large"), _clip),
    **dict.fromkeys(("siglip2-base", "siglip2-so400m"), _siglip),
    **dict.fromkeys(("lit", "vilt-vqa"), _bert),
    **dict.fromkeys(("blip-vqa-base", "blip-caption-base"), _blip),
    **dict.fromkeys(("smolvlm-256m", "smolvlm2-500m", "smolvlm2-2b"), _smol),
    **dict.fromkeys(("qwen3-vl-2b", "qwen3-vl-4b"), _qwen),
    **{"chinese-clip-base": _chinese, "blip2-opt-2.7b": _opt, "florence-2-base": _florence},
    "got-ocr-2": _got,
}
TEXTS |= dict.fromkeys(
    ("rtdetr-v2-r18", "rtdetr-v2-r50"), lambda _: {"id2label": dict(enumerate(classes()))}
)
TEXTS["vilt-vqa"] = lambda folder: {
    **_bert(folder), "id2label": {n: f"answer {n}" for n in range(3129)},
}  # fmt: skip


# -- processors of pictures


def _saved(kind: str, **named: Any) -> Callable[[Path], None]:
    def save(folder: Path) -> None:
        getattr(transformers, kind)(**named).save_pretrained(folder)

    return save


def _square(side: int) -> dict[str, int]:
    return {"height": side, "width": side}


def _settings(size: dict[str, int], mean: list[float], std: list[float]) -> Callable[[Path], None]:
    told = {"size": size, "image_mean": mean, "image_std": std, "rescale_factor": 1 / 255}

    def save(folder: Path) -> None:
        (folder / "preprocessor_config.json").write_text(json.dumps(told))

    return save


def _of_smol(kind: str, whole: int, square: int, tokens: int) -> Callable[[Path], None]:
    images = _saved(
        f"{kind}ImageProcessorPil",
        size={"longest_edge": whole},
        max_image_size={"longest_edge": square},
    )

    def save(folder: Path) -> None:
        (folder / "processor_config.json").write_text(json.dumps({"image_seq_len": tokens}))
        images(folder)

    return save


DPT = _saved(
    "DPTImageProcessorPil", size=_square(518), ensure_multiple_of=14, keep_aspect_ratio=True
)
DINO = _saved("GroundingDinoImageProcessorPil", size={"shortest_edge": 800, "longest_edge": 1333})
HALF = ([0.5] * 3, [0.5] * 3)
CLIP = _saved("CLIPImageProcessorPil", size={"shortest_edge": 224}, crop_size=_square(224))
BIT = _saved("BitImageProcessorPil", size={"shortest_edge": 256}, crop_size=_square(224))
QWEN = _saved(
    "Qwen2VLImageProcessorPil", patch_size=16, size={"shortest_edge": 2**16, "longest_edge": 2**24}
)

PICTURES: dict[str, Callable[[Path], None]] = {
    "owlv2-base": _saved("Owlv2ImageProcessorPil", size=_square(960)),
    "owlv2-large": _saved("Owlv2ImageProcessorPil", size=_square(1008)),
    **{name: DINO for name in SIZES if "dino-" in name or name.startswith("llmdet")},
    **{n: _saved("RTDetrImageProcessorPil", size=_square(640)) for n in SIZES if "rtdetr" in n},
    **{n: _settings({"longest_edge": 1024}, *IMAGENET) for n in SIZES if n.startswith("sam-")},
    **{n: _settings(_square(1024), *IMAGENET) for n in SIZES if n.startswith("sam2-")},
    "sam3": _settings(_square(1008), *HALF),
    **{name: DPT for name in SIZES if name.startswith("depth-anything")},
    "depth-pro": _settings(_square(1536), *HALF),
    **dict.fromkeys(("clip-base", "clip-large"), CLIP),
    "siglip2-base": _saved("SiglipImageProcessorPil", size=_square(224)),
    "siglip2-so400m": _saved("SiglipImageProcessorPil", size=_square(384)),
    "chinese-clip-base": _saved("ChineseCLIPImageProcessorPil", size=_square(224)),
    **dict.fromkeys(
        ("lit", "ijepa-huge"), _saved("ViTImageProcessorPil", size=_square(224))
    ),
    **dict.fromkeys(
        ("blip-vqa-base", "blip-caption-base"), _saved("BlipImageProcessorPil", size=_square(384))
    ),
    "blip2-opt-2.7b": _saved("BlipImageProcessorPil", size=_square(224)),
    "vilt-vqa": _saved("ViltImageProcessorPil", size={"shortest_edge": 384}, size_divisor=32),
    "florence-2-base": _saved(
        "CLIPImageProcessorPil", size=_square(768), do_center_crop=False, crop_size=_square(768)
    ),
    "smolvlm-256m": _of_smol("Idefics3", 2048, 512, 64),
    "smolvlm2-500m": _of_smol("SmolVLM", 2048, 512, 64),
    "smolvlm2-2b": _of_smol("SmolVLM", 1536, 384, 81),
    **dict.fromkeys(("qwen3-vl-2b", "qwen3-vl-4b"), QWEN),
    "got-ocr-2": _saved("GotOcr2ImageProcessorPil", size=_square(1024)),
    **dict.fromkeys(("dinov2-small", "dinov2-base"), BIT),
}  # fmt: skip

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
