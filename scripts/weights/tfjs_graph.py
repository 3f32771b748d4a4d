"""Knows the TensorFlow.js graph-model format: nodes, attributes, and the weight files."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_PLAIN = {"float32": np.float32, "int32": np.int32, "bool": np.uint8}
_QUANTISED = {"float16": np.float16, "uint8": np.uint8, "uint16": np.uint16}


@dataclass(frozen=True, eq=False)
class Node:
    """One operation; `inputs` name the nodes it reads, `NAME:K` meaning the K-th output."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: dict[str, Any]

    def text(self, key: str, default: str = "") -> str:
        value = self.attributes.get(key, {}).get("s")
        return default if value is None else base64.b64decode(value).decode()

    def texts(self, key: str) -> list[str]:
        values = self.attributes.get(key, {}).get("list", {}).get("s", [])
        return [base64.b64decode(value).decode() for value in values]

    def integer(self, key: str, default: int = 0) -> int:
        return int(self.attributes.get(key, {}).get("i", default))

    def integers(self, key: str, default: Sequence[int] = ()) -> list[int]:
        values = self.attributes.get(key, {}).get("list", {}).get("i", default)
        return [int(value) for value in values]

    def number(self, key: str, default: float) -> float:
        return float(self.attributes.get(key, {}).get("f", default))

    def flag(self, key: str) -> bool:
        return bool(self.attributes.get(key, {}).get("b", False))

    def placeholder_shape(self) -> list[int]:
        dims = self.attributes["shape"]["shape"]["dim"]
        return [int(dim["size"]) for dim in dims]


@dataclass(frozen=True, eq=False)
class Graph:
    """A whole graph model: its nodes and the arrays of its Const nodes."""

    nodes: dict[str, Node]
    weights: dict[str, Array]

    def in_order(self, outputs: Sequence[str]) -> Iterator[Node]:
        """The nodes that the outputs need, each after everything it reads."""
        seen: set[str] = set()
        stack = [(name, False) for name in reversed(outputs)]
        while stack:
            name, ready = stack.pop()
            if ready:
                yield self.nodes[name]
            elif name not in seen:
                seen.add(name)
                stack.append((name, True))
                reads = (read.split(":")[0] for read in self.nodes[name].inputs)
                stack.extend((read, False) for read in reads if read not in seen)


def read_graph(path: Path) -> Graph:
    """Read a `model.json` and the weight files that it names."""
    document = json.loads(path.read_text(encoding="utf-8"))
    weights: dict[str, Array] = {}
    for group in document["weightsManifest"]:
        data = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        offset = 0
        for entry in group["weights"]:
            weights[entry["name"]], offset = _read_weight(entry, data, offset)
        if offset != len(data):
            raise ValueError(f"{path}: {len(data)} bytes of weights, the manifest says {offset}")
    nodes = {}
    for raw in document["modelTopology"]["node"]:
        reads = tuple(name for name in raw.get("input", []) if not name.startswith("^"))
        nodes[raw["name"]] = Node(raw["name"], raw["op"], reads, raw.get("attr", {}))
    return Graph(nodes, weights)


def _read_weight(entry: dict[str, Any], data: bytes, offset: int) -> tuple[Array, int]:
    count = int(np.prod(entry["shape"], dtype=np.int64))
    stored = entry.get("quantization")
    kind = np.dtype(_QUANTISED[stored["dtype"]] if stored else _PLAIN[entry["dtype"]])
    array: Array = np.frombuffer(data, kind, count, offset).reshape(entry["shape"])
    if stored and stored["dtype"] != "float16":
        array = array * stored["scale"] + stored["min"]
    array = array.astype(_PLAIN[entry["dtype"]])
    return array, offset + count * kind.itemsize
