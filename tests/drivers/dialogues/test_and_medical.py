"""A&D's devices: subscribe, read the clock, set it, collect. In tables of what happens and what is to be done."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from drivers.decoders.date_time import encode_date_time
from drivers.dialogues.and_medical import and_cuff, and_scale, and_thermometer
from drivers.dialogues.dialogue import (
    Closed,
    End,
    Event,
    Failed,
    Finish,
    NoteClock,
    Read,
    Received,
    Subscribe,
    Subscribed,
    Write,
)
from drivers.errors import LinkReason
from drivers.gatt import (
    AND_WEIGHT_MEASUREMENT,
    BATTERY_LEVEL,
    BLOOD_PRESSURE_MEASUREMENT,
    DATE_TIME,
    FIRMWARE_REVISION,
    INTERMEDIATE_CUFF_PRESSURE,
    SERIAL_NUMBER,
    TEMPERATURE_MEASUREMENT,
    WEIGHT_MEASUREMENT,
)
from drivers.readings import DeviceInformation, Kind, QuantityName
from tests.drivers.dialogues.table import LOCAL, NOW, NOW_2A08, Table

# Captured: github.com/HEADS-project/ThingML-BLE, Documentation/AND_Medical_UA651BLE.md
GOOD = bytes.fromhex("167D0050006600E10701100C273640000000")
FAILED = bytes.fromhex("16FF07FF07FF07E107010E162C04FF070000")
CUFF_PRESSURE = bytes.fromhex("006E00FF07FF07")
WEIGHT = bytes.fromhex("02203AEA07071F071E00")
TEMPERATURE = bytes.fromhex("026C0100FFEA07071F071E00")


def cuff(**answers: bytes) -> Table:
    return Table(and_cuff(), reads={DATE_TIME: NOW_2A08, **answers})


def test_it_subscribes_at_once_then_reads_the_clock_then_sets_it() -> None:
    table = cuff()
    table.start()
    assert table.operations == [
        Subscribe(BLOOD_PRESSURE_MEASUREMENT),
        Read(DATE_TIME),
        Write(DATE_TIME, NOW_2A08),
        Subscribe(INTERMEDIATE_CUFF_PRESSURE),
    ]
    assert table.clocks == [LOCAL]


def test_the_clock_is_noted_as_it_was_and_set_to_what_it_is() -> None:
    three_days_ago = LOCAL - timedelta(days=3)
    table = Table(and_cuff(), reads={DATE_TIME: encode_date_time(three_days_ago)})
    table.start()
    assert table.clocks == [three_days_ago]
    assert table.writes == [Write(DATE_TIME, NOW_2A08)]


def test_what_comes_before_the_clock_is_read_is_held_back_until_then() -> None:
    dialogue = and_cuff()
    assert dialogue.start(NOW) == (Subscribe(BLOOD_PRESSURE_MEASUREMENT),)
    assert dialogue.received(Subscribed(BLOOD_PRESSURE_MEASUREMENT), NOW) == (Read(DATE_TIME),)
    assert dialogue.received(Received(BLOOD_PRESSURE_MEASUREMENT, GOOD), NOW) == ()
    table = Table(and_cuff(), reads={DATE_TIME: NOW_2A08})
    later = NOW + timedelta(seconds=1)
    answer = table._answer(Read(DATE_TIME))
    noted, kept, written = dialogue.received(answer, later)
    assert noted == NoteClock(LOCAL)
    assert (kept.measurement.raw, kept.received) == (GOOD, NOW)  # type: ignore[union-attr]
    assert isinstance(written, Write)


@pytest.mark.parametrize("end", ["read fails", "line is lost", "line is closed"])
def test_what_was_held_back_is_kept_however_the_question_of_the_clock_ends(end: str) -> None:
    dialogue = and_cuff()
    dialogue.start(NOW)
    dialogue.received(Subscribed(BLOOD_PRESSURE_MEASUREMENT), NOW)
    dialogue.received(Received(BLOOD_PRESSURE_MEASUREMENT, GOOD), NOW)
    events: dict[str, Event] = {
        "read fails": Failed(Read(DATE_TIME), LinkReason.REFUSED),
        "line is lost": Closed(LinkReason.LINK_LOST),
        "line is closed": Closed(),
    }
    first, *rest = dialogue.received(events[end], NOW)
    assert first.measurement.raw == GOOD  # type: ignore[union-attr]
    assert not any(isinstance(action, NoteClock) for action in rest)
    if end == "read fails":
        assert rest == [Write(DATE_TIME, NOW_2A08)]  # it hangs up if nobody writes it
    else:
        assert rest == [Finish(End.LINK_LOST if end == "line is lost" else End.COMPLETE)]


def test_a_clock_that_shows_nonsense_is_noted_as_such() -> None:
    table = Table(and_cuff(), reads={DATE_TIME: bytes.fromhex("EA070D1F071E00")})
    table.start()
    assert table.clocks == [None]
    assert table.writes == [Write(DATE_TIME, NOW_2A08)]


def test_a_refused_write_is_not_fatal() -> None:
    table = cuff()
    table.reads[DATE_TIME] = NOW_2A08
    table.refuses = {INTERMEDIATE_CUFF_PRESSURE: LinkReason.PROTOCOL}
    dialogue = table.dialogue
    dialogue.start(NOW)
    dialogue.received(Subscribed(BLOOD_PRESSURE_MEASUREMENT), NOW)
    dialogue.received(table._answer(Read(DATE_TIME)), NOW)
    table._perform(dialogue.received(Failed(Write(DATE_TIME, NOW_2A08), LinkReason.REFUSED), NOW))
    table.packet(BLOOD_PRESSURE_MEASUREMENT, GOOD)
    assert table.kept[0].value(QuantityName.SYSTOLIC) == Decimal(125)
    assert table.finished is None


def test_records_are_kept_failed_ones_and_repeated_ones_too_and_the_end_is_the_cuffs() -> None:
    table = cuff()
    table.start()
    for packet in (FAILED, GOOD, GOOD):
        table.packet(BLOOD_PRESSURE_MEASUREMENT, packet)
    assert table.close() == [Finish(End.COMPLETE)]
    assert [one.raw for one in table.kept] == [FAILED, GOOD, GOOD]


def test_an_unreadable_packet_is_refused_and_the_next_is_heard() -> None:
    table = cuff()
    table.start()
    table.packet(BLOOD_PRESSURE_MEASUREMENT, GOOD[:-3])
    table.packet(BLOOD_PRESSURE_MEASUREMENT, GOOD)
    table.close()
    assert len(table.refused) == 1
    assert [one.raw for one in table.kept] == [GOOD]
    assert table.finished == Finish(End.INCOMPLETE)


def test_cuff_pressure_is_shown_and_not_kept() -> None:
    table = cuff()
    table.start()
    table.packet(INTERMEDIATE_CUFF_PRESSURE, CUFF_PRESSURE)
    table.packet(INTERMEDIATE_CUFF_PRESSURE, CUFF_PRESSURE[:3])
    assert [one.kind for one in table.shown] == [Kind.CUFF_PRESSURE]
    assert table.kept == []


def test_four_silent_seconds_after_a_record_it_is_asked_who_it_is() -> None:
    table = cuff(**{FIRMWARE_REVISION: b"0107\x00", BATTERY_LEVEL: b"\x50", SERIAL_NUMBER: b"Serial Number"})
    table.start()
    table.packet(BLOOD_PRESSURE_MEASUREMENT, GOOD)
    assert table.wait == 4.0
    *_, learned, finish = table.silence()
    assert learned.information == DeviceInformation(firmware="0107", battery_percent=80)  # type: ignore[union-attr]
    assert finish == Finish(End.COMPLETE)


def test_being_hung_up_on_while_asking_is_no_loss() -> None:
    dialogue = cuff()
    dialogue.start()
    dialogue.packet(BLOOD_PRESSURE_MEASUREMENT, GOOD)
    (question,) = dialogue.dialogue.silent(NOW + timedelta(seconds=4))
    assert isinstance(question, Read)
    assert dialogue.dialogue.received(Closed(LinkReason.LINK_LOST), NOW) == (Finish(End.COMPLETE),)


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        (LinkReason.REFUSED, End.REFUSED),
        (LinkReason.STALE_BOND, End.REFUSED),
        (LinkReason.PROTOCOL, End.REFUSED),
        (LinkReason.TIMED_OUT, End.TIMED_OUT),
    ],
)
def test_a_cuff_that_will_not_be_listened_to(reason: LinkReason, end: End) -> None:
    table = Table(and_cuff(), refuses={BLOOD_PRESSURE_MEASUREMENT: reason})
    assert table.start() == [Subscribe(BLOOD_PRESSURE_MEASUREMENT), Finish(end)]


@pytest.mark.parametrize(
    ("older", "has"),
    [
        (True, AND_WEIGHT_MEASUREMENT),
        (True, WEIGHT_MEASUREMENT),
        (False, WEIGHT_MEASUREMENT),
        (False, AND_WEIGHT_MEASUREMENT),
    ],
)
def test_the_scale_is_understood_with_either_firmware(older: bool, has: str) -> None:
    other = AND_WEIGHT_MEASUREMENT if has == WEIGHT_MEASUREMENT else WEIGHT_MEASUREMENT
    table = Table(and_scale(older_firmware=older), reads={DATE_TIME: NOW_2A08}, refuses={other: LinkReason.PROTOCOL})
    table.start()
    table.packet(has, WEIGHT)
    assert table.kept[0].value(QuantityName.WEIGHT) == Decimal("74.400")
    assert table.writes == [Write(DATE_TIME, NOW_2A08)]


def test_the_thermometer() -> None:
    table = Table(and_thermometer(), reads={DATE_TIME: NOW_2A08})
    table.start()
    table.packet(TEMPERATURE_MEASUREMENT, TEMPERATURE)
    assert table.kept[0].value(QuantityName.TEMPERATURE) == Decimal("36.4")
    assert table.close() == [Finish(End.COMPLETE)]
