"""Readings on disk until the care platform has them: SQLite, sealed, synced at every commit. It knows no network.

``Outbox.keep`` returns when the reading and all that will be sent of it are on the disk (WAL, synchronous=FULL), so
what comes after may say «Lagret». A reading's identity is fixed here together with it; the same identity again is
counted, not stored twice. Nothing is dropped: a full disk is an error that the caller must show.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from kiosk.facts.history import Point
from kiosk.facts.measurement import MeasurementKind
from kiosk.measurements import history
from kiosk.measurements.journal import JournalStore
from kiosk.measurements.outbox_export import export_to
from kiosk.measurements.outbox_schema import SCHEMA_VERSION, bring_up_to_date, version_of
from kiosk.measurements.outbox_values import (
    Capture,
    Counts,
    Entry,
    HeldReading,
    ItemEntry,
    Kept,
    State,
    Traced,
    Waiting,
)
from kiosk.measurements.resource import Resource
from kiosk.measurements.sealed_rows import add_item, add_point, open_item, open_reading, reading_seal
from kiosk.measurements.sealing import BrokenSealError, SealingKey, SealingKeyError, load_key, load_or_make_key
from kiosk.measurements.storage import (
    Database,
    OutboxError,
    OutboxReason,
    connect,
    take_lock,
    translated,
)

__all__ = [
    "Capture",
    "Counts",
    "Entry",
    "HeldReading",
    "ItemEntry",
    "Kept",
    "Outbox",
    "OutboxError",
    "OutboxReason",
    "State",
    "Traced",
    "Waiting",
]

_log = logging.getLogger(__name__)

KEY_FILE = "sealing.key"
"""Beside the database when nobody says where the key is: for development. On a tablet it lies elsewhere."""

PAYLOADS_KEPT = timedelta(days=30)
"""How long contents stay after the server has them."""

_SERVER_ID = "SELECT server_id FROM item WHERE identifier = ?"
_SAME_TIME = (
    "SELECT reading_id FROM reading WHERE same_time = ? AND reading_id != ? AND state != 'failed' ORDER BY number"
)

_FURTHEST_ATTEMPT_S = 7200.0
"""A next attempt further away than this was written by a clock that has since been put right: it is due."""


class Outbox:
    """The readings, their resources and the patient's curves. Made by :meth:`open`; one writing process at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.journal = JournalStore(database)
        """Of raw packets, in the same file."""

    @classmethod
    def open(cls, path: Path, key: SealingKey | Path | None = None, *, writing: bool = True) -> Self:
        """Open or make the database. Raises OutboxError; an unusable file is left as it is.

        ``key``: the key, or the file that holds it (None: ``sealing.key`` beside the database). The file is made
        together with a database, never for one that is sealed already. ``writing=False`` only looks (``kiosk outbox
        status``), may be done while the kiosk runs, and needs the key only for what is sealed.
        """
        lock = take_lock(path) if writing else None
        try:
            connection = connect(path, writing=writing)
            try:
                with translated():
                    found = _prepare(connection, path, key, writing)
            except BaseException:
                connection.close()
                raise
        except BaseException:
            if lock is not None:
                os.close(lock)
            raise
        return cls(Database(connection, key=found, lock=lock))

    # -- keeping -----------------------------------------------------------------------------------------------------

    def keep(self, capture: Capture) -> Kept:
        """Put a reading with its resources on disk; durable when it returns. Raises OutboxError: then it is not kept.

        ValueError: the Observation of a WAITING reading is missing, or another one has an Observation to send.
        """
        if (capture.state is State.WAITING) != any(one.identifier == capture.reading_id for one in capture.resources):
            raise ValueError(
                "an Observation under the reading's identity belongs to a waiting reading, and to no other"
            )
        key = self._database.key
        sealed = reading_seal(key, capture.reading, capture.reading_id, capture.patient)
        same_time = None if capture.same_time is None else key.digest(capture.same_time.encode())
        with self._database.transaction() as connection:
            ((number, seen, state),) = connection.execute(
                "INSERT INTO reading (reading_id, patient, captured_at, state, reason, same_time, digest, sealed)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (reading_id) DO UPDATE SET seen = seen + 1"
                " RETURNING number, seen, state",
                (
                    *(capture.reading_id, capture.patient, capture.captured_at.isoformat(), capture.state.value),
                    *(capture.reason, same_time, key.digest(capture.reading), sealed),
                ),
            ).fetchall()
            if seen > 1:
                server_id = connection.execute(_SERVER_ID, (capture.reading_id,)).fetchone()
                return Kept(capture.reading_id, False, State(state), None if server_id is None else server_id[0])
            conflicts = _flag_conflicts(connection, capture, same_time)
            _add(connection, key, number, capture.patient, capture.resources, capture.traced)
        return Kept(capture.reading_id, True, State(state), conflicts_with=conflicts)

    def keep_message(self, message: Resource, patient: str) -> bool:
        """Put what belongs to no reading on disk; durable when it returns. False: it is here, by its identifier.

        Raises OutboxError: then it is not kept.
        """
        key = self._database.key
        with self._database.transaction() as connection:
            return add_item(
                *(connection, key, None, patient),
                *(message.resource_type, message.identifier, message.body, message.refers),
            )

    def release(self, reading_id: str, resources: Sequence[Resource], traced: Traced | None = None) -> bool:
        """A reading that is held here may be sent after all (a person has said whose it is); durable when it returns.

        ``resources`` as in :class:`Capture`: if the Observation is not among them the reading stays held, and only what
        was given is sent. False, and nothing is changed: it is not here, or not held, or the server has refused it.
        """
        key = self._database.key
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT number, patient FROM reading WHERE reading_id = ? AND state = 'held'"
                " AND reading_id NOT IN (SELECT identifier FROM item)",
                (reading_id,),
            ).fetchall()
            if not rows:
                return False
            ((number, patient),) = rows
            _add(connection, key, number, patient, resources, traced)
            if any(one.identifier == reading_id for one in resources):
                connection.execute("UPDATE reading SET state = 'waiting', reason = NULL WHERE number = ?", (number,))
        return True

    def deny(self, reading_id: str) -> bool:
        """A held reading is somebody else's: it stays, and is never sent. False: it is not here, or not held here."""
        changed = self._database.write(
            "UPDATE reading SET state = 'denied' WHERE reading_id = ? AND state = 'held'"
            " AND reading_id NOT IN (SELECT identifier FROM item)",
            (reading_id,),
        )
        return changed == 1

    def at_same_time(self, same_time: str, reading_id: str) -> tuple[str, ...]:
        """The other readings with a value whose ``same_time`` this is: with which it would conflict, were it kept."""
        rows = self._database.read(_SAME_TIME, (self._database.key.digest(same_time.encode()), reading_id))
        return tuple(other for (other,) in rows)

    def held(self, reason: str) -> tuple[HeldReading, ...]:
        """The readings that are held for that reason, oldest first, with what they say."""
        rows = self._database.read(
            "SELECT reading_id, patient, captured_at, sealed FROM reading WHERE state = 'held' AND reason = ?"
            " ORDER BY number",
            (reason,),
        )
        found: list[HeldReading] = []
        for reading_id, patient, captured_at, sealed in rows:
            try:
                reading = open_reading(self._database.key, sealed, reading_id, patient)
            except BrokenSealError:
                _log.error("a held reading cannot be opened")
                continue
            found.append(HeldReading(reading_id, patient, datetime.fromisoformat(captured_at), reading))
        return tuple(found)

    # -- sending -----------------------------------------------------------------------------------------------------

    def waiting(self, now: float | None, after: int = 0, limit: int = 50) -> tuple[Waiting, ...]:
        """What is due at ``now`` (Unix seconds), in the order of capture; with None, all that waits, due or not.

        ``after``: the sequence to go on from. An item whose seal is broken is held from now on, and not given.
        """
        found: list[Waiting] = []
        while not found and (rows := self._due(now, after, limit)):
            for after, identifier, patient, resource_type, sealed, attempts, alone in rows:
                try:
                    payload = open_item(self._database.key, sealed, identifier, patient)
                except BrokenSealError:
                    _log.error("%s %s cannot be opened; it is held", resource_type, identifier)
                    self.mark_held(identifier, "seal broken")
                    continue
                body, refers = payload.body, payload.refers
                found.append(Waiting(after, identifier, patient, resource_type, body, attempts, refers, alone))
        return tuple(found)

    def _due(self, now: float | None, after: int, limit: int) -> list[tuple[Any, ...]]:
        due = "" if now is None else " AND NOT (next_attempt > ? AND next_attempt <= ?)"
        times = () if now is None else (now, now + _FURTHEST_ATTEMPT_S)
        return self._database.read(
            "SELECT sequence, identifier, patient, resource_type, sealed, attempts, alone FROM item"
            f" WHERE state = 'waiting' AND sequence > ?{due} ORDER BY sequence LIMIT ?",
            (after, *times, limit),
        )

    def next_attempt(self) -> float | None:
        """When the next item is due (Unix seconds); None when none waits."""
        earliest: float | None = self._database.read("SELECT min(next_attempt) FROM item WHERE state = 'waiting'")[0][0]
        return earliest

    def server_id(self, identifier: str) -> str | None:
        """Under which logical id the server has the resource; None when it has not (yet)."""
        rows = self._database.read(_SERVER_ID, (identifier,))
        found: str | None = rows[0][0] if rows else None
        return found

    def mark_delivered(self, identifier: str, server_id: str, at: datetime) -> None:
        """The server has it under ``server_id``."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE item SET state = 'delivered', server_id = ?, delivered_at = ?, last_error = NULL"
                " WHERE identifier = ?",
                (server_id, at.timestamp(), identifier),
            )
            connection.execute(
                "UPDATE reading SET state = 'delivered', reason = NULL, delivered_at = ? WHERE reading_id = ?",
                (at.timestamp(), identifier),
            )

    def mark_retry(self, identifier: str, error: str, next_attempt: float, *, alone: bool = False) -> None:
        """An attempt failed; the next is due at ``next_attempt`` (Unix seconds). ``alone``: others may still pass."""
        self._database.write(
            "UPDATE item SET attempts = attempts + 1, alone = alone + ?, last_error = ?, next_attempt = ?"
            " WHERE identifier = ?",
            (int(alone), error, next_attempt, identifier),
        )

    def mark_held(self, identifier: str, reason: str) -> None:
        """The server will never take it: kept, visible, not sent again by itself; later ones go on."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE item SET state = 'held', attempts = attempts + 1, reason = ?, last_error = ?"
                " WHERE identifier = ?",
                (reason, reason, identifier),
            )
            connection.execute(
                "UPDATE reading SET state = 'held', reason = ? WHERE reading_id = ?", (reason, identifier)
            )

    # -- looking -----------------------------------------------------------------------------------------------------

    def counts(self) -> Counts:
        """How many readings are in which state."""
        rows = self._database.read("SELECT state, count(*), sum(seen - 1) FROM reading GROUP BY state")
        return Counts(
            **{state: number for state, number, _ in rows},
            repeats=sum(again for _, _, again in rows),
        )

    def is_reading(self, identifier: str) -> bool:
        """Whether it is the identity of a reading, and not of a Device or a Communication."""
        return bool(self._database.read("SELECT 1 FROM reading WHERE reading_id = ?", (identifier,)))

    def entries(self) -> tuple[Entry, ...]:
        """Every reading without its values, oldest first."""
        rows = self._database.read(
            "SELECT reading_id, reading.patient, captured_at, reading.state, reading.reason, conflict,"
            " coalesce(attempts, 0), last_error, server_id"
            " FROM reading LEFT JOIN item ON item.identifier = reading.reading_id ORDER BY number"
        )
        return tuple(_struct(Entry, row) for row in rows)

    def items(self) -> tuple[ItemEntry, ...]:
        """Every resource without its contents, in the order of sending."""
        rows = self._database.read(
            "SELECT identifier, resource_type, patient, state, reason, attempts, last_error, server_id FROM item"
            " ORDER BY sequence"
        )
        return tuple(_struct(ItemEntry, row) for row in rows)

    def history(self, patient: str, kind: MeasurementKind, since: datetime | None = None) -> tuple[Point, ...]:
        """The points of a patient's curve since then (with an offset; None: all), oldest first."""
        return history.history(self._database, patient, kind, since)

    def export(self, path: Path) -> int:
        """Write what waits or is held, with its contents, as NDJSON for support (outbox_export.py); how many lines."""
        return export_to(self._database, path)

    # -- the end -----------------------------------------------------------------------------------------------------

    def prove_writable(self) -> None:
        """Write something that changes nothing, synced. Raises OutboxError while the disk refuses."""
        self._database.write("UPDATE sealing SET check_value = ?", (self._database.key.check_value,))

    def expire(self, now: datetime) -> int:
        """Delete the contents of what the server has had for 30 days; how many. What was not sent stays for ever.

        Identity, hash and state stay for an audit, and the points on the curve for the patient.
        """
        until = (now - PAYLOADS_KEPT).timestamp()
        with self._database.transaction() as connection:
            for table in ("item", "reading"):
                # Delivered in the future: the clock has been put back since, so the 30 days begin now.
                connection.execute(
                    f"UPDATE {table} SET delivered_at = ?1 WHERE delivered_at > ?1 + 86400.0", (now.timestamp(),)
                )
            gone = connection.execute(
                "UPDATE item SET sealed = NULL WHERE sealed IS NOT NULL AND state = 'delivered' AND delivered_at <= ?",
                (until,),
            ).rowcount
            gone += connection.execute(
                "UPDATE reading SET sealed = NULL WHERE sealed IS NOT NULL AND state = 'delivered'"
                " AND delivered_at <= ? AND number NOT IN"
                " (SELECT reading FROM item WHERE state != 'delivered' AND reading IS NOT NULL)",
                (until,),
            ).rowcount
        return gone + self.journal.expire(now)

    def close(self) -> None:
        """Close the database and let another process have it."""
        self._database.close()


