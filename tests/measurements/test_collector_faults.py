"""What must not be lost, doubled, or shown to the wrong person when devices, disk, radio and we ourselves misbehave."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from drivers.catalog import CATALOG, by_model
from drivers.decoders.blood_pressure import decode_blood_pressure
from drivers.device import Link, RawPacket
from drivers.dialogues.dialogue import Action, Event
from drivers.errors import LinkError, LinkReason
from drivers.fakes.cuff import VirtualCuff, blood_pressure
from drivers.fakes.glucose_meter import VirtualGlucoseMeter
from drivers.fakes.script import DeviceScript, Fault
from drivers.fakes.virtual_time import VirtualClock
from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT
from drivers.readings import DeviceIdentity, Reading
from drivers.supported_device import Transport
from kiosk.facts.measurement import MeasurementFault
from kiosk.measurements.collector import Collector, HomeDevice, Limits, SavedReading
from kiosk.measurements.gate import Ownership
from kiosk.measurements.outbox import Capture, Counts, Kept, Outbox, OutboxError, OutboxReason
from kiosk.measurements.requests import Requests
from tests.measurements.test_collector import BLOOD_PRESSURE, SENDER, Home, Listener, listening, script

pytestmark = pytest.mark.virtual_time

CUFF = by_model("UA-651BLE")


class OwnCuff(VirtualCuff):
    """Like a real one: nothing says that it is virtual."""

    @property
    def identity(self) -> DeviceIdentity:
        return msgspec.structs.replace(super().identity, fake=False)


class Unreachable:
    """A peripheral whose connections all fail, each a second after the one before."""

    def __init__(self, error: Exception, address: str = "02:00:00:00:00:99") -> None:
        self.error = error
        self.tries = 0
        self.identity = DeviceIdentity("?", "?", address)

    async def connect(self) -> Link:
        self.tries += 1
        await asyncio.sleep(1)
        raise self.error.with_traceback(None)

    def expect(self) -> None:
        return


class BuggyDialogue:
    """Raises at the first packet."""

    def start(self, now: object) -> tuple[Action, ...]:
        raise RuntimeError("a bug that quotes 125/80")

    def received(self, event: Event, now: object) -> tuple[Action, ...]:
        return ()

    def silent(self, now: object) -> tuple[Action, ...]:
        return ()


@pytest.fixture
def captured(virtual_clock: VirtualClock) -> SavedReading:
    """Some reading that was kept."""
    value = decode_blood_pressure(blood_pressure(virtual_clock.now().replace(tzinfo=None)))
    return SavedReading("urn:uuid:1", Reading(value, DeviceIdentity("?", "?", "?"), virtual_clock.now()))


def also(home: Home, *devices: HomeDevice) -> Collector:
    """A collector that listens to more than the cuff of that home."""
    cuff = HomeDevice(CUFF, home.cuff, Ownership("p17"))
    return Collector([cuff, *devices], home.outbox, home.outbox.journal, home.clock, home.listener, SENDER)


def with_user(clock: VirtualClock, user: int) -> str:
    """A record of a user slot, taken now."""
    plain = blood_pressure(clock.now().replace(tzinfo=None))
    return (bytes((plain[0] | 0x08,)) + plain[1:16] + bytes((user,)) + plain[16:]).hex()


async def use(home: Home) -> None:
    """Somebody uses the cuff unasked, and it has its say."""
    home.cuff.expect()
    await asyncio.sleep(20)


# -- one bad device ---------------------------------------------------------------------------------------------------


async def test_a_bug_in_one_device_ends_neither_the_others_nor_the_listening(
    outbox: Outbox, virtual_clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(outbox, virtual_clock, VirtualCuff(virtual_clock, script("normal")), Ownership("p17"))
    broken = Unreachable(KeyError("a bug that quotes 125/80"))
    buggy = HomeDevice(
        msgspec.structs.replace(CUFF, dialogue=lambda _: BuggyDialogue()),
        VirtualCuff(virtual_clock, script("normal"), address="02:00:00:00:00:02"),
        Ownership("p17"),
    )
    collector = also(home, HomeDevice(CUFF, broken, Ownership("p17")), buggy)
    task = asyncio.create_task(collector.run())
    await asyncio.sleep(60)
    buggy.peripheral.expect()
    await use(home)
    assert not task.done()
    assert len(home.listener.kept) == 1
    assert 5 <= broken.tries <= 60
    assert "125" not in caplog.text
    assert len([one for one in caplog.records if "a bug" in one.message]) == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_bug_in_a_conversation_of_the_last_run_does_not_stop_this_one(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    cuff = VirtualCuff(virtual_clock, script("normal"))
    strange = DeviceIdentity("?", "?", "02:00:00:00:00:98")
    for session, device in (("s-1", strange), ("s-2", cuff.identity)):
        data = blood_pressure(virtual_clock.now().replace(tzinfo=None))
        outbox.journal.record(RawPacket(device, session, BLOOD_PRESSURE_MEASUREMENT, data, virtual_clock.now()))
    buggy = HomeDevice(msgspec.structs.replace(CUFF, dialogue=lambda _: BuggyDialogue()), cuff, Ownership("p17"))
    listener = Listener()
    task = asyncio.create_task(Collector([buggy], outbox, outbox.journal, virtual_clock, listener, SENDER).run())
    await asyncio.sleep(5)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(outbox.journal.unsettled_sessions()) == 2
    async with listening(outbox, virtual_clock, cuff=cuff):  # a later Svar has mended it
        await asyncio.sleep(5)
    assert outbox.counts() == Counts(waiting=1)
    assert [one.session for one in outbox.journal.unsettled_sessions()] == ["s-1"]


# -- two devices of one kind ------------------------------------------------------------------------------------------


async def test_a_cuff_without_a_bond_does_not_answer_for_the_one_that_works(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    home = Home(outbox, virtual_clock, VirtualCuff(virtual_clock, script("normal", inflation_s=30)), Ownership("p17"))
    stale = Unreachable(LinkError(LinkReason.STALE_BOND))
    collector = also(home, HomeDevice(CUFF, stale, Ownership("p17")))
    task = asyncio.create_task(collector.run())
    await asyncio.sleep(20)  # its trouble is known and shown
    assert home.listener.troubles == [LinkReason.STALE_BOND]
    assert isinstance(await collector.measure(BLOOD_PRESSURE), SavedReading)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_bluetooth_off_is_told_at_once_and_forgotten_when_it_is_back(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    async with listening(outbox, virtual_clock, cuff=OwnCuff(virtual_clock, script("normal"))) as home:
        await asyncio.sleep(1)
        home.cuff.script = script("normal", fault=Fault.SILENT)
        waiting = asyncio.create_task(home.collector.measure(BLOOD_PRESSURE))
        await asyncio.sleep(1)
        home.collector.radio_state(LinkReason.NO_ADAPTER)
        assert await waiting is MeasurementFault.BLUETOOTH_OFF
        began = virtual_clock.now()
        assert await home.collector.measure(BLOOD_PRESSURE) is MeasurementFault.BLUETOOTH_OFF
        assert virtual_clock.now() - began < timedelta(seconds=1)
        home.collector.radio_state(None)
        assert isinstance(await home.measure(script("normal")), SavedReading)


async def test_an_adapter_that_went_during_a_connection_is_no_lasting_fault_of_the_cuff(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    listener = Listener()
    cuff = Unreachable(LinkError(LinkReason.NO_ADAPTER))
    device = HomeDevice(CUFF, cuff, Ownership("p17"))
    collector = Collector([device], outbox, outbox.journal, virtual_clock, listener, SENDER)
    task = asyncio.create_task(collector.run())
    await asyncio.sleep(3)
    cuff.error = LinkError(LinkReason.LINK_LOST)
    await asyncio.sleep(10)
    collector.radio_state(None)
    assert listener.troubles == [LinkReason.NO_ADAPTER, None]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_port_that_is_not_ours_is_no_question_of_pairing(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    entry = next(one for one in CATALOG if one.transport is Transport.SERIAL)
    listener = Listener()
    device = HomeDevice(entry, Unreachable(LinkError(LinkReason.REFUSED), "usb-1"), Ownership("p17"))
    collector = Collector([device], outbox, outbox.journal, virtual_clock, listener, SENDER, limits=Limits(appear=30.0))
    task = asyncio.create_task(collector.run())
    assert await collector.measure(device.kinds[0]) is MeasurementFault.DEVICE_NOT_FOUND
    assert listener.troubles == [LinkReason.REFUSED]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# -- whose ------------------------------------------------------------------------------------------------------------


async def test_another_patients_reading_is_sent_for_them_and_neither_shown_nor_given_for_an_answer(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    two = Ownership("p17", users=2, slots={1: "p17", 2: "p99", 3: None})
    async with listening(outbox, virtual_clock, ownership=two) as home:
        for slot in (2, 3):
            result = await home.measure(script(with_user(virtual_clock, slot)))
            assert result is MeasurementFault.DEVICE_NOT_FOUND
        result = await home.measure(script(with_user(virtual_clock, 1)))
    assert isinstance(result, SavedReading)
    assert (home.listener.kept, home.listener.failed, home.listener.old) == ([], [], 0)
    assert [one["subject"] for one in home.observations() if "component" in one] == [
        {"reference": "Patient/p99"},
        {"reference": "Patient/p17"},
    ]
    assert outbox.counts() == Counts(waiting=2, denied=1)


async def test_old_readings_of_somebody_are_not_asked_about_after_a_restart(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    two = Ownership("p17", users=2)
    async with listening(outbox, virtual_clock, ownership=two) as home:
        home.cuff.script = script(home.old_record(days=2), home.old_record(days=1))
        await use(home)
        assert home.listener.asked == []
    async with listening(outbox, virtual_clock, ownership=two) as home:
        await asyncio.sleep(1)
        assert home.listener.asked == []
    assert outbox.counts() == Counts(held=2)


async def test_mine_is_this_patients_whatever_was_agreed_meanwhile(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    async with listening(outbox, virtual_clock, ownership=Ownership("p17", users=2)) as home:
        home.cuff.script = script(with_user(virtual_clock, 2))
        await use(home)
    agreed = Ownership("p17", users=2, slots={2: "p99"})
    async with listening(outbox, virtual_clock, ownership=agreed) as home:
        await asyncio.sleep(1)
        ((reading_id, _),) = home.listener.asked
        await home.collector.answer_owner(reading_id, True)
        assert {str(one["subject"]["reference"]) for one in home.observations()} == {"Patient/p17"}  # type: ignore[index]


async def test_what_nobody_answered_is_asked_again_at_the_next_measurement(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    async with listening(outbox, virtual_clock, script("normal"), ownership=Ownership("p17", users=2)) as home:
        await use(home)
        await asyncio.sleep(600)
        await use(home)
        first, second, again = [reading_id for reading_id, _ in home.listener.asked]
        assert again == first != second
        virtual_clock.jump(timedelta(hours=23, minutes=55))
        await use(home)
        third, still_open = [reading_id for reading_id, _ in home.listener.asked[3:]]
        assert third not in (first, second)
        assert still_open == second
    assert outbox.counts() == Counts(held=3)


async def test_an_answer_counts_once(outbox: Outbox, virtual_clock: VirtualClock) -> None:
    async with listening(outbox, virtual_clock, script("normal"), ownership=Ownership("p17", users=2)) as home:
        await use(home)
        ((reading_id, _),) = home.listener.asked
        answers = [home.collector.answer_owner(reading_id, mine) for mine in (True, True, False)]
        await asyncio.gather(*answers)
        await home.collector.answer_owner("never-heard-of", True)
    assert len(home.listener.kept) == 1
    assert outbox.counts() == Counts(waiting=1)


async def test_an_answer_that_cannot_be_kept_is_said_and_asked_again(
    outbox: Outbox, virtual_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(outbox, virtual_clock, script("normal"), ownership=Ownership("p17", users=2)) as home:
        await use(home)
        ((reading_id, _),) = home.listener.asked
        with monkeypatch.context() as patch:
            patch.setattr(outbox, "release", full)
            patch.setattr(outbox, "prove_writable", full)
            await home.collector.answer_owner(reading_id, True)
            assert home.listener.failed == [(BLOOD_PRESSURE, MeasurementFault.NOT_SAVED)]
            assert home.listener.storage == [True]
            assert home.listener.kept == []
            await asyncio.sleep(60)
            assert len(home.listener.asked) == 1
        await asyncio.sleep(30)
        assert home.listener.storage == [True, False]
        assert [one[0] for one in home.listener.asked] == [reading_id, reading_id]
        await home.collector.answer_owner(reading_id, True)
    assert len(home.listener.kept) == 1
    assert outbox.counts() == Counts(waiting=1)


async def test_a_second_value_of_the_same_time_stays_marked_when_its_owner_is_told(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    async with listening(outbox, virtual_clock, ownership=Ownership("p17", users=2)) as home:
        one = blood_pressure(virtual_clock.now().replace(tzinfo=None))
        other = one[:1] + bytes((126,)) + one[2:]
        home.cuff.script = script(one.hex(), other.hex())
        await use(home)
        for reading_id, _ in home.listener.asked:
            await home.collector.answer_owner(reading_id, True)
        pressures = [body for body in home.observations() if "component" in body]
    assert len(pressures) == 2
    assert all("interpretation" in body for body in pressures)


# -- the disk ---------------------------------------------------------------------------------------------------------


def full(*_: object) -> None:
    raise OutboxError(OutboxReason.FULL)


async def test_what_was_journalled_while_the_disk_failed_becomes_a_reading_without_a_restart(
    outbox: Outbox, virtual_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes were synced, so the cuff was told that it may forget them; then there was no room for the reading."""
    async with listening(outbox, virtual_clock, script("normal")) as home:
        with monkeypatch.context() as patch:
            patch.setattr(outbox, "keep", full)
            patch.setattr(outbox, "prove_writable", full)
            assert await home.collector.measure(BLOOD_PRESSURE) is MeasurementFault.NOT_SAVED
            await asyncio.sleep(5)
            assert home.cuff.memory == []
            used = home.cuff.connections
            assert await home.collector.measure(BLOOD_PRESSURE) is MeasurementFault.NOT_SAVED
            await asyncio.sleep(300)
            assert home.cuff.connections == used  # what cannot be kept stays in the cuff
        await asyncio.sleep(60)
        assert home.listener.storage == [True, False]
        assert outbox.counts() == Counts(waiting=1)
        assert isinstance(await home.measure(script("normal")), SavedReading)


