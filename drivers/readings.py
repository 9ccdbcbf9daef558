"""What a health device measured, as values: pure, exact, and never less honest than the bytes they came from."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal

import msgspec


class Unit(enum.Enum):
    """Units by their UCUM code, which is also what FHIR wants."""

    MILLIMETRE_OF_MERCURY = "mm[Hg]"
    KILOPASCAL = "kPa"
    PER_MINUTE = "/min"


class SpecialValue(enum.Enum):
    """What a device sends instead of a number (IEEE 11073-20601), named as FHIR's data-absent-reason codes."""

    NOT_A_NUMBER = "not-a-number"
    NOT_AT_THIS_RESOLUTION = "not-at-this-resolution"
    POSITIVE_INFINITY = "positive-infinity"
    NEGATIVE_INFINITY = "negative-infinity"
    RESERVED = "reserved"


class Quantity(msgspec.Struct, frozen=True):
    """A number with its unit, precision as sent; or no number and the reason why (exactly one of the two)."""

    value: Decimal | None
    unit: Unit
    special: SpecialValue | None = None


class BloodPressureStatus(enum.Enum):
    """Bits of the measurement status field of 2A35 (Bluetooth SIG, Blood Pressure Service)."""

    BODY_MOVED = "body-moved"
    CUFF_TOO_LOOSE = "cuff-too-loose"
    IRREGULAR_PULSE = "irregular-pulse"
    PULSE_ABOVE_RANGE = "pulse-above-range"
    PULSE_BELOW_RANGE = "pulse-below-range"
    IMPROPER_POSITION = "improper-position"


class BloodPressure(msgspec.Struct, frozen=True, tag="blood-pressure"):
    """One inflation of a cuff.

    ``device_time`` is the device's own clock: local, without zone; None if it sent none or an unknown one.
    ``time_fault``: it did send a time, but an unknown or impossible one (year 0, month 13).
    ``user`` is the slot in the device, not the patient; 0xFF (unknown user) is None.
    ``raw`` is the packet as received; ``unknown_bits`` holds status bits that the specification leaves reserved.
    """

    systolic: Quantity
    diastolic: Quantity
    mean_arterial: Quantity
    pulse_rate: Quantity | None
    device_time: datetime | None
    user: int | None
    status: tuple[BloodPressureStatus, ...]
    unknown_bits: int
    raw: bytes
    time_fault: bool = False


class DeviceIdentity(msgspec.Struct, frozen=True):
    """Which physical device spoke. ``address`` is the Bluetooth address (EUI-48) as ``00:11:22:33:44:55``."""

    model: str
    manufacturer: str
    address: str
    fake: bool = False


class ClockCheck(msgspec.Struct, frozen=True):
    """The device clock as read before it was set, against the host's: what a reading's time is worth.

    ``device_time`` is None when the device has no readable clock or showed nonsense.
    """

    device_time: datetime | None
    host_time: datetime


class Reading(msgspec.Struct, frozen=True):
    """One measurement as it left a device, with who measured it and when it reached us (``received`` has an offset)."""

    value: BloodPressure
    device: DeviceIdentity
    received: datetime
    clock: ClockCheck | None = None
