"""The vision tools of visprog, their backends, and the profiles that join them.

Importing this package loads no model and no library for one.
"""

from visprog_tools.abstain import Abstain
from visprog_tools.assignment import Assignment
from visprog_tools.choice import (
    above,
    behind,
    below,
    bottommost,
    farthest,
    filter,
    in_front_of,
    inside,
    largest,
    left_of,
    leftmost,
    near,
    nearest,
    overlapping,
    right_of,
    rightmost,
    smallest,
    topmost,
    without,
)
from visprog_tools.detector import NanoDet
from visprog_tools.editing import (
    blur_background,
    color_pop,
    emoji,
    highlight,
    remove,
    replace,
    tag,
)
from visprog_tools.editor import Editor
from visprog_tools.face import Faces
from visprog_tools.find import detect, faces, objects, ocr, related, related_to, segment
from visprog_tools.ground import Ground
from visprog_tools.know import ask, assign, facts
from visprog_tools.knowledge import Knowledge
from visprog_tools.look import caption, choose, classify, common, match, query, same, verify, vqa
from visprog_tools.masks import Masks
from visprog_tools.measure import (
    area,
    center,
    count,
    depth,
    depth_at,
    distance,
    exists,
    flow,
    height,
    motion,
    position,
    width,
)
from visprog_tools.metric import height_from, point, tall, wide
from visprog_tools.models import WEIGHTS
from visprog_tools.moments import Decoder, Moments
from visprog_tools.optical_flow import Dis
from visprog_tools.oracle import ORACLE, Oracle
from visprog_tools.picture import crop, crop_above, crop_below, crop_left_of, crop_right_of
from visprog_tools.pixels import Pixels
from visprog_tools.relations import Relations
from visprog_tools.text import RapidOcr
from visprog_tools.tracking import FlowTracker
from visprog_tools.video import direction, frames, speed, track, when

EMBEDDED = {
    tool: backend.name
    for backend in (
        *(
            NanoDet,
            Masks,
            Faces,
            RapidOcr,
            Relations,
            Ground,
            Dis,
            Pixels,
            Editor,
            Knowledge,
            Assignment,
            Abstain,
        ),
        *(Decoder, FlowTracker, Moments),
    )
    for tool in backend.serves
}
NO_GRAPH = (
    "frames",
    "track",
    "when",
    *Editor.serves,
    *Knowledge.serves,
)  # what no scene graph is asked for
PROFILES = {
    "embedded": EMBEDDED,
    "oracle": {**{tool: EMBEDDED[tool] for tool in NO_GRAPH}, **ORACLE},
}

__all__ = [
    "PROFILES",
    "WEIGHTS",
    "Abstain",
    "Assignment",
    "Decoder",
    "Dis",
    "Editor",
    "Faces",
    "FlowTracker",
    "Ground",
    "Knowledge",
    "Masks",
    "Moments",
    "NanoDet",
    "Oracle",
    "Pixels",
    "RapidOcr",
    "Relations",
    "above",
    "area",
    "ask",
    "assign",
    "behind",
    "below",
    "blur_background",
    "bottommost",
    "caption",
    "center",
    "choose",
    "classify",
    "color_pop",
    "common",
    "count",
    "crop",
    "crop_above",
    "crop_below",
    "crop_left_of",
    "crop_right_of",
    "depth",
    "depth_at",
    "detect",
    "direction",
    "distance",
    "emoji",
    "exists",
    "faces",
    "facts",
    "farthest",
    "filter",
    "flow",
    "frames",
    "height",
    "height_from",
    "highlight",
    "in_front_of",
    "inside",
    "largest",
    "left_of",
    "leftmost",
    "match",
    "motion",
    "near",
    "nearest",
    "objects",
    "ocr",
    "overlapping",
    "point",
    "position",
    "query",
    "related",
    "related_to",
    "remove",
    "replace",
    "right_of",
    "rightmost",
    "same",
    "segment",
    "smallest",
    "speed",
    "tag",
    "tall",
    "topmost",
    "track",
    "verify",
    "vqa",
    "when",
    "wide",
    "width",
    "without",
]
