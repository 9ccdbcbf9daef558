"""2A9D: the fixed steps, the unsuccessful weigh-in, every field there and back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.weight import decode_weight
from drivers.readings import Quantity, QuantityName, SpecialValue, Unit
from tests.drivers.decoders.encoders import date_time_bytes, flags_of, joined, octets, times, u16, words


@pytest.mark.parametrize(
    ("hex_text", "expected", "unit"),
    [
        ("00A041", "84.000", Unit.KILOGRAM),
        ("000100", "0.005", Unit.KILOGRAM),
        ("00D73E", "80.435", Unit.KILOGRAM),
        ("00FEFF", "327.670", Unit.KILOGRAM),
        ("01C544", "176.05", Unit.POUND),
    ],
)
def test_steps(hex_text: str, expected: str, unit: Unit) -> None:
    weight = decode_weight(bytes.fromhex(hex_text)).quantities[QuantityName.WEIGHT]
    assert (str(weight.value), weight.unit) == (expected, unit)


@pytest.mark.parametrize(("flags", "unit"), [("00", Unit.KILOGRAM), ("01", Unit.POUND)])
def test_an_unsuccessful_weigh_in_is_no_number(flags: str, unit: Unit) -> None:
    weight = decode_weight(bytes.fromhex(flags + "FFFF")).quantities[QuantityName.WEIGHT]
    assert weight == Quantity(None, unit, SpecialValue.NOT_A_NUMBER)


def test_reserved_flags_are_kept() -> None:
    # Some physician scales say "below zero" by bit 4.
    assert decode_weight(bytes.fromhex("10A041")).unknown_bits == 0x10


def test_month_13_costs_the_time() -> None:
    value = decode_weight(bytes.fromhex("02A041EA070D01000000"))
    assert (value.device_time, value.time_fault, value.value(QuantityName.WEIGHT)) == (None, True, Decimal("84.000"))


@given(
    st.booleans(), st.integers(0, 0xFFFE), st.none() | times, st.none() | octets, st.none() | st.tuples(words, words)
)
def test_there_and_back(
    imperial: bool, steps: int, time: datetime | None, user: int | None, height: tuple[int, int] | None
) -> None:
    packet = joined(
        bytes([flags_of(imperial, time, user, height)]),
        u16(steps),
        None if time is None else date_time_bytes(time),
        None if user is None else bytes([user]),
        None if height is None else u16(height[0]) + u16(height[1]),
    )
    value = decode_weight(packet)
    step = Decimal("0.01") if imperial else Decimal("0.005")
    assert value.value(QuantityName.WEIGHT) == steps * step
    assert value.device_time == time
    assert (value.user, value.unknown_user) == ((None, True) if user == 255 else (user, False))
    if height is None:
        assert value.quantities.keys() == {QuantityName.WEIGHT}
    else:
        assert value.quantities[QuantityName.BMI] == Quantity(
            height[0] * Decimal("0.1"), Unit.KILOGRAM_PER_SQUARE_METRE
        )
        assert value.quantities[QuantityName.HEIGHT] == (
            Quantity(height[1] * Decimal("0.1"), Unit.INCH)
            if imperial
            else Quantity(height[1] * Decimal("0.001"), Unit.METRE)
        )
