"""Where the files of a hub's model lie: in a folder that the user names, or in the hub's cache."""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import prod
from pathlib import Path

from visprog.errors import SettingsError, WeightsError

WANTED = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")  # no pickles, no code
WHOLE = 16 * 2**20  # bytes: a larger local file is told by its size, its time and its first bytes
HEADER = 2**20  # bytes of a safetensors header that are read at most times 100
MISSING = "models of the hub want huggingface_hub: pip install 'visprog[models]'"


@dataclass(frozen=True)
class Snapshot:
    """The files of a model. `revision`: the commit of the hub, or a digest of a local folder."""

    folder: Path
    revision: str

    @property
    def parameters(self) -> int:
        """How many numbers its weights are, by the headers of its files.

        Raises:
            WeightsError: there are no weights in the safetensors format, or a damaged file.
        """
        return sum(prod(shape) for _, shape in self._tensors())

    def room(self, size: int, exact: str = "") -> int:
        """What its weights take in memory, about.

        Args:
            size: bytes of a number.
            exact: a pattern that the names of those begin with which take 4 bytes all the same.

        Raises:
            WeightsError: as `parameters`.
        """
        if not exact:
            return self.parameters * size
        return sum(
            prod(shape) * (4 if re.match(exact, name) else size) for name, shape in self._tensors()
        )

    def expect_weights(self) -> list[Path]:
        """The files of its weights.

        Raises:
            WeightsError: there are none.
        """
        files = sorted(self.folder.glob("*.safetensors"))
        if not files:
            raise WeightsError(f"{self.folder} has no weights in the safetensors format")
        return files

    def _tensors(self) -> Iterator[tuple[str, Sequence[int]]]:
        """Name and shape of each, by the headers of its files."""
        for file in self.expect_weights():
            yield from entries(file)


@dataclass(frozen=True)
class HubModel:
    """A model of the hub.

    `name`: what our backends and `visprog models` call it; `id`: its repository; `size`: bytes of
    its weights, about; `commercial`: False where its licence forbids commercial use.
    """

    name: str
    id: str
    licence: str
    size: int
    commercial: bool = True
    revision: str = "main"

    bundled = False  # it does not come with the package

    @property
    def wanted(self) -> Sequence[str]:
        """Patterns of the files that are fetched."""
        return WANTED

    @property
    def hashed(self) -> Sequence[str]:
        """Patterns of the files of a local folder by which its revision is told."""
        return WANTED

    def snapshot(self, folder: Path, revision: str) -> Snapshot:
        """Its files in a folder."""
        return Snapshot(folder, revision)

    @property
    def source(self) -> str:
        return f"hf:{self.id}"

    @property
    def help(self) -> str:
        return (
            f"visprog models pull {self.name}, or name a folder that has it: "
            f"--weights {self.name}=FOLDER"
        )

    def find(self, options: Mapping[str, str]) -> Snapshot:
        """Its files on this machine: those of the option `weights.NAME`, or of the hub's cache.

        Raises:
            WeightsError: they are not there.
            SettingsError: its licence wants the option `non_commercial`.
        """
        if not self.commercial and options.get("non_commercial") != "yes":
            raise SettingsError(
                f"{self.name} ({self.id}) is {self.licence}: not for commercial use. If yours is "
                "not, add --non-commercial"
            )
        named = options.get(f"weights.{self.name}")
        if named:
            folder = Path(named).expanduser()
            if not folder.is_dir():
                raise WeightsError(f"no folder {folder} with the weights of {self.name}")
            return self.snapshot(folder, f"local {_digest(folder, self.hashed)}")
        folder = self.where()
        return self.snapshot(folder, folder.name)

    def where(self) -> Path:
        """The folder of its files in the hub's cache.

        Raises:
            WeightsError: they are not there.
        """
        if find_spec("huggingface_hub") is None:
            raise WeightsError(MISSING)
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            found = snapshot_download(
                self.id,
                revision=self.revision,
                local_files_only=True,
                allow_patterns=list(self.wanted),
            )
        except (LocalEntryNotFoundError, ValueError) as error:
            raise WeightsError(f"the weights of {self.id} are not here: {self.help}") from error
        folder = Path(found)
        try:
            self.snapshot(folder, folder.name).expect_weights()
        except WeightsError as error:
            raise WeightsError(f"the weights of {self.id} are not whole: {self.help}") from error
        return folder

    def pull(self) -> Path:
        """Fetch its files from the hub, what is there already excepted, and say how far it is.

        Raises:
            WeightsError: the hub cannot be reached, or does not give them.
        """
        if find_spec("huggingface_hub") is None:
            raise WeightsError(MISSING)
        from huggingface_hub import snapshot_download

        try:
            snapshot_download(self.id, revision=self.revision, allow_patterns=list(self.wanted))
        except Exception as error:  # errors of the hub, of its transport, of the disk
            first = str(error).strip().partition("\n")[0]
            raise WeightsError(f"{self.id} was not fetched: {first[:300]}") from error
        return self.where()

    def verify(self) -> Path:
        """Its folder, once the content of each large file was found to be what the hub says.

        Raises:
            WeightsError: they are not there, or a file is damaged.
        """
        folder = self.where()
        for file in sorted(folder.rglob("*")):
            blob = file.resolve()
            if not re.fullmatch(r"[0-9a-f]{64}", blob.name):
                continue  # a small file, kept under a hash of another kind
            with blob.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != blob.name:
                raise WeightsError(
                    f"{file.name} of {self.id} is damaged: it has sha256 {found}; remove {blob} "
                    f"and run visprog models pull {self.name}"
                )
        return folder


def entries(file: Path) -> list[tuple[str, Sequence[int]]]:
    """What the header of a safetensors file says of its tensors: their names and shapes."""
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > 100 * HEADER:
                raise ValueError("its header is too long")
            header = json.loads(stream.read(length))
        told = {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}
        if not all(isinstance(n, int) and n >= 0 for shape in told.values() for n in shape):
            raise ValueError("a shape in it is none")
        return list(told.items())
    except (OSError, ValueError, KeyError, TypeError, struct.error, AttributeError) as error:
        raise WeightsError(f"{file} is no file of weights: {error}") from error


def _digest(folder: Path, wanted: Sequence[str]) -> str:
    """What a folder's models hang on, without reading large files to their ends."""
    made = hashlib.sha256()
    for file in sorted({file for pattern in wanted for file in folder.glob(pattern)}):
        if not file.is_file():
            continue
        told = file.stat()
        made.update(f"{file.relative_to(folder).as_posix()} {told.st_size}\n".encode())
        if told.st_size > WHOLE:
            made.update(f"{told.st_mtime_ns}\n".encode())
        with file.open("rb") as stream:
            made.update(stream.read(WHOLE))
    return made.hexdigest()[:16]
