"""The private bus, and the end of bleak's connection to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from bleak.backends.bluezdbus import manager

from tests.drivers.ble.bluez_world import OURS, THEIRS, BluezWorld
from tests.drivers.ble.virtual_device import VirtualDevice


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BluezWorld]:
    """Nothing runs yet; the process looks for its system bus there."""
    made = BluezWorld(tmp_path)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", made.address)
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
async def bleak_ends() -> AsyncIterator[None]:
    """bleak keeps one connection per event loop, for ever; each test has a loop of its own."""
    yield
    for instance in list(manager._global_instances.values()):
        if instance._bus is not None and instance._bus.connected:
            instance._bus.disconnect()
            if instance._bus_watcher_task is not None:
                await instance._bus_watcher_task
    manager._global_instances.clear()


@pytest.fixture
async def device(world: BluezWorld, bleak_ends: None) -> AsyncIterator[VirtualDevice]:
    """Both programs run, and a device advertises."""
    world.start_bus()
    world.start_daemon(OURS, THEIRS)
    appeared = await VirtualDevice.appear()
    try:
        yield appeared
    finally:
        appeared.vanish()
