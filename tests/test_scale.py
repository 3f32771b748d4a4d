"""The parts of what runs batches on a cluster, without a cluster."""

from __future__ import annotations

import importlib.util
import pickle
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from itertools import count
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.mortal_tools import Mortal
from visprog.errors import SettingsError
from visprog.scale import RayRunner, make_runner
from visprog.scale.parcel import Shelf
from visprog.scale.pool import Pool
from visprog.scale.worker import Identity
from visprog.values import Image


class Sender:
    """Takes the place of what Ray does to actors: workers are numbers, and load when told to."""

    options: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.loading: list[Callable[[Any], None]] = []
        self.killed: list[int] = []

    def hire(self) -> int:
        return len(self.loading)

    def load(self, worker: int, done: Callable[[Any], None]) -> None:
        self.loading.append(done)
        if worker == 0:
            self.loaded(0)

    def kill(self, worker: int) -> None:
        self.killed.append(worker)

    def loaded(self, worker: int) -> None:
        future: Future[Identity] = Future()
        future.set_result(self.identity)
        self.loading[worker](future)


def test_workers_that_come_later_are_used_as_they_come() -> None:
    backend = Mortal({})
    hands = Sender(Identity.of(backend))
    pool = Pool(backend, 3, hands)
    assert pool.lanes == 3
    pool.ready(60.0)
    assert pool.lanes == 1
    assert pool.take(time.monotonic()) == 0
    assert pool.take(time.monotonic()) is None
    hands.loaded(2)
    assert pool.lanes == 2
    assert pool.take(time.monotonic()) == 2
    pool.bury(2, "it was late")
    assert pool.lanes == 1
    pool.close()
    assert hands.killed == [2, 0, 1]


def test_pictures_are_sent_once_within_bounds() -> None:
    first, second, third = (Image(np.full((200, 300, 3), shade, np.uint8)) for shade in range(3))
    numbers = count(1)
    shelf = Shelf(lambda picture: next(numbers), 2 * first.pixels.nbytes)
    assert [shelf.send(picture) for picture in (first, second, first, first)] == [1, 2, 1, 1]
    assert [shelf.send(picture) for picture in (third, first, second)] == [3, 1, 4]
    shelf.forget([first])
    assert shelf.send(first) == 5
    small = Image(np.zeros((4, 4, 3), np.uint8))
    assert shelf.send(small) is small


def test_a_copy_of_a_backend_is_made_from_its_options() -> None:
    backend = Mortal({"marker": "file"})
    copy = pickle.loads(pickle.dumps(backend))
    assert (type(copy), copy.options, copy.replica) == (Mortal, {"marker": "file"}, 0)
    backend.helpers = {"tell": Mortal({"marker": "other"})}
    copy = pickle.loads(pickle.dumps(backend))
    assert copy.helpers["tell"].options == {"marker": "other"}


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
def test_runners_are_made_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_runner("local") is None
    assert isinstance(make_runner("ray", None, 3), RayRunner)
    with pytest.raises(SettingsError, match="no engine 'rays'; known: local, ray"):
        make_runner("rays")
    with pytest.raises(SettingsError, match="want 1 worker or more, got 0"):
        make_runner("ray", None, 0)
    monkeypatch.setattr("visprog.scale.runner.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'visprog\[scale\]'"):
        make_runner("ray")
