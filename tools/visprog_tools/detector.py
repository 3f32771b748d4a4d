"""The embedded detector: NanoDet-g on the 80 COCO classes, on the processor."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ToolError, VisprogError
from visprog.tool import Backend, Output
from visprog.values import Image, Region, Unknown
from visprog_tools import models
from visprog_tools.abstain import help_with, unknown
from visprog_tools.letterbox import Letterbox, overlap
from visprog_tools.nouns import Meaning, classes, clean, is_a, meaning, singular
from visprog_tools.statements import Claim, Judge, leading_claim

SIZE = 416  # the network's square, pixels
FIRST = 0.22  # a score from here on is a finding, if none of what was asked for scores better;
FURTHER = 0.35  # from here on in any case. Both chosen on VSR: best for "is there", best F1
SAME_CLASS = 0.6  # boxes of one class that overlap more than this (IoU) are one thing
ANY_CLASS = 0.8  # where several classes are asked for: one thing has the class with the best score
REMEMBERED = 32  # pictures whose findings are kept; at least one batch


@dataclass(frozen=True, eq=False)
class Findings:
    """What the network found in a picture, best score first: boxes (n, 4) in its pixels, scores
    (n,) and class numbers (n,)."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    numbers: NDArray[np.int64]


class NanoDet(Backend):
    """Finds things of 80 classes; other nouns by `nouns.meaning`, with a notice.

    A picture goes through the network once for all that is asked of it. On 128 pictures of COCO
    val2017: mAP .30, mAP50 .45. Small things are often missed, and look-alikes get both names.
    """

    name = "nanodet"
    serves = ("detect", "objects", "classify")
    model = models.WEIGHTS["nanodet"].model
    batch = 4  # more does not make a processor faster, and takes memory

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._threads = int(options.get("threads", "0"))
        self._session: Any = None
        self._seen: OrderedDict[str, Findings] = OrderedDict()
        self._lock = threading.Lock()
        self._judge = Judge()

    def load(self) -> None:
        self._session = models.session("nanodet", self._threads)

    def run(self, tool: str, calls: Sequence[Mapping[str, Any]]) -> list[Output | VisprogError]:
        pictures = (call.get("image") for call in calls)
        try:
            self._look([p.image if isinstance(p, Region) else p for p in pictures if p is not None])
        except Exception as error:
            return [ToolError(f"{tool} failed in {self.name}: {error}") for _ in calls]
        return super().run(tool, calls)

    def detect(self, image: Image, name: str) -> Output | Unknown:
        noun = singular(clean(name))
        if not noun:
            raise ToolError("detect: want a name, got an empty text")
        claims, found = _read(noun)
        if not isinstance(found, Meaning):
            return _cannot_name(noun, found)
        regions = self._regions(image, found.classes, noun if found.fit == "same" else "")
        notices = [found.notice, *self._doubts(regions)]
        for claim in claims:
            kept: list[Region] = []
            for region in regions:
                holds = self._judge.holds(region, claim)
                if isinstance(holds, Unknown):
                    return holds
                kept += [region] if holds else []
            if regions:
                notices.append(
                    f"of {len(regions)} found, {len(kept)} kept that are {claim.word} ({claim.how})"
                )
            regions = kept
        return Output(regions, tuple(filter(None, notices)))

    def objects(self, image: Image) -> list[Region]:
        return [region for region in self._regions(image, classes(), "") if region.score >= FURTHER]

    def _doubts(self, regions: list[Region]) -> list[str]:
        """What speaks against a finding: a low score, or a better score of another class there."""
        doubts = []
        for region in regions:
            found = self._look([region.image])[0]
            place = np.array([region.box], np.float32)
            here = overlap(place, found.boxes)[0] > ANY_CLASS
            best = int(np.argmax(np.where(here, found.scores, 0)))
            if found.scores[best] > region.score:
                rival = f"{classes()[found.numbers[best]]!r}, {found.scores[best]:.2f}"
                doubts.append(f"a {region.label!r} (score {region.score:.2f}) may be a {rival}")
            elif region.score < FURTHER:
                doubts.append(f"the {region.label!r} is uncertain (score {region.score:.2f})")
        return doubts

    def classify(self, image: Region | Image, options: list[str]) -> Output | Unknown | str:
        if not options:
            raise ToolError("classify: want options, got none")
        if isinstance(image, Region):
            return self._by_label(image, options)
        scores = {}
        found = self._look([image])[0]
        for option in options:
            means = meaning(option)
            if not isinstance(means, Meaning) or means.fit == "kind":
                return _cannot_name(option, means if isinstance(means, str) else "", "classify")
            numbers = [classes().index(name) for name in means.classes]
            scores[option] = max(found.scores[np.isin(found.numbers, numbers)], default=0.0)
        best = max(scores, key=lambda option: scores[option])
        if not scores[best]:
            return unknown(f"none of {', '.join(options)} was found in the picture", "classify")
        return Output(best, ("by the detector's best score among the names",))

    def _by_label(self, region: Region, options: list[str]) -> str | Unknown:
        fitting = [option for option in options if is_a(region.label, option)]
        if len(fitting) == 1:
            return fitting[0]
        why = f"a {region.label!r} is {'none' if not fitting else 'several'} of the names for sure"
        return unknown(why, "classify")

    def _regions(self, image: Image, names: Sequence[str], label: str) -> list[Region]:
        """The findings of some classes, under one label, or each under its class."""
        every = classes()
        numbers = [every.index(name) for name in names]
        found = distinct(self._look([image])[0], numbers)
        made: list[Region] = []
        for box, score, number in zip(found.boxes, found.scores, found.numbers, strict=True):
            if score >= FURTHER or not made:
                left, top, right, bottom = map(float, box)
                name = label or every[number]
                place = (left, top, right, bottom)
                made.append(Region(image, place, name, min(1.0, float(score))))
        return made

    def _look(self, pictures: Sequence[Image]) -> list[Findings]:
        """What is in each picture; those not seen lately go through the network together."""
        with self._lock:
            new = {p.key: p for p in pictures if p.key not in self._seen}
            if new:
                fits = [Letterbox.of(picture, SIZE) for picture in new.values()]
                batch = np.stack([fit.square for fit in fits])
                boxes, scores = self._session.run(["boxes", "scores"], {"pictures": batch})
                for index, key in enumerate(new):
                    self._seen[key] = _read_out(boxes[index], scores[index], fits[index])
            made = [self._seen[picture.key] for picture in pictures]
            for picture in pictures:
                self._seen.move_to_end(picture.key)
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            return made


