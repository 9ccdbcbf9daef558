"""Virtual time: order as on an ordinary loop, nobody waits, a hang is raised."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from drivers.fakes.virtual_time import SUMMER_MORNING, HangError, VirtualClock, VirtualTimeLoop, run


def test_hours_pass_in_order_and_at_once() -> None:
    async def main(clock: VirtualClock) -> list[tuple[str, timedelta]]:
        seen: list[tuple[str, timedelta]] = []

        async def wait(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            seen.append((name, clock.now() - SUMMER_MORNING))

        await asyncio.gather(wait("late", 7200), wait("early", 0.25), wait("middle", 3600))
        return seen

    began = time.monotonic()
    assert run(main) == [
        ("early", timedelta(seconds=0.25)),
        ("middle", timedelta(hours=1)),
        ("late", timedelta(hours=2)),
    ]
    assert time.monotonic() - began < 30


def test_limits_in_time_hold() -> None:
    async def main(clock: VirtualClock) -> timedelta:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(90):
                await asyncio.Event().wait()
        return clock.now() - SUMMER_MORNING

    assert run(main) == timedelta(seconds=90)


def test_small_steps_after_a_long_time_end() -> None:
    async def main(clock: VirtualClock) -> float:
        await asyncio.sleep(3.0e7)
        for _ in range(1000):
            await asyncio.sleep(0.001)
            due = asyncio.Event()
            asyncio.get_running_loop().call_at(asyncio.get_running_loop().time(), due.set)
            await due.wait()
        return asyncio.get_running_loop().time()

    assert run(main, limit_s=1e9) == pytest.approx(3.0e7 + 1, abs=1e-3)


def test_a_hang_is_raised_not_waited_for() -> None:
    async def main(clock: VirtualClock) -> None:
        await asyncio.Event().wait()

    with pytest.raises(HangError, match="nobody"):
        run(main)


def test_an_endless_conversation_is_a_hang_too() -> None:
    async def main(clock: VirtualClock) -> None:
        while True:
            await asyncio.sleep(1)

    with pytest.raises(HangError, match="120"):
        run(main, limit_s=120)


def test_threads_are_waited_for_while_the_clock_stands_still() -> None:
    async def main(clock: VirtualClock) -> bool:
        timer = asyncio.create_task(asyncio.sleep(0.01))
        await asyncio.to_thread(time.sleep, 0.1)
        assert asyncio.get_running_loop().time() < 1e-9
        return timer.done()

    assert not run(main)


def test_the_clock_can_jump_without_disturbing_timers() -> None:
    async def main(clock: VirtualClock) -> timedelta:
        clock.jump(timedelta(days=365))
        await asyncio.sleep(1)
        return clock.now() - SUMMER_MORNING

    assert run(main) == timedelta(days=365, seconds=1)


@pytest.mark.virtual_time
async def test_the_marker_gives_a_whole_test_virtual_time() -> None:
    assert isinstance(asyncio.get_running_loop(), VirtualTimeLoop)
    await asyncio.sleep(10_000)
