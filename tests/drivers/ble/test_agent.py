"""Our agent on a real bus, called as BlueZ calls it, and registered with BlueZoo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

from drivers.ble.agent import PATH, PairingAgent
from tests.drivers.ble.bluez_world import OURS, THEIRS, BluezWorld

_DEVICE = "/org/bluez/hci0/dev_00_00_00_00_00_0B"
_FOREIGN = "/org/bluez/hci0/dev_00_00_00_00_00_0C"
_REJECTED = "org.bluez.Error.Rejected"


class _Asking:
    """BlueZ's side: the answer, or the name of the error."""

    def __init__(self, bus: MessageBus, agent: MessageBus) -> None:
        self._bus = bus
        self._agent = agent

    async def __call__(self, member: str, signature: str = "o", *body: object) -> object:
        reply = await self._bus.call(
            Message(self._agent.unique_name, PATH, "org.bluez.Agent1", member, signature=signature, body=list(body))
        )
        assert reply is not None
        if reply.message_type is MessageType.ERROR:
            return reply.error_name
        return reply.body[0] if reply.body else None


@asynccontextmanager
async def _registered(agent: PairingAgent) -> AsyncIterator[_Asking]:
    ours = await MessageBus(bus_type=BusType.SYSTEM).connect()
    bluez = await MessageBus(bus_type=BusType.SYSTEM).connect()
    await agent.register(ours)
    try:
        yield _Asking(bluez, ours)
    finally:
        await agent.unregister()
        ours.disconnect()
        bluez.disconnect()


@pytest.fixture
def bluezoo(world: BluezWorld) -> BluezWorld:
    world.start_bus()
    world.start_daemon(OURS, THEIRS)
    return world


async def test_outside_the_window_everybody_is_rejected(bluezoo: BluezWorld) -> None:
    agent = PairingAgent()
    async with _registered(agent) as ask:
        assert agent.registered
        for device in (_DEVICE, _FOREIGN):
            assert await ask("RequestAuthorization", "o", device) == _REJECTED
            assert await ask("RequestPasskey", "o", device) == _REJECTED
            assert await ask("RequestPinCode", "o", device) == _REJECTED
            assert await ask("RequestConfirmation", "ou", device, 123456) == _REJECTED
            assert await ask("DisplayPasskey", "ouq", device, 123456, 0) == _REJECTED
            assert await ask("DisplayPinCode", "os", device, "0000") == _REJECTED
            assert await ask("AuthorizeService", "os", device, "110e") == _REJECTED
        assert await ask("Cancel", "") is None
    assert not agent.registered


async def test_in_the_window_only_the_chosen_device(bluezoo: BluezWorld) -> None:
    agent = PairingAgent()
    async with _registered(agent) as ask:
        async with agent.window(THEIRS, 30):
            assert await ask("RequestAuthorization", "o", _DEVICE) is None
            assert await ask("RequestAuthorization", "o", _FOREIGN) == _REJECTED
            assert await ask("RequestPasskey", "o", _DEVICE) == _REJECTED  # nobody is there to type
        assert await ask("RequestAuthorization", "o", _DEVICE) == _REJECTED


async def test_the_window_closes_by_itself(bluezoo: BluezWorld) -> None:
    agent = PairingAgent()
    async with _registered(agent) as ask, agent.window(THEIRS, 0.1):
        await asyncio.sleep(0.15)
        assert await ask("RequestAuthorization", "o", _DEVICE) == _REJECTED


async def test_a_passkey_is_asked_of_the_person(bluezoo: BluezWorld) -> None:
    agent = PairingAgent()
    typed: list[int | None] = [123456, None, 1_000_000]

    async def passkey() -> int | None:
        return typed.pop(0)

    async with _registered(agent) as ask, agent.window(THEIRS, 30, passkey=passkey):
        assert agent.registered  # anew, with another capability
        assert await ask("RequestPasskey", "o", _FOREIGN) == _REJECTED
        assert await ask("RequestPasskey", "o", _DEVICE) == 123456
        assert await ask("RequestPasskey", "o", _DEVICE) == _REJECTED
        assert await ask("RequestPasskey", "o", _DEVICE) == _REJECTED


async def test_two_numbers_are_compared_by_the_person(bluezoo: BluezWorld) -> None:
    agent = PairingAgent()

    async def same(number: int) -> bool:
        return number == 42

    async with _registered(agent) as ask, agent.window(THEIRS, 30, same=same):
        assert await ask("RequestConfirmation", "ou", _DEVICE, 42) is None
        assert await ask("RequestConfirmation", "ou", _DEVICE, 43) == _REJECTED


@pytest.mark.parametrize("how", ["Cancel", "Release"])
async def test_bluez_takes_its_question_back(bluezoo: BluezWorld, how: str) -> None:
    agent = PairingAgent()
    asked = asyncio.Event()

    async def passkey() -> int | None:
        asked.set()
        await asyncio.Event().wait()
        return None

    async with _registered(agent) as ask, agent.window(THEIRS, 30, passkey=passkey):
        question = asyncio.create_task(ask("RequestPasskey", "o", _DEVICE))
        async with asyncio.timeout(5):
            await asked.wait()
            await ask(how, "")
            assert await question == _REJECTED


async def test_without_bluez_the_agent_is_not_registered_and_nothing_raises(world: BluezWorld) -> None:
    world.start_bus()
    agent = PairingAgent()
    async with _registered(agent) as ask:
        assert not agent.registered
        assert await ask("RequestAuthorization", "o", _DEVICE) == _REJECTED
