"""The shipped virtual A&D cuff in the air: its Link carried over BlueZoo's second radio, so that real bleak meets it.

    VirtualCuff ── its Link ── PlayedCuff ── GATT application, advertisement ── BlueZoo ── bleak ── the kiosk

It advertises when it has been used, takes a connection, has its indications confirmed one by one, and hangs up. What
BlueZoo lacks is played from the kiosk's side of it: the device's hanging up, the second connection in the life of one
daemon (held by BlueZoo, taken over by bleak), and bonds that outlive the daemon.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dbus_fast.errors import DBusError

from drivers.device import Link
from drivers.fakes.cuff import VirtualCuff
from drivers.fakes.cuff_script import CuffScript
from drivers.fakes.encoding import date_time
from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT, DATE_TIME
from kiosk.measurements.wall_clock import WallClock
from tests.drivers.ble.virtual_device import VirtualDevice

SOON_S = 15.0
_AGENT = "/test/agent"


class PlayedCuff:
    """Made by :func:`played_cuff`; silent until it is used."""

    def __init__(self, device: VirtualDevice) -> None:
        self.device = device
        self.fake = VirtualCuff(WallClock(), CuffScript())
        self.connections = 0
        self._linked = False
        self._over = asyncio.Event()
        device.clock.answer = lambda: date_time(self.fake.shows())

    async def hold_start(self) -> None:
        """Into its pairing mode: it shows itself without a measurement."""
        self.fake.show()
        await self._show_itself()

    async def measure(self, *packets: str, clock_error_s: float | None = None) -> None:
        """Somebody uses it: records as the script names them, the last one taken now."""
        self.fake.script = CuffScript(packets=packets or ("normal",), inflation_s=0.0, clock_error_s=clock_error_s)
        self.fake.expect()
        await self._show_itself()

    async def hung_up(self) -> None:
        """Until the connection that it waits for is over."""
        async with asyncio.timeout(SOON_S):
            await self._over.wait()

    async def come_back(self) -> None:
        """To a daemon that was started anew, which knows nothing of it."""
        self._linked = False
        self.device.measurement.subscribed.clear()
        await self.device.register()

    async def play(self) -> None:
        """For ever: one connection after another."""
        while True:
            await self.device.measurement.subscribed.wait()
            link = await self.fake.connect()
            self.connections += 1
            await self.device.fall_silent()
            try:
                await self._carry(link)
            finally:
                await link.close()
            self._linked = True
            await self.device.hang_up()
            self._over.set()

    async def _show_itself(self) -> None:
        self._over.clear()
        if self._linked:
            await self.device.link_again()
        await self.device.advertise()

    async def _carry(self, link: Link) -> None:
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        self.device.clock.told = heard.put_nowait
        telling = asyncio.create_task(_tell(link, heard))
        try:
            async for packet in await link.subscribe(BLOOD_PRESSURE_MEASUREMENT):
                before = self.device.measurement.confirmed
                self.device.measurement.indicate(packet)
                async with asyncio.timeout(SOON_S):
                    while self.device.measurement.confirmed == before:
                        await asyncio.sleep(0.01)
        finally:
            self.device.clock.told = None
            telling.cancel()
            await asyncio.wait({telling})


async def _tell(link: Link, heard: asyncio.Queue[bytes]) -> None:
    while True:
        await link.write(DATE_TIME, await heard.get())


@asynccontextmanager
async def played_cuff(number: int = 1) -> AsyncIterator[PlayedCuff]:
    """A cuff on BlueZoo's radio of that number."""
    device = await VirtualDevice.appear(number)
    await device.fall_silent()
    cuff = PlayedCuff(device)
    playing = asyncio.create_task(cuff.play())
    try:
        yield cuff
    finally:
        playing.cancel()
        (ended,) = await asyncio.gather(playing, return_exceptions=True)
        device.vanish()
    if isinstance(ended, Exception):
        raise ended


async def bond(cuff: PlayedCuff) -> None:
    """What BlueZ would know from its disk: somebody else's scan, agent and ``Pair``, before the kiosk runs."""
    device = cuff.device
    await device.advertise()
    await device.call("/org/bluez", "org.bluez.AgentManager1", "RegisterAgent", "os", [_AGENT, "NoInputNoOutput"])
    await device.call("/org/bluez/hci0", "org.bluez.Adapter1", "StartDiscovery")
    await bond_seen(cuff)
    await device.call("/org/bluez/hci0", "org.bluez.Adapter1", "StopDiscovery")
    await device.call("/org/bluez", "org.bluez.AgentManager1", "UnregisterAgent", "o", [_AGENT])
    await device.fall_silent()


async def bond_seen(cuff: PlayedCuff) -> None:
    """Pair a device that is being heard, with the agent that there is."""
    async with asyncio.timeout(SOON_S):
        while not await _paired(cuff.device):
            await asyncio.sleep(0.1)


async def _paired(device: VirtualDevice) -> bool:
    try:
        await device.call(device.central, "org.bluez.Device1", "Pair")
    except (AssertionError, DBusError):  # not heard yet
        return False
    return await device.property("Paired") is True
