"""A pseudo-terminal that plays a USB serial adapter: plugged in under a stable name, pulled out, plugged in again."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import threading
import tty
from collections.abc import Callable
from pathlib import Path

_TIOCGEXCL = 0x80045440  # linux/asm-generic/ioctls.h; not in Python's termios

NAME = "usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"


class Cable:
    """``folder`` plays /dev/serial/by-id. The test writes what the device says and reads what it was told."""

    def __init__(self, folder: Path, name: str = NAME) -> None:
        self.path = folder / name
        self._device: int | None = None

    def plug_in(self) -> None:
        """A tty of its own, and the name points to it."""
        device, port = os.openpty()
        tty.setraw(port)
        self.path.symlink_to(os.ttyname(port))
        os.close(port)
        self._device = device

    def pull_out(self) -> None:
        """The tty hangs up, the name goes."""
        device = self.device
        self._device = None
        os.close(device)
        self.path.unlink()

    @property
    def device(self) -> int:
        """The device's end: a file descriptor."""
        if self._device is None:
            raise RuntimeError("not plugged in")
        return self._device

    def says(self, data: bytes) -> None:
        os.write(self.device, data)

    def was_told(self) -> bytes:
        """What came from the kiosk and was not read yet; waits for at least a byte."""
        return os.read(self.device, 4096)

    def is_opened(self) -> bool:
        """Whether the kiosk has opened it and emptied it of what came before, so that nothing said now is lost."""
        try:
            port = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:  # EBUSY: the kiosk has it for itself alone, and we are not root
            return True
        try:
            return struct.unpack("i", fcntl.ioctl(port, _TIOCGEXCL, bytes(4))) != (0,)
        finally:
            os.close(port)


class Player:
    """A device at the end of a cable: says ``frame(n)`` every ``every_s``, once the port was opened and it was told
    ``opening`` (if any).

    Runs in a thread of its own, ended by :meth:`stop`.
    """

    def __init__(self, cable: Cable, frame: Callable[[int], bytes], every_s: float, opening: bytes = b"") -> None:
        self._cable = cable
        self._frame = frame
        self._every_s = every_s
        self._opening = opening
        self._over = threading.Event()
        self.told = b""
        os.set_blocking(cable.device, False)
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(5)

    def _play(self) -> None:
        number = 0
        device = self._cable.device
        while not self._cable.is_opened():
            if self._over.wait(0.005):
                return
        while not self._over.wait(self._every_s):
            with contextlib.suppress(OSError):  # nothing told, or nobody has the port open
                self.told += os.read(device, 4096)
            if self._opening not in self.told:
                continue
            try:
                os.write(device, self._frame(number))
            except BlockingIOError:
                continue  # nobody reads
            number += 1
