"""The nurse's text lanes and caption field in real Chromium, against a plain peer that knows nothing but T.140."""

from __future__ import annotations

import json

import pytest

from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.text.captions import decode
from kiosk.text.t140 import Lane, take
from tests.caredesk.browser_callee import BrowserCallee
from tests.caredesk.nurse_stage import talk

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]


async def test_she_writes_and_is_written_to(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    own = kari.page.locator("#text-own")
    assert await own.is_disabled()
    await talk(kari, kiosk)
    await own.press_sequentially("Hei Olga!")
    await kiosk.until_text("t140", "text.includes('Olga!')")
    await own.press("Backspace")
    await own.press("Backspace")
    await own.press_sequentially("v\nø👍🏽")
    await own.press("Backspace")
    stream = await kiosk.until_text("t140", "text.endsWith('👍🏽\\b')")
    lane, strings = take(Lane(), stream)
    assert lane.text == "Hei Olgv\nø"
    assert strings == ("svar-received=0",)

    await kiosk.write("\ufeffHeis\b Kari\u2028Alt er\ufffd bra\a")
    theirs = kari.page.locator("#text-theirs")
    await kari.page.wait_for_function("() => document.getElementById('text-theirs').textContent.endsWith('bra')")
    assert await theirs.inner_text() == "Hei Kari\nAlt er□ bra"
    assert "gått tapt" in await kari.text("text-note")

    caption = kari.page.locator("#caption-own")
    await caption.press_sequentially("Nå måler vi")
    await caption.press("Enter")
    said = await kiosk.until_text("captions", "text.includes('\"final\":true')")
    messages = [decode("{" + part) for part in said.split("{")[1:]]
    assert [one.seq for one in messages] == sorted(one.seq for one in messages)
    assert (messages[-1].text, messages[-1].final, messages[-1].automatic) == ("Nå måler vi", True, False)
    assert {(one.speaker, one.start) for one in messages} == {("Kari Nordmann", messages[-1].start)}
    assert json.loads("{" + said.split("{")[-1])["lang"] == "nb"

    await kiosk.start_afresh()
    await own.press_sequentially("igjen")
    lane, _ = take(Lane(), await kiosk.until_text("t140", "text.includes('igjen')"))
    assert lane.text == "Hei Olgv\nøigjen"
    await kari.page.wait_for_function("() => window.svar.reinvites === 1")

    await kari.hang_up()
    await kiosk.ended()
    await kari.wait_state("ended", 5)
    assert await own.is_disabled()
    assert await theirs.inner_text() == "Hei Kari\nAlt er□ bra"  # kept until the next call
