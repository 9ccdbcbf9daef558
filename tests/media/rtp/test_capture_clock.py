"""The voice's clock stays with the wall whatever the sound card does."""

from __future__ import annotations

import random

from kiosk.media.rtp.capture_clock import CaptureClock, Verdict

RATE = 48_000
BLOCK = 960


def _run(clock: CaptureClock, begin: float, count: int, *, late: float = 0.0, rate: float = RATE) -> float:
    """``count`` blocks in time; when the last one came."""
    now = begin
    for _ in range(count):
        now += BLOCK / rate
        clock.block(BLOCK, now + late, more_waiting=False)
    return now


def test_in_time_blocks_are_taken_and_the_clock_is_the_wall_s() -> None:
    clock = CaptureClock(RATE)
    assert clock.at(1.0) is None
    end = _run(clock, 5.0, 500)
    assert clock.ticks == 500 * BLOCK
    assert abs((clock.at(end) or 0) - clock.ticks) < 10


def test_a_late_first_block_is_forgotten_within_a_second() -> None:
    clock = CaptureClock(RATE)
    clock.block(BLOCK, 5.1, more_waiting=False)
    end = _run(clock, 5.02, 100)
    assert abs((clock.at(end) or 0) - clock.ticks) < RATE * 0.002


def test_blocks_whose_time_was_filled_with_silence_are_dropped() -> None:
    clock = CaptureClock(RATE)
    now = _run(clock, 0.0, 200)
    for _ in range(10):  # the card stands still, silence is sent in its place
        now += BLOCK / RATE
        clock.block(BLOCK, now, more_waiting=False)
    late = [clock.block(BLOCK, now, more_waiting=number < 9) for number in range(10)]
    assert late.count(Verdict.DISCARD) >= 8
    end = _run(clock, now, 100)
    assert abs((clock.at(end) or 0) - clock.ticks) < RATE * 0.045


def test_blocks_that_were_lost_leave_a_gap() -> None:
    clock = CaptureClock(RATE)
    now = _run(clock, 0.0, 200)
    end = _run(clock, now + 0.5, 100)
    assert abs(clock.ticks - int(end * RATE)) < RATE * 0.11


def test_a_busy_machine_hands_over_late_and_nothing_is_lost() -> None:
    clock = CaptureClock(RATE)
    now = _run(clock, 0.0, 200)
    for _ in range(8):
        assert clock.block(BLOCK, now + 0.16, more_waiting=True) is Verdict.TAKE
    end = _run(clock, now + 0.16, 200)
    assert clock.ticks == 408 * BLOCK
    assert abs((clock.at(end) or 0) - clock.ticks) < RATE * 0.02


def test_a_card_that_drifts_is_followed() -> None:
    clock = CaptureClock(RATE)
    random.seed(1)
    now = 0.0
    for _ in range(6000):
        now += BLOCK / (RATE * 1.0003)
        assert clock.block(BLOCK, now + random.uniform(0, 0.004), more_waiting=False) is Verdict.TAKE
    assert abs((clock.at(now) or 0) - clock.ticks) < RATE * 0.01