async def test_a_record_without_time_that_was_cut_short_comes_once(
    outbox: Outbox, virtual_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept, but stopped before its session was settled, and before the cuff heard that we have it."""

    def power_cut(_: str) -> None:
        raise RuntimeError("everything stops here")

    cuff = VirtualCuff(virtual_clock, script("irregular", fault=Fault.REDELIVER, fault_times=1))
    async with listening(outbox, virtual_clock, cuff=cuff) as home:
        with monkeypatch.context() as patch:
            patch.setattr(outbox.journal, "settle", power_cut)
            home.cuff.expect()
            while not outbox.counts().waiting:
                await asyncio.sleep(0.1)
    async with listening(outbox, virtual_clock, cuff=cuff) as home:
        await asyncio.sleep(40)
    assert outbox.counts().waiting == 1
    assert cuff.memory == []


async def test_a_visit_that_broke_off_half_way_is_remembered(
    outbox: Outbox, virtual_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first record was kept, its second was not: both come again, and each is there once."""
    keep = outbox.keep
    calls = 0

    def second_fails(capture: Capture) -> Kept:
        nonlocal calls
        calls += 1
        if calls == 2:
            full()
        return keep(capture)

    monkeypatch.setattr(outbox, "keep", second_fails)
    second = "146600410051003E000400"
    async with listening(outbox, virtual_clock, script("irregular", second)) as home:
        await use(home)
        await asyncio.sleep(60)
        assert home.listener.storage == [True, False]
    assert outbox.counts().waiting == 2


# -- a long memory ----------------------------------------------------------------------------------------------------


async def test_a_meter_is_asked_for_what_is_new_and_for_all_when_it_counts_anew(
    outbox: Outbox, virtual_clock: VirtualClock
) -> None:
    """Hundreds of records at every measurement would keep the nurse waiting for the one that is meant."""
    meter = VirtualGlucoseMeter(virtual_clock, DeviceScript(packets=("normal",) * 30))
    device = HomeDevice(by_model("SIG glucose"), meter, Ownership("p17"))
    listener = Listener()
    collector = Collector([device], outbox, outbox.journal, virtual_clock, listener, SENDER)
    task = asyncio.create_task(collector.run())

    async def packets(script: DeviceScript) -> int:
        before, meter.script = listener.packets, script
        meter.expect()
        await asyncio.sleep(120)
        return listener.packets - before

    one = DeviceScript(packets=("normal",))
    everything = await packets(DeviceScript(packets=("normal",) * 30))
    assert everything > 30
    assert await packets(one) < 15
    assert outbox.counts() == Counts(waiting=31)
    meter.memory.clear()  # its batteries were out: it begins at 1 again
    await packets(one)
    await packets(one)
    assert outbox.counts() == Counts(waiting=33)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# -- requests ---------------------------------------------------------------------------------------------------------


async def test_an_answer_in_the_moment_of_giving_up_is_not_lost(captured: SavedReading) -> None:
    requests = Requests()
    loop = asyncio.get_running_loop()

    def begin() -> None:
        loop.call_at(loop.time() + 5.0 - 1e-10, requests.saved, BLOOD_PRESSURE, captured)

    result = await requests.wait(BLOOD_PRESSURE, 5.0, begin)
    assert result is captured


async def test_two_who_wait_and_one_who_stops(captured: SavedReading) -> None:
    requests = Requests()
    first = asyncio.create_task(requests.wait(BLOOD_PRESSURE, 5.0, lambda: None))
    second = asyncio.create_task(requests.wait(BLOOD_PRESSURE, 5.0, lambda: None))
    await asyncio.sleep(1)
    assert requests.saved(BLOOD_PRESSURE, captured)
    requests.lost((BLOOD_PRESSURE,), 1.0)
    assert await first is captured
    requests.stop()
    assert await second is MeasurementFault.DEVICE_NOT_FOUND
    assert not requests.saved(BLOOD_PRESSURE, captured)
    requests.lost((BLOOD_PRESSURE,), 1.0)
