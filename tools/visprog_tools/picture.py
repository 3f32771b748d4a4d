"""The words that make a new picture out of a part of one.

A part is named after its picture and place, in the form of W3C Media Fragments:
`street#xywh=10,20,300,400` (left, top, width, height, in pixels of the whole picture).
"""

from __future__ import annotations

import re

import numpy as np

from visprog.tool import tool
from visprog.values import Image, Region
from visprog_tools.geometry import Box, expect_picture, pixel_box

FRAGMENT = re.compile(r"#xywh=(\d+),(\d+),\d+,\d+$")


@tool("picture", pure=True)
def crop(image: Image, region: Region) -> Image:
    """The part of the picture in the region's box."""
    expect_picture("crop", image, region)
    return part(image, region.box)


@tool("picture", pure=True)
def crop_left_of(image: Image, region: Region) -> Image:
    """The part of the picture left of the region's centre."""
    expect_picture("crop_left_of", image, region)
    return part(image, (0, 0, round(region.center[0]), image.height))


@tool("picture", pure=True)
def crop_right_of(image: Image, region: Region) -> Image:
    """The part of the picture right of the region's centre."""
    expect_picture("crop_right_of", image, region)
    return part(image, (round(region.center[0]), 0, image.width, image.height))


@tool("picture", pure=True)
def crop_above(image: Image, region: Region) -> Image:
    """The part of the picture above the region's centre."""
    expect_picture("crop_above", image, region)
    return part(image, (0, 0, image.width, round(region.center[1])))


@tool("picture", pure=True)
def crop_below(image: Image, region: Region) -> Image:
    """The part of the picture below the region's centre."""
    expect_picture("crop_below", image, region)
    return part(image, (0, round(region.center[1]), image.width, image.height))


def part(image: Image, box: Box) -> Image:
    """The pixels of a box as a picture of their own, at least one pixel wide and high."""
    left, top, right, bottom = pixel_box(box, image)
    whole, across, down = image.name, left, top
    if found := FRAGMENT.search(image.name):  # a part of a part is named after the whole
        whole = image.name[: found.start()]
        across, down = left + int(found[1]), top + int(found[2])
    pixels = np.ascontiguousarray(image.pixels[top:bottom, left:right])
    name = f"{whole}#xywh={across},{down},{right - left},{bottom - top}"
    if image.axis is None:
        return Image(pixels, name, time=image.time)
    x, y = image.axis  # the lens stays where it was
    return Image(pixels, name, image.focal, (x - left, y - top), image.time)
