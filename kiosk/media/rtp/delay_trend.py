"""Tells from when packets left and came whether a queue grows on the line; knows no rates and decides nothing.

The slope of the one-way delay over groups of packets is compared with a threshold that adapts, as in
draft-ietf-rmcat-gcc-02 (5.3 to 5.5). Beside the slope stands the level: the delay above the smallest seen lately. A
drop-tail queue that is full has no slope, and jitter has a slope but no level, so each covers what the other cannot
see.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

_GROUP_MS = 5.0
"""Packets that left within so many ms are one group; so are those that arrived closer together than they left."""

_BURST_MS = 100.0
"""A group of packets that a radio handed over together is at most so long."""

_POINTS = 20
_SMOOTHING = 0.9
_GAIN = 4.0
_FULL_WEIGHT = 60
_THRESHOLD_MS = 12.5
_LEAST_THRESHOLD_MS = 6.0
_MOST_THRESHOLD_MS = 600.0
_OUTLIER_MS = 15.0
_UP = 0.0087
_DOWN = 0.039
_OVERUSE_MS = 10.0

_STANDING_MS = 150.0
"""The smallest delay of so many ms is the standing queue: what jitter and single frames add is gone from it."""

_BASE_MS = 10_000.0
"""Two windows of this length remember the smallest delay, so a change of route is believed after 10 to 20 s."""

_LEVEL_MS = 45.0
"""A standing queue above this is too much even when it does not grow."""

_RUSH_MS = 50.0
_RUSH_OVER_MS = 50.0
_RUSH_PACKETS = 3
_RUSH_DIP_MS = 10.0
_RUSH_BOTTOM_MS = 5.0
_RUSH_STEP = 0.7
"""Delay that rises by so much over so many ms of arrivals and so many packets at least, and never falls by more than a
small packet between large ones makes it: the line has become much slower. A stalled radio looks different: what it held
back comes at once, each packet with less delay than the one before."""

_ARRIVAL_GAP_MS = 2000.0
"""After so long without an arrival the slope starts anew."""


class Usage(Enum):
    """What the delay says about the line."""

    UNDER = auto()
    NORMAL = auto()
    OVER = auto()


class DelayTrend:
    """The delay of what arrives, watched."""

    def __init__(self) -> None:
        self.usage = Usage.NORMAL
        self.queue_ms = 0.0
        """Delay of the newest group above the smallest seen lately, milliseconds."""
        self.standing_ms = 0.0
        """Smallest delay of the last 150 ms above the smallest seen lately, milliseconds."""
        self.noise_ms = 0.0
        """How far delays usually lie above the standing queue, milliseconds: jitter."""
        self._group_first_sent: float | None = None
        self._group_first_arrival = 0.0
        self._group_sent = 0.0
        self._group_arrival = 0.0
        self._points: deque[tuple[float, float]] = deque(maxlen=_POINTS)
        self._groups = 0
        self._smoothed: float | None = None
        self._threshold = _THRESHOLD_MS
        self._threshold_at: float | None = None
        self._slope = 0.0
        self._over_ms = 0.0
        self._recent: deque[tuple[float, float]] = deque()
        self._rise_delay = 0.0
        self._rise_arrival = 0.0
        self._rise_packets = 0
        self._rise_step = 0.0
        self._peak_delay = 0.0
        self._rise_newest = 0.0
        self._base: float | None = None
        self._base_before: float | None = None
        self._base_until = 0.0

    def arrived(self, sent_ms: float, arrival_ms: float) -> None:
        """One packet that arrived: when it left (our clock) and came (the other end's clock), both in milliseconds."""
        self._watch_rush(arrival_ms, arrival_ms - sent_ms)
        if self._group_first_sent is None:
            self._begin_group(sent_ms, arrival_ms)
            return
        if arrival_ms - self._group_arrival > _ARRIVAL_GAP_MS:
            self._points.clear()
            self._smoothed = None
            self._groups = 0
            self.usage = Usage.NORMAL
            self._over_ms = 0.0
            self._begin_group(sent_ms, arrival_ms)
            return
        if sent_ms < self._group_first_sent:
            return  # out of order: belongs to a group that is closed
        if sent_ms - self._group_first_sent <= _GROUP_MS or self._came_in_burst(sent_ms, arrival_ms):
            self._group_sent = max(self._group_sent, sent_ms)
            self._group_arrival = max(self._group_arrival, arrival_ms)
            return
        self._close_group()
        self._begin_group(sent_ms, arrival_ms)

    def _watch_rush(self, arrival: float, delay: float) -> None:
        fell = self._peak_delay - delay
        if (
            not self._rise_packets
            or delay <= self._rise_delay + _RUSH_BOTTOM_MS
            or fell > max(_RUSH_DIP_MS, 0.1 * (self._peak_delay - self._rise_delay))
        ):
            self._rise_delay = self._peak_delay = delay
            self._rise_arrival = arrival
            self._rise_packets = 0
            self._rise_step = 0.0
        elif delay > self._peak_delay:
            self._rise_step = max(self._rise_step, delay - self._peak_delay)
            self._peak_delay = delay
        self._rise_newest = arrival
        self._rise_packets += 1

    @property
    def rush_ms(self) -> tuple[float, float]:
        """What the delay has climbed without falling, and in how much time of arrivals, milliseconds."""
        return self._peak_delay - self._rise_delay, self._rise_newest - self._rise_arrival

    @property
    def rushes(self) -> bool:
        """The delay climbs so steeply that the line must have become much slower just now."""
        climbed, elapsed = self.rush_ms
        return (
            self._rise_packets >= _RUSH_PACKETS
            and elapsed > _RUSH_OVER_MS
            and self._rise_step < _RUSH_STEP * climbed
            and climbed > max(_RUSH_MS, 5.0 * self.noise_ms, 0.3 * elapsed)
        )

    def _begin_group(self, sent_ms: float, arrival_ms: float) -> None:
        self._group_first_sent = self._group_sent = sent_ms
        self._group_first_arrival = self._group_arrival = arrival_ms

    def _came_in_burst(self, sent_ms: float, arrival_ms: float) -> bool:
        between = arrival_ms - self._group_arrival
        return (
            between <= _GROUP_MS
            and between < sent_ms - self._group_sent
            and arrival_ms - self._group_first_arrival < _BURST_MS
        )

    def _close_group(self) -> None:
        arrival = self._group_arrival
        delay = arrival - self._group_sent
        before = self._points[-1][0] if self._points else None
        self._watch_level(arrival, delay)
        self._smoothed = delay if self._smoothed is None else _SMOOTHING * self._smoothed + (1 - _SMOOTHING) * delay
        self._points.append((arrival, self._smoothed))
        self._groups += 1
        self._detect(arrival, 0.0 if before is None else arrival - before)

    def _watch_level(self, arrival: float, delay: float) -> None:
        if self._base is None or arrival > self._base_until:
            self._base_before = self._base
            self._base = delay
            self._base_until = arrival + _BASE_MS
        elif delay < self._base:
            self._base = delay
        base = self.least_delay_ms
        recent = self._recent
        while recent and recent[-1][1] >= delay:
            recent.pop()
        recent.append((arrival, delay))
        while recent[0][0] < arrival - _STANDING_MS:
            recent.popleft()
        self.queue_ms = delay - base
        self.standing_ms = recent[0][1] - base
        if self._rise_packets < _RUSH_PACKETS:  # a queue that builds up is no jitter
            self.noise_ms += 0.02 * (delay - recent[0][1] - self.noise_ms)

    @property
    def least_delay_ms(self) -> float:
        """The smallest arrival less departure of the last 10 to 20 s, by the clocks of both ends."""
        if self._base is None:
            return 0.0
        return self._base if self._base_before is None else min(self._base, self._base_before)

    def _detect(self, arrival: float, elapsed: float) -> None:
        slope = _slope(self._points) if len(self._points) == _POINTS else 0.0
        trend = min(self._groups, _FULL_WEIGHT) * slope * _GAIN
        if trend > self._threshold and self.standing_ms > max(8.0, 1.3 * self.noise_ms):
            self._over_ms += elapsed
            if self._over_ms > _OVERUSE_MS and slope >= self._slope:
                self.usage = Usage.OVER
        else:
            self._over_ms = 0.0
            self.usage = Usage.UNDER if trend < -self._threshold else Usage.NORMAL
        if self.standing_ms > max(_LEVEL_MS, 2.0 * self.noise_ms):
            self.usage = Usage.OVER
        self._slope = slope
        self._adapt(trend, arrival)

    def _adapt(self, trend: float, arrival: float) -> None:
        if self._threshold_at is None:
            self._threshold_at = arrival
        size = abs(trend)
        if size <= self._threshold + _OUTLIER_MS:
            pace = _UP if size > self._threshold else _DOWN
            elapsed = min(arrival - self._threshold_at, 100.0)
            threshold = self._threshold + pace * (size - self._threshold) * elapsed
            self._threshold = min(max(threshold, _LEAST_THRESHOLD_MS), _MOST_THRESHOLD_MS)
        self._threshold_at = arrival


def _slope(points: deque[tuple[float, float]]) -> float:
    """Least-squares slope of (time, delay), both in the same unit."""
    count = len(points)
    first = points[0][0]
    sum_at = sum_delay = sum_square = sum_product = 0.0
    for at, delay in points:
        at -= first
        sum_at += at
        sum_delay += delay
        sum_square += at * at
        sum_product += at * delay
    spread = count * sum_square - sum_at * sum_at
    return (count * sum_product - sum_at * sum_delay) / spread if spread > 0 else 0.0
