"""Weights of diffusion models: folders of parts, each with a network of its own, as diffusers has
them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visprog.errors import WeightsError
from visprog_tools.hub.loading import quiet, telling
from visprog_tools.hub.snapshots import HubModel, Snapshot, entries
from visprog_tools.hub.turns import TURNS

HALF = "fp16"  # what diffusers calls files of half precision: DIR/NAME.fp16.safetensors
SCHEDULE = (  # what a noise schedule is, whichever solver goes through it
    *("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "prediction_type"),
)


@dataclass(frozen=True)
class Pipeline(Snapshot):
    """`parts`: those with networks. Where a part has files of half precision, they are read."""

    parts: tuple[str, ...] = ()

    def part(self, name: str) -> Snapshot:
        return Snapshot(self.folder / name, self.revision)

    def variant(self, name: str) -> str | None:
        """Of the files of a part."""
        return HALF if any(self.part(name).folder.glob(f"*.{HALF}*.safetensors")) else None

    def expect_weights(self) -> list[Path]:
        return [file for name in self.parts for file in self._files(name)]

    def _files(self, name: str) -> list[Path]:
        found = self.part(name).expect_weights()
        variant = self.variant(name)
        taken = [file for file in found if (f".{HALF}" in file.name) == (variant is not None)]
        return taken if variant else [file for file in taken if file.name.count(".") == 1]

    def _tensors(self) -> Iterator[tuple[str, Sequence[int]]]:
        for name in self.parts:
            for file in self._files(name):
                yield from ((f"{name}/{tensor}", shape) for tensor, shape in entries(file))


@dataclass(frozen=True)
class PipelineModel(HubModel):
    """A diffusion model, of which the files of half precision are fetched; `size` is of those."""

    parts: tuple[str, ...] = ("unet", "vae", "text_encoder")

    @property
    def wanted(self) -> Sequence[str]:
        return ("model_index.json", "*/*.json", "*/*.txt", f"*/*.{HALF}.safetensors")

    @property
    def hashed(self) -> Sequence[str]:
        return ("*/*.json", "*/*.txt", "*/*.safetensors")

    def snapshot(self, folder: Path, revision: str) -> Snapshot:
        return Pipeline(folder, revision, self.parts)


def load_part(kind: Any, found: Pipeline, name: str, dtype: Any) -> Any:
    """A network of a diffusers class.

    Args:
        name: of the part.
        dtype: of torch.

    Raises:
        WeightsError: the files are damaged, are of another class, or lack weights.
    """
    folder = found.part(name).folder
    told_kind = read(folder / "config.json").get("_class_name")
    if told_kind != kind.__name__:
        raise WeightsError(f"{folder} has weights of {told_kind}, not of {kind.__name__}")
    with telling(found.part(name)), TURNS.loading(), quiet():
        module, told = kind.from_pretrained(
            folder,
            torch_dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            low_cpu_mem_usage=False,  # that way it would not tell what is missing
            output_loading_info=True,
            variant=found.variant(name),
        )
    absent = sorted({*told["missing_keys"], *(key for key, *_ in told["mismatched_keys"])})
    if absent:
        raise WeightsError(
            f"{folder} lacks weights of {kind.__name__}: {absent[0]} and {len(absent) - 1} more"
        )
    return module


def schedule(found: Pipeline) -> dict[str, Any]:
    """The noise schedule with which the network was trained.

    Raises:
        WeightsError: it is not told.
    """
    file = found.folder / "scheduler" / "scheduler_config.json"
    told = read(file)
    absent = [name for name in SCHEDULE[:-1] if name not in told]
    if absent:
        raise WeightsError(f"{file} does not tell {absent[0]}")
    return {name: told[name] for name in SCHEDULE if name in told}


def read(file: Path) -> dict[str, Any]:
    """A JSON object. Raises WeightsError."""
    try:
        made = json.loads(file.read_text("utf-8"))
        if not isinstance(made, dict):
            raise ValueError("it is no object")
    except (OSError, ValueError) as error:
        raise WeightsError(f"{file} is no configuration: {error}") from error
    return made
