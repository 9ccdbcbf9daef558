"""Presses out of levels and bytes: each one once, whatever bounces or is held."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as some

from drivers.switch.byte_button import HELD_S, ByteButton
from drivers.switch.contact import SETTLE_S, STUCK_S, Contact


def closings(*levels: tuple[bool, float], closed: bool = False) -> list[float]:
    contact = Contact(closed, 0.0)
    return [now for level, now in levels if contact.take(level, now)]


def test_a_press_counts_as_it_begins_and_once() -> None:
    assert closings((True, 1.0), (True, 1.01), (False, 1.2), (False, 1.21), (True, 2.0), (False, 2.05)) == [1.0, 2.0]


def test_what_bounces_is_one_press_also_as_it_opens() -> None:
    bounce = [(index % 2 == 0, 1.0 + index * 0.002) for index in range(7)]
    opening = [(index % 2 == 1, 1.5 + index * 0.002) for index in range(7)]
    assert closings(*bounce, *opening, (True, 2.0)) == [1.0, 2.0]


def test_one_that_is_closed_at_the_start_was_not_pressed_now() -> None:
    assert closings((True, 0.5), (False, 1.0), (True, 1.01), (False, 1.2), (True, 2.0), closed=True) == [2.0]


def test_the_first_press_counts_at_once() -> None:
    assert closings((True, 0.0)) == [0.0]


def test_one_that_stands_fast_is_told() -> None:
    contact = Contact(False, 0.0)
    contact.take(True, 1.0)
    assert not contact.stuck(1.0 + STUCK_S - 0.1)
    assert contact.stuck(1.0 + STUCK_S)
    contact.take(False, 20.0)
    assert not contact.stuck(60.0)


@given(some.lists(some.tuples(some.booleans(), some.floats(0.001, 0.5)), max_size=60))
def test_presses_lie_apart(steps: list[tuple[bool, float]]) -> None:
    now, levels = 0.0, []
    for level, pause in steps:
        now += pause
        levels.append((level, now))
    found = closings(*levels)
    assert all(later - earlier >= SETTLE_S for earlier, later in itertools.pairwise(found))


def test_a_byte_is_a_press_and_its_repeating_is_not() -> None:
    button = ByteButton(1)
    assert button.take(b"\x01", 1.0)
    for held in range(20):
        assert not button.take(b"\x01", 1.0 + 0.25 + held * 0.03)
    assert button.take(b"\x01", 5.0)
    assert not button.take(b"\x00\x02", 9.0)
    assert button.take(b"\x00\x01\x01\x02", 9.1)


@given(some.integers(0, 255), some.lists(some.tuples(some.binary(max_size=20), some.floats(0, 2)), max_size=30))
def test_any_bytes_are_presses_apart_or_nothing(press: int, chunks: list[tuple[bytes, float]]) -> None:
    button, now, found = ByteButton(press), 0.0, []
    for chunk, pause in chunks:
        now += pause
        if button.take(chunk, now):
            assert press in chunk
            found.append(now)
    assert all(later - earlier >= HELD_S for earlier, later in itertools.pairwise(found))


@pytest.mark.parametrize("press", [-1, 256])
def test_a_byte_is_a_byte(press: int) -> None:
    with pytest.raises(ValueError, match="0 to 255"):
        ByteButton(press)
