"""What delays say: a queue that grows, one that stands, jitter, a stalled radio, a line that became slower."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.rtp.delay_trend import DelayTrend, Usage


def _feed(trend: DelayTrend, since: float, count: int, delay: float, growth: float, step: float = 20.0) -> float:
    for index in range(count):
        trend.arrived(since + index * step, 5000 + since + index * step + delay + index * growth)
    return since + count * step


def test_an_even_delay_is_normal() -> None:
    trend = DelayTrend()
    _feed(trend, 0, 200, 30, 0)
    assert trend.usage is Usage.NORMAL
    assert trend.queue_ms == 0


def test_a_growing_queue_is_too_much_before_it_is_long() -> None:
    trend = DelayTrend()
    at = _feed(trend, 0, 100, 30, 0)
    for index in range(40):
        trend.arrived(at, 5000 + at + 30 + index * 2.0)
        at += 20
        if trend.usage is Usage.OVER:
            break
    assert trend.usage is Usage.OVER
    assert trend.queue_ms < 60


def test_a_full_queue_that_stands_is_too_much() -> None:
    trend = DelayTrend()
    at = _feed(trend, 0, 100, 30, 0)
    _feed(trend, at, 60, 430, 0)
    assert trend.usage is Usage.OVER
    assert 390 < trend.standing_ms <= 400


def test_a_change_of_route_is_believed_after_twenty_seconds() -> None:
    trend = DelayTrend()
    at = _feed(trend, 0, 100, 30, 0)
    _feed(trend, at, 1200, 230, 0)
    assert trend.usage is Usage.NORMAL
    assert trend.queue_ms == 0


def test_a_line_that_becomes_slow_is_seen_in_three_packets() -> None:
    trend = DelayTrend()
    at = _feed(trend, 0, 100, 30, 0, 8.0)
    assert not trend.rushes
    _feed(trend, at, 4, 60, 30, 8.0)
    assert trend.rushes


def test_a_radio_that_stalls_and_lets_go_is_no_slow_line() -> None:
    trend = DelayTrend()
    at = _feed(trend, 0, 100, 30, 0, 10.0)
    released = 5000 + at + 230
    for index in range(20):
        trend.arrived(at + index * 10, released + index * 0.1)
        assert not trend.rushes
    _feed(trend, at + 230, 60, 30, 0, 10.0)
    assert trend.usage is not Usage.OVER
    assert trend.queue_ms < 1


def test_jitter_alone_is_seldom_too_much() -> None:
    chance = random.Random(5)
    trend = DelayTrend()
    last = over = 0.0
    for index in range(3000):
        sent = index * 10.0
        last = max(last, sent + 30 + abs(chance.gauss(0, 30)))
        trend.arrived(sent, last)
        over += trend.usage is Usage.OVER
    assert over < 300
    assert trend.noise_ms > 6


@given(st.lists(st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7)), max_size=120))
def test_any_times_are_survived(times: list[tuple[float, float]]) -> None:
    trend = DelayTrend()
    for sent, arrival in times:
        trend.arrived(sent, arrival)
        assert trend.rush_ms[0] >= 0
    assert trend.queue_ms >= 0 or not times
