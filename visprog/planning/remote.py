"""Chat models that a server offers, through LangChain.

What is asked again, and when, is decided here: the libraries beneath are told to ask once. Keys are
taken from the environment by those libraries, and kept out of all texts that come from here.
"""

from __future__ import annotations

import base64
import os
import threading
import time
import weakref
from collections.abc import Sequence
from typing import Any

from visprog.errors import BudgetError, PlanError, SettingsError
from visprog.planning.chat import MOST, Completion, Message
from visprog.planning.clients import Client, Timeouts, connect, within
from visprog.planning.environment import (
    KEYS,
    address_of,
    key_of,
    loopback,
    offline,
    redact,
    split_address,
    without,
)
from visprog.planning.faults import Fault, Retries, fault_of
from visprog.planning.ledger import Call, Ledger
from visprog.planning.pictures import content_of
from visprog.tool import Model

LANES = 8
CONTEXT = 16_384  # tokens; Ollama cuts longer prompts to its own default without a word
REFUSALS = ("refusal", "content_filter", "safety", "prohibited_content", "blocklist")
LENGTHS = ("length", "max_tokens", "max_output_tokens")
WHOLE = ("stop", "end_turn", "stop_sequence", "completed")


class RemoteModel:
    """A model of a provider that LangChain's `init_chat_model` knows.

    Args:
        provider, model: such as openai and gpt-4.1-mini.
        base_url: of a server that speaks the provider's protocol; `user:password@` in it is sent,
            and shown nowhere.
        sees: whether it takes pictures; None for what LangChain knows of it.

    Raises:
        SettingsError: LangChain or the provider's package is not installed, the provider is not
            known, its key is not in the environment, or VISPROG_OFFLINE is set.
    """

    constrains = ""  # providers have no common way to keep a model to a grammar

    def __init__(
        self,
        provider: str,
        model: str,
        *,
        base_url: str = "",
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        ledger: Ledger | None = None,
        lanes: int = 0,
        sees: bool | None = None,
    ) -> None:
        self.provider, self._id = provider, model
        self.name = f"{provider}:{model}"
        self.timeouts = timeouts or Timeouts()
        self.retries = retries or Retries()
        self.ledger = ledger or Ledger()
        self.lanes = lanes or (1 if provider == "ollama" else LANES)
        given = base_url or address_of(provider)
        self.address, self._login = split_address(given) if given else ("", "")
        self.model = Model(self.name, "the provider's terms", self.address)
        self.identity = f"{self.name} {self.address or self._own_host()}"
        self._lock = threading.Lock()
        self._refused: dict[str, None] = {}  # parameters that the model does not take
        self._expect_usable()
        self._idle = [self._client()]
        self._end = weakref.finalize(self, _close, self._idle)
        profile = getattr(self._idle[0].chat, "profile", None) or {}
        self.sees = bool(profile.get("image_inputs")) if sees is None else sees

    @property
    def notices(self) -> tuple[str, ...]:
        """What people should know of its completions."""
        untold = "the provider does not tell how many tokens calls take: neither tokens nor cost "
        return (
            *(f"{self.name} takes no {name}: it uses its own" for name in tuple(self._refused)),
            *((untold + "are known",) if self.ledger.untold else ()),
        )

    def __repr__(self) -> str:
        return f"RemoteModel({self.name!r})"

    def close(self) -> None:
        """Give back its connections; it may be used again."""
        with self._lock:
            _close(self._idle)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        most: int = MOST,
        seed: int | None = None,
        grammar: str | None = None,
    ) -> Completion:
        with self.ledger.call(messages, most) as call:
            wanted: dict[str, Any] = {"temperature": temperature, "most": most, "seed": seed}
            conversation = [{"role": m.role, "content": content_of(m)} for m in messages]
            reply = self._asked(conversation, wanted, call)
            text, finish = self._read(reply, call)
        return Completion(text, call.usage, finish)

    # -- asking

    def _asked(self, conversation: Any, wanted: dict[str, Any], call: Call) -> Any:
        """The reply, after as many calls as it takes."""
        end = time.monotonic() + min(self.timeouts.total, call.seconds_left)
        attempt = 1
        while True:
            reply, fault = self._once(conversation, wanted, end)
            if fault is None:
                return reply
            refused = self._not_taken(fault)
            if refused:
                self._refused[refused] = None
                continue
            wait = self.retries.wait(fault, attempt)
            if wait is None or time.monotonic() + wait >= end:
                self._fail(fault, attempt, call, spent=wait is not None)
            time.sleep(wait or 0.0)
            attempt += 1

    def _once(
        self, conversation: Any, wanted: dict[str, Any], end: float
    ) -> tuple[Any, Fault | None]:
        with self._lock:
            client = self._idle.pop() if self._idle else None
        client = client or self._client()
        chat, options = client.chat, self._options(client.chat, wanted)
        reply, fault = None, None
        try:
            reply = within(end - time.monotonic(), lambda: chat.invoke(conversation, **options))
        except Exception as error:  # every library has its own
            fault = fault_of(error)
        if fault is not None and not fault.status:
            client.close()  # it may hang still
        else:
            with self._lock:
                self._idle.append(client)
        return reply, fault

    def _options(self, chat: Any, wanted: dict[str, Any]) -> dict[str, Any]:
        """Parameters of a call as the provider's class names them."""
        kept = {
            name: value
            for name, value in wanted.items()
            if value is not None and name not in self._refused
        }
        most = kept.pop("most")
        if self.provider == "ollama":
            return {"options": {**kept, "num_predict": most, "num_ctx": max(CONTEXT, 2 * most)}}
        if "seed" not in type(chat).model_fields or getattr(chat, "use_responses_api", False):
            kept.pop("seed", None)  # it still tells samples apart in the cache
        name = "max_output_tokens" if self.provider == "google_genai" else "max_tokens"
        return {**kept, name: most}

    def _not_taken(self, fault: Fault) -> str:
        """The parameter that a model of this provider does not take, if that is the fault."""
        said = fault.text.lower()
        if fault.status not in (400, 422):
            return ""
        names = (name for name in ("temperature", "seed") if name not in self._refused)
        return next((name for name in names if name in said), "")

    def _fail(self, fault: Fault, attempts: int, call: Call, spent: bool) -> None:
        """Raise what a fault that is not to be asked again means to the caller."""
        text = self._clean(fault.text)
        if call.seconds >= call.seconds_left or (spent and call.seconds_left < self.timeouts.total):
            raise BudgetError(f"the planner's budget of seconds is used up; {self.name}: {text}")
        if fault.status in (401, 403):
            names = " or ".join(KEYS.get(self.provider, ())) or "its key"
            raise SettingsError(f"{self.name} does not accept {names} of the environment: {text}")
        if fault.status == 404:
            raise SettingsError(f"{self.name} is not there: {text}")
        times = f" after {attempts} tries" if attempts > 1 else ""
        asked = f"; it asks to wait {fault.after:.0f} s" if fault.after else ""
        raise PlanError(f"{self.name} gave no program{times}: {text}{asked}")

    # -- reading

    def _read(self, reply: Any, call: Call) -> tuple[str, str]:
        """Text and ending of a reply. Raises PlanError where it says nothing."""
        usage = getattr(reply, "usage_metadata", None) or {}
        call.tell(usage.get("input_tokens"), usage.get("output_tokens"))
        told: dict[str, Any] = getattr(reply, "response_metadata", None) or {}
        reasons = (told.get(name) for name in ("finish_reason", "stop_reason", "done_reason"))
        finish = str(next(filter(None, reasons), "stop")).lower()
        extra: dict[str, Any] = getattr(reply, "additional_kwargs", None) or {}
        blocks = reply.content if isinstance(reply.content, list) else ()
        refusals = [block.get("refusal") for block in blocks if isinstance(block, dict)]
        refusal = extra.get("refusal") or next(filter(None, refusals), "")
        if refusal or finish in REFUSALS:
            words = self._clean(" ".join(str(refusal or finish).split()))
            raise PlanError(f"{self.name} refuses: {words}")
        text = without(str(reply.text), (key_of(self.provider), self._login))
        finish = "length" if finish in LENGTHS else "stop" if finish in WHOLE else finish
        if not text.strip():
            why = "used up its tokens before it wrote" if finish == "length" else "wrote nothing"
            raise PlanError(f"{self.name} {why}")
        return text, finish

    def _clean(self, text: str) -> str:
        basic = base64.b64encode(self._login.encode()).decode()
        return redact(text, (key_of(self.provider), basic, self._login, *self._login.split(":", 1)))

    # -- connecting

    def _own_host(self) -> str:
        """Of Ollama, which finds it by itself; it may lack a scheme and a port."""
        host = os.environ.get("OLLAMA_HOST", "") if self.provider == "ollama" else ""
        return host.rpartition("@")[2].rpartition("://")[2]

    def _expect_usable(self) -> None:
        at = self.address or f"http://{self._own_host() or 'localhost'}"
        local = loopback(at) and (self.address or self.provider == "ollama")
        if offline() and not local:
            raise SettingsError(
                f"{self.name} wants the network, which VISPROG_OFFLINE or HF_HUB_OFFLINE forbids"
            )
        names = KEYS.get(self.provider)
        if names and not key_of(self.provider) and not self.address:
            raise SettingsError(f"{self.name} wants a key: set {' or '.join(names)}")

    def _client(self) -> Client:
        """One of its own for each call: ending it ends no other call."""
        return connect(self.provider, self._id, self.address, self._login, self.timeouts)


def _close(clients: list[Client]) -> None:
    while clients:
        clients.pop().close()
