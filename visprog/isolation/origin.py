"""The main process's side of the process that workers are forked from."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from typing import Any

from visprog.errors import IsolationError, SettingsError
from visprog.isolation.setup import Setup
from visprog.isolation.wire import Wire, WireError

START = """
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from visprog.isolation.zygote import main
main(int(sys.argv[1]))
"""
ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "TMPDIR")
ONE_THREAD = {  # libraries of linear algebra and pictures start threads when they are imported
    name: "1"
    for name in (
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "OPENCV_FOR_THREADS_NUM",
    )
}
PATIENCE = 0.5  # seconds for it to say what it would have said
ANSWERING = 10.0  # seconds that it has to end a worker
REPLIES = 1 << 16  # bytes of its largest message
DEATHS = {
    "SIGSYS": "it made a system call that no worker may make",
    "SIGXCPU": "it used up its processor time",
    "SIGXFSZ": "it wrote a file",
    "SIGSEGV": "it crashed in native code (SIGSEGV)",
    "SIGABRT": "it crashed in native code (SIGABRT)",
    "SIGBUS": "it crashed in native code (SIGBUS)",
    "SIGKILL": "it was killed (SIGKILL), by someone or for want of memory",
}


class Origin:
    """The zygote (`visprog.isolation.zygote`), which starts with this object. Thread-safe."""

    def __init__(self, setup: Setup) -> None:
        ours, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._wire = Wire(ours, REPLIES)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", START, str(theirs.fileno()), json.dumps(sys.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=_environment(),
                start_new_session=True,  # Ctrl-C is ours to handle
            )
        self._end = weakref.finalize(self, _bury, self._wire, self._process)
        with contextlib.suppress(WireError):  # told by who asks for a worker
            self._wire.send("prepare", setup.to_send())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._end.alive

    def close(self) -> None:
        """End it, and with it every worker that it has."""
        self._end()

    def fork(self, end: socket.socket) -> None:
        """Start a worker at this end of a connection, over which it tells that it is ready.

        Raises:
            IsolationError: it is gone.
        """
        with self._lock:
            self._send("fork")
            try:
                socket.send_fds(self._wire.end, [b"f"], [end.fileno()])
            except OSError as error:
                raise self._gone(error) from None

    def discard(self, pid: int) -> None:
        """End a worker, however it may end."""
        with contextlib.suppress(IsolationError), self._lock:
            self._send("discard", pid)

    def failure(self) -> IsolationError | SettingsError:
        """Why a worker's connection broke before it was ready."""
        with self._lock:
            try:
                if self._wire.ready(PATIENCE):
                    self._answer("nothing")
            except (IsolationError, SettingsError) as error:
                return error
        return IsolationError("no worker can be started: it ended before it was ready")

    def reap(self, pid: int, patience: float) -> str:
        """End a worker that has not ended by itself within so many seconds; how it ended."""
        try:
            with self._lock:
                self._send("reap", pid, patience)
                status = int(self._answer("reaped")[0])
        except IsolationError as error:
            return str(error)
        if os.WIFSIGNALED(status):
            name = _signal_name(os.WTERMSIG(status))
            return DEATHS.get(name, f"it was ended by {name}")
        return f"it ended with status {os.waitstatus_to_exitcode(status)}"

    def _send(self, *message: Any) -> None:
        try:
            self._wire.send(*message)
        except WireError as error:
            raise self._gone(error) from None

    def _answer(self, kind: str) -> list[Any]:
        """What the zygote says; it is as much ours as this process is."""
        try:
            said, *parts = self._wire.receive(time.monotonic() + ANSWERING)
        except (WireError, TimeoutError) as error:
            raise self._gone(error) from None
        if said != kind:
            self.close()
            raise SettingsError(f"no worker can be started with these tools: {parts[0]}")
        return parts

    def _gone(self, error: Exception) -> IsolationError:
        self.close()
        return IsolationError(f"the process that workers start from is gone: {error}")


def _environment() -> dict[str, str]:
    """Without keys and passwords: a worker has nothing to tell."""
    return {name: os.environ[name] for name in ENVIRONMENT if name in os.environ} | ONE_THREAD


def _signal_name(number: int) -> str:
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _bury(wire: Wire, process: subprocess.Popen[bytes]) -> None:
    """The zygote ends, with its workers, when its connection does."""
    wire.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
