"""The demonstration: the real servers on loopback, the kiosk in a window or a virtual screen, and a nurse's page."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from kiosk.caredesk.children import end
from kiosk.caredesk.kiosk_settings import KioskOptions
from kiosk.caredesk.screen import ScreenError, VirtualScreen
from kiosk.caredesk.servers import CareDesk, CareDeskError, Ports
from kiosk.settings import PlannedVisit

_log = logging.getLogger(__name__)

MODELS = ("UA-651BLE", "3230", "UC-352BLE")
"""Whose virtual ones the interactive demonstration has: a cuff, an oximeter, a scale."""

KIOSK_TONE_HZ = 620.0
"""What the kiosk's generated microphone hears; the nurse's generated tone is another (kiosk/caredesk/page)."""


class DemoError(Exception):
    """The demonstration cannot go on; the text says why and what to do."""


_Result = TypeVar("_Result")


async def until_told_to_stop(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Do ``work``; SIGTERM or SIGINT ends it in good order, with all that it started. Raises DemoError then."""
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, task.cancel)
    try:
        return await task
    except asyncio.CancelledError as error:
        raise DemoError("It was told to stop before its end.") from error
    finally:
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(sign)


class Stage:
    """Everything that a demonstration needs, running; made by ``on_stage``."""

    def __init__(self, desk: CareDesk, directory: Path, display: str | None) -> None:
        self.desk = desk
        self.directory = directory
        self.display = display
        self.kiosk: asyncio.subprocess.Process | None = None

    def environment(self) -> dict[str, str]:
        """The kiosk's environment: its screen and its sound card."""
        environment = {**os.environ, **self.desk.kiosk_environment()}
        if self.display is not None:
            environment["DISPLAY"] = self.display
            environment["QT_QPA_PLATFORM"] = "xcb"
        return environment

    async def start_kiosk(self, log: Path | None = None) -> None:
        """``kiosk run`` as a process of its own; its log goes to ``log`` or to ours."""
        output = log.open("ab") if log is not None else None
        try:
            self.kiosk = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "kiosk",
                "run",
                "--settings",
                str(self.desk.settings_file),
                env=self.environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        finally:
            if output is not None:
                output.close()

    async def stop_kiosk(self) -> int | None:
        """End it as a service manager would."""
        if self.kiosk is None:
            return None
        status = await end(self.kiosk)
        self.kiosk = None
        return status


@asynccontextmanager
async def on_stage(
    options: KioskOptions,
    *,
    ports: Ports | None = None,
    virtual_sound: bool = True,
    virtual_screen: bool | None = None,
    say: Callable[[str], None] = _log.info,
) -> AsyncIterator[Stage]:
    """Servers, sound card and screen; the kiosk itself is started by ``Stage.start_kiosk``. Raises DemoError.

    ``virtual_screen`` None: only when there is no display.
    """
    with tempfile.TemporaryDirectory(prefix="svar-demo-") as folder:
        directory = Path(folder)
        screen: VirtualScreen | None = None
        has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
        if virtual_screen or (virtual_screen is None and not has_display):
            if virtual_screen is None:
                say("There is no display here: the kiosk opens in a virtual screen that nobody sees.")
            screen = VirtualScreen(options.width, options.height)
        try:
            if screen is not None:
                try:
                    await screen.start()
                except ScreenError as error:
                    raise DemoError(str(error)) from error
            try:
                async with CareDesk(directory, ports=ports, virtual_sound=virtual_sound, kiosk=options) as desk:
                    stage = Stage(desk, directory, screen.display if screen is not None else None)
                    try:
                        yield stage
                    finally:
                        await stage.stop_kiosk()
            except CareDeskError as error:
                raise DemoError(str(error)) from error
        finally:
            if screen is not None:
                await screen.stop()


def next_visit() -> PlannedVisit:
    """A visit within the hour, for the home screen."""
    start = datetime.now().astimezone() + timedelta(minutes=45)
    start = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0)
    return PlannedVisit(start=start, name="Kari Nordmann", role="sykepleier")


async def play_demo(*, camera: str, sound: str, port: int, seconds: float | None) -> None:
    """Run the demonstration until it is interrupted. Raises DemoError."""
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    virtual_sound = sound == "generated"
    options = KioskOptions(camera=camera, next_visit=next_visit(), models=MODELS)
    async with on_stage(options, ports=Ports(desk=port), virtual_sound=virtual_sound) as stage:
        if virtual_sound:
            await stage.desk.sound_card.play_pulsed_tone(KIOSK_TONE_HZ)
        await stage.start_kiosk()
        _log.info("The nurse's page: %s", stage.desk.address)
        _log.info("Open it in a browser and press «Ring»; answer on the kiosk. Ctrl+C ends everything.")
        kiosk = stage.kiosk
        waits: list[asyncio.Task[object]] = [asyncio.create_task(stop.wait())]
        if kiosk is not None:
            waits.append(asyncio.create_task(_ended(kiosk)))
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        ended_alone = kiosk is not None and kiosk.returncode is not None
        for wait in waits:
            wait.cancel()
        if ended_alone:
            raise DemoError("The kiosk ended by itself. Its last words above say why; «kiosk doctor» tries each part.")


async def _ended(process: asyncio.subprocess.Process) -> object:
    return await process.wait()
