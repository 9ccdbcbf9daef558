"""Numbers of IEEE 11073-20601: the 16-bit SFLOAT. Only the number; what it measures is for the caller.

bit   15       12 11                       0
      ┌──────────┬──────────────────────────┐
      │ exponent │ mantissa                 │   value = mantissa x 10^exponent, both two's complement
      └──────────┴──────────────────────────┘
"""

from __future__ import annotations

from decimal import Decimal

from drivers.errors import DecodeError
from drivers.readings import SpecialValue

SFLOAT_BYTES = 2

_SPECIAL = {
    0x7FE: SpecialValue.POSITIVE_INFINITY,
    0x7FF: SpecialValue.NOT_A_NUMBER,
    0x800: SpecialValue.NOT_AT_THIS_RESOLUTION,
    0x801: SpecialValue.RESERVED,
    0x802: SpecialValue.NEGATIVE_INFINITY,
}


def decode_sfloat(data: bytes) -> tuple[Decimal | None, SpecialValue | None]:
    """The number in two little-endian bytes, with the precision that was sent (36.40 stays 36.40).

    Exactly one of the two is set. The special mantissas have a meaning with exponent 0 only; with another exponent they
    are RESERVED rather than a number. Raises DecodeError unless there are two bytes.
    """
    if len(data) != SFLOAT_BYTES:
        raise DecodeError(f"an SFLOAT has {SFLOAT_BYTES} bytes, got {len(data)}")
    word = int.from_bytes(data, "little")
    mantissa, exponent = word & 0x0FFF, word >> 12
    special = _SPECIAL.get(mantissa)
    if special is not None:
        return None, special if exponent == 0 else SpecialValue.RESERVED
    if mantissa >= 0x800:
        mantissa -= 0x1000
    if exponent >= 8:
        exponent -= 16
    return Decimal(mantissa).scaleb(exponent), None
