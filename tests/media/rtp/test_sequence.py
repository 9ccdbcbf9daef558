"""Counters that wrap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.rtp.sequence import Unwrapper


def test_the_first_value_stays_and_the_wrap_goes_on() -> None:
    unwrapper = Unwrapper(16)
    assert [unwrapper.unwrap(value) for value in (65534, 65535, 0, 1)] == [65534, 65535, 65536, 65537]


def test_late_values_count_back_also_over_the_wrap() -> None:
    unwrapper = Unwrapper(16)
    assert [unwrapper.unwrap(value) for value in (1, 65535, 2)] == [1, -1, 2]


def test_timestamps() -> None:
    unwrapper = Unwrapper(32)
    assert unwrapper.unwrap(0xFFFF_FFFF) == 0xFFFF_FFFF
    assert unwrapper.unwrap(959) == 0xFFFF_FFFF + 960


def test_a_counter_needs_bits() -> None:
    with pytest.raises(ValueError, match="bit"):
        Unwrapper(0)


@given(
    bits=st.sampled_from([8, 16, 32]),
    start=st.integers(min_value=0),
    steps=st.lists(st.floats(min_value=-0.49, max_value=0.49)),
)
def test_any_walk_with_steps_below_half_the_range_is_followed(bits: int, start: int, steps: list[float]) -> None:
    unwrapper = Unwrapper(bits)
    mask = (1 << bits) - 1
    true = start & mask
    assert unwrapper.unwrap(start) == true
    for step in steps:
        true += int(step * mask)
        assert unwrapper.unwrap(true & mask) == true


@given(values=st.lists(st.integers(min_value=-(2**70), max_value=2**70), max_size=50))
def test_nothing_breaks_it(values: list[int]) -> None:
    unwrapper = Unwrapper(16)
    for value in values:
        assert unwrapper.unwrap(value) & 0xFFFF == value & 0xFFFF
