"""Readings on disk until the care platform has them: SQLite, synced at every commit. It knows no FHIR and no network.

``Outbox.keep`` returns when the reading is on the disk (WAL, synchronous=FULL), so what comes after may say «Lagret».
A reading's identity is fixed here together with it; the same identity again is counted, not stored twice. Nothing is
dropped: a full disk is an error that the caller must show.

A commit waits for the disk, some milliseconds on an SSD and far more on worn flash: call from an asyncio loop through
``asyncio.to_thread``. Every method may be called from any thread; they take turns.
"""

from __future__ import annotations

import enum
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE reading (
    sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
    reading_id   TEXT NOT NULL UNIQUE,
    patient      TEXT NOT NULL,
    captured_at  TEXT NOT NULL,
    reading      BLOB NOT NULL,
    observation  BLOB,
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'held', 'failed')),
    reason       TEXT,
    seen         INTEGER NOT NULL DEFAULT 1,
    attempts     INTEGER NOT NULL DEFAULT 0,
    next_attempt REAL NOT NULL DEFAULT 0,
    last_error   TEXT,
    server_id    TEXT,
    delivered_at TEXT,
    CHECK (state != 'waiting' OR observation IS NOT NULL)
) STRICT;
CREATE INDEX reading_by_state ON reading (state, sequence);
"""

_FURTHEST_ATTEMPT_S = 7200.0
"""A next attempt further away than this was written by a clock that has since been put right: it is due."""


class OutboxReason(enum.Enum):
    """Why the outbox cannot be used; core shows it as storage that has failed."""

    CANNOT_OPEN = "cannot-open"
    IN_USE = "in-use"
    NEWER = "newer"
    DAMAGED = "damaged"
    FULL = "full"
    READ_ONLY = "read-only"
    BUSY = "busy"
    FAILED = "failed"


class OutboxError(Exception):
    """The database failed, for a reason out of :class:`OutboxReason`. What was to be kept is not kept."""

    def __init__(self, reason: OutboxReason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason


class State(enum.Enum):
    """WAITING to be sent; DELIVERED: the server said so; HELD: kept and visible, not sent; FAILED: has no value."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    HELD = "held"
    FAILED = "failed"


class Capture(msgspec.Struct, frozen=True):
    """What is kept. ``reading`` is the reading as it came (JSON); ``observation`` what will be sent, byte for byte.

    ``reading_id`` is also the Observation's identifier. ``reason`` says why a reading is HELD or FAILED from the start.
    """

    reading_id: str
    patient: str
    captured_at: datetime
    reading: bytes
    observation: bytes | None
    state: State
    reason: str | None = None


class Kept(msgspec.Struct, frozen=True):
    """``new`` is False when this identity was here already; ``state`` and ``server_id`` are then those of the first."""

    reading_id: str
    new: bool
    state: State
    server_id: str | None = None


class Waiting(msgspec.Struct, frozen=True):
    """One Observation to send; ``attempts`` have failed so far. ``sequence`` grows in the order of capture."""

    sequence: int
    reading_id: str
    observation: bytes
    attempts: int


class Counts(msgspec.Struct, frozen=True):
    """How many readings are in which state; ``repeats`` were given again by their device and not stored again."""

    waiting: int = 0
    delivered: int = 0
    held: int = 0
    failed: int = 0
    repeats: int = 0


class Entry(msgspec.Struct, frozen=True):
    """A row for people who look after the device: everything but the values."""

    reading_id: str
    patient: str
    captured_at: str
    state: State
    reason: str | None
    attempts: int
    last_error: str | None
    server_id: str | None


