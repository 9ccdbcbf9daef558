"""Core with real devices, outbox, uploader and controller, but without screen, sound and telephone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from drivers.serial.finding import SERIAL_BY_ID
from kiosk.app import first_state, local_moment
from kiosk.caredesk.kiosk_settings import write_private
from kiosk.controller import Controller, Kept
from kiosk.device_end import DeviceEnd
from kiosk.facts.choosing import Choosing
from kiosk.facts.faults import Fault
from kiosk.facts.history import Span
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.facts.profile import Profile
from kiosk.facts.spoken import Utterance
from kiosk.flow.state import KioskState
from kiosk.flow.transitions import FlowSettings
from kiosk.measurements.capture import Sender, desk_wording
from kiosk.measurements.wall_clock import WallClock
from kiosk.resources import assets
from kiosk.settings import DeviceSettings, Settings, load_settings
from kiosk.timeline import Timeline
from tests.test_controller import FakeSignalling

GATEWAY = "kiosk-1"


def write_settings(folder: Path, fhir_base: str, patient: str, *devices: DeviceSettings) -> Path:
    """The settings file of a kiosk that has these devices, in a folder of its own."""
    write_private(folder / "password", "secret\n")
    tables = [
        f'data_directory = "{folder / "data"}"\nruntime_directory = "{folder / "run"}"',
        f'[sip]\nservers = ["ws://127.0.0.1:9/sip"]\naddress = "sip:p@example.org"\nusername = "p"\n'
        f'password_file = "{folder / "password"}"\ninstance_id = "urn:uuid:00000000-0000-4000-8000-000000000001"',
        f'[fhir]\nbase_url = "{fhir_base}"\npatient = "{patient}"\ndevice = "{GATEWAY}"',
        '[bluetooth]\nadapter = "hci0"',
        '[media]\ncamera = "generated"',
    ]
    for device in devices:
        tables.append(
            f'[[devices]]\nmodel = "{device.model}"\nsource = "{device.source}"\naddress = "{device.address}"'
        )
    file = folder / "settings.toml"
    file.write_text("\n".join(tables) + "\n")
    return file


class _Outside:
    """Everything that effects reach, but the devices, is not there."""

    def __init__(self) -> None:
        self.devices: DeviceEnd | None = None
        self.state: KioskState | None = None
        self.told: set[Fault] = set()
        self.changed = asyncio.Event()

    def to_media(self, message: msgspec.Struct) -> None:
        return

    def show(self, revision: int, state: KioskState) -> None:
        self.state = state
        self.told.update(state.faults)
        self.changed.set()

    def wake_screen(self) -> None:
        return

    def say(self, utterance: Utterance) -> None:
        return

    def stop_saying(self) -> None:
        return

    def measure(self, kind: MeasurementKind) -> Awaitable[Kept | MeasurementFault]:
        return self._devices().measure(kind)

    def stop_measuring(self) -> None:
        self._devices().stop_measuring()

    def tell_desk(self, kind: MeasurementKind, fault: MeasurementFault, times: int) -> None:
        self._devices().tell_desk(kind, fault, times)

    def answer_owner(self, reading_id: str, mine: bool) -> None:
        self._devices().answer_owner(reading_id, mine)

    def load_history(self, kind: MeasurementKind, span: Span) -> None:
        self._devices().load_history(kind, span)

    def reading_was_kept(self) -> None:
        self._devices().to_send()

    def apply_profile(self, profile: Profile) -> None:
        return

    def keep_profile(self, profile: Profile, choosing: Choosing | None) -> None:
        return

    def _devices(self) -> DeviceEnd:
        if self.devices is None:
            raise RuntimeError("the devices come first")
        return self.devices


class SmallCore:
    """``told``: every fault that was ever on the screen; the test may clear it."""

    def __init__(self, settings: Settings, serial_ports: Path) -> None:
        self._outside = _Outside()
        self.told = self._outside.told
        wording = desk_wording((assets() / "phrases" / "nb.toml").read_text(encoding="utf-8"))
        clock, timeline = WallClock(), Timeline(None)
        self.devices = DeviceEnd(
            settings, Sender(settings.fhir.device, wording), clock, timeline, serial_ports=serial_ports
        )
        self._outside.devices = self.devices
        self.controller = Controller(
            first_state(settings, local_moment(), settings.profile),
            FlowSettings(8.0),
            settings.fhir.patient,
            FakeSignalling(),
            self._outside,
            local_moment,
            timeline,
        )
        self.devices.attach(self.controller)

    async def until(self, condition: Callable[[KioskState], bool], seconds: float = 20.0) -> KioskState:
        """The state of the screen as soon as it is like that."""
        async with asyncio.timeout(seconds):
            while self._outside.state is None or not condition(self._outside.state):
                self._outside.changed.clear()
                await self._outside.changed.wait()
        return self._outside.state


@asynccontextmanager
async def small_core(settings_file: Path, *, serial_ports: Path = SERIAL_BY_ID) -> AsyncIterator[SmallCore]:
    """It runs; what went wrong in it comes out at the end."""
    core = SmallCore(load_settings(settings_file), serial_ports)
    run = asyncio.create_task(core.devices.run())
    try:
        yield core
    finally:
        run.cancel()
        (ended,) = await asyncio.gather(run, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended


async def observations(base_url: str, patient: str, code: str) -> list[dict[str, Any]]:
    """The patient's Observations with this LOINC code, as the server tells them now."""
    timeout = aiohttp.ClientTimeout(total=10.0)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(f"{base_url}/Observation", params={"subject": f"Patient/{patient}"}) as answer,
    ):
        bundle = await answer.json(content_type=None)
    found = [entry["resource"] for entry in bundle.get("entry", [])]
    return [one for one in found if code in {coding.get("code") for coding in one["code"]["coding"]}]


async def arrived(base_url: str, patient: str, code: str, number: int) -> list[dict[str, Any]]:
    """As soon as there are so many."""
    async with asyncio.timeout(20):
        while len(found := await observations(base_url, patient, code)) < number:
            await asyncio.sleep(0.1)
    return found
