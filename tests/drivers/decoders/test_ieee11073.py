"""SFLOAT and FLOAT: worked values, specials, precision, and every word there is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.ieee11073 import decode_float, decode_sfloat, sfloat_quantity
from drivers.errors import DecodeError
from drivers.readings import SpecialValue, Unit
from tests.drivers.decoders.encoders import exact, float_bytes, floats, same, sfloat_bytes, sfloats

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
WORKED_FLOAT = [
    (0xFF000014, "2.0"),
    (0xFE001C48, "72.40"),
    (0xFF00016C, "36.4"),
    (0x00FFFFCE, "-50"),
    (0x7F000001, "1E+127"),
    (0x80000001, "1E-128"),
]


@pytest.mark.parametrize(("word", "expected"), WORKED)
def test_worked_values_keep_their_precision(word: int, expected: str) -> None:
    value, special = decode_sfloat(word.to_bytes(2, "little"))
    assert special is None
    assert str(value) == str(Decimal(expected))


@pytest.mark.parametrize(("word", "expected"), WORKED_FLOAT)
def test_worked_floats_keep_their_precision(word: int, expected: str) -> None:
    value, special = decode_float(word.to_bytes(4, "little"))
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
    assert sfloat_quantity(word, Unit.PERCENT, 5).special is special


@pytest.mark.parametrize(
    ("word", "special"),
    [
        (0x007FFFFF, SpecialValue.NOT_A_NUMBER),
        (0x00800000, SpecialValue.NOT_AT_THIS_RESOLUTION),
        (0x007FFFFE, SpecialValue.POSITIVE_INFINITY),
        (0x00800002, SpecialValue.NEGATIVE_INFINITY),
        (0x00800001, SpecialValue.RESERVED),
        (0xFF7FFFFF, SpecialValue.RESERVED),
        (0x01800000, SpecialValue.RESERVED),
    ],
)
def test_special_floats(word: int, special: SpecialValue) -> None:
    assert decode_float(word.to_bytes(4, "little")) == (None, special)


def test_every_word_is_a_number_or_a_special_value() -> None:
    for word in range(0x10000):
        value, special = decode_sfloat(word.to_bytes(2, "little"))
        assert (value is None) != (special is None)
        if value is not None:
            sign, digits, exponent = value.as_tuple()
            mantissa = int("".join(map(str, digits))) * (-1 if sign else 1)
            assert isinstance(exponent, int)
            assert (mantissa & 0xFFF, exponent & 0xF) == (word & 0xFFF, word >> 12)


@given(sfloats)
def test_sfloat_there_and_back(number: tuple[int, int]) -> None:
    value, special = decode_sfloat(sfloat_bytes(*number))
    assert special is None
    assert same(value, exact(*number))


@given(floats)
def test_float_there_and_back(number: tuple[int, int]) -> None:
    value, special = decode_float(float_bytes(*number))
    assert special is None
    assert same(value, exact(*number))


@given(sfloats, st.integers(-8, 8))
def test_a_shift_of_the_unit_moves_the_exponent_only(number: tuple[int, int], shift: int) -> None:
    word = int.from_bytes(sfloat_bytes(*number), "little")
    assert same(sfloat_quantity(word, Unit.GRAM, shift).value, exact(number[0], number[1] + shift))


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x00\x00"])
def test_another_length_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_sfloat(data)
    with pytest.raises(DecodeError):
        decode_float(data)
