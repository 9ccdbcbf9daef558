"""What real A&D cuffs have done to others, played by the virtual one: failures, repeats, disorder, a lost line."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from drivers.catalog import by_model
from drivers.dialogues.dialogue import End
from drivers.errors import LinkReason
from drivers.fakes.cuff import VirtualCuff
from drivers.fakes.cuff_script import CuffScript
from drivers.fakes.encoding import date_time
from drivers.fakes.script import Fault
from drivers.fakes.virtual_time import SUMMER_MORNING, VirtualClock
from drivers.readings import QuantityName, Reading
from drivers.session import Collected, replay
from tests.drivers.faulty_devices import ENROLMENT
from tests.drivers.talking import MemoryJournal, converse

pytestmark = pytest.mark.virtual_time

# Captured from a real UA-651BLE: github.com/HEADS-project/ThingML-BLE, Documentation/AND_Medical_UA651BLE.md
GOOD = ("167D0050006600E10701100C273640000000", "1686004D006400E10701100D00183D000000")
FAILED, FAILED_END = "16FF07FF07FF07", "FF070000"
CUFF = by_model("UA-651BLE")


def failed(at: datetime) -> str:
    """A record of a failed inflation, as captured, at another time."""
    return (bytes.fromhex(FAILED) + date_time(at) + bytes.fromhex(FAILED_END)).hex()


def good(at: datetime) -> str:
    """The captured good record, at another time."""
    record = bytes.fromhex(GOOD[0])
    return (record[:7] + date_time(at) + record[14:]).hex()


def script(*packets: str, fault: Fault | None = None, at: int = 0) -> CuffScript:
    return CuffScript(packets=packets, inflation_s=0.0, fault=fault, fault_at=at)


async def talk(cuff: VirtualCuff, clock: VirtualClock, journal: MemoryJournal) -> Collected:
    async with asyncio.timeout(300):
        return (await converse(cuff, CUFF.dialogue(ENROLMENT), clock, journal)).collected


def systolic(reading: Reading) -> str:
    value = reading.value.value(QuantityName.SYSTOLIC)
    return "failed" if value is None else str(value)


async def test_29_failures_two_readings_and_one_that_comes_again(virtual_clock: VirtualClock) -> None:
    start = datetime(2017, 1, 14, 19, 0, 4)  # noqa: DTZ001  device clocks have no zone
    failures = [failed(start + timedelta(minutes=7 * number)) for number in range(29)]
    cuff = VirtualCuff(virtual_clock, script(*failures, *GOOD, fault=Fault.DROP_LINK, at=31))
    journal = MemoryJournal()
    cuff.expect()
    first = await talk(cuff, virtual_clock, journal)
    assert (first.end, first.lost) == (End.LINK_LOST, LinkReason.LINK_LOST)
    assert len(cuff.memory) == 1  # the confirmation of the last one went with the line
    cuff.script = script()
    second = await talk(cuff, virtual_clock, journal)
    assert second.end is End.COMPLETE
    assert [systolic(one) for one in journal.kept] == ["failed"] * 29 + ["125", "134"]
    assert journal.duplicates == 1
    assert cuff.memory == []


async def test_records_out_of_order_keep_their_own_times(virtual_clock: VirtualClock) -> None:
    # The order of OpenTele's published packet.
    clocks = ("21:46:01", "21:47:31", "22:27:48", "22:34:25", "22:30:38")
    times = [datetime.fromisoformat(f"2026-07-30 {one}") for one in clocks]
    cuff = VirtualCuff(virtual_clock, script(*(good(time) for time in times)))
    journal = MemoryJournal()
    cuff.expect()
    await talk(cuff, virtual_clock, journal)
    assert [one.value.device_time for one in journal.kept] == times
    newest = max(journal.kept, key=lambda one: one.value.device_time or datetime.min)  # noqa: DTZ901
    assert newest is journal.kept[3]


@pytest.mark.parametrize("lost_at", range(6))
@pytest.mark.parametrize("fault", [Fault.DROP_LINK, Fault.REDELIVER])
async def test_a_line_lost_after_any_record_and_back_gives_each_once(
    virtual_clock: VirtualClock, fault: Fault, lost_at: int
) -> None:
    cuff = VirtualCuff(virtual_clock, script("normal", "nan", "normal", "moved", "normal", fault=fault, at=lost_at))
    journal = MemoryJournal()
    cuff.expect()
    await talk(cuff, virtual_clock, journal)
    had = list(cuff.memory)
    cuff.script = script()
    if had:
        await talk(cuff, virtual_clock, journal)
    assert cuff.memory == []
    assert [systolic(one) for one in journal.kept] == ["125", "failed", "125", "125", "125"]
    assert len({one.value.device_time for one in journal.kept}) == 5
    assert journal.duplicates <= 1


async def test_lost_again_and_again_each_comes_once(virtual_clock: VirtualClock) -> None:
    records = [good(SUMMER_MORNING.replace(tzinfo=None) + timedelta(minutes=number)) for number in range(5)]
    cuff = VirtualCuff(virtual_clock, script(*records, fault=Fault.DROP_LINK, at=2))
    journal = MemoryJournal()
    cuff.expect()
    for _ in range(10):
        if len(journal.kept) == 5 and not cuff.memory:
            break
        await talk(cuff, virtual_clock, journal)
    assert [one.value.raw.hex() for one in journal.kept] == records


async def test_a_clock_three_days_wrong_is_noted_before_it_is_set(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, CuffScript(inflation_s=0.0, clock_error_s=-3 * 86400.0))
    journal = MemoryJournal()
    cuff.expect()
    await talk(cuff, virtual_clock, journal)
    check = journal.kept[0].clock
    assert check is not None
    assert check.device_time is not None
    assert check.host_time.replace(tzinfo=None) - check.device_time == timedelta(days=3)
    assert journal.kept[0].value.device_time == check.device_time
    assert abs(cuff.clock_error) < timedelta(seconds=1)


async def test_the_journal_played_again_gives_the_same_readings(virtual_clock: VirtualClock) -> None:
    cuff = VirtualCuff(virtual_clock, script("nan", *GOOD, "irregular"))
    journal = MemoryJournal()
    cuff.expect()
    collected = await talk(cuff, virtual_clock, journal)
    again = replay(CUFF.dialogue(ENROLMENT), journal.last_session)
    assert [one.value for one in again] == [one.value for one in collected.kept]
    assert [one.clock for one in again] == [one.clock for one in collected.kept]
    assert [one.received for one in again] == [one.received for one in collected.kept]
