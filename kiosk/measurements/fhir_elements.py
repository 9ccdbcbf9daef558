"""The small FHIR R4 elements that our resources share: concepts, quantities, references, marks. Pure."""

from __future__ import annotations

import uuid
from decimal import Decimal

import msgspec

from drivers.readings import Quantity, Unit
from kiosk.measurements.fhir_codes import ABSENT_REASONS, DATA_ABSENT, LOINC, MDC, UCUM, UNIT_NAMES, Code

Json = dict[str, object]

IDENTIFIER_SYSTEM = "urn:ietf:rfc:3986"

NAMESPACE = uuid.UUID("b6c0ab66-5a0f-4a0c-9d83-5f9f5a4f43a1")
"""Of our derived identities; changing it would make every remembered reading a new one."""

_GATEWAY = "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice"
_TEST_DATA = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def to_json(resource: object) -> bytes:
    """FHIR JSON; a Decimal keeps its digits (36.40 is not 36.4)."""
    return _ENCODER.encode(resource)


def derived_identifier(*parts: str) -> str:
    """The same ``urn:uuid:`` for the same parts, always and everywhere."""
    return uuid.uuid5(NAMESPACE, "|".join(parts)).urn


def identifiers(value: str) -> list[Json]:
    return [{"system": IDENTIFIER_SYSTEM, "value": value}]


def concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def codes(code: Code) -> Json:
    """MDC first and LOINC after it, as the PHD guide has them; the text is the MDC reference identifier."""
    coding: list[Json] = [] if code.mdc is None else [{"system": MDC, "code": code.mdc}]
    coding.extend({"system": LOINC, "code": loinc} for loinc in code.loinc)
    return {"coding": coding, "text": code.name}


def word(known: dict[str, Code], text: str) -> Json:
    """A device's word as a concept: coded where a code is known."""
    code = known.get(text)
    return {"text": text} if code is None else {"coding": [{"system": MDC, "code": code.mdc}], "text": text}


def valued(quantity: Quantity | None, *, absent: str | None, missing: str = "unknown") -> Json:
    """``valueQuantity``, or ``dataAbsentReason`` and why: never both, never neither (FHIR's obs-6 and vs-2).

    ``absent``: the device took its number back, so there is none; ``missing``: the reason when it sent no quantity.
    """
    if absent is None and quantity is not None and quantity.value is not None:
        return {"valueQuantity": _quantity(quantity.value, quantity.unit)}
    if absent is None:
        special = None if quantity is None else quantity.special
        absent = missing if special is None else ABSENT_REASONS[special]
    return {"dataAbsentReason": concept(DATA_ABSENT, absent)}


def logical_reference(resource_type: str, identifier: str, display: str | None = None) -> Json:
    """To a resource of ours that the server has not named yet."""
    reference: Json = {"type": resource_type, "identifier": {"system": IDENTIFIER_SYSTEM, "value": identifier}}
    if display is not None:
        reference["display"] = display
    return reference


def gateway(device: str) -> Json:
    """The extension that names the kiosk through which an Observation came."""
    return {"url": _GATEWAY, "valueReference": {"reference": f"Device/{device}"}}


def marked_as_test(resource: Json) -> Json:
    """With the mark that nobody may take it for a patient's (HTEST)."""
    return {"resourceType": resource["resourceType"], "meta": {"security": [dict(_TEST_DATA)]}, **resource}


def _quantity(value: Decimal, unit: Unit) -> Json:
    if unit is Unit.METRE:
        # FHIR's body height is in centimetres; moving the point changes no digit.
        return {"value": _plain(value.scaleb(2)), "unit": "cm", "system": UCUM, "code": "cm"}
    name = UNIT_NAMES.get(unit, unit.value)
    return {"value": _plain(value), "unit": name, "system": UCUM, "code": unit.value}


def _plain(value: Decimal) -> Decimal:
    """Without an exponent, which some readers of JSON numbers stumble over: 2E+1 is 20."""
    exponent = value.as_tuple().exponent
    return value.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else value
