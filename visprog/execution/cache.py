"""Results of tool calls by content: in memory, and where there is a store on disk too."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from visprog.codec import CodecError, decode, encode
from visprog.execution.store import Store
from visprog.tool import Model, Output
from visprog.values import Depth, Flow, Image, Region, Text, Value, Video, canonical

MEMORY = 256 * 2**20  # bytes
ENTRY = 400  # bytes of an entry besides its value, measured
NONE: Mapping[str, Any] = MappingProxyType({})


def call_key(
    tool: str,
    backend: str,
    model: Model,
    args: Mapping[str, Value],
    *,
    code: str = "",
    parameters: Mapping[str, Value] = NONE,
) -> str:
    """What a call is, by content: equal keys have equal results. It begins with the tool's name.

    `code`: as `code_of` gives it for the backend; `parameters`: whatever else the backend's results
    hang on, such as a threshold or the hash of a file that it answers from.
    """
    parts = [_head(tool, backend, model.id, model.revision, code)]
    for name in sorted(args):
        parts += (_head(name), canonical(args[name]))
    if parameters:  # behind a mark that no argument begins with
        parts.append(b"p")
        parts += (canonical(name) + canonical(parameters[name]) for name in sorted(parameters))
    return f"{tool}:{hashlib.blake2b(b''.join(parts), digest_size=16).hexdigest()}"


@lru_cache(maxsize=1024)
def _head(*texts: str) -> bytes:
    return canonical(texts)


@dataclass(frozen=True)
class CacheStats:
    """`bytes`: an estimate of what the results in memory hold; `hits`: from memory; `stored_hits`:
    from the store; `unstored`: results that the store could not take."""

    entries: int
    bytes: int
    limit: int
    hits: int
    stored_hits: int
    misses: int
    unstored: int


class Cache:
    """The most recently used results. Errors are never kept. Thread-safe.

    `memory`: bytes that the results in memory may hold; an array that several hold counts once.
    `store`: where results lie on disk; a result that memory let go is still found there.
    """

    def __init__(self, memory: int = MEMORY, store: Store | None = None) -> None:
        self.store = store
        self._limit = memory
        self._bytes = 0
        self._kept: OrderedDict[str, tuple[Output, int, dict[int, int]]] = OrderedDict()
        self._holders: dict[int, int] = {}  # how many results hold an array, by its id
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._hits = self._stored_hits = self._misses = self._unstored = 0

    def get(self, name: str, args: Mapping[str, Value] = NONE) -> Output | None:
        """The result of a call. `args`: the call's own, which a stored result may refer to."""
        with self._lock:
            found = self._kept.get(name)
            if found is not None:
                self._kept.move_to_end(name)
                self._hits += 1
                return found[0]
        output = self._stored(name, args) if self.store is not None else None
        with self._lock:
            if output is None:
                self._misses += 1
            else:
                self._stored_hits += 1
        return output

    def peek(self, name: str) -> Output | None:
        """The result of a call where memory has it; counts nothing and reads no disk."""
        with self._lock:
            found = self._kept.get(name)
            return found[0] if found is not None else None

    def put(self, name: str, output: Output, args: Mapping[str, Value] = NONE) -> tuple[str, ...]:
        """Keep the result of one call, as `put_many`."""
        return self.put_many([(name, output, args)])

    def put_many(
        self, results: Iterable[tuple[str, Output, Mapping[str, Value]]]
    ) -> tuple[str, ...]:
        """Keep the results of some calls, each with its key and its arguments.

        Gives what went wrong with the store since it was last told, in words for people.
        """
        pairs, notices = [], []
        for name, output, args in results:
            self._keep(name, output)
            if self.store is not None:
                try:
                    pairs.append((name, encode((output.value, output.notices), args.values())))
                except CodecError as error:  # memory has it
                    notices.append(f"a result of {_tool(name)} is not kept on disk: {error}")
        if self.store is None:
            return ()
        if pairs:
            self.store.put_many(pairs)
        with self._lock:
            self._unstored += len(notices)
            new = [told for told in (*self.store.notices, *notices) if told not in self._told]
            self._told.update(new)
        return tuple(dict.fromkeys(new))

    def stats(self) -> CacheStats:
        with self._lock:
            return CacheStats(
                len(self._kept),
                self._bytes,
                self._limit,
                self._hits,
                self._stored_hits,
                self._misses,
                self._unstored,
            )

    def close(self) -> None:
        """Close the store, if there is one."""
        if self.store is not None:
            self.store.close()

    def _stored(self, name: str, args: Mapping[str, Value]) -> Output | None:
        assert self.store is not None
        data = self.store.get(name)
        if data is None:
            return None
        try:
            output = _output(decode(data, args.values()))
        except CodecError:
            self.store.reject(name)
            return None
        self._keep(name, output)
        return output

    def _keep(self, name: str, output: Output) -> None:
        arrays: dict[int, int] = {}
        size = ENTRY + _weigh(output.value, arrays)
        if size + sum(arrays.values()) > self._limit:
            return
        with self._lock:
            if name in self._kept:
                self._drop(name)
            for array, taken in arrays.items():
                holders = self._holders.get(array, 0)
                self._holders[array] = holders + 1
                self._bytes += 0 if holders else taken
            self._bytes += size
            self._kept[name] = output, size, arrays
            while self._bytes > self._limit:
                self._drop(next(iter(self._kept)))

    def _drop(self, name: str) -> None:
        _, size, arrays = self._kept.pop(name)
        self._bytes -= size
        for array, taken in arrays.items():
            self._holders[array] -= 1
            if not self._holders[array]:
                del self._holders[array]
                self._bytes -= taken


def _tool(name: str) -> str:
    return name.partition(":")[0]


def _output(stored: Value) -> Output:
    match stored:
        case (value, tuple(notices)) if all(isinstance(notice, str) for notice in notices):
            return Output(value, notices)
    raise CodecError("not the result of a call")


def _weigh(value: Any, arrays: dict[int, int]) -> int:
    """Bytes that a value takes, about, without its arrays; these are noted by their ids."""
    match value:
        case str() | int() | float():
            return sys.getsizeof(value)
        case Image():
            _note(value.pixels, arrays)
        case Region():
            if value.mask is not None:
                _note(value.mask, arrays)
            _note(value.image.pixels, arrays)
        case Text():
            _note(value.image.pixels, arrays)
        case Depth():
            _note(value.depth, arrays)
            _note(value.image.pixels, arrays)
        case Flow():
            _note(value.uv, arrays)
            _note(value.image.pixels, arrays)
        case Video():
            return sum(_weigh(frame, arrays) for frame in value.frames)
        case list() | tuple():
            return 56 + sum(8 + _weigh(item, arrays) for item in value)
        case dict():
            return 64 + sum(100 + _weigh(item, arrays) for item in value.values())
    return 1000  # an object with its box and texts


def _note(array: Any, arrays: dict[int, int]) -> None:
    """Note an array, or what it is a view of: a crop keeps its whole picture in memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    if isinstance(array.base, bytes):
        arrays[id(array.base)] = len(array.base)
    else:
        arrays[id(array)] = array.nbytes
