"""Messages between processes: a list in MessagePack, then the bytes of its blobs.

Whoever reads trusts nobody: a length or a shape that is not expected is a `WireError`. What is
unpacked is small, blobs are not looked into here, so a message takes little more memory than it
has bytes.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

import msgpack

HEAD = struct.Struct(">II")  # bytes of the list, of all blobs
STRUCTURE = 4 << 20  # the most bytes of a list
BLOB = 1  # the extension that stands for a blob: its length
UTF8 = ("utf-8", "surrogatepass")  # how texts are told, those that are not sound too
SMALL = 1 << 16  # up to here a message is sent in one piece


class WireError(Exception):
    """The other side is gone, or sent what no message is. The text says which."""


class Closed(WireError):
    """The other side is gone."""


@dataclass(frozen=True)
class Blob:
    """Bytes, or a buffer, of a message; they arrive as bytes."""

    data: Any


class Wire:
    """One end of a connection. `limit`: the largest message taken, in bytes."""

    def __init__(self, end: socket.socket, limit: int) -> None:
        self.end = end
        self.limit = limit
        self.received = 0  # bytes, of all messages

    def close(self) -> None:
        self.end.close()

    def send(self, *message: Any) -> None:
        """Send a message.

        Raises:
            Closed: the other side is gone, or reads nothing.
        """
        blobs: list[memoryview] = []

        def replace(value: object) -> msgpack.ExtType:
            if not isinstance(value, Blob):
                raise TypeError(f"{type(value).__name__} has no place in a message")
            blobs.append(memoryview(value.data).cast("B"))
            return msgpack.ExtType(BLOB, struct.pack(">I", blobs[-1].nbytes))

        body = msgpack.packb(message, default=replace, unicode_errors="surrogatepass")
        total = sum(blob.nbytes for blob in blobs)
        parts: list[Any] = [HEAD.pack(len(body), total), body, *blobs]
        if len(body) + total < SMALL:
            parts = [b"".join(parts)]
        try:
            for part in parts:
                self.end.sendall(part)
        except OSError as error:
            raise Closed(f"it cannot be written to: {error}") from None

    def ready(self, seconds: float) -> bool:
        """Whether something has come, or the other side has gone, within so many seconds."""
        waiter = select.poll()
        waiter.register(self.end, select.POLLIN)
        return bool(waiter.poll(max(0.0, seconds) * 1000))

    def receive(self, deadline: float | None = None) -> list[Any]:
        """The next message. `deadline`: by the clock of `time.monotonic`.

        Raises:
            WireError: the other side is gone, or sent something else.
            TimeoutError: the message is not whole by the deadline.
        """
        size, total = HEAD.unpack(self._exactly(HEAD.size, deadline))
        if size > STRUCTURE or size + total > self.limit:
            raise WireError(f"it sent a message of {size + total:,} bytes, more than it may")
        body = self._exactly(size, deadline)
        blobs = memoryview(self._exactly(total, deadline))
        self.received += size + total
        place = 0

        def restore(code: int, data: bytes) -> bytes:
            nonlocal place
            start, place = place, place + struct.unpack(">I", data)[0]
            if code != BLOB or place > total:
                raise ValueError("a blob that is not there")
            return bytes(blobs[start:place])

        try:
            message = msgpack.unpackb(
                body, ext_hook=restore, max_ext_len=4, unicode_errors="surrogatepass"
            )
        except Exception as error:  # of the parser, which has several
            reason = f"{type(error).__name__}: {str(error)[:100]}"
            raise WireError(f"it sent what is no message ({reason})") from None
        if not isinstance(message, list) or not message or not isinstance(message[0], str):
            raise WireError("it sent what is no message (no list that begins with its kind)")
        return message

    def _exactly(self, count: int, deadline: float | None) -> bytearray:
        body = bytearray(count)
        view, filled = memoryview(body), 0
        while filled < count:
            if deadline is not None and not self.ready(deadline - time.monotonic()):
                raise TimeoutError
            try:
                got = self.end.recv_into(view[filled:])
            except OSError as error:
                raise Closed(f"it cannot be read from: {error}") from None
            if not got:
                raise Closed("it closed its connection")
            filled += got
        return body
