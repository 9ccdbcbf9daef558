"""Tells loss that the line has anyway (radio, thick walls) from loss that comes of sending too much; watches no delay.

Where a line drops what is too much without queueing it, less loss comes of sending less. Where it loses at random,
nothing comes of it. So when loss appears that is not explained, a short trial sends no more than what arrived and
looks: this is the idea of libwebrtc's second loss-based estimator (inherent loss against loss above the bandwidth),
made into one experiment.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

_WINDOW_S = 2.0
_NOTABLE = 0.03
_ENOUGH_PACKETS = 40
_TRIAL_PACKETS = 100
_LEAST_TRIAL_PACKETS = 25
_LONGEST_TRIAL_S = 2.0
_TRIAL_SHARE = 0.95
_SAME = 0.5
"""Loss that stays above this share of what it was does not come of our rate."""


class LossCause(Enum):
    """What a trial found."""

    LINE = auto()
    OUR_RATE = auto()


class LossEstimate:
    """Losses of the last seconds and whether they are ours. Rates are bits per second, times seconds."""

    def __init__(self) -> None:
        self._reports: deque[tuple[float, int, int]] = deque()
        self._packets = 0
        self._lost = 0
        self.usual = 0.0
        """Share of packets that the line loses whatever we send."""
        self._usual_at = 0.0
        self.trial_rate: int | None = None
        """While a trial runs: send no more than this."""
        self._trial_until = 0.0
        self._trial_counts_from = 0.0
        self._loss_before = 0.0
        self._trial_packets = 0
        self._trial_lost = 0

    @property
    def loss(self) -> float:
        """Share of packets lost in the last two seconds."""
        return self._lost / self._packets if self._packets else 0.0

    def reported(
        self, came: int, lost: int, now: float, *, delivered: float, queued: bool, settle_s: float
    ) -> LossCause | None:
        """One report of the other end.

        ``delivered`` is the rate that arrives, ``queued`` says that the line queues (then the delay decides, not we),
        ``settle_s`` is how long a change of rate takes until reports show it. Returns what a trial has just found.
        """
        self._count(came + lost, lost, now)
        if self.trial_rate is not None:
            return self._watch_trial(came, lost, now)
        loss = self.loss
        if loss < self.usual:
            # Follows a line that gets better, not each lucky second.
            self.usual += (loss - self.usual) * min(1.0, (now - self._usual_at) / 4.0)
        self._usual_at = now
        if self._packets >= _ENOUGH_PACKETS and loss > 1.5 * self.usual + _NOTABLE and not queued and delivered > 0:
            self.trial_rate = int(delivered * _TRIAL_SHARE)
            self._loss_before = loss
            self._trial_counts_from = now + settle_s
            self._trial_until = self._trial_counts_from + _LONGEST_TRIAL_S
            self._trial_packets = self._trial_lost = 0
        return None

    def _count(self, packets: int, lost: int, now: float) -> None:
        self._reports.append((now, packets, lost))
        self._packets += packets
        self._lost += lost
        while self._reports[0][0] < now - _WINDOW_S:
            _, old, old_lost = self._reports.popleft()
            self._packets -= old
            self._lost -= old_lost

    def _watch_trial(self, came: int, lost: int, now: float) -> LossCause | None:
        if now < self._trial_counts_from:
            return None
        self._trial_packets += came + lost
        self._trial_lost += lost
        if self._trial_packets < _TRIAL_PACKETS and (
            now < self._trial_until or self._trial_packets < _LEAST_TRIAL_PACKETS
        ):
            return None
        loss = self._trial_lost / self._trial_packets
        self.trial_rate = None
        # What was before must not count again as unexplained.
        self._reports.clear()
        self._packets = self._lost = 0
        self._count(self._trial_packets, self._trial_lost, now)
        self._usual_at = now
        if loss > _SAME * self._loss_before:
            self.usual = max(loss, self._loss_before)
            return LossCause.LINE
        self.usual = loss
        return LossCause.OUR_RATE

    def cancel_trial(self) -> None:
        """The line queues: what is lost now says nothing."""
        self.trial_rate = None
