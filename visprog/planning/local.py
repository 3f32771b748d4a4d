"""Chat models whose weights are on this machine: a GGUF file, by llama.cpp, in this process."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from visprog.errors import BudgetError, PlanError, WeightsError
from visprog.planning.chat import MOST, Completion, Message
from visprog.planning.ledger import FREE, Call, Ledger
from visprog.planning.llama import Llama
from visprog.tool import Model

CONTEXT = 8192  # tokens of a conversation and its completion
TOTAL = 300.0  # seconds of a completion


class GGUFModel:
    """A chat model in a GGUF file, kept to a grammar where one is given. On the CPU.

    `threads`: 0 for half the cores: others need some too, and llama.cpp's wait in busy loops;
    `total`: seconds that it may write, after which a text ends with its line.

    Raises:
        WeightsError: there is no such file.
    """

    constrains = "gbnf"
    sees = False
    lanes = 1

    def __init__(
        self,
        file: Path,
        *,
        threads: int = 0,
        context: int = CONTEXT,
        total: float = TOTAL,
        ledger: Ledger | None = None,
    ) -> None:
        if not file.is_file():
            raise WeightsError(f"there is no file of weights {file}")
        self.name = f"gguf:{file}"
        self.file = file
        self.total = total
        self.ledger = ledger or Ledger(price=FREE)
        self._threads, self._context = threads or max(1, (os.cpu_count() or 1) // 2), context
        self._lock = threading.Lock()
        self._llama: Llama | None = None

    def __repr__(self) -> str:
        return f"GGUFModel({str(self.file)!r})"

    @cached_property
    def identity(self) -> str:
        """The hash of the weights: the same completions wherever the file lies."""
        with self.file.open("rb") as file:
            return f"sha256 {hashlib.file_digest(file, 'sha256').hexdigest()}"

    @property
    def model(self) -> Model:
        return Model(self.file.stem, "of its author", self.identity[: len("sha256 ") + 12])

    def load(self) -> None:
        """Read the weights, unless they are read.

        Raises:
            WeightsError: they are damaged.
        """
        with self._lock:
            self._ready()

    def complete(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        most: int = MOST,
        seed: int | None = None,
        grammar: str | None = None,
    ) -> Completion:
        expect_no_pictures(self.name, messages)
        said = [{"role": message.role, "content": message.text} for message in messages]
        with self._lock, self.ledger.call(messages, most) as call:
            text, finish, usage = self._ready().chat(
                said,
                grammar=grammar,
                most=most,
                temperature=temperature,
                seed=seed,
                seconds=min(self.total, call.seconds_left),
            )
            call.tell(usage.get("prompt_tokens"), usage.get("completion_tokens"))
            if finish == "length" and usage.get("completion_tokens", most) < most:
                self._fail(call)
            expect_words(self.name, text)
        return Completion(text, call.usage, finish)

    def _fail(self, call: Call) -> None:
        """Raise why a text ended before its end, with tokens left."""
        if call.seconds >= call.seconds_left:
            raise BudgetError(f"the planner's budget of seconds is used up by {self.name}")
        if call.seconds >= self.total:
            raise PlanError(f"{self.name} took more than {self.total:g} s")
        raise PlanError(f"{self.name} came to no end within {self._context} tokens")

    def _ready(self) -> Llama:
        if self._llama is None:
            self._llama = Llama(self.file, threads=self._threads, context=self._context)
        return self._llama


def expect_no_pictures(name: str, messages: Sequence[Message]) -> None:
    """Raises PlanError where a model that cannot see is shown something."""
    if any(message.images for message in messages):
        raise PlanError(f"{name} takes no pictures")


def expect_words(name: str, text: str) -> None:
    """Raises PlanError where there are none."""
    if not text.strip():
        raise PlanError(f"{name} wrote nothing")
