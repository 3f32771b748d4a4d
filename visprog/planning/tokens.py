"""Conversations as tokens of a transformers tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from visprog.errors import PlanError
from visprog.planning.chat import Message


def prompt_tokens(tokenizer: Any, messages: Sequence[Message]) -> Any:
    """A conversation as tokens: `input_ids` and `attention_mask`, (1, T) int64."""
    if not tokenizer.chat_template:
        lines = [f"{message.role.capitalize()}: {message.text}" for message in messages]
        return tokenizer("\n\n".join([*lines, "Assistant:"]), return_tensors="pt")
    said = [{"role": message.role, "content": message.text} for message in messages]
    options = {"add_generation_prompt": True, "return_tensors": "pt", "return_dict": True}
    try:
        return tokenizer.apply_chat_template(said, **options)
    except Exception as error:  # of the template, such as one that has no system messages
        fault = error
    if len(said) > 1 and said[0]["role"] == "system":
        first, second, *rest = said
        joined = {"role": second["role"], "content": f"{first['content']}\n\n{second['content']}"}
        try:
            return tokenizer.apply_chat_template([joined, *rest], **options)
        except Exception as error:
            fault = error
    raise PlanError(f"the model's chat template fails: {' '.join(str(fault).split())[:200]}")


def ending_tokens(tokenizer: Any, model: Any) -> list[int]:
    """The tokens that end a completion."""
    told = model.generation_config.eos_token_id
    tokens = told if isinstance(told, list) else [told]
    return list(dict.fromkeys(t for t in (*tokens, tokenizer.eos_token_id) if t is not None)) or [0]
