"""A picture fitted into the middle of a network's black square, and boxes brought back from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visprog.values import Image


@dataclass(frozen=True, eq=False)
class Letterbox:
    """`square`: (size, size, 3) uint8 RGB; `scale` and `start`: of the picture in it, (x, y)."""

    square: NDArray[np.uint8]
    scale: tuple[float, float]
    start: tuple[int, int]
    limit: tuple[int, int]  # width and height of the picture

    @classmethod
    def of(cls, image: Image, size: int) -> Letterbox:
        import cv2

        ratio = size / max(image.width, image.height)
        across, down = max(1, round(image.width * ratio)), max(1, round(image.height * ratio))
        left, top = (size - across) // 2, (size - down) // 2
        way = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
        square = np.zeros((size, size, 3), np.uint8)
        inner = square[top : top + down, left : left + across]
        inner[:] = cv2.resize(image.pixels, (across, down), interpolation=way)
        scale = across / image.width, down / image.height
        return cls(square, scale, (left, top), (image.width, image.height))

    def back(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (n, 4) of the square in the picture's pixels, cut to it."""
        moved = (boxes - np.array(self.start * 2)) / np.array(self.scale * 2)
        inside: NDArray[np.float32] = np.clip(moved, 0, self.limit * 2).astype(np.float32)
        return inside


def overlap(boxes: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of each box with each other, (n, m)."""
    start = np.maximum(boxes[:, None, :2], others[None, :, :2])
    end = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(end - start, 0, None).prod(axis=2)
    area, other_area = (np.clip(b[:, 2:] - b[:, :2], 0, None).prod(axis=1) for b in (boxes, others))
    union = area[:, None] + other_area[None] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)
