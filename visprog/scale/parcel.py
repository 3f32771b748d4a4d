"""Calls and results as bytes, between this process and the workers of a cluster.

They are pickled: both ends are processes of ours, which Ray lets run any code anyway. No file and
no text of a model is ever unpickled; in calls such texts are texts. Pictures of calls stay out of
the bytes: they go through Ray's object store, and results refer to them by their places.
"""

from __future__ import annotations

import io
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from visprog.tool import Backend
from visprog.values import Image, Video

SMALL = 64 * 2**10  # bytes of a picture that goes with the call itself


class _Packer(pickle.Pickler):
    """`places`: of the pictures that are left out, by key; `grows`: whether it takes new ones."""

    def __init__(self, file: io.BytesIO, places: dict[str, int], pictures: list[Image] | None):
        super().__init__(file, protocol=5)
        self._places = places
        self._pictures = pictures

    def persistent_id(self, value: object) -> int | None:
        if not isinstance(value, Image):
            return None
        if self._pictures is None:  # a result: a key is not worth hashing its pixels
            return self._places.get(vars(value).get("key", ""))
        place = self._places.setdefault(value.key, len(self._pictures))
        if place == len(self._pictures):
            self._pictures.append(value)
        return place


class _Unpacker(pickle.Unpickler):
    def __init__(self, data: bytes, pictures: Sequence[Image]) -> None:
        super().__init__(io.BytesIO(data))
        self._pictures = pictures

    def persistent_load(self, place: int) -> Image:
        return self._pictures[place]


def pack_calls(calls: object) -> tuple[bytes, list[Image]]:
    """Calls without their pictures, and these, each once."""
    file = io.BytesIO()
    pictures: list[Image] = []
    _Packer(file, {}, pictures).dump(calls)
    return file.getvalue(), pictures


def pack_results(results: object, pictures: Sequence[Image]) -> bytes:
    """Results, without the pictures that the calls had."""
    file = io.BytesIO()
    places = {picture.key: place for place, picture in enumerate(pictures)}
    _Packer(file, places, None).dump(results)
    return file.getvalue()


def unpack(data: bytes, pictures: Sequence[Image]) -> Any:
    """What was packed, with the pictures of the calls in their places."""
    return _Unpacker(data, pictures).load()


def of_videos(backend: Backend) -> bool:
    """Whether all that the backend serves is asked about a video."""
    methods = (getattr(backend, tool, None) for tool in backend.serves)
    kinds = [getattr(method, "__annotations__", {}).values() for method in methods]
    return all(any(kind in ("Video", Video) for kind in among) for among in kinds)


def holds_video(calls: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a call is about a video: an open film, which no other process has."""
    return any(isinstance(value, Video) for call in calls for value in call.values())


class Shelf:
    """The pictures that lie in the object store for calls to come; those used last stay.

    `put`: stores a picture and gives Ray's reference; `limit`: bytes that they may take. Ray frees
    a picture that left the shelf once no call on its way needs it. Thread-safe.
    """

    def __init__(self, put: Callable[[Image], Any], limit: int) -> None:
        self._put = put
        self._limit = limit
        self._bytes = 0
        self._kept: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def send(self, picture: Image) -> Any:
        """What to give a call for a picture: a reference, or the picture where it is small."""
        size = picture.pixels.nbytes
        if size <= SMALL:
            return picture
        with self._lock:
            found = self._kept.get(picture.key)
            if found is not None:
                self._kept.move_to_end(picture.key)
                return found[0]
            reference = self._put(picture)
            self._kept[picture.key] = reference, size
            self._bytes += size
            while self._bytes > self._limit:
                self._drop(next(iter(self._kept)))
            return reference

    def forget(self, pictures: Sequence[Image]) -> None:
        """Let go of pictures whose copies may be lost."""
        with self._lock:
            for picture in pictures:
                if picture.key in self._kept:
                    self._drop(picture.key)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _drop(self, key: str) -> None:
        self._bytes -= self._kept.pop(key)[1]
