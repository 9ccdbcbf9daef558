"""What a person is shown and told of a measurement: its main numbers, in this country's unit, rounded as people say it.

Only for eyes and ears: what is stored and sent keeps the unit and the precision that the device sent.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from drivers.readings import Measurement, Quantity, QuantityName, Unit
from kiosk.facts.measurement import SHOWN_AS, MeasurementKind

_PASCALS_PER_MILLIMETRE_OF_MERCURY = Decimal("133.322")
_KILOGRAMS_PER_POUND = Decimal("0.45359237")
_MILLIGRAMS_PER_MILLIMOLE = Decimal("18.0156")
"""A millimole of glucose is 180.156 mg; a decilitre is a tenth of a litre."""

_ONE, _TENTH = Decimal(1), Decimal("0.1")

_LARGEST = Decimal(1_000_000)
"""No number of a person; a device can send 130 digits, which no screen shows."""


class Shown(msgspec.Struct, frozen=True):
    """``value`` is systolic, SpO2, weight, temperature or glucose; ``second`` is diastolic; ``pulse`` is per minute."""

    kind: MeasurementKind
    value: Decimal
    unit: Unit
    second: Decimal | None = None
    pulse: Decimal | None = None


_MAIN = {
    MeasurementKind.BLOOD_PRESSURE: QuantityName.SYSTOLIC,
    MeasurementKind.PULSE_OXIMETRY: QuantityName.SPO2,
    MeasurementKind.WEIGHT: QuantityName.WEIGHT,
    MeasurementKind.TEMPERATURE: QuantityName.TEMPERATURE,
    MeasurementKind.GLUCOSE: QuantityName.GLUCOSE,
}


def shown(measurement: Measurement) -> Shown | None:
    """The numbers for people; None when the measurement lacks its main number (a blood pressure: either of the two)."""
    kind = SHOWN_AS.get(measurement.kind)
    if kind is None:
        return None
    main = _quantity(measurement, _MAIN[kind])
    if main is None:
        return None
    second: Decimal | None = None
    if kind is MeasurementKind.BLOOD_PRESSURE:
        diastolic = _quantity(measurement, QuantityName.DIASTOLIC)
        if diastolic is None:
            return None
        second, _ = for_people(*diastolic)
    pulse: Decimal | None = None
    if kind in (MeasurementKind.BLOOD_PRESSURE, MeasurementKind.PULSE_OXIMETRY):
        beats = _quantity(measurement, QuantityName.PULSE_RATE)
        pulse = None if beats is None else beats[0]
    value, unit = for_people(*main)
    return Shown(kind, value, unit, second, pulse)


def number(value: Decimal, mark: str = ",") -> str:
    """The exact number in plain notation with the language's decimal ``mark``: Decimal("16.70") is 16,70."""
    return f"{value:f}".replace(".", mark)


def _quantity(measurement: Measurement, name: QuantityName) -> tuple[Decimal, Unit] | None:
    quantity: Quantity | None = measurement.quantities.get(name)
    if quantity is None or quantity.value is None or not quantity.value.is_finite():
        return None
    if abs(quantity.value) >= _LARGEST:
        return None
    return quantity.value, quantity.unit


def for_people(value: Decimal, unit: Unit) -> tuple[Decimal, Unit]:
    """A number in the unit of this country. Those of a blood pressure and a pulse keep the precision that was sent."""
    match unit:
        case Unit.KILOPASCAL:
            return _rounded(value * 1000 / _PASCALS_PER_MILLIMETRE_OF_MERCURY, _ONE), Unit.MILLIMETRE_OF_MERCURY
        case Unit.POUND:
            return _rounded(value * _KILOGRAMS_PER_POUND), Unit.KILOGRAM
        case Unit.FAHRENHEIT:
            return _rounded((value - 32) * 5 / 9), Unit.CELSIUS
        case Unit.MILLIGRAM_PER_DECILITRE:
            return _rounded(value / _MILLIGRAMS_PER_MILLIMOLE), Unit.MILLIMOLE_PER_LITRE
        case Unit.KILOGRAM | Unit.CELSIUS | Unit.MILLIMOLE_PER_LITRE:
            return _rounded(value), unit
        case _:
            return value, unit


def _rounded(value: Decimal, step: Decimal = _TENTH) -> Decimal:
    return value.quantize(step, ROUND_HALF_UP)
