"""Programs run and pictures decoded by workers: the face of this package."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from visprog import images as pictures
from visprog.decoding import Decoded
from visprog.decoding import Limits as ImageLimits
from visprog.errors import ImageError, IsolationError, SettingsError
from visprog.execution.interpreter import Run
from visprog.execution.limits import Limits
from visprog.isolation.job import Job
from visprog.isolation.messages import faults_of
from visprog.isolation.pool import Pool
from visprog.isolation.sandbox import Layer
from visprog.isolation.session import Session
from visprog.isolation.setup import Setup
from visprog.isolation.wire import UTF8, Blob
from visprog.lang import types as t
from visprog.tool import Toolset, ToolSpec
from visprog.values import Image, Value

POSIX = os.name == "posix"
MEMORY = 1 << 30
GRACE = 10.0
JOBS = 10_000  # of one worker
OVERHEAD = 64 << 20  # bytes of a message that are not the pixels of one picture


class Isolation:
    """Worker processes for the programs and pictures of one agent. A context manager.

    A worker gives up files, network, other processes and most system calls before it is given
    anything, as far as the machine can hold it to that: see `layers`. One that breaks out of its
    bounds, falls silent or dies is replaced; what it worked on fails with an `IsolationError`.
    """

    def __init__(
        self,
        tools: Toolset,
        limits: Limits | None = None,
        image_limits: ImageLimits = pictures.DEFAULT,
        *,
        workers: int | None = None,
        memory: int = MEMORY,
        grace: float = GRACE,
    ) -> None:
        """
        Args:
            tools: functions of modules that another process can import.
            workers: how many wait for the next job; by default one for each core. There are as
                many more as there are runs under way.
            memory: bytes that a worker may take beyond what it begins with.
            grace: seconds that a worker may be busy without a sign.

        Raises:
            SettingsError: the system is not POSIX, or a tool is no function of a module.
        """
        if not POSIX:
            raise SettingsError("--isolate needs a POSIX system, such as Linux or macOS")
        self.tools = tools
        self.limits = limits or Limits()
        self.image_limits = image_limits
        self.grace = grace
        setup = Setup(
            tools=tuple(_place(spec, tools) for spec in tools.values()),
            limits=self.limits,
            image_limits=image_limits,
            memory=memory,
            seconds=math.ceil(4 * min(self.limits.seconds, 1e6)) + 60,
            jobs=JOBS,
            message=3 * image_limits.pixels + image_limits.bytes + OVERHEAD,
        )
        self.pool = Pool(setup, (os.cpu_count() or 1) if workers is None else workers, grace)

    def __enter__(self) -> Isolation:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers."""
        self.pool.close()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What confines a worker on this machine, and what the machine lacks for it."""
        if not self.pool.layers:
            self.pool.give(self.pool.take())
        return self.pool.layers

    def run(self, source: str, inputs: Mapping[str, Value]) -> Run:
        """The run of a program, as `visprog.execution.run` gives it, in a worker.

        Raises (when it is driven):
            ProgramError: it does not fit the tools and inputs.
            RunError: as the interpreter.
            IsolationError: its worker died, or was stopped for what it did.
        """
        with Job(self.pool, self.grace) as job:
            return (yield from Session(job, self.tools, source).turns(inputs))

    def check(self, source: str, inputs: Mapping[str, Any]) -> str:
        """The unit of a program's answer, "" for none. `inputs`: names and their annotations.

        Raises:
            ProgramError: its faults.
            IsolationError: as `run`.
        """
        kinds = {name: t.text(t.of(kind)) for name, kind in inputs.items()}
        with Job(self.pool, self.grace) as job:
            job.send("check", Blob(source.encode(*UTF8)), kinds)
            match job.receive(self.grace):
                case ["unit", str(unit)] if len(unit) < 1000:
                    return unit
                case ["faults", [*parts]]:
                    try:
                        raise faults_of(parts, source)
                    except ValueError as error:
                        raise job.refuse(error) from None
            raise job.refuse(ValueError("a message of an unknown kind"))

    # -- pictures

    def load(self, source: object, *, name: str | None = None) -> Image:
        """As `visprog.images.load`, but the bytes of a file are decoded in a worker of their own.

        An array, or a PIL image, is taken as it is, in this process: whoever gives one has decoded
        it. A PIL image that is still to be read from its file is decoded here, by Pillow.

        Raises:
            ImageError: as `visprog.images.load`, or its worker died or was stopped.
        """
        return pictures.load(source, name=name, limits=self.image_limits, decoder=self._decode)

    def _decode(self, data: bytes, limits: ImageLimits) -> Decoded:
        """As `visprog.decoding.decode`; Pillow's errors are ValueErrors of the same text."""
        limits.check_bytes(len(data))
        began = time.monotonic()
        try:
            with Job(self.pool, self.grace, fresh=True) as job:
                job.send("decode", Blob(data))
                message = job.receive(self.grace + 20)
                job.busy = True  # a decoder is where a picture would break in: used once
        except IsolationError as error:
            seconds = time.monotonic() - began
            raise ImageError(f"its decoder failed after {seconds:.1f} s: {error}") from None
        match message:
            case ["pixels", int(height), int(width), float(focal), bytes(pixels)]:
                limits.check_size(width, height)
                if len(pixels) == 3 * height * width and 0 <= focal < math.inf:
                    array = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
                    return Decoded(array, focal)
            case ["refused", str(text)]:
                raise ImageError(text[:1000])
            case ["damaged", str(text)]:
                raise ValueError(text[:1000])
        raise ImageError("its decoder sent what is no picture")


def _place(spec: ToolSpec, tools: Toolset) -> tuple[str, str, str, bool]:
    """Where another process finds a tool, and whether a backend serves it."""
    module, place = spec.func.__module__, spec.func.__qualname__
    if module == "__main__" or "." in place:
        raise SettingsError(
            f"the tool {spec.name} is no function of a module that can be imported; "
            "put it in a module of its own to isolate programs that call it"
        )
    return spec.name, module, place, tools.backend(spec.name) is not None
