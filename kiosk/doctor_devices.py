"""The doctor's look at the health devices: the radio, the cables, the bonds. Changes nothing, connects to nothing."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec

from drivers.ble.peripheral import BONDED
from drivers.ble.radio import Radio
from drivers.catalog import by_model
from drivers.errors import LinkReason
from drivers.serial.finding import SERIAL_BY_ID
from kiosk.home_devices import enrolled, kinds_of
from kiosk.measurements.paired_devices import PairedDevice, PairedDevicesError
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


async def examine_devices(settings: Settings, seconds: float) -> list[DeviceFinding]:
    """The radio when a device needs it, then each device. Takes at most ``seconds``, and a moment to end."""
    try:
        known = enrolled(settings)
        for one in known:
            kinds_of(one.device)
    except (PairedDevicesError, ValueError) as error:
        return [DeviceFinding("health devices", wrong=str(error), action="Correct the settings, or pair them again.")]
    if not known:
        return [DeviceFinding("health devices", detail="none")]
    findings = []
    if any(one.device.source == "bluetooth" for one in known):
        findings += await _bluetooth(settings, known, seconds)
    findings += [_other(one) for one in known if one.device.source != "bluetooth"]
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
        if not listener.told.is_set() or listener.reason is not None:
            reason = listener.reason
            words = ("Bluetooth does not answer", "Restart the device.") if reason is None else _RADIO.get(reason)
            wrong, action = words or (f"Bluetooth does not work ({reason})", "Restart the device.")
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
    if await radio.is_paired(one.device.address):
        return DeviceFinding(one.device.model, detail="bonded")
    return DeviceFinding(one.device.model, wrong="not paired with this device", action="Pair it: kiosk devices pair.")


def _other(one: PairedDevice) -> DeviceFinding:
    device = one.device
    if device.source == "fake":
        return DeviceFinding(device.model, detail="virtual")
    if (SERIAL_BY_ID / device.address).exists():
        return DeviceFinding(device.model, detail="plugged in")
    return DeviceFinding(device.model, wrong=f"no port {device.address}", action="Plug in its cable.")
