"""Writes fine-tuned weights into a GGUF file; all else is taken over from the base's GGUF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter

HEADS = {"attn_q": 9, "attn_k": 3}  # of SmolLM2-135M; llama.cpp orders their rows in another way
LAYER = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
TOP = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
SKIPPED = ("GGUF.", "general.architecture", "general.file_type")
KINDS = {"q4_0": (GGMLQuantizationType.Q4_0, 2), "q8_0": (GGMLQuantizationType.Q8_0, 7)}


def export(base: Path, weights: Path, out: Path, kind: str = "q4_0") -> None:
    """Write `out`. `weights`: a torch state dict of a Llama model; `kind`: q4_0 or q8_0."""
    state = torch.load(weights)
    quantization, file_type = KINDS[kind]
    reader, writer = GGUFReader(base), GGUFWriter(out, "llama")
    _copy_settings(reader, writer)
    writer.add_file_type(file_type)
    for tensor in reader.tensors:
        array = _array(tensor.name, state)
        if array.ndim == 1:
            writer.add_tensor(tensor.name, array)
        else:
            rows = array.shape[-1] % 32 == 0
            used = quantization if rows else GGMLQuantizationType.F16
            writer.add_tensor(tensor.name, gguf.quants.quantize(array, used), raw_dtype=used)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _copy_settings(reader: Any, writer: Any) -> None:
    for item in reader.fields.values():
        if item.name.startswith(SKIPPED):
            continue
        kind = item.types[0]
        inner = {"sub_type": item.types[-1]} if kind == GGUFValueType.ARRAY else {}
        writer.add_key_value(item.name, item.contents(), kind, **inner)


def _array(name: str, state: dict[str, torch.Tensor]) -> Any:
    """The weights (float32) of a GGUF tensor's name."""
    parts = name.split(".")
    if parts[0] == "blk":
        array = state[f"model.layers.{parts[1]}.{LAYER[parts[2]]}.weight"]
    else:
        array = state[f"{TOP[parts[0]]}.weight"]
    made = array.float().numpy()
    heads = HEADS.get(parts[2]) if parts[0] == "blk" else None
    if heads:  # each head's two halves are interleaved
        shape = (heads, 2, made.shape[0] // heads // 2, *made.shape[1:])
        made = made.reshape(shape).swapaxes(1, 2).reshape(made.shape)
    return np.ascontiguousarray(made, dtype=np.float32)


if __name__ == "__main__":
    import sys

    base, weights, out = map(Path, sys.argv[1:4])
    export(base, weights, out, *sys.argv[4:5])
