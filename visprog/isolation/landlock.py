"""No file, no network, no signal to others: a Landlock domain without a rule (Linux).

Source: the kernel's Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

CREATE_RULESET, RESTRICT_SELF = 444, 446  # the same numbers on every machine
VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
PR_SET_NO_NEW_PRIVS = 38

FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # from this ABI on, so many bits
NETWORK_RIGHTS = {4: 2}  # bind and connect of TCP
SCOPES = {6: 2}  # abstract sockets, signals


def _call(number: int, *args: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    given = int(libc.syscall(ctypes.c_long(number), *args))
    if given < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock: {os.strerror(code)}")
    return given


def abi() -> int:
    """The version that the kernel has; 0 where it has none, or has it switched off."""
    if sys.platform != "linux":
        return 0
    try:
        return _call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION))
    except OSError:  # not built in, or not started
        return 0


def restrict(version: int) -> None:
    """Take every right that this version knows from this thread, for ever.

    What is open stays open.

    Raises:
        OSError: the kernel refuses.
    """
    held = [_bits(table, version) for table in (FILE_RIGHTS, NETWORK_RIGHTS, SCOPES)]
    attributes = struct.pack("QQQ", *held)  # a shorter struct of old is followed by zeros
    ruleset = _call(
        CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)
    )
    try:
        ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _call(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _bits(table: dict[int, int], version: int) -> int:
    counts = [count for since, count in table.items() if since <= version]
    return (1 << max(counts)) - 1 if counts else 0
