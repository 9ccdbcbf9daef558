"""What the outbox takes and gives back: values only. The database is in outbox.py."""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec

from kiosk.facts.history import Point
from kiosk.facts.measurement import MeasurementKind
from kiosk.measurements.resource import Reference, Resource


class State(enum.Enum):
    """What became of a reading.

    WAITING: to be sent; DELIVERED: the server said so; HELD: kept and visible, not sent, ``reason`` says why; FAILED:
    the device gave no value; DENIED: it is somebody else's, kept and never sent.
    """

    WAITING = "waiting"
    DELIVERED = "delivered"
    HELD = "held"
    FAILED = "failed"
    DENIED = "denied"


class Traced(msgspec.Struct, frozen=True):
    """What a reading leaves on the patient's own curve, long after the reading itself was deleted."""

    kind: MeasurementKind
    point: Point


class Capture(msgspec.Struct, frozen=True):
    """What is kept of one reading, in one transaction. ``reading`` is the reading as it came (JSON).

    ``resources`` are sent byte for byte in this order, whatever the state: a HELD reading may bring a Communication
    that tells of it. Of a WAITING reading, and of no other, one resource has the ``reading_id`` as identifier: its
    Observation. One that is here already by its identifier (the Device of every reading) is not taken again.
    ``same_time``: the words of (device, slot, kind, device time), for finding another value of the same time; None
    without a device time. ``reason`` says why a reading is not WAITING from the start.
    """

    reading_id: str
    patient: str
    captured_at: datetime
    reading: bytes
    state: State
    resources: tuple[Resource, ...] = ()
    reason: str | None = None
    same_time: str | None = None
    traced: Traced | None = None


class Kept(msgspec.Struct, frozen=True):
    """``new`` is False when this identity was here already; ``state`` and ``server_id`` are then those of the first.

    ``conflicts_with``: other readings of the same device, slot, kind and device time with another value. All are kept,
    sent and flagged.
    """

    reading_id: str
    new: bool
    state: State
    server_id: str | None = None
    conflicts_with: tuple[str, ...] = ()


class Waiting(msgspec.Struct, frozen=True):
    """One resource to send; ``attempts`` have failed so far, ``alone`` of them while the server took others.
    ``sequence`` grows in the order of capture.

    ``reading_id`` is the resource's identifier: for the Observation of a reading that of the reading.
    """

    sequence: int
    reading_id: str
    patient: str
    resource_type: str
    payload: bytes
    attempts: int
    refers: tuple[Reference, ...] = ()
    alone: int = 0


class Counts(msgspec.Struct, frozen=True):
    """How many readings are in which state; ``repeats`` were given again by their device and not stored again."""

    waiting: int = 0
    delivered: int = 0
    held: int = 0
    failed: int = 0
    denied: int = 0
    repeats: int = 0


class Entry(msgspec.Struct, frozen=True):
    """A reading for people who look after the device: everything but the values."""

    reading_id: str
    patient: str
    captured_at: str
    state: State
    reason: str | None
    conflict: bool
    attempts: int
    last_error: str | None
    server_id: str | None


class ItemEntry(msgspec.Struct, frozen=True):
    """A resource for people who look after the device: everything but what it says. ``state`` is WAITING, DELIVERED or
    HELD."""

    identifier: str
    resource_type: str
    patient: str
    state: State
    reason: str | None
    attempts: int
    last_error: str | None
    server_id: str | None


class HeldReading(msgspec.Struct, frozen=True):
    """A reading that is held here, with what it says (JSON as given to ``keep``)."""

    reading_id: str
    patient: str
    captured_at: datetime
    reading: bytes
