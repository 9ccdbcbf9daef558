"""The desk's web server: what it serves, to whom, and what it refuses. No browser."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest

from kiosk.caredesk.desk import Desk, DeskError, Nurse, PageSettings
from tests.caredesk.care_platform import CarePlatform, blood_pressure

KARI = Nurse("kari", "Kari Nordmann", "sip:kari@svar.example", "secret-of-kari")
OLA = Nurse("ola", "Ola Hansen", "sip:ola@svar.example", "secret-of-ola")
PAGE = PageSettings(
    nurses=(KARI, OLA),
    callee="sip:stue@svar.example",
    websocket="ws://127.0.0.1:4242",
    patient="Patient/p-4711",
    patient_name="Pasient p-4711",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
async def care() -> AsyncIterator[CarePlatform]:
    care = CarePlatform()
    await care.start()
    yield care
    await care.stop()


@pytest.fixture
async def desk(care: CarePlatform) -> AsyncIterator[Desk]:
    desk = Desk(free_port(), PAGE, care.base_url)
    await desk.start()
    yield desk
    await desk.stop()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("", "text/html"), ("nurse.js", "text/javascript"), ("nurse.css", "text/css")]
    + [(f"{name}.js", "text/javascript") for name in ("jssip", "kinds", "measurements", "observations", "words")],
)
async def test_the_page_is_served_with_a_tight_policy(
    desk: Desk, client: aiohttp.ClientSession, name: str, content_type: str
) -> None:
    async with client.get(desk.address + name) as answer:
        assert answer.status == 200
        assert answer.content_type == content_type
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "connect-src 'self' ws://127.0.0.1:4242;" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert len(await answer.read()) > 100


async def test_each_nurse_gets_her_own_account(desk: Desk, client: aiohttp.ClientSession) -> None:
    for query, nurse in (("", KARI), ("?caller=", KARI), ("?caller=kari", KARI), ("?caller=ola", OLA)):
        async with client.get(f"{desk.address}config.json{query}") as answer:
            told = await answer.json()
        assert (told["uri"], told["password"], told["name"]) == (nurse.uri, nurse.password, nurse.name)
        assert (told["callee"], told["patient"], told["iceServers"]) == (PAGE.callee, PAGE.patient, [])
    async with client.get(f"{desk.address}config.json?caller=nobody") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    "path",
    ["package.json", "desk.py", "..%2fdesk.py", "%2e%2e/desk.py", "node_modules/jssip/package.json", "page/", "%00"],
)
async def test_nothing_else_is_served(desk: Desk, client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(desk.address + path) as answer:
        assert answer.status == 404
        assert "Content-Security-Policy" in answer.headers


async def test_a_foreign_name_is_refused(desk: Desk, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{desk.address}config.json", headers={"Host": "attacker.example"}) as answer:
        assert answer.status == 421
        assert "secret" not in await answer.text()


async def test_readings_are_read_and_never_written(
    desk: Desk, care: CarePlatform, client: aiohttp.ClientSession
) -> None:
    care.observations.append(blood_pressure("obs-1", 125, 80, 64, "2026-11-21T10:15:00+01:00"))
    async with client.get(f"{desk.address}fhir/Observation/obs-1") as answer:
        assert (answer.status, (await answer.json(content_type=None))["id"]) == (200, "obs-1")
    query = {"patient": "Patient/p-4711", "code": "http://loinc.org|85354-9", "_sort": "-date"}
    async with client.get(f"{desk.address}fhir/Observation", params=query) as answer:
        assert answer.status == 200
    assert care.searches == [query]
    async with client.get(f"{desk.address}fhir/Observation/none") as answer:
        assert answer.status == 404
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        async with client.request(method, f"{desk.address}fhir/Observation/obs-1", json={}) as answer:
            assert answer.status == 405


async def test_a_dead_care_platform_is_told(desk: Desk, care: CarePlatform, client: aiohttp.ClientSession) -> None:
    await care.stop()
    async with client.get(f"{desk.address}fhir/Observation") as answer:
        assert answer.status == 502


async def test_a_taken_port_is_told(desk: Desk) -> None:
    port = int(desk.address.rsplit(":", 1)[1].strip("/"))
    second = Desk(port, PAGE, "http://127.0.0.1:1/fhir")
    with pytest.raises(DeskError, match=f"Port {port}"):
        await second.start()
    await second.stop()
