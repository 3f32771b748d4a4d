"""What was computed of pictures, kept for the next call: at most so many bytes, those used last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

MOST = 512 * 2**20  # bytes


class Remembered:
    """Tensors by the key of what they were computed of. Thread-safe."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return self._size

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def get(self, key: str) -> Any | None:
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: str, value: Any) -> None:
        """Keep a tensor, or a list or tuple of them; one larger than all room is not kept."""
        size = _bytes(value)
        with self._lock:
            _, before = self._values.pop(key, (None, 0))
            self._size -= before
            if size > self.most:
                return
            self._values[key] = value, size
            self._size += size
            while self._size > self.most:
                _, (_, gone) = self._values.popitem(last=False)
                self._size -= gone


def _bytes(value: Any) -> int:
    if isinstance(value, (list, tuple)):
        return sum(_bytes(one) for one in value)
    return int(value.numel() * value.element_size())
