"""Who was heard, and who waits to hear whom. Knows no Bluetooth library beyond the device object it passes through."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping

import msgspec
from bleak.backends.device import BLEDevice

from drivers.supported_device import Advertisement

MOST_REMEMBERED = 256
"""Devices. Telephones change their address every few minutes; the ones longest unheard are forgotten."""

_MOST_FOLLOWED = 1024


class Sighting(msgspec.Struct, frozen=True):
    """An advertisement that was heard: ``rssi`` in dBm, ``at`` by the event loop's clock. ``device`` is bleak's.

    ``properties``: BlueZ's of the device, which bleak keeps up to date; those in ``device.details`` may be of an
    object that BlueZ has replaced since.
    """

    address: str
    advertisement: Advertisement
    rssi: int
    at: float
    device: BLEDevice
    properties: Mapping[str, object]

    @property
    def paired(self) -> bool:
        """BlueZ has a bond with it."""
        return self.properties.get("Paired") is True


class Sightings:
    """The latest of each device, and those who want to be told."""

    def __init__(self) -> None:
        self._latest: OrderedDict[str, Sighting] = OrderedDict()
        self._listeners: list[Callable[[Sighting], None]] = []

    def add(self, sighting: Sighting) -> None:
        """A device was heard."""
        self._latest[sighting.address] = sighting
        self._latest.move_to_end(sighting.address)
        if len(self._latest) > MOST_REMEMBERED:
            self._latest.popitem(last=False)
        for listener in tuple(self._listeners):
            listener(sighting)

    def listen(self, listener: Callable[[Sighting], None]) -> Callable[[], None]:
        """Tell the listener of every sighting from now on; returns what ends that."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def latest(self, address: str) -> Sighting | None:
        """The latest sighting of the device, however old."""
        return self._latest.get(address.upper())

    async def of(self, address: str, *, since: float) -> Sighting:
        """The latest sighting of the device if it is not older than ``since`` (loop's clock), else the next one."""
        latest = self.latest(address)
        if latest is not None and latest.at >= since:
            return latest
        coming: asyncio.Future[Sighting] = asyncio.get_running_loop().create_future()

        def heard(sighting: Sighting) -> None:
            if sighting.address == address.upper() and not coming.done():
                coming.set_result(sighting)

        end = self.listen(heard)
        try:
            return await coming
        finally:
            end()

    async def follow(self) -> AsyncGenerator[Sighting, None]:
        """Every sighting from now on. Whoever does not keep up misses the oldest."""
        queue: asyncio.Queue[Sighting] = asyncio.Queue()

        def heard(sighting: Sighting) -> None:
            if queue.qsize() >= _MOST_FOLLOWED:
                queue.get_nowait()
            queue.put_nowait(sighting)

        end = self.listen(heard)
        try:
            while True:
                yield await queue.get()
        finally:
            end()
