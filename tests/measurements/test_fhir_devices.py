"""The device that measured, and what its clock showed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from drivers.readings import ClockCheck, DeviceInformation, Reading
from kiosk.measurements.fhir_devices import coincident_time, phd_device, phg_device
from tests.measurements.fhir_samples import (
    BLOOD_PRESSURE,
    CLOCK,
    INFORMATION,
    RECEIVED,
    SAMPLES,
    SHOWN,
    WIRED,
    reading,
)

STAMPED = SAMPLES["blood-pressure-clock-behind"]


def device(one: Reading, information: DeviceInformation | None = INFORMATION) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(phd_device(one, information).body)
    return body


def test_a_bluetooth_device_by_system_id_and_address() -> None:
    body = device(SAMPLES["blood-pressure"])
    own, system_id, address = body["identifier"]
    assert own["value"].startswith("urn:uuid:")
    assert (system_id["system"], system_id["value"]) == (
        "urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680",
        "74-E8-FF-FE-FF-05-1C-00",
    )
    assert (address["system"], address["value"]) == (
        "http://hl7.org/fhir/sid/eui-48/bluetooth",
        "00-11-22-33-44-55",
    )
    assert body["type"]["coding"][0]["code"] == "65573"
    assert body["specialization"][0]["systemType"]["coding"][0]["code"] == "528391"
    assert {one["type"]["coding"][0]["code"]: one["value"] for one in body["version"]} == {
        "531974": "1.0",
        "531975": "2.1",
        "531976": "BLP009_d019",
    }
    assert body["serialNumber"] == "5150200123"
    assert body["property"][0]["type"]["coding"][0]["code"] == "68220"


def test_a_device_that_says_nothing_of_itself() -> None:
    body = device(SAMPLES["blood-pressure"], None)
    assert body["identifier"][1]["value"] == "00-00-00-00-00-00-00-00"
    assert (body["manufacturer"], body["modelNumber"]) == ("A&D Medical", "UA-651BLE")
    assert "serialNumber" not in body
    assert "version" not in body


@pytest.mark.parametrize("serial", ["Serial Number", "serial number ", "", "  ", "0"])
def test_a_placeholder_is_no_serial_number(serial: str) -> None:
    assert "serialNumber" not in device(SAMPLES["blood-pressure"], DeviceInformation(serial_number=serial))


def test_a_system_id_of_another_length_is_none() -> None:
    body = device(SAMPLES["blood-pressure"], DeviceInformation(system_id=b"\x01\x02"))
    assert body["identifier"][1]["value"] == "00-00-00-00-00-00-00-00"


def test_a_wired_device_by_the_name_of_its_port() -> None:
    transport = device(SAMPLES["oximetry-wired"])["identifier"][2]
    assert transport == {"type": {"text": "serial port by-id"}, "value": WIRED.address}


def test_the_same_device_is_one_and_new_firmware_makes_another() -> None:
    first = phd_device(SAMPLES["blood-pressure"], INFORMATION)
    emptier = msgspec.structs.replace(INFORMATION, battery_percent=20)
    assert phd_device(STAMPED, emptier) == first
    newer = msgspec.structs.replace(INFORMATION, firmware="BLP010")
    assert phd_device(STAMPED, newer).identifier != first.identifier


def test_the_kiosk() -> None:
    assert phg_device("kiosk-1", "0.1.0")["type"] == {
        "coding": [{"system": "urn:iso:std:iso:11073:10101", "code": "531981"}],
        "text": "MDC_MOC_VMS_MDS_AHD",
    }


def test_what_the_clock_showed_at_our_time() -> None:
    made = coincident_time(STAMPED, "urn:uuid:device", "kiosk-1")
    assert made is not None
    body = json.loads(made.body)
    assert body["code"]["coding"][0]["code"] == "67975"
    assert body["effectiveDateTime"] == "2026-07-31T09:30:00+02:00"
    assert body["valueDateTime"] == "2026-07-28T09:30:01+02:00"
    assert body["subject"]["identifier"]["value"] == "urn:uuid:device"
    assert body["device"] == {"reference": "Device/kiosk-1"}
    assert "dataAbsentReason" not in body


def test_all_readings_of_a_connection_share_it() -> None:
    older = msgspec.structs.replace(
        STAMPED, value=msgspec.structs.replace(STAMPED.value, device_time=SHOWN - timedelta(days=1), raw=b"\x00")
    )
    assert coincident_time(older, "d", "g") == coincident_time(STAMPED, "d", "g")
    later = msgspec.structs.replace(STAMPED, clock=ClockCheck(CLOCK.device_time, RECEIVED + timedelta(hours=1)))
    assert coincident_time(later, "d", "g") != coincident_time(STAMPED, "d", "g")


def test_a_clock_that_showed_nonsense() -> None:
    made = coincident_time(SAMPLES["blood-pressure-clock-fault"], "d", "kiosk-1")
    assert made is not None
    body = json.loads(made.body)
    assert "valueDateTime" not in body
    assert body["dataAbsentReason"]["coding"][0]["code"] == "unknown"


@pytest.mark.parametrize(
    ("clock", "shown"), [(None, SHOWN), (CLOCK, None), (None, None)], ids=["not read", "no time", "neither"]
)
def test_without_a_time_or_a_clock_there_is_none(clock: ClockCheck | None, shown: datetime | None) -> None:
    one = reading(msgspec.structs.replace(BLOOD_PRESSURE, device_time=shown), clock=clock)
    assert coincident_time(one, "d", "g") is None
