"""Keeps a model of transformers to a grammar: tokens that lead out of it get no probability."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from visprog.errors import PlanError, WeightsError


class Constraint:
    """The vocabulary of a tokenizer, ready for grammars.

    Args:
        size: of the model's output, at least that of the vocabulary.
        ends: the tokens that end a text.

    Raises:
        WeightsError: the tokenizer is of a kind that llguidance does not read.
    """

    def __init__(self, tokenizer: Any, size: int, ends: Sequence[int]) -> None:
        from llguidance.hf import from_tokenizer

        try:
            self._vocabulary = from_tokenizer(tokenizer, n_vocab=size, eos_token=list(ends))
        except Exception as error:  # a slow tokenizer, or one that lacks a vocabulary
            raise WeightsError(f"no grammar can be kept with this tokenizer: {error}") from None

    def mask(self, grammar: str) -> Mask:
        """For one text of a GBNF grammar.

        Raises:
            PlanError: the grammar cannot be read.
        """
        from llguidance import LLMatcher
        from llguidance.gbnf_to_lark import gbnf_to_lark

        try:
            rules = LLMatcher.grammar_from_lark(gbnf_to_lark(grammar))
        except Exception as error:  # its reader has no errors of its own
            raise PlanError(f"the grammar cannot be read: {error}") from None
        return Mask(LLMatcher(self._vocabulary, rules), self._vocabulary.vocab_size)


class Mask:
    """A logits processor for one text."""

    def __init__(self, matcher: Any, size: int) -> None:
        from llguidance.numpy import allocate_token_bitmask  # the one of torch wants a compiler

        self._matcher = matcher
        self._bits = allocate_token_bitmask(1, size)
        self._begun = False
        self._expect_sound()

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """`input_ids`: (1, T) tokens so far; `scores`: (1, V) float."""
        import torch
        from llguidance.numpy import fill_next_token_bitmask

        if self._begun:
            self._matcher.consume_token(int(input_ids[0, -1]))
        self._begun = True
        fill_next_token_bitmask(self._matcher, self._bits)
        self._expect_sound()
        bits = np.unpackbits(self._bits.view(np.uint8), axis=1, bitorder="little")
        barred = torch.from_numpy(bits[:, : scores.shape[1]] == 0).to(scores.device)
        return scores.masked_fill(barred, -math.inf)

    def _expect_sound(self) -> None:
        if error := self._matcher.get_error():
            raise PlanError(f"the model cannot be kept to the grammar: {error[:200]}")
