"""May a reading leave as a vital sign, whose is it, and from when? Pure; the answer is kept with the reading.

A device clock is believed only with evidence: it was read against ours in the same connection, or it agrees with the
time of reception. A reading whose time is unknown is kept and held, never sent with a guessed time (HL7 PHD guide).
A user slot in a device is not a patient: who it belongs to was agreed at enrolment, or is asked for.
"""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from drivers.readings import Detail, Kind, Measurement, QuantityName, Reading, SpecialValue, Status, Unit
from kiosk.facts.measurement import MeasurementFault

CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far two clocks that agree may differ, and how far ahead of its own clock a record may lie."""

LIVE_WINDOW = timedelta(minutes=10)
"""A reading this fresh was taken in the present visit; anything older is history."""

OLDEST = timedelta(days=400)
"""Older than this, the device's clock has been lost and found rather than the reading."""

MAIN_QUANTITY = {
    Kind.BLOOD_PRESSURE: QuantityName.SYSTOLIC,
    Kind.PULSE_OXIMETRY: QuantityName.SPO2,
    Kind.WEIGHT: QuantityName.WEIGHT,
    Kind.BODY_COMPOSITION: QuantityName.BODY_FAT,
    Kind.TEMPERATURE: QuantityName.TEMPERATURE,
    Kind.GLUCOSE: QuantityName.GLUCOSE,
    Kind.URIC_ACID: QuantityName.URIC_ACID,
}
"""The number without which a measurement of that kind is none. What is not here is never a vital sign by itself."""

# Far outside what a living person shows: a slip of a device or of a decoder, not an unusual patient.
_PLAUSIBLE = {
    (QuantityName.SYSTOLIC, Unit.MILLIMETRE_OF_MERCURY): (Decimal(20), Decimal(350)),
    (QuantityName.SYSTOLIC, Unit.KILOPASCAL): (Decimal(3), Decimal(47)),
    (QuantityName.DIASTOLIC, Unit.MILLIMETRE_OF_MERCURY): (Decimal(10), Decimal(300)),
    (QuantityName.DIASTOLIC, Unit.KILOPASCAL): (Decimal(1), Decimal(40)),
    (QuantityName.SPO2, Unit.PERCENT): (Decimal(1), Decimal(100)),
    # Scales also weigh bags, and one maker counts in tenths of the standard's steps: no grown person is under 20 kg.
    (QuantityName.WEIGHT, Unit.KILOGRAM): (Decimal(20), Decimal(400)),
    (QuantityName.WEIGHT, Unit.POUND): (Decimal(44), Decimal(880)),
    (QuantityName.BODY_FAT, Unit.PERCENT): (Decimal(1), Decimal(80)),
    (QuantityName.TEMPERATURE, Unit.CELSIUS): (Decimal(25), Decimal(45)),
    (QuantityName.TEMPERATURE, Unit.FAHRENHEIT): (Decimal(77), Decimal(113)),
    (QuantityName.GLUCOSE, Unit.MILLIGRAM_PER_DECILITRE): (Decimal(10), Decimal(1000)),
    (QuantityName.GLUCOSE, Unit.MILLIMOLE_PER_LITRE): (Decimal("0.5"), Decimal(56)),
    (QuantityName.URIC_ACID, Unit.MILLIGRAM_PER_DECILITRE): (Decimal(1), Decimal(40)),
}

_NOT_A_PATIENT = frozenset({Status.DEMONSTRATION, Status.TESTING, Status.CALIBRATION_ONGOING, Status.CONTROL_SOLUTION})
_NO_FINGER = frozenset({Status.NO_FINGER, Status.SENSOR_UNCONNECTED, Status.SENSOR_DISCONNECTED, Status.REMOVED})
_INVALID = frozenset(
    {
        Status.INVALID,
        Status.EQUIPMENT_MALFUNCTION,
        Status.SENSOR_MALFUNCTIONING,
        Status.DEVICE_MALFUNCTION,
        Status.SAMPLE_TOO_SMALL,
        Status.STRIP_INSERTION_ERROR,
        Status.WRONG_STRIP,
        Status.READ_INTERRUPTED,
        Status.GENERAL_FAULT,
    }
)
_KETONE = "reserved-6"
"""By this meal, i-SENS meters say that the number is ketone, not glucose: nothing that may leave as a blood sugar."""

_DOUBTS = {
    Status.CUFF_TOO_LOOSE: MeasurementFault.CUFF_TOO_LOOSE,
    Status.BODY_MOVED: MeasurementFault.BODY_MOVED,
    Status.IMPROPER_POSITION: MeasurementFault.IMPROPER_POSITION,
}
_BEYOND = {
    SpecialValue.POSITIVE_INFINITY: MeasurementFault.ABOVE_RANGE,
    SpecialValue.NEGATIVE_INFINITY: MeasurementFault.BELOW_RANGE,
}


class Gate(enum.Enum):
    """What may become of a reading; all but PASS are kept here and shown, and none of them is sent as a vital sign."""

    PASS = "pass"
    NO_VALUE = "no-value"
    NO_FINGER = "no-finger"
    NOT_STABLE = "not-stable"
    IMPLAUSIBLE = "implausible"
    NOT_A_PATIENT = "not-a-patient"
    NOT_OURS = "not-ours"
    OWNER_UNKNOWN = "owner-unknown"
    TIME_UNKNOWN = "time-unknown"


