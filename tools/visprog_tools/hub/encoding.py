"""From pictures to what networks that give one vector a picture read, and to unit vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from visprog.values import Image, Region
from visprog_tools.geometry import Box, pixel_box
from visprog_tools.picture import part

OBLONG = 4  # longer to shorter side up to which all of a picture goes to a processor that cuts

CONTEXT = 0.1  # of a box's longer side, on each side of it


def pixel_values(processor: Any, images: Sequence[Image]) -> Any:
    """Pictures as the processor of a model makes them, (n, 3, h, w).

    Many processors scale the shorter side and cut the middle out. Of a long picture that would
    first become a huge one, so it is cut here already to what holds the middle with room to spare.
    """
    cuts = getattr(processor, "do_center_crop", None)
    shown = [_middle(image) if cuts else image for image in images]
    return processor(
        [image.pixels for image in shown],
        input_data_format="channels_last",  # of 3 rows it could be mistaken
        return_tensors="pt",
    )


def unit(vectors: Any) -> Any:
    """(n, d) of a module as unit vectors, float32, in main memory."""
    vectors = vectors.float()
    return (vectors / vectors.norm(dim=-1, keepdim=True)).cpu()


def _middle(image: Image) -> Image:
    across, down = image.width, image.height
    most = OBLONG * min(across, down)
    if max(across, down) <= most:
        return image
    # An even number is taken off, so that the middle stays where it was.
    left, top = (max(0, (side - most) // 2) for side in (across, down))
    return part(image, (left, top, across - left, down - top))


def view(subject: Region | Image) -> Image:
    """What a network is shown of a thing: the picture, or a part around the region's box."""
    return subject if isinstance(subject, Image) else part(subject.image, around(subject))


def around(region: Region) -> Box:
    """The box of a region and what is shown around it, within its picture."""
    picture = region.image
    more = 2 * CONTEXT * max(region.width, region.height)
    side = max(region.width, region.height) + more
    wide, high = min(side, picture.width), min(side, picture.height)
    x, y = region.center
    left = min(max(x - wide / 2, 0.0), picture.width - wide)
    top = min(max(y - high / 2, 0.0), picture.height - high)
    return left, top, left + wide, top + high


def place_of_view(subject: Region | Image) -> str:
    """What tells a view from others: the key of its picture, and which part of it is shown."""
    if isinstance(subject, Image):
        return subject.key
    return f"{subject.image.key} {pixel_box(around(subject), subject.image)}"
