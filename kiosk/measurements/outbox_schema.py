"""What stands in the outbox's database, and how a database of an earlier Svar becomes one of today.

Version 1 held one Observation for each reading, in the clear. Version 2 seals all contents, carries several resources
for each reading, and has the patient's curves and the journal of raw packets. Version 3 also sends what belongs to no
reading. A migration is one transaction: all of it or nothing.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import msgspec

from drivers.readings import (
    ClockCheck,
    DeviceIdentity,
    Kind,
    Measurement,
    Quantity,
    QuantityName,
    Reading,
    Status,
)
from kiosk.measurements.curves import point_of
from kiosk.measurements.sealed_rows import add_item, add_point, reading_seal
from kiosk.measurements.sealing import SealingKey
from kiosk.measurements.storage import OutboxError, OutboxReason

SCHEMA_VERSION = 3

_ITEM = """
CREATE TABLE item (
    sequence      INTEGER PRIMARY KEY AUTOINCREMENT,
    identifier    TEXT NOT NULL UNIQUE,
    reading       INTEGER REFERENCES reading (number),
    resource_type TEXT NOT NULL,
    patient       TEXT NOT NULL,
    state         TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'held')),
    reason        TEXT,
    attempts      INTEGER NOT NULL DEFAULT 0,
    alone         INTEGER NOT NULL DEFAULT 0,
    next_attempt  REAL NOT NULL DEFAULT 0,
    last_error    TEXT,
    server_id     TEXT,
    delivered_at  REAL,
    digest        BLOB NOT NULL,
    sealed        BLOB,
    CHECK (sealed IS NOT NULL OR state = 'delivered')
) STRICT;
CREATE INDEX item_by_state ON item (state, sequence);
CREATE INDEX item_by_reading ON item (reading);
"""

SCHEMA = f"""
CREATE TABLE sealing (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    check_value BLOB NOT NULL
) STRICT;
CREATE TABLE reading (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    reading_id   TEXT NOT NULL UNIQUE,
    patient      TEXT NOT NULL,
    captured_at  TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'held', 'failed', 'denied')),
    reason       TEXT,
    seen         INTEGER NOT NULL DEFAULT 1,
    same_time    BLOB,
    conflict     INTEGER NOT NULL DEFAULT 0,
    delivered_at REAL,
    digest       BLOB NOT NULL,
    sealed       BLOB,
    CHECK (sealed IS NOT NULL OR state = 'delivered')
) STRICT;
CREATE INDEX reading_by_state ON reading (state, seen);
CREATE INDEX reading_by_time ON reading (same_time) WHERE same_time IS NOT NULL;
{_ITEM}
CREATE TABLE history (
    reading INTEGER PRIMARY KEY REFERENCES reading (number),
    patient TEXT NOT NULL,
    kind    TEXT NOT NULL,
    month   INTEGER NOT NULL,
    sealed  BLOB NOT NULL
) STRICT;
CREATE INDEX history_by_kind ON history (patient, kind, month);
CREATE TABLE session (
    session TEXT PRIMARY KEY,
    settled INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE packet (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    session        TEXT NOT NULL REFERENCES session (session),
    device         BLOB NOT NULL,
    characteristic TEXT NOT NULL,
    received       REAL NOT NULL,
    sealed         BLOB NOT NULL
) STRICT;
CREATE INDEX packet_by_session ON packet (session);
"""
"""``digest`` stays for an audit when ``sealed`` was deleted. Times that are compared are Unix seconds."""


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """0: an empty file. Raises OutboxError for a database of a newer Svar."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise OutboxError(
            OutboxReason.NEWER,
            f"{path} was written by a newer Svar (schema {version}, this one knows {SCHEMA_VERSION}); install that",
        )
    return int(version)


def bring_up_to_date(connection: sqlite3.Connection, version: int, key: SealingKey) -> None:
    """Make the tables, or change those of an earlier version; all or nothing. sqlite3 errors pass through."""
    if version == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version == 1:
            connection.execute("ALTER TABLE reading RENAME TO reading_1")
            connection.execute("DROP INDEX reading_by_state")
        if version == 2:
            _from_version_2(connection)
        else:
            _execute(connection, SCHEMA)
            connection.execute("INSERT INTO sealing VALUES (1, ?)", (key.check_value,))
        if version == 1:
            _from_version_1(connection, key)
            connection.execute("DROP TABLE reading_1")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    if version == 1:
        # secure_delete has overwritten what was in the clear; this takes it out of the log too.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _execute(connection: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";"):
        connection.execute(statement)


