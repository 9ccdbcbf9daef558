"""Packets in order, none lost, none twice; and limits that hold even for what does not want to end."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.ble.packets import Echo, Packets
from drivers.ble.time_limit import TimeLimit
from drivers.errors import LinkError, LinkReason


async def test_unread_packets_come_before_the_end() -> None:
    packets = Packets()
    for data in (b"1", b"1", b"2"):
        packets.put(data)
    packets.end()
    packets.put(b"late")
    assert [data async for data in packets] == [b"1", b"1", b"2"]
    with pytest.raises(StopAsyncIteration):
        await anext(packets)


async def test_a_lost_link_is_told_after_what_came_before() -> None:
    packets = Packets()
    packets.put(b"1")
    packets.end(LinkError(LinkReason.LINK_LOST))
    packets.end()
    assert await anext(packets) == b"1"
    for _ in range(2):
        with pytest.raises(LinkError) as caught:
            await anext(packets)
        assert caught.value.reason is LinkReason.LINK_LOST


async def test_giving_up_waiting_loses_nothing() -> None:
    packets = Packets()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await anext(packets)
    packets.put(b"1")
    assert await anext(packets) == b"1"


async def test_too_many_unread_end_in_an_error_not_in_a_gap() -> None:
    packets = Packets(most=3)
    for number in range(10):
        packets.put(bytes([number]))
    assert [await anext(packets) for _ in range(3)] == [b"\0", b"\1", b"\2"]
    with pytest.raises(LinkError) as caught:
        await anext(packets)
    assert caught.value.reason is LinkReason.BUSY


_STEPS = st.lists(
    st.one_of(st.sampled_from([b"a", b"b"]), st.sampled_from(["read", "answered", "failed"])), max_size=30
)


@given(_STEPS, st.booleans(), st.booleans())
def test_an_answer_comes_once_and_notifications_all(steps: list[bytes | str], early: bool, echoed: bool) -> None:
    """Whatever the order: each notification once, an echo never, as BlueZ gives at most one echo for one read."""
    out: list[bytes] = []
    sent: list[bytes] = []
    now = 0.0
    echo = Echo(out.append, lambda: now, seconds=1.0)
    reading = False
    for step in steps:
        now += 2.0
        if isinstance(step, bytes):
            echo.received(step)
            sent.append(step)
        elif step == "read" and not reading:
            reading = True
            echo.read_begins()
        elif step == "answered" and reading:
            reading = False
            if echoed and early:
                echo.received(b"answer")
            echo.read_ends(b"answer")
            if echoed and not early:
                echo.received(b"answer")
        elif step == "failed" and reading:
            reading = False
            echo.read_ends(None)
    if reading:
        echo.read_ends(None)
    assert out == sent


def test_only_one_echo_is_taken_out() -> None:
    out: list[bytes] = []
    echo = Echo(out.append, lambda: 0.0)
    echo.read_begins()
    echo.received(b"x")
    echo.received(b"x")
    echo.read_ends(b"x")
    echo.received(b"x")
    assert out == [b"x", b"x"]


async def test_what_takes_too_long_is_cut_short() -> None:
    cleared = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleared.set()

    with pytest.raises(LinkError) as caught:
        await TimeLimit().within(0.01, "wait", work())
    assert caught.value.reason is LinkReason.TIMED_OUT
    assert cleared.is_set()


async def test_what_does_not_even_end_is_left_behind() -> None:
    let_go = asyncio.Event()

    async def stubborn() -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    with pytest.raises(LinkError):
        await TimeLimit(grace_s=0.01).within(0.01, "wait", stubborn())
    let_go.set()
    await asyncio.sleep(0.01)


async def test_results_and_errors_pass() -> None:
    async def answer() -> int:
        return 7

    async def fail() -> None:
        raise FileNotFoundError

    assert await TimeLimit().within(1, "answer", answer()) == 7
    with pytest.raises(FileNotFoundError):
        await TimeLimit().within(1, "fail", fail())


async def test_whoever_is_cancelled_takes_the_work_along() -> None:
    cleared = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleared.set()

    task = asyncio.create_task(TimeLimit().within(10, "wait", work()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleared.is_set()
