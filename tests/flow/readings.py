"""Readings to tell the flow of."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from drivers.readings import DeviceIdentity, Kind, Measurement, Quantity, QuantityName, Reading, Unit

CUFF = DeviceIdentity(model="UA-651BLE", manufacturer="A&D Medical", address="00:00:00:00:00:01")
SCALE = DeviceIdentity(model="UC-352BLE", manufacturer="A&D Medical", address="00:00:00:00:00:02")
RECEIVED = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def quantity(number: str, unit: Unit) -> Quantity:
    return Quantity(Decimal(number), unit)


def measurement(kind: Kind, **quantities: tuple[str, Unit]) -> Measurement:
    named = {QuantityName(name): quantity(*value) for name, value in quantities.items()}
    return Measurement(kind, named, raw=b"")


def reading() -> Reading:
    """125 over 80, pulse 64."""
    pressure = Unit.MILLIMETRE_OF_MERCURY
    value = measurement(
        Kind.BLOOD_PRESSURE,
        systolic=("125", pressure),
        diastolic=("80", pressure),
        mean_arterial=("102", pressure),
        pulse_rate=("64", Unit.PER_MINUTE),
    )
    return Reading(value, CUFF, RECEIVED)


def weight() -> Reading:
    """72.400 kg."""
    return Reading(measurement(Kind.WEIGHT, weight=("72.400", Unit.KILOGRAM)), SCALE, RECEIVED)


def cuff_pressure(number: str) -> Measurement:
    """While it inflates."""
    return measurement(Kind.CUFF_PRESSURE, cuff_pressure=(number, Unit.MILLIMETRE_OF_MERCURY))
