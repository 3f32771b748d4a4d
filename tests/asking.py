"""A model of a provider and the server that it asks, for tests; keys that are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import visprog_tools
from tests.provider_server import Behaviour, Provider, provider
from visprog.planning.chat import Message
from visprog.planning.clients import Timeouts
from visprog.planning.faults import Retries
from visprog.planning.remote import RemoteModel
from visprog.tool import Catalogue
from visprog.values import Image

KEY = "sk-test-0123456789-secret"
QUESTION = "How many dogs are there?"
CATALOGUE = Catalogue.of(visprog_tools)
TOOLS = CATALOGUE.toolset("embedded")
INPUTS = {"image": Image}
SAID = [Message("system", "You write programs."), Message("user", QUESTION)]
QUICK = Retries(attempts=3, first=0.01)
SHORT = Timeouts(connect=5.0, read=0.3, total=30.0)


def set_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment with keys and nothing else that concerns providers."""
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "VISPROG_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(name, KEY)


Asking = Callable[..., tuple[Provider, RemoteModel]]


@contextmanager
def asked_models() -> Iterator[Asking]:
    """Makes models and the servers that they ask; all are closed afterwards."""
    made: list[Any] = []

    def make(*behaviours: Behaviour, login: str = "", **options: Any) -> tuple[Provider, Any]:
        running = provider(*behaviours)
        started = running.__enter__()
        quick: dict[str, Any] = {"retries": QUICK, "timeouts": Timeouts(5.0, 30.0, 60.0)}
        options = quick | options
        name = options.pop("provider", "openai")
        url = started.url if name == "openai" else started.address
        model = RemoteModel(name, "tested", base_url=url.replace("//", f"//{login}"), **options)
        made.append((model, running))
        return started, model

    try:
        yield make
    finally:
        for model, running in made:
            model.close()
            running.__exit__(None, None, None)
