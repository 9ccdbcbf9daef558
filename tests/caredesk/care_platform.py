"""A care platform small enough to see through: answers reads and searches of the Observations it was given."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from aiohttp import web

_LOINC = "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"
_MEASUREMENT_STATUS = "http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status"
_PATIENT = "Patient/p-4711"

_ENCODER = msgspec.json.Encoder(decimal_format="number")

Number = int | float | Decimal


def coded(code: str, system: str = _LOINC, text: str | None = None) -> dict[str, Any]:
    """A CodeableConcept of one code."""
    concept: dict[str, Any] = {"coding": [{"system": system, "code": code}]}
    return concept if text is None else {**concept, "text": text}


def measured(value: Number | None, unit: str, absent: str = "not-a-number") -> dict[str, Any]:
    """``valueQuantity``, or why there is none."""
    if value is None:
        return {"dataAbsentReason": {"coding": [{"code": absent}]}}
    return {"valueQuantity": {"value": value, "system": _UCUM, "code": unit}}


def flag(name: str) -> dict[str, Any]:
    """A component for a status bit that is set."""
    bit = {"system": "http://hl7.org/fhir/uv/phd/CodeSystem/ASN1ToHL7", "code": "8410608.1"}
    return {
        "code": {"coding": [bit], "text": name},
        "valueCodeableConcept": coded("Y", "http://terminology.hl7.org/CodeSystem/v2-0136"),
    }


def observation(identity: str, codes: tuple[str, ...], effective: str, **more: Any) -> dict[str, Any]:
    """An Observation with these LOINC codes and whatever else it is to have."""
    return {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{identity}"}],
        "code": {"coding": [{"system": _LOINC, "code": code} for code in codes]},
        "subject": {"reference": _PATIENT},
        "effectiveDateTime": effective,
        **more,
    }


def questionable() -> list[dict[str, Any]]:
    """The interpretation that says so."""
    return [coded("questionable", _MEASUREMENT_STATUS)]


def blood_pressure(
    identity: str, systolic: Number | None, diastolic: Number, pulse_rate: Number, effective: str, **more: Any
) -> dict[str, Any]:
    """An Observation as the kiosk makes it; no systolic value: with the reason why."""
    components = more.pop("component", [])
    return observation(
        identity,
        ("85354-9",),
        effective,
        component=[
            {"code": coded("8480-6"), **measured(systolic, "mm[Hg]")},
            {"code": coded("8462-4"), **measured(diastolic, "mm[Hg]")},
            {"code": coded("8867-4"), **measured(pulse_rate, "/min")},
            *components,
        ],
        **more,
    )


class CarePlatform:
    """``await start()``; ``observations`` may be added to at any time; ``await stop()``."""

    def __init__(self) -> None:
        self.observations: list[dict[str, Any]] = []
        self.searches: list[dict[str, str]] = []
        self._runner: web.AppRunner | None = None
        self.base_url = ""

    async def start(self) -> None:
        application = web.Application()
        application.router.add_get("/fhir/Observation", self._search)
        application.router.add_get("/fhir/Observation/{id}", self._read)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.base_url = f"http://127.0.0.1:{port}/fhir"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _read(self, request: web.Request) -> web.Response:
        for one in self.observations:
            if one["id"] == request.match_info["id"]:
                return _answer(one)
        return web.json_response({"resourceType": "OperationOutcome"}, status=404)

    async def _search(self, request: web.Request) -> web.Response:
        self.searches.append(dict(request.query))
        wanted = request.query.get("identifier", "").rpartition("|")[2]
        codes = {one.rpartition("|")[2] for one in request.query.get("code", "").split(",") if one}
        found = [one for one in self.observations if not wanted or one["identifier"][0]["value"] == wanted]
        found = [one for one in found if not codes or codes & {each["code"] for each in one["code"]["coding"]}]
        newest_first = sorted(found, key=lambda one: str(one["effectiveDateTime"]), reverse=True)
        entries = [{"resource": one} for one in newest_first]
        return _answer({"resourceType": "Bundle", "type": "searchset", "entry": entries})


def _answer(resource: dict[str, Any]) -> web.Response:
    # A Decimal goes out with all its digits, as a FHIR server has to keep them.
    return web.Response(body=_ENCODER.encode(resource), content_type="application/fhir+json")
