"""A radio that runs on the private bus, and what it says of itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers.ble.peripheral import RadioPeripheral, Tries
from drivers.ble.radio import Radio, RadioLimits
from drivers.errors import LinkReason
from drivers.readings import DeviceIdentity
from drivers.supported_device import Bonding
from tests.drivers.ble.bluez_world import THEIRS

CUFF = DeviceIdentity(model="UA-651BLE", manufacturer="A&D Medical", address=THEIRS)

QUICK = RadioLimits(call=5, check=0.2, again=0.3, connect=8, pair=8, resume=0.1, power=0.05)


class Listener:
    """Remembers what the radio said of itself."""

    def __init__(self) -> None:
        self.said: list[LinkReason | None] = []
        self._changed = asyncio.Event()

    def radio_state(self, reason: LinkReason | None) -> None:
        self.said.append(reason)
        self._changed.set()

    async def until(self, reason: LinkReason | None, seconds: float = 15) -> None:
        """Until that is the latest that was said."""
        async with asyncio.timeout(seconds):
            while not self.said or self.said[-1] is not reason:
                self._changed.clear()
                await self._changed.wait()


class Running:
    """A radio that runs on the private bus."""

    def __init__(self, radio: Radio, listener: Listener) -> None:
        self.radio = radio
        self.listener = listener

    def cuff(self, *, may_pair: bool = False, tries: Tries | None = None) -> RadioPeripheral:
        return RadioPeripheral(CUFF, self.radio, Bonding.REQUIRED_ONE_HOST, may_pair=may_pair, tries=tries)


@asynccontextmanager
async def running(
    limits: RadioLimits = QUICK, *, known: tuple[str, ...] = (), power_on: bool = True
) -> AsyncIterator[Running]:
    listener = Listener()
    radio = Radio("hci0", listener, limits=limits, known=known, power_on=power_on)
    task = asyncio.create_task(radio.run())
    try:
        yield Running(radio, listener)
    finally:
        task.cancel()
        await asyncio.wait({task})
