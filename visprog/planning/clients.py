"""LangChain chat models, each with a client of its own, set up to ask once and in time."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from visprog.errors import SettingsError
from visprog.planning.environment import key_of, redact
from visprog.planning.faults import words_of

T = TypeVar("T")

NO_KEY = "none"  # what a server of one's own gets where no key is set


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect, for each wait for bytes, and for a call with all its repetitions."""

    connect: float = 10.0
    read: float = 120.0
    total: float = 300.0


@dataclass(frozen=True)
class Client:
    """A LangChain chat model, and how to end what it is waiting for."""

    chat: Any
    close: Callable[[], None]


def connect(provider: str, model: str, address: str, login: str, timeouts: Timeouts) -> Client:
    """A chat model of a provider.

    Args:
        address: of its server; "" for the provider's usual one.
        login: `user:password` for that server, or "".

    Raises:
        SettingsError: LangChain or the provider's package is not installed, or they refuse.
    """
    name = f"{provider}:{model}"
    try:
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise SettingsError(
            f"the planner {name} wants LangChain: pip install 'visprog[llm]' ({error})"
        ) from None
    try:
        options, close = _options(provider, address, login, timeouts)
        chat = init_chat_model(model, model_provider=provider, **options)
    except ImportError as error:
        package = f"langchain-{provider.replace('_', '-')}"
        raise SettingsError(
            f"the planner {name} wants the package of its provider: pip install 'visprog[llm]', or "
            f"pip install {package} ({error})"
        ) from None
    except SettingsError:
        raise
    except Exception as error:  # of pydantic, or of the provider's own class
        fault = redact(words_of(error), (key_of(provider), login))
    else:
        return Client(chat, close)
    raise SettingsError(f"the planner {name} cannot be set up: {fault}")


def _options(
    provider: str, address: str, login: str, timeouts: Timeouts
) -> tuple[dict[str, Any], Callable[[], None]]:
    """What the provider's class is made with, and what ends its client."""
    options: dict[str, Any] = {"base_url": address} if address else {}
    basic = base64.b64encode(login.encode()).decode()
    headers = {"Authorization": f"Basic {basic}"} if login else {}
    if provider == "ollama":
        return options | {"client_kwargs": {"timeout": timeouts.read, "headers": headers}}, _none
    if provider == "openai":
        return _openai(options, headers, timeouts)
    if headers and provider != "anthropic":
        raise SettingsError(f"a base URL with a password is not supported for {provider}")
    options |= {"default_headers": headers} if headers else {}
    once = 1 if provider == "google_genai" else 0  # there, 0 is the library's own choice
    return options | {"timeout": timeouts.read, "max_retries": once}, _none


def _openai(
    options: dict[str, Any], headers: dict[str, str], timeouts: Timeouts
) -> tuple[dict[str, Any], Callable[[], None]]:
    import openai

    wait = openai.Timeout(timeouts.read, connect=timeouts.connect)
    client = openai.DefaultHttpxClient(timeout=wait)
    options |= {"timeout": wait, "max_retries": 0, "http_client": client}
    if "base_url" in options:  # others' servers know the older part of the protocol only
        options |= {"use_responses_api": False, "default_headers": headers or None}
        options |= {} if key_of("openai") else {"api_key": NO_KEY}
    return options, client.close


def _none() -> None:
    """Of a client that cannot be ended alone: it ends at its time-out."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` gives, if it does so in time; else it is left to itself, in a thread that does
    not keep the process.

    Raises:
        TimeoutError: it did not.
    """
    if seconds <= 0:
        raise TimeoutError
    made: list[T] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def go() -> None:
        try:
            made.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            done.set()

    threading.Thread(target=go, name="visprog-call", daemon=True).start()
    if not done.wait(seconds):
        raise TimeoutError
    if failed:
        raise failed[0]
    return made[0]
