"""Oximeters that stream, scales that broadcast, scales on a cable: when a value is kept, and when it is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.dialogues.broadcast_scale import mi_scale_1, mi_scale_2
from drivers.dialogues.conversation import Conversation
from drivers.dialogues.dialogue import End, Finish, Subscribe, Write
from drivers.dialogues.oximeter_rules import Steady
from drivers.dialogues.oximeters import (
    CONTEC_KEEP_ALIVE,
    CONTEC_START,
    NONIN_SELECT_DATA_FORMAT_8,
    berry,
    contec_five_byte,
    contec_nine_byte,
    jumper,
    nonin_3230,
    nonin_data_format_8,
)
from drivers.dialogues.pulse_oximeter import PulseOximeter
from drivers.dialogues.wired_scale import health_o_meter, rice_lake
from drivers.errors import LinkReason
from drivers.gatt import (
    BODY_COMPOSITION_SERVICE,
    CURRENT_TIME,
    JUMPER_MEASUREMENT,
    NONIN_OXIMETRY_MEASUREMENT,
    PLX_CONTINUOUS,
    PLX_SPOT_CHECK,
    SERIAL_RECEIVE,
    SERIAL_SEND,
    TRANSPARENT_UART_RECEIVE,
    WEIGHT_SCALE_SERVICE,
    service_data,
)
from drivers.readings import Kind, Measurement, Quantity, QuantityName, Unit
from tests.drivers.dialogues.table import LOCAL, NOW, NOW_2A2B, Table


def bci(spo2: int, *, finger: bool = True) -> bytes:
    return bytes((0x85, 50, 6 if finger else 0x10, 72, spo2 if finger else 127))


def jumper_frame(spo2: int, *, finger: bool = True) -> bytes:
    return bytes((0x81, 72 if finger else 255, spo2 if finger else 127, 48))


def contec(spo2: int, *, finger: bool = True) -> bytes:
    signal = 0x05 if finger else 0x15  # no signal
    return bytes((0x01, 0x80, 0x80 | signal, 0xB3, 0x96, 0x80 | 72, 0x80 | (spo2 if finger else 127), 0xFF, 0xFF))


def df8(spo2: int, *, smartpoint: bool) -> bytes:
    return bytes((0x80, 72, spo2, 0x20 if smartpoint else 0))


DF8_NO_FINGER = bytes((0x83, 0x7F, 127, 0x08))


def nonin(spo2: int, *, smartpoint: bool) -> bytes:
    return bytes((0x0A, 0x14 if smartpoint else 0x10, 30, 1, 50, 0, 1, spo2, 0, 72))


NONIN_NO_FINGER = bytes.fromhex("0A081E000000017F01FF")

Frame = Callable[..., bytes]
STEADY: list[tuple[Callable[[], Conversation], str, Frame]] = [
    (berry, TRANSPARENT_UART_RECEIVE, bci),
    (jumper, JUMPER_MEASUREMENT, jumper_frame),
    (contec_five_byte, SERIAL_RECEIVE, bci),
    (contec_nine_byte, SERIAL_RECEIVE, contec),
]


def stream(table: Table, characteristic: str, frames: list[bytes], *, every: float = 0.5) -> None:
    for frame in frames:
        if table.finished is None:
            table.packet(characteristic, frame, after=every)


@pytest.mark.parametrize(("make", "characteristic", "frame"), STEADY)
def test_a_steady_value_is_kept_once_for_each_finger(
    make: Callable[[], Conversation], characteristic: str, frame: Frame
) -> None:
    table = Table(make())
    table.start()
    stream(table, characteristic, [frame(97)] * 16)
    assert table.kept == []
    stream(table, characteristic, [frame(97 + number % 2) for number in range(60)])
    assert [one.value(QuantityName.SPO2) for one in table.kept] == [Decimal(97)]
    assert table.kept[0].final
    assert not table.over
    stream(table, characteristic, [frame(97, finger=False)] * 5)
    assert table.finished == Finish(End.COMPLETE)
    assert len(table.kept) == 1


@pytest.mark.parametrize(("make", "characteristic", "frame"), STEADY)
def test_a_value_that_never_settles_is_kept_as_not_final(
    make: Callable[[], Conversation], characteristic: str, frame: Frame
) -> None:
    table = Table(make())
    table.start()
    stream(table, characteristic, [frame(90 + 4 * (number % 2)) for number in range(120)], every=0.5)
    (kept,) = table.kept
    assert not kept.final
    assert table.finished == Finish(End.INCOMPLETE)
    assert (table.now - NOW).total_seconds() == 55.0


@pytest.mark.parametrize(("make", "characteristic", "frame"), STEADY)
def test_without_a_finger_it_is_given_up_and_nothing_is_kept(
    make: Callable[[], Conversation], characteristic: str, frame: Frame
) -> None:
    table = Table(make())
    table.start()
    stream(table, characteristic, [frame(97, finger=False)] * 200)
    assert (table.kept, table.finished) == ([], Finish(End.TIMED_OUT))
    assert (table.now - NOW).total_seconds() == 45.0


def test_a_silent_stream_is_given_up_too() -> None:
    table = Table(berry())
    table.start()
    while table.finished is None:
        table.silence()
    assert table.finished == Finish(End.TIMED_OUT)
    assert (table.now - NOW).total_seconds() == 45.0


def test_what_is_seen_is_shown_at_most_twice_a_second() -> None:
    table = Table(berry())
    table.start()
    stream(table, TRANSPARENT_UART_RECEIVE, [bci(97)] * 300, every=0.01)
    assert 5 <= len(table.shown) <= 7


def test_frames_may_be_cut_anywhere() -> None:
    table = Table(berry())
    table.start()
    sent = b"".join([bci(97)] * 300)
    stream(table, TRANSPARENT_UART_RECEIVE, [sent[at : at + 7] for at in range(0, len(sent), 7)], every=0.07)
    assert len(table.kept) == 1
    assert table.refused == []


def test_a_closed_stream_gives_its_last_value_as_not_final() -> None:
    table = Table(jumper())
    table.start()
    stream(table, JUMPER_MEASUREMENT, [jumper_frame(97)] * 6)
    table.close(LinkReason.LINK_LOST)
    assert [one.final for one in table.kept] == [False]
    assert table.finished == Finish(End.LINK_LOST)


def test_contec_is_started_and_kept_going() -> None:
    table = Table(contec_nine_byte())
    table.start()
    assert table.operations == [Subscribe(SERIAL_RECEIVE, stream=True), Write(SERIAL_SEND, CONTEC_START)]
    stream(table, SERIAL_RECEIVE, [contec(97, finger=False)] * 240, every=0.1)
    assert table.writes[1:] == [Write(SERIAL_SEND, CONTEC_KEEP_ALIVE)] * 6
    table.silence()
    assert len(table.writes) == 8  # in silence too


def test_the_first_smartpoint_value_by_radio_is_kept() -> None:
    table = Table(nonin_3230())
    table.start()
    unpassed = [nonin(94, smartpoint=False)] * 4
    stream(table, NONIN_OXIMETRY_MEASUREMENT, [NONIN_NO_FINGER] * 3 + unpassed, every=1.0)
    assert (table.kept, len(table.shown)) == ([], 7)
    table.packet(NONIN_OXIMETRY_MEASUREMENT, nonin(97, smartpoint=True), after=1.0)
    assert [one.value(QuantityName.SPO2) for one in table.kept] == [Decimal(97)]
    assert table.finished == Finish(End.COMPLETE)


def test_the_second_smartpoint_value_on_a_cable_is_kept() -> None:
    table = Table(nonin_data_format_8())
    table.start()
    stream(table, SERIAL_RECEIVE, [DF8_NO_FINGER] * 3 + [df8(94, smartpoint=False)] * 4, every=1.0)
    table.packet(SERIAL_RECEIVE, df8(97, smartpoint=True), after=1.0)
    assert (table.kept, len(table.shown)) == ([], 8)
    table.packet(SERIAL_RECEIVE, df8(97, smartpoint=True), after=1.0)
    assert [one.value(QuantityName.SPO2) for one in table.kept] == [Decimal(97)]
    stream(table, SERIAL_RECEIVE, [df8(97, smartpoint=True)] * 5, every=1.0)
    assert (len(table.kept), len(table.operations)) == (1, 2)  # it listens on, until the finger leaves
    stream(table, SERIAL_RECEIVE, [DF8_NO_FINGER] * 4, every=1.0)
    assert (len(table.kept), table.finished) == (1, Finish(End.COMPLETE))


@given(st.integers(0, 2), st.lists(st.integers(0, 39), min_size=1, max_size=4, unique=True))
def test_lost_bytes_of_a_cable_never_make_a_value(reserved: int, lost: list[int]) -> None:
    frame = bytes((0x80, 0x48, 0x61, 0x20 | reserved))
    said = bytes(byte for place, byte in enumerate(frame * 10) if place not in lost)
    table = Table(nonin_data_format_8())
    table.start()
    for at in range(0, len(said), 4):
        table.packet(SERIAL_RECEIVE, said[at : at + 4], after=1.0)
    assert {one.value(QuantityName.SPO2) for one in table.kept} <= {Decimal(97)}


@pytest.mark.parametrize("reserved", [0x02, 0x04, 0x10, 0x40])
def test_a_model_that_uses_reserved_bits_is_listened_to(reserved: int) -> None:
    table = Table(nonin_data_format_8())
    table.start()
    stream(table, SERIAL_RECEIVE, [bytes((0x80, 72, 97, 0x20 | reserved))] * 2, every=1.0)
    assert [one.value(QuantityName.SPO2) for one in table.kept] == [Decimal(97)]


def test_the_rest_of_two_frames_is_not_kept() -> None:
    table = Table(nonin_data_format_8())
    table.start()
    table.packet(SERIAL_RECEIVE, bytes.fromhex("80484861"), after=1.0)
    stream(table, SERIAL_RECEIVE, [df8(97, smartpoint=True)] * 2, every=1.0)
    assert [one.value(QuantityName.SPO2) for one in table.kept] == [Decimal(97)]


def test_nonin_without_smartpoint_gives_its_last_value_after_55_seconds() -> None:
    table = Table(nonin_3230())
    table.start()
    stream(table, NONIN_OXIMETRY_MEASUREMENT, [nonin(94, smartpoint=False)] * 60, every=1.0)
    assert [one.final for one in table.kept] == [False]
    assert table.finished == Finish(End.INCOMPLETE)


def test_the_nonin_cable_is_told_its_format() -> None:
    table = Table(nonin_data_format_8())
    table.start()
    assert table.writes == [Write(SERIAL_SEND, NONIN_SELECT_DATA_FORMAT_8)]


# -- the rule


def seen(spo2: int) -> Measurement:
    quantities = {
        QuantityName.SPO2: Quantity(Decimal(spo2), Unit.PERCENT),
        QuantityName.PULSE_RATE: Quantity(Decimal(72), Unit.PER_MINUTE),
    }
    return Measurement(Kind.PULSE_OXIMETRY, quantities, b"")


@given(st.lists(st.tuples(st.integers(94, 99), st.floats(0.01, 2.5)), max_size=80))
def test_steady_means_that_the_last_eight_seconds_lie_within_one_per_cent(values: list[tuple[int, float]]) -> None:
    rule = Steady()
    now = NOW
    history: list[tuple[int, datetime]] = []
    for spo2, gap in values:
        now += timedelta(seconds=gap)
        if history and now - history[-1][1] > timedelta(seconds=2):
            history.clear()
        history.append((spo2, now))
        passes = rule.passes(seen(spo2), now)
        last = [value for value, at in history if now - at <= timedelta(seconds=8)]
        reaches_back = now - history[0][1] >= timedelta(seconds=8)
        if passes:
            assert max(last) - min(last) <= 2
            assert reaches_back
        close = [value for value, at in history if now - at <= timedelta(seconds=11)]
        if now - history[0][1] >= timedelta(seconds=11) and max(close) - min(close) <= 2:
            assert passes


# -- the profile

SPOT = bytes.fromhex("0161004800EA07071F071E00")


def continuous(spo2: int) -> bytes:
    return bytes((0, spo2, 0, 72, 0))


def test_a_spot_check_is_kept_and_is_enough() -> None:
    table = Table(PulseOximeter(), reads={CURRENT_TIME: NOW_2A2B})
    table.start()
    stream(table, PLX_CONTINUOUS, [continuous(97)] * 10)
    table.packet(PLX_SPOT_CHECK, SPOT)
    stream(table, PLX_CONTINUOUS, [continuous(97)] * 30)
    assert [one.raw for one in table.kept] == [SPOT]
    assert table.clocks == [LOCAL]
    assert table.finished == Finish(End.COMPLETE)


def test_a_stream_alone_is_kept_when_it_is_steady() -> None:
    table = Table(PulseOximeter(), refuses={PLX_SPOT_CHECK: LinkReason.PROTOCOL})
    table.start()
    stream(table, PLX_CONTINUOUS, [continuous(97)] * 30)
    assert [one.raw for one in table.kept] == [continuous(97)]
    table.silence()
    assert table.finished == Finish(End.COMPLETE)


def test_an_oximeter_that_is_taken_off_too_early_gives_its_last_value_as_not_final_once() -> None:
    table = Table(PulseOximeter())
    table.start()
    stream(table, PLX_CONTINUOUS, [continuous(97)] * 6)
    table.silence()
    table_kept = [one.final for one in table.kept]
    assert (table_kept, table.finished) == ([False], Finish(End.INCOMPLETE))


# -- scales

MI_2 = service_data(BODY_COMPOSITION_SERVICE)
UNSTABLE = bytes.fromhex("0204EA07071F071E000000803E")
STABLE = bytes.fromhex("0224EA07071F071E050000803E")
WITH_IMPEDANCE = bytes.fromhex("0226EA07071F071E05F401803E")
REMOVED = bytes.fromhex("02A6EA07071F071E05F401803E")


def test_a_broadcast_weight_is_kept_once_however_often_it_is_repeated() -> None:
    table = Table(mi_scale_2())
    table.start()
    stream(table, MI_2, [UNSTABLE] * 3 + [STABLE] * 20 + [WITH_IMPEDANCE] * 20 + [REMOVED] * 20, every=0.2)
    assert [one.raw for one in table.kept] == [STABLE]
    assert table.clocks == [LOCAL.replace(hour=7, minute=30)]
    table.silence()
    assert table.finished == Finish(End.COMPLETE)


def test_a_weight_that_was_removed_before_we_listened_is_not_of_now() -> None:
    table = Table(mi_scale_2())
    table.start()
    stream(table, MI_2, [REMOVED] * 20)
    assert (table.kept, table.shown, table.clocks) == ([], [], [])


def test_another_weight_is_another_weigh_in() -> None:
    table = Table(mi_scale_1())
    table.start()
    for weight in ("803E", "803E", "903E"):
        table.packet(service_data(WEIGHT_SCALE_SERVICE), bytes.fromhex(f"22{weight}EA07071F071E00"), after=1.0)
    assert len(table.kept) == 2


def test_an_empty_scale_weighs_nobody() -> None:
    table = Table(mi_scale_2())
    table.start()
    table.packet(MI_2, bytes.fromhex("0224EA07071F071E0500000000"))
    assert table.kept == []


@pytest.mark.parametrize(
    ("make", "text", "weight"),
    [
        (rice_lake, b"     72.4 kg Gross\r\n", Decimal("72.4")),
        (health_o_meter, b"\x1bR\x1bW072.40\x1bH172.00\x1bNm\x1bE", Decimal("72.40")),
    ],
)
def test_a_wired_scales_word_is_kept_and_nothing_is_said_to_it(
    make: Callable[[], Conversation], text: bytes, weight: Decimal
) -> None:
    table = Table(make())
    table.start()
    for at in range(0, len(text), 4):
        table.packet(SERIAL_RECEIVE, text[at : at + 4])
    table.packet(SERIAL_RECEIVE, text)
    assert [one.value(QuantityName.WEIGHT) for one in table.kept] == [weight]
    table.silence()
    assert (table.finished, table.writes) == (Finish(End.COMPLETE), [])
