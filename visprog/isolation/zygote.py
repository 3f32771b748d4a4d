"""The small process that workers are forked from: it has imported all that they need, runs no
thread, and never sees a program or a picture.

A fork of a process with threads may inherit a lock that nobody will open, and a new interpreter
takes a quarter of a second to start. `multiprocessing`'s fork server would do the forking, but it
is one for the whole program, imports the caller's main module into every child, and cannot tell
how a child of its own ended.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
import time
from typing import NoReturn

from visprog.isolation.setup import Setup
from visprog.isolation.wire import Closed, Wire
from visprog.isolation.worker import Worker

MESSAGES = 1 << 20  # bytes of the largest message of the main process
DESCRIPTORS = 4096  # of them, at most, the zygote has some open
HOME = 3  # the descriptor of a worker's connection; it has no other beyond the standard three


def main(descriptor: int) -> None:
    """Serve the main process at the other end of a socket until it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to handle
    wire = Wire(socket.socket(fileno=descriptor), MESSAGES)
    children: set[int] = set()
    try:
        _, setup = wire.receive()
        worker = _prepare(wire, Setup.of(setup))
        while True:
            match wire.receive():
                case ["fork"]:
                    children.add(_fork(wire, worker))
                case ["reap", int(pid), float(patience)]:
                    wire.send("reaped", _reap(pid, patience))
                    children.discard(pid)
                case ["discard", int(pid)]:
                    _reap(pid, 0.0)
                    children.discard(pid)
    except Closed:
        pass
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)


def _prepare(wire: Wire, setup: Setup) -> Worker:
    try:
        worker = Worker(setup)
        worker.warm_up()
        count = _threads()
        if count > 1:
            modules = sorted({module for _, module, _, _ in setup.tools})
            raise RuntimeError(
                f"importing {', '.join(modules)} started {count - 1} threads; "
                "the modules of tools must start none when they are imported"
            )
    except BaseException as error:
        wire.send("refused", f"{type(error).__name__}: {error}")
        raise SystemExit(1) from None
    gc.collect()
    gc.freeze()  # the collector of a worker leaves these pages shared
    return worker


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:  # not Linux: those of Python at least
        return threading.active_count()


def _fork(wire: Wire, worker: Worker) -> int:
    _, (end,), _, _ = socket.recv_fds(wire.end, 1, 1)
    pid = os.fork()
    if pid == 0:
        _become(worker, end)
    os.close(end)
    return pid


def _become(worker: Worker, end: int) -> NoReturn:
    """Be a worker on a connection, and end the process with it."""
    status = 1
    try:
        if end != HOME:
            os.dup2(end, HOME)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):  # nothing of a program or a picture reaches a terminal
            os.dup2(nothing, stream)
        os.closerange(HOME + 1, DESCRIPTORS)
        worker.serve(socket.socket(fileno=HOME), descriptors=HOME + 1)
        status = 0
    except BaseException:  # nobody may return into the loop above
        status = 70  # EX_SOFTWARE
    finally:
        os._exit(status)


def _reap(pid: int, patience: float) -> int:
    """The wait status of a worker, killed if it has not ended by itself within `patience`
    seconds."""
    deadline = time.monotonic() + patience
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        if time.monotonic() >= deadline:
            os.kill(pid, signal.SIGKILL)
            return os.waitpid(pid, 0)[1]
        time.sleep(0.001)
