"""Weights that are one file which its authors publish by themselves, not on a hub."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from visprog.errors import WeightsError
from visprog_tools.hub.snapshots import WHOLE, HubModel, Snapshot

NUMBER = 4  # bytes of one in such a file


@dataclass(frozen=True)
class Checkpoint(Snapshot):
    """The file of a model, in `folder`."""

    @property
    def parameters(self) -> int:
        return self.folder.stat().st_size // NUMBER

    def room(self, size: int, exact: str = "") -> int:
        """As if none were exact: what its weights are called is not known before they are read."""
        return self.parameters * size


@dataclass(frozen=True)
class CheckpointFile(HubModel):
    """A model whose weights are a file that the user has and names. `id`: its project and kind."""

    revision: str = ""

    @property
    def source(self) -> str:
        return "a file of yours"

    @property
    def help(self) -> str:
        return (
            f"its authors publish it as a file ({self.id}); name it: --weights {self.name}=FILE.pth"
        )

    def find(self, options: Mapping[str, str]) -> Snapshot:
        """The file of the option `weights.NAME`.

        Raises:
            WeightsError: there is none.
        """
        named = options.get(f"weights.{self.name}")
        if not named:
            raise WeightsError(f"the weights of {self.name} are not here: {self.help}")
        file = Path(named).expanduser()
        if not file.is_file():
            raise WeightsError(f"no file {file} with the weights of {self.name}")
        return Checkpoint(file, f"local {_digest(file)}")

    def where(self) -> Path:
        raise WeightsError(f"where the weights of {self.name} lie is not known: {self.help}")

    def pull(self) -> Path:
        raise WeightsError(f"{self.name} is not fetched from a hub: {self.help}")

    verify = where


def _digest(file: Path) -> str:
    """As a folder's: what the model hangs on, without reading a large file to its end."""
    told = file.stat()
    made = hashlib.sha256(f"{told.st_size} {told.st_mtime_ns}\n".encode())
    with file.open("rb") as stream:
        made.update(stream.read(WHOLE))
    return made.hexdigest()[:16]
