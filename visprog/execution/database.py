"""The SQLite file of a store: its tables, opening it, and setting a damaged one aside.

Write-ahead logging lets readers and a writer work at once, and a process that is killed at any
moment leaves the file whole; the last writes before a machine loses its power may be lost
(synchronous=NORMAL), which costs a cache nothing. https://www.sqlite.org/wal.html
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

SCHEMA = 1
APPLICATION = 0x56505243  # in the header of the file: it is ours
FILE = f"results-{SCHEMA}.sqlite"
WAIT = 10.0  # seconds for another process's write
LOG_SIZE = 64 * 2**20  # bytes that the write-ahead log may keep on the disk

_TABLES = """
CREATE TABLE entries (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, tool TEXT NOT NULL, size INTEGER NOT NULL,
    used INTEGER NOT NULL, checksum BLOB NOT NULL
);
CREATE INDEX by_use ON entries (used);
CREATE TABLE contents (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE totals (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO totals VALUES ('bytes', 0), ('hits', 0), ('misses', 0), ('corrupted', 0);
CREATE TRIGGER added AFTER INSERT ON entries BEGIN
    UPDATE totals SET count = count + new.size WHERE name = 'bytes';
END;
CREATE TRIGGER removed AFTER DELETE ON entries BEGIN
    UPDATE totals SET count = count - old.size WHERE name = 'bytes';
    DELETE FROM contents WHERE id = old.id;
END;
"""
_UNREADABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)


class ForeignError(sqlite3.DatabaseError):
    """A database that is not ours, or of another version."""


def unreadable(error: BaseException) -> bool:
    """Whether an error means that the file is no cache, rather than that it is in use or full."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte: the kind of error
    return isinstance(error, ForeignError) or code in _UNREADABLE


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, or begin it. For any thread, one at a time; transactions are explicit.

    Raises:
        sqlite3.Error: it cannot be opened; `unreadable` tells whether it is no cache at all.
    """
    made = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    try:
        if not _marks(made):
            _begin(made)
        if _marks(made) != (APPLICATION, SCHEMA):
            raise ForeignError("it is of another program or version")
        made.execute("PRAGMA synchronous = NORMAL")
        made.execute(f"PRAGMA journal_size_limit = {LOG_SIZE}")
        made.execute("SELECT name, count FROM totals").fetchall()
    except BaseException:
        made.close()
        raise
    return made


def _marks(database: sqlite3.Connection) -> tuple[int, ...]:
    """Whose a file is, and of what version; () where it has no tables yet."""
    if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return ()
    names = ("application_id", "user_version")
    return tuple(database.execute(f"PRAGMA {name}").fetchone()[0] for name in names)


def _begin(database: sqlite3.Connection) -> None:
    """Make the tables, unless another process does so first."""
    until = time.monotonic() + WAIT
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:  # the change of mode does not wait for others by itself
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
    with writing(database):
        if not _marks(database):
            statement = ""
            for line in _TABLES.splitlines():
                statement += line + "\n"
                if sqlite3.complete_statement(statement):
                    database.execute(statement)
                    statement = ""
            database.execute(f"PRAGMA application_id = {APPLICATION}")
            database.execute(f"PRAGMA user_version = {SCHEMA}")


@contextmanager
def writing(database: sqlite3.Connection) -> Iterator[None]:
    """One transaction, undone where it fails."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def aside(path: Path) -> Path:
    """What a damaged file is renamed to; the last one only is kept."""
    return path.with_name(f"{path.name}.damaged")


def set_aside(path: Path) -> bool:
    """Rename a damaged file; False where another process has done so and the new one is whole.

    Raises:
        OSError: it cannot be renamed.
    """
    with suppress(sqlite3.Error), closing(connect(path)) as database:
        if database.execute("PRAGMA quick_check(1)").fetchone() == ("ok",):
            return False
    os.replace(path, aside(path))
    for log in ("-wal", "-shm"):
        Path(f"{path}{log}").unlink(missing_ok=True)
    return True


def disk_size(path: Path) -> int:
    """Bytes of the file, its log, and what was set aside."""
    files = (Path(f"{path}-wal"), Path(f"{path}-shm"), path, aside(path))
    return sum(file.stat().st_size for file in files if file.exists())
