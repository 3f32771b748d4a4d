"""A video with what was found in it drawn on its frames, as a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from visprog.canvas import Pixels
from visprog.drawing import draw
from visprog.errors import SettingsError, ToolError
from visprog.values import Image, Region, Video

SIDE = 720  # the longest side of a clip, pixels
GIF_SIDE, GIF_FRAMES = 480, 300
SUFFIXES = (".mp4", ".gif")


def save_clip(video: Video, value: object, path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Write the video with regions drawn on it, as .mp4 (H.264) or .gif.

    Args:
        value: a region, a list of regions such as a track, or a list of tracks. Between the frames
            where a track was seen its boxes go on evenly; other regions stay until the next frame
            that has some.

    Returns:
        Notices: what was left out.

    Raises:
        SettingsError: another kind of file; nothing to draw; PyAV, which writes mp4, is missing.
        ToolError: a frame cannot be decoded, or a region is of no frame of the video.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise SettingsError(f"a clip is saved as {' or '.join(SUFFIXES)}, not as {suffix or path}")
    tracks = tracks_of(value)
    if not tracks:
        raise SettingsError("the answer has no regions to draw on the video: return a track")
    shown = placed(video, tracks)
    part = Path(path).with_name(f".{Path(path).name}.part")  # whole or not at all
    step = 1 if suffix == ".mp4" else -(-len(video.frames) // GIF_FRAMES)
    places = range(0, len(video.frames), step)
    try:
        if suffix == ".mp4":
            _write_mp4(part, _drawn(video, shown, places, SIDE), video.fps)
        else:
            _write_gif(part, _drawn(video, shown, places, GIF_SIDE), 1000 * step / video.fps)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return (f"the GIF has one of {step} frames only",) if step > 1 else ()


def tracks_of(value: object) -> list[list[Region]]:
    """The tracks of a value: lists of regions, one a frame; regions that are no track, each one by
    itself."""
    if isinstance(value, Region):
        return [[value]]
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, (list, tuple)):
        return []
    regions = [item for item in value if isinstance(item, Region)]
    times = [region.image.time for region in regions]
    known = [time for time in times if time is not None]
    growing = all(a < b for a, b in pairwise(known))
    if regions and len(regions) == len(value) and len(known) == len(regions) and growing:
        return [regions]
    inner = [track for item in value if not isinstance(item, Region) for track in tracks_of(item)]
    return [*([region] for region in regions), *inner]


def placed(video: Video, tracks: Sequence[Sequence[Region]]) -> dict[int, list[Region]]:
    """What is drawn on each frame, by its place. The pictures of the regions are those they were
    found in.

    Raises:
        ToolError: a region is of no frame of the video.
    """
    made: dict[int, list[Region]] = {}
    single: dict[int, list[Region]] = {}
    for track in tracks:
        places = [_place(video, region) for region in track]
        if len(track) == 1:
            single.setdefault(places[0], []).append(track[0])
            continue
        for (a, one), (b, other) in pairwise(zip(places, track, strict=True)):
            for place in range(a, b):
                made.setdefault(place, []).append(_between(one, other, (place - a) / (b - a)))
        made.setdefault(places[-1], []).append(track[-1])
    marks = sorted(single)
    for mark, end in zip(marks, [*marks[1:], len(video.frames)][: len(marks)], strict=True):
        until = end if len(marks) > 1 else mark + 1
        for place in range(mark, until):
            made.setdefault(place, []).extend(single[mark])
    return made


def _place(video: Video, region: Region) -> int:
    time = region.image.time
    if time is not None:
        place = int(np.argmin(np.abs(np.asarray(video.times) - time)))
        if (region.image.width, region.image.height) == video.size:
            return place
    raise ToolError(f"the {region.label} is in a picture that is no frame of the video")


def _between(one: Region, other: Region, part: float) -> Region:
    """Where a thing is on its way from one place to another."""
    if not part:
        return one
    box = tuple(a + (b - a) * part for a, b in zip(one.box, other.box, strict=True))
    return replace(one, box=box, mask=None)  # type: ignore[arg-type]


def _drawn(
    video: Video, shown: Mapping[int, Sequence[Region]], places: Iterable[int], side: int
) -> Iterator[Pixels]:
    for place in places:
        frame: Image = video.frames[place]
        regions = [replace(region, image=frame) for region in shown.get(place, ())]
        pixels = draw(regions or frame, side)
        assert pixels is not None
        yield pixels


def _write_mp4(path: Path, pictures: Iterator[Pixels], fps: float) -> None:
    from fractions import Fraction

    try:
        import av
    except ImportError:
        raise SettingsError(
            "writing mp4 wants PyAV: pip install 'visprog[video]', or save the clip as .gif"
        ) from None
    with av.open(os.fspath(path), "w", format="mp4") as file:
        stream: Any = None
        for pixels in pictures:
            even = pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2]
            if stream is None:
                stream = file.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
                stream.height, stream.width = even.shape[:2]
                stream.pix_fmt = "yuv420p"
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), "rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def _write_gif(path: Path, pictures: Iterator[Pixels], delay: float) -> None:
    from PIL import Image as pil

    first, *others = (pil.fromarray(pixels).quantize(128) for pixels in pictures)
    first.save(
        path, "GIF", save_all=True, append_images=others, duration=max(20, round(delay)), loop=0
    )
