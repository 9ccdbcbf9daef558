"""What has not reached the care platform, opened and written as lines of JSON (NDJSON) for support. Nothing is changed.

One line for each reading that waits or is held: ``{"reading_id", "patient", "captured_at", "state", "reason",
"conflict", "reading"}``. After it, and at the end for what belongs to no reading, one for each resource that the server
does not have: ``{"identifier", "resource_type", "patient", "state", "reason", "attempts", "last_error", "resource"}``.
Contents that cannot be opened are null.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from kiosk.measurements.sealed_rows import open_item, open_reading
from kiosk.measurements.sealing import BrokenSealError
from kiosk.measurements.storage import Database, OutboxError, OutboxReason

Line = dict[str, object]


def export_to(database: Database, path: Path) -> int:
    """Write a new file, readable by its owner alone, synced; how many lines. Raises OutboxError; never overwrites."""
    lines = list(_lines(database))  # opened before there is a file
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutboxError(OutboxReason.CANNOT_OPEN, f"{path} cannot be written: {error.strerror}") from error
    return len(lines)


def _lines(database: Database) -> Iterator[Line]:
    unsent = "SELECT reading FROM item WHERE state != 'delivered'"
    readings = database.read(
        "SELECT number, reading_id, patient, captured_at, state, reason, conflict, sealed FROM reading"
        f" WHERE state IN ('waiting', 'held') OR number IN ({unsent}) ORDER BY number"
    )
    for number, reading_id, patient, captured_at, state, reason, conflict, sealed in readings:
        if state in ("waiting", "held"):
            yield {
                "reading_id": reading_id,
                "patient": patient,
                "captured_at": captured_at,
                "state": state,
                "reason": reason,
                "conflict": bool(conflict),
                "reading": _json(_reading(database, sealed, reading_id, patient)),
            }
        yield from _unsent(database, "reading = ?", number)
    yield from _unsent(database, "reading IS NULL")


def _unsent(database: Database, which: str, *values: int) -> Iterator[Line]:
    items = database.read(
        "SELECT identifier, resource_type, patient, state, reason, attempts, last_error, sealed FROM item"
        f" WHERE {which} AND state != 'delivered' ORDER BY sequence",
        values,
    )
    for identifier, resource_type, owner, state, why, attempts, last_error, contents in items:
        yield {
            "identifier": identifier,
            "resource_type": resource_type,
            "patient": owner,
            "state": state,
            "reason": why,
            "attempts": attempts,
            "last_error": last_error,
            "resource": _json(_item(database, contents, identifier, owner)),
        }


def _reading(database: Database, sealed: bytes, reading_id: str, patient: str) -> bytes | None:
    try:
        return open_reading(database.key, sealed, reading_id, patient)
    except BrokenSealError:
        return None


def _item(database: Database, sealed: bytes, identifier: str, patient: str) -> bytes | None:
    try:
        return open_item(database.key, sealed, identifier, patient).body
    except BrokenSealError:
        return None


def _json(text: bytes | None) -> msgspec.Raw | None:
    """As it was written, digit for digit."""
    return None if text is None else msgspec.Raw(text)
