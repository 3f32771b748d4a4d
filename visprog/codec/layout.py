"""How encoded values are laid out.

A magic, the length of the tokens, the tokens, then the arrays, each on a multiple of 16. The tokens
are one flat msgpack array of scalars: a plain value stands for itself, anything else begins with a
tag, a short `bytes`. So no header can announce more than is there, and nothing that is read is ever
called, imported or formatted.

A picture stands once however often it occurs, and not at all where the reader has it already.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from visprog.values import Depth, Flow, Footage, Image, Region, Text, Value, Video

MAGIC = b"vpc1"  # with the version of the layout
HEAD = struct.Struct("<4sI")
ALIGN = 16
DEEPEST = 100  # lists within lists
MOST_TOKENS = 10_000_000
LIMIT = 2**30  # bytes of arrays that one decode may unpack
PLAIN = frozenset((str, bool, int, float))


class CodecError(ValueError):
    """A value that cannot be encoded, or bytes that are no encoded value."""


def arrays_of(
    values: Iterable[Value], *, footage: bool = True
) -> Iterator[Image | Depth | Flow | Video | Region]:
    """Whatever in some values holds an array, in order, the pictures within others too.

    `footage`: also videos whose frames are decoded when they are asked for, and of their frames
    those that are held; False for a reader who cannot decode them.
    """
    for value in values:
        kind = type(value)
        if kind is Image:
            yield value  # type: ignore[misc]
        elif isinstance(value, (list, tuple)):
            yield from arrays_of(value, footage=footage)
        elif isinstance(value, dict):
            yield from arrays_of(value.values(), footage=footage)
        elif isinstance(value, Video):
            if footage or not isinstance(value.frames, Footage):
                yield value
                yield from value.held
        elif isinstance(value, (Region, Text, Depth, Flow)):
            if isinstance(value, (Depth, Flow)) or getattr(value, "mask", None) is not None:
                yield value  # type: ignore[misc]
            yield value.image
