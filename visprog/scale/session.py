"""The Ray of this process: one that is started or joined here, or one that runs already."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from visprog.errors import SettingsError

HERE = "127.0.0.1"
QUIET = {"log_to_driver": False, "logging_level": "ERROR"}
KNOCK_SECONDS = 10.0
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_AUTO_CONNECT": "0",  # else a call of Ray after its end starts another one
}
ALONE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"


class Session:
    """A Ray that a thread of ours started or joined, and who uses it.

    It is a thread that lives as long: Ray's processes end with the thread that started them.
    """

    def __init__(self, address: str | None, init: Mapping[str, Any]) -> None:
        self.settings = (address, dict(init))
        self.users = 0
        self._started, self._stop = threading.Event(), threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._keep, name="visprog ray", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            address, _ = self.settings
            what = "Ray cannot start" if address is None else f"no Ray at {address}"
            raise SettingsError(f"{what}: {self._error}") from self._error

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _keep(self) -> None:
        try:
            self._init()
        except Exception as error:
            self._error = error
            return
        finally:
            self._started.set()
        self._stop.wait()
        import ray

        ray.shutdown()
        _print_logs(True)

    def _init(self) -> None:
        import ray

        address, init = self.settings
        _print_logs(False)
        if address is not None:
            _knock(address)
            ray.init(address=address, **{**QUIET, **init})
            return
        with _alone():
            here = {"include_dashboard": False, "_node_ip_address": HERE}
            ray.init(address="local", **{**QUIET, **here, **init})
        if init.get("_node_ip_address", HERE) != ray.util.get_node_ip_address():
            ray.shutdown()
            raise RuntimeError(
                f"it would listen on all interfaces; start it yourself, or {ALONE}=0"
            )


def _knock(address: str) -> None:
    """Ray itself would try for minutes where nobody answers."""
    host, colon, port = address.rpartition(":")
    if colon and "/" not in address and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_SECONDS).close()


def _print_logs(wanted: bool) -> None:
    """Ray prints deaths of workers on stdout, which belongs to the command; they are told in
    notices. There is no public switch."""
    import ray._private.worker as internals

    if hasattr(internals, "_worker_logs_enabled"):
        internals._worker_logs_enabled = wanted


@contextlib.contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set what is not set, for a while."""
    new = {name: value for name, value in settings.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            os.environ.pop(name, None)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """A Ray on Linux listens on all interfaces, whatever address it is given, unless it is told
    that it is no cluster: by the environment, which it reads when it is imported."""
    from ray._private import ray_constants as constants

    before = getattr(constants, "ENABLE_RAY_CLUSTER", None)
    with _environment({**ENVIRONMENT, ALONE: "0"}):
        constants.ENABLE_RAY_CLUSTER = os.environ[ALONE] != "0"
        try:
            yield
        finally:
            constants.ENABLE_RAY_CLUSTER = before


_lock = threading.Lock()
_current: Session | None = None  # Ray has one a process


def enter(address: str | None, init: Mapping[str, Any]) -> Session | None:
    """The session to use; None where somebody else in this process runs a Ray: that is used.

    Raises:
        SettingsError: Ray is not installed, cannot start, or runs with other settings.
    """
    global _current
    with _lock:
        if _current is None:
            if _runs():
                return None
            made = Session(address, init)
            made.start()
            _current = made
        elif _current.settings != (address, dict(init)):
            raise SettingsError("a Ray with other settings runs in this process; close it first")
        _current.users += 1
        return _current


def leave(session: Session) -> None:
    """The last one to leave stops a Ray that was started here, or parts from a cluster."""
    global _current
    with _lock:
        session.users -= 1
        if not session.users:
            _current = None
            session.stop()


def _runs() -> bool:
    with _environment(ENVIRONMENT):
        try:
            import ray
        except ImportError:
            raise SettingsError(
                "the engine ray is not installed: pip install 'visprog[scale]'"
            ) from None
    return bool(ray.is_initialized())
