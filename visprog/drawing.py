"""Values as pictures: boxes, masks, depth, motion and read text, drawn on what they belong to."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visprog.canvas import Pixels, canvas
from visprog.fields import draw_depth, draw_flow
from visprog.labels import DARK, LIGHT, PAD, TEXT_SIZES, Label, font, place_labels
from visprog.show import printable
from visprog.values import Depth, Flow, Image, Region, Text, Video

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

SIDE = 720  # the longest side of a drawing
FRAMES = 6  # of a video, or pictures of a list, that are drawn
COLUMNS, GAP = 3, 8  # of such pictures side by side, and pixels between them
REGIONS = 200  # boxes drawn in one picture
PALETTE = tuple(  # far from each other in hue, and light enough for dark text
    tuple(round(255 * part) for part in colorsys.hls_to_rgb(hue / 360, light, 0.95))
    for hue, light in ((205, 0.62), (32, 0.55), (140, 0.5), (330, 0.68), (55, 0.52),
                       (270, 0.72), (175, 0.48), (0, 0.66), (85, 0.5), (300, 0.7))
)  # fmt: skip


def draw(value: object, side: int = SIDE) -> Pixels | None:
    """A picture (H, W, 3) of a value, or None where there is nothing to see.

    `side`: the longest side of each picture in it. Lists and videos become rows of pictures.
    """
    if isinstance(value, Image):
        return np.array(_stamped(canvas(value.pixels, side), value))
    if isinstance(value, Depth):
        return draw_depth(value, side)
    if isinstance(value, Flow):
        return draw_flow(value, side)
    if isinstance(value, Video):
        return _grid([draw(frame, side // 2) for frame in _spread(value.frames)])
    if isinstance(value, (Region, Text)):
        return _draw_places([value], side)
    if isinstance(value, (list, tuple)) and value:
        places = [item for item in value if isinstance(item, (Region, Text))]
        if places:
            by_image: dict[str, list[Region | Text]] = {}
            for place in places:
                by_image.setdefault(place.image.key, []).append(place)
            groups = [*by_image.values()]
            if len(groups) > 2 and places[0].image.time is not None:  # a track: thumbnails will do
                side //= 2
            return _grid([_draw_places(group, side) for group in _spread(groups)])
        images = [item for item in value if isinstance(item, (Image, Depth, Flow))]
        return _grid([draw(item, side // 2) for item in _spread(images)])
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


def _grid(pictures: Sequence[Pixels | None]) -> Pixels | None:
    """Pictures in rows of COLUMNS, with white between them."""
    made = [picture for picture in pictures if picture is not None]
    if len(made) < 2:
        return made[0] if made else None
    height = max(picture.shape[0] for picture in made) + GAP
    width = max(picture.shape[1] for picture in made) + GAP
    columns, rows = min(len(made), COLUMNS), -(-len(made) // COLUMNS)
    sheet = np.full((rows * height - GAP, columns * width - GAP, 3), 255, np.uint8)
    for index, picture in enumerate(made):
        top, left = index // COLUMNS * height, index % COLUMNS * width
        sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return sheet


# -- regions and text


def _draw_places(places: Sequence[Region | Text], side: int) -> Pixels:
    from PIL import ImageDraw

    image = places[0].image
    page = canvas(image.pixels, side)
    scale = page.width / image.width, page.height / image.height
    shown = sorted(places[:REGIONS], key=_extent, reverse=True)  # little ones stay on top
    colours = _colours(shown)
    for place, colour in zip(shown, colours, strict=True):
        if isinstance(place, Region) and place.mask is not None:
            page = _with_mask(page, place.mask, colour)
    pen = ImageDraw.Draw(page)
    labels = []
    for place, colour in zip(shown, colours, strict=True):
        box = _scaled(place.box, scale, page.size)
        thin = isinstance(place, Region) and place.mask is not None
        pen.rectangle(_grown(box, 1, page.size), outline=DARK, width=1)
        pen.rectangle(box, outline=colour, width=1 if thin else 3)
        labels.append(Label(*_words(place), box, colour))
    place_labels(pen, labels, page.size)
    return np.array(_stamped(page, image))


def _stamped(page: PILImage, image: Image) -> PILImage:
    """The page with the time of a frame in its lower right corner."""
    if image.time is None:
        return page
    from PIL import ImageDraw

    pen = ImageDraw.Draw(page)
    words, size = f"{image.time:.2f} s", TEXT_SIZES[1]
    width, height = round(pen.textlength(words, font(size))) + 2 * PAD, size + PAD + 2
    if width <= page.width and height <= page.height:
        pen.rectangle(
            (page.width - width, page.height - height, page.width, page.height), fill=DARK
        )
        middle = page.width - width + PAD, page.height - height / 2
        pen.text(middle, words, LIGHT, font(size), anchor="lm")
    return page


def _extent(place: Region | Text) -> float:
    left, top, right, bottom = place.box
    return (right - left) * (bottom - top)


def _words(place: Region | Text) -> tuple[str, str]:
    """What to write at a place: with its score, and without."""
    name = place.text if isinstance(place, Text) else place.label
    name = printable(" ".join(name[:80].split()))
    return (f"{name} {place.score:.2f}" if place.score < 1 else name), name


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


def _with_mask(page: PILImage, mask: NDArray[np.bool_], colour: tuple[int, int, int]) -> PILImage:
    """The page with a mask laid over it: translucent, with an outline."""
    from PIL import Image as pil
    from PIL import ImageFilter

    cover = pil.fromarray(mask.astype(np.uint8) * np.uint8(255)).resize(page.size)
    inner = cover.point(lambda level: 105 if level > 127 else 0)
    solid = cover.point(lambda level: 255 if level > 127 else 0)
    if min(page.size) >= 5:
        thick = np.asarray(solid.filter(ImageFilter.MaxFilter(3))) > np.asarray(
            solid.filter(ImageFilter.MinFilter(5))
        )
        inner = pil.fromarray(np.where(thick, 255, np.asarray(inner)).astype(np.uint8))
    made = page.copy()
    made.paste(pil.new("RGB", page.size, colour), mask=inner)
    return made
