"""A care platform small enough to see through: answers reads and searches of the Observations it was given."""

from __future__ import annotations

from typing import Any

from aiohttp import web


def blood_pressure(
    identity: str, systolic: float | None, diastolic: float, pulse_rate: float, effective: str
) -> dict[str, Any]:
    """An Observation as the kiosk makes it; no systolic value: with the reason why."""

    def component(code: str, value: float | None, unit: str) -> dict[str, Any]:
        part: dict[str, Any] = {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}}
        if value is None:
            part["dataAbsentReason"] = {"coding": [{"code": "not-a-number"}]}
        else:
            part["valueQuantity"] = {"value": value, "system": "http://unitsofmeasure.org", "code": unit}
        return part

    return {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{identity}"}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
        "effectiveDateTime": effective,
        "component": [
            component("8480-6", systolic, "mm[Hg]"),
            component("8462-4", diastolic, "mm[Hg]"),
            component("8867-4", pulse_rate, "/min"),
        ],
    }


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
                return web.json_response(one, content_type="application/fhir+json")
        return web.json_response({"resourceType": "OperationOutcome"}, status=404)

    async def _search(self, request: web.Request) -> web.Response:
        self.searches.append(dict(request.query))
        wanted = request.query.get("identifier", "").rpartition("|")[2]
        found = [one for one in self.observations if not wanted or one["identifier"][0]["value"] == wanted]
        newest_first = sorted(found, key=lambda one: str(one["effectiveDateTime"]), reverse=True)
        entries = [{"resource": one} for one in newest_first]
        return web.json_response({"resourceType": "Bundle", "type": "searchset", "entry": entries})
