"""What pictures look like, as vectors: DINOv2 and I-JEPA. No tool of the language gives vectors;
other backends compare pictures by them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ToolError
from visprog.tool import Output
from visprog.values import Image
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.hub.encoding import pixel_values, unit
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.remembered import Remembered
from visprog_tools.hub.snapshots import Snapshot


class Embedder(HubBackend):
    """Pictures as unit vectors: the closer two of them, the more alike the pictures.

    `processor`: the class of transformers that prepares pictures; `network`: that of the module.
    Neither pulls in torchvision.
    """

    serves: ClassVar[tuple[str, ...]] = ()
    processor: ClassVar[str]
    network: ClassVar[str]
    batch = 32

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._kept = Remembered()

    def prepare(self, found: Snapshot) -> None:
        import transformers

        self._processor = load_processor(getattr(transformers, self.processor), found)

    def make(self, found: Snapshot) -> Any:
        import transformers

        return load_module(getattr(transformers, self.network), found, self.place.torch_dtype)

    @abstractmethod
    def pool(self, hidden: Any) -> Any:
        """(n, d) of the network's last hidden states (n, tokens, d)."""

    def embed(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Unit vectors, (n, d) float32; (0, 0) of no pictures.

        Raises:
            WeightsError: the weights are absent or damaged.
            ToolError: the network gave no numbers, or has no memory left.
        """
        self.ready()
        made: list[Any] = []
        for start in range(0, len(images), self.batch):
            calls = [{"image": image} for image in images[start : start + self.batch]]
            for result in self.run("embed", calls):
                if not isinstance(result, Output):
                    raise result
                made.append(result.value)
        return np.array(made, np.float32).reshape(len(made), -1 if made else 0)

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        import torch

        pictures = {call["image"].key: call["image"] for call in calls}
        vectors = {key: self._kept.get(key) for key in pictures}
        new = [key for key, one in vectors.items() if one is None]
        if new:
            inputs = self.tensors(pixel_values(self._processor, [pictures[key] for key in new]))
            made = unit(self.pool(module(**inputs).last_hidden_state))
            for key, one in zip(new, made, strict=True):
                vectors[key] = one.clone()
                if torch.isfinite(one).all():
                    self._kept.put(key, vectors[key])
        return [self._told(vectors[call["image"].key]) for call in calls]

    def _told(self, vector: Any) -> Result:
        values = tuple(vector.tolist())
        if not np.isfinite(values).all():
            return ToolError(f"{self.name} gave vectors that are no numbers")
        return Output(values)


class Dinov2(Embedder):
    """DINOv2 (Oquab et al., TMLR 2024, arXiv 2304.07193):
    https://huggingface.co/facebook/dinov2-base. The vector is the class token's, as in the
    paper's comparison of pictures by their neighbours."""

    processor = "BitImageProcessorPil"
    network = "Dinov2Model"

    def pool(self, hidden: Any) -> Any:
        return hidden[:, 0]


class Dinov2Small(Dinov2):
    name = weights = "dinov2-small"


class Dinov2Base(Dinov2):
    name = weights = "dinov2-base"


class IJepaHuge(Embedder):
    """I-JEPA (Assran et al., CVPR 2023, arXiv 2301.08243), not for commercial use:
    https://huggingface.co/facebook/ijepa_vith14_1k. It has no class token: the vector is the mean
    of its patches', as in the paper's linear probes."""

    name = weights = "ijepa-huge"
    processor = "ViTImageProcessorPil"
    network = "IJepaModel"
    batch = 8

    def pool(self, hidden: Any) -> Any:
        return hidden.float().mean(1)
