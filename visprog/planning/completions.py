"""Completions that were made before: kept on disk by model, conversation and parameters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Protocol

from visprog.errors import PlanError
from visprog.planning.chat import MOST, ChatModel, Completion, Message
from visprog.planning.ledger import Ledger
from visprog.planning.planner import Usage
from visprog.tool import Model

FORMAT = 1
PREFIX = "completion"  # of keys, so that a store can tell them from results of tools


class Store(Protocol):
    """Bytes by key, on disk; `visprog.execution.store.Store` is one."""

    def get(self, key: str) -> bytes | None: ...
    def put_many(self, pairs: Iterable[tuple[str, bytes]]) -> None: ...
    def reject(self, key: str) -> None: ...


class KeptModel:
    """A chat model whose completions are kept, as far as the same call would give the same again:
    those of temperature 0, and those with a seed, which is also the index of a sample.

    Errors are not kept. What is found takes no tokens and counts as `cached`.

    Args:
        replay: take every completion from the store; a call that has none there fails.
    """

    def __init__(self, chat: ChatModel, store: Store, *, replay: bool = False) -> None:
        self.chat = chat
        self._store = store
        self._replay = replay

    @property
    def name(self) -> str:
        return self.chat.name

    @property
    def model(self) -> Model:
        return self.chat.model

    @property
    def sees(self) -> bool:
        return self.chat.sees

    @property
    def lanes(self) -> int:
        return self.chat.lanes

    @property
    def constrains(self) -> str:
        return str(getattr(self.chat, "constrains", ""))

    @property
    def ledger(self) -> Ledger | None:
        return getattr(self.chat, "ledger", None)

    def close(self) -> None:
        close = getattr(self.chat, "close", None)
        if close is not None:
            close()

    @property
    def notices(self) -> tuple[str, ...]:
        return tuple(getattr(self.chat, "notices", ()))

    def complete(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        most: int = MOST,
        seed: int | None = None,
        grammar: str | None = None,
    ) -> Completion:
        if temperature and seed is None:
            if self._replay:
                raise PlanError("a completion by chance, without a seed, cannot be replayed")
            return self.chat.complete(
                messages, temperature=temperature, most=most, seed=seed, grammar=grammar
            )
        identity = getattr(self.chat, "identity", self.chat.name)
        key = completion_key(identity, messages, temperature, most, seed, grammar)
        found = self._found(key)
        if found is not None:
            if self.ledger is not None:
                self.ledger.add(found.usage)
            return found
        if self._replay:
            raise PlanError(f"the cache has no completion of {self.name} for this conversation")
        made = self.chat.complete(
            messages, temperature=temperature, most=most, seed=seed, grammar=grammar
        )
        kept = json.dumps({"text": made.text, "finish": made.finish})
        self._store.put_many([(key, kept.encode())])
        return made

    def _found(self, key: str) -> Completion | None:
        data = self._store.get(key)
        if data is None:
            return None
        try:
            kept = json.loads(data)
            text, finish = kept["text"], kept["finish"]
        except (ValueError, KeyError, TypeError):
            text = finish = None
        if not (isinstance(text, str) and isinstance(finish, str)):
            self._store.reject(key)
            return None
        return Completion(text, Usage(calls=1, cached=1), finish)


def completion_key(
    identity: str,
    messages: Sequence[Message],
    temperature: float,
    most: int,
    seed: int | None,
    grammar: str | None,
) -> str:
    """The key of a call. `identity`: the model and its address or weights."""
    said = [[m.role, m.text, [image.key for image in m.images]] for m in messages]
    parts = [FORMAT, identity, said, float(temperature), most, seed, grammar]
    made = hashlib.blake2b(json.dumps(parts).encode(), digest_size=16)
    return f"{PREFIX}:{made.hexdigest()}"
