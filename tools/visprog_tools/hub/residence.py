"""Which models lie on a device: each is loaded once, and those not used lately make room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from visprog.errors import WeightsError
from visprog_tools.hub.devices import Place

_HOMES: dict[Place, Residence] = {}
_HOMES_LOCK = threading.Lock()


@dataclass
class _Resident:
    """A loaded model. `size`: bytes; `users`: batches that use it now; `here`: it lies on the
    device, else in main memory."""

    module: Any
    size: int
    users: int = 0
    here: bool = True


class Residence:
    """The models of one device. Thread-safe.

    A model that must make room goes to main memory where the device is another one (a copy back is
    quicker than a read from disk), and is dropped where it is the processor.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._lock = threading.Condition()
        self._models: OrderedDict[str, _Resident] = OrderedDict()
        self.evictions = 0
        self.loads = 0

    @property
    def used(self) -> int:
        """Bytes of weights on the device."""
        with self._lock:
            return self._used()

    @contextmanager
    def use(self, name: str, size: int, make: Callable[[], Any]) -> Iterator[Any]:
        """The model of that name, on the device as long as the block lasts.

        Args:
            size: bytes that it will take there, before it is made.
            make: loads it onto the device; called where it is not there yet.

        Raises:
            WeightsError: it is larger than the budget; or what `make` raises.
        """
        resident = self._take(name, size, make)
        try:
            yield resident.module
        finally:
            with self._lock:
                resident.users -= 1
                self._lock.notify_all()

    def _take(self, name: str, size: int, make: Callable[[], Any]) -> _Resident:
        with self._lock:  # held while it loads, so that nothing is loaded twice
            known = self._models.get(name)
            if known is None:
                self._make_room(name, size)
                module = make()
                known = self._models[name] = _Resident(module, bytes_of(module))
                self.loads += 1
            elif not known.here:
                self._make_room(name, known.size)
                known.module.to(self.place.device)
                known.here = True
            self._models.move_to_end(name)
            known.users += 1
            return known

    def _make_room(self, name: str, size: int) -> None:
        budget = self.place.budget
        if budget and size > budget:
            raise WeightsError(
                f"{name} takes {size / 1e6:.0f} MB, and {self.place.device} may hold "
                f"{budget / 1e6:.0f} MB of weights: choose a smaller model, or raise --memory"
            )
        while budget and self._used() + size > budget:
            idle = next((n for n, one in self._models.items() if one.here and not one.users), None)
            if idle is None:
                self._lock.wait()
            else:
                self._evict(idle)

    def _evict(self, name: str) -> None:
        self.evictions += 1
        if self.place.kind == "cpu":
            del self._models[name]
            return
        one = self._models[name]
        one.module.to("cpu")
        one.here = False
        free_memory(self.place.device)

    def _used(self) -> int:
        return sum(one.size for one in self._models.values() if one.here)


def residence(place: Place) -> Residence:
    """The one of a place in this process: all backends there share its budget."""
    with _HOMES_LOCK:
        return _HOMES.setdefault(place, Residence(place))


def bytes_of(module: Any) -> int:
    """Of its parameters and buffers."""
    tensors = {id(one): one for one in (*module.parameters(), *module.buffers())}
    return sum(one.numel() * one.element_size() for one in tensors.values())


def free_memory(device: str) -> None:
    """Give what torch keeps in reserve back to the card."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.empty_cache()
