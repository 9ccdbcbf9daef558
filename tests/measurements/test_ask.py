"""One measurement on request: what the controller is told, and what is on the disk by then."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from drivers.decoders.date_time import encode_date_time
from drivers.fakes.cuff import VirtualCuff
from drivers.fakes.cuff_script import CuffFault, CuffScript
from kiosk.facts.measurement import MeasurementFault
from kiosk.measurements.ask import Cuff, Limits, SavedReading, peripheral_of
from kiosk.measurements.outbox import Counts, Outbox, State
from kiosk.settings import CuffSettings
from tests.drivers.hand_clock import HandClock
from tests.measurements.test_outbox import file_size_limit

QUICK = Limits(appear=0.6, operation=0.2, packet=0.2, session=2.0, pause=0.01)


class Home:
    """A cuff, a clock and an outbox in one place."""

    def __init__(self, outbox: Outbox, script: CuffScript) -> None:
        self.clock = HandClock()
        self.outbox = outbox
        self.peripheral = VirtualCuff(self.clock, script)
        self.woken = 0
        self.cuff = self.cuff_of(self.peripheral)

    def cuff_of(self, peripheral: VirtualCuff | None) -> Cuff:
        def kept() -> None:
            self.woken += 1

        return Cuff(peripheral, self.outbox, self.clock, patient="p17", device="cuff-1", kept=kept, limits=QUICK)

    def old_record(self, **age: float) -> str:
        """A captured packet from some time ago, as the cuff's right clock would have stamped it."""
        stamp = encode_date_time(self.clock.at - timedelta(**age))
        return (bytes.fromhex("1686004D006400") + stamp + bytes.fromhex("3D000000")).hex()


def script(
    *packets: str, fault: CuffFault | None = None, at: int = 0, clock_error_s: float | None = None
) -> CuffScript:
    return CuffScript(packets=packets, inflation_s=0.0, fault=fault, fault_at=at, clock_error_s=clock_error_s)


async def test_a_reading_is_on_disk_when_it_is_told(outbox: Outbox) -> None:
    home = Home(outbox, script("normal"))
    result = await home.cuff.measure()
    assert isinstance(result, SavedReading)
    assert result.reading.value.systolic.value == Decimal(125)
    assert result.reading.device.fake
    (waiting,) = outbox.waiting(None)
    assert waiting.reading_id == result.reading_id
    observation = msgspec.json.decode(waiting.observation)
    assert observation["identifier"][0]["value"] == result.reading_id
    assert observation["effectiveDateTime"] == "2026-07-31T09:30:00+02:00"
    assert home.woken == 1


async def test_a_wrong_clock_in_the_cuff_does_not_move_the_reading(outbox: Outbox) -> None:
    home = Home(outbox, script("normal", clock_error_s=-259_200))
    assert isinstance(await home.cuff.measure(), SavedReading)
    observation = msgspec.json.decode(outbox.waiting(None)[0].observation)
    assert observation["effectiveDateTime"] == "2026-07-31T09:30:00+02:00"


@pytest.mark.parametrize(
    ("now_playing", "fault"),
    [
        (script("nan"), MeasurementFault.NO_VALUE),
        (script("normal", fault=CuffFault.SILENT), MeasurementFault.DEVICE_NOT_FOUND),
        (script("normal", fault=CuffFault.REFUSES), MeasurementFault.DEVICE_NOT_FOUND),
        (script("normal", fault=CuffFault.DROP_LINK), MeasurementFault.LINK_LOST),
        (script("normal", fault=CuffFault.HANGS), MeasurementFault.LINK_LOST),
        (script("normal", fault=CuffFault.TRUNCATE), MeasurementFault.NOT_UNDERSTOOD),
        (script("00E80378005A00"), MeasurementFault.NOT_UNDERSTOOD),
        (script("02780050005A00EA070D01000000"), MeasurementFault.NOT_UNDERSTOOD),
        (script("08780050005A0002"), MeasurementFault.NOT_UNDERSTOOD),
        (script(), MeasurementFault.DEVICE_NOT_FOUND),
    ],
)
async def test_faults(outbox: Outbox, now_playing: CuffScript, fault: MeasurementFault) -> None:
    home = Home(outbox, now_playing)
    async with asyncio.timeout(5):
        assert await home.cuff.measure() is fault
    assert outbox.waiting(None) == ()
    assert home.woken == 0


