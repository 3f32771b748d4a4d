"""The process that decodes a film: it is given one open file and gives frames back, and has nothing
else. Whatever the file does to the decoder ends here.

It is asked by four bytes, the number of a frame, and answers by a letter, a length and the data:
`m`, what the film is, as JSON, once, first; `p`, pixels; `e`, why there is none.
"""

from __future__ import annotations

import io
import json
import os
import re
import struct
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from visprog.errors import VideoError
from visprog.videos.limits import VideoLimits

HEADER = struct.Struct("<cI")
NUMBER = struct.Struct("<I")
CODECS = {  # how FFmpeg names the decoders
    *("h264", "hevc", "vp8", "vp9", "av1", "libvpx", "libvpx-vp9", "libdav1d", "libaom-av1"),
    *("mpeg4", "mjpeg", "h263", "prores", "theora", "png"),
}
NEAR = 8  # frames that are decoded on the way rather than sought
GIF_DELAY = 0.1  # seconds of a frame that says 0, as browsers show it
CPU_SECONDS = 3600


class Reader(Protocol):
    """`size`: of the frames given; `natural`: of those in the file; `codec`: how they lie there."""

    size: tuple[int, int]
    natural: tuple[int, int]
    times: list[float]
    fps: float
    codec: str

    def frame(self, place: int) -> NDArray[np.uint8]: ...


