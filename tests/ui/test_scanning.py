"""One switch: where the highlight is when, what a press chooses, and how long it takes to answer a call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.ui.scanning import BOUNCE_SECONDS, REACTION_SECONDS, ROUNDS, Outcome, Scanner, SwitchPress

RING = ("answer", "decline")
BEGUN, IGNORED = SwitchPress(Outcome.BEGUN), SwitchPress(Outcome.IGNORED)


def chosen(control: str) -> SwitchPress:
    return SwitchPress(Outcome.CHOSEN, control)


def ringing(seconds: float = 2.0) -> Scanner:
    scanner = Scanner(seconds)
    scanner.show(RING, 0.0)
    return scanner


@pytest.mark.parametrize(
    ("at", "control"),
    [
        (0.0, "answer"),
        (1.99, "answer"),
        (2.0, "decline"),
        (4.0, "answer"),
        (11.9, "decline"),
        (12.0, None),
        (99.0, None),
    ],
)
def test_the_highlight_goes_round_three_times(at: float, control: str | None) -> None:
    assert ringing().highlighted(at) == control


def test_the_next_step_is_told() -> None:
    scanner = ringing()
    assert [scanner.next_step(at) for at in (0.0, 1.9, 2.0, 11.0, 12.0)] == [2.0, 2.0, 4.0, 12.0, None]


def test_the_switch_chooses_what_is_highlighted() -> None:
    assert ringing().press(1.0) == chosen("answer")
    assert ringing().press(3.0) == chosen("decline")


def test_a_press_just_after_a_step_was_meant_for_the_one_before() -> None:
    assert ringing().press(2.0 + REACTION_SECONDS - 0.01) == chosen("answer")
    assert ringing().press(2.0 + REACTION_SECONDS + 0.01) == chosen("decline")
    assert ringing().press(12.0 + REACTION_SECONDS - 0.01) == chosen("decline")


def test_a_press_just_as_the_page_came_is_nothing() -> None:
    scanner = ringing()
    scanner.show(("hang-up",), 50.0)
    assert scanner.press(50.1) == IGNORED
    assert scanner.press(50.2) == chosen("hang-up")


def test_after_three_rounds_a_press_begins_anew_and_chooses_nothing() -> None:
    scanner = ringing()
    assert scanner.press(20.0) == BEGUN
    assert scanner.highlighted(20.0) == "answer"
    assert scanner.press(21.0) == chosen("answer")


def test_bounces_and_a_second_strike_are_one_press() -> None:
    scanner = ringing()
    assert scanner.press(1.0) == chosen("answer")
    assert scanner.press(1.0 + BOUNCE_SECONDS / 2) == IGNORED
    assert scanner.press(1.49) == IGNORED
    fast = Scanner(0.5, repeat_seconds=0.0)
    fast.show(RING, 0.0)
    assert fast.press(0.2) == chosen("answer")
    assert fast.press(0.2 + BOUNCE_SECONDS / 2) == IGNORED
    assert fast.press(0.41) == chosen("answer")


def test_what_stays_on_the_page_is_gone_on_with() -> None:
    scanner = ringing()
    scanner.show(RING, 2.5)
    assert scanner.highlighted(2.5) == "decline"
    scanner.show((*RING, "again"), 3.0)
    assert scanner.highlighted(3.0) == "answer"


def test_another_speed_begins_anew() -> None:
    scanner = ringing()
    scanner.set_timing(5.0, 0.5, 3.0)
    assert scanner.highlighted(7.9) == "answer" and scanner.highlighted(8.0) == "decline"


def test_an_empty_page_has_nothing_to_choose() -> None:
    scanner = Scanner()
    assert (scanner.highlighted(0.0), scanner.next_step(0.0), scanner.press(1.0)) == (None, None, IGNORED)


@given(first=st.floats(0.5, 59.0), reaction=st.floats(0.5, 1.0))
def test_a_call_is_answered_within_ten_seconds(first: float, reaction: float) -> None:
    """Whenever somebody comes to it: one press when nothing is lit, then one when «Svar» has been seen long enough."""
    scanner, now = ringing(), first
    if scanner.highlighted(now) is None:
        scanner.press(now)
        lit = now
    else:
        lit = now if scanner.highlighted(now) == "answer" and (now % 2.0) + reaction < 2.0 else now - now % 4.0 + 4.0
        if scanner.highlighted(lit) is None:
            lit += 1.0
            assert scanner.press(lit) == BEGUN
    now = max(first, lit) + reaction
    assert scanner.press(now) == chosen("answer")
    assert now - first <= 10.0


@given(st.integers(1, 12), st.floats(0.5, 5.0), st.floats(0, 1))
def test_every_control_can_be_chosen(count: int, seconds: float, part: float) -> None:
    for wanted in range(count):
        scanner = Scanner(seconds, 0.0)
        scanner.show(tuple(range(count)), 0.0)
        within = REACTION_SECONDS + part * (seconds - 2 * REACTION_SECONDS) if seconds > 2 * REACTION_SECONDS else 0.2
        for turn in range(ROUNDS):
            assert scanner.highlighted((turn * count + wanted) * seconds + within) == wanted
        assert scanner.press(wanted * seconds + within).control == wanted
