"""Profiles of the hub's models: for a processor, for a card of 8 GB and one of 24 GB.

What no model of the hub serves is served as in the profile `embedded`. The sizes are those of the
weights in the dtype of the device; a tenth of a card is left to what the models compute.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from visprog.errors import SettingsError
from visprog_tools import EMBEDDED
from visprog_tools.hub.depth import SIZES
from visprog_tools.hub.devices import place_of

GB = 10**9
LARGE = 20 * GB  # bytes for weights from which the profile for 24 GB is taken

LOOK = ("vqa", "query", "verify", "choose", "filter", "same", "related", "related_to", "caption")
MASKS = ("segment", "area")
SPACE = ("depth", "nearest", "farthest", "in_front_of", "behind")

CPU = {
    **EMBEDDED,
    "detect": "grounding-dino-tiny",
    "objects": "rtdetr-v2-r18",
    **dict.fromkeys(MASKS, "sam2-small"),
    **dict.fromkeys(SPACE, "depth-anything-v2-small"),
    **dict.fromkeys(("distance", *SIZES), "depth-anything-v2-metric-indoor"),
    **dict.fromkeys(("match", "classify"), "clip-base"),
    **dict.fromkeys(LOOK, "smolvlm-256m"),
    "ocr": "florence-2-base",
}
SMALL = {
    **CPU,
    "detect": "llmdet-tiny",
    "objects": "rtdetr-v2-r50",
    **dict.fromkeys(MASKS, "sam2-base-plus"),
    **dict.fromkeys(("match", "classify"), "siglip2-base"),
    **dict.fromkeys(LOOK, "smolvlm2-500m"),
    **{"flow": "raft-large", "track": "sam2-video-base-plus", "replace": "sd2-inpainting"},
}
CARD = {
    **SMALL,
    "detect": "llmdet-base",
    **dict.fromkeys(MASKS, "sam2-large"),
    **dict.fromkeys(("match", "classify"), "siglip2-so400m"),
    **dict.fromkeys(LOOK, "qwen3-vl-4b"),
    "track": "sam2-video-large",
}
CPU_NAME, SMALL_NAME, CARD_NAME = "hub-cpu", "hub-8gb", "hub-24gb"


def fitting(options: Mapping[str, str]) -> str:
    """The profile that fits the device of the options, by the bytes that weights may take there.

    Raises:
        SettingsError: torch is not installed, or there is no such device.
    """
    if find_spec("torch") is None:
        raise SettingsError("the profile hub wants torch: pip install 'visprog[models]'")
    device = options.get("device", "").split(",")[0].strip()
    place = place_of({**options, "device": device})
    if place.kind == "cpu":
        return CPU_NAME
    return CARD_NAME if place.budget >= LARGE else SMALL_NAME


PROFILES = {CPU_NAME: CPU, SMALL_NAME: SMALL, CARD_NAME: CARD, "hub": fitting}