def main(kind: str, descriptor: int, limits: VideoLimits) -> None:
    """Serve frames until nobody asks any more."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    file = os.fdopen(descriptor, "rb", buffering=0)
    try:
        make = _gif_reader() if kind == "gif" else _film_reader()
        _confine(limits)
        reader: Reader = make(file, limits)
        _check(reader, limits)
    except Exception as error:
        _answer(out, b"e", _reason(error).encode("utf-8", "replace"))
        return
    facts = {
        "size": reader.size,
        "natural": reader.natural,
        "fps": reader.fps,
        "times": reader.times,
        "codec": reader.codec,
    }
    _answer(out, b"m", json.dumps(facts).encode())
    while asked := sys.stdin.buffer.read(NUMBER.size):
        try:
            pixels = reader.frame(NUMBER.unpack(asked)[0])
        except Exception as error:
            _answer(out, b"e", _reason(error).encode("utf-8", "replace"))
        else:
            _answer(out, b"p", np.ascontiguousarray(pixels).tobytes())


def _confine(limits: VideoLimits) -> None:
    """Give up what a decoder needs not, as a worker of `--isolate` does."""
    if os.name == "posix":
        from visprog.isolation import sandbox

        descriptors = 1 + max(int(name) for name in os.listdir("/dev/fd"))
        sandbox.enter(limits.memory, CPU_SECONDS, descriptors)


def _check(reader: Reader, limits: VideoLimits) -> None:
    """See that the film is whole, as far as its first and last frames tell."""
    limits.check_length(len(reader.times), reader.times[-1])
    for place in sorted({0, len(reader.times) - 1}):
        reader.frame(place)


def _answer(out: BinaryIO, letter: bytes, data: bytes) -> None:
    out.write(HEADER.pack(letter, len(data)))
    out.write(data)
    out.flush()


def _reason(error: Exception) -> str:
    if isinstance(error, VideoError):
        return str(error)
    if isinstance(error, MemoryError):
        return "decoding it takes more memory than a video may"
    told = " ".join(str(error).split())
    told = re.sub(r"^\[Errno -?\d+\] (.*?): '\d+'(?:; last error log: \[[^]]*\])?", r"\1:", told)
    told = told.rstrip(" :")[:300] or type(error).__name__
    return f"want a whole video, got a damaged or truncated one ({told}); save it anew"


# -- films


def _film_reader() -> Callable[[BinaryIO, VideoLimits], Reader]:
    try:
        import av
        import av.sidedata.sidedata
        import av.subtitles.codeccontext
        import av.subtitles.stream

        _ = av.VideoFrame(16, 16, "rgb24").reformat(8, 8, threads=1).to_ndarray()
    except ImportError:
        raise VideoError(
            "reading films wants PyAV: pip install 'visprog[video]' (GIFs and folders of pictures "
            "need nothing)"
        ) from None
    return _FilmReader


class _FilmReader:
    """An mp4, mov, webm or mkv, by FFmpeg. Frames are told by their times, which the packets have,
    and found from the key frame before them."""

    def __init__(self, file: BinaryIO, limits: VideoLimits) -> None:
        import av

        from visprog.videos.sniffing import HEAD, container, matroska_end

        av.logging.set_level(av.logging.PANIC)
        head = file.read(HEAD)
        if matroska_end(head) > file.seek(0, os.SEEK_END):
            raise VideoError("want a whole video, got a truncated one; copy or save it anew")
        file.seek(0)
        self.limits = limits
        self._container: Any = av.open(
            file, "r", format=container(head), metadata_errors="ignore", timeout=None
        )
        videos = [s for s in self._container.streams.video if not _is_cover(s)]
        if not videos:
            raise VideoError("want a video, got a file without moving pictures")
        self._stream: Any = videos[0]
        context = self._stream.codec_context
        self.codec = context.name
        if self.codec not in CODECS:
            raise VideoError(
                f"want one of the usual codecs (H.264, H.265, VP8, VP9, AV1, MPEG-4), got "
                f"{self.codec[:40]}; save it anew"
            )
        limits.check_size(context.width, context.height)
        context.thread_count = 1
        context.options = {"max_pixels": str(limits.pixels)}
        self._base: Fraction = self._stream.time_base
        self._scan()
        self._decoded: Any = None
        self._next = -1  # the place of the frame that decoding gives next; -1: not known
        first = self._find(0)
        width, height = first.width, first.height
        ratio = self._stream.sample_aspect_ratio or context.sample_aspect_ratio
        if ratio and ratio > 0 and Fraction(1, 8) < ratio < 8:
            width = max(1, round(width * ratio))
        self._turns = round((getattr(first, "rotation", 0) or 0) / 90) % 4
        self._scaled = limits.fitted(width, height)
        turned = self._turns % 2
        self.natural = (height, width) if turned else (width, height)
        self.size = self._scaled[::-1] if turned else self._scaled

    def _scan(self) -> None:
        """Note the time of every frame, without decoding any."""
        stamps: dict[int, bool] = {}
        most, count = self.limits.frames, 0
        for packet in self._container.demux(self._stream):
            stamp = packet.pts if packet.pts is not None else packet.dts
            if not packet.size or stamp is None:
                continue
            if packet.is_corrupt:
                raise VideoError("want a whole video, got a truncated one; copy or save it anew")
            count += 1
            if count > most + 1:
                self.limits.check_length(count)
            if not getattr(packet, "is_discard", False):
                stamps[stamp] = bool(packet.is_keyframe) or stamps.get(stamp, False)
        if not stamps:
            raise VideoError("want a video, got a file without frames; it may be truncated")
        promised = self._stream.frames
        if promised > count + 1:
            raise VideoError(
                f"want a whole video, got a truncated one: {count:,} of {promised:,} frames are "
                "there; copy or save it anew"
            )
        self._stamps = sorted(stamps)
        self._keys = [place for place, s in enumerate(self._stamps) if stamps[s]] or [0]
        start = self._stamps[0]
        self.times = [float((stamp - start) * self._base) for stamp in self._stamps]
        self._expect_length()
        rate = self._stream.average_rate or 1
        count = len(self.times)
        self.fps = (count - 1) / self.times[-1] if count > 1 else float(rate)

    def _expect_length(self) -> None:
        """A film that ends long before it says so was cut off; a webm does not count its frames."""
        told = self._container.duration  # microseconds, of all streams
        length = self._stream.duration
        if self.codec and length is not None:
            told = float(length * self._base) * 1e6
        if told and self._container.format.name.startswith("matroska"):
            missing = told / 1e6 - self.times[-1]
            if missing > max(1.5, 0.1 * told / 1e6) and not self._container.streams.audio:
                raise VideoError(
                    f"want a whole video, got a truncated one: its frames end at "
                    f"{self.times[-1]:.1f} of {told / 1e6:.1f} seconds; copy or save it anew"
                )

    def frame(self, place: int) -> NDArray[np.uint8]:
        if place >= len(self._stamps):
            raise VideoError(f"there is no frame {place}")
        found = self._find(place)
        if found.is_corrupt:
            raise VideoError(f"frame {place} at {self.times[place]:.2f} s is damaged")
        self.limits.check_size(found.width, found.height)
        width, height = self._scaled
        made = found.reformat(width, height, "rgb24", interpolation="AREA", threads=1)
        pixels: NDArray[np.uint8] = made.to_ndarray()
        return np.rot90(pixels, self._turns) if self._turns else pixels

    def _find(self, place: int) -> Any:
        """The frame of that place, by going on from here or from a key frame."""
        before = [key for key in self._keys if key <= place] or [0]
        ahead = self._decoded is not None and 0 <= self._next <= place
        if not (ahead and (place - self._next < NEAR or before[-1] <= self._next)):
            self._seek(before[-1])
        found = self._forward(place)
        for key in reversed(before[:-1][-3:] or [0]):  # one that is no true point to begin at
            if found is not None:
                break
            self._seek(key)
            found = self._forward(place)
        if found is None:
            raise VideoError(f"frame {place} at {self.times[place]:.2f} s cannot be decoded")
        return found

    def _seek(self, place: int) -> None:
        stamp = self._stamps[place]
        self._container.seek(stamp, stream=self._stream, backward=True, any_frame=False)
        self._decoded = self._container.decode(self._stream)

    def _forward(self, place: int) -> Any:
        """Decode until the frame comes; None where the decoding began behind it."""
        wanted, first = self._stamps[place], True
        for frame in self._decoded:
            stamp = frame.pts if frame.pts is not None else frame.dts
            if stamp is None:
                continue
            if stamp >= wanted:
                if stamp > wanted and first:
                    return None
                self._next = place + 1
                return frame
            first = False
        self._decoded = None
        return None


def _is_cover(stream: Any) -> bool:
    """Whether it is a still picture that belongs to a piece of music."""
    return "ATTACHED_PIC" in str(getattr(stream, "disposition", "")).upper()


# -- GIFs


def _gif_reader() -> Callable[[BinaryIO, VideoLimits], Reader]:
    from PIL import Image as pil

    blank = io.BytesIO()
    frames = [pil.new("RGB", (2, 2), colour) for colour in ("white", "black")]
    frames[0].save(blank, "GIF", save_all=True, append_images=frames[1:])
    _GifReader(blank, VideoLimits()).frame(1)  # what it imports when it is used
    return _GifReader


class _GifReader:
    """A GIF, by Pillow. Its frames build on each other, so going back means beginning anew."""

    codec = "gif"

    def __init__(self, file: BinaryIO, limits: VideoLimits) -> None:
        from PIL import GifImagePlugin
        from PIL import Image as pil

        file.seek(0)
        data = file.read()
        limits.check_bytes(len(data))
        if not data.rstrip(b"\0").endswith(b"\x3b"):
            raise VideoError("want a whole GIF, got a truncated one; copy or save it anew")
        self._image: Any = GifImagePlugin.GifImageFile(io.BytesIO(data))
        self._white = pil
        limits.check_size(*self._image.size)
        self.natural = self._image.size
        self.size = limits.fitted(*self.natural)
        self.times: list[float] = []
        at = 0.0
        delays: list[float] = []
        while True:
            try:
                self._image.seek(len(self.times))
            except EOFError:
                break
            limits.check_length(len(self.times) + 1, at)
            self._image.load()
            delay = float(self._image.info.get("duration", 0)) / 1000 or GIF_DELAY
            self.times.append(round(at, 6))
            delays.append(delay)
            at += delay
        self.fps = len(delays) / at

    def frame(self, place: int) -> NDArray[np.uint8]:
        self._image.seek(place)
        layer = self._image.convert("RGBA")
        ground = self._white.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        if self.size != self.natural:
            ground = ground.resize(self.size, self._white.Resampling.BOX)
        return np.asarray(ground)
