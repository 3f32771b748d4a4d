"""What answers the questions of an evaluation: the settings, and the agents made of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from visprog.agent import Agent
from visprog.errors import SettingsError
from visprog.settings import Settings
from visprog.tool import Catalogue, Toolset
from visprog.trace import STEPWISE, WHOLE

if TYPE_CHECKING:
    from visprog.planning import Planner

REFERENCE = "reference"  # the planner that takes each question's own functional program
SCENE_GRAPHS = "scene_graphs"
PLANNING = ("mode", "route", "samples", "helpers", "chat")  # settings that only a planner needs
ASKED = ("base_url", "temperature", "most", "sees")  # of how a chat model is asked
ANSWERING = ("mode", "route", "samples", "helpers", "limits")
FILES = ("scripted", "gguf")  # planners that are named by a file


@dataclass(frozen=True)
class Answering:
    """What answers: a planner's name, a profile, where the pictures and scene graphs are, and what
    else an agent is made with."""

    planner: str
    tools: str
    images: Path
    scene_graphs: Path | None
    settings: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """What answers may hang on, besides the planner and the profile."""
        made = {name: self.settings[name] for name in ANSWERING if name in self.settings}
        if (limits := made.get("limits")) is not None:
            made["limits"] = asdict(limits)
        options = self.settings.get("options") or {}
        made["options"] = {name: options[name] for name in sorted(options) if name != SCENE_GRAPHS}
        if (chat := self.settings.get("chat")) is not None:
            told = asdict(chat)
            made["chat"] = {name: told[name] for name in ASKED}
            made["chat"]["base_url"] = without_keys(told["base_url"])
        return {name: str(one) if isinstance(one, Path) else one for name, one in made.items()}

    def digests(self) -> dict[str, str]:
        """Hashes of the files that answers come from."""
        kind, _, rest = self.planner.partition(":")
        files = {"scene_graphs": self.scene_graphs}
        files["planner"] = Path(rest) if kind in FILES else None
        files["tools"] = Path(self.tools) if self.tools.endswith(".toml") else None
        return {name: digest(path) for name, path in files.items() if path and path.is_file()}


def without_keys(text: str) -> str:
    """A text without the user names and passwords of its addresses."""
    return re.sub(r"(?<=//)[^/\s@]*@", "", text)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:16]


class Agents:
    """The agents of one evaluation. They share what is slow to load: the tools' models, the planner
    and the runner of batches, which are given back together, at the end."""

    def __init__(self, by: Answering) -> None:
        self.by = by
        self._open = ExitStack()
        self._toolsets: dict[str, Toolset] = {}

    def __enter__(self) -> Agents:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    @cached_property
    def main(self) -> Agent:
        """With the planner and the profile that were asked for. Raises SettingsError."""
        if self.by.planner == REFERENCE:
            return self._agent(None, self.tools(), reference=True)
        return self._agent(self.by.planner, self.tools())

    def planning(self, tools: Toolset) -> Agent:
        """With the same planner, for other tools."""
        if self.by.planner == REFERENCE:
            return self._agent(None, tools, reference=True)
        return self._agent(self.main.planner, tools)

    def running(self, profile: str | None = None) -> Agent:
        """One that runs programs which it is given, by the profile asked for or another."""
        return self._agent(None, self.tools(profile), reference=True)

    def tools(self, profile: str | None = None) -> Toolset:
        """Those of a profile, by default of the one asked for. Raises SettingsError."""
        name = self.by.tools if profile is None else profile
        if name not in self._toolsets:
            options = {"threads": str(Settings.of().threads)}
            options |= self.by.settings.get("options") or {}
            if self.by.scene_graphs:
                options[SCENE_GRAPHS] = str(self.by.scene_graphs)
            self._toolsets[name] = Catalogue.installed().toolset(name, options)
        return self._toolsets[name]

    def expect(self) -> None:
        """Find out what is wrong with the settings before a question is asked.

        Raises:
            SettingsError: an unknown planner or profile, or one that cannot do what is asked.
        """
        if self.by.planner != REFERENCE:
            self.main.expect_planner()
            return
        if self.by.settings.get("route"):
            raise SettingsError("the reference's programs leave nothing to route: name a planner")
        if self.by.settings.get("mode", WHOLE) == STEPWISE:
            raise SettingsError("the reference's programs are whole: no mode stepwise")
        if self.by.settings.get("samples", 1) > 1:
            raise SettingsError("the reference has one program for a question: want no samples")
        _ = self.main

    def _agent(
        self, planner: str | Planner | None, tools: Toolset, *, reference: bool = False
    ) -> Agent:
        settings = {name: one for name, one in self.by.settings.items() if name != "options"}
        if reference:
            settings = {name: one for name, one in settings.items() if name not in PLANNING}
        return self._open.enter_context(Agent(planner, tools, **settings))
