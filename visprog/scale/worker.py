"""One backend in a process of its own: what runs at the far end."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass

from visprog import errors
from visprog.errors import ProgramError, ToolError, VisprogError
from visprog.execution.sources import code_of
from visprog.scale.parcel import pack_results, unpack
from visprog.tool import Backend, Model
from visprog.values import Image, Value


@dataclass(frozen=True)
class Identity:
    """What the results of a backend hang on. `code`: the fingerprint of its code, "" where no file
    holds it and so it came from the asking process."""

    model: Model
    parameters: Mapping[str, Value]
    code: str

    @classmethod
    def of(cls, backend: Backend) -> Identity:
        code = code_of(type(backend))
        return cls(backend.model, dict(backend.parameters), "" if " " in code else code)


class Worker:
    """An actor. Its methods return errors; Ray's own are left for when the process dies."""

    def __init__(self, recipe: bytes) -> None:
        """`recipe`: the pickled backend, not loaded."""
        self._recipe = recipe
        self._backend: Backend | None = None

    def load(self) -> Identity | VisprogError:
        """Make the backend and load what it needs."""
        try:
            if self._backend is None:
                self._backend = pickle.loads(self._recipe)
            assert isinstance(self._backend, Backend)
            made = Identity.of(self._backend)  # as the asking process knows it: before it is loaded
            self._backend.ready()
            return made
        except BaseException as error:  # a defect of the backend is no reason to die
            return _plain(error, "the backend failed to load")

    def run(self, tool: str, calls: bytes, *pictures: Image) -> bytes:
        """The results of a batch, packed; an error where it failed as a whole."""
        assert self._backend is not None
        name = self._backend.name
        try:
            results = list(self._backend.run(tool, unpack(calls, pictures)))
            plain = [_plain(r) if isinstance(r, VisprogError) else r for r in results]
            return pack_results(plain, pictures)
        except BaseException as error:  # `sys.exit` too
            return pack_results(_plain(error, f"{tool} failed in {name}"), pictures)


def _plain(error: BaseException, what: str = "") -> VisprogError:
    """An error that every process can unpickle and that says the same."""
    if isinstance(error, VisprogError):
        ours = type(error).__module__ == errors.__name__ and not isinstance(error, ProgramError)
        return error if ours else ToolError(str(error))
    return ToolError.of(what, error)
