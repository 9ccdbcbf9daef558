"""The same on two FHIR servers of different authors and strictness: everything arrives once, in order, linked.

sekmet-fhir, and Medplum's router over its in-memory repository, which validates each resource on the way in.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from drivers.readings import Reading
from kiosk.caredesk.fhir_server import FhirServer
from kiosk.measurements import fhir
from kiosk.measurements.outbox import Outbox
from kiosk.measurements.outbox_values import Capture, State
from kiosk.measurements.resource import Resource
from tests.measurements.fhir_samples import (
    GATEWAY,
    INFORMATION,
    PATIENT,
    RECEIVED,
    SAMPLES,
    desk_message,
)
from tests.measurements.node_programs import MedplumServer
from tests.measurements.samples import until
from tests.measurements.uploading import running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def medplum() -> AsyncIterator[MedplumServer]:
    server = MedplumServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(params=["sekmet", "medplum"])
def base_url(request: pytest.FixtureRequest, fhir_server: FhirServer, medplum: MedplumServer) -> str:
    return fhir_server.base_url if request.param == "sekmet" else medplum.base_url


def captured(one: Reading, name: str) -> Capture:
    """Everything that is sent of a reading, and the desk's message of one that is held."""
    identifier = uuid.uuid4().urn
    held = name.endswith("clock-fault")
    made: tuple[Resource, ...] = (
        (desk_message(one, fhir.Withheld.TIME_UNKNOWN),)
        if held
        else fhir.resources_of(one, identifier, PATIENT, GATEWAY, RECEIVED, INFORMATION)
    )
    return Capture(
        reading_id=identifier,
        patient=PATIENT,
        captured_at=RECEIVED,
        reading=msgspec.json.encode(one),
        state=State.HELD if held else State.WAITING,
        resources=made,
        reason="time-unknown" if held else None,
    )


async def found(session: aiohttp.ClientSession, base_url: str, resource: Resource) -> list[dict[str, Any]]:
    """What the server has by the resource's identifier."""
    query = {"identifier": f"urn:ietf:rfc:3986|{resource.identifier}"}
    async with session.get(f"{base_url}/{resource.resource_type}", params=query) as response:
        assert response.status == 200
        bundle = await response.json(content_type=None)
    return [entry["resource"] for entry in bundle.get("entry", [])]


def logical(body: object) -> list[dict[str, Any]]:
    """Every reference in a resource that carries an identifier."""
    if isinstance(body, list):
        return [one for part in body for one in logical(part)]
    if not isinstance(body, dict):
        return []
    own = [body] if isinstance(body.get("identifier"), dict) and "type" in body else []
    return own + [one for part in body.values() for one in logical(part)]


async def test_every_resource_arrives_once_and_refers_literally(base_url: str, tmp_path: Path) -> None:
    captures = [captured(one, name) for name, one in SAMPLES.items()]
    sent = {resource.identifier: resource for one in captures for resource in one.resources}
    ids: list[dict[str, str]] = []
    for attempt in ("first", "replayed"):
        outbox = Outbox.open(tmp_path / f"{attempt}.sqlite")
        for one in captures:
            outbox.keep(one)
        async with running(outbox, base_url) as (_, heard):
            await until(lambda: len(heard.arrived) + len(heard.refused) >= len(sent), limit_s=40)
        assert heard.refused == []
        assert heard.faults == []
        assert [identifier for identifier, _ in heard.arrived] == list(sent)
        ids.append(dict(heard.arrived))
        outbox.close()
    assert ids[0] == ids[1]
    async with aiohttp.ClientSession() as session:
        for resource in sent.values():
            (stored,) = await found(session, base_url, resource)
            assert stored["id"] == ids[0][resource.identifier]
            references = logical({key: part for key, part in stored.items() if key != "identifier"})
            assert len(references) == len(resource.refers)
            for reference in references:
                other = ids[0][reference["identifier"]["value"]]
                assert reference["reference"] == f"{reference['type']}/{other}"


async def test_numbers_and_marks_survive(base_url: str, outbox: Outbox) -> None:
    one = captured(SAMPLES["of-a-fake"], "")
    outbox.keep(one)
    async with running(outbox, base_url) as (_, heard):
        await until(lambda: len(heard.arrived) == len(one.resources))
    async with aiohttp.ClientSession() as session:
        for resource in one.resources:
            (stored,) = await found(session, base_url, resource)
            assert stored["meta"]["security"][0]["code"] == "HTEST"
            kept = json.loads(resource.body)
            assert stored.get("component", []) == kept.get("component", [])
            assert stored.get("effectiveDateTime") == kept.get("effectiveDateTime")


async def test_what_is_malformed_is_held_by_the_stricter_server(medplum: MedplumServer, outbox: Outbox) -> None:
    sound = captured(SAMPLES["weight"], "")
    broken = captured(SAMPLES["weight"], "")
    damaged = tuple(
        msgspec.structs.replace(resource, body=resource.body.replace(b'"code":{', b'"cod":{', 1))
        for resource in broken.resources
    )
    outbox.keep(msgspec.structs.replace(broken, resources=damaged[1:2]))
    outbox.keep(sound)
    async with running(outbox, medplum.base_url) as (_, heard):
        await until(lambda: len(heard.arrived) == len(sound.resources))
    assert heard.refused == [damaged[1].identifier]
    assert outbox.counts().held == 1
