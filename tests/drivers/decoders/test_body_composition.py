"""2A9C: every field there and back; several indications of one weigh-in joined, in whatever order they come."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.body_composition import BodyCompositionParts, decode_body_composition
from drivers.decoders.weight import decode_weight
from drivers.readings import Kind, Measurement, Quantity, QuantityName, SpecialValue, Status, Unit
from tests.drivers.decoders.encoders import date_time_bytes, flags_of, joined, octets, times, u16, words

MORNING = datetime(2026, 7, 31, 7, 30)  # noqa: DTZ001
NAMES = (
    (QuantityName.BASAL_METABOLISM, Decimal(1), Unit.KILOJOULE, Unit.KILOJOULE),
    (QuantityName.MUSCLE_PERCENTAGE, Decimal("0.1"), Unit.PERCENT, Unit.PERCENT),
    (QuantityName.MUSCLE_MASS, None, Unit.KILOGRAM, Unit.POUND),
    (QuantityName.FAT_FREE_MASS, None, Unit.KILOGRAM, Unit.POUND),
    (QuantityName.SOFT_LEAN_MASS, None, Unit.KILOGRAM, Unit.POUND),
    (QuantityName.WATER_MASS, None, Unit.KILOGRAM, Unit.POUND),
    (QuantityName.IMPEDANCE, Decimal("0.1"), Unit.OHM, Unit.OHM),
    (QuantityName.WEIGHT, None, Unit.KILOGRAM, Unit.POUND),
)


@given(
    st.booleans(),
    st.integers(0, 0xFFFE),
    st.none() | times,
    st.none() | octets,
    st.tuples(*[st.none() | st.integers(0, 0xFFFE)] * len(NAMES)),
    st.none() | words,
)
def test_there_and_back(
    imperial: bool,
    fat: int,
    time: datetime | None,
    user: int | None,
    fields: tuple[int | None, ...],
    height: int | None,
) -> None:
    packet = joined(
        u16(flags_of(imperial, time, user, *fields, height)),
        u16(fat),
        None if time is None else date_time_bytes(time),
        None if user is None else bytes([user]),
        *(None if field is None else u16(field) for field in fields),
        None if height is None else u16(height),
    )
    value = decode_body_composition(packet)
    mass_step = Decimal("0.01") if imperial else Decimal("0.005")
    left = dict(value.quantities)
    assert left.pop(QuantityName.BODY_FAT) == Quantity(fat * Decimal("0.1"), Unit.PERCENT)
    for (name, step, metric, other), field in zip(NAMES, fields, strict=True):
        if field is not None:
            quantity = left.pop(name)
            assert quantity == Quantity(field * (step or mass_step), other if imperial else metric)
    if height is not None:
        assert value.value(QuantityName.HEIGHT) == height * (Decimal("0.1") if imperial else Decimal("0.001"))
        del left[QuantityName.HEIGHT]
    assert not left
    assert (value.device_time, value.user, value.final) == (time, None if user == 255 else user, True)


def test_an_unsuccessful_measurement_is_no_number() -> None:
    fat = decode_body_composition(bytes.fromhex("0000FFFF")).quantities[QuantityName.BODY_FAT]
    assert fat == Quantity(None, Unit.PERCENT, SpecialValue.NOT_A_NUMBER)


def test_one_of_several_packets_is_not_final() -> None:
    value = decode_body_composition(bytes.fromhex("0010C200"))
    assert (value.status, value.final, value.unknown_bits) == ((Status.MULTIPLE_PACKETS,), False, 0)
    assert decode_body_composition(bytes.fromhex("00E0C200")).unknown_bits == 0xE000


def weighed(minute: int = 0, user: int | None = 1, steps: int = 15992) -> Measurement:
    time = date_time_bytes(MORNING + timedelta(minutes=minute))
    return decode_weight(joined(bytes([flags_of(None, time, user)]), u16(steps), time, user_byte(user)))


def composed(minute: int = 0, user: int | None = 1, fat: int = 194) -> Measurement:
    time = date_time_bytes(MORNING + timedelta(minutes=minute))
    return decode_body_composition(
        joined(u16(flags_of(None, time, user) + 0x0200), u16(fat), time, user_byte(user), u16(4980))
    )


def first_packet(minute: int = 0) -> Measurement:
    time = date_time_bytes(MORNING + timedelta(minutes=minute))
    return decode_body_composition(joined(u16(0x100E), u16(194), time, b"\x01", u16(7000)))


def second_packet() -> Measurement:
    return decode_body_composition(joined(u16(0x1600), b"\xff\xff", u16(4980), u16(15992)))


def user_byte(user: int | None) -> bytes | None:
    return None if user is None else bytes([user])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_weight_and_composition_of_one_time_and_user_are_one(order: tuple[int, int]) -> None:
    parts = BodyCompositionParts()
    pair = (weighed(), composed())
    assert parts.add(pair[order[0]]) == ()
    (value,) = parts.add(pair[order[1]])
    assert value.kind is Kind.BODY_COMPOSITION
    assert value.raw == pair[0].raw + pair[1].raw
    assert value.quantities.keys() == {QuantityName.WEIGHT, QuantityName.BODY_FAT, QuantityName.IMPEDANCE}
    assert (value.device_time, value.user, value.final) == (MORNING, 1, True)
    assert parts.rest() == ()


@pytest.mark.parametrize("other", [composed(minute=1), composed(user=2), composed(user=None), composed(user=255)])
def test_another_time_or_user_is_another_weigh_in(other: Measurement) -> None:
    parts = BodyCompositionParts()
    assert parts.add(weighed()) == ()
    assert parts.add(other) == ()
    assert parts.rest() == (weighed(), other)
    assert parts.rest() == ()


def test_stored_weigh_ins_of_two_users_in_any_order() -> None:
    stored = [weighed(0, 1), composed(0, 1), weighed(0, 2, 12000), composed(0, 2, 300), weighed(5, 1), composed(5, 1)]
    for order in itertools.permutations(stored):
        parts = BodyCompositionParts()
        done = [value for part in order for value in parts.add(part)]
        assert parts.rest() == ()
        assert sorted((value.device_time or MORNING, value.user or 0, len(value.raw)) for value in done) == [
            (MORNING, 1, 25),
            (MORNING, 2, 25),
            (MORNING + timedelta(minutes=5), 1, 25),
        ]


def test_two_packets_of_one_composition() -> None:
    parts = BodyCompositionParts()
    assert parts.add(first_packet()) == ()
    assert parts.add(second_packet()) == ()
    (value,) = parts.rest()
    assert (value.status, value.final, value.device_time, value.user) == ((), True, MORNING, 1)
    assert value.value(QuantityName.BODY_FAT) == Decimal("19.4")
    assert value.value(QuantityName.WEIGHT) == Decimal("79.960")
    assert value.value(QuantityName.BASAL_METABOLISM) == 7000


def test_two_packets_and_the_weight_beside_them() -> None:
    for order in itertools.permutations([weighed(), first_packet(), second_packet()]):
        if order.index(second_packet()) < order.index(first_packet()):
            continue
        parts = BodyCompositionParts()
        done = [value for part in order for value in parts.add(part)]
        (value,) = (*done, *parts.rest())
        assert value.final
        assert value.raw == weighed().raw + first_packet().raw + second_packet().raw


def test_a_lone_packet_of_several_comes_out_not_final() -> None:
    parts = BodyCompositionParts()
    assert parts.add(first_packet()) == ()
    assert parts.add(first_packet(minute=3)) == (first_packet(),)
    (left,) = parts.rest()
    assert not left.final


def test_the_same_kind_again_lets_the_earlier_one_go() -> None:
    parts = BodyCompositionParts()
    assert parts.add(weighed(steps=15992)) == ()
    assert parts.add(weighed(steps=16000)) == (weighed(steps=15992),)


def test_what_waits_for_partners_is_bounded_and_nothing_is_lost() -> None:
    parts = BodyCompositionParts()
    done = [value for minute in range(200) for value in parts.add(weighed(minute))]
    assert len(done) == 200 - 64
    assert [value.device_time for value in (*done, *parts.rest())] == [
        MORNING + timedelta(minutes=minute) for minute in range(200)
    ]
