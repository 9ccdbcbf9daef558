"""``kiosk demo`` as a person starts it: without a display in a virtual one, with a display in the real fullscreen."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from kiosk.caredesk.screen import Onlooker, VirtualScreen

pytestmark = pytest.mark.timeout(120)


async def demo(environment: dict[str, str], seconds: float) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "kiosk",
        "demo",
        "--port",
        "0",
        "--seconds",
        str(seconds),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


def without_display() -> dict[str, str]:
    # QT_QPA_PLATFORM: other tests of the same run draw off screen.
    unwanted = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def where_it_is_noon() -> str:
    """A time zone (POSIX TZ: hours west of Greenwich) for a test of the colours of the day."""
    return f"NOON{datetime.now(UTC).hour - 12:+d}"


async def test_without_a_display_it_says_so_and_goes_on() -> None:
    process = await demo(without_display(), 3.0)
    output, _ = await asyncio.wait_for(process.communicate(), 90)
    text = output.decode()
    assert process.returncode == 0, text
    assert "There is no display here" in text
    assert re.search(r"http://localhost:\d+", text)


async def test_with_a_display_the_kiosk_fills_it_and_the_nurses_page_answers(tmp_path: Path) -> None:
    screen = VirtualScreen(1280, 800)
    await screen.start()
    process = await demo({**without_display(), "DISPLAY": screen.display, "TZ": where_it_is_noon()}, 60.0)
    rest: asyncio.Task[bytes] | None = None
    try:
        assert process.stdout is not None
        address = None
        async with asyncio.timeout(60):
            while address is None:
                line = (await process.stdout.readline()).decode()
                assert line, "the demonstration ended"
                assert "There is no display here" not in line
                found = re.search(r"http://localhost:\d+\S*", line)
                address = found.group() if found else None
        # A pipe that nobody reads would hold the kiosk at its next word.
        rest = asyncio.create_task(process.stdout.read())
        async with aiohttp.ClientSession() as session, session.get(address) as answer:
            assert answer.status == 200
            assert "Ring" in await answer.text()
        eyes = Onlooker(screen.display)
        began = time.monotonic()
        corners: set[int] = set()
        # The home page: a bright mark on top, a dark calm ground at the lower corners, nothing of the bare screen.
        while time.monotonic() < began + 30:
            await eyes.photograph(tmp_path / "screen.png")
            luma = await eyes.luma(tmp_path / "screen.png", 1280, 800)
            corners = {int(luma[-4, 3]), int(luma[-4, -4])}
            if luma[5, 3] > 120 and luma[5, -4] > 120 and corners.isdisjoint({0}) and max(corners) < 60:
                return
            await asyncio.sleep(0.3)
        process.terminate()
        said = (await asyncio.wait_for(rest, 60)).decode(errors="replace")
        raise AssertionError(f"the kiosk does not fill the screen: {corners}\n{said[-2000:]}")
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 60)
        if rest is not None:
            await rest
        await screen.stop()
