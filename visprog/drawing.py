"""Values as pictures: boxes, masks, depth, motion and read text, drawn on what they belong to."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visprog.labels import Label, place_labels
from visprog.show import number, printable
from visprog.values import Depth, Flow, Image, Region, Text, Video

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

Pixels = NDArray[np.uint8]

SIDE = 720  # the longest side of a drawing
SMALLEST = 320  # little pictures are enlarged to this, so that labels can be read
FRAMES = 6  # of a video, or pictures of a list, that are drawn
REGIONS = 200  # boxes drawn in one picture
STRIP = 34  # height of a legend
PALETTE = tuple(  # far from each other in hue, and light enough for dark text
    tuple(round(255 * part) for part in colorsys.hls_to_rgb(hue / 360, light, 0.95))
    for hue, light in ((205, 0.62), (32, 0.55), (140, 0.5), (330, 0.68), (55, 0.52),
                       (270, 0.72), (175, 0.48), (0, 0.66), (85, 0.5), (300, 0.7))
)  # fmt: skip
INK, PAPER = (15, 20, 28), (255, 255, 255)


def draw(value: object, side: int = SIDE) -> Pixels | None:
    """A picture (H, W, 3) of a value, or None where there is nothing to see.

    `side`: the longest side of each picture in it. Lists and videos become a row of pictures.
    """
    if isinstance(value, Image):
        return np.array(_canvas(value, side))
    if isinstance(value, Depth):
        return _draw_depth(value, side)
    if isinstance(value, Flow):
        return _draw_flow(value, side)
    if isinstance(value, Video):
        return _row([draw(frame, side // 2) for frame in _spread(value.frames)])
    if isinstance(value, (Region, Text)):
        return _draw_places([value], side)
    if isinstance(value, (list, tuple)) and value:
        places = [item for item in value if isinstance(item, (Region, Text))]
        if places:
            by_image: dict[str, list[Region | Text]] = {}
            for place in places:
                by_image.setdefault(place.image.key, []).append(place)
            return _row([_draw_places(group, side) for group in _spread([*by_image.values()])])
        images = [item for item in value if isinstance(item, (Image, Depth, Flow))]
        return _row([draw(item, side // 2) for item in _spread(images)])
    return None


def encode(pixels: Pixels) -> tuple[str, bytes]:
    """A picture (H, W, 3) as a file: its media type and its bytes, the smaller of PNG and JPEG."""
    from PIL import Image as pil

    image = pil.fromarray(pixels)
    jpeg, png = io.BytesIO(), io.BytesIO()
    image.save(jpeg, "JPEG", quality=88, subsampling=0)
    if pixels.size < 1 << 16:  # only little or flat pictures are smaller as PNG
        image.save(png, "PNG")
        if png.tell() <= jpeg.tell():
            return "image/png", png.getvalue()
    return "image/jpeg", jpeg.getvalue()


def _spread(items: Sequence[Any]) -> Sequence[Any]:
    """At most FRAMES of them, evenly chosen, the first and the last among them."""
    if len(items) <= FRAMES:
        return items
    return [items[round(i * (len(items) - 1) / (FRAMES - 1))] for i in range(FRAMES)]


def _canvas(image: Image, side: int) -> PILImage:
    """The picture at the size it is drawn at."""
    from PIL import Image as pil

    longest = max(image.width, image.height)
    scale = min(side, max(longest, SMALLEST)) / longest
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    made = pil.fromarray(image.pixels)
    return made if made.size == size else made.resize(size, pil.Resampling.LANCZOS)


def _row(pictures: Sequence[Pixels | None]) -> Pixels | None:
    """Pictures side by side, with white between them."""
    made = [picture for picture in pictures if picture is not None]
    if len(made) < 2:
        return made[0] if made else None
    height = max(picture.shape[0] for picture in made)
    parts: list[Pixels] = []
    for picture in made:
        below = ((0, height - picture.shape[0]), (0, 8), (0, 0))
        parts.append(np.pad(picture, below, constant_values=255))
    return np.concatenate(parts, axis=1)[:, :-8]


# -- regions and text


def _draw_places(places: Sequence[Region | Text], side: int) -> Pixels:
    from PIL import ImageDraw

    image = places[0].image
    canvas = _canvas(image, side)
    scale = canvas.width / image.width, canvas.height / image.height
    shown = sorted(places[:REGIONS], key=_extent, reverse=True)  # little ones stay on top
    colours = _colours(shown)
    for place, colour in zip(shown, colours, strict=True):
        if isinstance(place, Region) and place.mask is not None:
            canvas = _with_mask(canvas, place.mask, colour)
    pen = ImageDraw.Draw(canvas)
    labels = []
    for place, colour in zip(shown, colours, strict=True):
        box = _scaled(place.box, scale, canvas.size)
        thin = isinstance(place, Region) and place.mask is not None
        pen.rectangle(_grown(box, 1, canvas.size), outline=INK, width=1)
        pen.rectangle(box, outline=colour, width=1 if thin else 3)
        labels.append(Label(_words(place), box, colour))
    place_labels(pen, labels, canvas.size)
    return np.array(canvas)


def _extent(place: Region | Text) -> float:
    left, top, right, bottom = place.box
    return (right - left) * (bottom - top)


def _words(place: Region | Text) -> str:
    name = place.text if isinstance(place, Text) else place.label
    name = printable(" ".join(name[:80].split()))
    return f"{name} {place.score:.2f}" if place.score < 1 else name


def _colours(places: Sequence[Region | Text]) -> list[tuple[int, int, int]]:
    """One colour for each label; where all are alike, one for each region."""
    names = [place.label if isinstance(place, Region) else place.text for place in places]
    order = {name: index for index, name in enumerate(sorted(set(names)))}
    alike = len(order) == 1
    indices = [index if alike else order[name] for index, name in enumerate(names)]
    return [PALETTE[index % len(PALETTE)] for index in indices]  # type: ignore[misc]


def _scaled(
    box: Sequence[float], scale: tuple[float, float], size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """A box in pixels of the canvas, within it, both corners inclusive."""
    left, right = (round(side * scale[0]) for side in box[::2])
    top, bottom = (round(side * scale[1]) for side in box[1::2])
    left, top = min(max(left, 0), size[0] - 1), min(max(top, 0), size[1] - 1)
    return left, top, min(max(right - 1, left), size[0] - 1), min(max(bottom - 1, top), size[1] - 1)


def _grown(
    box: tuple[int, int, int, int], by: int, size: tuple[int, int]
) -> tuple[int, int, int, int]:
    return (
        max(box[0] - by, 0), max(box[1] - by, 0),
        min(box[2] + by, size[0] - 1), min(box[3] + by, size[1] - 1),
    )  # fmt: skip


def _with_mask(canvas: PILImage, mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> PILImage:
    """The canvas with a mask laid over it: translucent, with an outline."""
    from PIL import Image as pil
    from PIL import ImageFilter

    cover = pil.fromarray(mask.astype(np.uint8) * np.uint8(255)).resize(canvas.size)
    inner = cover.point(lambda level: 105 if level > 127 else 0)
    solid = cover.point(lambda level: 255 if level > 127 else 0)
    if min(canvas.size) >= 5:
        thick = np.asarray(solid.filter(ImageFilter.MaxFilter(3))) > np.asarray(
            solid.filter(ImageFilter.MinFilter(3))
        )
        inner = pil.fromarray(np.where(thick, 255, np.asarray(inner)).astype(np.uint8))
    made = canvas.copy()
    made.paste(pil.new("RGB", canvas.size, colour), mask=inner)
    return made


# -- depth and motion


def _draw_depth(value: Depth, side: int) -> Pixels:
    import cv2

    low, high = (float(part) for part in np.percentile(value.depth, (1, 99)))
    spread = np.log if low > 0 and high / low > 8 else np.asarray
    start, end = float(spread(np.float32(low))), float(spread(np.float32(high)))
    clipped = np.clip(value.depth, low, high)
    level = (spread(clipped) - start) / max(end - start, 1e-9)
    ramp = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_INFERNO)
    table = np.ascontiguousarray(ramp[::-1, 0, ::-1])  # BGR; near is bright
    picture = _canvas(Image(table[np.rint(level * 255).astype(np.uint8)]), side)
    bar = np.repeat(table[None, np.linspace(0, 255, 120).astype(int)], 12, axis=0)
    unit = " m" if value.unit == "metres" else ""
    near, far = (f"{word} {number(x)}{unit}" for word, x in (("near", low), ("far", high)))
    notes = [] if unit else ["relative, no scale"]
    notes += ["a heuristic"] if value.heuristic else []
    after = far + (f"  ({', '.join(notes)})" if notes else "")
    return _with_legend(np.array(picture), near, bar, after)


def _draw_flow(value: Flow, side: int) -> Pixels:
    speed = np.linalg.norm(value.uv, axis=2)
    fastest = max(float(np.percentile(speed, 99)), 1e-6)
    picture = _canvas(Image(_motion_colours(value.uv / fastest)), side)
    axis = np.linspace(-1, 1, STRIP - 6, dtype=np.float32)
    disc = np.stack(np.meshgrid(axis, axis), axis=-1)
    wheel = _motion_colours(disc)
    wheel[np.linalg.norm(disc, axis=2) > 1] = PAPER
    after = f"colour: where to; strong: {number(fastest)} pixels a frame"
    return _with_legend(np.array(picture), "", wheel, after)


def _motion_colours(uv: NDArray[np.float32]) -> Pixels:
    """The usual colours of optical flow (Baker et al., A Database and Evaluation Methodology for
    Optical Flow, 2011): hue is the direction, white is rest, full colour is length 1."""
    wheel = _colour_wheel()
    length = np.clip(np.linalg.norm(uv, axis=2), 0, 1)[..., None]
    turn = np.arctan2(-uv[..., 1], -uv[..., 0]) / np.pi  # in [-1, 1]
    place = (turn + 1) / 2 * (len(wheel) - 1)
    first = np.floor(place).astype(int)
    part = (place - first)[..., None]
    hue = (1 - part) * wheel[first] + part * wheel[(first + 1) % len(wheel)]
    made: Pixels = np.rint(255 * (1 - length * (1 - hue))).astype(np.uint8)
    return made


def _colour_wheel() -> NDArray[np.float64]:
    """(55, 3) in [0, 1]: red, yellow, green, cyan, blue, magenta, with more steps where the eye
    tells more hues apart."""
    corners = [(1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1), (1, 0, 0)]
    steps = (15, 6, 4, 11, 13, 6)
    parts = [
        np.linspace(start, end, count, endpoint=False)
        for start, end, count in zip(corners, corners[1:], steps, strict=False)
    ]
    return np.concatenate(parts)


def _with_legend(picture: Pixels, before: str, key: Pixels, after: str) -> Pixels:
    """The picture with a white strip under it: text, the key of its colours, text."""
    from PIL import Image as pil
    from PIL import ImageDraw

    from visprog.labels import font

    wide = max(picture.shape[1], 300)
    strip = pil.new("RGB", (wide, STRIP), PAPER)
    pen = ImageDraw.Draw(strip)
    at = 8
    if before:
        pen.text((at, STRIP // 2), before, INK, font(15), anchor="lm")
        at += round(pen.textlength(before, font(15))) + 8
    strip.paste(pil.fromarray(key), (at, (STRIP - key.shape[0]) // 2))
    pen.text((at + key.shape[1] + 8, STRIP // 2), after, INK, font(15), anchor="lm")
    beside = ((0, 0), (0, wide - picture.shape[1]), (0, 0))
    return np.concatenate([np.pad(picture, beside, constant_values=255), np.asarray(strip)])
