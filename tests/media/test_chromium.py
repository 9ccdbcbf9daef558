"""A call with a real browser: answered, renegotiated, its tracks replaced, and taken over after media was killed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from kiosk.facts.clock_strip import CLOCK_PERIOD
from kiosk.ipc.media_messages import (
    AcceptCall,
    CallAnswered,
    CallPrepared,
    FirstRemoteFrame,
    LineChanged,
    LineState,
    Negotiated,
    OfferReady,
    ReofferCall,
    ReportStatistics,
    Statistics,
    TakeAnswer,
    TakeOffer,
)
from tests.media.core_end import CoreEnd

NURSE = (Path(__file__).parent / "nurse_page.js").read_text(encoding="utf-8")
FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-features=WebRtcHideLocalIpsWithMdns"]


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=FLAGS)
        page = await browser.new_page()
        await page.add_script_tag(content=NURSE)
        yield page
        await browser.close()


@pytest.fixture
async def silent(tmp_path: Path) -> dict[str, str]:
    """An environment without a sound card: these tests are about the picture."""
    return {"PULSE_SERVER": f"unix:{tmp_path}/nothing-here"}


async def _connected(core: CoreEnd, page: Page, *, data: bool = False) -> Negotiated:
    offer = await page.evaluate("data => nurse.offer({data})", data)
    core.prepare("c", offer)
    await core.hear(CallPrepared)
    core.send(AcceptCall(call_id="c"))
    answer = (await core.hear(CallAnswered)).sdp
    await page.evaluate("sdp => nurse.take(sdp)", answer)
    await core.hear(FirstRemoteFrame)
    return Negotiated(remote_sdp=offer, local_sdp=answer)


async def _eventually(ask: Callable[[], Awaitable[Any]], fits: Callable[[Any], bool], limit_s: float = 15.0) -> float:
    """Seconds until an answer fits."""
    began = time.monotonic()
    async with asyncio.timeout(limit_s):
        while not fits(await ask()):
            await asyncio.sleep(0.02)
    return time.monotonic() - began


async def _sees(page: Page) -> float:
    """Seconds until the browser shows a clock that is newer than the question."""
    asked = int(time.time() * 1000) % CLOCK_PERIOD
    return await _eventually(lambda: page.evaluate("nurse.clock()"), lambda clock: clock is not None and clock >= asked)


async def _frames(core: CoreEnd) -> int:
    core.send(ReportStatistics())
    return (await core.hear(Statistics)).frames_received


async def _goes_on(core: CoreEnd, more: int = 10) -> None:
    """The kiosk goes on receiving pictures."""
    before = await _frames(core)
    await _eventually(lambda: _frames(core), lambda frames: frames >= before + more)


@pytest.mark.parametrize("data", [False, True], ids=["audio and video", "with a data channel"])
async def test_a_killed_media_process_is_followed_by_one_that_takes_over(
    page: Page, silent: dict[str, str], data: bool
) -> None:
    core = await CoreEnd.as_process(silent)
    await core.configure()
    negotiated = await _connected(core, page, data=data)
    await _sees(page)
    await core.kill()

    second = await CoreEnd.as_process(silent)
    await second.configure()
    began = time.monotonic()
    second.send(ReofferCall(call_id="c", negotiated=negotiated))
    offer = (await second.hear(OfferReady)).sdp
    answer = await page.evaluate("sdp => nurse.answer(sdp)", offer)
    second.send(TakeAnswer(call_id="c", answer=answer))
    first = await second.hear(FirstRemoteFrame)
    assert first.at - began < 2
    assert await _sees(page) < 2
    await second.hear(LineChanged, lambda message: message.line is LineState.CONNECTED)
    assert await page.evaluate("nurse.state()") == "connected"
    await _goes_on(second)

    # and once more while media lives: the line has failed, the old connection must go without a word
    second.send(ReofferCall(call_id="c", negotiated=negotiated))
    offer = (await second.hear(OfferReady)).sdp
    answer = await page.evaluate("sdp => nurse.answer(sdp)", offer)
    second.send(TakeAnswer(call_id="c", answer=answer))
    await second.hear(FirstRemoteFrame)
    await _goes_on(second)
    await _sees(page)
    await asyncio.sleep(1.0)  # the old connection has been closed by now
    await _goes_on(second)
    assert await page.evaluate("nurse.state()") == "connected"
    sound = (await page.evaluate("nurse.received()"))["sound"]
    await _eventually(lambda: page.evaluate("nurse.received()"), lambda counts: counts["sound"] > sound + 24_000)
    await second.stop()


async def test_replaced_tracks_and_changed_directions_do_not_end_the_picture(
    page: Page, silent: dict[str, str]
) -> None:
    core = await CoreEnd.as_process(silent)
    await core.configure()
    await _connected(core, page)
    await page.evaluate("nurse.replaceTrack()")
    await _goes_on(core)
    for direction in ("recvonly", "sendrecv"):
        await page.evaluate("direction => nurse.setVideoDirection(direction)", direction)
        core.send(TakeOffer(call_id="c", offer=await page.evaluate("nurse.offerAgain()")))
        await page.evaluate("sdp => nurse.take(sdp)", (await core.hear(CallAnswered)).sdp)
        await _sees(page)
    await _goes_on(core)
    await page.evaluate("nurse.restartIce()")  # her network changed: aiortc needs a fresh connection for that
    core.send(TakeOffer(call_id="c", offer=await page.evaluate("nurse.offerAgain()")))
    await page.evaluate("sdp => nurse.take(sdp)", (await core.hear(CallAnswered)).sdp)
    await core.hear(FirstRemoteFrame)
    await asyncio.sleep(1.0)
    await _sees(page)
    await _goes_on(core)
    await core.stop()
