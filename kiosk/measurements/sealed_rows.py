"""The rows whose contents are sealed: how each is written and opened, and what it is bound to. No transactions here."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import msgspec

from kiosk.facts.history import Point
from kiosk.measurements.outbox_values import Traced
from kiosk.measurements.resource import Reference
from kiosk.measurements.sealing import SealingKey


class Payload(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of an item: the body as it will be sent, and what it refers to."""

    body: bytes
    refers: tuple[Reference, ...]


_PAYLOAD = msgspec.msgpack.Decoder(Payload)
_POINT = msgspec.json.Decoder(Point)


def reading_seal(key: SealingKey, reading: bytes, reading_id: str, patient: str) -> bytes:
    """A reading's JSON, sealed."""
    return key.seal(reading, "reading", reading_id, patient)


def open_reading(key: SealingKey, sealed: bytes, reading_id: str, patient: str) -> bytes:
    """Raises BrokenSealError."""
    return key.open(sealed, "reading", reading_id, patient)


def add_item(
    connection: sqlite3.Connection,
    key: SealingKey,
    reading: int | None,
    patient: str,
    resource_type: str,
    identifier: str,
    body: bytes,
    refers: tuple[Reference, ...],
) -> bool:
    """A resource to deliver, of a reading or of none; False when one of that identifier is here already."""
    sealed = key.seal(msgspec.msgpack.encode(Payload(body, refers)), "item", identifier, patient)
    cursor = connection.execute(
        "INSERT INTO item (identifier, reading, resource_type, patient, digest, sealed) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (identifier) DO NOTHING",
        (identifier, reading, resource_type, patient, key.digest(body), sealed),
    )
    return cursor.rowcount == 1


def open_item(key: SealingKey, sealed: bytes, identifier: str, patient: str) -> Payload:
    """Raises BrokenSealError."""
    return _PAYLOAD.decode(key.open(sealed, "item", identifier, patient))


def add_point(connection: sqlite3.Connection, key: SealingKey, reading: int, patient: str, traced: Traced) -> None:
    """What a reading leaves on the patient's curve; once for each reading."""
    sealed = key.seal(msgspec.json.encode(traced.point), "history", str(reading), patient)
    connection.execute(
        "INSERT INTO history (reading, patient, kind, month, sealed) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (reading) DO NOTHING",
        (reading, patient, traced.kind.value, month(traced.point.at), sealed),
    )


def open_point(key: SealingKey, sealed: bytes, reading: int, patient: str) -> Point:
    """Raises BrokenSealError."""
    return _POINT.decode(key.open(sealed, "history", str(reading), patient))


def month(at: datetime) -> int:
    """All that a curve's index tells in the clear: ``202607``."""
    utc = at.astimezone(UTC)
    return utc.year * 100 + utc.month
