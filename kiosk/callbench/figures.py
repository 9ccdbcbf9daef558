"""From what an end reported to the bench's figures: frozen time, delays, recovery, percentiles. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from kiosk.callbench.end import EndReport, Frame, Sample, Sent
from kiosk.facts.clock_strip import CLOCK_PERIOD

FREEZE_S = 0.2
"""A longer gap between two presented frames is a freeze, and counts whole."""


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that at least ``share`` (0..1) of all do not exceed; None for no values."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(round(share * len(ordered), 9)) - 1)]


def gaps(frames: Sequence[Frame], began: float, ended: float) -> list[float]:
    """Seconds without a new frame: from the window's beginning, between its frames, and to its end."""
    times = [began, *sorted(frame.at for frame in frames if began <= frame.at <= ended), ended]
    return [later - earlier for earlier, later in pairwise(times)]


def frozen_share(report: EndReport) -> float | None:
    """Share 0..1 of the window in which the picture stood still for longer than 200 ms; 1.0 when no frame came."""
    if report.seconds <= 0:
        return None
    frozen = sum(gap for gap in gaps(report.frames, report.began, report.began + report.seconds) if gap > FREEZE_S)
    return min(1.0, frozen / report.seconds)


def longest_gap(report: EndReport, since: float | None = None, until: float | None = None) -> float | None:
    """Seconds of the longest time without a new frame in the window, or in a part of it (CLOCK_MONOTONIC)."""
    began = report.began if since is None else since
    ended = report.began + report.seconds if until is None else until
    return max(gaps(report.frames, began, ended)) if ended > began else None


def frames_per_second(report: EndReport) -> float | None:
    """Presented frames a second over the window."""
    return len(report.frames) / report.seconds if report.seconds > 0 else None


def pixels(report: EndReport) -> float | None:
    """Pixels of the picture that was shown in the middle of the window's frames (median)."""
    return percentile((frame.width * frame.height for frame in report.frames), 0.5)


def middle(samples: Iterable[Sample], since: float = -math.inf, until: float = math.inf) -> float | None:
    """The median of the samples from ``since`` until before ``until`` (CLOCK_MONOTONIC seconds)."""
    return percentile((sample.value for sample in samples if since <= sample.at < until), 0.5)


def high(samples: Iterable[Sample]) -> float | None:
    """The 95th percentile."""
    return percentile((sample.value for sample in samples), 0.95)


def lips_p95(report: EndReport) -> float | None:
    """Milliseconds that sound and picture are apart, either way round, 95th percentile."""
    return percentile((abs(offset) for offset in report.lips), 0.95)


def recovery_seconds(
    rate: Sequence[tuple[float, float]], low_from: float, low_until: float, *, share: float = 0.8, over: float = 1.0
) -> float | None:
    """Seconds after ``low_until`` until the rate is back, as (beginning of a piece, bit/s) tells it.

    Back is: the mean of ``over`` seconds is at least ``share`` of the mean of the 3 s before ``low_from``. None when
    it never is, or nothing was measured before.
    """
    before = [value for at, value in rate if low_from - 3.0 <= at < low_from]
    if not before or (wanted := share * sum(before) / len(before)) <= 0:
        return None
    after = [(at, value) for at, value in rate if at >= low_until]
    for at, _ in after:
        if at - low_until < over:
            continue
        span = [value for began, value in after if at - over < began <= at]
        if span and sum(span) / len(span) >= wanted:
            return at - low_until
    return None


def seconds_until_sent(
    sent: Sequence[Sent], since: float, *, width: int, height: int, least_fps: float
) -> float | None:
    """Seconds after ``since`` until the picture that an end sends has that size and rate; None if it never has."""
    for one in sent:
        if one.at >= since and one.width >= width and one.height >= height and one.frames_per_second >= least_fps:
            return one.at - since
    return None


def picture_delays(report: EndReport, unix_less_monotonic: float) -> list[float]:
    """Milliseconds from drawing to presenting, of the frames whose clock was live and could be read.

    ``unix_less_monotonic``: seconds that Unix time is ahead of CLOCK_MONOTONIC. A clock that is more than a minute off
    is no clock.
    """
    found = []
    for frame in report.frames:
        if frame.clock_ms is not None:
            late = (frame.at + unix_less_monotonic) * 1000 - frame.clock_ms
            late = (late + CLOCK_PERIOD / 2) % CLOCK_PERIOD - CLOCK_PERIOD / 2
            if abs(late) < 60_000:
                found.append(late)
    return found
