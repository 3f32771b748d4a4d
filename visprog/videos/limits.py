"""The largest video taken, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass

from visprog.errors import VideoError


@dataclass(frozen=True)
class VideoLimits:
    """The largest video taken.

    `bytes`: of the file; `pixels`, `side`: of a frame; `frames`: of the video, and `seconds` of its
    length; `shown`: pixels of the longer side that frames are made smaller to; `patience`: seconds
    that opening it, or finding one frame, may take; `memory`: bytes for its decoder.
    """

    bytes: int = 2 * 2**30
    pixels: int = 40_000_000
    side: int = 16_384
    frames: int = 108_000  # an hour at 30 a second
    seconds: float = 4 * 3600.0
    shown: int = 1024
    patience: float = 60.0
    memory: int = 2**30

    def check_bytes(self, size: int) -> None:
        if size > self.bytes:
            raise VideoError(
                f"want at most {self.bytes:,} bytes, got {size:,} or more; cut the video, or raise "
                "VideoLimits.bytes"
            )

    def check_size(self, width: int, height: int) -> None:
        if width < 1 or height < 1:
            raise VideoError(f"want frames with pixels, got {width} x {height}")
        if max(width, height) > self.side or width * height > self.pixels:
            raise VideoError(
                f"want frames of at most {self.pixels / 1e6:g} million pixels and {self.side:,} a "
                f"side, got {width:,} x {height:,}; make the video smaller"
            )

    def check_length(self, frames: int, seconds: float = 0.0) -> None:
        if frames > self.frames or seconds > self.seconds:
            raise VideoError(
                f"want at most {self.frames:,} frames and {self.seconds:,.0f} seconds, got "
                f"{frames:,} frames of {seconds:,.0f} seconds or more; cut the video"
            )

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """The size that frames of this one are given in."""
        ratio = min(1.0, self.shown / max(width, height))
        return max(1, round(width * ratio)), max(1, round(height * ratio))
