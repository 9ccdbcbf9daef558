"""Makes the health devices of this home out of the settings and what was paired here, each with its line and owner."""

from __future__ import annotations

from pathlib import Path

import msgspec

from drivers.ble.peripheral import BroadcastPeripheral, RadioPeripheral
from drivers.ble.radio import Radio, RadioListener
from drivers.catalog import UnknownModel, by_model
from drivers.device import Clock, Peripheral
from drivers.readings import DeviceIdentity
from drivers.serial.finding import SERIAL_BY_ID
from drivers.serial.peripheral import wired_peripheral
from drivers.supported_device import Enrolment, SupportedDevice, Transport
from kiosk.facts.measurement import SHOWN_AS, MeasurementKind
from kiosk.measurements.collector import HomeDevice
from kiosk.measurements.gate import Ownership
from kiosk.measurements.paired_devices import PairedDevice, PairedDevices, PairedDevicesError
from kiosk.settings import DeviceSettings, Settings

PAIRED_FILE = "devices.json"


class Home(msgspec.Struct, frozen=True):
    """All devices of a home. ``radio`` is None when none of them needs one."""

    devices: tuple[HomeDevice, ...]
    radio: Radio | None = None

    def kinds(self) -> tuple[MeasurementKind, ...]:
        """What can be measured here, in the order in which the patient is offered it."""
        return tuple(kind for kind in MeasurementKind if any(one.offers(kind) for one in self.devices))


def paired_devices(settings: Settings) -> PairedDevices:
    """What was paired on the spot. Raises PairedDevicesError."""
    return PairedDevices(settings.data_directory / PAIRED_FILE)


def enrolled(settings: Settings) -> tuple[PairedDevice, ...]:
    """Every device of this home: those of the settings first, then those that were paired here and are not among them.

    Raises PairedDevicesError.
    """
    by_address = {one.device.address.upper(): one for one in paired_devices(settings).all()}
    known = []
    for device in settings.devices:
        before = by_address.pop(device.address.upper(), None) if device.address else None
        known.append(PairedDevice(device) if before is None else msgspec.structs.replace(before, device=device))
    return (*known, *by_address.values())


def kinds_of(device: DeviceSettings) -> tuple[MeasurementKind, ...]:
    """What a device of the settings measures. Raises ValueError for a model that is not in the catalogue."""
    return tuple({SHOWN_AS[kind]: None for kind in _model(device).kinds if kind in SHOWN_AS})


def home(
    settings: Settings,
    clock: Clock,
    radio_listener: RadioListener,
    *,
    serial_ports: Path = SERIAL_BY_ID,
    paired: bool = True,
) -> Home:
    """Every device with its line. Raises ValueError for devices of the settings that nobody knows, or that cannot be
    reached so, and PairedDevicesError for those that were paired here.

    ``serial_ports``: the folder with the stable names of the wired ones. ``paired`` False: those of the settings alone.
    """
    known = enrolled(settings) if paired else tuple(PairedDevice(device) for device in settings.devices)
    entries = [(one, _model(one.device)) for one in known[: len(settings.devices)]]
    for one in known[len(settings.devices) :]:
        try:
            if one.device.source == "fake":  # nothing that is paired is pretended
                raise ValueError(f"devices: {one.device.model} was not paired here")
            entries.append((one, _model(one.device)))
        except ValueError as error:
            raise PairedDevicesError(f"{error}. Move {PAIRED_FILE} away and pair the devices again.") from error
    needs_radio = [one.device for one, _ in entries if one.device.source == "bluetooth"]
    radio = Radio(settings.bluetooth.adapter, radio_listener) if needs_radio else None
    devices = tuple(
        HomeDevice(
            entry,
            _peripheral(one.device, entry, clock, radio, serial_ports),
            Ownership(settings.fhir.patient, entry.users, _slots(one.device), one.since),
            Enrolment(None, one.device.user_index, one.device.consent),
            one.information,
        )
        for one, entry in entries
    )
    addresses = [one.peripheral.identity.address for one in devices]
    for number, device in enumerate(devices):
        if addresses[number] in addresses[:number]:
            raise ValueError(f"devices: {device.entry.model} cannot be told from another one. Remove one of the two.")
    return Home(devices, radio)


def _model(device: DeviceSettings) -> SupportedDevice:
    try:
        return by_model(device.model)
    except UnknownModel as error:
        raise ValueError(f"devices: {device.model} is not a device that Svar knows") from error


def _slots(device: DeviceSettings) -> dict[int, str | None]:
    return {int(slot): patient or None for slot, patient in device.slots.items()}


def _peripheral(
    device: DeviceSettings, entry: SupportedDevice, clock: Clock, radio: Radio | None, serial_ports: Path
) -> Peripheral:
    if device.source == "fake":
        if entry.fake is None:
            raise ValueError(f"devices: there is no virtual {device.model}")
        return entry.fake(clock, device.script)
    if not device.address:
        raise ValueError(f"devices: {device.model} has no address")
    wired = entry.transport is Transport.SERIAL
    if wired is not (device.source == "serial"):
        raise ValueError(f"devices: {device.model} is a {entry.transport.value} device, not a {device.source} one")
    if wired:
        return wired_peripheral(entry, device.address, clock.now(), folder=serial_ports)
    if radio is None:
        raise RuntimeError("a Bluetooth device without a radio")
    identity = DeviceIdentity(entry.model, entry.manufacturer, device.address.upper())
    if entry.transport is Transport.BROADCAST:
        return BroadcastPeripheral(identity, radio)
    return RadioPeripheral(identity, radio, entry.bonding)
