"""The words that edit a picture. Whatever they do not mean to change stays as it is, to the bit.

An edited picture is named after the first one, `street.jpg~edited-3f2a...`, with the start of its
key, so that regions found in that one, or in an edit of it of the same size, can be edited too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace as changed
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ToolError
from visprog.tool import Words, tool
from visprog.values import Image, Region
from visprog_tools.drawn import NAMES
from visprog_tools.picture import FRAGMENT
from visprog_tools.words import Clause

EDITED = re.compile(r"~edited-([0-9a-f]{16})$")
Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@tool("picture")
def color_pop(image: Image, regions: list[Region] | Region) -> Image:
    """The picture with these things in colour and all else in grey."""
    raise NotImplementedError


@tool("picture")
def blur_background(image: Image, regions: list[Region] | Region) -> Image:
    """The picture with all but these things out of focus."""
    raise NotImplementedError


@tool("picture")
def highlight(image: Image, regions: list[Region] | Region) -> Image:
    """The picture with all but these things darkened."""
    raise NotImplementedError


@tool("picture")
def remove(image: Image, regions: list[Region] | Region) -> Image:
    """The picture without these things, filled in from what is around them."""
    raise NotImplementedError


@tool("picture")
def replace(image: Image, regions: list[Region] | Region, text: Clause) -> Image:
    """The picture with what the text says in the place of these things."""
    raise NotImplementedError


@tool("picture")
def emoji(
    image: Image,
    regions: list[Region] | Region,
    name: Annotated[str, Words(tuple(NAMES), spans=False)],
) -> Image:
    """The picture with an emoji over each of these things."""
    raise NotImplementedError


@tool("picture")
def tag(image: Image, regions: list[Region] | Region) -> Image:
    """The picture with a box and a label at each of these things."""
    raise NotImplementedError


def origin(image: Image) -> str:
    """What an edited picture and the first one share."""
    found = EDITED.search(image.name)
    return found[1] if found else image.key[:16].ljust(16, "0")


def edited(image: Image, pixels: Pixels) -> Image:
    """A picture of the same size with other pixels (H, W, 3) uint8."""
    name = f"{EDITED.sub('', image.name)}~edited-{origin(image)}"
    return Image(pixels, name, image.focal, image.axis, image.time)


def among(tool_name: str, image: Image, regions: Sequence[Region] | Region) -> list[Region]:
    """The regions that are to be edited; those found in a part of the picture, in the whole of it.

    Raises:
        ToolError: one is of another picture, or of one of another size.
    """
    given = [regions] if isinstance(regions, Region) else list(regions)
    listed = [_in_whole(image, region) for region in given]
    for region in listed:
        other = region.image
        size = (other.width, other.height) == (image.width, image.height)
        if not (size and origin(other) == origin(image)):
            raise ToolError(
                f"{tool_name}: {region.label!r} was found in another picture, "
                f"{other.name or 'unnamed'}, {other.width}x{other.height}; find it in this one, "
                f"{image.name or 'unnamed'}, {image.width}x{image.height}"
            )
    return listed


def _in_whole(image: Image, region: Region) -> Region:
    """A region of a part of this very picture as one of the picture; any other as it is."""
    part = region.image
    found = FRAGMENT.search(part.name)
    if found is None or part.name[: found.start()] != image.name:
        return region
    left, top = int(found[1]), int(found[2])
    rows, columns = slice(top, top + part.height), slice(left, left + part.width)
    if not np.array_equal(image.pixels[rows, columns], part.pixels):  # another of that name
        return region
    box = (region.left + left, region.top + top, region.right + left, region.bottom + top)
    mask = None
    if region.mask is not None:
        mask = np.zeros((image.height, image.width), np.bool_)
        mask[rows, columns] = region.mask
    return changed(region, image=image, box=box, mask=mask)


def mask_of(image: Image, regions: Sequence[Region]) -> Mask:
    """(H, W) bool: the masks of regions, or the boxes of those that have none."""
    made = np.zeros((image.height, image.width), np.bool_)
    for region in regions:
        made |= outline(image, region)
    return made


def outline(image: Image, region: Region) -> Mask:
    """(H, W) bool: the mask of a region, or else its box."""
    if region.mask is not None:
        return region.mask
    made = np.zeros((image.height, image.width), np.bool_)
    left, top, right, bottom = (round(side) for side in region.box)
    made[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
    return made


def boxes_told(regions: Sequence[Region]) -> tuple[str, ...]:
    """Says of which things the box is edited, since they have no mask."""
    names = dict.fromkeys(region.label for region in regions if region.mask is None)
    if not names:
        return ()
    listed = ", ".join(map(repr, list(names)[:5]))
    return (f"no mask of {listed}: the whole box was taken; segment them first for their outline",)
