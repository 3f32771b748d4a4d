"""A project's file of helpers: read when questions begin, added to when programs answered."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from visprog.errors import ProgramError, SettingsError
from visprog.lang.helpers import Helper, Helpers
from visprog.lang.parse import MAX_CHARACTERS
from visprog.tool import Toolset, ToolSpec

WAIT = 10.0  # seconds for another process that writes
_MAX_BYTES = 4 * MAX_CHARACTERS


@dataclass(frozen=True)
class Kept:
    """What came of keeping. `names`: of the helpers that are new in the file; `notices`: for
    people, these among them."""

    names: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class Library:
    """The helpers of a file, for one set of tools. Safe to use from several threads.

    What is kept changes the file at once, and what programs are linked with when it is read again.
    """

    def __init__(self, path: Path, tools: Toolset, helpers: Helpers, stamp: object = None) -> None:
        self.path, self.tools = path, tools
        self._read = stamp, helpers

    @classmethod
    def read(cls, path: str | Path, tools: Toolset) -> Library:
        """The library of a file; an empty one where there is none yet.

        Raises:
            SettingsError: it cannot be read, or is not a file of helpers, with every fault.
        """
        file = Path(path).expanduser()
        if not file.parent.is_dir():
            raise SettingsError(f"there is no folder for the helpers {file}")
        stamp = _stamp(file)
        return cls(file, tools, read_helpers(file, tools), stamp)

    def refresh(self) -> None:
        """Read the file again if it has changed.

        Raises:
            SettingsError: as `read`.
        """
        stamp = _stamp(self.path)
        if stamp != self._read[0]:
            self._read = stamp, read_helpers(self.path, self.tools)

    @property
    def helpers(self) -> Helpers:
        return self._read[1]

    @property
    def fitting(self) -> Mapping[str, Helper]:
        """Those that programs may call, by name."""
        return self.helpers.fitting

    @property
    def notices(self) -> tuple[str, ...]:
        """What people should know of the file."""
        if not self.path.exists():
            return (f"{self.path} is not there yet: the first helper that is kept begins it",)
        return tuple(f"{self.path}: {notice}" for notice in self.helpers.notices)

    def callable(self, tools: Mapping[str, ToolSpec]) -> Mapping[str, ToolSpec]:
        """Tools and helpers, all as tools: what a grammar lets a program call."""
        return {**tools, **{name: one.spec for name, one in self.fitting.items()}}

    def linked(self, program: str, before: str = "") -> str:
        """The program below the definitions that it calls and lacks: `Helpers.linked`."""
        return self.helpers.linked(program, before)

    def untold(self, planner: object) -> str:
        """What people should know of a planner that is not told of the helpers; "" of others."""
        if getattr(getattr(planner, "prompts", None), "helper_library", None) is not None:
            return ""
        name = getattr(planner, "name", "at hand")
        return f"the planner {name} takes no helpers: it is not told of those in {self.path}"

    def keep(self, program: str) -> Kept:
        """Add the new helpers of a program that passed the check and answered.

        Helpers of other processes are not lost: the file is read again under a lock. Whatever
        goes wrong is a notice, since the answer is there.
        """
        if "def " not in program:
            return Kept()
        try:
            made, notices = self.helpers.additions(program)
            if made:  # so far as we know; the file decides
                made, notices = self._write(program)
        except (OSError, ImportError, SettingsError, ProgramError) as error:
            return Kept((), (f"{self.path}: no helpers are kept: {error}",))
        names = tuple(helper.name for helper in made)
        told = [f"helper `{name}` is kept" for name in names]
        return Kept(names, tuple(f"{self.path}: {notice}" for notice in (*told, *notices)))

    def _write(self, program: str) -> tuple[tuple[Helper, ...], tuple[str, ...]]:
        target = self.path.resolve()  # where it is a link, what that leads to
        with _locked(target.parent):
            before = _text(target)
            helpers = _helpers(target, before, self.tools)
            made, notices = helpers.additions(program, MAX_CHARACTERS - len(before) - 2)
            if made:
                texts = [before.rstrip(), *(helper.text.rstrip() for helper in made)]
                _replace(target, "\n\n\n".join(filter(None, texts)) + "\n")
        return made, notices


def read_helpers(path: Path, tools: Mapping[str, ToolSpec]) -> Helpers:
    """The helpers of a file; none where there is none.

    Raises:
        SettingsError: as `Library.read`.
    """
    return _helpers(path, _text(path), tools)


def _helpers(path: Path, text: str, tools: Mapping[str, ToolSpec]) -> Helpers:
    try:
        return Helpers.of(text, tools)
    except ProgramError as error:
        raise SettingsError(f"{path} is no file of helpers:\n{error}") from error


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise SettingsError(f"{path} has more than {MAX_CHARACTERS} characters")
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the helpers {path} cannot be read: {error}") from None


def _stamp(path: Path) -> object:
    """What tells one state of a file from another; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Alone among those who write in a folder: the file itself is replaced, so it bears no lock.

    Raises:
        OSError: another has it for too long, or there are no locks here.
    """
    import fcntl  # not on every system

    handle = os.open(folder, os.O_RDONLY)
    try:
        until = time.monotonic() + WAIT
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise TimeoutError("another process keeps the folder locked") from None
                time.sleep(0.01)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    made = path.with_name(f".{path.name}.new")
    try:
        with made.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, made)
        os.replace(made, path)
    finally:
        made.unlink(missing_ok=True)
