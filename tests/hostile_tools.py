"""Tools that try what no worker may do, as code would that broke out of a program or a picture."""

from __future__ import annotations

import collections
import ctypes
import itertools
import mmap
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from visprog.errors import VisprogError
from visprog.tool import Backend, Model, Output, tool
from visprog.values import Image, Region


def read() -> object:
    with open("/etc/hosts", encoding="utf-8") as file:
        return file.read()


def write() -> object:
    with open("/tmp/visprog-was-here", "w", encoding="utf-8") as file:
        return file.write("!")


def hang() -> object:
    return collections.deque(itertools.repeat(0), maxlen=0)


def thread() -> object:
    made = threading.Thread(target=int)
    made.start()
    return made


def write_to_descriptors() -> object:
    return [os.write(number, b"!") for number in range(4, 40)]


ATTEMPTS: dict[str, Callable[[], object]] = {
    "read": read,
    "write": write,
    "list": lambda: os.listdir("/"),
    "stat": lambda: os.stat("/etc/hosts"),
    "connect": socket.socket,
    "pair": socket.socketpair,
    "pipe": os.pipe,
    "fork": os.fork,
    "thread": thread,
    "code": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
    "descriptors": write_to_descriptors,
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "kill": lambda: os.kill(os.getppid(), 9),
    "crash": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "exit": lambda: os._exit(3),
    "sleep": lambda: time.sleep(600),
    "hang": hang,
    "memory": lambda: bytearray(8 << 30),
    "environment": lambda: sorted(os.environ),
    "nothing": lambda: "",
}


@tool("measure", pure=True)
def attempt(what: str) -> str:
    """What came of it."""
    return str(ATTEMPTS[what]())


@tool("measure", pure=True)
def odd(number: float) -> float:
    """The number, as what only looks like a float."""
    return np.float64(number)


@tool("measure", pure=True)
def middle(numbers: list[float]) -> float:
    """The median; numpy imports a part of itself for it, and so does this tool."""
    import colorsys

    return float(np.median(np.array(numbers))) + colorsys.rgb_to_yiq(0, 0, 0)[0]


@tool("measure", pure=True)
def late(number: float) -> float:
    """The number, after an import that nobody could foresee."""
    __import__("this")
    return number


@tool("picture", pure=True)
def corner(image: Image) -> Image:
    """The upper left quarter."""
    return Image(image.pixels[: image.height // 2, : image.width // 2].copy(), "corner")


@tool("find")
def look(image: Image, name: str) -> list[Region]:
    """One thing of that name, as large as the picture."""
    raise NotImplementedError


class Looker(Backend):
    """Finds whatever it is asked for."""

    name = "looker"
    serves = ("look",)
    model = Model("looker of the tests", "Apache-2.0")
    batch = 8

    def run(self, tool: str, calls: Sequence[Mapping[str, Any]]) -> list[Output | VisprogError]:
        return [
            Output([Region(call["image"], (0, 0, 9, 9), call["name"], 0.5)], ("made up",))
            for call in calls
        ]


PROFILES = {"hostile": {"look": "looker"}}
