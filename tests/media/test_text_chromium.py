"""Real-time text with a real browser: the nurse's own script on one side, media on the other, and lines that break."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from kiosk.caredesk.desk import PAGE
from kiosk.ipc.media_messages import (
    AcceptCall,
    CallAnswered,
    CallPrepared,
    CaptionReceived,
    FirstRemoteFrame,
    Negotiated,
    OfferReady,
    ReofferCall,
    TakeAnswer,
    TakeOffer,
)
from kiosk.text.conversation import Conversation
from tests.media.core_end import CoreEnd, until
from tests.media.test_chromium import FLAGS, NURSE
from tests.media.texting_end import TextingEnd
from tests.text.test_t140 import BYTES

OFTEN = 1.5
"""Seconds on a busy machine, for what takes 0.3 at most."""


def _as_script(name: str, names: str) -> str:
    """A module of the nurse's page as a plain script: what it exports under one name in the window."""
    source = (PAGE / name).read_text(encoding="utf-8").replace("export ", "")
    return f"(() => {{ {source}\n Object.assign(window, {{ {names} }}); }})();"


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=FLAGS)
        page = await browser.new_page()
        await page.add_script_tag(content=_as_script("real_time_text.js", "RealTimeText, Lane, edit, graphemes"))
        await page.add_script_tag(content=_as_script("captions.js", "Captions"))
        await page.add_script_tag(content=NURSE)
        await page.evaluate("() => { window.text = new RealTimeText(); }")
        yield page
        await browser.close()


@pytest.fixture
def silent(tmp_path: Path) -> dict[str, str]:
    return {"PULSE_SERVER": f"unix:{tmp_path}/nothing-here"}


@pytest.fixture
async def texting() -> AsyncIterator[TextingEnd]:
    end = TextingEnd()
    yield end
    await end.close()


async def _connected(core: CoreEnd, page: Page, texting: TextingEnd) -> Negotiated:
    await core.configure()
    offer = await page.evaluate("nurse.offer({data: false})")
    core.prepare("c", offer)
    await core.hear(CallPrepared)
    texting.attach(core)
    core.send(AcceptCall(call_id="c"))
    answer = (await core.hear(CallAnswered)).sdp
    await page.evaluate("sdp => nurse.take(sdp)", answer)
    await core.hear(FirstRemoteFrame)
    await until(lambda: texting.opened > 0)
    return Negotiated(remote_sdp=offer, local_sdp=answer)


async def _theirs(page: Page) -> str:
    return str(await page.evaluate("text.theirs"))


async def _shows(page: Page, wanted: str, limit_s: float = 15.0) -> float:
    """Seconds until the browser shows this."""
    began = time.monotonic()
    shown = ""
    try:
        async with asyncio.timeout(limit_s):
            while (shown := await _theirs(page)) != wanted:
                await asyncio.sleep(0.02)
    except TimeoutError:
        assert shown == wanted
    return time.monotonic() - began


async def _has(texting: TextingEnd, wanted: str) -> float:
    """Seconds until the kiosk has this."""
    try:
        return await until(lambda: texting.theirs == wanted)
    except TimeoutError:
        assert texting.theirs == wanted
        raise


