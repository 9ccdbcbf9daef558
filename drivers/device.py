"""What a device conversation needs from the world: a line, a clock and a journal. Protocols only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from drivers.readings import DeviceIdentity, Reading


class Link(Protocol):
    """A connected peripheral. Characteristics are named by their full 128-bit UUID in lower case.

    Every method raises :class:`drivers.errors.LinkError`, never anything of the Bluetooth library behind it.
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


class Clock(Protocol):
    """Where a dialogue gets the time from: ``now()`` has an offset."""

    def now(self) -> datetime: ...


class Journal(Protocol):
    """Where a reading is made durable. Returning means: on disk and synced, so that the device may forget it."""

    async def keep(self, reading: Reading) -> None: ...
