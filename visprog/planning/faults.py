"""What a provider's exception means, whatever library raised it, and when to ask again.

The libraries have no common exceptions, so that a status, headers and kinds are read where they
all keep them: `status_code` or `code`, `response.headers`, and the names of classes.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

AGAIN = (408, 409, 425, 429)  # and all from 500 on
SPENT = ("insufficient_quota", "billing_hard_limit_reached")  # 429 that no waiting ends

_LOST = ("APIConnectionError", "TransportError", "ModelConnectionError", "OSError")
_LATE = ("TimeoutError", "TimeoutException", "APITimeoutError", "ModelTimeoutError")
_BROKEN = ("JSONDecodeError", "APIResponseValidationError", "DecodingError")


@dataclass(frozen=True)
class Fault:
    """Why a call failed. `text`: may be long, and may hold a key that the provider tells; `status`:
    of HTTP, 0 where there was none; `again`: whether the same call may succeed later; `after`:
    seconds that the provider asks to wait, None where it does not."""

    text: str
    status: int = 0
    again: bool = False
    after: float | None = None


def fault_of(error: BaseException) -> Fault:
    """What an exception says; its causes are read too."""
    chain = list(_chain(error))
    status = next(filter(None, map(_status, chain)), 0)
    words = words_of(error)
    if status:
        again = (status in AGAIN or status >= 500) and not any(name in words for name in SPENT)
        after = next((wait for wait in map(_after, chain) if wait is not None), None)
        return Fault(f"HTTP {status}: {words}", status, again, after)
    kinds = {base.__name__ for each in chain for base in type(each).__mro__}
    if kinds.intersection(_LATE):
        return Fault("no answer in time", again=True)
    if kinds.intersection(_LOST):
        return Fault(f"the connection failed: {words}", again=True)
    if kinds.intersection(_BROKEN):
        return Fault(f"its reply is no JSON: {words}", again=True)
    return Fault(f"its reply cannot be read ({type(error).__name__}: {words})")


def words_of(error: BaseException) -> str:
    """The provider's own words on one line, out of the body of its reply where there is one."""
    said = next(filter(None, map(_said, _chain(error))), type(error).__name__)
    return "".join(c if c.isprintable() else "\ufffd" for c in " ".join(said.split()))


@dataclass(frozen=True)
class Retries:
    """When to ask again: up to `attempts` calls in all, after waits that begin with `first` seconds
    and double, up to `longest`, a random half of each left out so that callers spread. A provider
    that asks for a wait gets it, unless it is longer than `patience` seconds."""

    attempts: int = 5
    first: float = 0.5
    longest: float = 30.0
    patience: float = 60.0

    def wait(self, fault: Fault, attempt: int) -> float | None:
        """Seconds to wait after the attempt of that number, from 1; None to give up."""
        if not fault.again or attempt >= self.attempts:
            return None
        pause = min(self.longest, self.first * 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)
        if fault.after is None:
            return pause
        return fault.after + pause / 4 if fault.after <= self.patience else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and what led to it."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        yield each
        seen.add(id(each))
        each = each.__cause__ or each.__context__


def _status(error: BaseException) -> int:
    for name in ("status_code", "code"):
        value = getattr(error, name, None)
        if isinstance(value, int) and 400 <= value < 600:
            return value
    return 0


def _said(error: BaseException) -> str:
    """The provider's own words, out of the body where there is one."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        words = inner.get("message") if isinstance(inner, dict) else inner
        code = inner.get("code") if isinstance(inner, dict) else None
        if isinstance(words, str) and words:
            return f"{words} ({code})" if isinstance(code, str) else words
    if isinstance(error, json.JSONDecodeError):
        return error.msg  # not the text that it holds
    return str(error)


def _after(error: BaseException) -> float | None:
    """Seconds of a Retry-After header: a number, or a date. RFC 9110, section 10.2.3."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    if headers is None:
        return None
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = headers.get(name)
        if not text:
            continue
        try:
            seconds = float(text) / unit
        except ValueError:
            try:
                seconds = parsedate_to_datetime(str(text)).timestamp() - time.time()
            except ValueError:
                continue
        if math.isfinite(seconds):
            return max(0.0, float(seconds))
    return None
