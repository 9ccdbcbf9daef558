"""One serial port, open for us alone: pyserial opens and sets it, and every trouble becomes a LinkError. Never waits.

The only module that imports pyserial.
"""

from __future__ import annotations

import enum
import errno
import fcntl
import os
import termios
from pathlib import Path
from typing import Final

import serial

from drivers.errors import LinkError, LinkReason
from drivers.supported_device import SerialLine

CHUNK_BYTES: Final = 4096
"""At most this many bytes come out of one read; it is also what the kernel keeps for us between reads."""

_PARITIES: Final = {"N": serial.PARITY_NONE, "E": serial.PARITY_EVEN, "O": serial.PARITY_ODD}

_OPENING: Final = {
    errno.ENOENT: LinkReason.PORT_MISSING,
    errno.ENODEV: LinkReason.PORT_MISSING,
    errno.ENXIO: LinkReason.PORT_MISSING,
    errno.EIO: LinkReason.PORT_MISSING,  # it was pulled out while it was being set
    errno.ELOOP: LinkReason.PORT_MISSING,
    errno.EAGAIN: LinkReason.PORT_IN_USE,  # somebody holds the lock
    errno.EBUSY: LinkReason.PORT_IN_USE,  # somebody has opened it for himself alone
    errno.EACCES: LinkReason.REFUSED,
    errno.EPERM: LinkReason.REFUSED,
    errno.EROFS: LinkReason.REFUSED,
}
_CLOSED: Final = -1
_GONE: Final = frozenset({errno.EIO, errno.ENODEV, errno.ENXIO, errno.EBADF})


class HandshakeWire(enum.Enum):
    """A wire that the other end of a serial line holds up or down (EIA-232)."""

    CTS = "cts"
    DSR = "dsr"
    RI = "ri"
    CD = "cd"


class SerialPort:
    """Raw bytes, eight bits, one stop bit, no handshake. Made by :meth:`open`; every method raises only LinkError."""

    def __init__(self, opened: serial.Serial) -> None:
        self._serial = opened
        self._descriptor = opened.fileno()

    @classmethod
    def open(cls, path: Path, line: SerialLine) -> SerialPort:
        """Open for us alone. What came before is discarded. May take as long as the driver of the adapter takes.

        Raises LinkError: PORT_MISSING, PORT_IN_USE, REFUSED (no right to it), PROTOCOL (not a serial port). The detail
        never holds the port's name, which holds the serial number of somebody's device.
        """
        try:
            # inter_byte_timeout=0 makes pyserial set VMIN=1. With VMIN=0 a read with nothing to read answers "no
            # bytes", which is also what a line that hung up answers; with VMIN=1 it answers EAGAIN.
            opened = serial.Serial(
                str(path),
                line.baud,
                parity=_PARITIES[line.parity],
                timeout=0,
                write_timeout=0,
                inter_byte_timeout=0,
                exclusive=True,
            )
        except (OSError, termios.error) as error:
            number = _errno_of(error)
            raise LinkError(_OPENING.get(number, LinkReason.PROTOCOL), os.strerror(number)) from error
        try:
            # pyserial's lock keeps out those who ask for it; this also keeps out programs that do not.
            fcntl.ioctl(opened.fileno(), termios.TIOCEXCL)
        except OSError as error:
            opened.close()
            raise LinkError(LinkReason.PORT_MISSING, os.strerror(_errno_of(error))) from error
        return cls(opened)

    def fileno(self) -> int:
        """For the event loop; valid until :meth:`close`."""
        return self._descriptor

    def read_available(self) -> bytes:
        """What has come, at most CHUNK_BYTES; empty when nothing has. LINK_LOST when the line is gone."""
        try:
            data = os.read(self._descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise _lost(error) from error
        if not data:
            raise LinkError(LinkReason.LINK_LOST, "hung up")
        return data

    def write_available(self, data: bytes) -> int:
        """Hand over as many bytes as the driver takes now (0: none) and return how many. LINK_LOST when it is gone."""
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise _lost(error) from error

    def unsent(self) -> int:
        """How many bytes handed over have not left yet, as far as the driver tells. LINK_LOST when it is gone."""
        if not self._serial.is_open:
            raise LinkError(LinkReason.LINK_LOST, "closed")
        try:
            return int(self._serial.out_waiting)
        except OSError as error:
            raise _lost(error) from error

    def wire(self, wire: HandshakeWire) -> bool:
        """Whether that wire is up now. RTS and DTR, which can hold it up, are up from the opening. LINK_LOST when the
        line is gone; PROTOCOL for a port that has no such wires."""
        if not self._serial.is_open:
            raise LinkError(LinkReason.LINK_LOST, "closed")
        try:
            return bool(getattr(self._serial, wire.value))
        except OSError as error:
            raise _lost(error) from error

    def set_line(self, line: SerialLine) -> None:
        """Go over to other settings; what was received by the old ones is discarded. LINK_LOST when it is gone."""
        try:
            self._serial.parity = _PARITIES[line.parity]
            self._serial.baudrate = line.baud
            self._serial.reset_input_buffer()
        except (OSError, termios.error) as error:
            raise LinkError(LinkReason.LINK_LOST, os.strerror(_errno_of(error))) from error

    def close(self) -> None:
        """Give it back. Bytes that have not left yet are dropped, or the kernel would wait for them up to 30 s."""
        if not self._serial.is_open:
            return
        try:
            if self._serial.out_waiting:
                self._serial.reset_output_buffer()
            fcntl.ioctl(self._descriptor, termios.TIOCNXCL)
        except (OSError, termios.error):
            pass  # pulled out: there is nothing left to tidy
        self._descriptor = _CLOSED  # its number may soon be somebody else's
        try:
            self._serial.close()
        except OSError:
            return


def _lost(error: OSError) -> LinkError:
    reason = LinkReason.LINK_LOST if error.errno in _GONE else LinkReason.PROTOCOL
    return LinkError(reason, os.strerror(error.errno or errno.EIO))


def _errno_of(error: BaseException | None) -> int:
    """pyserial says some numbers only in its text, but what it caught stands behind its own exception."""
    while error is not None:
        if error.args and isinstance(error.args[0], int):
            return error.args[0]
        error = error.__context__
    return errno.EINVAL
