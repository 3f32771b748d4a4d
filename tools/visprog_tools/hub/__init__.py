"""Vision models of the Hugging Face hub: one family a file, one backend a class."""

from visprog_tools.hub.blip import Blip2, BlipCaption, BlipVqa
from visprog_tools.hub.clip import (
    ChineseClipBase,
    ClipBase,
    ClipLarge,
    Lit,
    Siglip2Base,
    Siglip2So400m,
)
from visprog_tools.hub.depth import (
    DepthAnythingBase,
    DepthAnythingIndoor,
    DepthAnythingLarge,
    DepthAnythingOutdoor,
    DepthAnythingSmall,
)
from visprog_tools.hub.depth_pro import DepthPro
from visprog_tools.hub.entries import MODELS as WEIGHTS
from visprog_tools.hub.florence import Florence
from visprog_tools.hub.flow import RaftLarge, RaftSmall
from visprog_tools.hub.got_ocr import GotOcr
from visprog_tools.hub.grounding_dino import (
    GroundingDinoBase,
    GroundingDinoTiny,
    LLMDetBase,
    LLMDetTiny,
    MMGroundingDinoTiny,
)
from visprog_tools.hub.inpainting import Sd2Inpainting, SdxlInpainting
from visprog_tools.hub.owlv2 import Owlv2Base, Owlv2Large
from visprog_tools.hub.profiles import PROFILES
from visprog_tools.hub.rtdetr import RTDetrV2R18, RTDetrV2R50
from visprog_tools.hub.sam import SamBase, SamHuge, SamLarge
from visprog_tools.hub.sam2 import Sam2BasePlus, Sam2Large, Sam2Small
from visprog_tools.hub.sam2_video import Sam2VideoBasePlus, Sam2VideoLarge, Sam2VideoSmall
from visprog_tools.hub.sam3 import Sam3
from visprog_tools.hub.segment_anything import (
    SegmentAnythingBase,
    SegmentAnythingHuge,
    SegmentAnythingLarge,
)
from visprog_tools.hub.vilt import Vilt
from visprog_tools.hub.vlm import Qwen3Vl, Qwen3VlLarge, SmolVlm, SmolVlm2, SmolVlm2Large

__all__ = [
    "PROFILES",
    "WEIGHTS",
    "Blip2",
    "BlipCaption",
    "BlipVqa",
    "ChineseClipBase",
    "ClipBase",
    "ClipLarge",
    "DepthAnythingBase",
    "DepthAnythingIndoor",
    "DepthAnythingLarge",
    "DepthAnythingOutdoor",
    "DepthAnythingSmall",
    "DepthPro",
    "Florence",
    "GotOcr",
    "GroundingDinoBase",
    "GroundingDinoTiny",
    "LLMDetBase",
    "LLMDetTiny",
    "Lit",
    "MMGroundingDinoTiny",
    "Owlv2Base",
    "Owlv2Large",
    "Qwen3Vl",
    "Qwen3VlLarge",
    "RTDetrV2R18",
    "RTDetrV2R50",
    "RaftLarge",
    "RaftSmall",
    "Sam2BasePlus",
    "Sam2Large",
    "Sam2Small",
    "Sam2VideoBasePlus",
    "Sam2VideoLarge",
    "Sam2VideoSmall",
    "Sam3",
    "SamBase",
    "SamHuge",
    "SamLarge",
    "Sd2Inpainting",
    "SdxlInpainting",
    "SegmentAnythingBase",
    "SegmentAnythingHuge",
    "SegmentAnythingLarge",
    "Siglip2Base",
    "Siglip2So400m",
    "SmolVlm",
    "SmolVlm2",
    "SmolVlm2Large",
    "Vilt",
]
