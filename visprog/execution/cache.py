"""Results of tool calls by content, in memory, bounded in number."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

from visprog.tool import Model, Output
from visprog.values import Value, key


def call_key(tool: str, backend: str, model: Model, args: Mapping[str, Value]) -> str:
    """What a call is, by content: equal keys have equal results."""
    parts = [tool, backend, model.id, model.revision]
    return key([*parts, *(key([name, value]) for name, value in sorted(args.items()))])


class Cache:
    """The most recently used results. Errors are never kept. Thread-safe."""

    def __init__(self, size: int = 512) -> None:
        self._size = size
        self._kept: OrderedDict[str, Output] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str, args: object = None) -> Output | None:
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
            return found

    def put(self, name: str, output: Output) -> None:
        with self._lock:
            self._kept[name] = output
            self._kept.move_to_end(name)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def peek(self, name: str) -> Output | None:
        return self._kept.get(name)

    def put_many(self, made: object) -> tuple[str, ...]:
        for name, output, _ in made:
            self.put(name, output)
        return ()
