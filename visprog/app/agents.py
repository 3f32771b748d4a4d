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
    """Agents by planner, profile and mode; made when they are first asked for. Those of a planner
    and a profile share one engine, whatever their mode."""

    def __init__(self, settings: AppSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str], dict[str, Agent]] = {}
        self._cache = Cache()  # in memory: what users ask is not written to disk

    @property
    def usual(self) -> Agent:
        """That of the first planner and the first profile."""
        return self.of(self.settings.planners[0], self.settings.profiles[0])

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
        limits = Limits(seconds=chosen.program_seconds)
        with self._lock:
            made = self._made.setdefault((planner, profile), {})
            if WHOLE not in made:
                made[WHOLE] = Agent(
                    planner,
                    profile,
                    options=chosen.options,
                    limits=limits,
                    cache=self._cache,
                    chat=chosen.chat,
                )
            whole = made[WHOLE]
            if mode not in made:
                made[mode] = Agent(
                    whole.planner, whole.tools, engine=whole.engine, limits=limits, mode=mode
                )
            return made[mode]

    def close(self) -> None:
        for modes in self._made.values():
            for agent in modes.values():
                agent.close()
