"""The characteristic Current Time (0x2A2B): a device's clock with day of week, fractions and why it was set.

    ┌────────────┬─────────────┬───────────┬──────────────────┐
    │ Date Time  │ day of week │ fractions │ adjust reason    │
    │ 7 bytes    │ u8          │ u8, 1/256 │ u8               │
    └────────────┴─────────────┴───────────┴──────────────────┘
    day of week     1 Monday … 7 Sunday, 0 unknown
    adjust reason   0  by hand   1  by an external reference   2  another zone   3  summer time

Source: Bluetooth SIG, Current Time Service 1.1 and GATT Specification Supplement.
"""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec

from drivers.decoders.date_time import DATE_TIME_BYTES, decode_date_time, encode_date_time
from drivers.decoders.layout import exactly, names_of
from drivers.errors import DecodeError

CURRENT_TIME_BYTES = 10

_LAST_DAY = 7


class AdjustReason(enum.Enum):
    """Why a clock was set."""

    MANUAL = "manual"
    EXTERNAL_REFERENCE = "external-reference"
    ZONE_CHANGE = "zone-change"
    SUMMER_TIME_CHANGE = "summer-time-change"


_REASONS = (
    (0x01, AdjustReason.MANUAL),
    (0x02, AdjustReason.EXTERNAL_REFERENCE),
    (0x04, AdjustReason.ZONE_CHANGE),
    (0x08, AdjustReason.SUMMER_TIME_CHANGE),
)
_BIT_OF = {reason: bit for bit, reason in _REASONS}


class CurrentTime(msgspec.Struct, frozen=True):
    """``shown``: local, without zone, fractions included; None when year, month or day is unknown.

    ``day_of_week``: 1 Monday … 7 Sunday, None when unknown. ``fractions``: 1/256 s as sent.
    """

    shown: datetime | None
    day_of_week: int | None = None
    fractions: int = 0
    adjusted: tuple[AdjustReason, ...] = ()


def decode_current_time(data: bytes) -> CurrentTime:
    """Decode one value of 0x2A2B. Raises DecodeError for another length and for a time that no calendar has."""
    exactly(data, CURRENT_TIME_BYTES, "a Current Time")
    shown = decode_date_time(data[:DATE_TIME_BYTES])
    day_of_week, fractions, reason = data[DATE_TIME_BYTES:]
    if day_of_week > _LAST_DAY:
        raise DecodeError(f"day of week {day_of_week}: there are {_LAST_DAY}")
    if shown is not None:
        shown = shown.replace(microsecond=fractions * 1_000_000 // 256)
    return CurrentTime(shown, day_of_week or None, fractions, names_of(reason, _REASONS))


def encode_current_time(local: datetime, *adjusted: AdjustReason) -> bytes:
    """The bytes that set a device to ``local``; its zone, if any, is left out."""
    reason = sum(_BIT_OF[one] for one in set(adjusted))
    return encode_date_time(local) + bytes((local.isoweekday(), local.microsecond * 256 // 1_000_000, reason))
