"""A port as a Link: chunks, writes, a lagging consumer, a pulled cable."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.device import Link
from drivers.errors import LinkError, LinkReason
from drivers.gatt import DATE_TIME, SERIAL_RECEIVE, SERIAL_SEND
from drivers.serial.link import SerialLink, open_port
from drivers.supported_device import SerialLine
from tests.drivers.serial.cable import Cable

LINE = SerialLine(9600)
SOON_S = 5.0


async def opened(cable: Cable, **arguments: int) -> SerialLink:
    return SerialLink(await open_port(cable.path, LINE), **arguments)


async def heard(chunks: AsyncIterator[bytes], length: int) -> bytes:
    """The next bytes, at least so many."""
    together = b""
    async with asyncio.timeout(SOON_S):
        while len(together) < length:
            together += await anext(chunks)
    return together


async def reason_of(chunks: AsyncIterator[bytes]) -> LinkReason:
    with pytest.raises(LinkError) as caught:
        async with asyncio.timeout(SOON_S):
            await anext(chunks)
    return caught.value.reason


async def test_what_the_device_says_comes_complete_and_in_order(cable: Cable) -> None:
    link: Link = await opened(cable)
    chunks = await link.subscribe(SERIAL_RECEIVE)
    said = os.urandom(3000)
    for start in range(0, len(said), 7):
        cable.says(said[start : start + 7])
        if start % 70 == 0:
            await asyncio.sleep(0)
    assert await heard(chunks, len(said)) == said
    await link.close()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=20))
def test_any_chunking_carries_the_same_bytes(said: list[bytes]) -> None:
    async def carried() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            cable = Cable(Path(folder))
            cable.plug_in()
            link = await opened(cable)
            chunks = await link.subscribe(SERIAL_RECEIVE)
            for part in said:
                cable.says(part)
                await asyncio.sleep(0)
            together = await heard(chunks, sum(map(len, said)))
            await link.close()
            cable.pull_out()
            return together

    assert asyncio.run(carried()) == b"".join(said)


async def test_what_came_before_the_subscription_is_not_lost(cable: Cable) -> None:
    link = await opened(cable)
    cable.says(b"early")
    await asyncio.sleep(0.02)
    assert await heard(await link.subscribe(SERIAL_RECEIVE), 5) == b"early"
    await link.close()


async def test_a_write_reaches_the_device_before_the_line_is_closed(cable: Cable) -> None:
    link = await opened(cable)
    await link.write(SERIAL_SEND, bytes.fromhex("7D81A2808080808080"))
    await link.close()
    assert cable.was_told() == bytes.fromhex("7D81A2808080808080")


async def test_a_long_write_waits_for_the_driver_and_arrives_whole(cable: Cable) -> None:
    link = await opened(cable)
    data = os.urandom(200_000)
    os.set_blocking(cable.device, False)
    writing = asyncio.create_task(link.write(SERIAL_SEND, data))
    told = b""
    async with asyncio.timeout(SOON_S):
        while len(told) < len(data):
            try:
                told += os.read(cable.device, 65536)
            except BlockingIOError:
                await asyncio.sleep(0.001)
    await writing
    assert told == data
    await link.close()


async def test_a_write_that_nobody_takes_can_be_given_up(cable: Cable) -> None:
    link = await opened(cable)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await link.write(SERIAL_SEND, bytes(1_000_000))
    began = time.monotonic()
    await link.close()
    assert time.monotonic() - began < 2


async def test_a_write_waiting_for_the_driver_hears_of_the_pulled_cable(cable: Cable) -> None:
    link = await opened(cable)
    writing = asyncio.create_task(link.write(SERIAL_SEND, bytes(1_000_000)))
    await asyncio.sleep(0.05)
    cable.pull_out()
    with pytest.raises(LinkError) as caught:
        async with asyncio.timeout(SOON_S):
            await writing
    assert caught.value.reason is LinkReason.LINK_LOST
    await link.close()


async def test_a_write_waiting_for_the_driver_ends_when_the_link_is_closed(cable: Cable) -> None:
    link = await opened(cable)
    writing = asyncio.create_task(link.write(SERIAL_SEND, bytes(1_000_000)))
    await asyncio.sleep(0.05)
    await link.close()
    with pytest.raises(LinkError):
        await writing


async def test_a_pulled_cable_is_said_after_what_had_come(cable: Cable) -> None:
    link = await opened(cable)
    chunks = await link.subscribe(SERIAL_RECEIVE)
    cable.says(b"last words")
    await asyncio.sleep(0.02)
    cable.pull_out()
    await asyncio.sleep(0.02)
    assert await heard(chunks, 10) == b"last words"
    assert await reason_of(chunks) is LinkReason.LINK_LOST
    assert await reason_of(chunks) is LinkReason.LINK_LOST
    with pytest.raises(LinkError) as caught:
        await link.write(SERIAL_SEND, b"?")
    assert caught.value.reason is LinkReason.LINK_LOST
    await link.close()


async def test_a_cable_pulled_while_waiting_ends_the_wait(cable: Cable) -> None:
    link = await opened(cable)
    chunks = await link.subscribe(SERIAL_RECEIVE)
    waiting = asyncio.create_task(reason_of(chunks))
    await asyncio.sleep(0.01)
    cable.pull_out()
    assert await waiting is LinkReason.LINK_LOST
    await link.close()


async def test_a_cable_pulled_before_the_subscription_is_said_too(cable: Cable) -> None:
    link = await opened(cable)
    cable.pull_out()
    assert await reason_of(await link.subscribe(SERIAL_RECEIVE)) is LinkReason.LINK_LOST
    await link.close()


async def test_closing_ends_the_iterator_and_gives_the_port_back(cable: Cable) -> None:
    link = await opened(cable)
    chunks = await link.subscribe(SERIAL_RECEIVE)
    waiting = asyncio.create_task(anext(chunks, None))
    await asyncio.sleep(0.01)
    await link.close()
    await link.close()
    assert await waiting is None
    again = await opened(cable)
    await again.close()
    for operation in (link.subscribe(SERIAL_RECEIVE), link.write(SERIAL_SEND, b"?")):
        with pytest.raises(LinkError) as caught:
            await operation
        assert caught.value.reason is LinkReason.LINK_LOST


async def test_what_had_come_when_it_was_closed_is_still_given(cable: Cable) -> None:
    link = await opened(cable)
    chunks = await link.subscribe(SERIAL_RECEIVE)
    cable.says(b"one more")
    await asyncio.sleep(0.02)
    await link.close()
    assert [chunk async for chunk in chunks] == [b"one more"]


async def test_waiting_for_a_chunk_may_be_cancelled_without_loss(cable: Cable) -> None:
    link = await opened(cable)
    chunks = await link.subscribe(SERIAL_RECEIVE)
    for _ in range(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.005):
                await anext(chunks)
    cable.says(b"whole")
    assert await heard(chunks, 5) == b"whole"
    await link.close()


async def test_of_a_consumer_that_lags_the_oldest_is_dropped_and_counted(cable: Cable) -> None:
    link = await opened(cable, capacity=4)
    chunks = await link.subscribe(SERIAL_RECEIVE)
    said = b""
    for number in range(40):
        cable.says(b"%02d" % number)
        said += b"%02d" % number
        await asyncio.sleep(0.005)
    cable.says(b".")
    said += b"."
    given = b""
    async with asyncio.timeout(SOON_S):
        while not given.endswith(b"."):
            given += await anext(chunks)
    assert link.dropped_chunks > 0
    assert given == said[link.dropped_bytes :]
    await link.close()


async def test_only_the_two_pretended_characteristics_exist(cable: Cable) -> None:
    link = await opened(cable)
    await link.subscribe(SERIAL_RECEIVE)
    for operation in (
        link.subscribe(SERIAL_RECEIVE),
        link.subscribe(DATE_TIME),
        link.write(SERIAL_RECEIVE, b"?"),
        link.read(SERIAL_RECEIVE),
    ):
        with pytest.raises(LinkError) as caught:
            await operation
        assert caught.value.reason is LinkReason.PROTOCOL
    await link.close()


async def test_an_opening_that_is_cancelled_leaves_the_port_free(cable: Cable) -> None:
    opening = asyncio.create_task(open_port(cable.path, LINE))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    async with asyncio.timeout(SOON_S):
        while True:
            try:
                port = await open_port(cable.path, LINE)
                break
            except LinkError:
                await asyncio.sleep(0.01)
    port.close()
