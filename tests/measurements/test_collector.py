"""Devices are listened to all the time: what is told to whoever asked, what comes unasked, what is on disk by then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from drivers.catalog import by_model
from drivers.errors import LinkReason
from drivers.fakes.cuff import VirtualCuff, blood_pressure
from drivers.fakes.cuff_script import CuffScript
from drivers.fakes.script import Fault, RecordFault
from drivers.fakes.virtual_time import VirtualClock
from drivers.readings import Measurement, QuantityName, Reading
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.measurements.capture import Sender, desk_wording
from kiosk.measurements.collector import Collector, HomeDevice, Limits, SavedReading
from kiosk.measurements.gate import Ownership
from kiosk.measurements.outbox import Counts, Outbox, State
from kiosk.resources import assets
from tests.measurements.test_outbox import file_size_limit

pytestmark = pytest.mark.virtual_time

BLOOD_PRESSURE = MeasurementKind.BLOOD_PRESSURE
SENDER = Sender("kiosk-1", desk_wording((assets() / "phrases" / "nb.toml").read_text(encoding="utf-8")))


class Listener:
    """A CollectorListener that remembers."""

    def __init__(self) -> None:
        self.kept: list[SavedReading] = []
        self.failed: list[tuple[MeasurementKind, MeasurementFault]] = []
        self.progress: list[Measurement] = []
        self.asked: list[tuple[str, Reading]] = []
        self.old = 0
        self.sends = 0
        self.troubles: list[LinkReason | None] = []
        self.storage: list[bool] = []
        self.packets = 0

    def packet_received(self) -> None:
        self.packets += 1

    def to_send(self) -> None:
        self.sends += 1

    def reading_kept(self, saved: SavedReading) -> None:
        self.kept.append(saved)

    def measurement_failed(self, kind: MeasurementKind, fault: MeasurementFault) -> None:
        self.failed.append((kind, fault))

    def measurement_progress(self, measurement: Measurement) -> None:
        self.progress.append(measurement)

    def owner_asked(self, reading_id: str, reading: Reading) -> None:
        self.asked.append((reading_id, reading))

    def old_readings(self, count: int) -> None:
        self.old += count

    def device_trouble(self, device: str, reason: LinkReason | None) -> None:
        self.troubles.append(reason)

    def storage_trouble(self, failed: bool) -> None:
        self.storage.append(failed)


class Home:
    """A cuff, an outbox and a collector that listens; made by ``listening``."""

    def __init__(self, outbox: Outbox, clock: VirtualClock, peripheral: VirtualCuff, ownership: Ownership) -> None:
        self.outbox = outbox
        self.clock = clock
        self.cuff = peripheral
        self.listener = Listener()
        device = HomeDevice(by_model("UA-651BLE"), peripheral, ownership)
        self.collector = Collector([device], outbox, outbox.journal, clock, self.listener, SENDER, limits=Limits())

    async def measure(self, script: CuffScript) -> SavedReading | MeasurementFault:
        """Somebody asks, and the cuff does as the script says."""
        self.cuff.script = script
        return await self.collector.measure(BLOOD_PRESSURE)

    def old_record(self, **age: float) -> str:
        """A record from some time ago, as the cuff's right clock would have stamped it."""
        return blood_pressure(self.clock.now().replace(tzinfo=None) - timedelta(**age)).hex()

    def observations(self) -> list[dict[str, object]]:
        """The Observations that wait to be sent, in order; those about the device's clock left out."""
        waiting = [one for one in self.outbox.waiting(None) if one.resource_type == "Observation"]
        bodies = [msgspec.json.decode(one.payload) for one in waiting]
        return [body for body in bodies if body["subject"].get("reference") is not None]


@asynccontextmanager
async def listening(
    outbox: Outbox,
    clock: VirtualClock,
    script: CuffScript | None = None,
    *,
    cuff: VirtualCuff | None = None,
    ownership: Ownership | None = None,
) -> AsyncIterator[Home]:
    peripheral = cuff if cuff is not None else VirtualCuff(clock, script)
    home = Home(outbox, clock, peripheral, ownership if ownership is not None else Ownership("p17"))
    task = asyncio.create_task(home.collector.run())
    try:
        yield home
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def script(*packets: str, fault: Fault | None = None, at: int = 0, **more: object) -> CuffScript:
    return msgspec.convert(
        {"packets": packets, "inflation_s": 1.0, "fault": fault.value if fault else None, "fault_at": at, **more},
        CuffScript,
    )


