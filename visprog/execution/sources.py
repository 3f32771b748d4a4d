"""Fingerprints of code, so that no result outlives a change of the code that made it."""

from __future__ import annotations

import hashlib
import inspect
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

CODE = (".py", *EXTENSION_SUFFIXES)
LARGE = 1_000_000  # bytes; a file of data above this is told by its size: a model has a revision
_ENGINE = frozenset(("builtins", "abc", "typing", "visprog"))  # bases that do none of the work

_lock = threading.Lock()
_known: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
_hashes: dict[str, str | None] = {}  # of packages and modules, by name


def code_of(thing: type | Callable[..., Any]) -> str:
    """A fingerprint of the code of a class or a function, the same in every process.

    It covers every file of the packages that define it and its bases, or the file of a module
    outside packages, as they are when it is first asked for; later ones are answered from memory.
    Code that no file holds gets a name of this process alone.
    """
    with _lock:
        found = _known.get(thing)
        if found is None:
            found = _known[thing] = _code_of(thing)
    return found


def _code_of(thing: Any) -> str:
    thing = inspect.unwrap(thing) if callable(thing) else thing
    kinds = inspect.getmro(thing) if isinstance(thing, type) else (thing,)
    work = [kind for kind in kinds if kind is thing or _name(kind).split(".")[0] not in _ENGINE]
    prints = [_fingerprint(kind) for kind in work]
    if not all(prints) or not all(map(_has_source, work)):
        return f"{thing.__module__}.{thing.__qualname__} {os.getpid()} {secrets.token_hex(8)}"
    return hashlib.blake2b(repr(prints).encode(), digest_size=16).hexdigest()


def _name(kind: Any) -> str:
    """The module that defines it; that of a script that `python -m` runs has its own name."""
    spec = getattr(sys.modules.get(kind.__module__), "__spec__", None)
    name: str = spec.name if spec else kind.__module__
    return name


def _has_source(kind: Any) -> bool:
    """Whether a file holds it: its module may have a file and yet have got it from `exec`."""
    members = vars(kind).items() if isinstance(kind, type) else [("", kind)]
    return all(
        os.path.exists(function.__code__.co_filename)
        for name, member in members
        if isinstance(function := getattr(member, "__func__", member), FunctionType)
        and not name.startswith("__")  # dataclasses make such
    )


def _fingerprint(kind: Any) -> str | None:
    """The hash of the outermost package that is one of files, not a mere namespace of many, or of
    the module where there is no such package."""
    parts = _name(kind).split(".")
    for count in range(1, len(parts)):
        module = sys.modules.get(".".join(parts[:count]))
        if module is not None and getattr(module, "__file__", None):
            break
    else:
        module = sys.modules.get(kind.__module__)
    if module is None:
        return None
    if module.__name__ not in _hashes:
        _hashes[module.__name__] = _hash(module)
    return _hashes[module.__name__]


def _hash(module: ModuleType) -> str | None:
    made = hashlib.blake2b(digest_size=16)
    count = 0
    try:
        for name, file in _files(module):
            size = file.stat().st_size
            whole = file.name.endswith(CODE) or size <= LARGE
            content = hashlib.blake2b(file.read_bytes()).hexdigest() if whole else ""
            made.update(repr((name, size, content)).encode())
            count += 1
    except OSError:
        return None
    return made.hexdigest() if count else None


def _files(module: ModuleType) -> Iterator[tuple[str, Path]]:
    """The files of a package, with their names in it, or the file of a module."""
    for folder in map(Path, getattr(module, "__path__", ())):
        for file in sorted(folder.rglob("*")):
            name = file.relative_to(folder)
            hidden = any(part.startswith((".", "__pycache__")) for part in name.parts)
            if not hidden and file.is_file():
                yield name.as_posix(), file
    if not hasattr(module, "__path__") and (path := getattr(module, "__file__", None)):
        yield Path(path).name, Path(path)
