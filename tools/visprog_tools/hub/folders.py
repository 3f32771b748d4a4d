"""Models that nobody publishes as our backends read them: the user makes a folder and names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from visprog.errors import WeightsError
from visprog_tools.hub.snapshots import HubModel, Snapshot


@dataclass(frozen=True)
class FolderModel(HubModel):
    """A model in a folder of the user's, saved by transformers. `id`: what it is a kind of."""

    revision: str = ""

    @property
    def source(self) -> str:
        return "a folder of yours"

    @property
    def help(self) -> str:
        return f"name a folder that has it ({self.id}): --weights {self.name}=FOLDER"

    def find(self, options: Mapping[str, str]) -> Snapshot:
        """The folder of the option `weights.NAME`.

        Raises:
            WeightsError: there is none.
        """
        if not options.get(f"weights.{self.name}"):
            raise WeightsError(f"the weights of {self.name} are not here: {self.help}")
        return super().find(options)

    def where(self) -> Path:
        raise WeightsError(f"where the weights of {self.name} lie is not known: {self.help}")

    def pull(self) -> Path:
        raise WeightsError(f"{self.name} is not fetched from a hub: {self.help}")

    verify = where
