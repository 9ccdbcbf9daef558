"""A wired device that one may wait for: until its cable is plugged in, and, where wanted, until it says something."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from drivers.device import Link
from drivers.errors import LinkError, LinkReason
from drivers.readings import DeviceIdentity
from drivers.serial.finding import SERIAL_BY_ID, opening_of
from drivers.serial.link import SerialLink, open_port
from drivers.supported_device import SerialLine, SupportedDevice

_TRIES: Final = 4
"""So often is a port that is in use, or not ours, asked for again before it is said: when a cable has been plugged in,
the system may still be setting its rights, or looking whether it is a modem."""


_MISSING_S: Final = 10.0
"""A cable out for a moment is being moved; out for longer, somebody should know."""


class Waking(msgspec.Struct, frozen=True):
    """Wait until the device speaks, and write ``opening`` every ``every_s`` seconds so that it can.

    For adapters whose cable stays plugged in while the device at its end is switched off: the port is always there.
    """

    opening: tuple[bytes, ...] = ()
    every_s: float = 5.0


def wired_peripheral(
    device: SupportedDevice, name: str, now: datetime, *, folder: Path = SERIAL_BY_ID
) -> SerialPeripheral:
    """The enrolled wired device whose adapter is called ``name`` in ``folder``; it is waited for until it speaks.

    Raises ValueError when the device is not a wired one, or the name is not a plain file name.
    """
    if device.line is None:
        raise ValueError(f"{device.model} is not a wired device")
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ValueError("the name of a port is a plain file name")
    identity = DeviceIdentity(model=device.model, manufacturer=device.manufacturer, address=name)
    waking = Waking(opening_of(device, now))
    return SerialPeripheral(identity, folder / name, device.line, waking=waking, missing_s=_MISSING_S)


class SerialPeripheral:
    """A :class:`drivers.device.Peripheral`.

    ``path``: its stable name, a link in ``/dev/serial/by-id``; it is resolved anew at each connection, for a cable gets
    another tty each time it is plugged in. ``waking`` None: connected as soon as the port is there.
    ``poll_s``: how often the name is looked for, and how long between tries of a port that is in use.
    ``missing_s``: a cable that has been out for so long is said, once each time it goes; the connection after that
    does not wait for the device to speak, so that whoever was told hears that the cable is back. None: never said.
    """

    def __init__(
        self,
        identity: DeviceIdentity,
        path: Path,
        line: SerialLine,
        *,
        waking: Waking | None = None,
        poll_s: float = 0.5,
        missing_s: float | None = None,
    ) -> None:
        self._identity = identity
        self._path = path
        self._line = line
        self._waking = waking
        self._poll_s = poll_s
        self._missing_s = missing_s
        self._said_missing = False

    @property
    def identity(self) -> DeviceIdentity:
        return self._identity

    async def connect(self) -> Link:
        """Wait for the cable (and the device), open it for us alone. A cable pulled out meanwhile is waited for again.

        Raises LinkError: PORT_IN_USE, REFUSED (no right to it), PROTOCOL (not a serial port), and, once, PORT_MISSING
        when it has been out for ``missing_s``; the next call then waits without a word.
        """
        refusals = 0
        out_since: float | None = None
        while True:
            try:
                return await self._opened()
            except LinkError as error:
                if error.reason is LinkReason.PORT_MISSING:
                    refusals = 0
                    now = asyncio.get_running_loop().time()
                    out_since = now if out_since is None else out_since
                    if self._missing_s is not None and not self._said_missing and now - out_since >= self._missing_s:
                        self._said_missing = True
                        raise
                elif error.reason is LinkReason.LINK_LOST:
                    refusals, out_since = 0, None
                elif error.reason is LinkReason.PROTOCOL or refusals + 1 == _TRIES:
                    raise
                else:
                    refusals += 1
            await asyncio.sleep(self._poll_s)

    def expect(self) -> None:
        """A real device takes no notice."""

    async def _opened(self) -> Link:
        link = SerialLink(await open_port(self._path, self._line))
        is_back, self._said_missing = self._said_missing, False
        try:
            if self._waking is not None and not is_back:
                await link.speaks(self._waking.opening, self._waking.every_s)
        except BaseException:
            await link.close()
            raise
        return link
