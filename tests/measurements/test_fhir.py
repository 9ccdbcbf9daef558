"""The Observation: codes, units, exact numbers, identity, the mark of a virtual device."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from drivers.readings import DeviceIdentity
from kiosk.measurements import fhir
from tests.measurements.samples import CUFF, IRREGULAR, RECEIVED, WITHOUT_TIME, reading, stamped

LOCAL = RECEIVED.replace(tzinfo=None)


def observation(packet: bytes = WITHOUT_TIME, device: DeviceIdentity = CUFF) -> dict[str, Any]:
    resource = fhir.observation(
        reading(packet, device=device), identifier="urn:uuid:1", patient="p17", device="cuff-1", effective=RECEIVED
    )
    decoded: dict[str, Any] = msgspec.json.decode(fhir.to_json(resource))
    return decoded


def component(resource: dict[str, Any], loinc: str) -> dict[str, Any]:
    (found,) = [
        part
        for part in resource["component"]
        if {"system": "http://loinc.org", "code": loinc} in part["code"]["coding"]
    ]
    return dict(found)


def test_the_whole_resource() -> None:
    resource = observation()
    assert resource["resourceType"] == "Observation"
    assert resource["status"] == "final"
    assert resource["identifier"] == [{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:1"}]
    assert resource["subject"] == {"reference": "Patient/p17"}
    assert resource["device"]["reference"] == "Device/cuff-1"
    assert resource["effectiveDateTime"] == "2026-07-31T09:30:00+02:00"
    assert resource["category"][0]["coding"][0]["code"] == "vital-signs"
    assert [coding["code"] for coding in resource["code"]["coding"]] == ["150020", "85354-9"]
    assert "meta" not in resource
    expected = {"8480-6": (103, "mm[Hg]"), "8462-4": (63, "mm[Hg]"), "8478-0": (77, "mm[Hg]"), "8867-4": (64, "/min")}
    for loinc, (value, unit) in expected.items():
        quantity = component(resource, loinc)["valueQuantity"]
        assert (quantity["value"], quantity["code"]) == (value, unit)
        assert quantity["system"] == "http://unitsofmeasure.org"


def test_numbers_keep_their_digits() -> None:
    resource = fhir.observation(
        reading(bytes.fromhex("01A0F06AF07CF0")), identifier="i", patient="p", device="d", effective=RECEIVED
    )
    text = fhir.to_json(resource).decode()
    assert '"value":16.0,"unit":"kPa"' in text
    json.loads(text)


def test_a_missing_mean_says_why() -> None:
    mean = component(observation(bytes.fromhex("007800500 0FF07".replace(" ", ""))), "8478-0")
    assert "valueQuantity" not in mean
    assert mean["dataAbsentReason"]["coding"][0]["code"] == "not-a-number"


@pytest.mark.parametrize(
    ("word", "reason"),
    [("FE07", "positive-infinity"), ("0208", "negative-infinity"), ("0008", "error"), ("0108", "error")],
)
def test_special_values(word: str, reason: str) -> None:
    mean = component(observation(bytes.fromhex(f"0078005000{word}")), "8478-0")
    assert mean["dataAbsentReason"]["coding"][0]["code"] == reason


def test_an_irregular_pulse_is_a_component() -> None:
    status = observation(IRREGULAR)["component"][-1]
    assert status["code"]["coding"][0]["code"] == "8410608.2"
    assert status["valueCodeableConcept"]["coding"][0]["code"] == "Y"


def test_a_virtual_cuff_is_marked_as_test_data() -> None:
    security = observation(device=msgspec.structs.replace(CUFF, fake=True))["meta"]["security"]
    assert security[0]["code"] == "HTEST"


def test_the_same_record_of_the_same_cuff_is_the_same_reading() -> None:
    first = fhir.identity_of(reading(stamped(LOCAL)))
    assert first is not None
    assert first.startswith("urn:uuid:")
    later = reading(stamped(LOCAL), received=RECEIVED.replace(hour=12))
    assert fhir.identity_of(later) == first
    other_cuff = msgspec.structs.replace(CUFF, address="66:77:88:99:AA:BB")
    assert fhir.identity_of(reading(stamped(LOCAL), device=other_cuff)) != first
    other_value = bytearray(stamped(LOCAL))
    other_value[1] += 1
    assert fhir.identity_of(reading(bytes(other_value))) != first


def test_without_a_device_time_there_is_no_derived_identity() -> None:
    assert fhir.identity_of(reading(WITHOUT_TIME)) is None
