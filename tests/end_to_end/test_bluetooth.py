"""The whole kiosk over real bleak against BlueZoo: pairing from the command line, core, the doctor.

BlueZoo stands in for bluetoothd. It shows no air, no encryption, no passkey, no refusal of a stale bond by the device;
its second connection is taken over rather than made, and it keeps no bonds over its own restart (played_cuff says how
the gaps are filled). Those stay to be seen on real BlueZ.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drivers.readings import QuantityName
from kiosk.caredesk.children import end
from kiosk.caredesk.fhir_server import FhirServer
from kiosk.doctor_devices import DeviceFinding, examine_devices
from kiosk.facts.faults import Fault
from kiosk.facts.measurement import Delivery, MeasurementKind
from kiosk.flow import events as on
from kiosk.flow.state import Measured
from kiosk.home_devices import paired_devices
from kiosk.measurements.outbox import Outbox, State
from kiosk.measurements.paired_devices import PairedDevice
from kiosk.settings import DeviceSettings, load_settings
from tests.drivers.ble.bluez_world import OURS, THEIRS, BluezWorld
from tests.end_to_end.played_cuff import PlayedCuff, bond, bond_seen, played_cuff
from tests.end_to_end.small_core import arrived, small_core, write_settings

ANOTHER = "00:00:00:00:00:0C"
NOBODY = "http://127.0.0.1:9/fhir"
BLOOD_PRESSURE = "85354-9"
THREE_DAYS_S = -3 * 86_400.0
CUFF = DeviceSettings(model="UA-651BLE", address=THEIRS)

pytestmark = pytest.mark.usefixtures("bleak_ends")


class Command:
    """``kiosk`` as a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[str] = []

    async def until(self, words: str) -> None:
        """Until it has said a line with these words."""
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            while not any(words in line for line in self.said):
                line = await self._process.stdout.readline()
                assert line, f"it ended without «{words}»: {self.said} {await self._complaints()}"
                self.said.append(line.decode().rstrip())

    async def ended(self) -> tuple[int, str, str]:
        """Exit status, all that it said, and all that it complained of."""
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            rest = (await self._process.stdout.read()).decode()
            complaints = await self._complaints()
            status = await self._process.wait()
        assert "Traceback" not in complaints, complaints
        return status, "\n".join([*self.said, rest]), complaints

    async def _complaints(self) -> str:
        assert self._process.stderr is not None
        return (await self._process.stderr.read()).decode()


@asynccontextmanager
async def kiosk(*arguments: str) -> AsyncIterator[Command]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kiosk", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Command(process)
    finally:
        await end(process)


@pytest.fixture
async def cuff(world: BluezWorld) -> AsyncIterator[PlayedCuff]:
    world.start_bus()
    world.start_daemon(OURS, THEIRS)
    async with played_cuff() as played:
        yield played


# -- kiosk devices pair ------------------------------------------------------------------------------------------------


async def test_a_cuff_is_paired_proved_by_a_second_connection_and_remembered(cuff: PlayedCuff, tmp_path: Path) -> None:
    """The first connection is a pairing mode's, without a reading; the second brings one. It is kept, and whose it is
    will be asked: it may be the technician's own.

    BlueZoo pairs whoever asks, and does not ask our agent.
    """
    settings = write_settings(tmp_path, NOBODY, "p-cuff")
    async with kiosk("devices", "pair", "--settings", str(settings)) as command:
        await command.until("Looking for devices")
        await cuff.hold_start()
        await command.until("Now take a measurement")
        await cuff.hung_up()
        assert await cuff.device.property("Paired") is True
        await cuff.measure("normal")
        status, said, _ = await command.ended()
    assert status == 0
    lines = said.split("\n")
    assert "UA-651BLE is there. Keep it in its pairing mode. one host only" in lines[1]
    assert lines[2:6] == [
        "UA-651BLE has answered. It is being read.",
        "Paired. Now take a measurement with it, so that the second connection is proved.",
        "UA-651BLE has come back by itself. It is being read.",
        "UA-651BLE is paired; 1 reading was kept.",
    ]
    assert cuff.connections == 2
    assert cuff.fake.memory == []
    remembered = json.loads((tmp_path / "data" / "devices.json").read_text())["devices"]
    assert [(one["device"]["model"], one["device"]["address"]) for one in remembered] == [("UA-651BLE", THEIRS)]
    outbox = Outbox.open(tmp_path / "data" / "outbox.sqlite", writing=False)
    assert [(entry.state, entry.reason) for entry in outbox.entries()] == [(State.HELD, "owner-unknown")]
    outbox.close()


