"""Where batches run: here, or wherever another `Runner` takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from visprog.errors import VisprogError
from visprog.tool import Backend, Output


@dataclass(frozen=True)
class Ran:
    """What came of a batch. `outputs`: in the order of its calls; `notices`: for every step of it,
    such as that it had to be run again; `retries`: how often that was."""

    outputs: Sequence[Output | VisprogError]
    notices: tuple[str, ...] = ()
    retries: int = 0


class Runner(Protocol):
    """Runs batches. Its methods are called from several threads at once."""

    def device(self, backend: Backend) -> str:
        """The name of what the backend computes on; backends of one device take turns."""
        ...

    def lanes(self, backend: Backend) -> int:
        """How many batches of the backend may run at once."""
        ...

    def ready(self, backend: Backend) -> None:
        """Load what the backend needs, where that has not happened. Raises VisprogError."""
        ...

    def run(self, backend: Backend, tool: str, calls: Sequence[Mapping[str, Any]]) -> Ran:
        """Run one batch to its end. Whatever it raises is an error of all its calls."""
        ...

    def close(self) -> None: ...


class LocalRunner:
    """Runs batches in this process, on the thread that asks."""

    def device(self, backend: Backend) -> str:
        return backend.device

    def lanes(self, backend: Backend) -> int:
        return backend.lanes

    def ready(self, backend: Backend) -> None:
        backend.ready()

    def run(self, backend: Backend, tool: str, calls: Sequence[Mapping[str, Any]]) -> Ran:
        return Ran(backend.run(tool, calls))

    def close(self) -> None:
        """Nothing is held."""
