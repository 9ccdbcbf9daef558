"""The conversation with the UA-651BLE against the shipped virtual cuff: order, durability, faults."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from drivers.decoders.date_time import encode_date_time
from drivers.dialogues.and_blood_pressure import Collected, collect
from drivers.errors import LinkReason
from drivers.fakes.cuff import VirtualCuff
from drivers.fakes.cuff_script import CuffFault, CuffScript
from drivers.readings import Reading
from drivers.timed_link import TimedLink
from tests.drivers.hand_clock import HandClock

# Captured from a real UA-651BLE: github.com/HEADS-project/ThingML-BLE, Documentation/AND_Medical_UA651BLE.md
GOOD = ["167D0050006600E10701100C273640000000", "1686004D006400E10701100D00183D000000"]


class DiskFull(Exception):
    """The journal cannot keep."""


class ListJournal:
    """Keeps in memory; ``full_after`` readings it raises. ``memory_at_keep``: what the cuff still had at each keep."""

    def __init__(self, cuff: VirtualCuff, full_after: int | None = None) -> None:
        self.kept: list[Reading] = []
        self.memory_at_keep: list[int] = []
        self._cuff = cuff
        self._full_after = full_after

    async def keep(self, reading: Reading) -> None:
        if self._full_after is not None and len(self.kept) >= self._full_after:
            raise DiskFull
        self.memory_at_keep.append(len(self._cuff.memory))
        self.kept.append(reading)


def failed_record(at: datetime) -> str:
    """A record of a failed inflation, as captured, at another time."""
    return (bytes.fromhex("16FF07FF07FF07") + encode_date_time(at) + bytes.fromhex("FF070000")).hex()


def script(
    *packets: str, fault: CuffFault | None = None, at: int = 0, clock_error_s: float | None = None
) -> CuffScript:
    return CuffScript(packets=packets, inflation_s=0.0, fault=fault, fault_at=at, clock_error_s=clock_error_s)


async def talk(cuff: VirtualCuff, clock: HandClock, journal: ListJournal) -> Collected:
    link = TimedLink(await cuff.connect(), operation_s=0.3, packet_s=0.3)
    try:
        return await collect(link, cuff.identity, clock, journal)
    finally:
        await link.close()


async def test_a_normal_measurement() -> None:
    clock = HandClock()
    cuff = VirtualCuff(clock, script("normal"))
    journal = ListJournal(cuff)
    collected = await talk(cuff, clock, journal)
    assert collected.ended is None
    assert collected.clock_set
    (reading,) = collected.readings
    assert (reading.value.systolic.value, reading.value.diastolic.value) == (Decimal(125), Decimal(80))
    assert reading.value.device_time == clock.at.replace(tzinfo=None)
    assert reading.device.fake
    assert journal.kept == [reading]
    assert cuff.memory == []


async def test_the_cuff_keeps_a_record_until_it_is_durable_here() -> None:
    clock = HandClock()
    cuff = VirtualCuff(clock, script("normal", "normal", "normal"))
    journal = ListJournal(cuff)
    await talk(cuff, clock, journal)
    assert journal.memory_at_keep == [3, 2, 1]


async def test_a_full_disk_leaves_the_record_in_the_cuff() -> None:
    clock = HandClock()
    cuff = VirtualCuff(clock, script("normal", "normal"))
    with pytest.raises(DiskFull):
        await talk(cuff, clock, ListJournal(cuff, full_after=1))
    assert len(cuff.memory) == 1


async def test_the_clock_is_read_before_it_is_set() -> None:
    clock = HandClock()
    cuff = VirtualCuff(clock, script("normal", clock_error_s=-259_200))
    collected = await talk(cuff, clock, ListJournal(cuff))
    (reading,) = collected.readings
    three_days_ago = clock.at.replace(tzinfo=None) - timedelta(days=3)
    assert reading.clock is not None
    assert reading.clock.device_time == three_days_ago
    assert reading.clock.host_time == clock.at
    assert reading.value.device_time == three_days_ago
    assert cuff.clock_error == timedelta(0)


async def test_the_captured_burst_of_failures_publishes_two_readings_and_shows_the_failures() -> None:
    clock = HandClock()
    start = datetime(2017, 1, 14, 22, 44, 4)  # noqa: DTZ001
    failures = [failed_record(start + timedelta(minutes=7 * number)) for number in range(29)]
    cuff = VirtualCuff(clock, script(*failures[:20], failures[19], *failures[20:], GOOD[0], *GOOD))
    collected = await talk(cuff, clock, ListJournal(cuff))
    assert [reading.value.systolic.value for reading in collected.readings] == [125, 134]
    assert len(collected.failed) == 29
    assert collected.duplicates == 2


async def test_a_lost_line_gives_what_came_before_and_the_rest_the_next_time() -> None:
    clock = HandClock()
    cuff = VirtualCuff(clock, script("normal", "normal", "normal", fault=CuffFault.DROP_LINK, at=2))
    journal = ListJournal(cuff)
    first = await talk(cuff, clock, journal)
    assert first.ended is LinkReason.LINK_LOST
    assert len(first.readings) == 2
    cuff.script = script()
    second = await talk(cuff, clock, journal)
    assert second.ended is None
    # The confirmation of the second was lost with the line: it comes again, byte for byte.
    assert second.readings[0].value.raw == first.readings[1].value.raw
    assert len({reading.value.raw for reading in journal.kept}) == 3


async def test_a_duplicate_is_recognised() -> None:
    clock = HandClock()
    cuff = VirtualCuff(clock, script("normal", "normal", fault=CuffFault.DUPLICATE, at=0))
    collected = await talk(cuff, clock, ListJournal(cuff))
    assert (len(collected.readings), collected.duplicates) == (2, 1)


async def test_a_truncated_packet_is_refused_and_the_rest_is_heard() -> None:
    clock = HandClock()
    cuff = VirtualCuff(clock, script("normal", "normal", fault=CuffFault.TRUNCATE, at=0))
    collected = await talk(cuff, clock, ListJournal(cuff))
    assert len(collected.readings) == 1
    assert "truncated" in collected.unreadable[0]


async def test_a_cuff_that_never_answers_is_given_up() -> None:
    clock = HandClock()
    cuff = VirtualCuff(clock, script("normal", fault=CuffFault.HANGS))
    collected = await talk(cuff, clock, ListJournal(cuff))
    assert (collected.ended, collected.readings) == (LinkReason.TIMED_OUT, ())


async def test_a_failed_inflation_is_no_reading() -> None:
    clock = HandClock()
    cuff = VirtualCuff(clock, script("nan"))
    journal = ListJournal(cuff)
    collected = await talk(cuff, clock, journal)
    assert (collected.readings, len(collected.failed), len(journal.kept)) == ((), 1, 1)
