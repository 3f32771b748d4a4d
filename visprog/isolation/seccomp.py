"""The system calls that a worker may make, as a filter that the kernel runs (Linux, seccomp).

Sources: the kernel's Documentation/userspace-api/seccomp_filter.rst; the call numbers of
arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from functools import cache

# name: (number on x86_64, on aarch64); None where the machine has no such call
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "recvfrom": (45, 207), "sendto": (44, 206), "read": (0, 63), "write": (1, 64),
    "futex": (202, 98), "madvise": (28, 233), "munmap": (11, 215), "mremap": (25, 216),
    "brk": (12, 214), "clock_gettime": (228, 113), "gettimeofday": (96, 169), "poll": (7, None),
    "ppoll": (271, 73), "lseek": (8, 62), "fstat": (5, 80),
    "close": (3, 57), "clock_getres": (229, 114), "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101), "times": (100, 153), "getrusage": (98, 165), "getpid": (39, 172),
    "gettid": (186, 178), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176),
    "getegid": (108, 177), "getrandom": (318, 278), "sysinfo": (99, 179), "uname": (63, 160),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "getcpu": (309, 168),
    "membarrier": (324, 283), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139), "sigaltstack": (131, 132), "restart_syscall": (219, 128),
    "set_robust_list": (273, 99), "rseq": (334, 293), "exit": (60, 93), "exit_group": (231, 94),
}  # fmt: skip
NEVER_CODE = {"mmap": (9, 222), "mprotect": (10, 226)}  # allowed, unless memory is to be run
FATAL: dict[str, tuple[int | None, int | None]] = {  # no library tries these by chance
    "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117), "kill": (62, 129),
    "tkill": (200, 130), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "bpf": (321, 280), "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "userfaultfd": (323, 282), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "setns": (308, 268), "unshare": (272, 97), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "reboot": (169, 142), "open_by_handle_at": (304, 265),
    "setuid": (105, 146), "setgid": (106, 144), "personality": (135, 92), "modify_ldt": (154, None),
}  # fmt: skip

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH
X32 = 0x40000000  # the bit of another set of call numbers on x86_64

RET_KILL, RET_ALLOW = 0x80000000, 0x7FFF0000  # SECCOMP_RET_KILL_PROCESS, _ALLOW
RET_EPERM = 0x00050000 | errno.EPERM  # SECCOMP_RET_ERRNO
LOAD, RETURN = 0x20, 0x06  # BPF_LD|W|ABS, BPF_RET|K
EQUAL, AT_LEAST, ANY_BIT = 0x15, 0x35, 0x45  # BPF_JMP with JEQ, JGE, JSET, and K
NUMBER, ARCH, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
PROT_EXEC = 4
PR_GET_SECCOMP, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 21, 22, 2
PR_SET_NO_NEW_PRIVS = 38

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def absent() -> str:
    """Why this machine has no such filter; "" where it has."""
    if sys.platform != "linux":
        return "only Linux has seccomp"
    if platform.machine() not in MACHINES or struct.calcsize("P") != 8:
        return f"no table of system calls for {platform.machine()}"
    if ctypes.CDLL(None).prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0:
        return "the kernel was built without seccomp"
    return ""


@cache
def assembled(machine: str) -> bytes:
    """The filter as the kernel takes it. Made before a fork, it costs the child nothing."""
    return b"".join(struct.pack("HBBI", *step) for step in rules(machine))


def install() -> int:
    """Put this thread, for ever, under the filter; gives how many calls it allows.

    Raises:
        OSError: the kernel refuses the filter.
    """
    code = assembled(platform.machine())
    libc = ctypes.CDLL(None, use_errno=True)
    held = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(held))
    for call in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*call) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"seccomp: {os.strerror(number)}")
    return len(ALLOWED) + len(NEVER_CODE)


def rules(machine: str) -> list[Instruction]:
    """The filter's instructions: what is not named gets EPERM, what is FATAL ends the process."""
    column, arch = MACHINES[machine]
    made: list[Instruction] = [
        (LOAD, 0, 0, ARCH),
        (EQUAL, 1, 0, arch),
        (RETURN, 0, 0, RET_KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, RET_KILL),
    ]
    for calls, verdict in ((ALLOWED, RET_ALLOW), (FATAL, RET_KILL)):
        for numbers in calls.values():
            number = numbers[column]
            if number is not None:
                made += [(EQUAL, 0, 1, number), (RETURN, 0, 0, verdict)]
    for numbers in NEVER_CODE.values():
        protection = ARGUMENTS + 2 * 8  # the low half of the third argument
        made += [
            (EQUAL, 0, 4, numbers[column]),
            (LOAD, 0, 0, protection),
            (ANY_BIT, 0, 1, PROT_EXEC),
            (RETURN, 0, 0, RET_EPERM),
            (RETURN, 0, 0, RET_ALLOW),
        ]
    return [*made, (RETURN, 0, 0, RET_EPERM)]
