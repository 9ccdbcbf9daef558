"""A blood pressure as one FHIR R4 Observation, after HL7's Personal Health Device guide. Pure; sending is elsewhere.

One Observation with components: systolic, diastolic, mean, pulse of the same inflation, and one per status bit that is
set. Each number carries its MDC and its LOINC code and UCUM unit, with the precision that the device sent.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import msgspec

from drivers.readings import BloodPressureStatus, Quantity, Reading, SpecialValue, Unit

IDENTIFIER_SYSTEM = "urn:ietf:rfc:3986"

Json = dict[str, object]

_MDC = "urn:iso:std:iso:11073:10101"
_LOINC = "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_STATUS_BIT = "http://hl7.org/fhir/uv/phd/CodeSystem/ASN1ToHL7"
_YES_NO = "http://terminology.hl7.org/CodeSystem/v2-0136"

_NAMESPACE = uuid.UUID("b6c0ab66-5a0f-4a0c-9d83-5f9f5a4f43a1")
"""Of our derived identities; changing it would make every remembered reading a new one."""

_PANEL = ("150020", "85354-9")
_SYSTOLIC = ("150021", "8480-6")
_DIASTOLIC = ("150022", "8462-4")
_MEAN = ("150023", "8478-0")
_PULSE_RATE = ("149546", "8867-4")

_MEASUREMENT_STATUS = "8410608"
_STATUS_BITS = {
    BloodPressureStatus.BODY_MOVED: 0,
    BloodPressureStatus.CUFF_TOO_LOOSE: 1,
    BloodPressureStatus.IRREGULAR_PULSE: 2,
    BloodPressureStatus.PULSE_ABOVE_RANGE: 3,
    BloodPressureStatus.PULSE_BELOW_RANGE: 4,
    BloodPressureStatus.IMPROPER_POSITION: 5,
}

_UNIT_NAMES = {
    Unit.MILLIMETRE_OF_MERCURY: "mmHg",
    Unit.KILOPASCAL: "kPa",
    Unit.PER_MINUTE: "/min",
}

_ABSENT_REASONS = {
    SpecialValue.NOT_A_NUMBER: "not-a-number",
    SpecialValue.NOT_AT_THIS_RESOLUTION: "error",
    SpecialValue.POSITIVE_INFINITY: "positive-infinity",
    SpecialValue.NEGATIVE_INFINITY: "negative-infinity",
    SpecialValue.RESERVED: "error",
}

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def identity_of(reading: Reading) -> str | None:
    """The identity of a reading that its device may send again: ``urn:uuid:`` over device, type and its very bytes.

    The bytes hold the device's own time stamp, uncorrected, so the identity survives any change of the clock's offset.
    None when the device sent no usable time: equal bytes may then be two measurements; identity is given at capture.
    """
    if reading.value.device_time is None:
        return None
    user = "" if reading.value.user is None else str(reading.value.user)
    key = "|".join((reading.device.address.upper(), user, _PANEL[0], reading.value.raw.hex()))
    return uuid.uuid5(_NAMESPACE, key).urn


def observation(reading: Reading, *, identifier: str, patient: str, device: str, effective: datetime) -> Json:
    """The Observation. ``patient`` and ``device`` are logical ids; ``effective`` has an offset.

    The Observation of a virtual device is marked as test data (HTEST), so that nobody takes it for a patient's.
    """
    value = reading.value
    components = [
        _component(_SYSTOLIC, value.systolic),
        _component(_DIASTOLIC, value.diastolic),
        _component(_MEAN, value.mean_arterial),
    ]
    if value.pulse_rate is not None:
        components.append(_component(_PULSE_RATE, value.pulse_rate))
    components.extend(_status_component(status) for status in value.status)
    resource: Json = {
        "resourceType": "Observation",
        "identifier": [{"system": IDENTIFIER_SYSTEM, "value": identifier}],
        "status": "final",
        "category": [
            _concept("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs"),
            _concept("http://hl7.org/fhir/uv/phd/CodeSystem/PhdObservationCategories", "phd"),
        ],
        "code": _codes(_PANEL),
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": effective.isoformat(timespec="seconds"),
        "device": {"reference": f"Device/{device}", "display": f"{reading.device.manufacturer} {reading.device.model}"},
        "component": components,
    }
    if reading.device.fake:
        resource["meta"] = {
            "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]
        }
    return resource


def to_json(resource: Json) -> bytes:
    """FHIR JSON; a Decimal keeps its digits (36.40 is not 36.4)."""
    return _ENCODER.encode(resource)


def _component(codes: tuple[str, str], quantity: Quantity) -> Json:
    component: Json = {"code": _codes(codes)}
    if quantity.value is not None:
        component["valueQuantity"] = {
            "value": quantity.value,
            "unit": _UNIT_NAMES[quantity.unit],
            "system": _UCUM,
            "code": quantity.unit.value,
        }
    else:
        reason = "unknown" if quantity.special is None else _ABSENT_REASONS[quantity.special]
        component["dataAbsentReason"] = _concept(_ABSENT, reason)
    return component


def _status_component(status: BloodPressureStatus) -> Json:
    code = f"{_MEASUREMENT_STATUS}.{_STATUS_BITS[status]}"
    return {
        "code": {"coding": [{"system": _STATUS_BIT, "code": code, "display": status.value}]},
        "valueCodeableConcept": _concept(_YES_NO, "Y"),
    }


def _codes(codes: tuple[str, str]) -> Json:
    mdc, loinc = codes
    return {"coding": [{"system": _MDC, "code": mdc}, {"system": _LOINC, "code": loinc}]}


def _concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}
