"""Core's end of the devices over a real controller, outbox and virtual cuff: what the screen says while things fail."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from drivers.catalog import by_model
from drivers.device import RawPacket
from drivers.errors import LinkReason
from kiosk.controller import Controller, Kept
from kiosk.device_end import DeviceEnd
from kiosk.facts.choosing import Choosing
from kiosk.facts.faults import Fault
from kiosk.facts.history import Span
from kiosk.facts.measurement import DeskNews, MeasurementFault, MeasurementKind
from kiosk.facts.moment import Moment
from kiosk.facts.profile import Profile
from kiosk.facts.spoken import Utterance
from kiosk.flow import events as on
from kiosk.flow.owner import SETTLE_SECONDS
from kiosk.flow.state import KioskState, Measured, NotMeasured
from kiosk.flow.transitions import FlowSettings
from kiosk.measurements.capture import Sender, desk_wording
from kiosk.measurements.journal import JournalStore
from kiosk.measurements.outbox import Outbox, OutboxError, OutboxReason
from kiosk.measurements.wall_clock import WallClock
from kiosk.resources import assets
from kiosk.settings import parse_settings
from kiosk.timeline import Timeline
from tests.measurements.conftest import free_port
from tests.test_controller import FakeSignalling
from tests.test_settings import GOOD

BLOOD_PRESSURE = MeasurementKind.BLOOD_PRESSURE
WORDING = desk_wording((assets() / "phrases" / "nb.toml").read_text(encoding="utf-8"))


class Core:
    """A controller whose Outside has nothing but the devices."""

    def __init__(self, folder: Path, script: str) -> None:
        (folder / "cuff.toml").write_text(script)
        text = GOOD.replace("https://fhir.example/r4", f"http://127.0.0.1:{free_port()}")  # nobody is there
        text = text.replace("/var/lib/svar", str(folder / "data"))
        text += f'[[devices]]\nmodel = "UA-651BLE"\nsource = "fake"\nscript = "{folder / "cuff.toml"}"\n'
        self.folder = folder
        self.changed = asyncio.Event()
        self.devices = DeviceEnd(parse_settings(text, "s.toml"), Sender("d-1", WORDING), WallClock(), Timeline(None))
        loop = asyncio.get_running_loop()
        self.controller = Controller(
            KioskState(),
            FlowSettings(8.0),
            "p-1",
            FakeSignalling(),
            self,
            lambda: Moment(WallClock().now(), loop.time()),
            Timeline(None),
        )
        self.devices.attach(self.controller)

    @property
    def state(self) -> KioskState:
        return self.controller.state

    def use(self, number: int) -> None:
        """Somebody uses the cuff unasked."""
        (self.folder / "cuff.toml").write_text(f'packets = ["normal"]\ninflation_s = 0.1\nused = {number}\n')

    async def until(self, condition: Callable[[KioskState], bool]) -> KioskState:
        async with asyncio.timeout(20):
            while not condition(self.state):
                self.changed.clear()
                await self.changed.wait()
        return self.state

    # -- Outside -----------------------------------------------------------------------------------------------------

    def to_media(self, message: msgspec.Struct) -> None:
        return

    def show(self, revision: int, state: KioskState) -> None:
        self.changed.set()

    def wake_screen(self) -> None:
        return

    def say(self, utterance: Utterance) -> None:
        return

    def stop_saying(self) -> None:
        return

    def measure(self, kind: MeasurementKind) -> Awaitable[Kept | MeasurementFault]:
        return self.devices.measure(kind)

    def stop_measuring(self) -> None:
        self.devices.stop_measuring()

    def tell_desk(self, kind: MeasurementKind, fault: MeasurementFault, times: int) -> None:
        self.devices.tell_desk(kind, fault, times)

    def answer_owner(self, reading_id: str, mine: bool) -> None:
        self.devices.answer_owner(reading_id, mine)

    def load_history(self, kind: MeasurementKind, span: Span) -> None:
        self.devices.load_history(kind, span)

    def reading_was_kept(self) -> None:
        self.devices.to_send()

    def apply_profile(self, profile: Profile) -> None:
        return

    def keep_profile(self, profile: Profile, choosing: Choosing | None) -> None:
        return


@asynccontextmanager
async def running(folder: Path, script: str = 'packets = ["normal"]\ninflation_s = 0.1\n') -> AsyncIterator[Core]:
    core = Core(folder, script)
    task = asyncio.create_task(core.devices.run())
    await asyncio.sleep(0)  # it has begun: what never began closes nothing
    try:
        yield core
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def full(*_: object, **__: object) -> None:
    raise OutboxError(OutboxReason.FULL)


def storage_failed(state: KioskState) -> bool:
    return Fault.STORAGE_FAILED in state.faults


async def test_an_unreadable_file_of_paired_devices_costs_those_devices_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "devices.json").write_text("{")
    async with running(tmp_path) as core:
        assert Fault.DEVICE_PAIR_AGAIN in core.state.faults
        assert core.state.can_measure == (BLOOD_PRESSURE,)


async def test_a_measurement_reaches_the_screen_and_the_disk(tmp_path: Path) -> None:
    async with running(tmp_path) as core:
        assert core.state.can_measure == (BLOOD_PRESSURE,)
        core.controller.handle(on.MeasurePressed(BLOOD_PRESSURE))
        await core.until(lambda state: isinstance(state.measurement, Measured))
        await core.until(lambda state: state.unsent == 1)
        await core.until(lambda state: Fault.CARE_PLATFORM_UNREACHABLE in state.faults)
        assert not storage_failed(core.state)
    box = Outbox.open(tmp_path / "data" / "outbox.sqlite")  # nobody holds it any more
    assert box.counts().waiting == 1
    box.close()


async def test_an_outbox_that_cannot_be_opened_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.device_end.OPENING_SECONDS", 0.1)
    other = Outbox.open(tmp_path / "data" / "outbox.sqlite")
    async with running(tmp_path) as core:
        assert storage_failed(core.state)
        core.controller.handle(on.MeasurePressed(BLOOD_PRESSURE))
        state = await core.until(lambda state: isinstance(state.measurement, NotMeasured))
        assert isinstance(state.measurement, NotMeasured)
        assert state.measurement.fault is MeasurementFault.NOT_SAVED
        other.close()
        await core.until(lambda state: not storage_failed(state))
        core.use(1)
        await core.until(lambda state: isinstance(state.measurement, Measured))


async def test_a_count_that_failed_is_not_a_fault_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as core:
        with monkeypatch.context() as patch:
            patch.setattr(Outbox, "counts", full)
            core.devices.to_send()
            await core.until(storage_failed)
        core.devices.to_send()
        await core.until(lambda state: not storage_failed(state))


async def test_one_who_can_write_again_does_not_speak_for_the_others(tmp_path: Path) -> None:
    async with running(tmp_path) as core:
        core.devices.trouble(Fault.STORAGE_FAILED)
        core.devices.storage_trouble(failed=True)
        core.devices.trouble(None)
        assert storage_failed(core.state)
        core.devices.storage_trouble(failed=False)
        assert not storage_failed(core.state)


async def test_an_answer_about_the_owner_that_cannot_be_kept_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_users = msgspec.structs.replace(by_model("UA-651BLE"), users=2)
    monkeypatch.setattr("kiosk.home_devices.by_model", lambda _: two_users)
    async with running(tmp_path) as core:
        core.use(1)
        state = await core.until(lambda state: bool(state.questions))
        reading_id = state.questions[0].reading_id
        await asyncio.sleep(SETTLE_SECONDS + 0.1)
        monkeypatch.setattr(Outbox, "release", full)
        core.controller.handle(on.OwnerAnswered(reading_id, True))
        state = await core.until(lambda state: isinstance(state.measurement, NotMeasured))
        assert isinstance(state.measurement, NotMeasured)
        assert state.measurement.fault is MeasurementFault.NOT_SAVED
        assert storage_failed(state)


async def test_a_fault_lasts_while_any_device_has_it(tmp_path: Path) -> None:
    """And a port that is not ours is a matter of the cable, not of pairing."""
    async with running(tmp_path) as core:
        core.devices.device_trouble("a", LinkReason.STALE_BOND)
        core.devices.device_trouble("b", LinkReason.STALE_BOND)
        core.devices.device_trouble("usb", LinkReason.REFUSED)
        core.devices.radio_state(LinkReason.TIMED_OUT)
        assert {Fault.DEVICE_PAIR_AGAIN, Fault.DEVICE_UNPLUGGED, Fault.BLUETOOTH_OFF} <= set(core.state.faults)
        core.devices.device_trouble("a", None)
        assert Fault.DEVICE_PAIR_AGAIN in core.state.faults
        for device in ("b", "usb"):
            core.devices.device_trouble(device, None)
        core.devices.radio_state(None)
        assert not {Fault.DEVICE_PAIR_AGAIN, Fault.DEVICE_UNPLUGGED, Fault.BLUETOOTH_OFF} & set(core.state.faults)


async def test_a_packet_that_is_being_written_at_the_end_is_a_reading_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that waits for the disk cannot be cancelled; the outbox is closed after it, not under it."""
    record, writing = JournalStore.record, threading.Event()

    def slow(journal: JournalStore, packet: RawPacket) -> None:
        record(journal, packet)
        if not packet.read:
            writing.set()
            time.sleep(0.3)

    with monkeypatch.context() as patch:
        patch.setattr(JournalStore, "record", slow)
        async with running(tmp_path) as core:
            core.use(1)
            async with asyncio.timeout(10):
                while not writing.is_set():
                    await asyncio.sleep(0.01)
    async with running(tmp_path) as core:
        state = await core.until(lambda state: isinstance(state.measurement, Measured))
        assert isinstance(state.measurement, Measured)
        await core.until(lambda state: state.unsent == 1)