FAULTS = {
    Gate.NO_VALUE: MeasurementFault.NO_VALUE,
    Gate.NO_FINGER: MeasurementFault.NO_FINGER,
    Gate.NOT_STABLE: MeasurementFault.NOT_STABLE,
    Gate.IMPLAUSIBLE: MeasurementFault.IMPLAUSIBLE,
    Gate.NOT_A_PATIENT: MeasurementFault.NOT_A_PATIENT,
    Gate.TIME_UNKNOWN: MeasurementFault.TIME_UNKNOWN,
}
"""What the patient is told of a reading that was taken now and did not pass."""


class Ownership(msgspec.Struct, frozen=True):
    """Whose a device is, as agreed at enrolment. ``slots``: user slot in the device → patient, None for somebody who is
    not a patient here. ``users``: how many the device can tell apart; with one, a packet that names no user is the
    patient's. ``since``: when that was agreed, None if nobody knows: what the device remembers from before is somebody
    else's, for devices go from home to home."""

    patient: str
    users: int = 1
    slots: dict[int, str | None] = {}
    since: datetime | None = None

    def owner(self, value: Measurement) -> tuple[Gate, str]:
        """PASS and the patient; OWNER_UNKNOWN when only a person can say; NOT_OURS. Never a guess."""
        if value.unknown_user:
            return Gate.OWNER_UNKNOWN, self.patient
        if value.user is None:
            return (Gate.PASS if self.users == 1 else Gate.OWNER_UNKNOWN), self.patient
        if value.user not in self.slots:
            return Gate.OWNER_UNKNOWN, self.patient
        owner = self.slots[value.user]
        return (Gate.NOT_OURS, self.patient) if owner is None else (Gate.PASS, owner)


class Judged(msgspec.Struct, frozen=True):
    """``effective``: when it was measured, on our time line; None when nobody can know. ``doubt``: it may be sent, but
    the patient is asked to measure again, or told that there is no number. ``patient``: whose, or who will be asked."""

    gate: Gate
    effective: datetime | None
    patient: str
    doubt: MeasurementFault | None = None

    @property
    def fault(self) -> MeasurementFault | None:
        """What to tell the patient if it was taken now; None when there is nothing to say against it."""
        return self.doubt if self.doubt is not None else FAULTS.get(self.gate)


def judge(reading: Reading, ownership: Ownership) -> Judged:
    """The verdict on a reading; the first thing that is wrong with it decides."""
    value = reading.value
    effective = effective_time(reading)
    doubt = doubt_of(value)
    of_value = _value_gate(value)
    of_owner, patient = ownership.owner(value)
    if effective is not None and ownership.since is not None and effective < ownership.since:
        of_owner, patient = Gate.NOT_OURS, ownership.patient
    of_time = Gate.PASS if effective is not None else Gate.TIME_UNKNOWN
    gate = next((one for one in (of_value, of_owner, of_time) if one is not Gate.PASS), Gate.PASS)
    return Judged(gate, effective, patient, doubt)


def doubt_of(value: Measurement) -> MeasurementFault | None:
    """What the device itself says against its measurement, or that it lies beyond what it can measure."""
    main = value.quantities.get(MAIN_QUANTITY.get(value.kind, QuantityName.BATTERY))
    if main is not None and main.special in _BEYOND:
        return _BEYOND[main.special]
    return next((_DOUBTS[status] for status in value.status if status in _DOUBTS), None)


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
        # A record out of a memory without a time is from any day; only what is sent as it is taken is from now.
        return None if Status.FROM_STORAGE in reading.value.status else reading.received
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


def _value_gate(value: Measurement) -> Gate:
    name = MAIN_QUANTITY.get(value.kind)
    if name is None:
        return Gate.NO_VALUE
    status = frozenset(value.status)
    if status & _NOT_A_PATIENT:
        return Gate.NOT_A_PATIENT
    main = value.quantities.get(name)
    if value.kind is Kind.BODY_COMPOSITION and value.value(name) is None:
        main = value.quantities.get(QuantityName.WEIGHT)  # barefoot or not, the weight in the same packet counts
    if main is None or (main.value is None and main.special not in _BEYOND) or _lacks_diastolic(value):
        return Gate.NO_FINGER if status & _NO_FINGER else Gate.NO_VALUE
    if status & _INVALID:
        return Gate.NO_VALUE
    if not value.final:
        return Gate.NO_FINGER if status & _NO_FINGER else Gate.NOT_STABLE
    return Gate.PASS if _plausible(value) else Gate.IMPLAUSIBLE


def _lacks_diastolic(value: Measurement) -> bool:
    """The mean is often missing and never needed; a pulse, or one pressure, alone is a failure."""
    return value.kind is Kind.BLOOD_PRESSURE and value.value(QuantityName.DIASTOLIC) is None


def _plausible(value: Measurement) -> bool:
    if value.details.get(Detail.MEAL) == _KETONE:
        return False
    for name, quantity in value.quantities.items():
        limits = _PLAUSIBLE.get((name, quantity.unit))
        if quantity.value is not None and limits is not None and not limits[0] <= quantity.value <= limits[1]:
            return False
    systolic, diastolic = value.value(QuantityName.SYSTOLIC), value.value(QuantityName.DIASTOLIC)
    return systolic is None or diastolic is None or diastolic < systolic
