"""Xiaomi Mi scales: the weight in the service data of advertisements, repeated for many seconds.

    version 2, service 181B
    ┌──────────┬──────────┬──────────────┬──────────────────┬────────┐
    │ control  │ control  │ Date Time    │ impedance        │ weight │
    │  u8      │  u8      │ 7 bytes      │ u16 ohm          │  u16   │
    └──────────┴──────────┴──────────────┴──────────────────┴────────┘
    first    0  pounds
    second   1  impedance present   5  stable   6  catty   7  load removed

    version 1, service 181D
    ┌──────────┬────────┬──────────────┐
    │ control  │ weight │ Date Time    │
    │  u8      │  u16   │ 7 bytes      │
    └──────────┴────────┴──────────────┘
    control  0  pounds   4  catty   5  stable   7  load removed

    weight   steps of 1/200 kg, 1/100 lb or 1/100 catty; a catty is half a kilogram, so its step is 1/200 kg as well

Final is stable with the load still on. ``unknown_bits``: the other control bits, the second byte's from bit 8 on.

Source: wiki of openScale and captured advertisements of both versions (behaviour only).
"""

from __future__ import annotations

import struct
from decimal import Decimal

from drivers.decoders.date_time import time_of_measurement
from drivers.decoders.ieee11073 import fixed_quantity
from drivers.decoders.layout import exactly, names_of
from drivers.readings import Kind, Measurement, Quantity, QuantityName, Status, Unit

_VERSION_2 = struct.Struct("<H7sHH")
_POUNDS_2 = 0x0001
_IMPEDANCE_2 = 0x0200
_STABLE_2 = 0x2000
_REMOVED_2 = 0x8000
_STATUS_2 = ((_IMPEDANCE_2, Status.IMPEDANCE_PRESENT), (_STABLE_2, Status.STABLE), (_REMOVED_2, Status.REMOVED))
_UNKNOWN_2 = 0x1DFE

_VERSION_1 = struct.Struct("<BH7s")
_POUNDS_1 = 0x01
_STABLE_1 = 0x20
_REMOVED_1 = 0x80
_STATUS_1 = ((_STABLE_1, Status.STABLE), (_REMOVED_1, Status.REMOVED))
_UNKNOWN_1 = 0x4E

# A two-hundredth of a kilogram is five thousandths.
_KILOGRAM_STEP = 5


def decode_mi_scale_2(data: bytes) -> Measurement:
    """Decode the service data of 181B. Raises DecodeError unless it has 13 bytes."""
    exactly(data, _VERSION_2.size, "the service data of a Mi scale 2")
    control, time, impedance, weight = _VERSION_2.unpack(data)
    quantities = {QuantityName.WEIGHT: _weight(weight, pounds=bool(control & _POUNDS_2))}
    if control & _IMPEDANCE_2:
        quantities[QuantityName.IMPEDANCE] = fixed_quantity(impedance, 0, Unit.OHM)
    return _measurement(
        data, time, quantities, names_of(control, _STATUS_2), control & _UNKNOWN_2,
        final=control & (_STABLE_2 | _REMOVED_2) == _STABLE_2,
    )  # fmt: skip


def decode_mi_scale_1(data: bytes) -> Measurement:
    """Decode the service data of 181D. Raises DecodeError unless it has ten bytes."""
    exactly(data, _VERSION_1.size, "the service data of a Mi scale 1")
    control, weight, time = _VERSION_1.unpack(data)
    quantities = {QuantityName.WEIGHT: _weight(weight, pounds=bool(control & _POUNDS_1))}
    return _measurement(
        data, time, quantities, names_of(control, _STATUS_1), control & _UNKNOWN_1,
        final=control & (_STABLE_1 | _REMOVED_1) == _STABLE_1,
    )  # fmt: skip


def _weight(steps: int, *, pounds: bool) -> Quantity:
    if pounds:
        return fixed_quantity(steps, -2, Unit.POUND)
    return Quantity(Decimal(steps * _KILOGRAM_STEP).scaleb(-3), Unit.KILOGRAM)


def _measurement(
    data: bytes,
    time: bytes,
    quantities: dict[QuantityName, Quantity],
    status: tuple[Status, ...],
    unknown_bits: int,
    *,
    final: bool,
) -> Measurement:
    device_time = time_of_measurement(time)
    return Measurement(
        kind=Kind.WEIGHT,
        quantities=quantities,
        raw=bytes(data),
        device_time=device_time,
        raw_time=time,
        time_fault=device_time is None,
        status=status,
        unknown_bits=unknown_bits,
        final=final,
    )
