"""«Legg på» by a slip: all is off at once, «Angre» calls the nurse back, and both see each other again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kiosk import app
from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.caredesk.demo import on_stage
from kiosk.caredesk.kiosk_settings import KioskOptions
from kiosk.caredesk.timeline_reader import TimelineReader
from kiosk.facts.calls import CallOutcome
from kiosk.flow.state import Connecting, Ended, Ringing, Talking
from kiosk.flow.undoing import SETTLE_SECONDS
from kiosk.ipc.ui_messages import Choice, Press
from kiosk.settings import ScreenSettings
from kiosk.timeline import Timeline
from tests.end_to_end.test_written_call import core_inside
from tests.end_to_end.unseen_screen import UnseenScreen


@asynccontextmanager
async def hung_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[UnseenScreen, ChromiumNurse]]:
    """A talk that the patient has just ended; «Angre» is there."""
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
                await _seen(nurse)
                shown.press(Choice(Press.HANG_UP))
                await shown.until(lambda state: isinstance(state.phase, Ended) and state.phase.can_undo)
                ended = await nurse.wait_state("ended", 10)
                await asyncio.sleep(SETTLE_SECONDS)  # as long as any hand needs
                assert ended.ended_by == "remote"
                yield shown, nurse
            finally:
                await nurse.stop()


async def _seen(nurse: ChromiumNurse) -> None:
    """The nurse sees the patient's picture move."""
    before = await nurse.frames_decoded()
    async with asyncio.timeout(20):
        while await nurse.frames_decoded() < before + 10:
            await asyncio.sleep(0.1)


@pytest.mark.timeout(180)
async def test_the_nurse_is_called_back_and_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hung_up(tmp_path, monkeypatch) as (shown, nurse):
        shown.press(Choice(Press.UNDO))
        await shown.until(lambda state: isinstance(state.phase, Connecting) and state.phase.calling)
        await nurse.wait_state("called back", 10)
        assert await nurse.text("status") == "Pasienten ringer tilbake"
        await nurse.answer()
        await nurse.wait_state("talking", 20)
        await shown.until(lambda state: isinstance(state.phase, Talking), 20)
        await _seen(nurse)
        # It is a call like any other: the nurse hangs up this time.
        await nurse.hang_up()
        await shown.until(
            lambda state: isinstance(state.phase, Ended) and state.phase.outcome is CallOutcome.HUNG_UP_THERE
        )


@pytest.mark.timeout(180)
async def test_a_nurse_who_declines_is_told_calmly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hung_up(tmp_path, monkeypatch) as (shown, nurse):
        shown.press(Choice(Press.UNDO))
        await nurse.wait_state("called back", 10)
        await nurse.hang_up()
        await shown.until(
            lambda state: isinstance(state.phase, Ended) and state.phase.outcome is CallOutcome.NOT_REACHED
        )


@pytest.mark.timeout(180)
async def test_a_patient_who_changes_her_mind_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hung_up(tmp_path, monkeypatch) as (shown, nurse):
        shown.press(Choice(Press.UNDO))
        await nurse.wait_state("called back", 10)
        shown.press(Choice(Press.HANG_UP))
        await nurse.wait_state("failed", 10)
        await shown.until(
            lambda state: isinstance(state.phase, Ended) and state.phase.outcome is CallOutcome.HUNG_UP_HERE
        )
