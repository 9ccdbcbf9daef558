"""The screen of the scripted visit: a virtual one, pictures of what is on it, and presses as a finger makes them."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kiosk.caredesk.children import end

_START_SECONDS = 15.0
_PRESS_SECONDS = 0.12
"""How long the finger stays down."""


class ScreenError(Exception):
    """The screen cannot be had, photographed or pressed; the text says what to do."""


class VirtualScreen:
    """An X server that only memory sees, for a machine without a display."""

    def __init__(self, width: int = 1280, height: int = 800) -> None:
        self._size = f"{width}x{height}x24"
        self._process: asyncio.subprocess.Process | None = None
        self.display = ""

    async def start(self) -> None:
        """Start Xvfb on a free display number. Raises ScreenError."""
        if shutil.which("Xvfb") is None:
            raise ScreenError("There is no display and no Xvfb. Install the package xvfb.")
        read, write = os.pipe()
        self._process = await asyncio.create_subprocess_exec(
            "Xvfb",
            "-displayfd",
            str(write),
            "-screen",
            "0",
            self._size,
            "-dpi",
            "96",
            "-nolisten",
            "tcp",
            "+extension",
            "GLX",
            pass_fds=(write,),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as answer:
            number = (await asyncio.wait_for(asyncio.to_thread(answer.readline), _START_SECONDS)).strip()
        if not number:
            raise ScreenError("Xvfb did not start. Look whether /tmp is full or not writable.")
        self.display = f":{number}"

    async def stop(self) -> None:
        """End it."""
        if self._process is not None:
            await end(self._process)
            self._process = None


class Onlooker:
    """Looks at an X display and presses on it, through the programs import, convert and xdotool."""

    def __init__(self, display: str) -> None:
        self._environment = {**os.environ, "DISPLAY": display}

    async def photograph(self, path: Path) -> None:
        """Save what is on the screen as a PNG. Raises ScreenError."""
        await self._run("import", "-silent", "-window", "root", f"png:{path}")

    async def luma(self, photograph: Path, width: int, height: int) -> npt.NDArray[np.uint8]:
        """The brightness of a photograph, (height, width). Raises ScreenError."""
        raw = await self._run("convert", str(photograph), "-depth", "8", "gray:-")
        if len(raw) != width * height:
            raise ScreenError(f"the photograph holds {len(raw)} pixels, not {width}x{height}")
        return np.frombuffer(raw, dtype=np.uint8).reshape(height, width)

    async def press(self, x: int, y: int) -> None:
        """A press at a place: down, a moment, up."""
        await self._run("xdotool", "mousemove", str(x), str(y), "mousedown", "1")
        await asyncio.sleep(_PRESS_SECONDS)
        await self._run("xdotool", "mouseup", "1")

    async def _run(self, *command: str) -> bytes:
        if shutil.which(command[0]) is None:
            package = "xdotool" if command[0] == "xdotool" else "imagemagick"
            raise ScreenError(f"{command[0]} is not installed. Install the package {package}.")
        process = await asyncio.create_subprocess_exec(
            *command,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), _START_SECONDS)
        except TimeoutError as error:
            await end(process)
            raise ScreenError(f"{command[0]} did not come to an end") from error
        if process.returncode != 0:
            raise ScreenError(f"{command[0]}: {errors.decode(errors='replace').strip()[:200]}")
        return output
