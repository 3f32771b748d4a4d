"""A server on this machine that speaks as much of providers' protocols as their clients need, and
every fault that a provider may have."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

NONE: Mapping[str, str] = MappingProxyType({})
USAGE = MappingProxyType({"prompt_tokens": 100, "completion_tokens": 20})
PROGRAM = 'dogs = detect(image, "dog")\nreturn count(dogs)'

Behaviour = Callable[["Handler"], None]


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class Provider:
    """The server. It answers with `behaviours` in turn, the last of them for ever."""

    behaviours: Sequence[Behaviour]
    address: str = ""
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"{self.address}/v1"

    def next(self, asked: Asked) -> Behaviour:
        with self.lock:
            self.asked.append(asked)
            return self.behaviours[min(len(self.asked), len(self.behaviours)) - 1]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds, so that no thread stays
    provider: Provider

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        self.close_connection = True  # one that is kept would keep its thread
        self.provider.next(Asked(self.path, dict(self.headers), body))(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def send(
        self, status: int, body: bytes, headers: Mapping[str, str] = NONE, length: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def provider(*behaviours: Behaviour) -> Iterator[Provider]:
    """A running server, on loopback only; it and its threads have ended afterwards."""
    made = Provider(behaviours or (says(PROGRAM),))

    class Own(Handler):
        provider = made

    with ThreadingHTTPServer(("127.0.0.1", 0), Own) as server:
        server.daemon_threads = False  # so that closing waits for them
        made.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield made
        finally:
            made.closing.set()
            server.shutdown()
            thread.join()


# -- what it may do


def says(
    text: str | None,
    *,
    finish: str = "stop",
    refusal: str | None = None,
    usage: Mapping[str, int] | None = USAGE,
) -> Behaviour:
    """Answers as the chat completions of OpenAI do."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    body = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "tested",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }
    if usage is not None:
        body["usage"] = {**usage, "total_tokens": sum(usage.values())}
    return gives(200, body)


def gives(status: int, body: object, **headers: str) -> Behaviour:
    """Answers with a JSON body, or with bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda handler: handler.send(status, data, headers)


def fails(status: int, words: str = "something broke", **headers: str) -> Behaviour:
    return gives(status, {"error": {"message": words, "type": "t", "code": None}}, **headers)


def hangs(handler: Handler) -> None:
    """Takes the request and says nothing until the server closes."""
    handler.provider.closing.wait(30)


def trickles(handler: Handler) -> None:
    """Sends a body without an end, a byte at a time, faster than any wait for bytes."""
    handler.send(200, b" ", length=1_000_000)
    try:
        while not handler.provider.closing.wait(0.02):
            handler.wfile.write(b" ")
    except OSError:
        return  # the caller has gone


def cut(handler: Handler) -> None:
    """Sends less of a body than it says, and closes the connection."""
    handler.send(200, b'{"id": "1", "choices": [', length=500)


def drops(handler: Handler) -> None:
    """Closes the connection without a word."""


def echoes(handler: Handler) -> None:
    """Tells the caller its own secrets, as careless gateways do."""
    told = handler.headers.get("Authorization") or handler.headers.get("X-Api-Key")
    body = {"error": {"message": f"bad credentials: {told}", "headers": dict(handler.headers)}}
    handler.send(401, json.dumps(body).encode())
