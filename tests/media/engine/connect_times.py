"""Prints how long our end needs from the press to connected and to the first sound, over lossy lines; no test.

``python -m tests.media.engine.connect_times --far chromium --calls 30``
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import Protocol

from playwright.async_api import Page, async_playwright

from kiosk.media.engine.ice import IceSettings
from tests.media.engine.lossy_sockets import LossyLine, over
from tests.media.engine.near_end import NearEnd
from tests.media.nurse_peer import NursePeer

FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-features=WebRtcHideLocalIpsWithMdns"]
NURSE = """
const context = new AudioContext();
const tone = context.createOscillator();
const sound = context.createMediaStreamDestination();
tone.connect(sound);
tone.start();
window.make = () => {
  window.connection = new RTCPeerConnection();
  sound.stream.getTracks().forEach((track) => connection.addTrack(track, sound.stream));
  window.connectedAt = null;
  connection.onconnectionstatechange = () => {
    if (connection.connectionState === "connected") connectedAt ??= Date.now() / 1000;
  };
};
window.offer = async () => {
  make();
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 5));
  return connection.localDescription.sdp;
};
window.answer = async (sdp) => {
  await connection.setRemoteDescription({ type: "offer", sdp });
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 5));
  return connection.localDescription.sdp;
};
window.take = (sdp) => connection.setRemoteDescription({ type: "answer", sdp });
"""


class Far(Protocol):
    """The other end of one call."""

    async def offer(self) -> str: ...
    async def take(self, answer: str) -> None: ...
    async def connected_at(self) -> float: ...
    async def close(self) -> None: ...


class Browser:
    """Chromium, one peer connection after the other in one page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def offer(self) -> str:
        return str(await self._page.evaluate("offer()"))

    async def take(self, answer: str) -> None:
        await self._page.evaluate("sdp => take(sdp)", answer)

    async def answer(self, offer: str) -> str:
        """Later, to an offer that takes the call over."""
        return str(await self._page.evaluate("sdp => answer(sdp)", offer))

    async def connected_at(self) -> float:
        await self._page.wait_for_function("connectedAt !== null", polling=10)
        return float(await self._page.evaluate("connectedAt"))

    async def close(self) -> None:
        await self._page.evaluate("connection.close()")


class Stock:
    """Plain aiortc."""

    def __init__(self) -> None:
        self._peer = NursePeer(video=False)

    async def offer(self) -> str:
        return await self._peer.offer()

    async def take(self, answer: str) -> None:
        await self._peer.take(answer)

    async def connected_at(self) -> float:
        while self._peer.connection.connectionState != "connected":
            await asyncio.sleep(0.002)
        return time.time()

    async def close(self) -> None:
        await self._peer.close()


async def one_call(near: NearEnd, far: Far, loss: float, delay_s: float, seed: int) -> tuple[float, float] | None:
    """Seconds from the press until connected at both ends, and until the first sound is heard; None after 20 s."""
    offer = await far.offer()  # the far end's sockets are not on the line
    try:
        with over(LossyLine(loss, delay_s, seed)):
            await near.prepare(offer)
            began = time.time()
            answer = await near.answer()
            await asyncio.sleep(delay_s)  # signalling travels as far as media
            await far.take(answer)
            try:
                async with asyncio.timeout(20):
                    heard = await near.heard - began
                    return max(await near.connected, await far.connected_at()) - began, heard
            except TimeoutError:
                return None
    finally:
        await near.close()
        await far.close()


def _line_of(loss: float, times: list[tuple[float, float]], failed: int) -> str:
    def both(values: list[float]) -> str:
        values = sorted(values)
        return f"{statistics.median(values):6.3f} {values[min(len(values) - 1, int(len(values) * 0.95))]:6.3f}"

    connected, heard = both([connected for connected, _ in times]), both([heard for _, heard in times])
    return f"{loss:4.0%} connected p50 p95 {connected}  sound p50 p95 {heard} s  calls {len(times)} failed {failed}"


async def _measure(options: argparse.Namespace, page: Page | None) -> None:
    for loss in options.loss:
        times, failed = [], 0
        for number in range(options.calls):
            far: Far = Browser(page) if page is not None else Stock()
            near = NearEnd(None if options.stock else IceSettings(), as_client=options.as_client)
            result = await one_call(near, far, loss, options.delay, options.seed + number)
            if result is None:
                failed += 1
            else:
                times.append(result)
        print(_line_of(loss, times, failed), flush=True)  # noqa: T201


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--far", choices=["chromium", "aiortc"], default="chromium")
    parser.add_argument("--calls", type=int, default=30)
    parser.add_argument("--loss", type=float, nargs="*", default=[0.0, 0.1, 0.2])
    parser.add_argument("--delay", type=float, default=0.02, help="seconds one way")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stock", action="store_true", help="our end is stock aiortc")
    parser.add_argument("--as-client", action="store_true", help="our end takes DTLS's client role")
    options = parser.parse_args()
    if options.far == "aiortc":
        await _measure(options, None)
        return
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=FLAGS)
        page = await browser.new_page()
        await page.add_script_tag(content=NURSE)
        await _measure(options, page)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
