"""Whether a network that writes a text gives numbers while it does so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from visprog.errors import ToolError

T = TypeVar("T")


class Watch:
    """Looks at the scores of all tokens at each step of `generate` in transformers.

    Where they are no numbers the likeliest token is the first one, again and again, and what is
    written looks like a text.
    """

    def __init__(self) -> None:
        self._strange: Any = None

    @property
    def options(self) -> dict[str, Any]:
        """Of `generate`: to be watched, and to take the likeliest token."""
        from transformers import LogitsProcessorList

        return {
            "logits_processor": LogitsProcessorList([self]),
            "do_sample": False,
            "num_beams": 1,
        }

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """`scores`: (n, tokens); they stay as they are."""
        strange = ~scores.amax(1).isfinite()  # a NaN among them is the largest
        self._strange = strange if self._strange is None else self._strange | strange
        return scores

    def checked(self, texts: Sequence[T]) -> list[T | ToolError]:
        """What was written, row by row; an error for rows whose scores were no numbers."""
        strange = [False] * len(texts) if self._strange is None else self._strange.tolist()
        return [
            ToolError("the network gave scores of words that are no numbers") if bad else text
            for text, bad in zip(texts, strange, strict=True)
        ]
