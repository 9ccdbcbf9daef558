"""Sits at the nurse's page as a person would, in headless Chromium: real clicks on real buttons; judges nothing."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from playwright.async_api import Browser, BrowserContext, Error, Page, Playwright, async_playwright

from kiosk.facts.measurement import MeasurementKind

_log = logging.getLogger(__name__)

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--autoplay-policy=no-user-gesture-required",
    # The audio service's sandbox hides the PulseAudio socket of a private directory.
    "--disable-features=AudioServiceSandbox",
)
_ROOT_ARGUMENTS = ("--no-sandbox",)
_START_LIMIT_MS = 30_000
_CLICK_LIMIT_MS = 5_000
_POLL_S = 0.05
_STOP_LIMIT_S = 10.0
_VIEWPORT_WIDTH = 1280
_VIEWPORT_HEIGHT = 800
_ASKED = {
    MeasurementKind.BLOOD_PRESSURE: "blodtrykk",
    MeasurementKind.PULSE_OXIMETRY: "oksygen",
    MeasurementKind.WEIGHT: "vekt",
    MeasurementKind.TEMPERATURE: "temperatur",
    MeasurementKind.GLUCOSE: "blodsukker",
}


class ChromiumError(Exception):
    """Chromium is not installed, did not start, or the page did not come; the text says what to do."""


class Reading(msgspec.Struct, frozen=True, rename="camel"):
    """A reading as the page shows it; ``id`` is the Observation's on the FHIR server.

    ``kind``: a MeasurementKind's value, or ``body-fat`` when the weight beside it did not come. ``value`` with ``unit``
    (UCUM), or ``absent`` (FHIR's data-absent-reason); of a blood pressure it is the systolic. ``flags``: the device's
    status bits by name. ``test``: marked as no patient's.
    """

    id: str | None
    kind: str
    value: Decimal | None
    unit: str | None
    absent: str | None
    systolic: Decimal | None
    diastolic: Decimal | None
    pulse_rate: Decimal | None
    effective: str | None
    flags: tuple[str, ...]
    doubtful: bool
    preliminary: bool
    test: bool


class TaskNews(msgspec.Struct, frozen=True, rename="camel"):
    """One answer of the kiosk to a request. ``at``: milliseconds since the epoch."""

    status: str | None
    business_status: str | None
    identifier: str | None
    reason: str | None
    at: float


class NurseState(msgspec.Struct, frozen=True, rename="camel"):
    """What the page knows (``window.svar``). ``status``: final SIP status of the last INVITE, None until known.

    ``state``: starting, ready, calling, ringing, connecting, talking, ended or failed. ``times``: state, ``asked`` or
    ``reading`` → milliseconds since the epoch of its last time. ``ended_by``: local or remote.
    """

    state: str
    registered: bool
    status: int | None
    reason: str | None
    cause: str | None
    ended_by: str | None
    reinvites: int
    refused_messages: int
    times: dict[str, float]
    tasks: tuple[TaskNews, ...]
    last_request: str | None
    last_observation: Reading | None


_NAMES = ", ".join(field.encode_name for field in msgspec.structs.fields(NurseState))
_READ_STATE = f"() => {{ const {{ {_NAMES} }} = window.svar; return {{ {_NAMES} }}; }}"


async def _driver() -> Playwright:
    """Playwright's driver, a node of its own. Raises ChromiumError."""
    try:
        async with asyncio.timeout(_START_LIMIT_MS / 1000):
            return await async_playwright().start()
    except Exception as error:
        # Playwright raises a bare Exception when its driver does not live, for instance without libatomic1.
        raise ChromiumError(f"Playwright's driver does not start ({error}). Run packaging/setup.") from error


class ChromiumNurse:
    """One browser with one page, or more (``another``). ``await start(...)``, press, ask, ``await stop()``."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        self._owner: ChromiumNurse | None = None
        self.console: list[str] = []

    async def start(self, address: str, environment: dict[str, str] | None = None) -> None:
        """Open ``address`` (with its ``?caller=``) and wait until the account is registered.

        ``environment`` is added to this process's own: the PulseAudio server and sink to play into.
        Raises ChromiumError.
        """
        program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
        if program is None:
            raise ChromiumError("chromium is not installed. Install the package chromium.")
        arguments = [*_ARGUMENTS, *(_ROOT_ARGUMENTS if os.geteuid() == 0 else ())]
        try:
            self._playwright = await _driver()
            self._browser = await self._playwright.chromium.launch(
                executable_path=program,
                headless=True,
                args=arguments,
                ignore_default_args=["--mute-audio"],
                env={**os.environ, **(environment or {})},
                timeout=_START_LIMIT_MS,
            )
            await self._open(address)
        except Error as error:
            await self.stop()
            raise ChromiumError(f"Chromium did not show the nurse's page: {error.message.splitlines()[0]}") from error
        except BaseException:
            await self.stop()
            raise

    async def another(self, address: str) -> ChromiumNurse:
        """A second nurse in the same browser, with nothing shared but the loudspeaker. Stop it before this one."""
        if self._browser is None:
            raise RuntimeError("start the first nurse first")
        nurse = ChromiumNurse()
        nurse._owner = self
        nurse._browser = self._browser
        try:
            await nurse._open(address)
        except Error as error:
            await nurse.stop()
            raise ChromiumError(f"Chromium did not show the page: {error.message.splitlines()[0]}") from error
        return nurse

    async def _open(self, address: str) -> None:
        if self._browser is None:
            raise RuntimeError("no browser")
        self._context = await self._browser.new_context(
            viewport={"width": _VIEWPORT_WIDTH, "height": _VIEWPORT_HEIGHT}, locale="nb-NO"
        )
        self._page = await self._context.new_page()
        self._page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        self._page.on("pageerror", lambda error: self.console.append(f"pageerror: {error}"))
        await self._page.goto(address)
        await self._registered()

    async def reload(self) -> None:
        """Load the page anew and wait until the account is registered again."""
        await self.page.reload()
        await self._registered()

    async def _registered(self) -> None:
        await self.page.wait_for_function("() => window.svar?.registered === true", timeout=_START_LIMIT_MS)

    @property
    def page(self) -> Page:
        """The page itself, for what has no method here."""
        if self._page is None:
            raise RuntimeError("the nurse's page is not open")
        return self._page

    async def ring(self) -> None:
        """Press «Ring»."""
        await self._click("Ring")

    async def answer(self) -> None:
        """Press «Svar»: the patient calls back."""
        await self._click("Svar")

    async def hang_up(self) -> None:
        """Press «Legg på», which cancels a call that is not answered yet."""
        await self._click("Legg på")

    async def ask_blood_pressure(self) -> None:
        """Press «Be om blodtrykk»."""
        await self.ask(MeasurementKind.BLOOD_PRESSURE)

    async def ask(self, kind: MeasurementKind) -> None:
        """Press the button that asks for a measurement of that kind."""
        await self._click(f"Be om {_ASKED[kind]}")

    async def _click(self, name: str) -> None:
        """Raises ChromiumError when there is no such button to press."""
        try:
            await self.page.get_by_role("button", name=name, exact=True).click(timeout=_CLICK_LIMIT_MS)
        except Error as error:
            raise ChromiumError(f"«{name}» cannot be pressed: {error.message.splitlines()[0]}") from error

    async def state(self) -> NurseState:
        """All that the page knows now."""
        return msgspec.convert(await self.page.evaluate(_READ_STATE), NurseState, strict=False)

    async def wait_state(self, state: str, limit: float) -> NurseState:
        """Wait until the page is in ``state``. Raises TimeoutError after ``limit`` seconds, naming where it stands."""
        return await self._wait(lambda now: now.state == state, limit, f"state {state}")

    async def wait_status(self, limit: float) -> NurseState:
        """Wait until the call is over and its final SIP status is known (a cancelled INVITE's 487 comes late)."""
        return await self._wait(
            lambda now: now.state in ("ended", "failed") and now.status is not None, limit, "a final SIP status"
        )

    async def wait_task(self, status: str, limit: float, business_status: str | None = None) -> NurseState:
        """Wait until the kiosk has told ``status`` of the last request."""

        def told(now: NurseState) -> bool:
            return any(
                news.status == status
                and news.identifier == now.last_request
                and (business_status is None or news.business_status == business_status)
                for news in now.tasks
            )

        return await self._wait(told, limit, f"task {status}")

    async def wait_reading(self, limit: float, after_ms: float = 0.0) -> Reading:
        """Wait until a reading that came after ``after_ms`` (milliseconds since the epoch) is on the page."""
        now = await self._wait(
            lambda now: now.last_observation is not None and now.times.get("reading", 0.0) > after_ms,
            limit,
            "a reading",
        )
        if now.last_observation is None:
            raise RuntimeError("unreachable: waited for it")
        return now.last_observation

    async def _wait(self, reached: Callable[[NurseState], bool], limit: float, what: str) -> NurseState:
        now = await self.state()
        try:
            async with asyncio.timeout(limit):
                while not reached(now):
                    await asyncio.sleep(_POLL_S)
                    now = await self.state()
        except TimeoutError as error:
            raise TimeoutError(
                f"the nurse's page did not reach {what} within {limit:g} s: state {now.state}, SIP {now.status}"
            ) from error
        return now

    async def frames_decoded(self) -> int:
        """Frames of the kiosk's picture that Chromium has decoded in this call; 0 without a call."""
        return int(await self.page.evaluate("() => window.svar.framesDecoded()") or 0)

    async def remote_clock(self) -> int | None:
        """The clock in the kiosk's picture as shown now (low 32 bits of milliseconds), or None."""
        value = await self.page.evaluate("() => window.svar.remoteClock()")
        return None if value is None else int(value)

    async def text(self, element: str) -> str:
        """What stands in the element with this id."""
        return await self.page.locator(f"#{element}").inner_text()

    async def screenshot(self, path: Path) -> None:
        """The whole page as a PNG."""
        await self.page.screenshot(path=path)

    async def stop(self) -> None:
        """Close the page; the browser too where this nurse started it. Safe to call twice."""
        context, self._context, self._page = self._context, None, None
        browser, self._browser = self._browser, None
        driver, self._playwright = self._playwright, None
        try:
            async with asyncio.timeout(_STOP_LIMIT_S):
                if context is not None:
                    await context.close()
                if browser is not None and self._owner is None:
                    await browser.close()
        except (Error, TimeoutError) as error:
            _log.warning("Chromium did not close in good order: %s", type(error).__name__)
        finally:
            if driver is not None:
                await driver.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
