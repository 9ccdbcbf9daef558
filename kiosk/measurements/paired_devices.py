"""The health devices that were paired with this kiosk on the spot: a small file beside the outbox, written whole."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from drivers.readings import DeviceInformation
from kiosk.settings import DeviceSettings


class PairedDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One device. ``information``: what it said of itself; ``since``: when it became this patient's (it may have been
    another's), None if nobody knows."""

    device: DeviceSettings
    information: DeviceInformation | None = None
    since: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int = 1
    devices: tuple[PairedDevice, ...] = ()


class PairedDevicesError(Exception):
    """The file cannot be read or written; the text says what to do."""


class PairedDevices:
    """The file, read at once; every change is on disk, synced, when its method returns. Raises PairedDevicesError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._devices = {_key(one.device): one for one in _read(path).devices}

    def all(self) -> tuple[PairedDevice, ...]:
        """In the order in which they were paired."""
        return tuple(self._devices.values())

    def add(self, paired: PairedDevice) -> None:
        """Remember a device; what was known of the same one before is replaced."""
        self._write({**self._devices, _key(paired.device): paired})

    def of(self, address: str) -> PairedDevice | None:
        """What is known of the device at that address."""
        return self._devices.get(address.upper())

    def remove(self, address: str) -> bool:
        """Forget a device; False when it was not known. The bond in the Bluetooth system is left alone."""
        kept = {key: one for key, one in self._devices.items() if key != address.upper()}
        if len(kept) == len(self._devices):
            return False
        self._write(kept)
        return True

    def _write(self, devices: dict[str, PairedDevice]) -> None:
        text = msgspec.json.format(msgspec.json.encode(_File(devices=tuple(devices.values()))), indent=2)
        part = self._path.with_name(self._path.name + ".part")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise PairedDevicesError(
                f"{self._path}: cannot be written ({error.strerror}). Check that the disk is not full."
            ) from error
        self._devices = devices


def _key(device: DeviceSettings) -> str:
    return device.address.upper()


def _read(path: Path) -> _File:
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return _File()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PairedDevicesError(
            f"{path}: cannot be read ({error}). Move it away and pair the devices again."
        ) from error
    if file.version != 1:
        raise PairedDevicesError(f"{path}: was written by a newer Svar; install that.")
    return file