async def test_what_is_told_after_the_end_starts_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as core:
        await core.until(lambda state: Fault.CARE_PLATFORM_UNREACHABLE not in state.faults)
        await asyncio.sleep(0.1)
    core.devices.to_send()
    core.devices.delivered("urn:uuid:1", "1")
    core.devices.load_history(BLOOD_PRESSURE, Span.WEEK)
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1


async def test_what_fails_twice_is_told_to_the_desk_once_and_durable(tmp_path: Path) -> None:
    failing = MeasurementFault.CUFF_TOO_LOOSE
    async with running(tmp_path) as core:
        core.devices.measurement_failed(BLOOD_PRESSURE, failing)
        assert core.state.troubles[0].desk is None
        core.devices.measurement_failed(BLOOD_PRESSURE, failing)
        state = await core.until(lambda state: state.desk_of(BLOOD_PRESSURE) is DeskNews.KEPT)
        assert isinstance(state.measurement, NotMeasured)
        core.devices.measurement_failed(BLOOD_PRESSURE, failing)
        ((identifier, kind),) = core.devices.messages.items()
        assert kind is BLOOD_PRESSURE
        core.devices.delivered(identifier, "c-1")
        await core.until(lambda state: state.desk_of(BLOOD_PRESSURE) is DeskNews.DELIVERED)
        core.devices.delivered(identifier, "c-1")
    box = Outbox.open(tmp_path / "data" / "outbox.sqlite")
    (item,) = box.items()
    assert (item.identifier, item.resource_type, item.patient) == (identifier, "Communication", "p-1")
    (waiting,) = box.waiting(None)
    body = msgspec.json.decode(waiting.payload)
    assert body["reasonCode"] == [{"text": "cuff-too-loose"}]
    assert body["payload"][0]["contentString"].startswith("Et blodtrykk ble ikke målt")
    box.close()


async def test_a_desk_that_cannot_be_told_is_not_claimed_to_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as core:
        monkeypatch.setattr(Outbox, "keep_message", full)
        for _ in range(2):
            core.devices.measurement_failed(BLOOD_PRESSURE, MeasurementFault.NO_VALUE)
        await core.until(lambda state: bool(state.troubles) and not state.troubles[0].telling)
        assert core.state.desk_of(BLOOD_PRESSURE) is None
        assert core.devices.messages == {}
