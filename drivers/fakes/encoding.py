"""The bytes that virtual devices send, written by hand from the specifications and not with the decoders' tables.

SFLOAT     16 bits, little-endian: 4 bits exponent, 12 bits mantissa, both two's complement    IEEE 11073-20601
FLOAT      32 bits, little-endian: 8 bits exponent, 24 bits mantissa
Date Time  year (2), month, day, hour, minute, second                                          2A08
Current Time  Date Time, day of week, 1/256 s, adjust reason                                   2A2B

Both ends of the line must be able to be wrong by themselves: nothing here imports drivers.decoders.
"""

from __future__ import annotations

from datetime import datetime

from drivers.fakes.script import RecordFault

SFLOAT_NAN = b"\xff\x07"
FLOAT_NAN = b"\xff\xff\x7f\x00"
UNSUCCESSFUL = b"\xff\xff"
"""Instead of a weight or a body fat: the measurement failed."""


def sfloat(mantissa: int, exponent: int = 0) -> bytes:
    """``mantissa`` -2047 … 2045, ``exponent`` -8 … 7."""
    return ((exponent & 0xF) << 12 | mantissa & 0xFFF).to_bytes(2, "little")


def float32(mantissa: int, exponent: int = 0) -> bytes:
    """``exponent`` -128 … 127."""
    return (mantissa & 0xFFFFFF).to_bytes(3, "little") + (exponent & 0xFF).to_bytes(1, "little")


def u16(number: int) -> bytes:
    return number.to_bytes(2, "little")


def date_time(shown: datetime) -> bytes:
    """What a device's clock shows, as 2A08."""
    return u16(shown.year) + bytes((shown.month, shown.day, shown.hour, shown.minute, shown.second))


def shown_by(data: bytes) -> datetime | None:
    """The moment in a written 2A08 or 2A2B; None when it is none: a device does not take that."""
    if len(data) not in (7, 10):
        return None
    try:
        return datetime(data[0] | data[1] << 8, *data[2:7])  # noqa: DTZ001  device clocks have no zone
    except ValueError:
        return None


def current_time(shown: datetime) -> bytes:
    """What a device's clock shows, as 2A2B."""
    return date_time(shown) + bytes((shown.isoweekday(), shown.microsecond * 256 // 1_000_000, 0))


def stamp(shown: datetime, fault: RecordFault | None = None) -> bytes:
    """The time in a record, as 2A08, or what a confused device writes there."""
    good = date_time(shown)
    if fault is RecordFault.MONTH_13:
        return good[:2] + b"\x0d" + good[3:]
    if fault is RecordFault.YEAR_2044:
        return u16(2044) + good[2:]
    if fault is RecordFault.YEAR_0:
        return u16(0) + good[2:]
    return good


def user(fault: RecordFault | None = None) -> bytes:
    """The slot in a record: 1 unless told otherwise."""
    match fault:
        case RecordFault.OTHER_USER:
            return b"\x02"
        case RecordFault.UNKNOWN_USER:
            return b"\xff"
        case _:
            return b"\x01"
