"""2A35: captured and published packets, every prefix refused, and nonsense survived."""

from __future__ import annotations

import json
import random
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.blood_pressure import decode_blood_pressure
from drivers.errors import DecodeError
from drivers.readings import BloodPressure, BloodPressureStatus, Quantity, SpecialValue, Unit

VECTORS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("blood_pressure_vectors.json").read_text(encoding="utf-8")
)
VALID = [vector for vector in VECTORS if "error" not in vector["expect"]]
REFUSED = [vector for vector in VECTORS if "error" in vector["expect"]]


def said(quantity: Quantity) -> str:
    """A quantity as the vectors write it."""
    return "NaN" if quantity.special is SpecialValue.NOT_A_NUMBER else str(quantity.value)


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["id"])
def test_vectors(vector: dict[str, Any]) -> None:
    packet, expect = bytes.fromhex(vector["hex"]), vector["expect"]
    value = decode_blood_pressure(packet)
    assert value.raw == packet
    assert said(value.systolic) == expect["sys"]
    assert said(value.diastolic) == expect["dia"]
    assert said(value.mean_arterial) == expect["map"]
    assert (value.pulse_rate is None) == ("pr" not in expect)
    if value.pulse_rate is not None:
        assert said(value.pulse_rate) == expect["pr"]
        assert value.pulse_rate.unit is Unit.PER_MINUTE
    assert value.user == expect.get("user")
    written = expect.get("ts")
    if written is not None and not written.startswith("0000"):
        assert value.device_time == datetime.fromisoformat(written)
        assert not value.time_fault
    else:
        assert value.device_time is None
        assert value.time_fault == (written is not None)


def test_status_bits() -> None:
    all_fields = next(vector for vector in VALID if vector["id"] == "bp-all-fields")
    assert decode_blood_pressure(bytes.fromhex(all_fields["hex"])).status == (
        BloodPressureStatus.BODY_MOVED,
        BloodPressureStatus.CUFF_TOO_LOOSE,
        BloodPressureStatus.IRREGULAR_PULSE,
        BloodPressureStatus.IMPROPER_POSITION,
    )
    irregular = next(vector for vector in VALID if vector["id"] == "bp-real-irregular")
    assert decode_blood_pressure(bytes.fromhex(irregular["hex"])).status == (BloodPressureStatus.IRREGULAR_PULSE,)


@pytest.mark.parametrize(
    ("bits", "status", "unknown"),
    [
        (0x0008, (BloodPressureStatus.PULSE_ABOVE_RANGE,), 0),
        (0x0010, (BloodPressureStatus.PULSE_BELOW_RANGE,), 0),
        (0x0018, (), 0x0018),
        (0xFFC0, (), 0xFFC0),
        (0xFFFF, None, 0xFFD8),
    ],
)
def test_pulse_range_and_reserved_bits(bits: int, status: tuple[BloodPressureStatus, ...] | None, unknown: int) -> None:
    value = decode_blood_pressure(bytes.fromhex("10780050005A00") + bits.to_bytes(2, "little"))
    assert value.unknown_bits == unknown
    if status is not None:
        assert value.status == status


def test_kilopascal_keeps_its_unit_and_precision() -> None:
    value = decode_blood_pressure(bytes.fromhex("01A0F06AF07CF0"))
    assert value.systolic == Quantity(Decimal("16.0"), Unit.KILOPASCAL)
    assert str(value.systolic.value) == "16.0"


def test_unknown_user_is_none() -> None:
    assert decode_blood_pressure(bytes.fromhex("08780050005A00FF")).user is None
    assert decode_blood_pressure(bytes.fromhex("08780050005A0002")).user == 2


def test_an_impossible_date_costs_the_time_and_not_the_pressure() -> None:
    value = decode_blood_pressure(bytes.fromhex("02780050005A00EA070D01000000"))
    assert (value.device_time, value.time_fault, value.systolic.value) == (None, True, Decimal(120))


@pytest.mark.parametrize("vector", REFUSED, ids=lambda vector: vector["id"])
def test_published_nonsense_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        decode_blood_pressure(bytes.fromhex(vector["hex"]))


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["id"])
def test_every_prefix_and_every_tail_is_refused(vector: dict[str, Any]) -> None:
    packet = bytes.fromhex(vector["hex"])
    for length in range(len(packet)):
        with pytest.raises(DecodeError, match="truncated"):
            decode_blood_pressure(packet[:length])
    with pytest.raises(DecodeError, match="too many"):
        decode_blood_pressure(packet + b"\x00")


@given(st.binary(max_size=24))
def test_nonsense_raises_nothing_but_decode_error(packet: bytes) -> None:
    try:
        value = decode_blood_pressure(packet)
    except DecodeError:
        return
    check(value, packet)


def test_a_hundred_thousand_random_packets() -> None:
    source = random.Random(20260731)
    understood = 0
    for _ in range(100_000):
        packet = source.randbytes(source.randrange(22))
        try:
            value = decode_blood_pressure(packet)
        except DecodeError:
            continue
        understood += 1
        check(value, packet)
    assert understood > 1000


def check(value: BloodPressure, packet: bytes) -> None:
    """What holds for every decoded packet."""
    assert value.raw == packet
    for quantity in (value.systolic, value.diastolic, value.mean_arterial, value.pulse_rate):
        assert quantity is None or (quantity.value is None) != (quantity.special is None)
    assert not (value.time_fault and value.device_time is not None)
