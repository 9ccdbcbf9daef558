"""The nurse's page in a call shows what the patient's screen tells, and takes it away with the call."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import expect

from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.facts.patient_side import CONTENT_TYPE
from tests.caredesk.browser_callee import BrowserCallee
from tests.caredesk.nurse_stage import talk

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

SIDE = {
    "screen": "call",
    "verdict": "good",
    "sound": True,
    "camera": True,
    "toPatient": {"lost": 0.0, "width": 640, "height": 480, "framesPerSecond": 29.5, "pictureAfterVoice": 0.01},
    "fromPatient": {"lost": 0.0, "width": 640, "height": 480, "framesPerSecond": 30.0},
    "microphoneLevel": -31,
    "roundTrip": 0.043,
    "available": 1_500_000,
}
WEAK = {
    **SIDE,
    "screen": "measuring",
    "verdict": "weak",
    "sound": False,
    "toPatient": {"lost": 0.06, "width": 240, "height": 180, "framesPerSecond": 11.0},
}


async def test_it_is_shown_and_goes_with_the_call(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    page = kari.page
    await talk(kari, kiosk)
    await expect(page.locator("#side")).to_be_hidden()
    assert await kiosk.send(CONTENT_TYPE, json.dumps(SIDE)) == 200
    await expect(page.locator("#side-line")).to_have_text("God linje, 43 ms fram og tilbake")
    await expect(page.locator("#side-screen")).to_have_text("Samtalen")
    await expect(page.locator("#side-to")).to_have_text("640 × 480, 30 bilder/s")
    await expect(page.locator("#side-level")).to_have_text("Lyd")

    for _ in range(2):
        assert await kiosk.send(CONTENT_TYPE, json.dumps(WEAK)) == 200
    await expect(page.locator("#side-line")).to_have_text("Svak linje, 43 ms fram og tilbake")
    await expect(page.locator("#side-signing")).to_contain_text("for dårlig til tegnspråk nå")
    await expect(page.locator("#side-sound")).to_have_text("Virker ikke")
    await expect(page.locator("#side-to")).to_have_text("240 × 180, 11 bilder/s, 6 % mistet")

    for change, shown in (
        ({}, "Virker"),
        ({"voiceOutput": "headset"}, "Virker, i hodetelefonene"),
        ({"missingOutput": "loop"}, "Høyttaleren brukes. Teleslyngen er ikke koblet til."),
        ({"missingOutput": "wings"}, "Høyttaleren brukes. Det valgte utstyret er ikke koblet til."),
        ({"voiceOutput": "wings"}, "Virker"),
    ):
        assert await kiosk.send(CONTENT_TYPE, json.dumps({**SIDE, **change})) == 200
        await expect(page.locator("#side-sound")).to_have_text(shown)

    for nonsense in ("{}", '{"toPatient": 3, "screen": {}}'):
        assert await kiosk.send(CONTENT_TYPE, nonsense) == 200
    await expect(page.locator("#side-screen")).to_have_text("Noe annet")
    for nonsense in ("{", "null", "4"):
        assert await kiosk.send(CONTENT_TYPE, nonsense) == 400
    assert (await kari.state()).state == "talking"

    await kari.hang_up()
    await expect(page.locator("#side")).to_be_hidden()
