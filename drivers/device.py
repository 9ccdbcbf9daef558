"""What a device conversation needs from the world: a line, a clock and a journal. Protocols only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

import msgspec

from drivers.readings import DeviceIdentity, Reading


class Link(Protocol):
    """A line to a device that is there. One operation at a time.

    Over Bluetooth a ``characteristic`` is a full 128-bit UUID in lower case. A wired device has the two pretended
    characteristics ``drivers.gatt.SERIAL_RECEIVE`` (subscribe) and ``SERIAL_SEND`` (write); a broadcasting one has
    ``service_data(uuid)``, whose packets are the service data of its advertisements.
    Every method raises :class:`drivers.errors.LinkError`, never anything of the library behind it.
    """

    async def subscribe(self, characteristic: str) -> AsyncIterator[bytes]:
        """Returning means: indications (or notifications) are on. The iterator ends when the device closes the line.

        Asking for the next packet confirms the one before, where the Bluetooth library leaves that to us: only then
        may the device forget it.
        """
        ...

    async def read(self, characteristic: str) -> bytes: ...

    async def write(self, characteristic: str, data: bytes) -> None: ...

    async def close(self) -> None: ...


class Peripheral(Protocol):
    """A device that one may wait for: it is silent until it has something to say."""

    @property
    def identity(self) -> DeviceIdentity: ...

    async def connect(self) -> Link:
        """Wait until the device shows itself, then connect. Raises :class:`drivers.errors.LinkError`."""
        ...

    def expect(self) -> None:
        """Somebody has been asked to use the device now. A real one takes no notice; a fake is thereby used."""
        ...


class Clock(Protocol):
    """Where a dialogue gets the time from: ``now()`` has an offset."""

    def now(self) -> datetime: ...


class RawPacket(msgspec.Struct, frozen=True):
    """Bytes as they came over a line. ``received`` has an offset; ``read``: an answer to a read, not a notification."""

    device: DeviceIdentity
    session: str
    characteristic: str
    data: bytes
    received: datetime
    read: bool = False


class Journal(Protocol):
    """Where what came is made durable. Returning means: on disk and synced, so that the device may forget it."""

    async def record(self, packet: RawPacket) -> None:
        """Before anything else is done with the bytes."""
        ...

    async def keep(self, reading: Reading) -> None:
        """A decoded reading; the same one again (same device, slot, kind, time, sequence and bytes) is counted only."""
        ...

    async def settle(self, session: str) -> None:
        """All packets of the session have become readings or have been refused: they need not be played again."""
        ...
