"""The nurse's page in real Chromium, through real Kamailio and a real sound card, against a callee in a second page."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from kiosk.caredesk.certificates import make_authority
from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.caredesk.desk import Desk, Nurse, PageSettings
from kiosk.caredesk.kamailio import DigestAlgorithm, Kamailio, account
from kiosk.caredesk.listening import pulsed_tone_levels
from kiosk.caredesk.sound_card import NURSE_LOUDSPEAKER, RATE_HZ, VirtualSoundCard
from tests.caredesk.browser_callee import BrowserCallee
from tests.caredesk.care_platform import CarePlatform, blood_pressure

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

KIOSK = "sip:stue@svar.example"
KIOSK_TONE_HZ = 700.0
FHIR_JSON = "application/fhir+json"


class Stage:
    """Everything that the page talks to, shared by the tests of this module."""

    def __init__(self, desk: Desk, websocket: str, sound: VirtualSoundCard, care: CarePlatform) -> None:
        self.desk = desk
        self.websocket = websocket
        self.sound = sound
        self.care = care
        self.browser = ChromiumNurse()

    async def callee(self, user: str = "stue") -> BrowserCallee:
        return await BrowserCallee.register(
            self.browser,
            self.desk.address,
            f"sip:{user}@svar.example",
            f"{user}-password",
            self.websocket,
            KIOSK_TONE_HZ,
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    directory = tmp_path_factory.mktemp("desk")
    made = make_authority(directory / "certificates")
    accounts = [account(user, f"{user}-password", DigestAlgorithm.MD5) for user in ("stue", "kari", "ola", "annen")]
    kamailio = Kamailio(directory / "kamailio", made.certificate, made.key, accounts, free_port(), free_port())
    sound = VirtualSoundCard(directory)
    care = CarePlatform()
    await asyncio.gather(kamailio.start(), sound.start(), care.start())
    page = PageSettings(
        nurses=(
            Nurse("kari", "Kari Nordmann", "sip:kari@svar.example", "kari-password"),
            Nurse("ola", "Ola Hansen", "sip:ola@svar.example", "ola-password"),
        ),
        callee=KIOSK,
        websocket=kamailio.ws_address,
        patient="Patient/p-4711",
        patient_name="Pasient p-4711",
    )
    desk = Desk(free_port(), page, care.base_url)
    await desk.start()
    stage = Stage(desk, kamailio.ws_address, sound, care)
    await stage.browser.start(f"{desk.address}?caller=ola", sound.environment_nurse)
    yield stage
    await stage.browser.stop()
    await desk.stop()
    await asyncio.gather(kamailio.stop(), sound.stop(), care.stop())


@pytest_asyncio.fixture(loop_scope="module")
async def kari(stage: Stage) -> AsyncIterator[ChromiumNurse]:
    stage.care.observations.clear()
    nurse = await stage.browser.another(stage.desk.address)
    yield nurse
    errors = [line for line in nurse.console if line.startswith("pageerror")]
    await nurse.stop()
    assert errors == []


@pytest_asyncio.fixture(loop_scope="module")
async def kiosk(stage: Stage) -> AsyncIterator[BrowserCallee]:
    callee = await stage.callee()
    yield callee
    await callee.close()


async def talk(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    await kari.ring()
    await kiosk.rings()
    await kari.wait_state("ringing", 10)
    await kiosk.answer()
    await kari.wait_state("talking", 15)


async def until_frames(count: Any, least: int, limit: float = 15.0) -> None:
    async with asyncio.timeout(limit):
        while await count() < least:
            await asyncio.sleep(0.05)


async def test_a_visit_is_seen_and_heard(stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    assert await kari.text("status") == "Klar til å ringe."
    await kari.ring()
    await kiosk.rings()
    await kari.wait_state("ringing", 10)
    assert "Det ringer" in await kari.text("status")
    await kiosk.answer()
    now = await kari.wait_state("talking", 15)
    assert now.status == 200
    await until_frames(kari.frames_decoded, 30)
    await until_frames(kiosk.frames_decoded, 30)

    first = await kari.remote_clock()
    await asyncio.sleep(0.5)
    second = await kari.remote_clock()
    assert first is not None and second is not None
    assert 0 < second - first < 5000
    assert abs(int(time.time() * 1000) % 2**32 - second) < 5000

    heard = await stage.sound.listen(NURSE_LOUDSPEAKER, 3.0)
    tone, silence = pulsed_tone_levels(heard, RATE_HZ, KIOSK_TONE_HZ)
    assert tone - silence >= 20

    await kari.hang_up()
    await kiosk.ended()
    now = await kari.wait_state("ended", 5)
    assert now.ended_by == "local"
    assert await kari.frames_decoded() == 0
    await kari.ring()  # and once more
    await kari.wait_state("ringing", 10)
    await kari.hang_up()
    await kari.wait_state("failed", 5)


async def test_the_kiosk_hangs_up(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    await talk(kari, kiosk)
    await kiosk.hang_up()
    now = await kari.wait_state("ended", 5)
    assert now.ended_by == "remote"
    assert await kari.text("status") == "Pasienten la på."


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (603, "Pasienten tok ikke imot anropet."),
        (486, "Pasienten er opptatt i en annen samtale."),
        (480, "Ingen svarte."),
        (488, "Skjermen kan ikke bruke bildet eller lyden herfra."),
        (500, "Anropet mislyktes."),
    ],
)
async def test_a_refusal_is_shown(kari: ChromiumNurse, kiosk: BrowserCallee, status: int, words: str) -> None:
    await kari.ring()
    await kiosk.rings()
    await kari.wait_state("ringing", 10)
    await kiosk.refuse(status)
    now = await kari.wait_status(5)
    assert (now.state, now.status, now.ended_by) == ("failed", status, "remote")
    assert await kari.text("status") == words
    assert str(status) in await kari.text("detail")


async def test_cancelling_shows_the_487_that_really_came(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    await kari.ring()
    await kiosk.rings()
    await kari.wait_state("ringing", 10)
    await kari.hang_up()
    await kiosk.cancelled()
    now = await kari.wait_status(5)
    assert (now.state, now.status, now.cause, now.ended_by) == ("failed", 487, "Canceled", "local")


async def test_a_kiosk_that_is_not_registered(kari: ChromiumNurse) -> None:
    await kari.ring()
    now = await kari.wait_status(10)
    assert now.status == 480
    assert await kari.text("status") == "Pasientens skjerm er ikke på nett."


async def test_a_fresh_peer_connection_takes_over(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    await talk(kari, kiosk)
    await until_frames(kari.frames_decoded, 10)
    await kiosk.start_afresh()
    await until_frames(kiosk.frames_decoded, 10)
    now = await kari.state()
    assert (now.state, now.reinvites) == ("talking", 1)
    before = await kari.frames_decoded()
    await until_frames(kari.frames_decoded, before + 20)
    clock = await kari.remote_clock()
    assert clock is not None and abs(int(time.time() * 1000) % 2**32 - clock) < 5000


async def asked_task(kari: ChromiumNurse, kiosk: BrowserCallee) -> dict[str, Any]:
    await talk(kari, kiosk)
    await kari.ask_blood_pressure()
    message = (await kiosk.messages())[-1]
    assert message["type"] == FHIR_JSON
    task: dict[str, Any] = msgspec.json.decode(message["body"])
    return task


async def test_a_blood_pressure_is_asked_for_and_shown(
    stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee, tmp_path: Path
) -> None:
    task = await asked_task(kari, kiosk)
    now = await kari.state()
    assert task["resourceType"] == "Task"
    assert (task["status"], task["intent"]) == ("requested", "order")
    assert task["code"]["coding"] == [{"system": "http://loinc.org", "code": "85354-9"}]
    assert task["for"] == {"reference": "Patient/p-4711"}
    assert task["identifier"] == [{"system": "urn:ietf:rfc:3986", "value": now.last_request}]

    assert await kiosk.send(FHIR_JSON, json.dumps({**task, "status": "accepted"})) == 200
    await kari.wait_task("accepted", 5)
    assert await kari.text("task") == "Pasienten blir veiledet."
    saved = {**task, "status": "in-progress", "businessStatus": {"text": "saved"}}
    assert await kiosk.send(FHIR_JSON, json.dumps(saved), in_dialog=False) == 200
    await kari.wait_task("in-progress", 5, "saved")
    assert await kari.text("task") == "Målt, sendes …"

    stage.care.observations.append(blood_pressure("obs-1", 125, 80, 64, "2026-11-21T10:15:00+01:00"))
    output = [{"type": {"text": "Observation"}, "valueReference": {"reference": "Observation/obs-1"}}]
    await kiosk.send(FHIR_JSON, json.dumps({**task, "status": "completed", "output": output}))
    reading = await kari.wait_reading(5)
    assert (reading.id, reading.systolic, reading.diastolic, reading.pulse_rate) == ("obs-1", 125, 80, 64)
    assert reading.unit == "mm[Hg]"
    assert "125/80" in await kari.text("newest")
    assert await kari.text("newest-unit") == "mmHg"
    await kari.page.wait_for_function("() => document.querySelectorAll('#readings tr').length === 1")
    local = datetime.fromisoformat("2026-11-21T10:15:00+01:00").astimezone()
    assert f"{local:%H:%M}" in await kari.text("readings")
    await kari.screenshot(tmp_path / "reading.png")


async def test_a_reading_named_only_by_its_identifier(stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    task = await asked_task(kari, kiosk)
    stage.care.observations.append(blood_pressure("obs-2", None, 80, 64, "2026-11-21T10:15:00+01:00"))
    identifier = {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:obs-2"}
    completed = {**task, "status": "completed", "output": [{"valueReference": {"identifier": identifier}}]}
    await kiosk.send(FHIR_JSON, json.dumps(completed))
    reading = await kari.wait_reading(5)
    assert reading.systolic is None
    assert "–/80" in await kari.text("newest")
    assert stage.care.searches[0]["code"] == "http://loinc.org|85354-9"


async def test_a_measurement_that_failed_says_why(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    task = await asked_task(kari, kiosk)
    failed = {**task, "status": "failed", "statusReason": {"text": "Mansjetten ga ingen verdi."}}
    await kiosk.send(FHIR_JSON, json.dumps(failed))
    await kari.wait_task("failed", 5)
    assert await kari.text("task") == "Målingen ble ikke gjennomført. Mansjetten ga ingen verdi."


async def test_nonsense_in_messages_is_refused_and_survived(
    stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee
) -> None:
    await talk(kari, kiosk)
    for content_type, body, status in [
        ("text/plain", "hei", 415),
        (FHIR_JSON, "{", 400),
        (FHIR_JSON, "null", 400),
        (FHIR_JSON, json.dumps({"resourceType": "Patient"}), 400),
        (FHIR_JSON, json.dumps({"resourceType": "Task", "note": "x" * 20_000}), 413),
        (FHIR_JSON, json.dumps({"resourceType": "Task", "status": 5, "output": "none", "identifier": {}}), 200),
        (FHIR_JSON, json.dumps({"resourceType": "Task", "status": "completed", "output": [None, 3, {}]}), 200),
    ]:
        assert await kiosk.send(content_type, body, in_dialog=False) == status
    stranger = await stage.callee("annen")
    assert await stranger.send(FHIR_JSON, json.dumps({"resourceType": "Task"}), in_dialog=False) == 403
    await stranger.close()
    now = await kari.state()
    assert (now.state, now.refused_messages, now.last_observation) == ("talking", 6, None)
