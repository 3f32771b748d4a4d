"""The agents that all users share, one for each choice, so that their calls share batches."""

from __future__ import annotations

import threading

from visprog.agent import Agent
from visprog.app.settings import AppSettings
from visprog.errors import SettingsError
from visprog.execution import Limits
from visprog.execution.cache import Cache
from visprog.trace import STEPWISE, WHOLE

MODES = (WHOLE, STEPWISE)


class Agents:
    """Agents by planner, profile and mode; made when they are first asked for."""

    def __init__(self, settings: AppSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str, str], Agent] = {}
        self._cache = Cache()  # in memory: what users ask is not written to disk

    def of(self, planner: str, profile: str, mode: str = WHOLE) -> Agent:
        """The agent of a choice.

        Raises:
            SettingsError: it is none of those that the settings offer, or cannot be had.
        """
        chosen = self.settings
        for given, known in (
            (planner, chosen.planners),
            (profile, chosen.profiles),
            (mode, MODES),
        ):
            if given not in known:
                raise SettingsError(f"{given!r} is not offered here; known: {', '.join(known)}")
        with self._lock:
            key = planner, profile, mode
            if key not in self._made:
                self._made[key] = Agent(
                    planner,
                    profile,
                    options=chosen.options,
                    limits=Limits(seconds=chosen.program_seconds),
                    cache=self._cache,
                    chat=chosen.chat,
                    mode=mode,
                )
            return self._made[key]

    def close(self) -> None:
        for agent in self._made.values():
            agent.close()
