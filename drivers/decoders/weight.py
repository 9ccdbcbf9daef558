"""Weight Measurement (0x2A9D): one weigh-in of a scale.

    ┌───────┬────────┬────────────┬───────────┬─────────────────────────────┐
    │ flags │ weight │ [ time   ] │ [ user  ] │ [ BMI u16   · height u16  ] │
    │  u8   │  u16   │ [ 7 bytes] │ [  u8   ] │ [ 0.1 kg/m2 · 1 mm|0.1 in ] │
    └───────┴────────┴────────────┴───────────┴─────────────────────────────┘
    flags    0  1 = pounds and inches   1  time   2  user   3  BMI and height   4-7 reserved (``unknown_bits``)
    weight   steps of 0.005 kg or 0.01 lb; FFFF: the measurement was unsuccessful

The resolution in 0x2A9E is information only: the steps are fixed.

Source: Bluetooth SIG, Weight Scale Service 1.0 and GATT Specification Supplement.
"""

from __future__ import annotations

from decimal import Decimal

from drivers.decoders.date_time import time_of_measurement
from drivers.decoders.ieee11073 import fixed_quantity, missing
from drivers.decoders.layout import FlaggedLayout, user_of
from drivers.readings import Kind, Measurement, Quantity, QuantityName, Unit

_IMPERIAL = 0x01
_TIME_PRESENT = 0x02
_USER_PRESENT = 0x04
_HEIGHT_PRESENT = 0x08
_RESERVED = 0xF0

_LAYOUT = FlaggedLayout("B", ("H",), ((_TIME_PRESENT, ("7s",)), (_USER_PRESENT, ("B",)), (_HEIGHT_PRESENT, ("H", "H"))))
_UNSUCCESSFUL = 0xFFFF

# A step of 0.005 kg is five thousandths: all three decimals are the format's.
_KILOGRAM_STEP = 5


def decode_weight(packet: bytes) -> Measurement:
    """Decode one value of 0x2A9D. Raises DecodeError when bytes are missing or left over."""
    flags, weight, time, slot, bmi, height = _LAYOUT.unpack(packet)
    imperial = bool(flags & _IMPERIAL)
    quantities = {QuantityName.WEIGHT: mass(weight, imperial)}
    if flags & _HEIGHT_PRESENT:
        quantities[QuantityName.BMI] = fixed_quantity(bmi, -1, Unit.KILOGRAM_PER_SQUARE_METRE)
        quantities[QuantityName.HEIGHT] = length(height, imperial)
    device_time = time_of_measurement(time)
    user, unknown_user = user_of(slot)
    return Measurement(
        kind=Kind.WEIGHT,
        quantities=quantities,
        raw=bytes(packet),
        device_time=device_time,
        raw_time=time,
        time_fault=bool(time) and device_time is None,
        user=user,
        unknown_user=unknown_user,
        unknown_bits=flags & _RESERVED,
    )


def mass(steps: int, imperial: bool) -> Quantity:
    """A mass of the scale services, in kilograms (three decimals) or pounds (two); FFFF is no number."""
    unit = Unit.POUND if imperial else Unit.KILOGRAM
    if steps == _UNSUCCESSFUL:
        return missing(unit)
    return Quantity(Decimal(steps).scaleb(-2) if imperial else Decimal(steps * _KILOGRAM_STEP).scaleb(-3), unit)


def length(steps: int, imperial: bool) -> Quantity:
    """A height of the scale services: steps of 1 mm or 0.1 inch."""
    return fixed_quantity(steps, -1, Unit.INCH) if imperial else fixed_quantity(steps, -3, Unit.METRE)
