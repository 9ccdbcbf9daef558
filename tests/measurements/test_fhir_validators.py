"""Three independent FHIR R4 validators find nothing wrong with anything that we make, and something with what is wrong.

None of them knows everything, and none knows the PHD guide's profiles: the table below shows what each can catch.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import fhirkit
import pytest

from drivers.decoders.bci import decode_bci
from drivers.decoders.blood_pressure import decode_blood_pressure
from drivers.decoders.body_composition import decode_body_composition
from drivers.decoders.glucose import decode_glucose
from drivers.decoders.mi_scale import decode_mi_scale_2
from drivers.decoders.nonin_3230 import decode_nonin_3230
from drivers.decoders.pulse_oximeter import decode_plx_continuous, decode_plx_spot_check
from drivers.decoders.temperature import decode_temperature
from drivers.decoders.weight import decode_weight
from drivers.formats import FORMATS
from tests.measurements.fhir_samples import SAMPLES, all_resources, reading, resources
from tests.measurements.node_programs import judge

DECODERS = {
    "2A35": decode_blood_pressure,
    "2A5E": decode_plx_spot_check,
    "2A5F": decode_plx_continuous,
    "2A9D": decode_weight,
    "2A9C": decode_body_composition,
    "2A1C": decode_temperature,
    "2A18": decode_glucose,
    "nonin-ble": decode_nonin_3230,
    "bci": decode_bci,
    "mi-scale-2": decode_mi_scale_2,
}
"""Real packets too: the examples that the list of formats has."""

RESOURCES = all_resources()
RESOURCES.update(
    {
        f"{name}-{index}": resource
        for name, decode in DECODERS.items()
        for index, resource in enumerate(resources(reading(decode(bytes.fromhex(FORMATS[name].example)))))
    }
)


def fhirkit_errors(body: bytes) -> list[str]:
    return [str(issue) for issue in fhirkit.validate(body) if issue.severity in ("error", "fatal")]


@pytest.fixture(scope="module")
def verdicts() -> dict[str, dict[str, tuple[str, ...]]]:
    """By resource and validator: the errors."""
    of_node = judge(resource.body for resource in RESOURCES.values())
    assert len(of_node) == len(RESOURCES)
    return {
        name: {"medplum": verdict.medplum, "fhir": verdict.fhir, "fhirkit": tuple(fhirkit_errors(resource.body))}
        for (name, resource), verdict in zip(RESOURCES.items(), of_node, strict=True)
    }


@pytest.mark.parametrize("validator", ["medplum", "fhir", "fhirkit"])
def test_every_resource_of_every_kind_passes(verdicts: dict[str, dict[str, tuple[str, ...]]], validator: str) -> None:
    assert {name: found[validator] for name, found in verdicts.items() if found[validator]} == {}
    types = {resource.resource_type for resource in RESOURCES.values()}
    assert types == {"Observation", "Device", "Communication"}
    assert len(verdicts) > 180


def _status(body: dict[str, Any]) -> None:
    body["status"] = "nope"


def _no_code(body: dict[str, Any]) -> None:
    del body["code"]


def _unknown_field(body: dict[str, Any]) -> None:
    body["severity"] = "high"


def _impossible_date(body: dict[str, Any]) -> None:
    body["effectiveDateTime"] = "2026-13-41T09:30:00+02:00"


def _two_values(body: dict[str, Any]) -> None:
    body["valueString"] = "97 %"


def _value_and_reason(body: dict[str, Any]) -> None:
    body["dataAbsentReason"] = {"text": "error"}


# obs-6 is the invariant that a value and the reason for its absence exclude each other.
FAULTS = {
    "status not in the required set": (_status, {"fhir"}),
    "code missing": (_no_code, {"medplum", "fhir", "fhirkit"}),
    "unknown field": (_unknown_field, {"medplum", "fhirkit"}),
    "impossible date": (_impossible_date, {"medplum", "fhirkit"}),
    "two values": (_two_values, {"fhirkit"}),
    "invariant obs-6": (_value_and_reason, {"medplum"}),
}


def test_each_validator_rejects_what_it_can_catch_and_together_they_catch_all() -> None:
    sound = json.loads(resources(SAMPLES["oximetry-spot"])[1].body)
    broken = []
    for damage, _ in FAULTS.values():
        body = copy.deepcopy(sound)
        damage(body)
        broken.append(json.dumps(body).encode())
    caught = {}
    for name, body, verdict in zip(FAULTS, broken, judge(broken), strict=True):
        found = {"medplum": verdict.medplum, "fhir": verdict.fhir, "fhirkit": tuple(fhirkit_errors(body))}
        caught[name] = {validator for validator, errors in found.items() if errors}
    assert caught == {name: validators for name, (_, validators) in FAULTS.items()}
    assert set().union(*caught.values()) == {"medplum", "fhir", "fhirkit"}
