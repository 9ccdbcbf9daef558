"""Plays a virtual wired device over a pseudo-terminal, so that the real serial line in between is tried too.

    virtual device ── its Link ── player ── pty master ║ pty slave ── by-id name ── pyserial

The port exists while the player is started; unplugging closes the device's end, as pulling a cable does. Bytes that
arrive while nobody uses the device are not heard by it, as with one that is switched off.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from pathlib import Path

from drivers.device import Link, Peripheral
from drivers.errors import LinkError
from drivers.gatt import SERIAL_RECEIVE, SERIAL_SEND

_LARGEST_READ = 4096


class SerialPlayer:
    """``folder``: where the stable name is put, as under /dev/serial/by-id; the name is the device's address.

    An ordinary event loop is needed: the other end is real.
    """

    def __init__(self, device: Peripheral, folder: Path) -> None:
        self._device = device
        self.path = folder / device.identity.address
        self._master = -1
        self._slave = -1
        self._playing: asyncio.Task[None] | None = None

    def plug_in(self) -> None:
        """Make the port and its stable name, and play whenever the device is used."""
        if self._playing is not None:
            raise RuntimeError("it is plugged in already")
        self._master, self._slave = os.openpty()
        # The slave stays open here as well: a pseudo-terminal without any opener loses what is written to it.
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.path.symlink_to(os.ttyname(self._slave))
        self._playing = asyncio.get_running_loop().create_task(self._play())

    async def unplug(self) -> None:
        """Pull the cable: whoever has the port open loses it, and the name is gone. May be plugged in again."""
        playing, self._playing = self._playing, None
        if playing is None:
            return
        playing.cancel()
        await asyncio.wait({playing})
        self.path.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)
        if not playing.cancelled() and (error := playing.exception()) is not None:
            raise error

    async def _play(self) -> None:
        while True:
            try:
                link = await self._device.connect()
            except LinkError:
                continue  # it refuses: nothing is heard on the cable
            try:
                await self._carry(link)
            finally:
                await link.close()

    async def _carry(self, link: Link) -> None:
        """Bytes both ways, until the device ends it."""
        loop = asyncio.get_running_loop()
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        loop.add_reader(self._master, lambda: heard.put_nowait(self._read()))
        hearing = loop.create_task(self._tell(link, heard))
        try:
            async for chunk in await link.subscribe(SERIAL_RECEIVE):
                with contextlib.suppress(BlockingIOError):  # nobody reads and the line is full: lost, as on a real one
                    os.write(self._master, chunk)
        except LinkError:
            return
        finally:
            loop.remove_reader(self._master)
            hearing.cancel()
            await asyncio.wait({hearing})

    async def _tell(self, link: Link, heard: asyncio.Queue[bytes]) -> None:
        while True:
            data = await heard.get()
            with contextlib.suppress(LinkError):
                await link.write(SERIAL_SEND, data)

    def _read(self) -> bytes:
        try:
            return os.read(self._master, _LARGEST_READ)
        except OSError:
            return b""
