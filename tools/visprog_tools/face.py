"""Human faces by MediaPipe's full-range detector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.tool import Backend
from visprog.values import Image, Region
from visprog_tools import models
from visprog_tools.letterbox import Letterbox, overlap

SIZE = 192  # the network's square, pixels
THRESHOLD = 0.6
SAME = 0.3  # boxes that overlap more than this (IoU) are one face


class Faces(Backend):
    """Finds faces, near and in the middle distance; small ones are missed."""

    name = "mediapipe-face"
    serves = ("faces",)
    model = models.WEIGHTS["face"].model

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._threads = int(options.get("threads", "0"))
        self._session: Any = None

    def load(self) -> None:
        self._session = models.session("face", self._threads)

    def faces(self, image: Image) -> list[Region]:
        fit = Letterbox.of(image, SIZE)
        boxes, scores = self._session.run(["boxes", "scores"], {"pictures": fit.square[None]})
        sure = scores[0] >= THRESHOLD
        found, best = merge(boxes[0][sure], scores[0][sure])
        regions = []
        for box, score in zip(fit.back(found), best, strict=True):
            x0, y0, x1, y1 = map(float, box)
            if x1 - x0 >= 1 and y1 - y0 >= 1:
                regions.append(Region(image, (x0, y0, x1, y1), "face", min(1.0, float(score))))
        return regions


def merge(
    boxes: NDArray[np.float32], scores: NDArray[np.float32]
) -> tuple[NDArray[np.float32], list[float]]:
    """One box for each face, best first: the mean, by score, of those (n, 4) that agree on it."""
    left = np.argsort(-scores, kind="stable")
    means, best = [], []
    while len(left):
        agree = overlap(boxes[left[:1]], boxes[left])[0] > SAME
        agree[0] = True
        weights = scores[left[agree], None]
        means.append((boxes[left[agree]] * weights).sum(axis=0) / weights.sum())
        best.append(float(scores[left[0]]))
        left = left[~agree]
    return np.array(means, np.float32).reshape(-1, 4), best
