"""Builds an ONNX graph node by node, and stores its larger float constants as half precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
IR_VERSION = 9
HALF_FROM = 64  # smaller constants stay in single precision: nothing to gain


class Builder:
    """Collects nodes and constants under fresh names, then closes them into a model."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._transposed: dict[str, tuple[str, tuple[int, ...]]] = {}
        self._count = 0

    def _fresh(self, stem: str) -> str:
        self._count += 1
        return f"{stem.lower()}_{self._count}"

    def constant(self, array: NDArray[Any]) -> str:
        """A constant; 32-bit integers become 64-bit ones, which is what ONNX wants for shapes."""
        if array.dtype == np.int32:
            array = array.astype(np.int64)
        name = self._fresh("constant")
        self._initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        return self.add_many(op, inputs, 1, **attributes)[0]

    def add_many(self, op: str, inputs: Sequence[str], count: int, **attributes: Any) -> list[str]:
        outputs = [self._fresh(op) for _ in range(count)]
        self._nodes.append(helper.make_node(op, list(inputs), outputs, **attributes))
        return outputs

    def transpose(self, value: str, order: Sequence[int]) -> str:
        """A transposition; one that undoes the transposition just made gives back its source."""
        if value in self._transposed:
            source, before = self._transposed[value]
            if [before[axis] for axis in order] == list(range(len(before))):
                return source
        result = self.add("Transpose", [value], perm=list(order))
        self._transposed[result] = (value, tuple(order))
        return result

    def close(
        self,
        name: str,
        inputs: dict[str, tuple[int, Sequence[int | str]]],
        outputs: dict[str, tuple[str, Sequence[int | str]]],
        about: str,
    ) -> onnx.ModelProto:
        """The checked model. `inputs`: name to (type, shape); `outputs`: name to (value, shape)."""
        for output, (value, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [value], [output]))
        graph = helper.make_graph(
            self._live_nodes(list(outputs)),
            name,
            [
                helper.make_tensor_value_info(key, kind, dims)
                for key, (kind, dims) in inputs.items()
            ],
            [
                helper.make_tensor_value_info(key, TensorProto.FLOAT, dims)
                for key, (_, dims) in outputs.items()
            ],
        )
        read = {value for node in graph.node for value in node.input}
        graph.initializer.extend(item for item in self._initializers if item.name in read)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
        model.ir_version = IR_VERSION
        model.producer_name = "visprog"
        model.doc_string = about
        store_in_half(model)
        onnx.checker.check_model(model, full_check=True)
        return model

    def _live_nodes(self, outputs: list[str]) -> list[onnx.NodeProto]:
        wanted = set(outputs)
        kept = []
        for node in reversed(self._nodes):
            if wanted.intersection(node.output):
                wanted.update(node.input)
                kept.append(node)
        return kept[::-1]


def store_in_half(model: onnx.ModelProto) -> None:
    """Store float constants as half precision, with a Cast back to single before their use."""
    graph = model.graph
    casts = []
    for item in graph.initializer:
        array = numpy_helper.to_array(item)
        if array.dtype != np.float32 or array.size < HALF_FROM:
            continue
        half = f"{item.name}_half"
        casts.append(helper.make_node("Cast", [half], [item.name], to=TensorProto.FLOAT))
        item.CopyFrom(numpy_helper.from_array(array.astype(np.float16), half))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
