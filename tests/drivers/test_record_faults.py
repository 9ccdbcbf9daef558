"""Every fault of a record on every device that can have it: the value is never lost to its time, nor invented."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from drivers.catalog import CATALOG, by_model
from drivers.dialogues.dialogue import End
from drivers.fakes.peripheral import VirtualPeripheral
from drivers.fakes.recording import RECORD_SPACING
from drivers.fakes.script import RecordFault
from drivers.fakes.virtual_time import SUMMER_MORNING, VirtualClock, run
from drivers.readings import Kind, QuantityName, Reading, Status
from tests.drivers.faulty_devices import COLUMNS, ENROLMENT, Column, virtual
from tests.drivers.talking import Held, MemoryJournal, converse

THREE_DAYS = timedelta(days=3)
A_MINUTE = timedelta(minutes=1)
MAIN = {
    Kind.BLOOD_PRESSURE: QuantityName.SYSTOLIC,
    Kind.PULSE_OXIMETRY: QuantityName.SPO2,
    Kind.WEIGHT: QuantityName.WEIGHT,
    Kind.BODY_COMPOSITION: QuantityName.BODY_FAT,
    Kind.TEMPERATURE: QuantityName.TEMPERATURE,
    Kind.GLUCOSE: QuantityName.GLUCOSE,
}


def devices() -> list[tuple[str, str]]:
    """Column and model."""
    return [(name, model) for name, column in COLUMNS.items() for model in column.models]


def faults_of(model: str) -> frozenset[RecordFault]:
    fake = by_model(model).fake
    return fake.record_faults if isinstance(fake, type) and issubclass(fake, VirtualPeripheral) else frozenset()


CASES = [
    (name, model, fault)
    for name, model in devices()
    for fault in sorted(faults_of(model), key=lambda one: one.value)
    # A stream has no records: of the faults of a record it can only have those of the moment.
    if name != "continuous" or fault in (RecordFault.NAN, RecordFault.DEMONSTRATION)
]


async def held(clock: VirtualClock, model: str, column: Column, fault: RecordFault | None, **what: float) -> Held:
    device = virtual(model, clock, column.packets, record_fault=fault, fault_at=0, **what)
    device.expect()
    async with asyncio.timeout(60):
        return await converse(device, by_model(model).dialogue(ENROLMENT), clock, MemoryJournal())


def main_value(reading: Reading) -> object:
    return reading.value.value(MAIN[reading.value.kind])


@pytest.mark.parametrize(("name", "model", "fault"), CASES, ids=[f"{m}-{f.value}" for _, m, f in CASES])
def test_what_is_wrong_with_a_record_is_said_and_nothing_else_changes(
    name: str, model: str, fault: RecordFault
) -> None:
    column = COLUMNS[name]
    kept = run(lambda clock: held(clock, model, column, fault)).collected.kept
    sound = run(lambda clock: held(clock, model, column, None)).collected.kept
    if fault is RecordFault.NAN and not column.remembers and name not in ("glucose", "escaped"):
        assert kept == ()  # it goes on searching, or never settles
        return
    assert len(kept) == len(sound)
    faulty, *others = kept
    assert [one.value.quantities for one in others] == [one.value.quantities for one in sound[1:]]
    assert all(not one.value.time_fault and one.value.user == sound[-1].value.user for one in others)
    value = faulty.value
    if fault is RecordFault.NAN:
        assert main_value(faulty) is None
        return
    assert value.quantities == sound[0].value.quantities
    match fault:
        case RecordFault.MONTH_13 | RecordFault.YEAR_0:
            assert value.device_time is None
            assert value.time_fault
            assert any(value.raw_time)
        case RecordFault.YEAR_2044:
            assert value.device_time is not None
            assert value.device_time.year == 2044
        case RecordFault.CLOCK_RESET:
            assert_corrected(kept)
            assert value.device_time is not None
            assert value.device_time.year in (1999, 2000)
        case RecordFault.OTHER_USER:
            assert (value.user, value.unknown_user) == (2, False)
        case RecordFault.UNKNOWN_USER:
            assert (value.user, value.unknown_user) == (None, True)
        case RecordFault.DEMONSTRATION:
            assert Status.DEMONSTRATION in value.status
        case RecordFault.CONTROL_SOLUTION:
            assert Status.CONTROL_SOLUTION in value.status


def assert_corrected(kept: tuple[Reading, ...]) -> None:
    """Device time and the clock that was read before it was set give the true moments, a minute apart."""
    for age, one in enumerate(reversed(kept)):
        assert one.clock is not None
        assert one.clock.device_time is not None
        assert one.value.device_time is not None
        true = one.clock.host_time + (one.value.device_time - one.clock.device_time)
        assert abs(true - (SUMMER_MORNING - age * RECORD_SPACING)) < A_MINUTE / 2


WITH_CLOCK = [(name, model) for name, model in devices() if RecordFault.CLOCK_RESET in faults_of(model)]


@pytest.mark.parametrize(("name", "model"), [one for one in WITH_CLOCK if one[0] != "continuous"])
def test_a_clock_three_days_wrong_still_gives_the_right_time(name: str, model: str) -> None:
    result = run(lambda clock: held(clock, model, COLUMNS[name], None, clock_error_s=-THREE_DAYS.total_seconds()))
    assert result.collected.end is End.COMPLETE
    assert_corrected(result.collected.kept)
    first = result.collected.kept[0]
    assert first.clock is not None
    assert first.clock.device_time is not None
    offset = first.clock.host_time.replace(tzinfo=None) - first.clock.device_time
    assert abs(offset - THREE_DAYS) < timedelta(seconds=2)


def test_every_fault_of_a_record_is_played_by_some_device() -> None:
    assert {fault for _, _, fault in CASES} == set(RecordFault)
    assert {model for _, model in devices()} == {device.model for device in CATALOG if device.fake is not None}
