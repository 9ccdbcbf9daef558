"""Real bleak against BlueZoo: the radio's surroundings come and go, and the radio with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from drivers.ble import recovery
from drivers.errors import LinkError, LinkReason
from drivers.gatt import BLOOD_PRESSURE_SERVICE
from tests.drivers.ble.bluez_world import OURS, THEIRS, BluezWorld
from tests.drivers.ble.running import QUICK, running
from tests.drivers.ble.virtual_device import NAME, VirtualDevice


class Desk:
    """Somebody else on the bus, who switches things."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus

    async def call(self, path: str, interface: str, member: str, signature: str, body: list[object]) -> list[object]:
        reply = await self._bus.call(Message("org.bluez", path, interface, member, signature=signature, body=body))
        assert reply is not None
        assert reply.message_type is not MessageType.ERROR, reply.body
        return reply.body

    async def watch_power(self, seen: list[bool]) -> None:
        rule = "type='signal',member='PropertiesChanged',path='/org/bluez/hci0'"
        await self._bus.call(
            Message("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "AddMatch", signature="s", body=[rule])
        )

        def heard(message: Message) -> None:
            if message.member == "PropertiesChanged" and "Powered" in message.body[1]:
                seen.append(message.body[1]["Powered"].value)

        self._bus.add_message_handler(heard)

    async def power(self, on: bool) -> None:
        body: list[object] = ["org.bluez.Adapter1", "Powered", Variant("b", on)]
        await self.call("/org/bluez/hci0", "org.freedesktop.DBus.Properties", "Set", "ssv", body)

    async def adapter(self, number: int, address: str) -> None:
        await self.call("/org/bluezoo", "org.bluezoo.Manager1", "AddAdapter", "ys", [number, address])

    async def no_adapter(self, number: int) -> None:
        await self.call("/org/bluezoo", "org.bluezoo.Manager1", "RemoveAdapter", "y", [number])


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    try:
        yield Desk(bus)
    finally:
        bus.disconnect()


async def test_whatever_is_missing_is_said_and_comes_back_by_itself(world: BluezWorld, bleak_ends: None) -> None:
    async with running(power_on=False) as run:
        said = run.listener
        await said.until(LinkReason.NO_BUS)  # not even a socket

        world.start_bus()
        await asyncio.sleep(0.5)
        assert said.said == [LinkReason.NO_BUS]  # a bus, but no Bluetooth daemon on it

        world.start_daemon(enabled=False)
        await said.until(LinkReason.NO_ADAPTER)

        async with desk() as other:
            await other.adapter(0, OURS)
            await said.until(LinkReason.POWERED_OFF)
            await other.power(True)
            await said.until(None)
            assert run.radio.agent.registered

            await other.power(False)
            await said.until(LinkReason.POWERED_OFF)
            await other.power(True)
            await said.until(None)

            await other.no_adapter(0)
            await said.until(LinkReason.NO_ADAPTER)
            await other.adapter(0, OURS)
            await other.power(True)
            await said.until(None)

        world.stop_daemon()
        await said.until(LinkReason.NO_BUS)
        world.start_daemon(OURS)
        await said.until(None)
        assert run.radio.agent.registered
    assert not run.radio.agent.registered


async def test_a_radio_that_is_off_is_switched_on(world: BluezWorld, bleak_ends: None) -> None:
    world.start_bus()
    world.start_daemon(OURS, enabled=False)
    async with running() as run:
        await run.listener.until(None)
        assert run.listener.said == [None]


async def test_devices_are_heard_for_enrolment(device: VirtualDevice) -> None:
    async with running() as run, asyncio.timeout(10):
        async for address, advertisement, _rssi in run.radio.advertisements():
            assert address == THEIRS
            assert advertisement.name == NAME
            assert BLOOD_PRESSURE_SERVICE in advertisement.services
            break


async def test_an_unknown_address_is_waited_for_without_harm(device: VirtualDevice) -> None:
    async with running() as run:
        await run.listener.until(None)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await run.radio.connect("00:00:00:00:00:99", since=0.0, pair=False, judged=lambda _allowed: False)


async def test_silence_after_sound_is_mended_step_by_step_and_then_said(device: VirtualDevice) -> None:
    patience = recovery.Patience(silence=1.5, step=0.6, usual=1.5)
    powered: list[bool] = []
    async with desk() as other, running(msgspec.structs.replace(QUICK, patience=patience)) as run:
        await other.watch_power(powered)
        async with asyncio.timeout(10):
            await run.radio.sightings.of(THEIRS, since=0.0)
        await device.fall_silent()
        await run.listener.until(LinkReason.TIMED_OUT)
        assert powered == [False, True]
        assert run.listener.said == [None, LinkReason.TIMED_OUT]
        await device.advertise()
        await run.listener.until(None)


async def test_a_link_left_over_from_a_crash_is_closed(device: VirtualDevice) -> None:
    async with running() as before:
        async with asyncio.timeout(10):
            await before.radio.sightings.of(THEIRS, since=0.0)
    await device.link_again()
    assert await device.property("Connected") is True
    async with running(known=(THEIRS.lower(),)) as run:
        await run.listener.until(None)
        assert await device.property("Connected") is False


async def test_a_lost_daemon_ends_the_link_and_the_radio_comes_back(world: BluezWorld, device: VirtualDevice) -> None:
    async with running() as run:
        async with asyncio.timeout(15), run.radio.agent.window(THEIRS, 15):
            link = await run.cuff(may_pair=True).connect()
        packets = await link.subscribe(device.measurement.uuid)
        world.stop_daemon()
        with pytest.raises(LinkError) as caught:
            async with asyncio.timeout(10):
                await anext(packets)
        assert caught.value.reason is LinkReason.LINK_LOST
        await link.close()
        await run.listener.until(LinkReason.NO_BUS)
        world.start_daemon(OURS)
        await run.listener.until(None)
