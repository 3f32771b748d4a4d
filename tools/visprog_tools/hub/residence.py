"""Which models lie on a device: each is loaded once, and those not used lately make room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from visprog.errors import WeightsError
from visprog_tools.hub.devices import free_main_memory, free_memory, out_of_memory

_HOMES: dict[str, Residence] = {}
_HOMES_LOCK = threading.Lock()


@dataclass
class _Resident:
    """A loaded model. `size`: bytes; `users`: the threads that use it now, once for each use;
    `here`: it lies on the device, else in main memory."""

    module: Any
    size: int
    users: list[int] = field(default_factory=list)
    here: bool = True


class Residence:
    """The models of one device, whichever their dtype. Thread-safe.

    A model that must make room goes to main memory where the device is another one and there is
    room for it (a copy back is quicker than a read from disk), else it is dropped.
    """

    def __init__(self, device: str) -> None:
        """`device`: as torch names it."""
        self.device = device
        self._lock = threading.Condition()
        self._models: OrderedDict[str, _Resident] = OrderedDict()
        self._sizes: dict[str, int] = {}  # of models once loaded: better than what was foretold
        self._waiting: set[int] = set()  # threads that wait for room
        self.evictions = 0
        self.loads = 0

    @property
    def used(self) -> int:
        """Bytes of weights on the device."""
        with self._lock:
            return self._used()

    @contextmanager
    def use(self, name: str, size: int, make: Callable[[], Any], budget: int = 0) -> Iterator[Any]:
        """The model of that name, on the device as long as the block lasts.

        Args:
            size: bytes that it will take there, about, before it is made.
            make: loads it onto the device; called where it is not there yet.
            budget: bytes that all models there may take together, 0 for no bound.

        Raises:
            WeightsError: it is larger than the budget or the device, or those in use will not
                make room; or what `make` raises.
        """
        resident = self._take(name, size, make, budget)
        try:
            yield resident.module
        finally:
            with self._lock:
                resident.users.remove(threading.get_ident())
                self._waiting.clear()  # they look again
                self._lock.notify_all()

    def clear(self) -> None:
        """Let those that nobody uses make room."""
        with self._lock:
            for name in self._idle():
                self._evict(name)

    def _take(self, name: str, size: int, make: Callable[[], Any], budget: int) -> _Resident:
        with self._lock:  # held while it loads, so that nothing is loaded twice
            while True:  # what was true before it waited may not be so now
                known = self._models.get(name)
                if known is not None and known.here:
                    break
                wanted = self._sizes.get(name, size)
                self._expect(name, wanted, budget)
                if not self._makes_room(wanted, budget):
                    self._wait(name)
                elif known is not None:
                    self._put(name, lambda one=known: one.module.to(self.device))  # type: ignore[misc]
                    known.here = True
                else:
                    self._models[name] = known = self._loaded(name, make)
                    if budget and self._used() > budget and not self._makes_room(0, budget, name):
                        del self._models[name]  # it is larger than foretold: once more, in turn
                        known = None
                        free_memory(self.device)
            self._models.move_to_end(name)
            known.users.append(threading.get_ident())
            return known

    def _loaded(self, name: str, make: Callable[[], Any]) -> _Resident:
        module = self._put(name, make)
        self.loads += 1
        self._sizes[name] = bytes_of(module)
        return _Resident(module, self._sizes[name])

    def _put(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives; where there is no memory for it, once more with the idle ones gone."""
        for again in (False, True):
            try:
                return make()
            except Exception as error:
                if not out_of_memory(error):
                    raise
            if not again:  # not in the clause above, which keeps the tensors of the failure
                self.clear()
                free_memory(self.device)
        raise WeightsError(
            f"{self.device} has no memory left for {name}: choose a smaller model, or bound what "
            "lies there with --memory"
        )

    def _expect(self, name: str, size: int, budget: int) -> None:
        if budget and size > budget:
            raise WeightsError(
                f"{name} takes {size / 1e6:.0f} MB, and {self.device} may hold "
                f"{budget / 1e6:.0f} MB of weights: choose a smaller model, or raise --memory"
            )

    def _makes_room(self, size: int, budget: int, but: str = "") -> bool:
        """Whether there is room for so many bytes, once idle models have made it. `but`: stays."""
        idle = [name for name in self._idle() if name != but]
        while budget and self._used() + size > budget:
            if not idle:
                return False
            self._evict(idle.pop(0))
        return True

    def _wait(self, name: str) -> None:
        """Until a model is let go. Raises WeightsError where none will be, as all that use one
        wait themselves."""
        me = threading.get_ident()
        holders = {user for one in self._models.values() if one.here for user in one.users}
        if holders <= self._waiting | {me}:
            raise WeightsError(
                f"{name} finds no room on {self.device} beside the models that are used together "
                "with it: raise --memory, or choose smaller ones"
            )
        self._waiting.add(me)
        self._lock.wait()

    def _idle(self) -> list[str]:
        """Those used least lately first."""
        return [name for name, one in self._models.items() if one.here and not one.users]

    def _evict(self, name: str) -> None:
        self.evictions += 1
        one = self._models[name]
        if self.device == "cpu" or one.size > free_main_memory() / 2:
            del self._models[name]
        else:
            one.module.to("cpu")
            one.here = False
        del one
        free_memory(self.device)

    def _used(self) -> int:
        return sum(one.size for one in self._models.values() if one.here)


def residence(device: str) -> Residence:
    """The one of a device in this process: all backends there share it, of any dtype."""
    with _HOMES_LOCK:
        return _HOMES.setdefault(device, Residence(device))


def bytes_of(module: Any) -> int:
    """Of its parameters and buffers."""
    tensors = {id(one): one for one in (*module.parameters(), *module.buffers())}
    return sum(one.numel() * one.element_size() for one in tensors.values())
