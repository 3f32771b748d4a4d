"""Made-up calls of every word that models serve, to warm them up and to measure them by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from visprog.values import Image, Region, Video

WIDTH, HEIGHT = 640, 480  # pixels, as most pictures of the field's datasets have

# In the order in which a backend's words are looked at for one that shows what it costs.
WORDS = (
    *("detect", "segment", "depth", "match", "vqa", "caption", "ocr", "objects", "flow"),
    *("embed", "classify", "choose", "verify", "query", "filter", "same", "track"),
    *("replace", "remove"),
)


def rehearsal(serves: Sequence[str], many: int) -> tuple[str, list[dict[str, Any]]]:
    """A word and so many calls of it, each about a picture of its own; ("", []) where none of the
    words served is known here. A backend that serves no word embeds pictures."""
    tool = next((word for word in WORDS if word in (serves or ("embed",))), "")
    return tool, [call(tool, seed) for seed in range(many)] if tool else []


def call(tool: str, seed: int, regions: int = 1) -> dict[str, Any]:
    """Arguments of a call of a word.

    Args:
        seed: of its picture: the same one gives the same picture.
        regions: how many things it is about, where the word takes several.
    """
    image = picture(seed)
    boxes = things(image, max(2, regions))
    made: dict[str, dict[str, Any]] = {
        "detect": {"image": image, "name": "person"},
        "segment": {"regions": boxes[:regions]},
        "match": {"image": image, "text": "person 人"},  # some models read one of the scripts only
        "vqa": {"image": image, "question": "What is in the picture?"},
        "classify": {"image": image, "options": ["a dog", "a car"]},
        "choose": {"subject": boxes[0], "options": ["red", "blue"]},
        "verify": {"subject": boxes[0], "statement": "red"},
        "query": {"subject": boxes[0], "attribute": "color"},
        "filter": {"regions": boxes[:regions], "attribute": "red"},
        "same": {"a": boxes[0], "b": boxes[1], "attribute": "color"},
        "flow": {"frame": image, "next": picture(seed + 1)},
        "replace": {"image": image, "regions": boxes[0], "text": "a red dog"},
        "remove": {"image": image, "regions": boxes[0]},
    }
    if tool == "track":
        video = Video((image, image, image), 25.0)
        made["track"] = {"video": video, "region": things(video.frames[0], 1)[0]}
    return made.get(tool, {"image": image})


def picture(seed: int) -> Image:
    """Smooth colours of chance: (HEIGHT, WIDTH, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3))
    step = HEIGHT // len(coarse)
    return Image(coarse.repeat(step, 0).repeat(step, 1).astype(np.uint8), f"rehearsal {seed}")


def things(image: Image, many: int) -> list[Region]:
    """Boxes all over a picture, each a quarter of its sides."""
    wide, high = image.width / 4, image.height / 4
    places = np.random.default_rng(many).uniform(0, 0.75, (many, 2))
    return [
        Region(image, (x, y, x + wide, y + high), "person")
        for x, y in ((across * image.width, down * image.height) for across, down in places)
    ]
