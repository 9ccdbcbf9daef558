"""Numbers of IEEE 11073-20601: the 16-bit SFLOAT and the 32-bit FLOAT. Only the number; what it measures is elsewhere.

bit   15       12 11                       0
      ┌──────────┬──────────────────────────┐
      │ exponent │ mantissa                 │   SFLOAT: value = mantissa x 10^exponent, both two's complement
      └──────────┴──────────────────────────┘
bit   31       24 23                       0
      ┌──────────┬──────────────────────────┐
      │ exponent │ mantissa                 │   FLOAT: the same, wider
      └──────────┴──────────────────────────┘

              NaN         NRes        +INF        -INF        reserved
    SFLOAT    07FF        0800        07FE        0802        0801
    FLOAT     007FFFFF    00800000    007FFFFE    00800002    00800001

The exponent is the precision that was sent: 36.40 is not 36.4. Over Bluetooth Low Energy both are little-endian.

Source: IEEE 11073-20601; Bluetooth SIG white paper "Personal Health Devices Transcoding".
"""

from __future__ import annotations

from decimal import Decimal

from drivers.errors import DecodeError
from drivers.readings import Quantity, SpecialValue, Unit

SFLOAT_BYTES = 2
FLOAT_BYTES = 4

_SFLOAT_SPECIAL = {
    0x7FE: SpecialValue.POSITIVE_INFINITY,
    0x7FF: SpecialValue.NOT_A_NUMBER,
    0x800: SpecialValue.NOT_AT_THIS_RESOLUTION,
    0x801: SpecialValue.RESERVED,
    0x802: SpecialValue.NEGATIVE_INFINITY,
}
_FLOAT_SPECIAL = {
    0x7FFFFE: SpecialValue.POSITIVE_INFINITY,
    0x7FFFFF: SpecialValue.NOT_A_NUMBER,
    0x800000: SpecialValue.NOT_AT_THIS_RESOLUTION,
    0x800001: SpecialValue.RESERVED,
    0x800002: SpecialValue.NEGATIVE_INFINITY,
}


def decode_sfloat(data: bytes) -> tuple[Decimal | None, SpecialValue | None]:
    """The number in two little-endian bytes, with the precision that was sent (36.40 stays 36.40).

    Exactly one of the two is set. The special mantissas have a meaning with exponent 0 only; with another exponent they
    are RESERVED rather than a number. Raises DecodeError unless there are two bytes.
    """
    if len(data) != SFLOAT_BYTES:
        raise DecodeError(f"an SFLOAT has {SFLOAT_BYTES} bytes, got {len(data)}")
    return sfloat(int.from_bytes(data, "little"))


def decode_float(data: bytes) -> tuple[Decimal | None, SpecialValue | None]:
    """The number in four little-endian bytes; otherwise as :func:`decode_sfloat`."""
    if len(data) != FLOAT_BYTES:
        raise DecodeError(f"a FLOAT has {FLOAT_BYTES} bytes, got {len(data)}")
    return float_number(int.from_bytes(data, "little"))


def sfloat(word: int) -> tuple[Decimal | None, SpecialValue | None]:
    """As :func:`decode_sfloat`, of the 16 bits as an unsigned number."""
    mantissa, exponent = word & 0x0FFF, word >> 12
    special = _SFLOAT_SPECIAL.get(mantissa)
    if special is not None:
        return None, special if exponent == 0 else SpecialValue.RESERVED
    if mantissa >= 0x800:
        mantissa -= 0x1000
    if exponent == 0:
        return Decimal(mantissa), None
    if exponent >= 8:
        exponent -= 16
    return Decimal(mantissa).scaleb(exponent), None


def float_number(word: int) -> tuple[Decimal | None, SpecialValue | None]:
    """As :func:`decode_float`, of the 32 bits as an unsigned number."""
    mantissa, exponent = word & 0xFFFFFF, word >> 24
    special = _FLOAT_SPECIAL.get(mantissa)
    if special is not None:
        return None, special if exponent == 0 else SpecialValue.RESERVED
    if mantissa >= 0x800000:
        mantissa -= 0x1000000
    if exponent >= 0x80:
        exponent -= 0x100
    return Decimal(mantissa).scaleb(exponent), None


def sfloat_quantity(word: int, unit: Unit, shift: int = 0) -> Quantity:
    """The SFLOAT as a quantity; ``shift`` moves the exponent where the wire has another power of ten of the unit."""
    value, special = sfloat(word)
    if shift and value is not None:
        value = value.scaleb(shift)
    return Quantity(value, unit, special)


def fixed_quantity(number: int, exponent: int, unit: Unit) -> Quantity:
    """A whole number of steps of ``10**exponent``: 238 steps of 0.1 are 23.8, 240 are 24.0."""
    return Quantity(Decimal(number).scaleb(exponent), unit)


def missing(unit: Unit) -> Quantity:
    """What a maker's format sends for "no value": there, but not a number."""
    return Quantity(None, unit, SpecialValue.NOT_A_NUMBER)
