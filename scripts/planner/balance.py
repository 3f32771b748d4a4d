"""Scales weights so that rounding to few bits costs less, without a change of what they compute.

A norm's weight, or the output of a linear layer, is divided by what the columns of the next matrix
are multiplied by (Lin et al. 2023, AWQ, arXiv:2306.00978). Besides, weights that were fine-tuned
from a rounded file lie near its grid, to which rounding would put them back, and what was learnt
would be lost (measured): the scales take them off it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

POWER = 0.65  # of a channel's mean size
INPUTS = ("self_attn.q_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.down_proj")


def balance(model: Any, batches: Iterable[torch.Tensor], power: float = POWER) -> None:
    """Scale a Llama model in place. `batches`: token ids (N, L), of which the sizes are taken."""
    with torch.no_grad():
        sizes = _sizes(model, batches)
        for number, layer in enumerate(model.model.layers):
            of_layer = {name: sizes[number, name] for name in INPUTS}
            _balance_layer(layer, of_layer, model.config, power)


def _balance_layer(
    layer: Any, sizes: Mapping[str, torch.Tensor], config: Any, power: float
) -> None:
    attention, mlp = layer.self_attn, layer.mlp
    scale = {name: _scale(size, power) for name, size in sizes.items()}
    mixing = (attention.q_proj, attention.k_proj, attention.v_proj)
    _move(layer.input_layernorm.weight, mixing, scale["self_attn.q_proj"])
    widening = (mlp.gate_proj, mlp.up_proj)
    _move(layer.post_attention_layernorm.weight, widening, scale["mlp.gate_proj"])
    _move(mlp.up_proj.weight, (mlp.down_proj,), scale["mlp.down_proj"])
    # several heads of queries share one of values
    shape = (config.num_key_value_heads, -1, attention.head_dim)
    values = _scale(sizes["self_attn.o_proj"].reshape(shape).mean(1).flatten(), power)
    attention.v_proj.weight /= values[:, None]
    sharing = config.num_attention_heads // config.num_key_value_heads
    heads = values.reshape(-1, 1, attention.head_dim).expand(-1, sharing, -1)
    attention.o_proj.weight *= heads.flatten()


def _move(source: torch.Tensor, readers: Iterable[Any], scale: torch.Tensor) -> None:
    """Multiply the columns of matrices, and divide what they read by as much."""
    source /= scale if source.ndim == 1 else scale[:, None]
    for reader in readers:
        reader.weight *= scale


def _scale(size: torch.Tensor, power: float) -> torch.Tensor:
    made = size.clamp(min=1e-4) ** power
    return (made / made.log().mean().exp()).clamp(0.1, 10)


def _sizes(model: Any, batches: Iterable[torch.Tensor]) -> dict[tuple[int, str], torch.Tensor]:
    """The mean size of every channel that the matrices of each layer read."""
    total: dict[tuple[int, str], torch.Tensor] = defaultdict(lambda: torch.zeros(()))

    def watch(key: tuple[int, str]) -> Callable[[Any, tuple[torch.Tensor, ...]], None]:
        def add(_: Any, args: tuple[torch.Tensor, ...]) -> None:
            total[key] = total[key] + args[0].abs().mean((0, 1))

        return add

    hooks = [
        layer.get_submodule(name).register_forward_pre_hook(watch((number, name)))
        for number, layer in enumerate(model.model.layers)
        for name in INPUTS
    ]
    for ids in batches:
        model.model(input_ids=ids, use_cache=False)
    for hook in hooks:
        hook.remove()
    return dict(total)
