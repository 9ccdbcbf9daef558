"""How deep the buffer for received sound should be, from when packets and their repairs came; holds no packet.

Every arrival is measured against the quickest way seen lately. The depth is where one more millisecond of delay is no
longer worth the speech that it would save: a cost in the manner of NetEq's, over a histogram that forgets.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE_HZ = 48_000

LEAST_TARGET_S = 0.015
MOST_TARGET_S = 0.4
FIRST_TARGET_S = 0.03
"""At least so much in the first second, before anything is known of the line."""

WORTH_S = 0.03
"""So much delay is worth one percent of the speech."""

MOST_REPAIR_S = 0.15
"""Repairs that take longer are not waited for."""

_BIN_S = 0.005
_BINS = 100
_MEMORY_S = 2.0
_MARGIN_S = 0.003
_LEARNING_S = 1.0
_WORTHWHILE_S = 0.012  # a gain for which the target is lowered
_LOSS_OVER_S = 1.0
_KEPT_AFTER_LOSS = 0.85  # of the repairs, a packet
_REDUNDANCY_SEEN_S = 2.0
_LOSS_SEEN_S = 10.0
_QUICKER_BINS = 2
_OLD_WAY_WORTH = 0.15
_BUCKET_S = 0.5
_BUCKETS = 10


class AudioDelay:
    """Timestamps are unwrapped, at 48 kHz; times are CLOCK_MONOTONIC seconds."""

    __slots__ = (
        "_arrivals",
        "_base",
        "_began",
        "_bucket_began",
        "_buckets",
        "_chosen",
        "_edges",
        "_least",
        "_lost_at",
        "_packet_s",
        "_redundant_at",
        "_repairs",
        "target_s",
    )

    def __init__(self) -> None:
        self._buckets: list[float] = []
        self._bucket_began = 0.0
        self._base: float | None = None
        self._arrivals = np.zeros(_BINS)
        self._repairs = np.zeros(_BINS)
        self._edges = np.arange(1, _BINS + 1) * _BIN_S
        self._began = 0.0
        self._chosen = 0
        self._least = 0.0
        self._packet_s = 0.02
        self._redundant_at = self._lost_at = -1e9
        self.target_s = FIRST_TARGET_S
        """How long after the quickest way's time a packet should begin to play."""

    @property
    def base(self) -> float | None:
        """Least transit (arrival minus media time, seconds) of the last five seconds; None before the first packet."""
        return self._base

    def transit(self, timestamp: int, arrival: float) -> float:
        """Seconds; means something only against another transit."""
        return arrival - timestamp / RATE_HZ

    def arrived(self, timestamp: int, samples: int, arrival: float) -> None:
        """A packet on its own way, neither a copy nor sent again."""
        self._packet_s = samples / RATE_HZ
        relative = self._relative(self.transit(timestamp, arrival), arrival)
        kept = max(0.0, 1.0 - self._packet_s / _MEMORY_S)
        self._arrivals *= kept
        self._repairs *= kept if arrival - self._lost_at < _LOSS_OVER_S else _KEPT_AFTER_LOSS
        self._arrivals[min(_BINS - 1, int(relative / _BIN_S))] += 1.0
        self._choose(arrival)

    def repaired(self, timestamp: int, arrival: float) -> None:
        """The first copy of a lost packet came, however it came."""
        self._lost_at = arrival
        if self._base is None:
            return
        relative = self.transit(timestamp, arrival) - self._base
        if relative <= MOST_REPAIR_S:
            self._repairs[max(0, int(relative / _BIN_S))] += 1.0
            self._choose(arrival)

    def redundancy_seen(self, arrival: float) -> None:
        """The sender repeats packets in the next one."""
        self._redundant_at = arrival

    def set_least(self, seconds: float) -> None:
        """The target does not go below this. Raises ValueError above ``MOST_TARGET_S`` and below 0."""
        if not 0.0 <= seconds <= MOST_TARGET_S:
            raise ValueError(f"{seconds} s is not a delay of sound")
        self._least = seconds
        self.target_s = max(self.target_s, seconds)

    def _relative(self, transit: float, arrival: float) -> float:
        if self._base is None:
            self._buckets = [transit]
            self._bucket_began = self._began = arrival
            self._base = transit
            return 0.0
        if arrival - self._bucket_began >= _BUCKET_S:
            self._bucket_began = arrival
            self._buckets.append(transit)
            if len(self._buckets) > _BUCKETS:
                del self._buckets[0]
        elif transit < self._buckets[-1]:
            self._buckets[-1] = transit
        base = min(self._buckets)
        if base != self._base:
            self._move(base - self._base)
            self._base = base
        return transit - base

    def _move(self, rise: float) -> None:
        """What was measured against the old base is now so much nearer to it."""
        bins = round(rise / _BIN_S)
        if bins == 0:
            return
        for histogram in (self._arrivals, self._repairs):
            if abs(bins) >= _BINS:
                histogram[:] = 0.0
                continue
            moved = np.zeros(_BINS)
            if bins > 0:
                moved[: _BINS - bins] = histogram[bins:]
                moved[0] += float(histogram[:bins].sum())
            else:
                moved[-bins:] = histogram[:bins]
                moved[-1] += float(histogram[bins:].sum())
                if bins <= -_QUICKER_BINS:
                    moved *= _OLD_WAY_WORTH  # a queue that has emptied: what it was like before says little
            histogram[:] = moved

    def _choose(self, now: float) -> None:
        every: npt.NDArray[np.float64] = self._arrivals + self._repairs
        on_time = np.cumsum(every)
        whole = float(on_time[-1])
        if whole <= 0.0:
            return
        cost = self._edges - on_time * (100.0 * WORTH_S / whole)
        best = int(np.argmin(cost))
        if best > self._chosen or cost[self._chosen] - cost[best] > _WORTHWHILE_S:
            self._chosen = best
        least = max(LEAST_TARGET_S, self._least)
        if now - self._began < _LEARNING_S:
            least = max(least, FIRST_TARGET_S)
        if now - self._redundant_at < _REDUNDANCY_SEEN_S and now - self._lost_at < _LOSS_SEEN_S:
            # The copy of a lost packet comes with the next one: be there when it does.
            least = max(least, self._packet_s + _BIN_S + _MARGIN_S)
        self.target_s = min(MOST_TARGET_S, max(least, (self._chosen + 1) * _BIN_S + _MARGIN_S))
