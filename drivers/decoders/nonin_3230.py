"""Nonin 3230 over Bluetooth Low Energy: one notification a second while a finger is in. All numbers big-endian.

    ┌────────┬────────┬─────────┬───────────────┬─────────┬──────┬────────────┐
    │ length │ status │ battery │ amplitude     │ counter │ SpO2 │ pulse rate │
    │  0x0A  │   u8   │ u8 0.1 V│ u16 0.01 %    │   u16   │  u8  │    u16     │
    └────────┴────────┴─────────┴───────────────┴─────────┴──────┴────────────┘
    status   1  weak signal   2  SmartPoint   3  searching   4  finger detected   5  low battery   6  encrypted link
             0, 7  not described (``unknown_bits``)
    SpO2 127, pulse rate 511: missing

The counter is the ``sequence``. Final is what the device's SmartPoint algorithm has passed, with a finger in.

Source: Nonin's Oximetry Service as collected in several public projects.
"""

from __future__ import annotations

import struct

from drivers.decoders.ieee11073 import fixed_quantity
from drivers.decoders.layout import exactly, names_of
from drivers.decoders.oximetry import measured, saturation_and_pulse
from drivers.errors import DecodeError
from drivers.readings import Kind, Measurement, QuantityName, Status, Unit

_LAYOUT = struct.Struct(">BBBHHBH")
_MISSING_SPO2 = 127
_MISSING_PULSE_RATE = 511

_SMARTPOINT = 0x04
_SEARCHING = 0x08
_FINGER = 0x10
_STATUS = (
    (0x02, Status.WEAK_SIGNAL),
    (_SMARTPOINT, Status.SMARTPOINT),
    (_SEARCHING, Status.SEARCHING),
    (_FINGER, Status.FINGER_DETECTED),
    (0x20, Status.LOW_BATTERY),
    (0x40, Status.ENCRYPTED),
)
_UNKNOWN = 0x81


def decode_nonin_3230(packet: bytes) -> Measurement:
    """Decode one notification. Raises DecodeError unless it is ten bytes and says so."""
    exactly(packet, _LAYOUT.size, "a packet of Nonin's oximetry service")
    length, bits, battery, amplitude, counter, spo2, pulse_rate = _LAYOUT.unpack(packet)
    if length != _LAYOUT.size:
        raise DecodeError(f"the length byte says {length}, the packet has {_LAYOUT.size}")
    quantities = saturation_and_pulse(spo2, _MISSING_SPO2, pulse_rate, _MISSING_PULSE_RATE)
    quantities[QuantityName.PULSE_AMPLITUDE] = fixed_quantity(amplitude, -2, Unit.PERCENT)
    quantities[QuantityName.BATTERY] = fixed_quantity(battery, -1, Unit.VOLT)
    passed = bits & (_SMARTPOINT | _SEARCHING | _FINGER) == _SMARTPOINT | _FINGER
    return Measurement(
        kind=Kind.PULSE_OXIMETRY,
        quantities=quantities,
        raw=bytes(packet),
        sequence=counter,
        status=names_of(bits, _STATUS),
        unknown_bits=bits & _UNKNOWN,
        final=passed and measured(quantities),
    )
