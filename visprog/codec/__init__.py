"""Values as bytes and back: for the cache on disk, and between processes."""

from visprog.codec.layout import LIMIT, CodecError
from visprog.codec.reading import decode
from visprog.codec.writing import encode

__all__ = ["LIMIT", "CodecError", "decode", "encode"]
