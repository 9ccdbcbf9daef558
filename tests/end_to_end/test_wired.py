"""A wired oximeter from its cable to the nurse: pseudo-terminal, pyserial, core, a real FHIR server; and the cable out.

A pseudo-terminal has no USB: the name under by-id is made and taken away by the test, as udev would.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from drivers.fakes.script import DeviceScript
from drivers.fakes.serial_device import SerialPlayer
from drivers.fakes.wired import VirtualNoninWired
from drivers.readings import QuantityName
from kiosk.caredesk.fhir_server import FhirServer
from kiosk.doctor_devices import DeviceFinding, examine_devices
from kiosk.facts.faults import Fault
from kiosk.facts.measurement import Delivery
from kiosk.flow.state import KioskState, Measured
from kiosk.measurements.wall_clock import WallClock
from kiosk.settings import DeviceSettings, load_settings
from tests.end_to_end.small_core import arrived, small_core, write_settings

OXYGEN_SATURATION = "59408-5"
SETTLED = "80486120"
"""Data format 8 with the SmartPoint bit: 97 %, 72 a minute."""


def delivered(state: KioskState) -> bool:
    return isinstance(state.measurement, Measured) and state.measurement.delivery is Delivery.DELIVERED


async def test_from_the_cable_to_the_nurse_and_the_cable_out_and_in_again(
    fhir_server: FhirServer, tmp_path: Path
) -> None:
    """Nobody asked: the patient puts a finger in. The cable is out for longer than somebody moves it: that is said."""
    ports = tmp_path / "by-id"
    fake = VirtualNoninWired(WallClock(), DeviceScript(packets=(SETTLED,), duration_s=0.1))
    player = SerialPlayer(fake, ports)
    oximeter = DeviceSettings(model="Nonin DF8", source="serial", address=player.path.name)
    settings = write_settings(tmp_path, fhir_server.base_url, "p-oximeter", oximeter)
    player.plug_in()
    try:
        async with small_core(settings, serial_ports=ports) as core:
            began = datetime.now(UTC)
            fake.expect()
            state = await core.until(delivered)
            ended = datetime.now(UTC)
            assert isinstance(state.measurement, Measured)
            assert state.measurement.reading.value.value(QuantityName.SPO2) == 97
            (observation,) = await arrived(fhir_server.base_url, "p-oximeter", OXYGEN_SATURATION, 1)
            assert observation["valueQuantity"]["value"] == 97
            assert began <= datetime.fromisoformat(observation["effectiveDateTime"]) <= ended
            assert core.told == set()

            await player.unplug()
            await core.until(lambda now: now.faults == (Fault.DEVICE_UNPLUGGED,))
            player.plug_in()
            await core.until(lambda now: now.faults == ())
            fake.expect()
            found = await arrived(fhir_server.base_url, "p-oximeter", OXYGEN_SATURATION, 2)
            assert [one["valueQuantity"]["value"] for one in found] == [97, 97]
        assert core.told == {Fault.DEVICE_UNPLUGGED}
    finally:
        await player.unplug()


async def test_the_command_line_tells_who_speaks_at_which_cable(tmp_path: Path) -> None:
    """``kiosk devices wired`` as a process of its own: without a cable, and with one at which an oximeter speaks."""
    ports = tmp_path / "by-id"
    fake = VirtualNoninWired(WallClock())
    player = SerialPlayer(fake, ports)

    async def wired() -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kiosk", "devices", "wired", "--ports", str(ports), "--seconds", "3"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), 50)
        return process.returncode, said.decode()

    assert await wired() == (1, f"There is no serial cable in {ports}. Plug it in.\n")
    player.plug_in()
    try:
        fake.expect()
        assert await wired() == (0, f"{player.path.name}: Nonin DF8\n")
    finally:
        await player.unplug()


async def test_the_doctor_on_the_cable(tmp_path: Path) -> None:
    ports = tmp_path / "by-id"
    player = SerialPlayer(VirtualNoninWired(WallClock()), ports)
    oximeter = DeviceSettings(model="Nonin DF8", source="serial", address=player.path.name)

    async def says(device: DeviceSettings) -> DeviceFinding:
        settings = load_settings(write_settings(tmp_path, "http://127.0.0.1:9/fhir", "p-oximeter", device))
        (finding,) = await examine_devices(settings, 1.0, serial_ports=ports)
        return finding

    missing = await says(oximeter)
    assert (missing.part, missing.wrong) == ("Nonin DF8", f"no port {player.path.name}")
    player.plug_in()
    assert await says(oximeter) == DeviceFinding("Nonin DF8", detail="plugged in")
    await player.unplug()
    assert (await says(DeviceSettings(model="Nonin DF8", address="00:11:22:33:44:55"))).wrong == (
        "devices: Nonin DF8 is a serial device, not a bluetooth one"
    )
