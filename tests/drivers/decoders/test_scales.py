"""Makers' scales: Xiaomi advertisements, Rice Lake's print, Health o meter's escape protocol."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.health_o_meter import decode_health_o_meter
from drivers.decoders.mi_scale import decode_mi_scale_1, decode_mi_scale_2
from drivers.decoders.rice_lake import decode_rice_lake
from drivers.errors import DecodeError
from drivers.readings import Quantity, QuantityName, SpecialValue, Status, Unit
from tests.drivers.decoders.encoders import date_time_bytes, octets, times, u16, words
from tests.drivers.decoders.test_framing import BLOCK, READING


def mi2(control: int, impedance: int = 500, weight: int = 16000) -> bytes:
    return u16(control) + date_time_bytes(datetime(2026, 7, 31, 7, 30)) + u16(impedance) + u16(weight)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("control", "final", "status"),
    [
        (0x0002, False, ()),
        (0x2002, True, (Status.STABLE,)),
        (0x2202, True, (Status.IMPEDANCE_PRESENT, Status.STABLE)),
        (0xA202, False, (Status.IMPEDANCE_PRESENT, Status.STABLE, Status.REMOVED)),
        (0x8002, False, (Status.REMOVED,)),
    ],
)
def test_mi_2_is_final_when_stable_and_not_removed(control: int, final: bool, status: tuple[Status, ...]) -> None:
    value = decode_mi_scale_2(mi2(control))
    assert (value.final, value.status) == (final, status)
    assert (QuantityName.IMPEDANCE in value.quantities) == (Status.IMPEDANCE_PRESENT in status)


@pytest.mark.parametrize(
    ("control", "expected", "unit"),
    [(0x2002, "80.000", Unit.KILOGRAM), (0x2003, "160.00", Unit.POUND), (0x6002, "80.000", Unit.KILOGRAM)],
)
def test_mi_2_units(control: int, expected: str, unit: Unit) -> None:
    weight = decode_mi_scale_2(mi2(control)).quantities[QuantityName.WEIGHT]
    assert (str(weight.value), weight.unit) == (expected, unit)


@given(words, words, words, times)
def test_mi_2_there_and_back(control: int, impedance: int, weight: int, time: datetime) -> None:
    value = decode_mi_scale_2(u16(control) + date_time_bytes(time) + u16(impedance) + u16(weight))
    assert value.value(QuantityName.WEIGHT) == weight * (Decimal("0.01") if control % 2 else Decimal("0.005"))
    assert value.device_time == time
    known = 0x0001 + 0x0200 + 0x2000 + 0x4000 + 0x8000
    assert value.unknown_bits == sum(1 << bit for bit in range(16) if control >> bit & 1 and not known >> bit & 1)


@given(octets, words, times)
def test_mi_1_there_and_back(control: int, weight: int, time: datetime) -> None:
    value = decode_mi_scale_1(bytes([control]) + u16(weight) + date_time_bytes(time))
    assert value.value(QuantityName.WEIGHT) == weight * (Decimal("0.01") if control % 2 else Decimal("0.005"))
    assert value.final == (control // 32 % 2 == 1 and control < 128)
    assert value.device_time == time


def test_mi_with_an_impossible_time_keeps_the_weight() -> None:
    value = decode_mi_scale_1(bytes.fromhex("22 A041 EA070D01000000"))
    assert (value.device_time, value.time_fault, value.value(QuantityName.WEIGHT)) == (None, True, Decimal("84.000"))


@pytest.mark.parametrize("length", [0, 9, 11, 12, 14])
def test_mi_of_another_length(length: int) -> None:
    for decode in (decode_mi_scale_1, decode_mi_scale_2):
        with pytest.raises(DecodeError):
            decode(bytes(length))


@pytest.mark.parametrize(
    ("line", "expected", "unit"),
    [
        (b"     10.0 lb Gross \r\n", "10.0", Unit.POUND),
        (b"    -10.0 lb  Net   \r\n", "-10.0", Unit.POUND),
        (b"    84.25 kg Gross\r\n", "84.25", Unit.KILOGRAM),
        (b"      184 LB GROSS \r\n", "184", Unit.POUND),
    ],
)
def test_rice_lake_lines(line: bytes, expected: str, unit: Unit) -> None:
    weight = decode_rice_lake(line).quantities[QuantityName.WEIGHT]
    assert (str(weight.value), weight.unit) == (expected, unit)


def test_a_rice_lake_block_gives_the_net_weight() -> None:
    assert decode_rice_lake(BLOCK).quantities == {
        QuantityName.WEIGHT: Quantity(Decimal("210.0"), Unit.POUND),
        QuantityName.HEIGHT: Quantity(Decimal("73.0"), Unit.INCH),
        QuantityName.BMI: Quantity(Decimal("28.4"), Unit.KILOGRAM_PER_SQUARE_METRE),
    }


def test_a_metric_rice_lake_block() -> None:
    block = b"PATIENT WEIGHT 60.1 KG\r\nPATIENT HEIGHT 170.0 CM\r\nPATIENT BMI 20.8\r\n"
    assert decode_rice_lake(block).quantities == {
        QuantityName.WEIGHT: Quantity(Decimal("60.1"), Unit.KILOGRAM),
        QuantityName.HEIGHT: Quantity(Decimal("1.7000"), Unit.METRE),
        QuantityName.BMI: Quantity(Decimal("20.8"), Unit.KILOGRAM_PER_SQUARE_METRE),
    }


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\r\n",
        b"     10.0 lb Gross",
        b"     10.0 st Gross\r\n",
        b"  1.0.0 kg Gross\r\n",
        b"    1.0.0 kg Gross\r\n",
        b"2.4 kg Gross\r\n",
        b"    72.4 kg Gross\r\n",
        b"      72.4 kg Gross\r\n",
        b"hello\r\n",
        b"PATIENT BMI 20.8\r\n",
    ],
)
def test_rice_lake_nonsense_is_refused(line: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_rice_lake(line)


@pytest.mark.parametrize("cut", range(1, 20))
def test_the_end_of_a_rice_lake_line_is_no_weight(cut: int) -> None:
    with pytest.raises(DecodeError):
        decode_rice_lake(b"     72.4 kg Gross\r\n"[cut:])


def test_a_health_o_meter_reading() -> None:
    assert decode_health_o_meter(READING).quantities == {
        QuantityName.WEIGHT: Quantity(Decimal("90.98"), Unit.KILOGRAM),
        QuantityName.HEIGHT: Quantity(Decimal("1.7870"), Unit.METRE),
        QuantityName.BMI: Quantity(Decimal("28.5"), Unit.KILOGRAM_PER_SQUARE_METRE),
    }


def test_an_imperial_reading_with_nothing_entered() -> None:
    value = decode_health_o_meter(b"\x1bR\x1bW200.50\x1bH000.00\x1bB000.0\x1bNc\x1bE")
    assert value.quantities == {
        QuantityName.WEIGHT: Quantity(Decimal("200.50"), Unit.POUND),
        QuantityName.HEIGHT: Quantity(None, Unit.INCH, SpecialValue.NOT_A_NUMBER),
        QuantityName.BMI: Quantity(None, Unit.KILOGRAM_PER_SQUARE_METRE, SpecialValue.NOT_A_NUMBER),
    }


@pytest.mark.parametrize("weight", [b"999.99", b"999.9"])
def test_an_overloaded_scale_has_no_number(weight: bytes) -> None:
    value = decode_health_o_meter(b"\x1bR\x1bW" + weight + b"\x1bNm\x1bE")
    assert value.value(QuantityName.WEIGHT) is None


@pytest.mark.parametrize(
    "reading",
    [
        b"",
        b"\x1bR\x1bE",
        b"\x1bR\x1bW90.98\x1bE",
        b"\x1bR\x1bNm\x1bE",
        b"\x1bR\x1bW90.98\x1bNx\x1bE",
        b"\x1bR\x1bW\x1bNm\x1bE",
        b"\x1bR\x1bW9-.98\x1bNm\x1bE",
        b"\x1bR\x1bW90.98\x1bW91.98\x1bNm\x1bE",
        b"\x1bR\x1bW90.98\x1bNm",
        b"\x1bW90.98\x1bNm\x1bE",
    ],
)
def test_health_o_meter_nonsense_is_refused(reading: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_health_o_meter(reading)


def test_a_refusal_says_nothing_of_the_patient() -> None:
    with pytest.raises(DecodeError) as refused:
        decode_health_o_meter(b"\x1bR\x1bI0101401234\x1bWabc\x1bNm\x1bE")
    assert "0101401234" not in str(refused.value)
    assert "abc" not in str(refused.value)


@given(st.decimals("0", "499.99", places=2), st.booleans())
def test_health_o_meter_there_and_back(weight: Decimal, metric: bool) -> None:
    value = decode_health_o_meter(f"\x1bR\x1bW{weight:06.2f}\x1bN{'m' if metric else 'c'}\x1bE".encode())
    assert str(value.value(QuantityName.WEIGHT)) == str(weight)
