"""The nurse makes her voice louder and softer at the patient's, by her page, during the call: at the loudspeaker."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from kiosk import app
from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.caredesk.demo import Stage, on_stage
from kiosk.caredesk.kiosk_settings import KioskOptions
from kiosk.caredesk.listening import pulsed_tone_levels
from kiosk.caredesk.scripted import NURSE_TONE_HZ
from kiosk.caredesk.sound_card import KIOSK_LOUDSPEAKER, RATE_HZ
from kiosk.caredesk.timeline_reader import TimelineReader
from kiosk.flow.state import Ringing, Talking
from kiosk.ipc.ui_messages import Choice, Press
from kiosk.settings import ScreenSettings
from kiosk.timeline import Timeline
from tests.end_to_end.test_written_call import core_inside
from tests.end_to_end.unseen_screen import UnseenScreen


async def _tone_dbfs(stage: Stage) -> float:
    tone, silence = pulsed_tone_levels(
        await stage.desk.sound_card.listen(KIOSK_LOUDSPEAKER, 5.0), RATE_HZ, NURSE_TONE_HZ
    )
    assert tone > silence + 20
    return tone


async def _volume(nurse: ChromiumNurse, button: str, percent: int) -> None:
    """Press until the page tells that it is so at the patient's."""
    shown = nurse.page.locator("#profile-volume")
    while (now := await shown.text_content()) != f"{percent} %":
        await nurse.page.locator(button).click()
        await expect(shown).not_to_have_text(str(now))


@pytest.mark.timeout(180)
async def test_what_the_nurse_sets_is_heard_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screens: list[UnseenScreen] = []

    def screen(settings: ScreenSettings, timeline: Timeline) -> UnseenScreen:
        screens.append(UnseenScreen(settings, timeline))
        return screens[-1]

    monkeypatch.setattr(app, "UiEnd", screen)
    timeline = TimelineReader(tmp_path / "timeline.jsonl")
    options = KioskOptions(timeline_file=tmp_path / "timeline.jsonl", voice=False)
    nurse = ChromiumNurse()
    async with on_stage(options, virtual_screen=False) as stage:
        for name, value in stage.desk.kiosk_environment().items():
            monkeypatch.setenv(name, value)
        async with core_inside(stage, screens) as shown:
            try:
                await timeline.wait("registration", after=0, limit=40, where=lambda one: one["state"] == "registered")
                await timeline.wait("media-ready", after=0, limit=40)
                await nurse.start(stage.desk.address, stage.desk.nurse_environment())
                await nurse.wait_state("ready", 20)
                await nurse.ring()
                await shown.until(lambda state: isinstance(state.phase, Ringing))
                shown.press(Choice(Press.ANSWER))
                await shown.until(lambda state: isinstance(state.phase, Talking), 30)
                await expect(nurse.page.locator("#profile-volume")).to_have_text("80 %", timeout=20_000)
                as_it_was = await _tone_dbfs(stage)
                await _volume(nurse, "#profile-quieter", 40)
                softer = await _tone_dbfs(stage)
                await _volume(nurse, "#profile-louder", 100)
                louder = await _tone_dbfs(stage)
            finally:
                await nurse.stop()
    assert softer - as_it_was == pytest.approx(-12, abs=1)
    assert louder - softer == pytest.approx(18, abs=1)
