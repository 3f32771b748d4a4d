"""What planners take from the environment: keys, which nothing may show, and whether they may use
the network."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit, urlunsplit

from visprog.errors import SettingsError

KEYS = {  # the variables of each provider, any of which will do
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google_genai": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
    "mistralai": ("MISTRAL_API_KEY",),
    "groq": ("GROQ_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "xai": ("XAI_API_KEY",),
    "together": ("TOGETHER_API_KEY",),
    "fireworks": ("FIREWORKS_API_KEY",),
    "cohere": ("COHERE_API_KEY", "CO_API_KEY"),
    "openrouter": ("OPENROUTER_API_KEY",),
    "perplexity": ("PPLX_API_KEY", "PERPLEXITY_API_KEY"),
}
ADDRESSES = {  # the variables that say where a provider's server is
    "openai": ("OPENAI_API_BASE", "OPENAI_BASE_URL"),
    "anthropic": ("ANTHROPIC_API_URL", "ANTHROPIC_BASE_URL"),
}
SHORTEST = 8  # characters of what is taken for a secret
HIDDEN = "***"
LIMIT = 300  # characters of somebody else's words
LOOPBACK = re.compile(r"(localhost|127(\.\d+){3}|0\.0\.0\.0|::1?)$", re.IGNORECASE)

_SECRET_NAME = re.compile(r"(KEY|KEYS|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
_SECRET_FORM = re.compile(
    r"(?<![\w-])(?:(?:sk|gsk|xai|lsv2)[-_][\w*.-]{8,}|hf_\w{8,}|AIza[\w-]{20,})"
    r"|(?<=Bearer )[^\s'\",}]+|(?<=Basic )[A-Za-z0-9+/=]{8,}"
)


def offline() -> bool:
    """Whether VISPROG_OFFLINE or HF_HUB_OFFLINE forbids the network."""
    set_to = (os.environ.get(name, "") for name in ("VISPROG_OFFLINE", "HF_HUB_OFFLINE"))
    return any(value.strip().lower() not in ("", "0", "false", "no", "off") for value in set_to)


def key_of(provider: str) -> str:
    """The provider's key; "" where the environment has none."""
    return next(filter(None, (os.environ.get(name, "") for name in KEYS.get(provider, ()))), "")


def address_of(provider: str) -> str:
    """Where the environment says that the provider's server is; "" for its usual address."""
    names = ADDRESSES.get(provider, ())
    return next(filter(None, (os.environ.get(name, "") for name in names)), "")


def split_address(url: str) -> tuple[str, str]:
    """An http address without user, password, query and fragment; and its `user:password`.

    Raises:
        SettingsError: it is no http or https address.
    """
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, an open bracket
        valid = False
    if not valid:
        raise SettingsError("want the base URL as http://HOST[:PORT][/PATH] or https://...")
    given, _, host = parts.netloc.rpartition("@")
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", "")), unquote(given)


def loopback(url: str) -> bool:
    """Whether an address is on this machine."""
    return bool(LOOPBACK.match(urlsplit(url).hostname or ""))


def redact(text: str, more: Iterable[str] = ()) -> str:
    """The beginning of a text without the secrets of the environment, without `more`, and without
    what looks like a key."""
    named = (value for name, value in os.environ.items() if _SECRET_NAME.search(name))
    clean = _SECRET_FORM.sub(HIDDEN, without(text, (*named, *more)))
    return clean if len(clean) <= LIMIT else clean[: LIMIT - 1] + "\u2026"


def without(text: str, secrets: Iterable[str]) -> str:
    """A text with every secret replaced, longest first."""
    for secret in sorted({*secrets}, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, HIDDEN)
    return text
