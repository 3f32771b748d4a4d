"""Hands batches to the workers of a Ray cluster: where a scheduler's batches run, no scheduler."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from visprog.errors import SettingsError, ToolError, ToolTimeout, VisprogError
from visprog.execution.runner import LocalRunner, Ran, Runner
from visprog.scale import session
from visprog.scale.parcel import Shelf, holds_video, of_videos, pack_calls, unpack
from visprog.scale.pool import Pool, reason
from visprog.scale.worker import Worker
from visprog.tool import Backend, Output

NONE: Mapping[str, Any] = MappingProxyType({})
PICTURES = 512 * 2**20  # bytes
RETRIES = 1  # of a batch whose worker died, before each of its calls runs alone
START_SECONDS = 600.0
CLOSE_SECONDS = 5.0
Results = list[Output | VisprogError]


def make_runner(
    name: str, address: str | None = None, workers: int = 2, **settings: Any
) -> Runner | None:
    """The runner of an engine's name: `local` (None, for an agent's own) or `ray`.

    Raises:
        SettingsError: there is no such engine, or it is not installed.
    """
    if name == "local":
        return None
    if name != "ray":
        raise SettingsError(f"no engine {name!r}; known: local, ray")
    if find_spec("ray") is None:
        raise SettingsError("the engine ray is not installed: pip install 'visprog[scale]'")
    return RayRunner(address, workers, **settings)


class RayRunner:
    """Runs batches on Ray actors, a pool of them for each backend. Thread-safe.

    Args:
        address: of the cluster to join, such as "auto"; by default one of this process is started
            when it is first needed, bound to 127.0.0.1.
        workers: actors of a backend; each has the backend's weights and runs one batch at a time.
        init: arguments of `ray.init`, such as `runtime_env`.
        actor: options of Ray for every actor, such as `num_cpus`, `num_gpus` or `resources`.
        backends: the same for one backend, by its name; `workers` too.
        pictures: bytes of pictures that the object store keeps for calls to come.
        start_seconds: that a cluster may take until the first worker of a backend is loaded.

    A backend whose device is "remote" does its work elsewhere already: it runs here. So does what
    is asked about a video, since a film is open in this process; its frames travel, as pictures.
    """

    def __init__(
        self,
        address: str | None = None,
        workers: int = 2,
        *,
        init: Mapping[str, Any] = NONE,
        actor: Mapping[str, Any] = NONE,
        backends: Mapping[str, Mapping[str, Any]] = NONE,
        pictures: int = PICTURES,
        start_seconds: float = START_SECONDS,
    ) -> None:
        for count in (workers, *(own.get("workers", 1) for own in backends.values())):
            if count < 1:
                raise SettingsError(f"want 1 worker or more, got {count}")
        self._address = address
        self._workers = workers
        self._init = dict(init)
        self._actor = dict(actor)
        self._own = backends
        self._start_seconds = start_seconds
        self._here = LocalRunner()
        self._pools: dict[Backend, Pool] = {}
        self._session: session.Session | None = None
        self._open = False
        self._failed: SettingsError | None = None
        self._closed = False
        self._inside = 0
        self._changed = threading.Condition()
        self._shelf = Shelf(lambda picture: _ray().put(picture), pictures)

    # -- what the engine asks

    def device(self, backend: Backend) -> str:
        return backend.device if of_videos(backend) else "remote"

    def lanes(self, backend: Backend) -> int:
        if _stays(backend):
            return backend.lanes
        pool = self._pools.get(backend)
        return pool.lanes if pool else self._count(backend)

    def ready(self, backend: Backend) -> None:
        if _stays(backend):
            self._here.ready(backend)
            return
        with self._use():
            self._pool(backend).ready(self._start_seconds)

    def run(self, backend: Backend, tool: str, calls: Sequence[Mapping[str, Any]]) -> Ran:
        if _stays(backend) or holds_video(calls):
            self._here.ready(backend)
            return self._here.run(backend, tool, calls)
        with self._use():
            until = time.monotonic() + backend.deadline
            batch = _Batch(backend, tool, self._pool(backend), self._shelf, until)
            results = batch.run(calls)
            return Ran(results, tuple(dict.fromkeys(batch.notices)), batch.retries)

    def close(self) -> None:
        """End the workers, and stop Ray if it was started here; a cluster that was joined stays."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            pools = list(self._pools.values())
        for pool in pools:
            pool.close()
        with self._changed:
            self._changed.wait_for(lambda: not self._inside, CLOSE_SECONDS)
            self._shelf.clear()
            if self._session is not None:
                session.leave(self._session)

    # -- Ray

    @contextlib.contextmanager
    def _use(self) -> Iterator[None]:
        """Ray may be used within: it is there, and is not stopped meanwhile."""
        with self._changed:
            if self._closed:
                raise ToolError("the engine was closed")
            self._start()
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def _start(self) -> None:
        if self._failed is not None:  # a second try would take as long, and as long for each call
            raise self._failed
        if not self._open:
            try:
                self._session = session.enter(self._address, self._init)
            except SettingsError as error:
                self._failed = error
                raise
            self._open = True

    def _pool(self, backend: Backend) -> Pool:
        with self._changed:
            pool = self._pools.get(backend)
            if pool is None:
                if self._closed:
                    raise ToolError("the engine was closed")
                hands = _Actors(backend, self._options(backend))
                pool = self._pools[backend] = Pool(backend, self._count(backend), hands)
            return pool

    def _count(self, backend: Backend) -> int:
        return int(self._own.get(backend.name, NONE).get("workers", self._workers))

    def _options(self, backend: Backend) -> dict[str, Any]:
        own = dict(self._own.get(backend.name, NONE))
        own.pop("workers", None)
        gpus = {"num_gpus": backend.gpus, "num_cpus": 0} if backend.gpus else {}
        return {**gpus, **self._actor, **own}


