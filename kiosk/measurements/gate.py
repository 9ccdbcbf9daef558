"""May a reading leave as a vital sign, and which time is it from? Pure; the answer is kept with the reading.

A device clock is believed only with evidence: it was read against ours in the same connection, or it agrees with the
time of reception. A reading whose time is unknown is kept and held, never sent with a guessed time (HL7 PHD guide).
"""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta

import msgspec

from drivers.readings import BloodPressure, Reading, Unit

CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far two clocks that agree may differ, and how far ahead of its own clock a record may lie."""

LIVE_WINDOW = timedelta(minutes=10)
"""A reading this fresh was taken in the present visit; anything older is history."""

OLDEST = timedelta(days=400)
"""Older than this, the device's clock has been lost and found rather than the reading."""

_PLAUSIBLE = {
    Unit.MILLIMETRE_OF_MERCURY: (10, 350),
    Unit.KILOPASCAL: (1, 47),
}


class Gate(enum.Enum):
    """What may become of a reading; all but PASS are kept here and shown, and none of them is sent."""

    PASS = "pass"
    NO_VALUE = "no-value"
    IMPLAUSIBLE = "implausible"
    TIME_UNKNOWN = "time-unknown"
    OWNER_UNKNOWN = "owner-unknown"


class Judged(msgspec.Struct, frozen=True):
    """``effective`` is when the pressure was measured, on our time line; None when nobody can know."""

    gate: Gate
    effective: datetime | None


def judge(reading: Reading) -> Judged:
    """The verdict on a reading; the first thing that is wrong with it decides."""
    effective = effective_time(reading)
    value = reading.value
    if value.systolic.value is None or value.diastolic.value is None:
        return Judged(Gate.NO_VALUE, effective)
    if not _plausible(value):
        return Judged(Gate.IMPLAUSIBLE, effective)
    if value.user is not None:
        # A user slot in the device is not the patient, and nobody has mapped any: ask, never assign.
        return Judged(Gate.OWNER_UNKNOWN, effective)
    if effective is None:
        return Judged(Gate.TIME_UNKNOWN, None)
    return Judged(Gate.PASS, effective)


def is_live(judged: Judged, received: datetime) -> bool:
    """Whether the reading was taken just now, rather than remembered by the device."""
    return judged.effective is not None and received - judged.effective <= LIVE_WINDOW


def effective_time(reading: Reading) -> datetime | None:
    """When it was measured, in the zone of ``received``; None when the time is unknown.

    No time from the device: the time of reception. A device time and its clock read in the same connection: moved by
    what that clock was off. A device time alone: believed as local time if it fits the reception.
    """
    if reading.value.time_fault:
        return None
    shown = reading.value.device_time
    if shown is None:
        return reading.received
    if reading.clock is not None and reading.clock.device_time is not None:
        # Both times come from the same clock, so their difference is real time, even across a change to summer time.
        age = reading.clock.device_time - shown
        if not -CLOCK_TOLERANCE <= age <= OLDEST:
            return None
        measured = reading.clock.host_time.astimezone(UTC) - age
        return min(measured, reading.received.astimezone(UTC)).astimezone(reading.received.tzinfo)
    age = reading.received.replace(tzinfo=None) - shown
    if not -CLOCK_TOLERANCE <= age <= LIVE_WINDOW:
        return None
    return min(shown.replace(tzinfo=reading.received.tzinfo), reading.received)


def _plausible(value: BloodPressure) -> bool:
    low, high = _PLAUSIBLE[value.systolic.unit]
    systolic, diastolic = value.systolic.value, value.diastolic.value
    return systolic is not None and diastolic is not None and low <= diastolic < systolic <= high
