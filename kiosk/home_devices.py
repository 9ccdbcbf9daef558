"""Makes the health devices of this home out of the settings and what was paired here, each with its line and owner."""

from __future__ import annotations

from kiosk.measurements.paired_devices import PairedDevice, PairedDevices
from kiosk.settings import Settings

PAIRED_FILE = "devices.json"


def paired_devices(settings: Settings) -> PairedDevices:
    """What was paired on the spot. Raises PairedDevicesError."""
    return PairedDevices(settings.data_directory / PAIRED_FILE)


def enrolled(settings: Settings) -> tuple[PairedDevice, ...]:
    """Every device of this home: those of the settings first, then those that were paired here and are not among them.

    Raises PairedDevicesError.
    """
    paired = paired_devices(settings).all()
    by_address = {one.device.address.upper(): one for one in paired}
    known = []
    for device in settings.devices:
        before = by_address.pop(device.address.upper(), None) if device.address else None
        known.append(
            PairedDevice(device) if before is None else PairedDevice(device, before.information, before.last_sequence)
        )
    return (*known, *by_address.values())
