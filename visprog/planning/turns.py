"""The messages that conversations about programs are made of, and how long they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from visprog.planning.chat import Message
from visprog.planning.exemplars import Exemplar
from visprog.planning.signatures import inputs_text

FAULT = 3_000  # characters of a fault that are told


def estimated_tokens(messages: Iterable[Message]) -> int:
    """About how many tokens a conversation takes, rather too many than too few.

    One for three bytes of UTF-8, and four for each message. (SmolLM2's tokenizer makes 3.1 to 4.1
    bytes a token of our prompts, and those of larger models have more words.)
    """
    return sum(4 + -(-len(message.text.encode("utf-8", "replace")) // 3) for message in messages)


def asked(question: str, inputs: Mapping[str, Any]) -> str:
    """On one line each, so that no question can look like the turn of somebody else."""
    return f"Inputs: {inputs_text(inputs)}\nQuestion: {' '.join(question.split())}"


def exemplar_turns(one: Exemplar) -> tuple[Message, Message]:
    return Message("user", asked(one.question, one.inputs)), Message("assistant", one.program)


def said(text: str) -> Message:
    """What the model wrote; providers take no empty message."""
    return Message("assistant", text.rstrip() or "(nothing)")


def cut(fault: str) -> str:
    """Its first lines, as many as are told."""
    if len(fault) <= FAULT:
        return fault
    return fault[:FAULT].rpartition("\n")[0] or fault[:FAULT]
