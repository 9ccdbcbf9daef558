"""Which fingers count, by the rules alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.ui.touch import PALM_MILLIMETRES, RESTING_SECONDS, Contact, Phase, Sign, TouchRules

B, M, E = Phase.BEGAN, Phase.MOVED, Phase.ENDED
Story = list[tuple[float, int, Phase]]


def signs(rules: TouchRules, story: Story, millimetres: float = 9.0) -> list[tuple[Sign, float]]:
    """What came of it, with the finger's number as its place."""
    return [
        (signal.sign, signal.x)
        for at, number, phase in story
        for signal in rules.take([Contact(number, phase, float(number), 0.0, millimetres)], at)
    ]


@pytest.mark.parametrize(
    ("story", "releases"),
    [
        pytest.param([(0, 1, B), (0.1, 1, E)], [1.0], id="a tap"),
        pytest.param([(0, 1, B), (9.0, 1, E)], [1.0], id="a long press is a press"),
        pytest.param([(0, 1, B), (0.1, 2, B), (0.2, 2, E), (0.3, 1, E)], [1.0], id="the second finger is nothing"),
        pytest.param([(0, 1, B), (0.1, 2, B), (0.2, 1, E), (0.3, 2, E)], [1.0], id="it is nothing when left alone"),
        pytest.param(
            [(0, 1, B), (0.1, 2, B), (0.2, 1, E), (0.3, 3, B), (0.4, 3, E), (0.5, 2, E)],
            [1.0],
            id="nothing new until all are lifted",
        ),
        pytest.param([(0, 1, B), (0.1, 1, E), (0.2, 2, B), (0.3, 2, E)], [1.0, 2.0], id="one after the other"),
        pytest.param(
            [(0, 1, B), (0.05, 2, B), (0.06, 3, B), (0.3, 1, E), (0.3, 2, E), (0.3, 3, E)], [], id="a hand is nothing"
        ),
        pytest.param(
            [(0, 1, B), (RESTING_SECONDS, 2, B), (2.2, 2, E)], [2.0], id="a drop of water keeps no finger out"
        ),
        pytest.param(
            [(0, 1, B), (RESTING_SECONDS, 2, B), (2.2, 2, E), (3, 1, E)], [2.0], id="what rested counts no more"
        ),
        pytest.param([(0, 1, B), (5, 1, B), (5.1, 1, E)], [1.0], id="an end that was lost"),
    ],
)
def test_only_the_first_finger_counts(story: Story, releases: list[float]) -> None:
    assert [place for sign, place in signs(TouchRules(), story) if sign is Sign.RELEASE] == releases


def test_a_palm_is_no_finger_and_a_finger_may_not_become_one() -> None:
    rules = TouchRules()
    large = PALM_MILLIMETRES + 1
    assert signs(rules, [(0, 1, B), (0.2, 1, E)], large) == []
    assert signs(rules, [(1, 2, B)]) == [(Sign.PRESS, 2.0)]
    assert signs(rules, [(1.1, 2, M)], large) == [(Sign.CANCEL, -1.0)]
    assert signs(rules, [(1.2, 2, E)]) == []


def test_what_the_system_takes_away_is_no_press() -> None:
    rules = TouchRules()
    signs(rules, [(0, 1, B)])
    assert [signal.sign for signal in rules.lost()] == [Sign.CANCEL]
    assert signs(rules, [(0.1, 1, E), (0.2, 2, B), (0.3, 2, E)])[-1] == (Sign.RELEASE, 2.0)


@given(
    st.lists(
        st.tuples(
            st.floats(0, 3),
            st.integers(1, 4),
            st.sampled_from(Phase),
            st.sampled_from([0.0, 9.0, 2 * PALM_MILLIMETRES]),
        ),
        max_size=60,
    )
)
def test_whatever_comes_there_is_one_press_at_a_time(story: list[tuple[float, int, Phase, float]]) -> None:
    """Also from a panel that forgets beginnings and ends: press, then moves, then one release or cancel."""
    rules, now, pressed = TouchRules(), 0.0, False
    for wait, number, phase, size in story:
        now += wait
        for signal in rules.take([Contact(number, phase, 0.0, 0.0, size)], now):
            assert pressed is (signal.sign is not Sign.PRESS)
            pressed = signal.sign in (Sign.PRESS, Sign.MOVE)
    now += RESTING_SECONDS + 0.001
    assert Sign.PRESS in [signal.sign for signal in rules.take([Contact("new", B, 0.0, 0.0)], now)], "never locked"
