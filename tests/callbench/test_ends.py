"""The kiosk's media process and stock aiortc as ends of a call over the line: they see, hear and report each other."""

from __future__ import annotations

import asyncio
import os
import time
import wave
from pathlib import Path

import numpy as np
import pytest

from kiosk.callbench.end import EndError, EndReport
from kiosk.callbench.kiosk_end import KioskEnd
from kiosk.callbench.line import CONDITIONS
from kiosk.callbench.material import RATE_HZ, with_pulses
from kiosk.callbench.room import write
from kiosk.callbench.stock_end import StockEnd
from kiosk.callbench.world import world
from kiosk.facts.clock_strip import CLOCK_PERIOD

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 and not os.access("/dev/net/tun", os.R_OK | os.W_OK), reason="no right to make a TUN device here"
)


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Murmur with pulses."""
    path = tmp_path_factory.mktemp("material") / "speech.wav"
    murmur = np.convolve(np.random.default_rng(1).standard_normal(2 * RATE_HZ), np.ones(30) / 30, mode="same")
    write(path, np.round(with_pulses(murmur) * 32767).astype(np.int16))
    return path


async def _until_both_see(one: KioskEnd | StockEnd, other: KioskEnd | StockEnd) -> None:
    async with asyncio.timeout(30):
        while None in (one.first_picture_at, other.first_picture_at, one.first_sound_at, other.first_sound_at):
            await asyncio.sleep(0.02)


async def _reports(*ends: KioskEnd | StockEnd) -> list[EndReport]:
    """Of a window in which every end has seen, heard and told enough."""
    began = time.monotonic()
    for end in ends:
        await end.begin(began)
    async with asyncio.timeout(30):
        while True:
            await asyncio.sleep(1.0)
            reports = await asyncio.gather(*(end.report() for end in ends))
            if all(len(one.frames) > 10 and one.pulses and one.sound_delay and one.sent for one in reports):
                return reports


def _saw_and_heard(report: EndReport) -> None:
    assert all(report.began <= frame.at <= report.began + report.seconds for frame in report.frames)
    clocks = [frame.clock_ms for frame in report.frames if frame.clock_ms is not None]
    assert len(clocks) >= 5
    assert clocks == sorted(clocks)
    off = time.time() - time.monotonic()
    delays = [(1000 * (f.at + off) - f.clock_ms) % CLOCK_PERIOD for f in report.frames if f.clock_ms is not None]
    assert min(delays) >= 20  # the line's own, one way
    assert report.sound_missing is not None
    assert report.processor_s


async def test_the_kiosk_answers_stock_aiortc(speech: Path, tmp_path: Path) -> None:
    async with world(CONDITIONS["clean"]) as line:
        kiosk = KioskEnd(tmp_path, "generated", speech, line.command("a", []))
        stock = StockEnd("generated", speech, line.command("b", []))
        try:
            await asyncio.gather(kiosk.start(), stock.start())
            with pytest.raises(EndError, match="never calls"):
                await kiosk.offer()
            await stock.take_answer(await kiosk.answer(await stock.offer()))
            await _until_both_see(kiosk, stock)
            assert kiosk.accepted_at is not None
            assert kiosk.connected_at is not None
            assert kiosk.connected_at > kiosk.accepted_at
            reports = await _reports(kiosk, stock)
            for report in reports:
                _saw_and_heard(report)
                assert report.concealed_share is not None
            of_kiosk, of_stock = (report.sent[-1].width for report in reports)
            assert of_kiosk in (240, 320, 480, 640), "begins small: plain aiortc tells it little about the line"
            assert of_stock == 640
            counts = await line.counts()
            assert counts.a_to_b.delivered > 10
            assert counts.b_to_a.delivered > 10
            recording = reports[0].recording
            assert recording is not None
            with wave.open(recording, "rb") as file:
                assert file.getnframes() > reports[0].seconds * RATE_HZ / 2
        finally:
            await kiosk.stop()
            await stock.stop()
            await kiosk.stop()
            await stock.stop()


async def test_an_end_that_cannot_be_had_says_why(speech: Path, tmp_path: Path) -> None:
    stock = StockEnd(tmp_path / "no-such-file.y4m", speech)
    with pytest.raises(EndError, match="no-such-file"):
        await stock.start()
    await stock.stop()
    nonsense = StockEnd("generated", speech)
    await nonsense.start()
    with pytest.raises(EndError):
        await nonsense.answer("nonsense")
    await nonsense.stop()
    kiosk = KioskEnd(tmp_path, "generated", tmp_path / "no-such-speech.wav")
    with pytest.raises(EndError, match="no-such-speech"):
        await kiosk.start()
    await kiosk.stop()


async def test_the_kiosk_refuses_nonsense_and_its_death_is_noticed(tmp_path: Path) -> None:
    kiosk = KioskEnd(tmp_path, "generated", None)
    try:
        await kiosk.start()
        with pytest.raises(EndError, match="refused the call"):
            await kiosk.answer("nonsense")
        os.kill(kiosk.process_id, 9)
        with pytest.raises(EndError, match="ended"):
            await kiosk.answer("nonsense")
    finally:
        await kiosk.stop()
