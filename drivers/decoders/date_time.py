"""The characteristic Date Time (0x2A08): seven bytes of a device's own clock. It knows neither zone nor summer time.

    ┌──────────────┬───────┬─────┬──────┬────────┬────────┐
    │ year u16, LE │ month │ day │ hour │ minute │ second │   year, month or day 0: the device does not know
    └──────────────┴───────┴─────┴──────┴────────┴────────┘

Source: Bluetooth SIG, GATT Specification Supplement, Date Time.
"""

from __future__ import annotations

import struct
from datetime import datetime

from drivers.errors import DecodeError

DATE_TIME_BYTES = 7
FIRST_YEAR = 1582

_LAYOUT = struct.Struct("<HBBBBB")


def decode_date_time(data: bytes) -> datetime | None:
    """The time that a device shows, without zone; None when year, month or day is unknown.

    Raises DecodeError for another length and for a time that no calendar has (month 13, 30 February, 25:00).
    """
    if len(data) != DATE_TIME_BYTES:
        raise DecodeError(f"a Date Time has {DATE_TIME_BYTES} bytes, got {len(data)}")
    year, month, day, hour, minute, second = _LAYOUT.unpack(data)
    if 0 in (year, month, day):
        return None
    if year < FIRST_YEAR:
        raise DecodeError(f"year {year} is before {FIRST_YEAR}")
    try:
        # Device clocks have no zone: that is the point of the type.
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError as error:
        raise DecodeError(f"no such time: {year}-{month}-{day} {hour}:{minute}:{second}") from error


def time_of_measurement(data: bytes) -> datetime | None:
    """The time stamp inside a measurement, b"" if it has none; one that no calendar has costs the time only."""
    if not data:
        return None
    try:
        return decode_date_time(data)
    except DecodeError:
        return None


def encode_date_time(local: datetime) -> bytes:
    """The bytes that set a device to ``local``; its zone, if any, is left out and seconds are cut off."""
    if local.year < FIRST_YEAR:
        raise ValueError(f"year {local.year} cannot be written: the format begins with {FIRST_YEAR}")
    return _LAYOUT.pack(local.year, local.month, local.day, local.hour, local.minute, local.second)
