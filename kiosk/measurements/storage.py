"""One SQLite file on the kiosk's disk: one writer, every commit synced, and every fault of the disk a reason.

What is in it stands in outbox_schema.py. A commit waits for the disk, some milliseconds on an SSD and far more on worn
flash: call from an asyncio loop through ``asyncio.to_thread``. Every method may be called from any thread; they take
turns.
"""

from __future__ import annotations

import enum
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kiosk.measurements.sealing import SealingKey


class OutboxReason(enum.Enum):
    """Why the outbox cannot be used; core shows it as storage that has failed."""

    CANNOT_OPEN = "cannot-open"
    IN_USE = "in-use"
    OLDER = "older"
    NEWER = "newer"
    DAMAGED = "damaged"
    KEY_MISSING = "key-missing"
    FULL = "full"
    READ_ONLY = "read-only"
    BUSY = "busy"
    FAILED = "failed"


class OutboxError(Exception):
    """The database failed, for a reason out of :class:`OutboxReason`. What was to be kept is not kept."""

    def __init__(self, reason: OutboxReason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason


class Database:
    """An open connection. ``key`` None: opened only to look at what is not sealed."""

    def __init__(self, connection: sqlite3.Connection, *, key: SealingKey | None, lock: int | None = None) -> None:
        self._connection = connection
        self._key = key
        self._lock = lock
        self._turn = threading.RLock()

    @property
    def key(self) -> SealingKey:
        """Raises OutboxError."""
        if self._key is None:
            raise OutboxError(
                OutboxReason.KEY_MISSING, "the contents are sealed, and there is no key here to open them"
            )
        return self._key

    def read(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows. Raises OutboxError."""
        with self._turn, translated():
            return self._connection.execute(sql, values).fetchall()

    def write(self, sql: str, values: tuple[object, ...]) -> int:
        """One statement in a transaction of its own; how many rows it changed. Raises OutboxError."""
        with self.transaction() as connection:
            return connection.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing, and on the disk when it is left. Raises OutboxError."""
        with self._turn, translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file and let another process have it."""
        with self._turn:
            self._connection.close()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None


def take_lock(path: Path) -> int:
    """A lock beside the database: two uploaders at once could each create the same Observation on the server."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OutboxError(OutboxReason.CANNOT_OPEN, f"{path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise OutboxError(OutboxReason.IN_USE, f"{path} is open in another process") from error
    return lock


def connect(path: Path, *, writing: bool) -> sqlite3.Connection:
    """A connection as all of them are; with ``writing`` the file is made when it is not there. Raises OutboxError."""
    if writing:
        _make_private(path)
        _refuse_remnants(path)
    mode = "rw" if writing else "ro"
    with translated():
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=5.0,
        )


def _make_private(path: Path) -> None:
    """The file exists, readable by the kiosk alone, and its name is on the disk too."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise OutboxError(OutboxReason.CANNOT_OPEN, f"{path}: {error.strerror}") from error


def _refuse_remnants(path: Path) -> None:
    """SQLite takes a file of a few bytes for a new database, and deletes the log beside an empty one."""
    try:
        size = path.stat().st_size
        log = path.with_name(path.name + "-wal")
        orphaned = size == 0 and log.exists() and log.stat().st_size > 0
    except OSError as error:
        raise OutboxError(OutboxReason.CANNOT_OPEN, f"{path}: {error.strerror}") from error
    if orphaned or 0 < size < _SMALLEST_DATABASE:
        raise OutboxError(OutboxReason.DAMAGED, f"{path} was cut off")


_SMALLEST_DATABASE = 512
"""Bytes: one page of the smallest kind."""

_REASONS = {
    sqlite3.SQLITE_FULL: OutboxReason.FULL,
    sqlite3.SQLITE_READONLY: OutboxReason.READ_ONLY,
    sqlite3.SQLITE_CORRUPT: OutboxReason.DAMAGED,
    sqlite3.SQLITE_NOTADB: OutboxReason.DAMAGED,
    sqlite3.SQLITE_BUSY: OutboxReason.BUSY,
    sqlite3.SQLITE_LOCKED: OutboxReason.BUSY,
    sqlite3.SQLITE_CANTOPEN: OutboxReason.CANNOT_OPEN,
}


@contextmanager
def translated() -> Iterator[None]:
    """What the disk does wrong, as an OutboxError; a mistake in our SQL stays what it is."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte; the rest refines it
        raise OutboxError(_REASONS.get(code, OutboxReason.FAILED), str(error)) from error
