"""FORA frames: captured ones, the sum, a record out of two parts, and no scale that nobody confirmed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.fora import (
    ForaAnalyte,
    ForaCategory,
    ForaCommand,
    decode_fora,
    fora_measurement,
    fora_time,
    fora_value,
)
from drivers.errors import DecodeError
from drivers.formats import decode_to_json
from drivers.readings import Kind, Quantity, QuantityName, SpecialValue, Status, Unit
from tests.drivers.decoders.encoders import octets, u16
from tests.drivers.decoders.vectors import vector


def frame(command: int, payload: bytes, direction: int = 0xA5) -> bytes:
    body = bytes((0x51, command)) + payload + bytes((direction,))
    return body + bytes((sum(body) % 256,))


def time_part(year: int = 2026, month: int = 9, day: int = 27, hour: int = 8, minute: int = 5) -> bytes:
    return frame(0x25, u16((year - 2000) * 512 + month * 32 + day) + bytes((minute, 0x40 + hour)))


def value_part(number: int, analyte: int = 8, category: int = 0) -> bytes:
    return frame(0x26, u16(number) + bytes((23, category * 64 + analyte * 4)))


def test_captured_frames() -> None:
    request, answer, project = (
        decode_fora(vector(name)) for name in ("fora-wake-req", "fora-wake-rsp", "fora-project")
    )
    assert (request.known, request.answer) == (ForaCommand.WAKE, False)
    assert (answer.known, answer.answer, answer.payload) == (ForaCommand.WAKE, True, bytes.fromhex("0000FFFF"))
    assert project.payload[:2] == bytes.fromhex("8341")


@given(octets, st.binary(min_size=4, max_size=4), st.sampled_from((0xA3, 0xA5)), st.integers(1, 255))
def test_a_wrong_sum_is_refused(command: int, payload: bytes, direction: int, error: int) -> None:
    good = frame(command, payload, direction)
    assert decode_fora(good).command == command
    with pytest.raises(DecodeError, match="sum"):
        decode_fora(good[:7] + bytes(((good[7] + error) % 256,)))


@pytest.mark.parametrize("text", ["", "51220000FFFFA5", "51220000FFFFA51600", "52220000FFFFA517", "51220000FFFFA415"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_fora(bytes.fromhex(text))


@given(st.datetimes(datetime(2000, 1, 1), datetime(2127, 12, 31)))  # noqa: DTZ001
def test_times(time: datetime) -> None:
    got = fora_time(decode_fora(time_part(time.year, time.month, time.day, time.hour, time.minute)))
    assert got.shown == time.replace(second=0, microsecond=0)
    assert (got.transmitted, got.unknown_bits) == (True, 0)


def test_a_record_of_uric_acid() -> None:
    time, value = decode_fora(time_part()), decode_fora(value_part(54))
    got = fora_measurement(value, time)
    assert got.kind is Kind.URIC_ACID
    assert got.quantities == {QuantityName.URIC_ACID: Quantity(Decimal("5.4"), Unit.MILLIGRAM_PER_DECILITRE)}
    assert got.device_time == datetime(2026, 9, 27, 8, 5)  # noqa: DTZ001
    assert (got.time_fault, got.status, got.raw) == (False, (), time.raw + value.raw)


def test_month_13_costs_the_time() -> None:
    got = fora_measurement(decode_fora(value_part(54)), decode_fora(time_part(month=13)))
    assert (got.device_time, got.time_fault, got.value(QuantityName.URIC_ACID)) == (None, True, Decimal("5.4"))


def test_no_value_and_control_solution() -> None:
    got = fora_measurement(decode_fora(value_part(0xFFFF, category=3)))
    assert got.quantities[QuantityName.URIC_ACID].special is SpecialValue.NOT_A_NUMBER
    assert got.status == (Status.CONTROL_SOLUTION,)
    assert (got.device_time, got.time_fault) == (None, False)


@pytest.mark.parametrize("analyte", [code for code in range(16) if code != 8])
def test_no_other_analyte_becomes_a_measurement(analyte: int) -> None:
    value = decode_fora(value_part(98, analyte))
    assert fora_value(value).number == 98
    with pytest.raises(DecodeError, match="not confirmed"):
        fora_measurement(value)
    got = decode_to_json("fora", value.raw)
    assert (got["kind"], got["number"]) == ("fora-frame", 98)


def test_analytes_and_categories() -> None:
    got = fora_value(decode_fora(value_part(0xFFFF, 6, 3)))
    assert (got.number, got.analyte, got.category) == (None, ForaAnalyte.HAEMATOCRIT, ForaCategory.QC)
    assert (got.auxiliary, got.analyte_code) == (23, 6)


def test_the_json_of_a_value() -> None:
    got = decode_to_json("fora", value_part(54))
    assert got["kind"] == "uric-acid"
    assert got["uric_acid"] == {"value": "5.4", "unit": "mg/dL"}
    assert decode_to_json("fora", time_part())["time"] == "2026-09-27T08:05:00"


def test_a_part_is_read_only_out_of_its_own_answer() -> None:
    for wrong in (value_part(54), frame(0x25, bytes(4), 0xA3), frame(0x22, bytes(4))):
        with pytest.raises(DecodeError, match="expected an answer"):
            fora_time(decode_fora(wrong))
    with pytest.raises(DecodeError, match="expected an answer"):
        fora_measurement(decode_fora(time_part()))
