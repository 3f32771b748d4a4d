"""Encoded results on disk: one SQLite file that threads and processes share.

Every entry has a checksum. The file is bounded by the bytes of its entries; those not used for the
longest go first.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from visprog.errors import SettingsError
from visprog.execution.database import (
    FILE,
    aside,
    connect,
    disk_size,
    set_aside,
    unreadable,
    writing,
)

LIMIT = 2 * 2**30  # bytes
ENTRY = 200  # bytes of an entry besides its data, about
USES = 512  # that may wait to be written
ROOM = 0.9  # of the bound is what is left after old entries went

log = logging.getLogger("visprog.cache")

_FOUND = "SELECT checksum, data FROM entries JOIN contents USING (id) WHERE key = ?"
_ADD = "INSERT INTO entries (key, tool, size, used, checksum) VALUES (?, ?, ?, ?, ?)"
_TOOLS = "SELECT tool, count(*), sum(size) FROM entries GROUP BY tool ORDER BY 3 DESC"


@dataclass(frozen=True)
class StoreStats:
    """What a store holds. `bytes`, `limit`: of its entries; `disk`: bytes of its files; `hits`,
    `misses`, `corrupted`: since it began, of all processes; `tools`: entries and bytes of each."""

    path: Path
    entries: int
    bytes: int
    limit: int
    disk: int
    hits: int
    misses: int
    corrupted: int
    tools: Mapping[str, tuple[int, int]]


class Store:
    """Results on disk, by key. Thread-safe, and safe to share between processes.

    A fault of the disk or of the file costs results, never a run: it is told in `notices` and in
    the log `visprog.cache`, and what it hides counts as missing.
    """

    _opened: sqlite3.Connection | None
    _used: dict[str, int]  # when, by key; not written yet
    _counts: dict[str, int]  # since they were last written
    _close_abandoned: weakref.finalize[..., Store] | None = None

    def __init__(self, directory: Path, limit: int = LIMIT) -> None:
        """`directory`: made if it is absent; `limit`: bytes.

        Raises:
            SettingsError: the directory cannot be written.
        """
        self.path = directory / FILE
        self._limit = limit
        self._notices: dict[str, None] = {}
        self._start()
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not os.access(directory, os.W_OK | os.X_OK):
                raise PermissionError("no permission to write")
            with self._lock:
                self._open()
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or error
            raise SettingsError(
                f"cannot keep results in {directory}: {why}; "
                "set VISPROG_CACHE_DIR to another folder, or go without: --no-cache"
            ) from None
        _stores.add(self)

    @property
    def notices(self) -> tuple[str, ...]:
        """What went wrong so far, in words for people; each kind once."""
        return tuple(self._notices)

    def get(self, key: str) -> bytes | None:
        """The data of a key; None where there is none, or none that is whole."""
        with self._lock, self._guarded("read"):
            checksum, data = self._database.execute(_FOUND, (key,)).fetchone() or (None, None)
            if data is None:
                self._counts["misses"] += 1
            elif not isinstance(data, bytes) or _checksum(key, data) != checksum:
                data = None
                self._reject(key)
            else:
                self._counts["hits"] += 1
                self._used[key] = _now()
            if sum(self._counts.values()) >= USES:
                with self._guarded("write"), writing(self._database):
                    self._flush()
            return data
        return None

    def put_many(self, pairs: Iterable[tuple[str, bytes]]) -> None:
        """Keep data by key, in one transaction; the least recently used make room."""
        rows = [(key, data) for key, data in pairs if len(data) + ENTRY <= self._limit * ROOM]
        with self._lock, self._guarded("write"), writing(self._database):
            self._flush()
            for key, data in rows:
                self._insert(key, data)
            if self._total("bytes") > self._limit:
                self._evict()

    def reject(self, key: str) -> None:
        """Delete an entry whose data turned out to be of no use, and count it."""
        with self._lock, self._guarded("write"):
            self._reject(key)

    def stats(self) -> StoreStats:
        """What there is, as all processes have written it by now."""
        tools: dict[str, tuple[int, int]] = {}
        counts = dict.fromkeys(self._counts, 0)
        with self._lock, self._guarded("read"), writing(self._database):
            self._flush()
            rows = self._database.execute(_TOOLS).fetchall()
            tools = {tool: (entries, size) for tool, entries, size in rows}
            counts = {name: self._total(name) for name in counts}
        entries, size = (sum(part) for part in zip((0, 0), *tools.values(), strict=True))
        disk = disk_size(self.path)
        return StoreStats(self.path, entries, size, self._limit, disk, tools=tools, **counts)

    def clear(self) -> StoreStats:
        """Delete every entry, and what was set aside; tells what there was."""
        before = self.stats()
        with self._lock, self._guarded("clear"):
            with writing(self._database):
                self._used.clear()
                self._database.execute("DELETE FROM entries")
                self._database.execute("UPDATE totals SET count = 0")
            with suppress(sqlite3.OperationalError):  # in use: the next results take the room
                self._database.execute("VACUUM")
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            aside(self.path).unlink(missing_ok=True)
        return before

    def close(self) -> None:
        """Write what waits. A store that was closed opens again when it is used."""
        with self._lock, self._guarded("write"):
            if self._opened is not None:
                with writing(self._opened):
                    self._flush()
                self._opened.close()
                self._opened = None

    # -- entries; the lock is held

    def _insert(self, key: str, data: bytes) -> None:
        run = self._database.execute
        run("DELETE FROM entries WHERE key = ?", (key,))
        tool = key.partition(":")[0] if ":" in key else ""
        made = run(_ADD, (key, tool, len(data) + ENTRY, _now(), _checksum(key, data)))
        run("INSERT INTO contents VALUES (?, ?)", (made.lastrowid, data))

    def _evict(self) -> None:
        """Delete entries, oldest use first, until there is room again."""
        excess = self._total("bytes") - int(self._limit * ROOM)
        gone = []
        for number, size in self._database.execute("SELECT id, size FROM entries ORDER BY used"):
            if excess <= 0:
                break
            gone.append((number,))
            excess -= size
        self._database.executemany("DELETE FROM entries WHERE id = ?", gone)

    def _reject(self, key: str) -> None:
        self._counts["corrupted"] += 1
        self._used.pop(key, None)
        self._tell("a result in the cache was damaged; it was deleted and is made again")
        with writing(self._database):
            self._database.execute("DELETE FROM entries WHERE key = ?", (key,))

    def _total(self, name: str) -> int:
        row = self._database.execute("SELECT count FROM totals WHERE name = ?", (name,))
        return int(row.fetchone()[0])

    def _flush(self) -> None:
        """Write the uses and the counts that wait: a read alone costs no write."""
        uses = [(at, key) for key, at in self._used.items()]
        counts = [(count, name) for name, count in self._counts.items() if count]
        run = self._database.executemany
        if uses:
            run("UPDATE entries SET used = ? WHERE key = ?", uses)
        if counts:
            run("UPDATE totals SET count = count + ? WHERE name = ?", counts)
        self._used.clear()
        self._counts = dict.fromkeys(self._counts, 0)

    # -- the file; the lock is held

    def _start(self) -> None:
        self._lock = threading.RLock()
        self._opened = None
        self._used = {}
        self._counts = {"hits": 0, "misses": 0, "corrupted": 0}

    @property
    def _database(self) -> sqlite3.Connection:
        return self._opened or self._open()

    def _open(self) -> sqlite3.Connection:
        try:
            made = connect(self.path)
        except sqlite3.Error as error:
            if not unreadable(error):
                raise
            self._set_aside(error)
            made = connect(self.path)
        self._opened = made
        self._close_abandoned = weakref.finalize(self, made.close)
        self._close_abandoned.atexit = False  # `_close_all` comes first
        return made

    @contextmanager
    def _guarded(self, verb: str) -> Iterator[None]:
        """Tell a fault of the file instead of raising it; one that is damaged is set aside."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self._tell(f"cannot {verb} the cache {self.path}: {error}")
            if unreadable(error):
                if self._opened is not None:
                    self._opened.close()
                self._opened = None
                with suppress(OSError):  # told already
                    self._set_aside(error)

    def _set_aside(self, error: Exception) -> None:
        if set_aside(self.path):
            self._tell(
                f"the cache {self.path} is damaged or not ours ({error}); it was renamed to "
                f"{aside(self.path).name}, and a new one begun"
            )

    def _tell(self, notice: str) -> None:
        if notice not in self._notices:
            self._notices[notice] = None
            log.warning(notice)

    def _forked(self) -> None:
        """In a child process: the parent's connection and lock are not ours to use or to close."""
        _inherited.append(self._opened)
        if self._close_abandoned is not None:
            self._close_abandoned.detach()
        self._start()


def _checksum(key: str, data: bytes) -> bytes:
    made = hashlib.blake2b(data, digest_size=16)
    made.update(key.encode())
    return made.digest()


def _now() -> int:
    return time.time_ns() // 1000


_stores: weakref.WeakSet[Store] = weakref.WeakSet()
_inherited: list[sqlite3.Connection | None] = []


def _close_all() -> None:
    for store in list(_stores):
        store.close()


def _fork_all() -> None:
    for store in list(_stores):
        store._forked()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fork_all)
