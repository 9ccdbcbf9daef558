"""The nurse's page sets the patient's screen: the real page and core's own answers to what it sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import expect

from kiosk.call.profile_request import CONTENT_TYPE
from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.facts.profile import Consents, Profile, SoundProfile, Theme
from kiosk.flow import events as on
from tests.caredesk.browser_callee import BrowserCallee
from tests.caredesk.nurse_stage import talk
from tests.caredesk.page_script import evaluate
from tests.test_controller import Kiosk


@asynccontextmanager
async def answering(callee: BrowserCallee, core: Kiosk) -> AsyncIterator[None]:
    """Core's controller, at the other end of the page's call."""

    over = asyncio.Event()

    async def carry() -> None:
        taken = 0
        while not over.is_set():
            messages = [one for one in await callee.messages() if one["type"] == CONTENT_TYPE]
            for one in messages[taken:]:
                before = len(core.signalling.done)
                core.controller.message_received("1", one["type"], one["body"].encode())
                for _, _, media_type, body in core.signalling.done[before:]:
                    assert await callee.send(str(media_type), json.dumps(body)) == 200
            taken = len(messages)
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as group:
        group.create_task(carry())
        try:
            yield
        finally:
            over.set()


@pytest.mark.timeout(120)
@pytest.mark.asyncio(loop_scope="module")
async def test_the_nurse_sets_the_patients_screen(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    core = Kiosk()
    core.controller.handle(on.ProfileChanged(Profile(consents=Consents(readings_aloud=True))))
    core.talk()
    page = kari.page
    await expect(page.locator("#profile-panel")).to_be_hidden()
    await talk(kari, kiosk)
    async with answering(kiosk, core):
        await expect(page.locator("#profile-volume")).to_have_text("80 %")
        await expect(page.locator("#profile-smaller")).to_be_disabled()
        for _ in range(2):
            await page.locator("#profile-louder").click()
        await expect(page.locator("#profile-volume")).to_have_text("100 %")
        await expect(page.locator("#profile-louder")).to_be_disabled()
        await page.locator("#profile-larger").click()
        await expect(page.locator("#profile-size")).to_have_text("125 %")
        await page.locator("#profile-theme").select_option("light")
        await page.locator("#profile-sound").select_option("strong")
        await expect(page.locator("#profile-note")).to_have_text("Slik er det hos pasienten nå.")
        await page.locator("#profile-withdraw").click()
        await page.locator("#profile-withdraw").click()
        await expect(page.locator("#profile-withdraw")).to_be_hidden()
    profile = core.controller.state.profile
    assert profile.hearing.volume_percent == 100
    assert profile.hearing.sound_profile is SoundProfile.STRONG
    assert (profile.seeing.theme, profile.seeing.text_percent) == (Theme.LIGHT, 125)
    assert not profile.consents.readings_aloud

    assert await kiosk.send(CONTENT_TYPE, "null") == 400
    assert await kiosk.send(CONTENT_TYPE, '{"theme": 3}') == 200
    await kari.hang_up()
    await expect(page.locator("#profile-panel")).to_be_hidden()


def test_text_sizes() -> None:
    script = "return argument.map(([size, way]) => page.nextSize(size, way));"
    asked = [[100, 1], [100, -1], [200, 1], [110, 1], [110, -1], [200, -1], [None, 1]]
    assert evaluate("patient_profile.js", script, asked) == [125, None, None, 125, 100, 175, None]
