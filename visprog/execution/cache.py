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
PICTURES = 32 * 2**20  # bytes
SMALL = 2**20  # bytes of arrays that a result may take with it when it is packed
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
    made_in = (model.dtype, model.device) if model.dtype or model.device else ()
    parts = [_head(tool, backend, model.id, model.revision, code, *made_in)]
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

    A result may hold the picture that it was found in. Those used least lately are packed: they
    then refer to the pictures of their call's arguments, which whoever asks for them has.

    `memory`: bytes that the results in memory may hold; an array that several hold counts once.
    `pictures`: of these, bytes of arrays. `store`: where results lie on disk; a result that memory
    let go is still found there.
    """

    def __init__(
        self, memory: int = MEMORY, store: Store | None = None, *, pictures: int = PICTURES
    ) -> None:
        self.store = store
        self._limit = memory
        self._pictures = min(pictures, memory)
        self._bytes = 0
        self._array_bytes = 0
        self._plain: OrderedDict[str, tuple[Output | bytes, int]] = OrderedDict()
        self._holding: OrderedDict[str, _Holding] = OrderedDict()  # arrays
        self._clock = 0
        self._used: dict[str, int] = {}  # when each was used last
        self._holders: dict[int, int] = {}  # how many results hold an array, by its id
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._hits = self._stored_hits = self._misses = self._unstored = 0

    def get(self, name: str, args: Mapping[str, Value] = NONE) -> Output | None:
        """The result of a call. `args`: the call's own, which a stored result may refer to."""
        output = self.peek(name, args)
        stored = output is None and self.store is not None
        if stored:
            output = self._stored(name, args)
        with self._lock:
            if output is None:
                self._misses += 1
            elif stored:
                self._stored_hits += 1
            else:
                self._hits += 1
        return output

    def peek(self, name: str, args: Mapping[str, Value] = NONE) -> Output | None:
        """As `get`, of what memory has; counts nothing."""
        with self._lock:
            self._clock += 1
            if name in self._holding:
                self._holding.move_to_end(name)
                self._used[name] = self._clock
                return self._holding[name].output
            found, _ = self._plain.get(name, (None, 0))
            if found is None:
                return None
            self._plain.move_to_end(name)
            self._used[name] = self._clock
        if isinstance(found, Output):
            return found
        try:
            return _output(decode(found, args.values()))
        except CodecError:  # packed for other arguments
            return None

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
            self._keep(name, output, args)
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
                len(self._plain) + len(self._holding),
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
        self._keep(name, output, args)
        return output

    def _keep(self, name: str, output: Output, args: Mapping[str, Value]) -> None:
        arrays: dict[int, int] = {}
        size = ENTRY + _weigh(output.value, arrays)
        known = tuple(value for value in args.values() if _arrays(value) & arrays.keys())
        with self._lock:
            self._drop(name)
            self._clock += 1
            if not arrays:
                self._add(name, output, size)
            else:
                self._hold(name, _Holding(output, size, arrays, known))
            while self._array_bytes > self._pictures and self._holding:
                self._pack(next(iter(self._holding)))
            while self._bytes > self._limit:
                heads = (next(iter(kept)) for kept in (self._plain, self._holding) if kept)
                self._drop(min(heads, key=self._used.__getitem__))

    def _add(self, name: str, output: Output | bytes, size: int) -> None:
        if size <= self._limit:
            self._plain[name] = output, size
            self._used[name] = self._clock
            self._bytes += size

    def _hold(self, name: str, held: _Holding) -> None:
        if sum(held.arrays.values()) > self._pictures:
            self._add_packed(name, held)
            return
        self._holding[name] = held
        self._used[name] = self._clock
        self._bytes += held.size
        for array, taken in held.arrays.items():
            holders = self._holders.get(array, 0)
            self._holders[array] = holders + 1
            if not holders:
                self._bytes += taken
                self._array_bytes += taken

    def _pack(self, name: str) -> None:
        held = self._holding[name]
        self._drop(name)
        self._add_packed(name, held)

    def _add_packed(self, name: str, held: _Holding) -> None:
        given = set().union(*map(_arrays, held.known))
        if sum(size for array, size in held.arrays.items() if array not in given) > SMALL:
            return  # it made a picture: larger than what it would save
        try:
            data = encode((held.output.value, held.output.notices), held.known)
        except CodecError:
            return
        self._add(name, data, ENTRY + len(data))

    def _drop(self, name: str) -> None:
        self._used.pop(name, None)
        if name in self._plain:
            _, size = self._plain.pop(name)
            self._bytes -= size
        if name not in self._holding:
            return
        held = self._holding.pop(name)
        self._bytes -= held.size
        for array, taken in held.arrays.items():
            self._holders[array] -= 1
            if not self._holders[array]:
                del self._holders[array]
                self._bytes -= taken
                self._array_bytes -= taken


@dataclass(frozen=True)
class _Holding:
    """A result that holds `arrays` (bytes by id). `known`: the arguments that hold some of them."""

    output: Output
    size: int
    arrays: Mapping[int, int]
    known: tuple[Value, ...]


def _arrays(value: Value) -> set[int]:
    found: dict[int, int] = {}
    _weigh(value, found)
    return set(found)


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
            return sum(_weigh(frame, arrays) for frame in value.held)
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