_Row = TypeVar("_Row", Entry, ItemEntry)


def _struct(kind: type[_Row], row: tuple[Any, ...]) -> _Row:
    return msgspec.convert(dict(zip(kind.__struct_fields__, row, strict=True)), kind, strict=False)


def _add(
    connection: sqlite3.Connection,
    key: SealingKey,
    number: int,
    patient: str,
    resources: Sequence[Resource],
    traced: Traced | None,
) -> None:
    for one in resources:
        add_item(connection, key, number, patient, one.resource_type, one.identifier, one.body, one.refers)
    if traced is not None:
        add_point(connection, key, number, patient, traced)


def _flag_conflicts(connection: sqlite3.Connection, capture: Capture, same_time: bytes | None) -> tuple[str, ...]:
    """Both readings are flagged; a try that gave no value contradicts nothing."""
    if same_time is None or capture.state is State.FAILED:
        return ()
    rows = connection.execute(_SAME_TIME, (same_time, capture.reading_id)).fetchall()
    if rows:
        connection.execute("UPDATE reading SET conflict = 1 WHERE same_time = ? AND state != 'failed'", (same_time,))
    return tuple(reading_id for (reading_id,) in rows)


def _prepare(
    connection: sqlite3.Connection, path: Path, key: SealingKey | Path | None, writing: bool
) -> SealingKey | None:
    version = version_of(connection, path)
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise OutboxError(OutboxReason.DAMAGED, f"{path}: {verdict}")
    if not writing:
        if version != SCHEMA_VERSION:
            state = "is empty" if version == 0 else "was written by an older Svar; start the kiosk once"
            raise OutboxError(OutboxReason.CANNOT_OPEN if version == 0 else OutboxReason.OLDER, f"{path} {state}")
        try:
            return _key(path, key, making=False, connection=connection)
        except OutboxError:
            return None  # what is not sealed can be looked at without
    found = _key(path, key, making=version < SCHEMA_VERSION, connection=connection)
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    bring_up_to_date(connection, version, found)
    return found


def _key(path: Path, key: SealingKey | Path | None, *, making: bool, connection: sqlite3.Connection) -> SealingKey:
    """The key to the database; ``making``: nothing is sealed yet, so any key is right."""
    try:
        if not isinstance(key, SealingKey):
            file = path.with_name(KEY_FILE) if key is None else key
            key = load_or_make_key(file) if making else load_key(file)
    except SealingKeyError as error:
        raise OutboxError(OutboxReason.KEY_MISSING, f"{error}; {path} cannot be opened without its key") from error
    if not making and connection.execute("SELECT check_value FROM sealing").fetchall() != [(key.check_value,)]:
        raise OutboxError(OutboxReason.KEY_MISSING, f"the key is not that of {path}; bring back the right one")
    return key