async def test_each_sees_what_the_other_writes_as_it_is_written(
    page: Page, silent: dict[str, str], texting: TextingEnd
) -> None:
    core = await CoreEnd.as_process(silent)
    await _connected(core, page, texting)
    await page.evaluate("text.write('Hei Olga')")
    assert await _has(texting, "Hei Olga") < OFTEN
    texting.write("Hei Kari")
    assert await _shows(page, "Hei Kari") < OFTEN
    texting.write("\b\b😀")
    await _shows(page, "Hei Ka😀")
    await page.evaluate("text.write('\\b'.repeat(4) + edit('', 'du\\nå'))")
    await _has(texting, "Hei du\nå")

    # the byte table, as text and as bytes, over a channel of the browser that knows nothing of receipts
    for kind in ("text", "bytes"):
        await page.evaluate(
            """() => new Promise((done) => {
                 window.plain = nurse.connection.createDataChannel("t140", { protocol: "t140" });
                 plain.onopen = done;
               })"""
        )
        for _, messages, shown in BYTES:
            texting.conversation = Conversation()
            for message in messages:
                await page.evaluate(
                    """([bytes, kind]) => {
                         const data = new Uint8Array(bytes);
                         const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
                         plain.send(kind === "bytes" ? data : decoder.decode(data));
                       }""",
                    [list(message), kind],
                )
            await page.evaluate("plain.send('|')")
            await _has(texting, shown + "|")

    # and the same table through her own script
    for messages, shown in ((row[1], row[2]) for row in BYTES):
        found = await page.evaluate(
            """(messages) => {
                 const lane = new Lane();
                 const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
                 for (const one of messages) lane.take(decoder.decode(new Uint8Array(one)));
                 return lane.text;
               }""",
            [list(message) for message in messages],
        )
        assert found == shown
    await core.stop()


async def test_nothing_is_lost_or_doubled_when_connections_change(
    page: Page, silent: dict[str, str], texting: TextingEnd
) -> None:
    core = await CoreEnd.as_process(silent)
    negotiated = await _connected(core, page, texting)
    await page.evaluate(
        """() => {
             window.written = 0;
             window.typing = setInterval(() => text.write(String.fromCharCode(97 + (written++ % 26))), 60);
           }"""
    )
    typed = ""

    async def type_here(seconds: float) -> None:
        nonlocal typed
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            letter = chr(ord("A") + len(typed) % 26)
            typed += letter
            texting.write(letter)
            await asyncio.sleep(0.06)

    await type_here(1.0)
    # media is killed while both write
    await core.kill()
    await type_here(0.5)
    second = await CoreEnd.as_process(silent)
    await second.configure()
    texting.attach(second)
    second.send(ReofferCall(call_id="c", negotiated=negotiated))
    offer = (await second.hear(OfferReady)).sdp
    second.send(TakeAnswer(call_id="c", answer=await page.evaluate("sdp => nurse.answer(sdp)", offer)))
    await type_here(3.0)
    # the line has failed, media lives: a fresh connection
    second.send(ReofferCall(call_id="c", negotiated=negotiated))
    offer = (await second.hear(OfferReady)).sdp
    second.send(TakeAnswer(call_id="c", answer=await page.evaluate("sdp => nurse.answer(sdp)", offer)))
    await type_here(3.0)
    # her network changed
    await page.evaluate("nurse.restartIce()")
    second.send(TakeOffer(call_id="c", offer=await page.evaluate("nurse.offerAgain()")))
    await page.evaluate("sdp => nurse.take(sdp)", (await second.hear(CallAnswered)).sdp)
    await type_here(3.0)
    count = await page.evaluate("() => { clearInterval(typing); return written; }")
    await _has(texting, "".join(chr(97 + number % 26) for number in range(count)))
    await _shows(page, typed)
    assert texting.opened >= 4
    await second.stop()


async def test_captions_come_through_and_a_flood_of_channels_does_not(
    page: Page, silent: dict[str, str], texting: TextingEnd
) -> None:
    await page.evaluate(
        """() => {
             window.captions = new Captions();
             const begin = window.text.begin.bind(window.text);
             window.text.begin = (connection) => { begin(connection); captions.begin(connection); };
           }"""
    )
    core = await CoreEnd.as_process(silent)
    await _connected(core, page, texting)
    await page.evaluate("captions.say('Hei', { final: true, speaker: 'Kari' })")
    assert '"text":"Hei"' in (await core.hear(CaptionReceived)).message

    await page.evaluate("() => { for (let n = 0; n < 500; n += 1) nurse.connection.createDataChannel('t140' + n); }")
    await page.evaluate("text.write('Hallo')")
    await _has(texting, "Hallo")
    await core.stop()
