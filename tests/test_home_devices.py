"""Which devices a home has, whose they are, and what is refused with a sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from drivers.catalog import CATALOG
from drivers.readings import DeviceInformation
from drivers.supported_device import Transport
from kiosk.facts.measurement import MeasurementKind
from kiosk.home_devices import enrolled, home, kinds_of, paired_devices
from kiosk.measurements.paired_devices import PairedDevice, PairedDevicesError
from kiosk.measurements.wall_clock import WallClock
from kiosk.settings import DeviceSettings, Settings, parse_settings
from tests.test_settings import DEVICES, GOOD

SINCE = datetime(2026, 7, 31, 7, 30, tzinfo=UTC)
AT_HOME = GOOD.replace("https://fhir.example/r4", "http://127.0.0.1:8103")
FAKE = '[[devices]]\nmodel = "UA-651BLE"\nsource = "fake"\n'


class Listener:
    def radio_state(self, reason: object) -> None:
        return


def settings(folder: Path, devices: str) -> Settings:
    return parse_settings(AT_HOME.replace("/var/lib/svar", str(folder)) + devices, "s.toml")


def test_a_device_of_the_settings_keeps_what_was_learnt_when_it_was_paired(tmp_path: Path) -> None:
    of_home = settings(tmp_path, DEVICES)
    information = DeviceInformation(model="UA-651BLE")
    cuff = DeviceSettings(model="UA-651BLE", address="00:11:22:33:44:55")
    scale = DeviceSettings(model="UC-352BLE", address="00:11:22:33:44:66", slots={"1": "p-1", "2": ""})
    paired_devices(of_home).add(PairedDevice(scale, since=SINCE))
    paired_devices(of_home).add(PairedDevice(cuff, information, since=SINCE))
    first, wired, last = enrolled(of_home)
    assert (first.device.slots, first.information, first.since) == ({"1": "p-1", "2": ""}, information, SINCE)
    assert (wired.device.source, wired.since) == ("serial", None)
    devices = home(of_home, WallClock(), Listener())
    assert devices.radio is not None
    assert [one.ownership.since for one in devices.devices] == [SINCE, None, SINCE]
    assert devices.devices[2].ownership.slots == {1: "p-1", 2: None}
    assert devices.kinds() == (
        MeasurementKind.BLOOD_PRESSURE,
        MeasurementKind.PULSE_OXIMETRY,
        MeasurementKind.WEIGHT,
    )
    assert not any(one.peripheral.identity.fake for one in devices.devices)
    assert last.device == scale


def test_a_virtual_device_says_so_and_needs_no_radio(tmp_path: Path) -> None:
    devices = home(settings(tmp_path, FAKE), WallClock(), Listener())
    assert devices.radio is None
    assert [one.peripheral.identity.fake for one in devices.devices] == [True]


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        ('[[devices]]\nmodel = "Thermomix"\nsource = "fake"\n', "Thermomix is not a device that Svar knows"),
        ('[[devices]]\nmodel = "UA-651BLE"\nsource = "serial"\naddress = "usb-1"\n', "is a bluetooth device"),
        ('[[devices]]\nmodel = "Nonin DF8"\naddress = "00:11:22:33:44:55"\n', "is a serial device"),
        (FAKE + FAKE, "cannot be told from another one"),
    ],
)
def test_what_cannot_be(tmp_path: Path, devices: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        home(settings(tmp_path, devices), WallClock(), Listener())


def test_nothing_that_is_paired_is_pretended(tmp_path: Path) -> None:
    of_home = settings(tmp_path, "")
    paired_devices(of_home).add(PairedDevice(DeviceSettings(model="UA-651BLE", source="fake")))
    with pytest.raises(PairedDevicesError, match="was not paired here"):
        home(of_home, WallClock(), Listener())


def test_an_unreadable_file_of_paired_devices_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "devices.json").write_text("{")
    with pytest.raises(PairedDevicesError, match=r"devices\.json: cannot be read"):
        home(settings(tmp_path, ""), WallClock(), Listener())
    assert home(settings(tmp_path, FAKE), WallClock(), Listener(), paired=False).kinds() != ()


@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: entry.model)
def test_every_device_of_the_catalogue_can_be_had(tmp_path: Path, entry: object) -> None:
    one = next(row for row in CATALOG if row is entry)
    source, address = ("serial", "usb-1") if one.transport is Transport.SERIAL else ("bluetooth", "00:11:22:33:44:55")
    text = f'[[devices]]\nmodel = "{one.model}"\nsource = "{source}"\naddress = "{address}"\n'
    of_home = settings(tmp_path, text)
    (device,) = home(of_home, WallClock(), Listener()).devices
    assert device.entry is one
    assert device.peripheral.identity.address == address
    assert set(device.kinds) == set(kinds_of(of_home.devices[0]))
