"""2A18 and 2A34: units by the exponent alone, time and offset, control solution, every field there and back."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.glucose import decode_glucose, decode_glucose_context
from drivers.readings import Detail, Kind, QuantityName, SpecialValue, Status, Unit
from tests.drivers.decoders.encoders import (
    date_time_bytes,
    exact,
    flags_of,
    joined,
    octets,
    s16,
    same,
    sfloat_bytes,
    sfloats,
    times,
    u16,
    words,
)
from tests.drivers.decoders.vectors import vector

BASE = "02 0500 EA07071F071E00"


def test_milligrams_keep_their_precision() -> None:
    value = decode_glucose(vector("gls-mgdl")).quantities[QuantityName.GLUCOSE]
    assert (str(value.value), value.unit) == ("98", Unit.MILLIGRAM_PER_DECILITRE)


def test_millimoles_keep_their_precision() -> None:
    value = decode_glucose(vector("gls-mmol")).quantities[QuantityName.GLUCOSE]
    assert (str(value.value), value.unit) == ("5.4", Unit.MILLIMOLE_PER_LITRE)


@pytest.mark.parametrize("site", ["1A", "41", "4A", "AA"])
def test_control_solution_by_type_or_location(site: str) -> None:
    value = decode_glucose(bytes.fromhex(BASE + "62B0" + site))
    assert (Status.CONTROL_SOLUTION in value.status) == (site in ("1A", "41", "4A", "AA"))


def test_a_patients_sample() -> None:
    value = decode_glucose(bytes.fromhex(BASE + "62B0 11"))
    assert value.status == ()
    assert value.details == {Detail.SAMPLE_TYPE: "capillary-whole-blood", Detail.SAMPLE_LOCATION: "finger"}


def test_reserved_types_are_said_so() -> None:
    value = decode_glucose(bytes.fromhex(BASE + "62B0 5C"))
    assert value.details == {Detail.SAMPLE_TYPE: "reserved-12", Detail.SAMPLE_LOCATION: "reserved-5"}


@pytest.mark.parametrize(("offset", "shown"), [("0000", "07:30"), ("3C00", "08:30"), ("C4FF", "06:30")])
def test_the_offset_is_in_minutes_and_signed(offset: str, shown: str) -> None:
    value = decode_glucose(bytes.fromhex("01 0500 EA07071F071E00" + offset))
    assert value.device_time is not None
    assert value.device_time.strftime("%H:%M") == shown
    assert value.raw_time == bytes.fromhex("EA07071F071E00" + offset)
    assert value.quantities == {}


@pytest.mark.parametrize("time", ["0F270C1F173B3B FF7F", "EA070D01000000 0000", "00000701000000 0000"])
def test_a_time_outside_the_calendar_costs_the_time_only(time: str) -> None:
    value = decode_glucose(bytes.fromhex("03 0500" + time + "62B011"))
    assert (value.device_time, value.time_fault) == (None, True)
    assert value.value(QuantityName.GLUCOSE) == Decimal(98)


def test_the_meters_own_time_fault() -> None:
    value = decode_glucose(bytes.fromhex("08 0500 EA07071F071E00 0008"))
    assert value.status == (Status.TIME_FAULT,)
    assert value.time_fault
    assert value.device_time is not None


def test_result_out_of_range_is_not_the_battery() -> None:
    value = decode_glucose(bytes.fromhex("1A 0500 EA07071F071E00 FE07 11 2100"))
    assert value.status == (Status.CONTEXT_FOLLOWS, Status.LOW_BATTERY, Status.RESULT_TOO_HIGH)
    assert value.quantities[QuantityName.GLUCOSE].special is SpecialValue.POSITIVE_INFINITY


def test_unknown_bits_of_status_and_flags() -> None:
    assert decode_glucose(bytes.fromhex("E8 0500 EA07071F071E00 00F0")).unknown_bits == 0xE0_F000


@given(
    words,
    times,
    st.none() | st.integers(-32768, 32767),
    st.none() | st.tuples(sfloats, octets),
    st.booleans(),
    st.none() | words,
    st.booleans(),
)
def test_a_measurement_there_and_back(
    sequence: int,
    base: datetime,
    offset: int | None,
    concentration: tuple[tuple[int, int], int] | None,
    molar: bool,
    status: int | None,
    context: bool,
) -> None:
    value = decode_glucose(
        joined(
            bytes([flags_of(offset, concentration, molar, status, context)]),
            u16(sequence),
            date_time_bytes(base),
            None if offset is None else s16(offset),
            None if concentration is None else sfloat_bytes(*concentration[0]) + bytes([concentration[1]]),
            None if status is None else u16(status),
        )
    )
    assert value.sequence == sequence
    try:
        assert value.device_time == base + timedelta(minutes=offset or 0)
    except OverflowError:
        assert value.time_fault
    assert (Status.CONTEXT_FOLLOWS in value.status) == context
    if concentration is None:
        assert value.quantities == {}
        assert value.details == {}
    else:
        (mantissa, exponent), site = concentration
        assert same(value.value(QuantityName.GLUCOSE), exact(mantissa, exponent + (3 if molar else 5)))
        assert (Status.CONTROL_SOLUTION in value.status) == (site % 16 == 10 or site // 16 == 4)
    assert value.unknown_bits == (status or 0) // 4096 * 4096


def test_a_context_in_words() -> None:
    packet = bytes.fromhex("DF 0600 00 01 3CD0 02 51 0807 3C 01 04A0 34F0")
    value = decode_glucose_context(packet)
    assert value.kind is Kind.GLUCOSE_CONTEXT
    assert value.sequence == 6
    carbohydrate = value.quantities[QuantityName.CARBOHYDRATE]
    assert (str(carbohydrate.value), carbohydrate.unit) == ("60", Unit.GRAM)
    assert str(value.value(QuantityName.HBA1C)) == "5.2"
    assert value.details == {
        Detail.CARBOHYDRATE_TYPE: "breakfast",
        Detail.MEAL: "after-meal",
        Detail.TESTER: "self",
        Detail.HEALTH: "no-health-issues",
        Detail.EXERCISE: "1800 s 60 %",
        Detail.MEDICATION: "rapid-acting-insulin 4 mg",
    }
    assert value.unknown_bits == 0


def test_a_ketone_reading_is_seen_in_its_context() -> None:
    # i-SENS meters: meal 6 says that the number is ketone.
    assert decode_glucose_context(bytes.fromhex("02 0600 06")).details == {Detail.MEAL: "reserved-6"}


def test_medication_in_millilitres_overrun_and_no_number() -> None:
    value = decode_glucose_context(bytes.fromhex("38 0600 FFFF 32 05 0CC0"))
    assert value.details == {Detail.EXERCISE: "overrun s 50 %", Detail.MEDICATION: "pre-mixed-insulin 1.2 mL"}
    value = decode_glucose_context(bytes.fromhex("10 0600 07 FF07"))
    assert value.details == {Detail.MEDICATION: "reserved-7 not-a-number mg"}


def test_extended_flags_are_kept() -> None:
    assert decode_glucose_context(bytes.fromhex("80 0600 A5")).unknown_bits == 0xA5