class _Actors:
    """The actors of one backend."""

    def __init__(self, backend: Backend, options: Mapping[str, Any]) -> None:
        ray = _ray()
        self.options = options
        self._recipe = ray.cloudpickle.dumps(backend)
        self._kind = ray.remote(Worker).options(**options)

    def hire(self) -> Any:
        return self._kind.remote(self._recipe)

    def load(self, worker: Any, done: Callable[[Any], None]) -> None:
        worker.load.remote().future().add_done_callback(done)

    def kill(self, worker: Any) -> None:
        with contextlib.suppress(Exception):  # it may be dead, and Ray too
            _ray().kill(worker)


@dataclass
class _Batch:
    """One batch on its way through workers. `until`: monotonic seconds."""

    backend: Backend
    tool: str
    pool: Pool
    shelf: Shelf
    until: float
    notices: list[str] = field(default_factory=list)
    retries: int = 0

    def run(self, calls: Sequence[Mapping[str, Any]]) -> Results:
        """The results of the calls. If workers die of them, each runs alone: one that no worker
        can bear fails no others."""
        try:
            results = self._attempts(calls)
        except VisprogError as error:
            if not self.notices:
                raise
            results = [error] if len(calls) == 1 else None
        if results is not None:
            return results
        if len(calls) == 1:
            return [self._died()]
        self.retries += len(calls)
        return [self._alone(call) for call in calls]

    def _alone(self, call: Mapping[str, Any]) -> Output | VisprogError:
        results = self.run([call])
        if len(results) != 1:
            return ToolError(f"{self.tool}: the backend gave {len(results)} results for 1 call")
        return results[0]

    def _attempts(self, calls: Sequence[Mapping[str, Any]]) -> Results | None:
        """The results, or None if workers died of the calls again and again."""
        for attempt in range(1 + RETRIES):
            self.retries += attempt > 0
            worker = self.pool.take(self.until)
            if worker is None:
                return [self._late()] * len(calls)
            results = self._send(worker, calls)
            if results is not None:
                return results
        return None

    def _send(self, worker: Any, calls: Sequence[Mapping[str, Any]]) -> Results | None:
        """The results that a worker gives, or None if it died."""
        ray = _ray()
        try:
            packed, pictures = pack_calls(calls)
            sent = [self.shelf.send(picture) for picture in pictures]
        except BaseException:
            self.pool.give_back(worker)
            raise
        try:
            asked = worker.run.remote(self.tool, packed, *sent)
            data = ray.get(asked, timeout=max(0.0, self.until - time.monotonic()))
        except ray.exceptions.GetTimeoutError:
            self.pool.bury(worker, "it gave no answer")
            return [self._late()] * len(calls)
        except ray.exceptions.RayTaskError as error:  # a picture was lost, or a defect of ours
            self.shelf.forget(pictures)
            self.pool.give_back(worker)
            message = f"{self.tool} failed in a worker of {self.backend.name}: {reason(error)}"
            raise ToolError(message) from None
        except ray.exceptions.RayError as error:
            self.shelf.forget(pictures)
            self.pool.bury(worker, why := reason(error))
            self.notices.append(f"a worker of {self.backend.name} died at this step: {why}")
            return None
        self.pool.give_back(worker)
        results: Results | VisprogError = unpack(data, pictures)
        if isinstance(results, VisprogError):
            raise results
        return results

    def _late(self) -> ToolTimeout:
        seconds = f"{self.backend.deadline:g} seconds"
        return ToolTimeout(f"{self.tool}: no answer from {self.backend.name} within {seconds}")

    def _died(self) -> ToolError:
        return ToolError(f"{self.tool}: a worker of {self.backend.name} died each time")


def _stays(backend: Backend) -> bool:
    return backend.device == "remote" or of_videos(backend)


def _ray() -> Any:
    import ray

    return ray
