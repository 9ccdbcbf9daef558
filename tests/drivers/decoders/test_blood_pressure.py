"""2A35 and 2A36: captured packets, every prefix refused, every field there and back, and nonsense survived."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.blood_pressure import decode_blood_pressure, decode_intermediate_cuff_pressure
from drivers.errors import DecodeError
from drivers.readings import Kind, Quantity, QuantityName, SpecialValue, Status, Unit
from tests.drivers.decoders.encoders import (
    date_time_bytes,
    exact,
    flags_of,
    octets,
    same,
    sfloat_bytes,
    sfloats,
    times,
    u16,
    words,
)
from tests.drivers.decoders.vectors import VALID, packet_of, vector


def test_a_captured_reading() -> None:
    packet = vector("bp-real-1")
    value = decode_blood_pressure(packet)
    assert value.raw == packet
    assert value.kind is Kind.BLOOD_PRESSURE
    assert value.quantities == {
        QuantityName.SYSTOLIC: Quantity(Decimal(125), Unit.MILLIMETRE_OF_MERCURY),
        QuantityName.DIASTOLIC: Quantity(Decimal(80), Unit.MILLIMETRE_OF_MERCURY),
        QuantityName.MEAN_ARTERIAL: Quantity(Decimal(102), Unit.MILLIMETRE_OF_MERCURY),
        QuantityName.PULSE_RATE: Quantity(Decimal(64), Unit.PER_MINUTE),
    }
    assert value.device_time == datetime(2017, 1, 16, 12, 39, 54)  # noqa: DTZ001
    assert (value.raw_time, value.time_fault, value.user, value.final) == (packet[7:14], False, None, True)


def test_a_failed_reading_has_quantities_without_numbers() -> None:
    value = decode_blood_pressure(vector("bp-real-failed"))
    assert len(value.quantities) == 4
    assert {quantity.special for quantity in value.quantities.values()} == {SpecialValue.NOT_A_NUMBER}
    assert value.value(QuantityName.SYSTOLIC) is None
    assert value.final


def test_status_bits() -> None:
    assert decode_blood_pressure(vector("bp-all-fields")).status == (
        Status.BODY_MOVED,
        Status.CUFF_TOO_LOOSE,
        Status.IRREGULAR_PULSE,
        Status.IMPROPER_POSITION,
    )
    assert decode_blood_pressure(vector("bp-real-irregular")).status == (Status.IRREGULAR_PULSE,)


@pytest.mark.parametrize(
    ("bits", "status", "unknown"),
    [
        (0x0000, (), 0),
        (0x0008, (Status.PULSE_ABOVE_RANGE,), 0),
        (0x0010, (Status.PULSE_BELOW_RANGE,), 0),
        (0x0018, (), 0x0018),
        (0x0034, (Status.IRREGULAR_PULSE, Status.PULSE_BELOW_RANGE, Status.IMPROPER_POSITION), 0),
        (0xFFC0, (), 0xFFC0),
        (0xFFFF, None, 0xFFD8),
    ],
)
def test_pulse_range_and_reserved_bits(bits: int, status: tuple[Status, ...] | None, unknown: int) -> None:
    value = decode_blood_pressure(bytes.fromhex("10780050005A00") + bits.to_bytes(2, "little"))
    assert value.unknown_bits == unknown
    if status is not None:
        assert value.status == status


def test_kilopascal_keeps_its_unit_and_precision() -> None:
    value = decode_blood_pressure(bytes.fromhex("01A0F06AF07CF0")).quantities[QuantityName.SYSTOLIC]
    assert value == Quantity(Decimal("16.0"), Unit.KILOPASCAL)
    assert str(value.value) == "16.0"


@pytest.mark.parametrize(("slot", "user", "unknown"), [("FF", None, True), ("02", 2, False), ("00", 0, False)])
def test_user_slots(slot: str, user: int | None, unknown: bool) -> None:
    value = decode_blood_pressure(bytes.fromhex("08780050005A00" + slot))
    assert (value.user, value.unknown_user) == (user, unknown)


def test_no_user_is_not_an_unknown_user() -> None:
    value = decode_blood_pressure(bytes.fromhex("00780050005A00"))
    assert (value.user, value.unknown_user, value.time_fault) == (None, False, False)


@pytest.mark.parametrize("time", ["EA070D01000000", "EA07021E000000", "00000411142900", "EA070701182900"])
def test_an_impossible_or_unknown_time_costs_the_time_and_not_the_pressure(time: str) -> None:
    value = decode_blood_pressure(bytes.fromhex("02780050005A00" + time))
    assert (value.device_time, value.time_fault, value.raw_time) == (None, True, bytes.fromhex(time))
    assert value.value(QuantityName.SYSTOLIC) == Decimal(120)


def test_reserved_flags_change_nothing() -> None:
    value = decode_blood_pressure(bytes.fromhex("E0780050005A00"))
    assert (value.value(QuantityName.SYSTOLIC), value.status, value.unknown_bits) == (Decimal(120), (), 0)


def test_cuff_pressure_is_never_final() -> None:
    value = decode_intermediate_cuff_pressure(vector("cuff-2a36"))
    assert value.kind is Kind.CUFF_PRESSURE
    assert value.quantities == {QuantityName.CUFF_PRESSURE: Quantity(Decimal(110), Unit.MILLIMETRE_OF_MERCURY)}
    assert not value.final


@pytest.mark.parametrize("one", [v for v in VALID if v["format"] == "2A35"], ids=lambda one: one["id"])
def test_every_prefix_and_every_tail_is_refused(one: dict[str, str]) -> None:
    packet = packet_of(one)
    for length in range(len(packet)):
        with pytest.raises(DecodeError, match="truncated"):
            decode_blood_pressure(packet[:length])
    with pytest.raises(DecodeError, match="too many"):
        decode_blood_pressure(packet + b"\x00")


@given(
    st.booleans(),
    st.tuples(sfloats, sfloats, sfloats),
    st.none() | times,
    st.none() | sfloats,
    st.none() | octets,
    st.none() | words,
)
def test_every_field_there_and_back(
    kilopascal: bool,
    pressures: tuple[tuple[int, int], ...],
    time: datetime | None,
    pulse: tuple[int, int] | None,
    user: int | None,
    status: int | None,
) -> None:
    packet = bytes([flags_of(kilopascal, time, pulse, user, status)])
    packet += b"".join(sfloat_bytes(*pressure) for pressure in pressures)
    packet += b"" if time is None else date_time_bytes(time)
    packet += b"" if pulse is None else sfloat_bytes(*pulse)
    packet += b"" if user is None else bytes([user])
    packet += b"" if status is None else u16(status)
    value = decode_blood_pressure(packet)
    names = (QuantityName.SYSTOLIC, QuantityName.DIASTOLIC, QuantityName.MEAN_ARTERIAL)
    for name, pressure in zip(names, pressures, strict=True):
        assert value.quantities[name].unit is (Unit.KILOPASCAL if kilopascal else Unit.MILLIMETRE_OF_MERCURY)
        assert same(value.value(name), exact(*pressure))
    if pulse is None:
        assert QuantityName.PULSE_RATE not in value.quantities
    else:
        assert same(value.value(QuantityName.PULSE_RATE), exact(*pulse))
    assert (value.device_time, value.time_fault) == (time, False)
    assert value.user == (None if user == 255 else user)
    assert value.unknown_user == (user == 255)
    assert (Status.BODY_MOVED in value.status) == (status is not None and status % 2 == 1)


@given(st.binary(max_size=24))
def test_nonsense_raises_nothing_but_decode_error(packet: bytes) -> None:
    try:
        value = decode_blood_pressure(packet)
    except DecodeError:
        return
    assert value.raw == packet
    for quantity in value.quantities.values():
        assert (quantity.value is None) != (quantity.special is None)
    assert not (value.time_fault and value.device_time is not None)
