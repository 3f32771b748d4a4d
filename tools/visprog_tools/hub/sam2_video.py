"""SAM 2.1 in videos: a thing, or its mask, followed by a memory of how it looked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import Any

import numpy as np

from visprog.errors import ToolError, VisprogError
from visprog.tool import Output
from visprog.values import Image, Region, Video
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.hub.frames import Frame, Settings
from visprog_tools.hub.loading import load_module
from visprog_tools.hub.segmentation import Mask, clipped, expect_side, lessen
from visprog_tools.hub.snapshots import Snapshot
from visprog_tools.tracking import Course, courses, in_order, joined, place_of

NUMBERS = "the network gave masks that are no numbers"


@dataclass
class Trail:
    """One thing on one way through a video. `found`: where it is, in the frames of the course;
    `gone`: seconds of the frames where it is not seen; `broken`: why it cannot go on."""

    region: Region
    found: list[Region] = field(default_factory=list)
    gone: list[float] = field(default_factory=list)
    broken: str = ""


class Sam2Video(HubBackend):
    """SAM 2 (Ravi et al., ICLR 2025, arXiv 2408.00714), as of SAM 2.1, with its memory:
    https://huggingface.co/facebook/sam2.1-hiera-small.

    A thing is told by its mask, or else by its box. It may be hidden and come back: frames where
    the network does not see it have no region, and a notice tells of them. Things of one video that
    were found in one frame go through it together, so that each frame is encoded once. Of a frame
    nothing is kept but what the network looks back at, and that of its last 16 frames.
    """

    serves = ("track",)
    exact = r"(?!vision_encoder\.backbone\.)"
    deadline = 3600.0  # seconds; on processors a frame takes some

    settings: Settings

    def prepare(self, found: Snapshot) -> None:
        self.settings = Settings.read(found)

    def make(self, found: Snapshot) -> Any:
        import torch
        from transformers import Sam2VideoModel

        module = load_module(Sam2VideoModel, found, torch.float32)
        expect_side(found, self.settings, module.image_size)
        lessen(module.vision_encoder.backbone, self.place.torch_dtype)
        return module

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        made: list[Result | None] = [None] * len(calls)
        together: dict[tuple[str, int], list[int]] = {}
        for number, call in enumerate(calls):
            video, region = call["video"], call["region"]
            try:
                start = place_of(video, region.image)
                if clipped(region) is None:
                    raise ToolError("track: the region lies beside its picture")
            except VisprogError as error:
                made[number] = error
            else:
                together.setdefault((video.key, start), []).append(number)
        for (_, start), numbers in together.items():
            video = calls[numbers[0]]["video"]
            regions = [calls[number]["region"] for number in numbers]
            for number, one in zip(
                numbers, self._tracks(video, start, regions, module), strict=True
            ):
                made[number] = one
        return [one for one in made if one is not None]

    def _tracks(
        self, video: Video, start: int, regions: Sequence[Region], module: Any
    ) -> Iterator[Result]:
        """Of each region of the frame at `start`, its track."""
        both = courses(video, start)
        many = sum(len(course.places) for course in both) - 1
        ways = [(course, self._follow(video, course, many, regions, module)) for course in both]
        for number, region in enumerate(regions):
            trails = [(course, trails[number]) for course, trails in ways]
            broken = next((trail.broken for _, trail in trails if trail.broken), "")
            if broken:
                yield ToolError(f"track in {self.name}: {broken}")
                continue
            own = trails[0][1].found[0]
            made = joined(own, [(course, trail.found, "") for course, trail in trails])
            gone = sorted({second for _, trail in trails for second in trail.gone})
            yield Output(made.value, (*made.notices, *_absences(region, gone)))

    def _follow(
        self, video: Video, course: Course, many: int, regions: Sequence[Region], module: Any
    ) -> list[Trail]:
        """The things on one way, each of which begins with where it was told to be. `many`: frames
        on both ways, by which the network chooses how far it looks back."""
        session = self._session(many)
        config = module.config
        back = max(config.max_object_pointers_in_encoder, config.num_maskmem)
        trails = [Trail(region) for region in regions]
        for number, image in enumerate(in_order(video, course.places)):
            frame = Frame.stretched(image, self.settings.side)
            if not number:
                for place, region in enumerate(regions):
                    self._tell(session, place, region, frame)
            session.add_new_frame(self.settings.square(image, frame), number)
            seen = module(session, frame_idx=number)
            _forget(session, number, back)
            if number % course.every and number != len(course.places) - 1:
                continue
            scores = seen.object_score_logits.float().reshape(-1)
            for trail, logits, score in zip(trails, seen.pred_masks[:, 0], scores, strict=True):
                self._seen(trail, image, logits, float(score), frame)
            if all(trail.broken for trail in trails):
                break
        return trails

    def _session(self, many: int) -> Any:
        """What the network remembers of so many frames, which come one by one."""
        import torch
        from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession

        names = ("inference_device", "inference_state_device", "video_storage_device")
        devices = dict.fromkeys(names, self.place.device)
        session = Sam2VideoInferenceSession(**devices, dtype=torch.float32)
        session.processed_frames = dict.fromkeys(range(many))
        return session

    def _tell(self, session: Any, place: int, region: Region, frame: Frame) -> None:
        """What to follow, as the processor of the network tells it."""
        import torch
        from torch.nn.functional import interpolate

        number = session.obj_id_to_idx(place)
        if region.mask is not None and region.mask.any():
            mask = torch.tensor(region.mask)[None, None].float()
            square = interpolate(mask, (frame.side,) * 2, mode="bilinear", antialias=True)
            least = min(0.5, float(square.max()))  # a mask of some pixels does not vanish
            session.add_mask_inputs(number, 0, (square >= least).float())
        else:
            box = clipped(region)
            assert box is not None
            corners = frame.places(region.image, [box[:2], box[2:]])
            told = {"point_coords": corners[None, None], "point_labels": torch.tensor([[[2, 3]]])}
            session.add_point_inputs(number, 0, told)
        session.obj_with_new_inputs.append(place)

    def _seen(self, trail: Trail, image: Image, logits: Any, score: float, frame: Frame) -> None:
        """Where a thing is in a frame, by its mask (h, w) and the logit that it is there."""
        if trail.broken:
            return
        if not (bool(logits.isfinite().all()) and np.isfinite(score)):
            trail.broken = NUMBERS
            return
        mask = frame.mask(logits, image)
        told = trail.region
        first = not trail.found
        if score <= 0 or not mask.any():
            if first:
                trail.found.append(told)  # as it was told
            else:
                trail.gone.append(image.time or 0.0)
            return
        sure = told.score if first else 1 / (1 + exp(-min(score, 50.0)))
        mask = told.mask if first and told.mask is not None and told.mask.any() else mask
        trail.found.append(Region(image, _extent(mask), told.label, sure, mask, told.ref))


class Sam2VideoSmall(Sam2Video):
    name = "sam2-video-small"
    weights = "sam2-small"


class Sam2VideoBasePlus(Sam2Video):
    name = "sam2-video-base-plus"
    weights = "sam2-base-plus"


class Sam2VideoLarge(Sam2Video):
    name = "sam2-video-large"
    weights = "sam2-large"
    batch = 4


def _forget(session: Any, number: int, back: int) -> None:
    """All of a frame but what the network looks back at, and that of the frame so far back."""
    session.processed_frames[number] = None
    for outputs in session.output_dict_per_obj.values():
        for kept in outputs.values():
            kept.get(number, {}).pop("high_res_masks", None)
        outputs["non_cond_frame_outputs"].pop(number - back, None)


def _extent(mask: Mask) -> tuple[float, float, float, float]:
    """The box of a mask that has pixels."""
    rows, columns = (np.nonzero(mask.any(axis=axis))[0] for axis in (1, 0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def _absences(region: Region, seconds: Sequence[float]) -> tuple[str, ...]:
    """A notice of the frames where a thing was not seen."""
    if not seconds:
        return ()
    many = f"{len(seconds)} of the frames, from {seconds[0]:.2f} to {seconds[-1]:.2f} s"
    return (f"the {region.label} was not seen in {many}",)
