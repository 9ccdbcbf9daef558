"""Headless Chromium as one end of a measured call, in a network namespace of its own; judges nothing."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from playwright.async_api import Browser, BrowserContext, Error, Page, Playwright, Route, async_playwright

from kiosk.callbench.chromium_figures import PageReport, report_of
from kiosk.callbench.end import EndError, EndReport
from kiosk.callbench.processor import processor_seconds

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-default-apps",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns,AudioServiceSandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
_ROOT_ARGUMENTS = ("--no-sandbox",)
_PAGE = Path(__file__).parent / "page"
_NURSES = Path(__file__).parent.parent / "caredesk" / "page"
_FILES = {
    "end.html": (_PAGE / "end.html", "text/html"),
    "end.js": (_PAGE / "end.js", "text/javascript"),
    # The nurse's page draws the same clock.
    "clock_strip.js": (_NURSES / "clock_strip.js", "text/javascript"),
    # What she does about her line; only used where the other end is the kiosk.
    "line_adaptation.js": (_NURSES / "line_adaptation.js", "text/javascript"),
}
_ORIGIN = "http://localhost/"
_START_LIMIT_MS = 30_000
_CLOCK_LOOKS = 9


class ChromiumProgram:
    """One browser that sees the file ``camera`` (y4m of ``size``) and hears the file ``speech``; makes ends of calls.

    ``prefix``: what runs a command in the wanted network namespace (``World.command``'s words), empty for this one.
    """

    def __init__(self, camera: Path, size: tuple[int, int], speech: Path, prefix: Sequence[str] = ()) -> None:
        self._camera = camera
        self._size = size
        self._speech = speech
        self._prefix = tuple(prefix)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._process_id = 0

    async def start(self) -> None:
        """Raises EndError."""
        program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
        if program is None:
            raise EndError("chromium is not installed. Install the package chromium.")
        self._folder = tempfile.TemporaryDirectory(prefix="svar-chromium-")
        wrapper, told = Path(self._folder.name) / "chromium", Path(self._folder.name) / "process-id"
        words = shlex.join((*self._prefix, program))
        wrapper.write_text(f'#!/bin/sh\necho $$ > {shlex.quote(str(told))}\nexec {words} "$@"\n', encoding="utf-8")
        wrapper.chmod(0o700)
        arguments = [*_ARGUMENTS, *(_ROOT_ARGUMENTS if os.geteuid() == 0 else ())]
        arguments.append(f"--use-file-for-fake-video-capture={self._camera}")
        arguments.append(f"--use-file-for-fake-audio-capture={self._speech}")
        try:
            self._playwright = await _driver()
            self._browser = await self._playwright.chromium.launch(
                executable_path=wrapper, headless=True, args=arguments, timeout=_START_LIMIT_MS
            )
            self._process_id = int(told.read_text(encoding="ascii"))
        except Error as error:
            await self.stop()
            raise EndError(f"Chromium did not start: {error.message.splitlines()[0]}") from error
        except BaseException:
            await self.stop()
            raise

    def end(self, *, live_clock: bool = False, nurse: bool = False) -> ChromiumEnd:
        """A new end in a page of its own. ``live_clock``: its camera is a drawn picture that tells the time, instead
        of the file. ``nurse``: it sends as the nurse's page does, adapting to its line."""
        if self._browser is None:
            raise RuntimeError("start the browser first")
        return ChromiumEnd(self._browser, self._size, self._process_id, live_clock, nurse)

    async def stop(self) -> None:
        """End the browser; safe to call twice."""
        browser, self._browser = self._browser, None
        driver, self._playwright = self._playwright, None
        try:
            if browser is not None:
                await browser.close()
        except Error as error:
            raise EndError(f"Chromium did not end in good order: {error.message.splitlines()[0]}") from error
        finally:
            if driver is not None:
                await driver.stop()
            if self._folder is not None:
                self._folder.cleanup()
                self._folder = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


class ChromiumEnd:
    """An ``End`` (kiosk/callbench/end.py). Made by ``ChromiumProgram.end``."""

    def __init__(self, browser: Browser, size: tuple[int, int], process_id: int, live_clock: bool, nurse: bool) -> None:
        self._browser = browser
        self._live_clock = live_clock
        self._nurse = nurse
        self._size = size
        self._process_id = process_id
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        self._offset = 0.0
        self._times: dict[str, float] = {}
        self._began = 0.0
        self._processor_began = 0.0

    @property
    def accepted_at(self) -> float | None:
        """See End."""
        return self._at("accepted")

    @property
    def connected_at(self) -> float | None:
        """See End."""
        return self._at("connected")

    @property
    def first_picture_at(self) -> float | None:
        """See End."""
        return self._at("firstPicture")

    @property
    def first_sound_at(self) -> float | None:
        """See End; by the browser's statistics, which are renewed every 50 ms."""
        return self._at("firstSound")

    def _at(self, name: str) -> float | None:
        at = self._times.get(name)
        return None if at is None else at / 1000 + self._offset

    async def start(self) -> None:
        """Raises EndError."""
        try:
            self._context = await self._browser.new_context(viewport={"width": 400, "height": 300})
            await self._context.route(f"{_ORIGIN}**", _serve)
            await self._context.expose_binding("told", self._told)
            self._page = await self._context.new_page()
            await self._page.goto(f"{_ORIGIN}end.html")
            await self._page.wait_for_function("() => window.end !== undefined", timeout=_START_LIMIT_MS)
            self._offset = await self._clock_offset()
            arguments = [*self._size, self._live_clock, self._nurse]
            script = "([width, height, live, nurse]) => end.start(width, height, live, nurse)"
            await self._page.evaluate(script, arguments)
        except Error as error:
            await self.stop()
            raise EndError(f"Chromium's page did not start: {error.message.splitlines()[0]}") from error

    async def _clock_offset(self) -> float:
        """What added to the page's seconds gives CLOCK_MONOTONIC; from the look that took the least time."""
        best = (float("inf"), 0.0)
        for _ in range(_CLOCK_LOOKS):
            before = time.monotonic()
            at = float(await self._opened.evaluate("end.now()")) / 1000
            after = time.monotonic()
            best = min(best, (after - before, (before + after) / 2 - at))
        return best[1]

    async def offer(self) -> str:
        """See End."""
        return str(await self._ask("end.offer()"))

    async def answer(self, offer: str) -> str:
        """See End."""
        return str(await self._ask("sdp => end.answer(sdp)", offer))

    async def take_answer(self, answer: str) -> None:
        """See End."""
        await self._ask("sdp => end.take(sdp)", answer)

    def _told(self, source: object, name: str, at: float) -> None:
        """The page noted the first time of something."""
        self._times.setdefault(name, at)

    async def begin(self, now: float) -> None:
        """See End."""
        self._began = now
        self._processor_began = processor_seconds(self._process_id)
        await self._ask("end.begin()")

    async def report(self) -> EndReport:
        """See End."""
        processor = processor_seconds(self._process_id) - self._processor_began
        text = str(await self._ask("end.report()"))
        ended = time.monotonic()
        told = msgspec.json.decode(text, type=PageReport)
        raw: dict[str, object] = msgspec.json.decode(text)["samples"][-1]
        return report_of(told, offset=self._offset, began=self._began, ended=ended, processor_s=processor, raw=raw)

    async def _ask(self, script: str, argument: object = None) -> object:
        try:
            return await self._opened.evaluate(script, argument)
        except Error as error:
            raise EndError(f"Chromium's page refused: {error.message.splitlines()[0]}") from error

    @property
    def _opened(self) -> Page:
        if self._page is None:
            raise RuntimeError("the end has not been started")
        return self._page

    async def stop(self) -> None:
        """See End."""
        context, self._context, self._page = self._context, None, None
        if context is not None:
            try:
                await context.close()
            except Error as error:
                raise EndError(f"Chromium's page did not close: {error.message.splitlines()[0]}") from error


async def _driver() -> Playwright:
    """Playwright's driver, a node of its own. Raises EndError."""
    try:
        async with asyncio.timeout(_START_LIMIT_MS / 1000):
            return await async_playwright().start()
    except Exception as error:
        # Playwright raises a bare Exception when its driver does not live, for instance without libatomic1.
        raise EndError(f"Playwright's driver does not start ({error}). Run packaging/setup.") from error


async def _serve(route: Route) -> None:
    """The page's files, without a server; localhost because cameras are only given to secure contexts."""
    found = _FILES.get(route.request.url.removeprefix(_ORIGIN))
    if found is None:
        await route.fulfill(status=404)
    else:
        await route.fulfill(body=found[0].read_bytes(), content_type=found[1])