async def _refused(*arguments: str) -> str:
    """``kiosk devices pair`` that ends with exit 1; the sentence."""
    async with kiosk("devices", "pair", *arguments) as command:
        status, _, complaints = await command.ended()
    assert status == 1
    return complaints


async def test_a_device_that_lost_its_bond_is_paired_anew(cuff: PlayedCuff, tmp_path: Path) -> None:
    """BlueZ would not pair again what it holds a bond with; only a person's word removes it.

    BlueZoo cannot play the refusal that brings the person here.
    """
    settings = write_settings(tmp_path, NOBODY, "p-cuff")
    await bond(cuff)
    arguments = ("devices", "pair", "--settings", str(settings), "--address", THEIRS, "--forget")
    async with kiosk(*arguments) as command:
        await command.until("The old bond with it was removed.")
        with pytest.raises(AssertionError):
            await cuff.device.property("Paired")
        await command.until("Looking for devices")
        await cuff.hold_start()
        await command.until("Now take a measurement")
        await cuff.hung_up()
        assert await cuff.device.property("Paired") is True
        await cuff.measure("normal")
        status, _, _ = await command.ended()
    assert status == 0


async def test_a_device_that_does_not_show_itself_is_said(cuff: PlayedCuff, tmp_path: Path) -> None:
    settings = str(write_settings(tmp_path, NOBODY, "p-cuff"))
    sentence = "No device that Svar knows was seen. Put it into its pairing mode, and try again.\n"
    assert await _refused("--settings", settings, "--seconds", "2") == sentence
    await cuff.hold_start()
    assert await _refused("--settings", settings, "--seconds", "3", "--address", ANOTHER) == sentence
    assert await _refused("--settings", settings, "--seconds", "3", "--model", "UC-352BLE") == sentence
    assert cuff.connections == 0
    assert not (tmp_path / "data" / "devices.json").exists()


async def test_of_two_devices_one_must_be_named(world: BluezWorld, tmp_path: Path) -> None:
    world.start_bus()
    world.start_daemon(OURS, THEIRS, ANOTHER)
    settings = str(write_settings(tmp_path, NOBODY, "p-cuff"))
    async with played_cuff(1) as one, played_cuff(2) as other:
        await one.hold_start()
        await other.hold_start()
        said = await _refused("--settings", settings)
        assert one.connections == other.connections == 0
    lines = said.splitlines()
    assert lines[0] == "There are several. Name one with --address:"
    assert sorted(line.split()[:2] for line in lines[1:]) == [[THEIRS, "UA-651BLE"], [ANOTHER, "UA-651BLE"]]


async def test_without_a_radio_pairing_says_so_at_once(world: BluezWorld, tmp_path: Path) -> None:
    settings = str(write_settings(tmp_path, NOBODY, "p-cuff"))
    no_bluez = "Bluetooth is not available: the system's D-Bus or BlueZ does not run. Start its service.\n"
    assert await _refused("--settings", settings) == no_bluez
    world.start_bus()
    assert await _refused("--settings", settings) == no_bluez
    world.start_daemon()
    assert await _refused("--settings", settings) == "Bluetooth is not available: there is no adapter. Plug one in.\n"


# -- core --------------------------------------------------------------------------------------------------------------


def paired(settings_file: Path) -> None:
    """As ``kiosk devices pair`` leaves it."""
    paired_devices(load_settings(settings_file)).add(PairedDevice(CUFF))


def history(folder: Path) -> list[tuple[State, str | None]]:
    """Every reading in the outbox, and why it was not sent."""
    outbox = Outbox.open(folder / "data" / "outbox.sqlite", writing=False)
    try:
        return [(entry.state, entry.reason) for entry in outbox.entries()]
    finally:
        outbox.close()


