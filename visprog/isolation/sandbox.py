"""What a worker gives up before it sees a program or a picture, layer by layer."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import sys
from dataclasses import dataclass
from typing import Any

from visprog.isolation import landlock, seccomp

PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
KILL = 9


@dataclass(frozen=True)
class Layer:
    """One kind of containment. `note`: what it holds, or why the machine lacks it."""

    name: str
    active: bool
    note: str

    def __str__(self) -> str:
        return f"{self.name}: {'' if self.active else 'absent: '}{self.note}"


def prepare() -> None:
    """Do before a fork what can be done before."""
    if not seccomp.absent():
        seccomp.assembled(platform.machine())


def enter(memory: int, seconds: int, descriptors: int) -> tuple[Layer, ...]:
    """Confine this process, which has one thread, for the rest of its life.

    Args:
        memory: bytes that it may take beyond what it has now.
        seconds: processor time that it may use, all in all.
        descriptors: how many files may be open; no more than are open already.

    Raises:
        OSError: the kernel has a layer and refuses it.
    """
    import resource  # before there are no files to import from

    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, KILL, 0, 0, 0)  # nobody is left to wait for its answer
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # no other process of this user looks inside
    taken = address_space()
    version = landlock.abi()
    if version:
        landlock.restrict(version)
        files = Layer("landlock", True, f"no files, ABI {version}")
    else:
        files = Layer("landlock", False, "the kernel has none, or it is off")
    limits = tuple(
        _limit(resource, name, limit, value)
        for name, limit, value in (  # after Landlock, which needs one more open file
            ("memory", "RLIMIT_AS", taken and taken + memory),
            ("processor time", "RLIMIT_CPU", seconds),
            ("file size", "RLIMIT_FSIZE", 0),
            ("core dumps", "RLIMIT_CORE", 0),
            ("processes", "RLIMIT_NPROC", 0),
            ("open files", "RLIMIT_NOFILE", descriptors),
        )
    )
    lacking = seccomp.absent()
    if lacking:
        return (*limits, files, Layer("seccomp", False, lacking))
    count = seccomp.install()
    return (*limits, files, Layer("seccomp", True, f"{count} system calls allowed"))


def address_space() -> int:
    """Bytes of address space that this process has; 0 where the machine does not tell."""
    with contextlib.suppress(OSError), open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _limit(resource: Any, name: str, limit: str, value: int) -> Layer:
    number = getattr(resource, limit, None)
    if number is None or (limit == "RLIMIT_AS" and not value):
        return Layer(name, False, f"no {limit} on {sys.platform}")
    most = value + 1 if limit == "RLIMIT_CPU" else value  # at once it would be SIGKILL
    try:
        resource.setrlimit(number, (value, most))
    except (OSError, ValueError) as error:  # a stricter system
        return Layer(name, False, f"{limit}: {error}")
    return Layer(name, True, f"{limit} {value:,}")
