"""What the environment may set; arguments go before it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """`planner`, `tools`: names as on the command line; `threads`: for models on the processor, 0
    for as many as it has cores; `cache_dir`: where the command line keeps results, "" for where the
    platform keeps caches."""

    planner: str = "embedded"
    tools: str = "embedded"
    threads: int = 0
    cache_dir: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """From VISPROG_PLANNER, VISPROG_TOOLS, VISPROG_THREADS and VISPROG_CACHE_DIR."""
        threads = environment.get("VISPROG_THREADS", "")
        return cls(
            environment.get("VISPROG_PLANNER") or cls.planner,
            environment.get("VISPROG_TOOLS") or cls.tools,
            int(threads) if threads.isdecimal() else cls.threads,
            environment.get("VISPROG_CACHE_DIR") or cls.cache_dir,
        )
