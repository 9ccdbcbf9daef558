"""How deep the buffer for sound should be."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.rtp.audio_delay import FIRST_TARGET_S, LEAST_TARGET_S, MOST_TARGET_S, RATE_HZ, AudioDelay

PACKET = 960


def fed(delay: AudioDelay, transits: list[float], first: int = 0) -> AudioDelay:
    """Packets of 20 ms whose way took so long, one after the other."""
    for index, transit in enumerate(transits, first):
        delay.arrived(index * PACKET, PACKET, 1.0 + index * PACKET / RATE_HZ + transit)
    return delay


def test_an_unknown_line_is_given_a_little() -> None:
    assert AudioDelay().target_s == FIRST_TARGET_S
    assert fed(AudioDelay(), [0.02]).target_s == FIRST_TARGET_S


def test_an_even_line_gets_the_least() -> None:
    assert fed(AudioDelay(), [0.02] * 100).target_s == LEAST_TARGET_S


def test_uneven_arrivals_are_covered_nearly_all() -> None:
    chance = random.Random(5)
    transits = [0.02 + chance.uniform(0.0, 0.06) for _ in range(500)]
    assert 0.055 <= fed(AudioDelay(), transits).target_s <= 0.075


def test_one_very_late_packet_is_not_worth_waiting_for() -> None:
    delay = fed(AudioDelay(), [0.02] * 200)
    assert fed(delay, [0.2, 0.02, 0.02], 200).target_s <= 0.03


def test_repairs_are_waited_for_while_something_is_lost_and_forgotten_after() -> None:
    delay = fed(AudioDelay(), [0.02] * 100)
    for index in range(100, 300):
        if index % 10:
            fed(delay, [0.02], index)
        else:
            delay.repaired(index * PACKET, 1.0 + (index + 4) * PACKET / RATE_HZ)
    assert delay.target_s >= 0.06
    fed(delay, [0.02] * 100, 300)
    assert delay.target_s <= 0.03


def test_repairs_that_take_too_long_are_not_waited_for() -> None:
    delay = fed(AudioDelay(), [0.02] * 100)
    for index in range(100, 150):
        delay.repaired(index * PACKET, 1.3 + index * PACKET / RATE_HZ)
    assert delay.target_s == LEAST_TARGET_S


def test_with_redundancy_the_next_packet_is_waited_for_while_something_is_lost() -> None:
    delay = fed(AudioDelay(), [0.02] * 100)
    now = 1.0 + 100 * PACKET / RATE_HZ
    delay.redundancy_seen(now)
    assert fed(delay, [0.02], 100).target_s == LEAST_TARGET_S
    delay.repaired(100 * PACKET, now + 0.02)
    delay.redundancy_seen(now + 0.02)
    assert 0.02 < fed(delay, [0.02] * 30, 101).target_s <= 0.03


def test_another_way_becomes_the_measure_within_seconds() -> None:
    delay = fed(AudioDelay(), [0.02] * 100)
    fed(delay, [0.1] * 350, 100)
    assert delay.target_s <= 0.03
    assert delay.base == pytest.approx(1.1)
    fed(delay, [0.02] * 200, 450)
    assert delay.base == pytest.approx(1.02)
    assert delay.target_s <= 0.03


def test_a_least_delay() -> None:
    delay = AudioDelay()
    delay.set_least(0.2)
    assert fed(delay, [0.02] * 100).target_s == pytest.approx(0.2)
    with pytest.raises(ValueError, match="delay"):
        delay.set_least(-0.1)


@given(
    steps=st.lists(
        st.tuples(st.integers(min_value=-(2**33), max_value=2**33), st.floats(0, 100), st.booleans()), max_size=60
    )
)
def test_whatever_comes_the_target_stays_in_bounds(steps: list[tuple[int, float, bool]]) -> None:
    delay = AudioDelay()
    now = 0.0
    for timestamp, passed, repair in steps:
        now += passed
        if repair:
            delay.repaired(timestamp, now)
        else:
            delay.arrived(timestamp, PACKET, now)
        assert LEAST_TARGET_S <= delay.target_s <= MOST_TARGET_S
