"""A wired device that is waited for: cable out and in again, device off and on again, port in somebody's hands."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path

import pytest

from drivers.device import Link, Peripheral
from drivers.errors import LinkError, LinkReason
from drivers.gatt import SERIAL_RECEIVE
from drivers.readings import DeviceIdentity
from drivers.serial.peripheral import SerialPeripheral, Waking, wired_peripheral
from drivers.serial.port import SerialPort
from drivers.supported_device import SerialLine
from tests.drivers.hand_clock import OSLO_SUMMER
from tests.drivers.serial.cable import NAME, Cable
from tests.drivers.serial.pretended import entry

LINE = SerialLine(9600)
IDENTITY = DeviceIdentity(model="Onyx", manufacturer="Nonin", address=NAME)
NOW = datetime(2026, 7, 31, 9, 30, tzinfo=OSLO_SUMMER)
SOON_S = 5.0
OPENING = bytes.fromhex("027002020803")


def peripheral(cable: Cable, waking: Waking | None = None) -> Peripheral:
    return SerialPeripheral(IDENTITY, cable.path, LINE, waking=waking, poll_s=0.02)


async def first_chunk(link: Link) -> bytes:
    async with asyncio.timeout(SOON_S):
        return await anext(await link.subscribe(SERIAL_RECEIVE))


async def test_connects_at_once_when_the_cable_is_there(cable: Cable) -> None:
    device = peripheral(cable)
    assert device.identity == IDENTITY
    device.expect()
    link = await asyncio.wait_for(device.connect(), SOON_S)
    cable.says(b"hello")
    assert await first_chunk(link) == b"hello"
    await link.close()


async def test_waits_for_the_cable_and_notices_it_within_a_second(folder: Path) -> None:
    cable = Cable(folder)
    connecting = asyncio.create_task(SerialPeripheral(IDENTITY, cable.path, LINE).connect())
    await asyncio.sleep(0.05)
    assert not connecting.done()
    cable.plug_in()
    link = await asyncio.wait_for(connecting, 1.0)
    await link.close()
    cable.pull_out()


async def test_a_name_that_points_nowhere_is_waited_for(folder: Path) -> None:
    cable = Cable(folder)
    cable.path.symlink_to(folder / "not yet")
    connecting = asyncio.create_task(peripheral(cable).connect())
    await asyncio.sleep(0.1)
    assert not connecting.done()
    cable.path.unlink()
    cable.plug_in()
    link = await asyncio.wait_for(connecting, SOON_S)
    await link.close()
    cable.pull_out()


async def test_pulled_out_it_is_lost_and_comes_back_as_another_tty(cable: Cable) -> None:
    device = peripheral(cable)
    link = await device.connect()
    chunks = await link.subscribe(SERIAL_RECEIVE)
    before = cable.path.resolve()
    cable.pull_out()
    with pytest.raises(LinkError) as caught:
        await asyncio.wait_for(anext(chunks), SOON_S)
    assert caught.value.reason is LinkReason.LINK_LOST
    await link.close()

    connecting = asyncio.create_task(device.connect())
    await asyncio.sleep(0.1)
    assert not connecting.done()
    in_its_place = os.openpty()  # takes the number of the old tty
    cable.plug_in()
    assert cable.path.resolve() != before
    link = await asyncio.wait_for(connecting, SOON_S)
    cable.says(b"back")
    assert await first_chunk(link) == b"back"
    await link.close()
    for end in in_its_place:
        os.close(end)


async def test_a_cable_out_for_long_is_said_once_and_then_waited_for(cable: Cable) -> None:
    device = SerialPeripheral(IDENTITY, cable.path, LINE, poll_s=0.02, missing_s=0.1)
    for _ in range(2):
        cable.pull_out()
        with pytest.raises(LinkError) as caught:
            await asyncio.wait_for(device.connect(), SOON_S)
        assert caught.value.reason is LinkReason.PORT_MISSING
        connecting = asyncio.create_task(device.connect())
        await asyncio.sleep(0.3)
        assert not connecting.done()
        cable.plug_in()
        link = await asyncio.wait_for(connecting, SOON_S)
        await link.close()


async def test_a_device_pulled_out_while_it_is_waited_for_is_said_too(cable: Cable) -> None:
    device = SerialPeripheral(IDENTITY, cable.path, LINE, waking=Waking(), poll_s=0.02, missing_s=0.1)
    connecting = asyncio.create_task(device.connect())
    await asyncio.sleep(0.1)
    cable.pull_out()
    with pytest.raises(LinkError) as caught:
        await asyncio.wait_for(connecting, SOON_S)
    assert caught.value.reason is LinkReason.PORT_MISSING
    cable.plug_in()
    link = await asyncio.wait_for(device.connect(), SOON_S)  # it is back, and has not spoken
    await link.close()
    connecting = asyncio.create_task(device.connect())
    await asyncio.sleep(0.1)
    assert not connecting.done()
    cable.says(b"\x80")
    await (await asyncio.wait_for(connecting, SOON_S)).close()


async def test_a_port_in_use_is_tried_again_and_then_said(cable: Cable) -> None:
    somebody = SerialPort.open(cable.path, LINE)
    with pytest.raises(LinkError) as caught:
        await asyncio.wait_for(peripheral(cable).connect(), SOON_S)
    assert caught.value.reason is LinkReason.PORT_IN_USE

    connecting = asyncio.create_task(SerialPeripheral(IDENTITY, cable.path, LINE, poll_s=0.3).connect())
    await asyncio.sleep(0.1)
    somebody.close()
    link = await asyncio.wait_for(connecting, SOON_S)
    await link.close()


async def test_what_is_no_serial_port_is_said_at_once(folder: Path) -> None:
    path = folder / NAME
    path.symlink_to("/dev/null")
    with pytest.raises(LinkError) as caught:
        await asyncio.wait_for(SerialPeripheral(IDENTITY, path, LINE).connect(), SOON_S)
    assert caught.value.reason is LinkReason.PROTOCOL


async def test_a_device_that_is_switched_off_is_waited_for(cable: Cable) -> None:
    connecting = asyncio.create_task(peripheral(cable, Waking()).connect())
    await asyncio.sleep(0.1)
    assert not connecting.done()
    cable.says(b"\x80\x39\x62\x20")
    link = await asyncio.wait_for(connecting, SOON_S)
    assert await first_chunk(link) == b"\x80\x39\x62\x20"
    await link.close()


async def test_a_device_that_must_be_woken_is_woken_again_and_its_mere_answer_is_not_a_measurement(
    cable: Cable,
) -> None:
    os.set_blocking(cable.device, False)
    connecting = asyncio.create_task(peripheral(cable, Waking((OPENING,), every_s=0.05)).connect())
    told = b""
    async with asyncio.timeout(SOON_S):
        while told.count(OPENING) < 3:
            await asyncio.sleep(0.01)
            try:
                told += os.read(cable.device, 4096)
            except BlockingIOError:
                continue
            except OSError:  # not open yet
                continue
            cable.says(b"\x06")
    assert not connecting.done()
    assert told.replace(OPENING, b"") == b""
    cable.says(b"\x80\x39\x62\x20")
    link = await asyncio.wait_for(connecting, SOON_S)
    assert (await first_chunk(link)).lstrip(b"\x06") == b"\x80\x39\x62\x20"
    await link.close()


async def test_a_cable_pulled_while_the_device_is_waited_for_is_waited_for_too(cable: Cable) -> None:
    connecting = asyncio.create_task(peripheral(cable, Waking((OPENING,), every_s=0.05)).connect())
    await asyncio.sleep(0.1)
    cable.pull_out()
    await asyncio.sleep(0.1)
    assert not connecting.done()
    cable.plug_in()
    await asyncio.sleep(0.1)
    cable.says(b"\x80")
    link = await asyncio.wait_for(connecting, SOON_S)
    await link.close()


async def test_a_wait_that_is_given_up_leaves_the_port_free(cable: Cable) -> None:
    connecting = asyncio.create_task(peripheral(cable, Waking()).connect())
    await asyncio.sleep(0.1)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    SerialPort.open(cable.path, LINE).close()


def test_an_enrolled_device_is_named_by_its_port(folder: Path) -> None:
    device = wired_peripheral(entry("Onyx", LINE, b"\x80"), NAME, NOW, folder=folder)
    assert device.identity == DeviceIdentity(model="Onyx", manufacturer="Pretended", address=NAME)


@pytest.mark.parametrize("name", ["", ".", "..", "../../sda", "a/b", "a\0b"])
def test_a_name_that_leads_elsewhere_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match="plain file name"):
        wired_peripheral(entry("Onyx", LINE, b"\x80"), name, NOW, folder=folder)


def test_a_device_without_a_line_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="not a wired device"):
        wired_peripheral(entry("Onyx", None, b"\x80"), NAME, NOW, folder=folder)
