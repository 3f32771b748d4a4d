"""Weights that are one file which its authors publish by themselves, not on a hub."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from visprog.errors import WeightsError
from visprog_tools.hub.devices import out_of_memory
from visprog_tools.hub.snapshots import WHOLE, HubModel, Snapshot
from visprog_tools.hub.vision_operators import declare_operators

NUMBER = 4  # bytes of one in such a file
HASHED = re.compile(r"-([0-9a-f]{8,64})\.pth")  # how a name ends that tells of the content
TORCHVISION = "torchvision, built for the torch that is here: pip install 'visprog[models]'"


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


@dataclass(frozen=True)
class TorchvisionFile(CheckpointFile):
    """A model of torchvision, whose name for its weights is `weights`, and their file `file`."""

    weights: str = ""
    file: str = ""

    @property
    def source(self) -> str:
        return "torchvision"

    @property
    def help(self) -> str:
        return (
            f"visprog models pull {self.name}, or name its file {self.file}: "
            f"--weights {self.name}=FILE.pth"
        )

    def find(self, options: Mapping[str, str]) -> Snapshot:
        """The file of the option `weights.NAME`, or the one that torchvision has fetched.

        Raises:
            WeightsError: there is none, or its content is not what its name says.
        """
        if options.get(f"weights.{self.name}"):
            found = super().find(options)
            expect_hash(found.folder)
            return found
        file = self.verify()
        return Checkpoint(file, file.stem.rpartition("-")[2])

    def where(self) -> Path:
        """The file where torchvision keeps what it fetches.

        Raises:
            WeightsError: it is not there.
        """
        caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        home = os.environ.get("TORCH_HOME") or f"{caches}/torch"
        file = Path(home).expanduser() / "hub" / "checkpoints" / self.file
        if not file.is_file():
            raise WeightsError(f"the weights of {self.name} are not here: {self.help}")
        return file

    def verify(self) -> Path:
        """As `where`, once its content was found to be what its name says."""
        file = self.where()
        expect_hash(file)
        return file

    def pull(self) -> Path:
        """Fetch the file from where torchvision has it.

        Raises:
            WeightsError: there is no torchvision, or its site cannot be reached.
        """
        if find_spec("torch") is None or find_spec("torchvision") is None:
            raise WeightsError(f"{self.name} wants {TORCHVISION}")
        declare_operators()
        try:
            import torch
            from torchvision.models import get_weight

            folder = Path(torch.hub.get_dir()) / "checkpoints"
            folder.mkdir(parents=True, exist_ok=True)
            url = get_weight(self.weights).url
            known = HASHED.search(self.file)
            prefix = known[1] if known else None
            torch.hub.download_url_to_file(url, str(folder / self.file), hash_prefix=prefix)
        except Exception as error:  # errors of the network, of the disk, of torchvision
            first = str(error).strip().partition("\n")[0]
            raise WeightsError(f"{self.name} was not fetched: {first[:300]}") from error
        return self.verify()


def expect_hash(file: Path) -> None:
    """Raises WeightsError: the content is not that of which its name tells the sha256."""
    told = HASHED.search(file.name)
    if told is None:
        return
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if not found.startswith(told[1]):
        raise WeightsError(f"{file} is damaged: it has sha256 {found}; fetch it again")


def fill(module: Any, found: Snapshot, kind: str) -> None:
    """Put the tensors of a file into a module, all of them. Files of torch are pickles, of which
    nothing but tensors is read.

    Raises:
        WeightsError: it is damaged, or has the weights of something else than of a `kind`.
    """
    import torch

    try:
        told = torch.load(found.folder, map_location="cpu", weights_only=True)
        module.load_state_dict(told)
    except (
        *(pickle.UnpicklingError, RuntimeError, EOFError, OSError),
        *(TypeError, AttributeError, ValueError, KeyError),
    ) as error:
        if out_of_memory(error):
            raise
        first = " ".join(str(error).split())[:300]
        raise WeightsError(
            f"{found.folder} has no weights of {kind}: {type(error).__name__}: {first}"
        ) from error


def _digest(file: Path) -> str:
    """As a folder's: what the model hangs on, without reading a large file to its end."""
    told = file.stat()
    made = hashlib.sha256(f"{told.st_size} {told.st_mtime_ns}\n".encode())
    with file.open("rb") as stream:
        made.update(stream.read(WHOLE))
    return made.hexdigest()[:16]
