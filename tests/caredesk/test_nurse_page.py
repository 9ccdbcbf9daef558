"""The nurse's page in real Chromium, through real Kamailio and a real sound card, against a callee in a second page."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.caredesk.listening import pulsed_tone_levels
from kiosk.caredesk.sound_card import NURSE_LOUDSPEAKER, RATE_HZ
from kiosk.facts.clock_strip import CLOCK_PERIOD
from tests.caredesk.browser_callee import BrowserCallee
from tests.caredesk.nurse_stage import FHIR_JSON, KIOSK_TONE_HZ, Stage, talk, until_frames

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]


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
    assert abs(int(time.time() * 1000) % CLOCK_PERIOD - second) < 5000

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
    assert clock is not None and abs(int(time.time() * 1000) % CLOCK_PERIOD - clock) < 5000


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
