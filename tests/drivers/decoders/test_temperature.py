"""2A1C and 2A1E: white paper values, sites, every field there and back."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.temperature import decode_intermediate_temperature, decode_temperature
from drivers.readings import Detail, Quantity, QuantityName, SpecialValue, Unit
from tests.drivers.decoders.encoders import (
    date_time_bytes,
    exact,
    flags_of,
    float_bytes,
    floats,
    joined,
    octets,
    same,
    times,
)


def test_precision_is_what_was_sent() -> None:
    value = decode_temperature(bytes.fromhex("00380E00FE"))
    assert str(value.value(QuantityName.TEMPERATURE)) == "36.40"


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "armpit"), (3, "ear"), (6, "mouth"), (7, "rectum"), (9, "tympanum"), (0, "reserved-0"), (10, "reserved-10")],
)
def test_sites(number: int, word: str) -> None:
    value = decode_temperature(bytes.fromhex("046C0100FF") + bytes([number]))
    assert value.details == {Detail.SITE: word}


def test_a_failed_measurement() -> None:
    value = decode_temperature(bytes.fromhex("00FFFF7F00"))
    assert value.quantities == {QuantityName.TEMPERATURE: Quantity(None, Unit.CELSIUS, SpecialValue.NOT_A_NUMBER)}


def test_an_intermediate_temperature_is_never_final() -> None:
    assert decode_temperature(bytes.fromhex("006C0100FF")).final
    assert not decode_intermediate_temperature(bytes.fromhex("006C0100FF")).final


@given(st.booleans(), floats, st.none() | times, st.none() | octets)
def test_there_and_back(fahrenheit: bool, number: tuple[int, int], time: datetime | None, site: int | None) -> None:
    value = decode_temperature(
        joined(
            bytes([flags_of(fahrenheit, time, site)]),
            float_bytes(*number),
            None if time is None else date_time_bytes(time),
            None if site is None else bytes([site]),
        )
    )
    quantity = value.quantities[QuantityName.TEMPERATURE]
    assert quantity.unit is (Unit.FAHRENHEIT if fahrenheit else Unit.CELSIUS)
    assert same(quantity.value, exact(*number))
    assert value.device_time == time
    assert bool(value.details) == (site is not None)
