"""Plays a call in which both write, with the whole kiosk on a virtual screen and the nurse's page in Chromium."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.caredesk.demo import Stage, on_stage
from kiosk.caredesk.kiosk_settings import KioskOptions
from kiosk.caredesk.screen import Onlooker
from kiosk.caredesk.scripted import ANSWER, HEIGHT, WIDTH
from kiosk.caredesk.timeline_reader import TimelineReader

LETTERS = "hei olga hvordan går det med deg i dag"
WRITE = (708, 725)
"""Middle of «Skriv» on the screen of 1280x800."""
_BETWEEN_S = 0.35
_LIMIT_S = 5.0


async def play(folder: Path) -> tuple[list[float], list[float]]:
    """Seconds of each letter: from her key to the kiosk's screen, and from the patient's key to her page.

    Raises DemoError, ChromiumError, TimeoutError when it cannot be played.
    """
    timeline = TimelineReader(folder / "timeline.jsonl")
    options = KioskOptions(timeline_file=folder / "timeline.jsonl", width=WIDTH, height=HEIGHT, voice=False)
    nurse = ChromiumNurse()
    async with on_stage(options, virtual_screen=True) as stage:
        if stage.display is None:
            raise RuntimeError("a virtual screen was asked for")
        eyes = Onlooker(stage.display)
        await stage.start_kiosk(folder / "kiosk.log")
        await timeline.wait("registration", after=0, limit=40, where=lambda details: details["state"] == "registered")
        await timeline.wait("media-ready", after=0, limit=40)
        try:
            await nurse.start(stage.desk.address, stage.desk.nurse_environment())
            await nurse.ring()
            await timeline.wait("ringing-sent", after=0, limit=10)
            await nurse.wait_state("ringing", 10)
            await eyes.press(*ANSWER)
            await nurse.wait_state("talking", 15)
            await timeline.wait("text-channel", after=0, limit=15)
            await asyncio.sleep(2.0)  # the first seconds of a picture are busy
            hers = [await _from_her(nurse, timeline, letter) for letter in LETTERS]
            began = time.monotonic()
            await eyes.press(*WRITE)
            await timeline.wait("pressed", after=began, limit=5, where=lambda details: details["press"] == "write")
            await asyncio.sleep(0.5)
            ours = [await _from_the_patient(stage, nurse, number) for number in range(len(LETTERS))]
            await nurse.hang_up()
        finally:
            await nurse.stop()
    return hers, ours


async def _from_her(nurse: ChromiumNurse, timeline: TimelineReader, letter: str) -> float:
    await asyncio.sleep(_BETWEEN_S)
    began = time.monotonic()
    await nurse.page.locator("#text-own").press_sequentially(letter)
    received = await timeline.wait("text-received", after=began, limit=_LIMIT_S)
    painted = await timeline.wait("painted", after=received.at, limit=_LIMIT_S)
    return painted.at - began


async def _from_the_patient(stage: Stage, nurse: ChromiumNurse, number: int) -> float:
    """Letters and spaces of a keyboard that is plugged in; the page is asked at every frame that it draws."""
    await asyncio.sleep(_BETWEEN_S)
    there = nurse.page.wait_for_function(
        "(count) => document.getElementById('text-theirs').textContent.length >= count", arg=number + 1, polling="raf"
    )
    waiting = asyncio.ensure_future(there)
    await asyncio.sleep(0.05)
    began = time.monotonic()
    key = await asyncio.create_subprocess_exec(
        "xdotool", "key", "a", env=stage.environment(), stdin=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(_LIMIT_S):
        await key.wait()
        await waiting
    return time.monotonic() - began
