"""A virtual screen, the real ui process on it, and the test in core's place at the other end of its socket."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from PySide6.QtGui import QImage

from kiosk.flow.state import KioskState
from kiosk.ipc import wire
from kiosk.ipc.frame_ring import FrameRingWriter
from kiosk.ipc.ui_messages import FromUi, Painted, Quit, Show, TakeVideo, VideoStream

LIMIT_S = 20.0

Message = TypeVar("Message")


@contextlib.contextmanager
def virtual_screen(width: int, height: int) -> Iterator[str]:
    """Xvfb on a display number that it picks itself; gives ``:N``."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-dpi", "96", "-nolisten", "tcp"],
        pass_fds=(writing,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        ready, _, _ = select.select([reading], [], [], LIMIT_S)
        number = os.read(reading, 16).decode().strip() if ready else ""
        if not number:
            raise RuntimeError("Xvfb did not start")
        yield f":{number}"
    finally:
        os.close(reading)
        server.terminate()
        server.wait(LIMIT_S)


class RunningUi:
    """The ui process and core's end of its link."""

    def __init__(
        self, display: str, arguments: tuple[str, ...] = (), environment: dict[str, str] | None = None
    ) -> None:
        self.display = display
        self._environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        for name in ("WAYLAND_DISPLAY", "QT_QUICK_BACKEND"):
            self._environment.pop(name, None)
        self._environment.update(environment or {})
        self.connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kiosk.ui", "--fd", str(theirs.fileno()), *arguments],
            pass_fds=(theirs.fileno(),),
            env=self._environment,
            stderr=self._log,
        )
        theirs.close()
        self.revision = 0
        self.seen: list[FromUi] = []
        self._decoder: msgspec.json.Decoder[FromUi] = msgspec.json.Decoder(FromUi)

    def send(self, message: msgspec.Struct, descriptors: tuple[int, ...] = ()) -> None:
        wire.send(self.connection, message, descriptors)

    def read(self, limit: float) -> FromUi | None:
        """The next message, or None after ``limit`` seconds."""
        ready, _, _ = select.select([self.connection], [], [], limit)
        if not ready:
            return None
        packet, _ = wire.receive(self.connection)
        message = self._decoder.decode(packet)
        self.seen.append(message)
        return message

    def wait_for(
        self, kind: type[Message], condition: Callable[[Message], bool] = lambda _: True, limit: float = LIMIT_S
    ) -> Message:
        """The first message of this kind that fulfils the condition."""
        end = time.monotonic() + limit
        while (left := end - time.monotonic()) > 0:
            message = self.read(left)
            if isinstance(message, kind) and condition(message):
                return message
        raise TimeoutError(f"no {kind.__name__}; got {self.seen[-5:]}")

    def show(self, state: KioskState) -> Painted:
        """Show a state and wait until it is on the screen."""
        self.revision += 1
        revision = self.revision
        self.send(Show(revision, state))
        return self.wait_for(Painted, lambda painted: painted.revision == revision)

    def take_video(self, stream: VideoStream, writer: FrameRingWriter) -> None:
        self.send(TakeVideo(stream), (writer.memory, writer.bell))

    def photograph(self, path: Path) -> QImage:
        """The whole screen as it is, also left in ``path``."""
        subprocess.run(["import", "-window", "root", str(path)], env=self._environment, check=True, timeout=LIMIT_S)
        return QImage(str(path)).convertToFormat(QImage.Format.Format_RGB32)

    def xdotool(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self._environment, check=True, timeout=LIMIT_S)

    def press(self, x: int, y: int) -> None:
        """A real press and release at a place of the screen (XTEST)."""
        self.xdotool("mousemove", str(x), str(y), "mousedown", "1", "mouseup", "1")

    def end(self) -> str:
        """Quit; what it wrote to its log."""
        if self.process.poll() is None:
            with contextlib.suppress(wire.LinkClosed):
                self.send(Quit())
        try:
            self.process.wait(LIMIT_S)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.connection.close()
        log = self.log()
        self._log.close()
        return log

    def log(self) -> str:
        """What it has written to its log so far."""
        self._log.seek(0)
        return self._log.read().decode()
