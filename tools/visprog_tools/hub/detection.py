"""What detectors of the hub have in common: names that are asked for, and boxes brought back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ToolError, VisprogError
from visprog.tool import Output
from visprog.values import Image, Region, Unknown, Value
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.letterbox import overlap
from visprog_tools.nouns import ARTICLES


class Boxes(NamedTuple):
    """What a network found. `places`: (n, 4) float32, (left, top, right, bottom) as shares of the
    picture's width and height, may reach beyond it; `scores`: (n,) float32, 0 to 1; `labels`: of
    each, or () where all have the name that was asked."""

    places: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: tuple[str, ...] = ()

    @classmethod
    def of(cls, boxes: Any, scores: Any, frame: tuple[float, float] = (1.0, 1.0)) -> Boxes:
        """Of tensors of torch.

        Args:
            boxes: (n, 4): middle x and y, width, height, as shares of the frame.
            scores: (n,)
            frame: width and height of the network's frame, as multiples of the picture's.

        Raises:
            ToolError: some are no numbers.
        """
        places, found = (one.detach().float().cpu().numpy() for one in (boxes, scores))
        if not np.isfinite(places).all() or not np.isfinite(found).all():
            raise ToolError("the network gave boxes that are no numbers")
        middle, half = places[:, :2], places[:, 2:] / 2
        corners = np.concatenate((middle - half, middle + half), axis=1)
        return cls(corners * np.array(frame * 2, np.float32), found)

    def best(self, least: float, same: float = 1.0) -> Boxes:
        """Those that score at least `least`, best first, without those that overlap a better one
        by more than `same` (intersection over union)."""
        order = np.argsort(-self.scores, kind="stable")
        order = order[self.scores[order] >= least]
        kept: list[int] = []
        while len(order):
            first, order = int(order[0]), order[1:]
            kept.append(first)
            if same < 1:
                shared = overlap(self.places[first][None], self.places[order])[0]
                order = order[shared <= same]
        labels = tuple(self.labels[index] for index in kept) if self.labels else ()
        return Boxes(self.places[kept], self.scores[kept], labels)

    def regions(self, image: Image, label: str = "") -> list[Region]:
        """In the picture's pixels, clipped to it; boxes under a pixel wide or high are none.

        Args:
            label: of all of them, instead of their own.
        """
        labels = (label,) * len(self.scores) if label else self.labels
        limit = np.array((image.width, image.height) * 2, np.float32)
        made: list[Region] = []
        places = np.clip(self.places, 0, 1) * limit
        for place, score, name in zip(places, self.scores, labels, strict=True):
            left, top, right, bottom = map(float, place)
            if right - left >= 1 and bottom - top >= 1:
                made.append(Region(image, (left, top, right, bottom), name, min(1.0, float(score))))
        return made


class OpenVocabulary(HubBackend):
    """A detector that is given names: any noun phrase, *red car* too, goes to it as it is.

    `threshold`: the least score; `same`: overlapping more than this (intersection over union), two
    boxes are one thing.
    """

    serves = ("detect",)
    threshold: ClassVar[float]
    same: ClassVar[float]

    @property
    def parameters(self) -> Mapping[str, Value]:
        return {"threshold": self.threshold, "same": self.same}

    @abstractmethod
    def search(
        self, asked: Sequence[tuple[Image, str]], module: Any
    ) -> list[Boxes | Unknown | ToolError]:
        """What is found of each phrase in its picture, whatever its score. No pair comes twice."""

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        phrases = [phrase(call["name"]) for call in calls]
        asked = {
            (call["image"].key, text): (call["image"], text)
            for call, text in zip(calls, phrases, strict=True)
            if text
        }
        found = dict(zip(asked, self.search([*asked.values()], module), strict=True))
        results: list[Result] = []
        for call, text in zip(calls, phrases, strict=True):
            if text:
                results.append(self._result(call, found[call["image"].key, text]))
            else:
                results.append(ToolError(f"detect: want a name, got {call['name']!r}"))
        return results

    def _result(self, call: Mapping[str, Any], found: Boxes | Unknown | ToolError) -> Result:
        if isinstance(found, VisprogError):
            return ToolError(f"detect in {self.name}: {found}")
        if isinstance(found, Unknown):
            return Output(found)
        label = " ".join(call["name"].split())
        return Output(found.best(self.threshold, self.same).regions(call["image"], label))


def boxes_of(*args: Any) -> Boxes | ToolError:
    """As Boxes.of, where an error is of one picture only."""
    try:
        return Boxes.of(*args)
    except ToolError as error:
        return error


def phrase(name: str) -> str:
    """A name as detectors read it: lower case, single spaces, no article, no end of a sentence.

    A full stop or a question mark would part it in two for Grounding DINO.
    """
    text = " ".join(name.lower().replace(".", " ").replace("?", " ").split())
    return ARTICLES.sub("", text.strip(" ,;:!\"'"))


def lessen(backbone: Any, dtype: Any) -> None:
    """Put the backbone of a network that is float32 in another dtype; its features are float32.

    A box in bfloat16 is off by up to 1/512 of the picture: what refines boxes stays float32.
    """
    import torch

    if dtype == torch.float32:
        return
    forward = backbone.to(dtype).forward

    def run(pixel_values: Any, pixel_mask: Any) -> list[tuple[Any, Any]]:
        made = forward(pixel_values.to(dtype), pixel_mask)
        return [(features.float(), mask) for features, mask in made]

    backbone.forward = run
