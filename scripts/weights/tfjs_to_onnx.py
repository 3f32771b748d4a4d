"""Converts the TensorFlow.js operations of small vision models into an ONNX graph body.

One method an operation. Tensors keep their TensorFlow layout; the first axis is free (N).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx_builder import Builder
from tfjs_graph import Array, Graph, Node

_TO_NCHW = [0, 3, 1, 2]
_TO_NHWC = [0, 2, 3, 1]
_SAME_NAME = {
    "Relu": "Relu",
    "Sigmoid": "Sigmoid",
    "Mul": "Mul",
    "Sub": "Sub",
    "Identity": "Identity",
}
_SUMS = {"Add", "AddV2", "BiasAdd", "AddN"}
_CONVOLUTIONS = {
    "Conv2D": False,
    "_FusedConv2D": False,
    "DepthwiseConv2dNative": True,
    "FusedDepthwiseConv2dNative": True,
}


class Converter:
    """Writes one graph into a builder; `feeds` maps its placeholders to ONNX values."""

    def __init__(self, graph: Graph, builder: Builder, feeds: dict[str, str]) -> None:
        self._graph = graph
        self._builder = builder
        self._values: dict[str, str] = dict(feeds)
        self._constants: dict[str, Array] = {}

    def convert(self, outputs: Sequence[str]) -> list[str]:
        """Convert what the outputs need; the ONNX names of the outputs, in order."""
        for node in self._graph.in_order(outputs):
            if node.name not in self._values:
                self._convert_node(node)
        return [self._value(name) for name in outputs]

    def _convert_node(self, node: Node) -> None:
        if node.op == "Const":
            self._constants[node.name] = self._graph.weights[node.name]
        elif node.op in ("Shape", "StridedSlice", "Pack"):
            return  # only ever the batch size of a Reshape: see _reshape
        elif node.inputs and all(name in self._constants for name in node.inputs):
            self._constants[node.name] = _fold(node, [self._constants[n] for n in node.inputs])
        elif node.op == "SplitV":
            self._split(node)
        else:
            self._values[node.name] = self._handler(node.op)(node)

    def _handler(self, op: str) -> Callable[[Node], str]:
        if op in _CONVOLUTIONS:
            return self._convolution
        if op in _SUMS:
            return self._sum
        if op in _SAME_NAME:
            return self._plain
        name = "_" + "".join("_" + c.lower() if c.isupper() else c for c in op).lstrip("_")
        handler: Callable[[Node], str] | None = getattr(self, name, None)
        if handler is None:
            raise NotImplementedError(f"no conversion is written for the operation {op!r}")
        return handler

    def _value(self, name: str) -> str:
        """The ONNX name of a value; a constant becomes an initializer on first use."""
        name = name.removesuffix(":0")
        if name not in self._values:
            self._values[name] = self._builder.constant(self._constants[name])
        return self._values[name]

    def _nchw(self, name: str) -> str:
        return self._builder.transpose(self._value(name), _TO_NCHW)

    def _nhwc(self, value: str) -> str:
        return self._builder.transpose(value, _TO_NHWC)

    def _plain(self, node: Node) -> str:
        return self._builder.add(_SAME_NAME[node.op], [self._value(name) for name in node.inputs])

    def _sum(self, node: Node) -> str:
        total = self._value(node.inputs[0])
        for name in node.inputs[1:]:
            total = self._builder.add("Add", [total, self._value(name)])
        return total

    def _relu6(self, node: Node) -> str:
        return self._activation("Relu6", self._value(node.inputs[0]), node)

    def _leaky_relu(self, node: Node) -> str:
        alpha = node.number("alpha", 0.2)
        return self._builder.add("LeakyRelu", [self._value(node.inputs[0])], alpha=alpha)

    def _activation(self, kind: str, value: str, node: Node) -> str:
        if kind == "Relu":
            return self._builder.add("Relu", [value])
        if kind == "Relu6":
            bounds = [self._builder.constant(np.array(bound, np.float32)) for bound in (0.0, 6.0)]
            return self._builder.add("Clip", [value, *bounds])
        raise NotImplementedError(f"{node.name}: no conversion for the activation {kind!r}")

    def _convolution(self, node: Node) -> str:
        kernel = self._constants[node.inputs[1]]
        extra: dict[str, Any] = {}
        if _CONVOLUTIONS[node.op]:
            high, wide, channels, multiplier = kernel.shape
            kernel = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, high, wide)
            extra["group"] = channels
        else:
            kernel = kernel.transpose(3, 2, 0, 1)
        if node.text("padding") == "SAME":
            extra["auto_pad"] = "SAME_UPPER"
        fused = node.texts("fused_ops")
        bias = [self._value(node.inputs[2])] if "BiasAdd" in fused else []
        result = self._builder.add(
            "Conv",
            [self._nchw(node.inputs[0]), self._builder.constant(kernel), *bias],
            kernel_shape=list(kernel.shape[2:]),
            strides=node.integers("strides")[1:3],
            dilations=node.integers("dilations", (1, 1, 1, 1))[1:3],
            **extra,
        )
        for kind in fused:
            if kind != "BiasAdd":
                result = self._activation(kind, result, node)
        return self._nhwc(result)

    def _conv2_d_backprop_input(self, node: Node) -> str:
        kernel = self._constants[node.inputs[1]].transpose(3, 2, 0, 1)
        strides = node.integers("strides")[1:3]
        if list(kernel.shape[2:]) != strides:
            raise NotImplementedError(
                f"{node.name}: only a stride equal to the kernel is converted"
            )
        inputs = [self._nchw(node.inputs[2]), self._builder.constant(kernel)]
        return self._nhwc(self._builder.add("ConvTranspose", inputs, strides=strides))

    def _max_pool(self, node: Node) -> str:
        return self._pool("MaxPool", node)

    def _avg_pool(self, node: Node) -> str:
        return self._pool("AveragePool", node)

    def _pool(self, op: str, node: Node) -> str:
        same = node.text("padding") == "SAME"
        result = self._builder.add(
            op,
            [self._nchw(node.inputs[0])],
            kernel_shape=node.integers("ksize")[1:3],
            strides=node.integers("strides")[1:3],
            **({"auto_pad": "SAME_UPPER"} if same else {}),
        )
        return self._nhwc(result)

    def _pad(self, node: Node) -> str:
        widths = self._constants[node.inputs[1]].astype(np.int64)
        inputs = [self._value(node.inputs[0]), self._builder.constant(widths.T.reshape(-1))]
        if len(node.inputs) > 2:
            inputs.append(self._builder.constant(self._constants[node.inputs[2]].reshape(())))
        return self._builder.add("Pad", inputs)

    _pad_v2 = _pad

    def _transpose(self, node: Node) -> str:
        order = [int(axis) for axis in self._constants[node.inputs[1]]]
        return self._builder.transpose(self._value(node.inputs[0]), order)

    def _concat_v2(self, node: Node) -> str:
        values = [self._value(name) for name in node.inputs[:-1]]
        return self._builder.add("Concat", values, axis=int(self._constants[node.inputs[-1]]))

    def _split(self, node: Node) -> None:
        sizes = self._constants[node.inputs[1]].astype(np.int64)
        inputs = [self._value(node.inputs[0]), self._builder.constant(sizes)]
        axis = int(self._constants[node.inputs[2]])
        parts = self._builder.add_many("Split", inputs, len(sizes), axis=axis)
        self._values[node.name] = parts[0]
        for index, part in enumerate(parts[1:], start=1):
            self._values[f"{node.name}:{index}"] = part

    def _resize_bilinear(self, node: Node) -> str:
        mode = "half_pixel" if node.flag("half_pixel_centers") else "asymmetric"
        if node.flag("align_corners"):
            mode = "align_corners"
        size = self._builder.constant(self._constants[node.inputs[1]].astype(np.int64))
        result = self._builder.add(
            "Resize",
            [self._nchw(node.inputs[0]), "", "", size],
            mode="linear",
            axes=[2, 3],
            coordinate_transformation_mode=mode,
        )
        return self._nhwc(result)

    def _depth_to_space(self, node: Node) -> str:
        size = node.integer("block_size")
        value = self._nchw(node.inputs[0])
        return self._nhwc(self._builder.add("DepthToSpace", [value], blocksize=size, mode="DCR"))

    def _reshape(self, node: Node) -> str:
        """The first entry becomes 0, which in ONNX keeps the batch axis as it is."""
        wanted = node.inputs[1]
        if wanted in self._constants:
            shape = self._constants[wanted].astype(np.int64)
        else:
            parts = self._graph.nodes[wanted].inputs[1:]
            shape = np.array([0, *(int(self._constants[part]) for part in parts)], np.int64)
        shape[0] = 0
        return self._builder.add(
            "Reshape", [self._value(node.inputs[0]), self._builder.constant(shape)]
        )


def _fold(node: Node, inputs: list[Array]) -> Array:
    """The value of an operation whose inputs are all known now."""
    if node.op in _SUMS:
        return np.asarray(sum(inputs[1:], start=inputs[0]))
    if node.op == "Mul":
        return np.asarray(inputs[0] * inputs[1])
    if node.op == "Identity":
        return inputs[0]
    if node.op == "SparseToDense":
        where, shape, values, default = inputs
        dense = np.full(tuple(np.atleast_1d(shape)), default.reshape(-1)[0] if default.size else 0)
        for index, value in zip(
            where.reshape(-1, dense.ndim),
            np.broadcast_to(values.reshape(-1), len(where)),
            strict=True,
        ):
            dense[tuple(index)] = value
        return dense
    raise NotImplementedError(f"{node.name}: cannot work out a constant {node.op!r}")