async def test_a_failed_inflation_is_history_and_never_a_vital_sign(outbox: Outbox) -> None:
    await Home(outbox, script("nan")).cuff.measure()
    assert outbox.counts() == Counts(failed=1)
    (entry,) = outbox.entries()
    assert (entry.state, entry.reason) == (State.FAILED, "no-value")


async def test_no_cuff() -> None:
    clock = HandClock()
    assert peripheral_of(CuffSettings(), clock) is None
    assert isinstance(peripheral_of(CuffSettings(source="fake"), clock), VirtualCuff)


async def test_no_cuff_in_the_settings(outbox: Outbox) -> None:
    assert await Home(outbox, script()).cuff_of(None).measure() is MeasurementFault.DEVICE_NOT_FOUND


async def test_a_missing_script_is_a_cuff_that_is_not_there(outbox: Outbox, tmp_path: Path) -> None:
    home = Home(outbox, script())
    cuff = home.cuff_of(VirtualCuff(home.clock, tmp_path / "nothing.json"))
    assert await cuff.measure() is MeasurementFault.DEVICE_NOT_FOUND


async def test_a_full_disk_is_told_and_the_reading_stays_in_the_cuff(outbox: Outbox, tmp_path: Path) -> None:
    home = Home(outbox, script("normal"))
    with file_size_limit(0, tmp_path / "outbox.sqlite-wal"):
        assert await home.cuff.measure() is MeasurementFault.NOT_SAVED
    assert len(home.peripheral.memory) == 1
    home.peripheral.script = script()
    assert isinstance(await home.cuff.measure(), SavedReading)
    assert home.peripheral.memory == []


async def test_old_records_are_history_and_the_newest_is_shown(outbox: Outbox) -> None:
    home = Home(outbox, script())
    home.peripheral.script = script(home.old_record(days=2), "normal", home.old_record(hours=3))
    result = await home.cuff.measure()
    assert isinstance(result, SavedReading)
    assert result.reading.value.systolic.value == Decimal(125)
    # The virtual cuff stamps its records a minute apart, so that the second of three was taken a minute ago.
    times = [msgspec.json.decode(item.observation)["effectiveDateTime"] for item in outbox.waiting(None)]
    assert times == ["2026-07-29T09:30:00+02:00", "2026-07-31T09:29:00+02:00", "2026-07-31T06:30:00+02:00"]


async def test_only_old_records_is_not_the_measurement_that_was_asked_for(outbox: Outbox) -> None:
    home = Home(outbox, script())
    home.peripheral.script = script(home.old_record(days=2))
    assert await home.cuff.measure() is MeasurementFault.DEVICE_NOT_FOUND
    assert outbox.counts().waiting == 1
    assert outbox.counts().repeats > 0
    assert home.woken > 0


async def test_a_failed_inflation_after_a_good_one_is_what_the_patient_is_told(outbox: Outbox) -> None:
    home = Home(outbox, script("normal", "nan"))
    assert await home.cuff.measure() is MeasurementFault.NO_VALUE
    assert outbox.counts() == Counts(waiting=1, failed=1)


async def test_a_record_whose_confirmation_was_lost_is_sent_once(outbox: Outbox) -> None:
    home = Home(outbox, script("normal", "normal", fault=CuffFault.DROP_LINK, at=1))
    first = await home.cuff.measure()
    assert isinstance(first, SavedReading)
    home.clock.move(minutes=2)
    home.peripheral.script = script("normal")
    second = await home.cuff.measure()
    assert isinstance(second, SavedReading)
    assert second.reading_id != first.reading_id
    assert outbox.counts() == Counts(waiting=3, repeats=1)


async def test_after_a_restart_an_unconfirmed_reading_is_shown_and_kept_once(outbox: Outbox) -> None:
    home = Home(outbox, script("normal", fault=CuffFault.DROP_LINK, at=1))
    first = await home.cuff.measure()
    home.peripheral.script = script()
    again = await home.cuff_of(home.peripheral).measure()
    assert isinstance(first, SavedReading)
    assert isinstance(again, SavedReading)
    assert again.reading_id == first.reading_id
    assert outbox.counts() == Counts(waiting=1, repeats=1)


async def test_cancelled_in_the_middle_nothing_is_left_open(outbox: Outbox) -> None:
    home = Home(outbox, script("normal", fault=CuffFault.SILENT))
    task = asyncio.create_task(home.cuff.measure())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    home.peripheral.script = script("normal")
    assert isinstance(await home.cuff.measure(), SavedReading)
