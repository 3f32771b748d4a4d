"""What the environment may set; arguments go before it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """`planner`, `tools`: names as on the command line; `threads`: for models on the processor, 0
    for as many as it has cores."""

    planner: str = "embedded"
    tools: str = "embedded"
    threads: int = 0

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """From VISPROG_PLANNER, VISPROG_TOOLS and VISPROG_THREADS."""
        threads = environment.get("VISPROG_THREADS", "")
        return cls(
            environment.get("VISPROG_PLANNER") or cls.planner,
            environment.get("VISPROG_TOOLS") or cls.tools,
            int(threads) if threads.isdecimal() else cls.threads,
        )
