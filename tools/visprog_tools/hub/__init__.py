"""Vision models of the Hugging Face hub: one family a file, one backend a class."""

from visprog_tools.hub.depth import (
    DepthAnythingBase,
    DepthAnythingIndoor,
    DepthAnythingLarge,
    DepthAnythingOutdoor,
    DepthAnythingSmall,
)
from visprog_tools.hub.depth_pro import DepthPro
from visprog_tools.hub.entries import MODELS
from visprog_tools.hub.grounding_dino import (
    GroundingDinoBase,
    GroundingDinoTiny,
    LLMDetBase,
    LLMDetTiny,
    MMGroundingDinoTiny,
)
from visprog_tools.hub.owlv2 import Owlv2Base, Owlv2Large
from visprog_tools.hub.rtdetr import RTDetrV2R18, RTDetrV2R50

__all__ = [
    "MODELS",
    "DepthAnythingBase",
    "DepthAnythingIndoor",
    "DepthAnythingLarge",
    "DepthAnythingOutdoor",
    "DepthAnythingSmall",
    "DepthPro",
    "GroundingDinoBase",
    "GroundingDinoTiny",
    "LLMDetBase",
    "LLMDetTiny",
    "MMGroundingDinoTiny",
    "Owlv2Base",
    "Owlv2Large",
    "RTDetrV2R18",
    "RTDetrV2R50",
]