# -- version 2 ---------------------------------------------------------------------------------------------------------


def _from_version_2(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE item RENAME TO item_2")
    connection.execute("DROP INDEX item_by_state")
    connection.execute("DROP INDEX item_by_reading")
    _execute(connection, _ITEM)
    columns = (
        "sequence, identifier, reading, resource_type, patient, state, reason, attempts, alone, next_attempt,"
        " last_error, server_id, delivered_at, digest, sealed"
    )
    connection.execute(f"INSERT INTO item ({columns}) SELECT {columns} FROM item_2 ORDER BY sequence")
    connection.execute("DROP TABLE item_2")


# -- version 1 ---------------------------------------------------------------------------------------------------------


class _BloodPressure1(msgspec.Struct, frozen=True, tag="blood-pressure"):
    systolic: Quantity
    diastolic: Quantity
    mean_arterial: Quantity
    pulse_rate: Quantity | None
    device_time: datetime | None
    user: int | None
    status: tuple[Status, ...]
    unknown_bits: int
    raw: bytes
    time_fault: bool = False


class _Reading1(msgspec.Struct, frozen=True):
    value: _BloodPressure1
    device: DeviceIdentity
    received: datetime
    clock: ClockCheck | None = None


class _Observation1(msgspec.Struct, frozen=True):
    effective: datetime = msgspec.field(name="effectiveDateTime")


def _from_version_1(connection: sqlite3.Connection, key: SealingKey) -> None:
    rows = connection.execute(
        "SELECT sequence, reading_id, patient, captured_at, reading, observation, state, reason, seen, attempts,"
        " next_attempt, last_error, server_id, delivered_at FROM reading_1 ORDER BY sequence"
    )
    for row in rows:
        number, reading_id, patient, captured_at, old, observation, state, reason, seen, *delivery = row
        attempts, next_attempt, last_error, server_id, delivered_at = delivery
        reading = _reading_of_1(old)
        data = old if reading is None else msgspec.json.encode(reading)
        delivered = None if delivered_at is None else datetime.fromisoformat(delivered_at).timestamp()
        connection.execute(
            "INSERT INTO reading (number, reading_id, patient, captured_at, state, reason, seen, delivered_at, digest,"
            " sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(number, reading_id, patient, captured_at, state, reason, seen, delivered),
                *(key.digest(data), reading_seal(key, data, reading_id, patient)),
            ),
        )
        if observation is None:
            continue
        add_item(connection, key, number, patient, "Observation", reading_id, observation, ())
        connection.execute(
            "UPDATE item SET state = ?, reason = ?, attempts = ?, next_attempt = ?, last_error = ?, server_id = ?,"
            " delivered_at = ? WHERE identifier = ?",
            (state, reason, attempts, next_attempt, last_error, server_id, delivered, reading_id),
        )
        traced = None if reading is None else point_of(reading.value, _effective_of_1(observation, captured_at))
        if traced is not None:
            add_point(connection, key, number, patient, traced)


def _reading_of_1(old: bytes) -> Reading | None:
    """The same reading as today's value; None when it does not look as it should: then its bytes are kept."""
    try:
        one = msgspec.json.decode(old, type=_Reading1)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    value = one.value
    quantities = {
        QuantityName.SYSTOLIC: value.systolic,
        QuantityName.DIASTOLIC: value.diastolic,
        QuantityName.MEAN_ARTERIAL: value.mean_arterial,
    }
    if value.pulse_rate is not None:
        quantities[QuantityName.PULSE_RATE] = value.pulse_rate
    return Reading(
        value=Measurement(
            kind=Kind.BLOOD_PRESSURE,
            quantities=quantities,
            raw=value.raw,
            device_time=value.device_time,
            time_fault=value.time_fault,
            user=value.user,
            status=value.status,
            unknown_bits=value.unknown_bits,
        ),
        device=one.device,
        received=one.received,
        clock=one.clock,
    )


def _effective_of_1(observation: bytes, captured_at: str) -> datetime:
    try:
        return msgspec.json.decode(observation, type=_Observation1).effective
    except (msgspec.DecodeError, UnicodeDecodeError):
        return datetime.fromisoformat(captured_at)
