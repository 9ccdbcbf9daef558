"""Two real browsers call each other on loopback, as the bench drives them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from kiosk.callbench.call_run import set_up
from kiosk.callbench.chromium_end import ChromiumProgram
from kiosk.callbench.end import EndError
from kiosk.callbench.figures import frames_per_second, pixels
from kiosk.callbench.material import VGA, Material, prepare

WINDOW_S = 1.0


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return prepare(tmp_path_factory.mktemp("material"), hd=False)


@pytest.fixture
async def browser(material: Material) -> AsyncIterator[ChromiumProgram]:
    async with ChromiumProgram(material.camera, VGA, material.speech) as program:
        yield program


async def test_a_call_and_nonsense_after_it(browser: ChromiumProgram, material: Material) -> None:
    a, b = browser.end(), browser.end()
    await asyncio.gather(a.start(), b.start())
    began = time.monotonic()
    times = await set_up(a, b)
    assert times.connected is not None
    assert times.picture_a is not None
    assert times.sound_b is not None
    assert a.connected_at is not None
    assert began <= a.connected_at <= time.monotonic()
    now = time.monotonic()
    await asyncio.gather(a.begin(now), b.begin(now))
    await asyncio.sleep(WINDOW_S)
    for report in await asyncio.gather(a.report(), b.report()):
        assert report.seconds >= WINDOW_S
        assert pixels(report) is not None
        assert (frames_per_second(report) or 0) > 0
        # A loaded browser presents a frame late.
        assert all(now - 1 <= frame.at <= time.monotonic() + 1 for frame in report.frames)
        clocks = [frame.clock_ms for frame in report.frames if frame.clock_ms is not None]
        assert all(clock < material.camera_frames for clock in clocks)
        assert report.concealed_share is not None
        assert report.sound_delay
        assert report.sent[-1].width > 0
        assert report.processor_s is not None
        assert report.processor_s > 0
    await asyncio.gather(a.stop(), b.stop())
    await a.stop()

    fresh = browser.end()
    await fresh.start()
    with pytest.raises(EndError):
        await fresh.answer("this is no offer")
    await fresh.stop()
