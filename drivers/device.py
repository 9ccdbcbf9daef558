"""What a device conversation needs from the world: a line, a clock and a journal. Protocols only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from drivers.readings import Reading


class Link(Protocol):
    """A connected peripheral. Characteristics are named by their full 128-bit UUID in lower case.

    Every method raises :class:`drivers.errors.LinkError`, never anything of the Bluetooth library behind it.
    """

    def subscribe(self, characteristic: str) -> AsyncIterator[bytes]:
        """Start indications or notifications at the first iteration; ends when the device closes the line."""
        ...

    async def read(self, characteristic: str) -> bytes: ...

    async def write(self, characteristic: str, data: bytes) -> None: ...

    async def close(self) -> None: ...


class Clock(Protocol):
    """Where a dialogue gets the time from: ``now()`` has an offset."""

    def now(self) -> datetime: ...


class Journal(Protocol):
    """Where a reading is made durable. Returning means: on disk and synced, so that the device may forget it."""

    async def keep(self, reading: Reading) -> None: ...