async def test_from_the_cuff_to_the_nurse_and_again_after_the_daemon_was_gone(
    world: BluezWorld, cuff: PlayedCuff, fhir_server: FhirServer, tmp_path: Path
) -> None:
    """The cuff's clock is three days slow, its first inflation fails, the patient asked for a measurement.

    Then bluetoothd crashes. BlueZoo comes back without its bonds, as BlueZ would with an empty /var/lib/bluetooth: so
    the cuff must be paired again (here by somebody else on the bus), and its next reading comes by itself.
    """
    settings = write_settings(tmp_path, fhir_server.base_url, "p-cuff")
    paired(settings)
    await bond(cuff)
    async with small_core(settings) as core:
        core.controller.handle(on.MeasurePressed(MeasurementKind.BLOOD_PRESSURE))
        began = datetime.now(UTC)
        await cuff.measure("nan", "normal", clock_error_s=THREE_DAYS_S)
        state = await core.until(
            lambda now: isinstance(now.measurement, Measured) and now.measurement.delivery is Delivery.DELIVERED
        )
        ended = datetime.now(UTC)
        assert isinstance(state.measurement, Measured)
        reading = state.measurement.reading
        assert reading.value.value(QuantityName.SYSTOLIC) == 125
        assert reading.value.device_time is not None
        assert ended.date() - reading.value.device_time.date() >= timedelta(days=2)
        assert not reading.device.fake
        (observation,) = await arrived(fhir_server.base_url, "p-cuff", BLOOD_PRESSURE, 1)
        measured_at = datetime.fromisoformat(observation["effectiveDateTime"])
        assert began - timedelta(seconds=2) <= measured_at <= ended
        values = {
            coding["code"]: component["valueQuantity"]["value"]
            for component in observation["component"]
            for coding in component["code"]["coding"]
        }
        assert (values["8480-6"], values["8462-4"]) == (125, 80)
        assert history(tmp_path) == [(State.FAILED, "no-value"), (State.DELIVERED, None)]
        await cuff.hung_up()
        assert cuff.fake.memory == []
        assert abs(cuff.fake.clock_error) < timedelta(seconds=2)
        assert core.told == set()

        world.stop_daemon()
        await core.until(lambda now: now.faults == (Fault.BLUETOOTH_OFF,))
        world.start_daemon(OURS, THEIRS)
        await core.until(lambda now: now.faults == ())
        await cuff.come_back()
        await cuff.measure("normal")
        await core.until(lambda now: now.faults == (Fault.DEVICE_PAIR_AGAIN,))
        await bond_seen(cuff)
        await core.until(lambda now: now.faults == ())
        found = await arrived(fhir_server.base_url, "p-cuff", BLOOD_PRESSURE, 2)
        assert len(found) == 2
        await core.until(lambda now: now.unsent == 0)
    assert history(tmp_path)[2:] == [(State.DELIVERED, None)]
    assert core.told == {Fault.BLUETOOTH_OFF, Fault.DEVICE_PAIR_AGAIN}


# -- kiosk doctor ------------------------------------------------------------------------------------------------------


async def doctor(settings_file: Path) -> list[DeviceFinding]:
    async with asyncio.timeout(20):
        return await examine_devices(load_settings(settings_file), 8.0)


async def test_the_doctor_on_the_radio_and_the_bond(world: BluezWorld, tmp_path: Path) -> None:
    """What each state of the machine is called; the adapter that is off stays off."""
    settings = write_settings(tmp_path, NOBODY, "p-cuff", CUFF)

    async def says(wrong: str) -> bool:
        (finding,) = await doctor(settings)
        return finding.part == "Bluetooth" and finding.wrong == wrong and bool(finding.action)

    assert await says("BlueZ does not run")
    world.start_bus()
    assert await says("BlueZ does not run")
    world.start_daemon()
    assert await says("no Bluetooth adapter")
    world.stop_daemon()
    world.start_daemon(OURS, THEIRS, enabled=False)
    assert await says("the Bluetooth adapter is off")
    assert await says("the Bluetooth adapter is off")
    world.stop_daemon()
    world.start_daemon(OURS, THEIRS)
    radio, bond_of_it = await doctor(settings)
    assert (radio.part, radio.detail, radio.wrong) == ("Bluetooth", "listens", None)
    assert (bond_of_it.part, bond_of_it.wrong) == ("UA-651BLE", "not paired with this device")
    async with played_cuff() as cuff:
        await bond(cuff)
        assert await doctor(settings) == [radio, DeviceFinding("UA-651BLE", detail="bonded")]


async def test_the_doctors_whole_report_has_the_radio_in_it(cuff: PlayedCuff, tmp_path: Path) -> None:
    """The command itself, as a technician runs it; it ends with 1, for nothing else is there."""
    settings = write_settings(tmp_path, NOBODY, "p-cuff", CUFF)
    await bond(cuff)
    async with kiosk("doctor", "--json", "--settings", str(settings)) as command:
        status, said, _ = await command.ended()
    findings = {one["part"]: one for one in json.loads(said)["findings"]}
    assert status == 1
    assert (findings["Bluetooth"]["ok"], findings["Bluetooth"]["detail"]) == (True, "listens")
    assert (findings["UA-651BLE"]["ok"], findings["UA-651BLE"]["detail"]) == (True, "bonded")
