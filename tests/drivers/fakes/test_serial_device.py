"""Virtual wired devices over a real pseudo-terminal: what they say, what they must be told, and a pulled cable."""

from __future__ import annotations

import asyncio
import os
import tty
from pathlib import Path

import pytest

from drivers.fakes.script import DeviceScript
from drivers.fakes.serial_device import SerialPlayer
from drivers.fakes.virtual_time import VirtualClock
from drivers.fakes.wired import SELECT_DATA_FORMAT_8, VirtualContecE, VirtualNoninWired, VirtualRiceLake

QUICK = DeviceScript(duration_s=0.0)
CONTEC_START = bytes.fromhex("7D81A1808080808080")


async def read(port: int, length: int) -> bytes:
    """So many bytes of what comes."""
    said = b""
    async with asyncio.timeout(20):
        while len(said) < length:
            ready = asyncio.Event()
            asyncio.get_running_loop().add_reader(port, ready.set)
            await ready.wait()
            asyncio.get_running_loop().remove_reader(port)
            said += os.read(port, 4096)
    return said


def opened(path: Path) -> int:
    port = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(port)
    return port


async def test_a_scale_prints_over_the_port(tmp_path: Path) -> None:
    scale = VirtualRiceLake(VirtualClock(asyncio.get_running_loop()), QUICK)
    player = SerialPlayer(scale, tmp_path / "by-id")
    player.plug_in()
    port = opened(player.path)
    scale.expect()
    assert await read(port, 20) == b"     72.4 kg Gross\r\n"
    os.close(port)
    await player.unplug()


@pytest.mark.parametrize(
    ("make", "opening", "first"),
    [(VirtualNoninWired, SELECT_DATA_FORMAT_8, b"\x06"), (VirtualContecE, CONTEC_START, b"\x01")],
)
async def test_one_that_must_be_woken_is_silent_until_then(
    tmp_path: Path, make: type[VirtualNoninWired] | type[VirtualContecE], opening: bytes, first: bytes
) -> None:
    oximeter = make(VirtualClock(asyncio.get_running_loop()), QUICK)
    player = SerialPlayer(oximeter, tmp_path)
    player.plug_in()
    port = opened(player.path)
    oximeter.expect()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await read(port, 1)
    asyncio.get_running_loop().remove_reader(port)
    os.write(port, opening)
    assert (await read(port, 1))[:1] == first
    os.close(port)
    await player.unplug()


async def test_a_pulled_cable_is_gone_and_may_come_back(tmp_path: Path) -> None:
    scale = VirtualRiceLake(VirtualClock(asyncio.get_running_loop()), QUICK)
    player = SerialPlayer(scale, tmp_path)
    player.plug_in()
    port = opened(player.path)
    await player.unplug()
    assert not player.path.is_symlink()
    assert os.read(port, 1) == b""
    os.close(port)
    player.plug_in()
    port = opened(player.path)
    scale.expect()
    assert (await read(port, 20)).endswith(b"\r\n")
    os.close(port)
    await player.unplug()