async def test_a_reading_is_kept_and_waits_before_it_is_told(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    async with listening(outbox, virtual_clock) as home:
        result = await home.measure(script("normal"))
    assert isinstance(result, SavedReading)
    assert result.reading.value.value(QuantityName.SYSTOLIC) == 125
    assert result.reading.device.fake
    observations = home.observations()
    assert observations[0]["identifier"][0]["value"] == result.reading_id  # type: ignore[index]
    assert outbox.counts() == Counts(waiting=1)
    assert home.listener.kept == []
    assert home.listener.sends > 0


async def test_a_wrong_clock_in_the_cuff_does_not_move_the_reading(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    async with listening(outbox, virtual_clock) as home:
        asked = virtual_clock.now()
        result = await home.measure(script("normal", clock_error_s=-259_200))
    assert isinstance(result, SavedReading)
    effective = str(home.observations()[0]["effectiveDateTime"])
    assert asked.isoformat(timespec="minutes")[:16] == effective[:16]


@pytest.mark.parametrize(
    ("now_playing", "fault"),
    [
        (script("nan"), MeasurementFault.NO_VALUE),
        (script("normal", fault=Fault.SILENT), MeasurementFault.DEVICE_NOT_FOUND),
        (script("normal", fault=Fault.REFUSES), MeasurementFault.PAIR_AGAIN),
        (script("normal", fault=Fault.STALE_BOND), MeasurementFault.PAIR_AGAIN),
        (script("normal", fault=Fault.DROP_LINK), MeasurementFault.LINK_LOST),
        (script("normal", fault=Fault.HANGS), MeasurementFault.LINK_LOST),
        (script("normal", fault=Fault.TRUNCATE), MeasurementFault.NOT_UNDERSTOOD),
        (script("00E80378005A00"), MeasurementFault.IMPLAUSIBLE),
        (script("02780050005A00EA070D01000000"), MeasurementFault.TIME_UNKNOWN),
        (script("normal", record_fault=RecordFault.YEAR_2044.value), MeasurementFault.TIME_UNKNOWN),
        (script(), MeasurementFault.LINK_LOST),
    ],
)
async def test_faults(
    outbox: Outbox, virtual_clock: VirtualClock, now_playing: CuffScript, fault: MeasurementFault
) -> None:
    async with listening(outbox, virtual_clock) as home:
        assert await home.measure(now_playing) is fault
        assert home.observations() == []


async def test_one_dropped_link_is_waited_out(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    """The cuff still has its record and shows itself again: the patient is not sent to measure once more."""
    async with listening(outbox, virtual_clock) as home:
        result = await home.measure(script("normal", fault=Fault.DROP_LINK, fault_times=1))
    assert isinstance(result, SavedReading)
    assert outbox.counts() == Counts(waiting=1)


async def test_a_failed_inflation_is_history_and_never_a_vital_sign(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    async with listening(outbox, virtual_clock) as home:
        await home.measure(script("nan"))
    assert outbox.counts() == Counts(failed=1)
    (entry,) = outbox.entries()
    assert (entry.state, entry.reason) == (State.FAILED, "no-value")


async def test_a_doubtful_reading_is_sent_and_the_patient_told(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    async with listening(outbox, virtual_clock) as home:
        result = await home.measure(script("loose"))
    assert isinstance(result, SavedReading)
    assert result.doubt is MeasurementFault.CUFF_TOO_LOOSE
    assert "interpretation" in home.observations()[0]


async def test_nobody_asked_and_it_is_told_all_the_same(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    async with listening(outbox, virtual_clock, script("normal")) as home:
        home.cuff.expect()
        await asyncio.sleep(20)
        home.cuff.script = script("nan")
        home.cuff.expect()
        await asyncio.sleep(20)
    assert [one.reading.value.value(QuantityName.SYSTOLIC) for one in home.listener.kept] == [125]
    assert home.listener.failed == [(BLOOD_PRESSURE, MeasurementFault.NO_VALUE)]


async def test_old_records_are_history_and_the_newest_is_told(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    async with listening(outbox, virtual_clock) as home:
        old = home.old_record(days=2)
        result = await home.measure(script(old, "normal", home.old_record(hours=3)))
        await asyncio.sleep(20)
    assert isinstance(result, SavedReading)
    assert home.listener.old == 2
    assert home.listener.kept == []
    assert outbox.counts() == Counts(waiting=3)
    days = sorted(str(one["effectiveDateTime"])[:10] for one in home.observations())
    assert days == ["2026-07-29", "2026-07-31", "2026-07-31"]


async def test_only_old_records_is_not_the_measurement_that_was_asked_for(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    async with listening(outbox, virtual_clock) as home:
        assert await home.measure(script(home.old_record(days=2))) is MeasurementFault.DEVICE_NOT_FOUND
    assert outbox.counts() == Counts(waiting=1)
    assert home.listener.old == 1


async def test_a_record_that_comes_again_in_a_later_connection_is_counted(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    async with listening(outbox, virtual_clock) as home:
        result = await home.measure(script("normal", fault=Fault.REDELIVER, fault_times=1))
        await asyncio.sleep(30)
    assert isinstance(result, SavedReading)
    assert outbox.counts() == Counts(waiting=1, repeats=1)
    assert home.listener.kept == []


async def test_also_one_without_any_time(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    """Its confirmation was lost: the same bytes a moment later, in another connection, are the same measurement."""
    async with listening(outbox, virtual_clock) as home:
        result = await home.measure(script("irregular", fault=Fault.REDELIVER, fault_times=1))
        await asyncio.sleep(30)
        assert outbox.counts() == Counts(waiting=1, repeats=1)
        await asyncio.sleep(300)
        again = await home.measure(script("irregular"))
    assert isinstance(result, SavedReading)
    assert isinstance(again, SavedReading)
    assert outbox.counts() == Counts(waiting=2, repeats=1)


async def test_whose_it_is_is_asked_and_the_answer_kept(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    async with listening(outbox, virtual_clock, script("normal"), ownership=Ownership("p17", users=2)) as home:
        home.cuff.expect()
        await asyncio.sleep(20)
        ((reading_id, _),) = home.listener.asked
        assert home.observations() == []
        assert outbox.counts() == Counts(held=1)
        await home.collector.answer_owner(reading_id, True)
    assert [one.reading_id for one in home.listener.kept] == [reading_id]
    assert len(home.observations()) >= 1
    assert outbox.counts() == Counts(waiting=1)


async def test_somebody_elses_is_never_sent(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    async with listening(outbox, virtual_clock, script("normal"), ownership=Ownership("p17", users=2)) as home:
        home.cuff.expect()
        await asyncio.sleep(20)
        await home.collector.answer_owner(home.listener.asked[0][0], False)
    assert home.observations() == []
    assert outbox.counts() == Counts(denied=1)


async def test_an_unanswered_question_is_asked_again_after_a_restart(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    two = Ownership("p17", users=2)
    async with listening(outbox, virtual_clock, script("normal"), ownership=two) as home:
        home.cuff.expect()
        await asyncio.sleep(20)
        (first,) = home.listener.asked
    async with listening(outbox, virtual_clock, script("normal"), ownership=two) as home:
        await asyncio.sleep(1)
        assert [one[0] for one in home.listener.asked] == [first[0]]
        await home.collector.answer_owner(first[0], True)
    assert outbox.counts() == Counts(waiting=1)


async def test_what_was_journalled_before_a_power_cut_becomes_a_reading(
    outbox: Outbox, virtual_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes were synced, the device told so; then everything stopped before the reading was kept."""

    def power_cut(_: object) -> None:
        raise RuntimeError("everything stops here")

    async with listening(outbox, virtual_clock, script("normal")) as home:
        with monkeypatch.context() as patch:
            patch.setattr(outbox, "keep", power_cut)
            home.cuff.expect()
            await asyncio.sleep(20)
    assert outbox.counts() == Counts()
    async with listening(outbox, virtual_clock, cuff=home.cuff) as home:
        await asyncio.sleep(5)
    assert outbox.counts().waiting == 1


async def test_a_full_disk_is_told_and_the_reading_stays_in_the_cuff(
    outbox: Outbox, virtual_clock: VirtualClock, tmp_path: Path
) -> None:
    async with listening(outbox, virtual_clock) as home:
        await asyncio.sleep(1)
        with file_size_limit(0, tmp_path / "outbox.sqlite-wal"):
            assert await home.measure(script("normal")) is MeasurementFault.NOT_SAVED
        assert len(home.cuff.memory) == 1
        assert home.listener.storage == [True]
        await asyncio.sleep(60)
        assert home.listener.storage == [True, False]
        assert home.cuff.memory == []
    assert outbox.counts() == Counts(waiting=1)


async def test_progress_of_the_cuff_is_shown_a_few_times_a_second(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    async with listening(outbox, virtual_clock) as home:
        result = await home.measure(script("normal", progress=True, inflation_s=10.0))
    assert isinstance(result, SavedReading)
    assert 10 <= len(home.listener.progress) <= 45


async def test_nobody_waits_any_more(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    async with listening(outbox, virtual_clock, script("normal", fault=Fault.SILENT)) as home:
        waiting = asyncio.create_task(home.collector.measure(BLOOD_PRESSURE))
        await asyncio.sleep(1)
        home.collector.stop_measuring()
        assert await waiting is MeasurementFault.DEVICE_NOT_FOUND
        assert isinstance(await home.measure(script("normal")), SavedReading)


async def test_no_device_for_it(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    async with listening(outbox, virtual_clock) as home:
        assert await home.collector.measure(MeasurementKind.WEIGHT) is MeasurementFault.DEVICE_NOT_FOUND