class Outbox:
    """The database. Made by :meth:`open`; one writing process at a time."""

    def __init__(self, connection: sqlite3.Connection, lock: int | None) -> None:
        self._connection = connection
        self._lock = lock
        self._turn = threading.Lock()

    @classmethod
    def open(cls, path: Path, *, writing: bool = True) -> Outbox:
        """Open or make the database. Raises OutboxError; an unusable file is left as it is.

        ``writing=False`` only looks (``kiosk outbox status``) and may be done while the kiosk runs.
        """
        lock = _take_lock(path) if writing else None
        try:
            return cls(_connect(path, writing), lock)
        except BaseException:
            if lock is not None:
                os.close(lock)
            raise

    def keep(self, capture: Capture) -> Kept:
        """Put a reading on disk; durable when it returns. Raises OutboxError, and then it is not kept."""
        with self._transaction() as connection:
            row = connection.execute(
                "INSERT INTO reading (reading_id, patient, captured_at, reading, observation, state, reason)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (reading_id) DO UPDATE SET seen = seen + 1 RETURNING seen, state, server_id",
                (
                    capture.reading_id,
                    capture.patient,
                    capture.captured_at.isoformat(),
                    capture.reading,
                    capture.observation,
                    capture.state.value,
                    capture.reason,
                ),
            ).fetchall()
        seen, state, server_id = row[0]
        return Kept(reading_id=capture.reading_id, new=seen == 1, state=State(state), server_id=server_id)

    def waiting(self, now: float | None, after: int = 0, limit: int = 50) -> tuple[Waiting, ...]:
        """What is due at ``now`` (Unix seconds), oldest first; with None, all that waits, due or not.

        ``after``: the sequence to go on from.
        """
        due = "" if now is None else " AND NOT (next_attempt > ? AND next_attempt <= ?)"
        times = () if now is None else (now, now + _FURTHEST_ATTEMPT_S)
        rows = self._read(
            "SELECT sequence, reading_id, observation, attempts FROM reading WHERE state = 'waiting' AND sequence > ?"
            f"{due} ORDER BY sequence LIMIT ?",
            (after, *times, limit),
        )
        return tuple(Waiting(*row) for row in rows)

    def next_attempt(self) -> float | None:
        """When the next waiting reading is due (Unix seconds); None when none waits."""
        earliest: float | None = self._read("SELECT min(next_attempt) FROM reading WHERE state = 'waiting'")[0][0]
        return earliest

    def mark_delivered(self, reading_id: str, server_id: str, at: datetime) -> None:
        """The server has it under ``server_id``."""
        self._write(
            "UPDATE reading SET state = 'delivered', server_id = ?, delivered_at = ?, last_error = NULL"
            " WHERE reading_id = ?",
            (server_id, at.isoformat(), reading_id),
        )

    def mark_retry(self, reading_id: str, error: str, next_attempt: float) -> None:
        """An attempt failed; the next is due at ``next_attempt`` (Unix seconds)."""
        self._write(
            "UPDATE reading SET attempts = attempts + 1, last_error = ?, next_attempt = ? WHERE reading_id = ?",
            (error, next_attempt, reading_id),
        )

    def mark_held(self, reading_id: str, reason: str) -> None:
        """The server will never take it: kept, visible, not sent again by itself."""
        self._write(
            "UPDATE reading SET state = 'held', attempts = attempts + 1, reason = ?, last_error = ?"
            " WHERE reading_id = ?",
            (reason, reason, reading_id),
        )

    def counts(self) -> Counts:
        """How many are in which state."""
        rows = self._read("SELECT state, count(*), sum(seen - 1) FROM reading GROUP BY state")
        return Counts(
            **{state: number for state, number, _ in rows},
            repeats=sum(again for _, _, again in rows),
        )

    def entries(self) -> tuple[Entry, ...]:
        """Every reading without its values, oldest first."""
        rows = self._read(
            "SELECT reading_id, patient, captured_at, state, reason, attempts, last_error, server_id"
            " FROM reading ORDER BY sequence"
        )
        return tuple(msgspec.convert(dict(zip(Entry.__struct_fields__, row, strict=True)), Entry) for row in rows)

    def close(self) -> None:
        """Close the database and let another process have it."""
        with self._turn:
            self._connection.close()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _read(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._turn, _translated():
            return self._connection.execute(sql, values).fetchall()

    def _write(self, sql: str, values: tuple[object, ...]) -> None:
        with self._transaction() as connection:
            connection.execute(sql, values)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._turn, _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _take_lock(path: Path) -> int:
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


def _connect(path: Path, writing: bool) -> sqlite3.Connection:
    with _translated():
        if writing:
            _make_private(path)
        mode = "rw" if writing else "ro"
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=5.0,
        )
        try:
            _prepare(connection, path, writing)
        except BaseException:
            connection.close()
            raise
    return connection


def _make_private(path: Path) -> None:
    """The file exists, readable by the kiosk alone, and its name is on the disk too."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise OutboxError(OutboxReason.CANNOT_OPEN, f"{path}: {error.strerror}") from error


def _prepare(connection: sqlite3.Connection, path: Path, writing: bool) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise OutboxError(
            OutboxReason.NEWER,
            f"{path} was written by a newer Svar (schema {version}, this one knows {SCHEMA_VERSION}); install that",
        )
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise OutboxError(OutboxReason.DAMAGED, f"{path}: {verdict}")
    if not writing:
        if version == 0:
            raise OutboxError(OutboxReason.CANNOT_OPEN, f"{path} is empty")
        return
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = FULL")
    if version == 0:
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


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
def _translated() -> Iterator[None]:
    """What the disk does wrong, as an OutboxError; a mistake in our SQL stays what it is."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OutboxError(_reason(error), str(error)) from error
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        raise OutboxError(_reason(error), str(error)) from error


def _reason(error: sqlite3.Error) -> OutboxReason:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte; the rest refines it
    return _REASONS.get(code, OutboxReason.FAILED)
