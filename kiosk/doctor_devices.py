"""The doctor's look at the health devices: the radio, the cables, the bonds. Changes nothing, connects to nothing."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import msgspec

from drivers.ble.peripheral import BONDED
from drivers.ble.radio import Radio
from drivers.catalog import by_model
from drivers.errors import LinkError, LinkReason
from drivers.serial.finding import SERIAL_BY_ID
from kiosk.home_devices import enrolled, home
from kiosk.measurements.paired_devices import PairedDevice, PairedDevicesError
from kiosk.measurements.wall_clock import WallClock
from kiosk.settings import Settings


class DeviceFinding(msgspec.Struct, frozen=True):
    """One part; ``wrong`` is None when it works."""

    part: str
    detail: str = ""
    wrong: str | None = None
    action: str | None = None


_RADIO = {
    LinkReason.NO_BUS: ("BlueZ does not run", "Start the service bluetooth, or install the package bluez."),
    LinkReason.NO_ADAPTER: ("no Bluetooth adapter", "Plug one in, or name it under bluetooth.adapter."),
    LinkReason.POWERED_OFF: ("the Bluetooth adapter is off", "Switch it on: rfkill unblock bluetooth."),
}


class _Listener:
    """Remembers the radio's first word."""

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.reason: LinkReason | None = None

    def radio_state(self, reason: LinkReason | None) -> None:
        self.reason = reason
        self.told.set()


async def examine_devices(
    settings: Settings, seconds: float, *, serial_ports: Path = SERIAL_BY_ID
) -> list[DeviceFinding]:
    """The radio when a device needs it, then each device. Takes at most ``seconds``, and a moment to end.

    ``serial_ports``: the folder with the stable names of the wired ones.
    """
    try:
        known = enrolled(settings)
        home(settings, WallClock(), _Listener(), serial_ports=serial_ports)  # what the kiosk itself would refuse
    except (PairedDevicesError, ValueError) as error:
        return [DeviceFinding("health devices", wrong=str(error), action="Correct the settings, or pair them again.")]
    if not known:
        return [DeviceFinding("health devices", detail="none")]
    findings = []
    if any(one.device.source == "bluetooth" for one in known):
        findings += await _bluetooth(settings, known, seconds)
    findings += [_other(one, serial_ports) for one in known if one.device.source != "bluetooth"]
    return findings


async def _bluetooth(settings: Settings, known: tuple[PairedDevice, ...], seconds: float) -> list[DeviceFinding]:
    listener = _Listener()
    radio = Radio(settings.bluetooth.adapter, listener, power_on=False)
    run = asyncio.create_task(radio.run())
    findings = []
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await listener.told.wait()
        if not listener.told.is_set():
            return [DeviceFinding("Bluetooth", wrong="Bluetooth does not answer", action="Restart the device.")]
        if listener.reason is not None:
            other = (f"Bluetooth does not work ({listener.reason.value})", "Restart the device.")
            wrong, action = _RADIO.get(listener.reason, other)
            return [DeviceFinding("Bluetooth", wrong=wrong, action=action)]
        findings.append(DeviceFinding("Bluetooth", detail="listens"))
        for one in known:
            if one.device.source == "bluetooth":
                findings.append(await _bond(radio, one))
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
    return findings


async def _bond(radio: Radio, one: PairedDevice) -> DeviceFinding:
    if by_model(one.device.model).bonding not in BONDED:
        return DeviceFinding(one.device.model, detail="needs no bond")
    try:
        paired = await radio.is_paired(one.device.address)
    except LinkError as error:
        return DeviceFinding(
            one.device.model, wrong=f"its bond cannot be seen ({error.reason.value})", action="Try again."
        )
    if paired:
        return DeviceFinding(one.device.model, detail="bonded")
    return DeviceFinding(one.device.model, wrong="not paired with this device", action="Pair it: kiosk devices pair.")


def _other(one: PairedDevice, serial_ports: Path) -> DeviceFinding:
    device = one.device
    if device.source == "fake":
        return DeviceFinding(device.model, detail="virtual")
    if (serial_ports / device.address).exists():
        return DeviceFinding(device.model, detail="plugged in")
    return DeviceFinding(device.model, wrong=f"no port {device.address}", action="Plug in its cable.")