def distinct(found: Findings, numbers: Sequence[int]) -> Findings:
    """The findings of these classes, without those that a better one of another class covers."""
    kept: list[int] = []
    for index in np.flatnonzero(np.isin(found.numbers, numbers)):
        if not kept or overlap(found.boxes[index][None], found.boxes[kept]).max() <= ANY_CLASS:
            kept.append(int(index))
    return Findings(found.boxes[kept], found.scores[kept], found.numbers[kept])


def _read_out(boxes: NDArray[np.float32], scores: NDArray[np.float32], fit: Letterbox) -> Findings:
    """The findings in what the network gave for a picture: boxes (cells, 4) in its square and
    scores (cells, 80)."""
    cells, numbers = np.nonzero(scores >= FIRST)
    order = np.argsort(-scores[cells, numbers], kind="stable")[:1000]
    cells, numbers = cells[order], numbers[order]
    best, found = scores[cells, numbers], boxes[cells]
    rivals = (overlap(found, found) > SAME_CLASS) & (numbers[:, None] == numbers[None])
    alive = np.ones(len(cells), np.bool_)
    for index in range(len(cells)):
        if alive[index]:
            alive[index + 1 :] &= ~rivals[index, index + 1 :]
    placed = fit.back(found)
    alive &= (placed[:, 2:] - placed[:, :2] >= 1).all(axis=1)
    return Findings(placed[alive], best[alive], numbers[alive])


def _read(noun: str) -> tuple[list[Claim], Meaning | str]:
    """A noun's meaning and what is claimed by the adjectives before it: a *small red* car."""
    found, claims, rest = meaning(noun), [], noun
    while not isinstance(found, Meaning) and not found:
        claim, rest = leading_claim(rest)
        if claim is None or not rest:
            return [], ""
        claims.append(claim)
        found = meaning(rest)
    return claims, found


def _cannot_name(noun: str, reason: str, tool: str = "detect") -> Unknown:
    first, _, rest = noun.partition(" ")
    if not reason and rest and isinstance(meaning(rest), Meaning):
        reason = f"it knows {rest!r}, and cannot tell whether one is {first!r}"
    why = f"the embedded detector knows 80 classes; {noun!r} is not one"
    return Unknown("; ".join(filter(None, (why, reason, help_with(tool)))))
