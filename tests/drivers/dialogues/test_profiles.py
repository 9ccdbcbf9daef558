"""Devices that follow the profiles, Omron's and scales with consent among them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from drivers.decoders.current_time import encode_current_time
from drivers.dialogues.consenting_scale import ConsentingScale
from drivers.dialogues.dialogue import End, Finish, Keep, Read, Subscribe, Wait, Write
from drivers.dialogues.omron import omron_cuff, omron_scale
from drivers.dialogues.profiles import standard_cuff, standard_scale, standard_thermometer
from drivers.dialogues.standard import StandardConversation
from drivers.errors import LinkReason
from drivers.gatt import (
    BLOOD_PRESSURE_MEASUREMENT,
    BODY_COMPOSITION_MEASUREMENT,
    CURRENT_TIME,
    DATE_TIME,
    INTERMEDIATE_CUFF_PRESSURE,
    INTERMEDIATE_TEMPERATURE,
    TEMPERATURE_MEASUREMENT,
    USER_CONTROL_POINT,
    WEIGHT_MEASUREMENT,
)
from drivers.readings import Kind, QuantityName
from tests.drivers.dialogues.table import LOCAL, NOW, NOW_2A08, NOW_2A2B, Table

PRESSURE = bytes.fromhex("167D0050006600EA07071F071E00400000 00")
WEIGHT = bytes.fromhex("06203AEA07071F071E0001")  # user 1, 07:30
COMPOSITION = bytes.fromhex("0600C200EA07071F071E0001")  # 19.4 %, the same
COMPOSITION_OF_ANOTHER = bytes.fromhex("0600C200EA07071F071E0002")
IN_SHOES = bytes.fromhex("0600FFFFEA07071F071E0001")
THREE_DAYS_OFF = encode_current_time(NOW - timedelta(days=3))
CLOCK_LOST = bytes.fromhex("00000000000000000000")


def test_a_cuff_is_subscribed_to_and_its_clock_read_and_left_alone() -> None:
    table = Table(standard_cuff(), reads={CURRENT_TIME: THREE_DAYS_OFF})
    table.start()
    assert table.operations == [
        Subscribe(BLOOD_PRESSURE_MEASUREMENT),
        Read(DATE_TIME),
        Read(CURRENT_TIME),
        Subscribe(INTERMEDIATE_CUFF_PRESSURE),
    ]
    table.packet(BLOOD_PRESSURE_MEASUREMENT, PRESSURE)
    table.silence()
    assert table.clocks == [LOCAL - timedelta(days=3)]
    assert table.writes == []
    assert table.finished == Finish(End.COMPLETE)


def test_the_first_clock_that_answers_is_enough() -> None:
    table = Table(standard_cuff(), reads={DATE_TIME: NOW_2A08, CURRENT_TIME: NOW_2A2B})
    table.start()
    assert Read(CURRENT_TIME) not in table.actions


def test_no_clock_at_all_is_no_obstacle() -> None:
    table = Table(standard_thermometer())
    table.start()
    table.packet(INTERMEDIATE_TEMPERATURE, bytes.fromhex("006C0100FF"))
    table.packet(TEMPERATURE_MEASUREMENT, bytes.fromhex("006D0100FF"))
    assert table.clocks == []
    assert [one.value(QuantityName.TEMPERATURE) for one in table.kept] == [Decimal("36.5")]
    assert [one.value(QuantityName.TEMPERATURE) for one in table.shown] == [Decimal("36.4")]


def test_a_cuff_may_take_its_time_to_inflate_but_not_for_ever() -> None:
    table = Table(standard_cuff())
    table.start()
    assert table.wait == 60.0
    table.packet(INTERMEDIATE_CUFF_PRESSURE, bytes.fromhex("006E00FF07FF07"), after=30)
    table.silence()
    assert (table.kept, table.finished) == ([], Finish(End.COMPLETE))


# -- weight and composition


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_weight_and_composition_of_one_weigh_in_are_one_measurement(order: tuple[int, int]) -> None:
    packets = ((WEIGHT_MEASUREMENT, WEIGHT), (BODY_COMPOSITION_MEASUREMENT, COMPOSITION))
    table = Table(standard_scale())
    table.start()
    for place in order:
        table.packet(*packets[place], after=0.5)
    (keep,) = table.keeps
    assert keep.measurement.kind is Kind.BODY_COMPOSITION
    assert keep.measurement.value(QuantityName.WEIGHT) == Decimal("74.400")
    assert keep.measurement.value(QuantityName.BODY_FAT) == Decimal("19.4")
    assert keep.received == NOW + timedelta(seconds=0.5)


def test_a_weight_waits_only_a_moment_for_its_composition() -> None:
    table = Table(standard_scale())
    table.start()
    table.packet(WEIGHT_MEASUREMENT, WEIGHT)
    assert (table.kept, table.wait) == ([], 1.5)
    assert table.silence() == [Keep(table.kept[0], NOW), Wait(4.0)]
    assert table.kept[0].kind is Kind.WEIGHT
    table.silence()
    assert table.finished == Finish(End.COMPLETE)


def test_a_scale_without_composition_is_not_waited_for() -> None:
    table = Table(standard_scale(), refuses={BODY_COMPOSITION_MEASUREMENT: LinkReason.PROTOCOL})
    table.start()
    table.packet(WEIGHT_MEASUREMENT, WEIGHT)
    assert len(table.kept) == 1


def test_parts_of_two_people_are_not_joined_and_none_is_lost_when_the_line_closes() -> None:
    table = Table(standard_scale())
    table.start()
    table.packet(WEIGHT_MEASUREMENT, WEIGHT)
    table.packet(BODY_COMPOSITION_MEASUREMENT, COMPOSITION_OF_ANOTHER)
    table.close()
    assert [(one.kind, one.user) for one in table.kept] == [(Kind.WEIGHT, 1), (Kind.BODY_COMPOSITION, 2)]


def test_a_weigh_in_in_shoes_is_a_weight() -> None:
    table = Table(standard_scale())
    table.start()
    table.packet(WEIGHT_MEASUREMENT, WEIGHT)
    table.packet(BODY_COMPOSITION_MEASUREMENT, IN_SHOES)
    assert [one.kind for one in table.kept] == [Kind.WEIGHT]


# -- Omron


def test_omrons_clock_is_written_once_on_its_first_word_about_it() -> None:
    table = Table(omron_cuff())
    table.start()
    assert table.operations == [Subscribe(BLOOD_PRESSURE_MEASUREMENT), Subscribe(CURRENT_TIME)]
    table.packet(CURRENT_TIME, THREE_DAYS_OFF)
    table.packet(CURRENT_TIME, NOW_2A2B)
    table.packet(BLOOD_PRESSURE_MEASUREMENT, PRESSURE)
    table.packet(CURRENT_TIME, NOW_2A2B)
    assert table.writes == [Write(CURRENT_TIME, NOW_2A2B)]
    assert table.clocks == [LOCAL - timedelta(days=3)]
    assert len(table.kept) == 1
    assert table.close() == [Finish(End.COMPLETE)]


def test_omron_without_a_word_about_its_clock_is_never_written_to() -> None:
    table = Table(omron_scale())
    table.start()
    table.packet(WEIGHT_MEASUREMENT, WEIGHT)
    assert table.kept == []
    table.silence()
    assert (len(table.kept), table.writes, table.clocks) == (1, [], [])
    table.packet(CURRENT_TIME, NOW_2A2B)
    table.silence()
    assert table.writes == []


def test_omron_is_written_to_at_no_other_moment_even_when_records_come_first() -> None:
    table = Table(omron_cuff())
    table.start()
    table.packet(BLOOD_PRESSURE_MEASUREMENT, PRESSURE)
    assert (table.writes, table.kept) == ([], [])
    table.packet(CURRENT_TIME, NOW_2A2B)
    assert [one.raw for one in table.kept] == [PRESSURE]


# -- consent


def consenting(reads: dict[str, bytes] | None = None) -> Table:
    return Table(ConsentingScale(1, 3752), reads=reads if reads is not None else {CURRENT_TIME: NOW_2A2B})


@pytest.mark.parametrize(("index", "consent"), [(None, None), (1, None), (None, 3752)])
def test_without_an_agreed_code_nothing_is_tried(index: int | None, consent: int | None) -> None:
    assert Table(ConsentingScale(index, consent)).start() == [Finish(End.REFUSED)]


def test_consent_is_given_before_anything_is_expected() -> None:
    table = consenting()
    table.start()
    assert table.operations == [
        Subscribe(WEIGHT_MEASUREMENT),
        Subscribe(BODY_COMPOSITION_MEASUREMENT),
        Read(CURRENT_TIME),
        Subscribe(USER_CONTROL_POINT),
        Write(USER_CONTROL_POINT, bytes.fromhex("0201A80E")),
    ]
    table.packet(USER_CONTROL_POINT, bytes.fromhex("200201"))
    assert table.wait == 40.0
    table.packet(WEIGHT_MEASUREMENT, WEIGHT)
    table.packet(BODY_COMPOSITION_MEASUREMENT, COMPOSITION)
    table.silence()
    assert (len(table.kept), table.finished) == (1, Finish(End.COMPLETE))


@pytest.mark.parametrize("answer", ["200205", "200204", "200299"])
def test_a_scale_that_refuses_consent_is_left(answer: str) -> None:
    table = consenting()
    table.start()
    table.packet(USER_CONTROL_POINT, bytes.fromhex(answer))
    assert table.finished == Finish(End.REFUSED)


def test_a_scale_that_does_not_answer_consent_is_left() -> None:
    table = consenting()
    table.start()
    table.silence()
    assert table.finished == Finish(End.REFUSED)


@pytest.mark.parametrize(
    ("clock", "written_at_once", "written_at_last"),
    [(NOW_2A2B, False, False), (THREE_DAYS_OFF, False, True), (CLOCK_LOST, True, False)],
)
def test_a_wrong_clock_is_set_after_the_records_and_a_lost_one_at_once(
    clock: bytes, written_at_once: bool, written_at_last: bool
) -> None:
    table = consenting({CURRENT_TIME: clock})
    table.start()
    table.packet(USER_CONTROL_POINT, bytes.fromhex("200201"))

    def clock_writes() -> int:
        return sum(write.characteristic == CURRENT_TIME for write in table.writes)

    assert clock_writes() == written_at_once
    table.packet(WEIGHT_MEASUREMENT, WEIGHT)
    table.silence()
    table.silence()
    assert clock_writes() == written_at_once + written_at_last


def test_the_dialogues_that_never_set_a_clock_never_write() -> None:
    for make in (standard_cuff, standard_scale, standard_thermometer):
        dialogue: StandardConversation = make()
        table = Table(dialogue, reads={DATE_TIME: NOW_2A08})
        table.start()
        while table.finished is None:
            table.silence()
        assert table.writes == []
