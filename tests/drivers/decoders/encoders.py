"""The other end of the wire, written from the layouts and not from the decoders: numbers and times as a device packs
them, and hypothesis strategies for what a device may send."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from hypothesis import strategies as st

SPECIAL_MANTISSAS_12 = range(0x7FE, 0x803)
SPECIAL_MANTISSAS_24 = range(0x7FFFFE, 0x800003)


def u16(number: int) -> bytes:
    return bytes((number % 256, number // 256))


def s16(number: int) -> bytes:
    return u16(number if number >= 0 else number + 65536)


def flags_of(*fields: object) -> int:
    """One bit for each field that is there, the first one in bit 0."""
    return sum(1 << bit for bit, field in enumerate(fields) if field is not None and field is not False)


def joined(*fields: bytes | None) -> bytes:
    """The fields that are there, one after the other."""
    return b"".join(field for field in fields if field is not None)


def sfloat_bytes(mantissa: int, exponent: int) -> bytes:
    """Twelve bits of mantissa below four of exponent, both two's complement."""
    return u16((mantissa + 4096) % 4096 + (exponent + 16) % 16 * 4096)


def float_bytes(mantissa: int, exponent: int) -> bytes:
    """Twenty-four bits of mantissa below eight of exponent, both two's complement."""
    low = (mantissa + (1 << 24)) % (1 << 24)
    return bytes((low % 256, low // 256 % 256, low // 65536, (exponent + 256) % 256))


def exact(mantissa: int, exponent: int) -> Decimal:
    """The number that these two mean, digit for digit."""
    return Decimal((1 if mantissa < 0 else 0, tuple(int(digit) for digit in str(abs(mantissa))), exponent))


def same(one: Decimal | None, other: Decimal) -> bool:
    """Equal with the same number of decimals; a zero has no sign."""
    return one is not None and one == other and one.as_tuple().exponent == other.as_tuple().exponent


def date_time_bytes(time: datetime) -> bytes:
    return u16(time.year) + bytes((time.month, time.day, time.hour, time.minute, time.second))


sfloats = st.tuples(
    st.integers(-2045, 2045).filter(lambda m: (m + 4096) % 4096 not in SPECIAL_MANTISSAS_12), st.integers(-8, 7)
)
floats = st.tuples(
    st.integers(-(1 << 23) + 3, (1 << 23) - 3).filter(
        lambda m: (m + (1 << 24)) % (1 << 24) not in SPECIAL_MANTISSAS_24
    ),
    st.integers(-128, 127),
)
times = st.datetimes(min_value=datetime(1582, 1, 1), max_value=datetime(9999, 12, 31)).map(  # noqa: DTZ001
    lambda time: time.replace(microsecond=0)
)
words = st.integers(0, 0xFFFF)
octets = st.integers(0, 0xFF)
