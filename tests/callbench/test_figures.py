"""The bench's arithmetic on reports that were made up by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.callbench.end import EndReport, Frame, Sample, Sent
from kiosk.callbench.figures import (
    frames_per_second,
    frozen_share,
    gaps,
    lips_p95,
    longest_gap,
    middle,
    percentile,
    picture_delays,
    pixels,
    recovery_seconds,
    seconds_until_sent,
)
from kiosk.facts.clock_strip import CLOCK_PERIOD


def _report(*times: float, seconds: float = 10.0, **others: object) -> EndReport:
    frames = tuple(Frame(at, 640, 480) for at in times)
    return EndReport(seconds=seconds, began=100.0, frames=frames, **others)  # type: ignore[arg-type]


def _steady(without: tuple[float, float] = (0, 0)) -> list[float]:
    return [at for at in np.arange(100.0, 110.0, 1 / 30) if not without[0] < at < without[1]]


def test_a_steady_picture_is_not_frozen() -> None:
    report = _report(*_steady())
    assert frozen_share(report) == 0.0
    assert frames_per_second(report) == pytest.approx(30, abs=0.2)
    assert longest_gap(report) == pytest.approx(1 / 30, abs=0.01)
    assert pixels(report) == 640 * 480


def test_a_freeze_counts_whole() -> None:
    share = frozen_share(_report(*_steady(without=(104.0, 105.0))))
    assert share == pytest.approx(0.1, abs=0.01)


def test_a_picture_that_never_comes_or_stops_is_frozen() -> None:
    assert frozen_share(_report()) == 1.0
    assert frozen_share(_report(*(at for at in _steady() if at < 105))) == pytest.approx(0.5, abs=0.01)
    assert longest_gap(_report(*_steady(without=(104, 105))), since=106, until=108) == pytest.approx(1 / 30, abs=0.01)
    assert frozen_share(_report(seconds=0.0)) is None


@given(st.lists(st.floats(90, 120)))
def test_the_gaps_add_up_to_the_window(times: list[float]) -> None:
    found = gaps([Frame(at, 2, 2) for at in times], 100.0, 110.0)
    assert sum(found) == pytest.approx(10.0)
    assert all(gap >= 0 for gap in found)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_is_one_of_the_values(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


def test_percentiles_by_hand() -> None:
    assert percentile([], 0.5) is None
    assert percentile(range(1, 21), 0.95) == 19
    assert percentile([3, 1, 2], 0.5) == 2
    assert lips_p95(_report(lips=(-40.0, 10.0))) == 40
    assert lips_p95(_report()) is None


def test_the_delay_after_a_burst_is_that_of_the_time_after_it() -> None:
    samples = [Sample(at, 300.0 if 104 <= at < 106 else 40.0) for at in np.arange(100.0, 110.0, 0.2)]
    assert middle(samples, 106.0, 110.0) == 40
    assert middle(samples, 104.0, 106.0) == 300
    assert middle(samples, 120.0) is None


def test_recovery_is_when_the_rate_of_before_is_nearly_back() -> None:
    def rate(at: float) -> float:
        if at < 110:
            return 1_500_000
        return 250_000 if at < 120 else min(1_500_000, 250_000 + (at - 120) * 250_000)

    pieces = [(at, rate(at)) for at in np.arange(100.0, 130.0, 0.2)]
    assert recovery_seconds(pieces, 110, 120) == pytest.approx(4.3, abs=0.3)
    assert recovery_seconds([(at, value) for at, value in pieces if at < 122], 110, 120) is None
    assert recovery_seconds([], 110, 120) is None


def test_a_live_clock_tells_how_late_a_picture_is() -> None:
    unix = 1_900_000_000.0
    clocks = [int((unix + at) * 1000 - 120) % CLOCK_PERIOD for at in (0.0, 1.0)]
    frames = (Frame(100.0, 2, 2, clocks[0]), Frame(101.0, 2, 2, clocks[1]), Frame(102.0, 2, 2, 17), Frame(103.0, 2, 2))
    report = EndReport(seconds=10, began=100, frames=frames)
    assert picture_delays(report, unix - 100.0) == pytest.approx([120, 120], abs=1)


def test_when_the_picture_is_large() -> None:
    sent = [Sent(100 + at, 640 if at < 3 else 1280, 360 if at < 3 else 720, 20 + at * 3, 1e6) for at in range(6)]
    assert seconds_until_sent(sent, 100, width=1280, height=720, least_fps=27) == 3
    assert seconds_until_sent(sent, 100, width=1920, height=1080, least_fps=27) is None
