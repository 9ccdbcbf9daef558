"""Real bleak against BlueZoo: conversations with a device much like an A&D cuff."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from drivers.ble.peripheral import BroadcastPeripheral, RadioPeripheral, Tries
from drivers.catalog import by_model, recognise
from drivers.device import Link
from drivers.dialogues.dialogue import End
from drivers.errors import LinkError, LinkReason
from drivers.gatt import (
    BATTERY_LEVEL,
    BLOOD_PRESSURE_MEASUREMENT,
    DATE_TIME,
    GLUCOSE_MEASUREMENT,
    MODEL_NUMBER,
    service_data,
)
from drivers.readings import QuantityName
from drivers.session import Limits, hold
from drivers.supported_device import Bonding, Enrolment
from tests.drivers.ble.bluez_world import THEIRS
from tests.drivers.ble.running import CUFF, Running, running
from tests.drivers.ble.virtual_device import VirtualDevice
from tests.drivers.hand_clock import HandClock
from tests.drivers.talking import MemoryJournal

_CAPTURED = bytes.fromhex("167D0050006600E10701100C273640000000")  # UA-651BLE; ThingML-BLE project
_FAILED = bytes.fromhex("16FF07FF07FF07E107010E162C04FF070000")
_SCALE = "0000181b-0000-1000-8000-00805f9b34fb"


@pytest.fixture
async def run(device: VirtualDevice) -> AsyncIterator[Running]:
    async with running() as made:
        yield made


async def _paired(run: Running) -> Link:
    async with asyncio.timeout(15), run.radio.agent.window(THEIRS, 15):
        return await run.cuff(may_pair=True).connect()


async def test_scan_recognise_pair_talk_and_talk_again(device: VirtualDevice, run: Running) -> None:
    async with asyncio.timeout(10):
        sighting = await run.radio.sightings.of(THEIRS, since=0.0)
    entry = recognise(sighting.advertisement)
    assert entry is not None
    assert entry.model == "UA-651BLE"

    link = await _paired(run)
    assert await device.property("Paired") is True
    packets = await link.subscribe(BLOOD_PRESSURE_MEASUREMENT)
    assert await link.read(DATE_TIME) == device.clock.value
    await link.write(DATE_TIME, b"\xea\x07\x07\x1f\x09\x1e\x00")
    assert device.clock.written == [b"\xea\x07\x07\x1f\x09\x1e\x00"]
    for record in (_FAILED, _CAPTURED, _CAPTURED):
        device.measurement.indicate(record)
    async with asyncio.timeout(5):
        assert [await anext(packets) for _ in range(3)] == [_FAILED, _CAPTURED, _CAPTURED]
    await device.hang_up()
    async with asyncio.timeout(5):
        assert [packet async for packet in packets] == []  # the end, no error
    with pytest.raises(LinkError) as caught:
        await link.read(MODEL_NUMBER)
    assert caught.value.reason is LinkReason.LINK_LOST
    await link.close()

    await device.link_again()
    async with asyncio.timeout(10):
        again = await run.cuff().connect()  # by the bond alone
    packets = await again.subscribe(BLOOD_PRESSURE_MEASUREMENT)
    device.measurement.indicate(_CAPTURED)
    async with asyncio.timeout(5):
        assert await anext(packets) == _CAPTURED
    device.measurement.indicate(_FAILED)  # unread when the link is closed: kept for whoever still reads
    await asyncio.sleep(0.2)
    await again.close()
    assert [packet async for packet in packets] == [_FAILED]


async def test_the_whole_way_from_the_air_to_a_reading(device: VirtualDevice, run: Running) -> None:
    """The A&D dialogue over real bleak: subscribed, clock read and set, one failed and one good record, hung up."""

    async def cuff() -> None:
        await device.measurement.subscribed.wait()
        while not device.clock.written:
            await asyncio.sleep(0.02)
        device.measurement.indicate(_FAILED)
        device.measurement.indicate(_CAPTURED)
        await asyncio.sleep(0.3)
        await device.hang_up()

    playing = asyncio.create_task(cuff())
    link = await _paired(run)
    journal = MemoryJournal()
    dialogue = by_model("UA-651BLE").dialogue(Enrolment())
    async with asyncio.timeout(20):
        collected = await hold(
            dialogue, link, CUFF, HandClock(), journal, show=lambda _shown: None, limits=Limits(operation=5)
        )
    await playing
    assert collected.end is End.COMPLETE
    assert [reading.value.value(QuantityName.SYSTOLIC) for reading in collected.kept] == [None, 125]
    clock = collected.kept[1].clock
    assert clock is not None
    assert clock.device_time is not None
    assert clock.device_time.isoformat() == "2025-01-12T16:30:00"


async def test_the_answer_to_a_read_does_not_come_as_a_notification_too(device: VirtualDevice, run: Running) -> None:
    link = await _paired(run)
    packets = await link.subscribe(BLOOD_PRESSURE_MEASUREMENT)
    answer = await link.read(BLOOD_PRESSURE_MEASUREMENT)
    device.measurement.indicate(answer)  # what BlueZ adds of its own accord; BlueZoo does not
    device.measurement.indicate(_CAPTURED)
    async with asyncio.timeout(5):
        assert await anext(packets) == _CAPTURED
    await link.close()


async def test_what_the_device_has_not_is_a_protocol_fault_and_the_line_stays(
    device: VirtualDevice, run: Running
) -> None:
    link = await _paired(run)
    for operation in (link.subscribe(GLUCOSE_MEASUREMENT), link.subscribe(DATE_TIME), link.read(BATTERY_LEVEL)):
        with pytest.raises(LinkError) as caught:
            await operation
        assert caught.value.reason is LinkReason.PROTOCOL
    assert await link.read(MODEL_NUMBER) == b"UA-651BLE\0"
    await link.close()
    await link.close()


async def test_without_a_bond_nothing_is_connected_outside_pairing(device: VirtualDevice, run: Running) -> None:
    with pytest.raises(LinkError) as caught:
        async with asyncio.timeout(10):
            await run.cuff().connect()
    assert caught.value.reason is LinkReason.STALE_BOND
    assert await device.property("Connected") is False
    assert await device.property("Paired") is False


async def test_a_device_that_needs_no_bond_gets_none(device: VirtualDevice, run: Running) -> None:
    async with asyncio.timeout(10):
        link = await RadioPeripheral(CUFF, run.radio, Bonding.NONE).connect()
    assert await link.read(MODEL_NUMBER) == b"UA-651BLE\0"
    await link.close()
    assert await device.property("Paired") is False


async def test_one_connection_at_a_time(device: VirtualDevice, run: Running) -> None:
    first = await _paired(run)
    second = asyncio.create_task(run.cuff().connect())
    await asyncio.sleep(1)
    assert not second.done()
    await device.hang_up()
    await first.close()
    await device.link_again()
    async with asyncio.timeout(10):
        link = await second
    await link.close()


async def test_a_forgotten_link_is_closed(device: VirtualDevice, run: Running) -> None:
    link = await _paired(run)
    link._outlived()  # type: ignore[attr-defined]  # what the timer does after five minutes
    with pytest.raises(LinkError) as caught:
        await link.read(MODEL_NUMBER)
    assert caught.value.reason is LinkReason.TIMED_OUT
    async with asyncio.timeout(10):
        while await device.property("Connected"):
            await asyncio.sleep(0.05)


async def test_a_device_that_stops_advertising_is_given_up(device: VirtualDevice, run: Running) -> None:
    """BlueZoo cannot connect to a radio whose application has gone, and nothing is heard of it any more."""
    async with asyncio.timeout(10):
        await run.radio.sightings.of(THEIRS, since=0.0)
    await device.fall_silent()
    device.vanish()
    with pytest.raises(LinkError):
        async with asyncio.timeout(20):
            link = await RadioPeripheral(CUFF, run.radio, Bonding.NONE, tries=Tries(again=0.5)).connect()
            await link.read(MODEL_NUMBER)


async def test_a_broadcast_is_heard_once_and_only_its_news(device: VirtualDevice, run: Running) -> None:
    peripheral = BroadcastPeripheral(CUFF, run.radio)
    await device.advertise({_SCALE: b"seventy"})
    async with asyncio.timeout(15):
        link = await peripheral.connect()
        packets = await link.subscribe(service_data(_SCALE))
        assert await anext(packets) == b"seventy"
        await device.advertise({_SCALE: b"seventy-two"})
        assert await anext(packets) == b"seventy-two"
    with pytest.raises(LinkError) as caught:
        await link.read(DATE_TIME)
    assert caught.value.reason is LinkReason.PROTOCOL
    await link.close()
    assert [packet async for packet in packets] == []


async def test_what_the_device_does_not_allow_is_refused(device: VirtualDevice, run: Running) -> None:
    device.clock.refuses = True
    link = await _paired(run)
    for _ in range(4):
        with pytest.raises(LinkError) as caught:
            await link.read(DATE_TIME)
        assert caught.value.reason is LinkReason.REFUSED  # once a connection: not yet a stale bond
    assert await link.read(MODEL_NUMBER) == b"UA-651BLE\0"
    await link.close()
