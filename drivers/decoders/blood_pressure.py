"""Blood Pressure Measurement (0x2A35) and Intermediate Cuff Pressure (0x2A36): bytes of one inflation.

    ┌───────┬──────────┬───────────┬────────┬────────────┬───────────────┬───────────┬──────────────┐
    │ flags │ systolic │ diastolic │  mean  │ [ time   ] │ [ pulse rate ]│ [ user  ] │ [ status   ] │
    │  u8   │  SFLOAT  │  SFLOAT   │ SFLOAT │ [ 7 bytes] │ [   SFLOAT   ]│ [  u8   ] │ [ u16, LE  ] │
    └───────┴──────────┴───────────┴────────┴────────────┴───────────────┴───────────┴──────────────┘
    flags    0  1 = kPa, 0 = mmHg        1  time present     2  pulse rate present
             3  user present             4  status present   5-7 reserved, ignored
    status   0  body moved    1  cuff too loose    2  irregular pulse    5  improper position
             3-4  pulse range: 0 inside, 1 above, 2 below, 3 reserved   6-15 reserved

0x2A36 is laid out alike; its first number is the pressure in the cuff now, the other two are not used.
``unknown_bits`` are those of the status.

Source: Bluetooth SIG, Blood Pressure Service 1.1 and GATT Specification Supplement.
"""

from __future__ import annotations

from drivers.decoders.date_time import time_of_measurement
from drivers.decoders.ieee11073 import sfloat_quantity
from drivers.decoders.layout import FlaggedLayout, names_of, user_of
from drivers.readings import Kind, Measurement, Quantity, QuantityName, Status, Unit

_KILOPASCAL = 0x01
_TIME_PRESENT = 0x02
_PULSE_RATE_PRESENT = 0x04
_USER_PRESENT = 0x08
_STATUS_PRESENT = 0x10

_LAYOUT = FlaggedLayout(
    "B",
    ("H", "H", "H"),
    ((_TIME_PRESENT, ("7s",)), (_PULSE_RATE_PRESENT, ("H",)), (_USER_PRESENT, ("B",)), (_STATUS_PRESENT, ("H",))),
)

_BODY_MOVED_TO_IRREGULAR = (
    (0x0001, Status.BODY_MOVED),
    (0x0002, Status.CUFF_TOO_LOOSE),
    (0x0004, Status.IRREGULAR_PULSE),
)
_PULSE_RANGE_MASK = 0x0018
_PULSE_RANGE = {0x0008: Status.PULSE_ABOVE_RANGE, 0x0010: Status.PULSE_BELOW_RANGE}
_IMPROPER_POSITION = 0x0020
_RESERVED = 0xFFC0


def decode_blood_pressure(packet: bytes) -> Measurement:
    """Decode one value of 0x2A35. Raises DecodeError when bytes are missing or left over.

    A time that the device does not know or that no calendar has costs the time (``time_fault``), not the pressure.
    """
    return _decode(packet, Kind.BLOOD_PRESSURE)


def decode_intermediate_cuff_pressure(packet: bytes) -> Measurement:
    """Decode one value of 0x2A36: the pressure while the cuff fills, for the screen only, never final."""
    return _decode(packet, Kind.CUFF_PRESSURE)


def _decode(packet: bytes, kind: Kind) -> Measurement:
    flags, systolic, diastolic, mean_arterial, time, pulse_rate, slot, bits = _LAYOUT.unpack(packet)
    unit = Unit.KILOPASCAL if flags & _KILOPASCAL else Unit.MILLIMETRE_OF_MERCURY
    quantities: dict[QuantityName, Quantity]
    if kind is Kind.CUFF_PRESSURE:
        quantities = {QuantityName.CUFF_PRESSURE: sfloat_quantity(systolic, unit)}
    else:
        quantities = {
            QuantityName.SYSTOLIC: sfloat_quantity(systolic, unit),
            QuantityName.DIASTOLIC: sfloat_quantity(diastolic, unit),
            QuantityName.MEAN_ARTERIAL: sfloat_quantity(mean_arterial, unit),
        }
    if flags & _PULSE_RATE_PRESENT:
        quantities[QuantityName.PULSE_RATE] = sfloat_quantity(pulse_rate, Unit.PER_MINUTE)
    device_time = time_of_measurement(time)
    user, unknown_user = user_of(slot)
    status, unknown_bits = _status(bits) if flags & _STATUS_PRESENT and bits else ((), 0)
    return Measurement(
        kind=kind,
        quantities=quantities,
        raw=bytes(packet),
        device_time=device_time,
        raw_time=time,
        time_fault=bool(time) and device_time is None,
        user=user,
        unknown_user=unknown_user,
        status=status,
        unknown_bits=unknown_bits,
        final=kind is not Kind.CUFF_PRESSURE,
    )


def _status(bits: int) -> tuple[tuple[Status, ...], int]:
    status = list(names_of(bits, _BODY_MOVED_TO_IRREGULAR))
    unknown = bits & _RESERVED
    pulse_range = bits & _PULSE_RANGE_MASK
    if pulse_range in _PULSE_RANGE:
        status.append(_PULSE_RANGE[pulse_range])
    else:
        unknown |= pulse_range
    if bits & _IMPROPER_POSITION:
        status.append(Status.IMPROPER_POSITION)
    return tuple(status), unknown
