"""The frames of a film or GIF, from the process that decodes it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
import threading
import weakref
from collections import OrderedDict
from dataclasses import asdict
from typing import Any, BinaryIO

import numpy as np

from visprog.errors import ToolError, VideoError
from visprog.show import printable
from visprog.values import Footage, Image
from visprog.videos.limits import VideoLimits
from visprog.videos.worker import HEADER, NUMBER

START = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from visprog.videos.limits import VideoLimits
from visprog.videos.worker import main
main(sys.argv[2], int(sys.argv[3]), VideoLimits(**json.loads(sys.argv[4])))
"""
ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT")
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
FACTS = 1 << 23  # bytes of the longest description of a film
KEPT = 32 * 2**20  # bytes of frames kept although nobody holds them


class Frames(Footage):
    """Frames that are decoded when they are asked for: those that somebody holds are given again,
    and a few that nobody holds. Thread-safe."""

    def __init__(self, name: str, key: str) -> None:
        self.name, self.key = name, key
        self._lock = threading.Lock()
        self._held: weakref.WeakValueDictionary[int, Image] = weakref.WeakValueDictionary()
        self._recent: OrderedDict[int, Image] = OrderedDict()

    def read(self, place: int) -> Any:
        """The pixels of a frame, (H, W, 3) uint8.

        Raises:
            ToolError: it cannot be decoded.
        """
        raise NotImplementedError

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        with self._lock:
            image = self._held.get(place)
            if image is None:
                image = Image(self.read(place), self._title(place), time=self.times[place])
                vars(image)["key"] = f"{self.key} {place}"
                self._held[place] = image
            self._recent[place] = image
            self._recent.move_to_end(place)
            most = max(1, KEPT // image.pixels.nbytes)
            while len(self._recent) > most:
                self._recent.popitem(last=False)
            return image

    def _title(self, place: int) -> str:
        """As W3C Media Fragments name a moment: `clip#t=1.25`."""
        return f"{self.name}#t={self.times[place]:.2f}"

    def held(self) -> list[Image]:
        return list(self._held.values())

    def named(self, key: str) -> Image | None:
        content, _, place = key.rpartition(" ")
        if content != self.key or not place.isdecimal() or int(place) >= len(self):
            return None
        made: Image = self[int(place)]
        return made


class Film(Frames):
    """An mp4, mov, webm, mkv or GIF. Its decoder, a confined process, ends with this object."""

    def __init__(self, kind: str, file: BinaryIO, name: str, key: str, limits: VideoLimits) -> None:
        """
        Raises:
            VideoError: it is no such film, is damaged, or breaks a limit.
        """
        super().__init__(name, key)
        self.limits = limits
        self._file = file
        self._stamp = _stamp(file)
        self._process = _started(kind, file, limits)
        self._end = weakref.finalize(self, _bury, self._process, file)
        try:
            facts = self._facts()
        except VideoError:
            self._end()
            raise
        self.size, self.times, self.fps, self.codec = facts[:4]
        self.natural: tuple[int, int] = facts[4]
        self.key = f"{key} {self.codec} {self.size[0]}x{self.size[1]}"
        if self.natural != self.size:
            self.notices = (
                f"the frames are made smaller, {self.natural[0]} x {self.natural[1]} to "
                f"{self.size[0]} x {self.size[1]}",
            )

    def close(self) -> None:
        """End the decoder; frames that are held stay."""
        self._end()

    def read(self, place: int) -> Any:
        width, height = self.size
        if not self._file.closed and _stamp(self._file) != self._stamp:
            raise ToolError(f"the video {printable(self.name)} was changed since it was opened")
        try:
            letter, data = self._ask(place, 3 * width * height)
        except VideoError as error:
            raise ToolError(f"the video {printable(self.name)}: {error}") from None
        if letter != b"p" or len(data) != 3 * width * height:
            raise ToolError(f"the video {printable(self.name)}: {_text(data)}")
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)

    def _facts(self) -> tuple[Any, ...]:
        """What the decoder says of the film; believed as far as it can be so."""
        letter, data = self._ask(None, FACTS)
        if letter == b"e":
            raise VideoError(_text(data))
        try:
            told = json.loads(data)
            size, natural = ((int(t[0]), int(t[1])) for t in (told["size"], told["natural"]))
            times, fps = tuple(map(float, told["times"])), float(told["fps"])
            codec = str(told["codec"])[:20]
        except (ValueError, TypeError, KeyError, IndexError):
            raise VideoError("its decoder told nonsense: the file may be hostile") from None
        self.limits.check_length(len(times), times[-1] if times else 0.0)
        self.limits.check_size(*natural)
        sound = (
            letter == b"m"
            and times
            and min(*size, *natural) > 0
            and max(size) <= self.limits.shown
            and math.isfinite(fps)
            and fps > 0
        )
        if not sound:
            raise VideoError("its decoder told nonsense: the file may be hostile")
        return size, times, fps, codec, natural

    def _ask(self, place: int | None, most: int) -> tuple[bytes, bytes]:
        """The decoder's next answer, after asking for a frame.

        Raises:
            VideoError: it took too long, died, or answered at more length than it may.
        """
        process = self._process
        assert process.stdin and process.stdout
        if not self._end.alive:
            raise VideoError(_death(process.poll()))
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self.limits.patience, stop)
        timer.daemon = True
        timer.start()
        try:
            if place is not None:
                process.stdin.write(NUMBER.pack(place))
                process.stdin.flush()
            head = process.stdout.read(HEADER.size)
            letter, size = HEADER.unpack(head) if len(head) == HEADER.size else (b"", 0)
            data = process.stdout.read(size) if size <= max(most, 1000) else b""
            if not letter or len(data) != size:
                raise EOFError
            return letter, data
        except (OSError, EOFError, ValueError):
            self._end()
            if late.is_set():
                reason = f"decoding took more than {self.limits.patience:g} seconds"
            else:
                reason = _death(process.poll())
            raise VideoError(reason) from None
        finally:
            timer.cancel()


def _started(kind: str, file: BinaryIO, limits: VideoLimits) -> subprocess.Popen[bytes]:
    told = [json.dumps(sys.path), kind, str(file.fileno()), json.dumps(asdict(limits))]
    environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-I", "-c", START, *told],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=[file.fileno()],
        env=environment | dict.fromkeys(ONE_THREAD, "1"),
        start_new_session=True,  # Ctrl-C is ours to handle
    )


def _bury(process: subprocess.Popen[bytes], file: BinaryIO) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout, file):
        with contextlib.suppress(OSError):
            if pipe:
                pipe.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)


def _death(status: int | None) -> str:
    how = f" (signal {-status})" if status is not None and status < 0 and status != -9 else ""
    return (
        f"its decoder ended{how}: the file is damaged or hostile, or decoding it takes more memory "
        "than a video may; save it anew"
    )


def _text(data: bytes) -> str:
    return printable(" ".join(data[:2000].decode("utf-8", "replace").split()))


def _stamp(file: BinaryIO) -> tuple[int, int]:
    state = os.fstat(file.fileno())
    return state.st_mtime_ns, state.st_size
