"""The file of devices that were paired on the spot: whole or not at all, and never guessed at."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drivers.readings import DeviceInformation
from kiosk.measurements.paired_devices import PairedDevice, PairedDevices, PairedDevicesError
from kiosk.settings import DeviceSettings

CUFF = PairedDevice(
    DeviceSettings(model="UA-651BLE", address="00:11:22:33:44:5A", slots={"1": "p-1"}),
    DeviceInformation(model="UA-651BLE", system_id=b"\x01\x02", battery_percent=80),
    since=datetime(2026, 7, 31, 7, 30, tzinfo=UTC),
)
SCALE = PairedDevice(DeviceSettings(model="UC-352BLE", address="00:11:22:33:44:5B"))


def test_what_was_paired_is_there_again(tmp_path: Path) -> None:
    file = tmp_path / "data" / "devices.json"
    devices = PairedDevices(file)
    assert devices.all() == ()
    devices.add(CUFF)
    devices.add(SCALE)
    assert PairedDevices(file).all() == (CUFF, SCALE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["devices.json"]


def test_the_same_device_again_replaces_and_is_found_and_forgotten_in_any_case(tmp_path: Path) -> None:
    devices = PairedDevices(tmp_path / "devices.json")
    devices.add(CUFF)
    again = PairedDevice(DeviceSettings(model="UA-651BLE", address="00:11:22:33:44:5a"))
    devices.add(again)
    assert devices.all() == (again,)
    assert devices.of("00:11:22:33:44:5A") == again
    assert devices.of("00:11:22:33:44:5B") is None
    assert not devices.remove("00:11:22:33:44:5B")
    assert devices.remove("00:11:22:33:44:5a")
    assert PairedDevices(tmp_path / "devices.json").all() == ()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b'{"version": 1, "devices": [{',
        b'{"version": 1, "devices": [{"device": {"address": "x"}}]}',
        b'{"version": 1, "gadgets": []}',
        b'{"version": 2, "devices": []}',
        b"\xff\xfe",
    ],
)
def test_a_file_that_cannot_be_read_is_left_and_said(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "devices.json"
    file.write_bytes(text)
    with pytest.raises(PairedDevicesError, match=r"devices\.json: "):
        PairedDevices(file)
    assert file.read_bytes() == text


def test_a_disk_that_refuses_is_said_and_nothing_is_pretended(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    devices = PairedDevices(file)
    devices.add(CUFF)
    (tmp_path / "devices.json.part").mkdir()
    with pytest.raises(PairedDevicesError, match="cannot be written"):
        devices.add(SCALE)
    assert devices.all() == (CUFF,)
    assert PairedDevices(file).all() == (CUFF,)
