"""SFLOAT: worked values, specials, precision, and every word there is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from drivers.decoders.ieee11073 import decode_sfloat
from drivers.errors import DecodeError
from drivers.readings import SpecialValue

# Worked values from the Bluetooth SIG white paper "Personal Health Devices Transcoding" and from the layout.
WORKED = [
    (0xF014, "2.0"),
    (0xE0C8, "2.00"),
    (0x1002, "2E+1"),
    (0x0B2E, "-1234"),
    (0xF325, "80.5"),
    (0x0FCE, "-50"),
    (0x0000, "0"),
    (0x8001, "1E-8"),
    (0x7001, "1E+7"),
]


@pytest.mark.parametrize(("word", "expected"), WORKED)
def test_worked_values_keep_their_precision(word: int, expected: str) -> None:
    value, special = decode_sfloat(word.to_bytes(2, "little"))
    assert special is None
    assert str(value) == str(Decimal(expected))


@pytest.mark.parametrize(
    ("word", "special"),
    [
        (0x07FF, SpecialValue.NOT_A_NUMBER),
        (0x0800, SpecialValue.NOT_AT_THIS_RESOLUTION),
        (0x07FE, SpecialValue.POSITIVE_INFINITY),
        (0x0802, SpecialValue.NEGATIVE_INFINITY),
        (0x0801, SpecialValue.RESERVED),
        (0xF7FF, SpecialValue.RESERVED),
        (0x1800, SpecialValue.RESERVED),
        (0xF802, SpecialValue.RESERVED),
    ],
)
def test_special_values(word: int, special: SpecialValue) -> None:
    assert decode_sfloat(word.to_bytes(2, "little")) == (None, special)


def test_every_word_is_a_number_or_a_special_value() -> None:
    for word in range(0x10000):
        value, special = decode_sfloat(word.to_bytes(2, "little"))
        assert (value is None) != (special is None)
        if value is not None:
            sign, digits, exponent = value.as_tuple()
            mantissa = int("".join(map(str, digits))) * (-1 if sign else 1)
            assert isinstance(exponent, int)
            assert (mantissa & 0xFFF, exponent & 0xF) == (word & 0xFFF, word >> 12)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x00\x00"])
def test_another_length_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_sfloat(data)
