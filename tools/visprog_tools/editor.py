"""Edits by arithmetic and OpenCV: grey, blur, darken, fill in, draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visprog.errors import ToolError
from visprog.tool import Backend, Model, Output
from visprog.values import Image, Region, Unknown
from visprog_tools.drawn import NAMES, sticker, tagged
from visprog_tools.editing import Mask, Pixels, among, boxes_told, edited, mask_of

BLUR = 0.015  # of the longer side: the standard deviation of the blur
DARK = 0.35  # of its light is left to what is not highlighted
LUMA = (0.299, 0.587, 0.114)  # of ITU-R BT.601
SIDE = 512  # pixels of the longer side at which holes are filled in
REACH = 5.0  # pixels around a hole that are looked at
LEAST = 1.2  # times a thing's size: of the emoji over it

FILLED = "filled in from what is around it (OpenCV, Telea 2004): plausible only for small things"


class Editor(Backend):
    """Edits that want no network. What is outside the masks is not touched, or for a background,
    what is inside them."""

    name = "editor"
    serves = ("color_pop", "blur_background", "highlight", "remove", "replace", "emoji", "tag")
    model = Model("editing by NumPy, Pillow and OpenCV", "Apache-2.0", kind="rules")

    def color_pop(self, image: Image, regions: list[Region] | Region) -> Output:
        grey = np.round(image.pixels @ np.array(LUMA)).astype(np.uint8)
        return _around("color_pop", image, regions, np.repeat(grey[..., None], 3, axis=2))

    def blur_background(self, image: Image, regions: list[Region] | Region) -> Output:
        listed = among("blur_background", image, regions)
        return _around("blur_background", image, regions, _blurred(image, mask_of(image, listed)))

    def highlight(self, image: Image, regions: list[Region] | Region) -> Output:
        dark = np.round(image.pixels * DARK).astype(np.uint8)
        return _around("highlight", image, regions, dark)

    def remove(self, image: Image, regions: list[Region] | Region) -> Output | Unknown:
        listed = among("remove", image, regions)
        mask = mask_of(image, listed)
        if mask.all():
            return Unknown("nothing would be left of the picture to fill it in from")
        pixels = image.pixels.copy()
        if mask.any():
            pixels[mask] = _filled(image, mask)[mask]
        told = (FILLED, *boxes_told(listed)) if listed else (_nothing("remove"),)
        return Output(edited(image, pixels), told)

    def replace(self, image: Image, regions: list[Region] | Region, text: str) -> Output | Unknown:
        among("replace", image, regions)
        return Unknown(
            f"nothing offline draws {text!r}; a diffusion model does: pip install "
            "'visprog[inpaint]' and --tools embedded,replace=sd2-inpainting (`visprog tools "
            "replace` lists more)"
        )

    def emoji(self, image: Image, regions: list[Region] | Region, name: str) -> Output:
        listed, word = among("emoji", image, regions), " ".join(name.lower().split())
        if word not in NAMES:
            raise ToolError(f"emoji: no emoji {name!r}; known: {', '.join(sorted(NAMES))}")
        pixels = image.pixels.copy()
        for region in listed:
            sticker(pixels, NAMES[word], region.center, LEAST * max(region.width, region.height))
        return Output(edited(image, pixels), () if listed else (_nothing("emoji"),))

    def tag(self, image: Image, regions: list[Region] | Region) -> Output:
        listed = among("tag", image, regions)
        pixels, unplaced = tagged(image.pixels, [(r.label, r.box) for r in listed])
        told = tuple(f"no room for the label {label!r}" for label in unplaced)
        return Output(edited(image, pixels), told if listed else (_nothing("tag"),))


def _around(
    tool: str, image: Image, regions: Sequence[Region] | Region, background: Pixels
) -> Output:
    """The picture with another background."""
    listed = among(tool, image, regions)
    mask = mask_of(image, listed)
    made = np.where(mask[..., None], image.pixels, background)
    told = boxes_told(listed) if listed else (_nothing(tool),)
    return Output(edited(image, made), told)


def _nothing(tool: str) -> str:
    return f"{tool}: there are no such things, the list is empty"


def _blurred(image: Image, mask: Mask) -> Pixels:
    """The background out of focus; no light of the things in front bleeds into it."""
    import cv2

    sigma = max(1.0, BLUR * max(image.width, image.height))
    weight = (~mask).astype(np.float32)
    light = cv2.GaussianBlur(image.pixels * weight[..., None], (0, 0), sigma)
    share = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    made: Pixels = np.round(light / np.maximum(share, 1e-6)).clip(0, 255).astype(np.uint8)
    return made


def _filled(image: Image, mask: Mask) -> Pixels:
    """The picture with a hole filled in; large ones at a lower resolution, as the fill has none."""
    import cv2

    scale = min(1.0, SIDE / max(image.width, image.height))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = cv2.resize(image.pixels, size, interpolation=cv2.INTER_AREA)
    # what a pixel of the small picture shares with the hole is not looked at
    hole = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    if hole.all():
        hole = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    filled = cv2.inpaint(small, hole.astype(np.uint8), REACH, cv2.INPAINT_TELEA)
    made: Pixels = cv2.resize(filled, (image.width, image.height), interpolation=cv2.INTER_LINEAR)
    return made
