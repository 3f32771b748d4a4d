"""What the app may do: planners and profiles to choose from, and its bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MB = 10**6


@dataclass(frozen=True)
class AppSettings:
    """Settings of a server.

    `planners`, `profiles`: what users may choose from, the first by default; nothing else is taken
    from them, since a planner's name may name a file. `options`: what backends read; `chat`: how
    chat models are asked. `together`: questions answered at once, which share the models' batches;
    `waiting`: further ones that may wait; `seconds`: what one question may take, and its program;
    `upload`: bytes of a file; `pictures`: of one question, and `pixels` of all of them; `kept`:
    turns of a chat that stay; `question`, `program`: characters; `disk`: bytes of all files that
    users sent or may download, and `kept_seconds`: how long they stay.
    """

    planners: tuple[str, ...] = ("embedded",)
    profiles: tuple[str, ...] = ("embedded",)
    options: Mapping[str, str] = field(default_factory=dict)
    chat: Any = None
    together: int = 8
    waiting: int = 64
    seconds: float = 120.0
    program_seconds: float = 60.0
    upload: int = 25 * MB
    pictures: int = 32
    pixels: int = 160 * MB
    kept: int = 20
    question: int = 2000
    program: int = 20_000
    disk: int = 4000 * MB
    kept_seconds: float = 3600.0
