"""Keeps a stream of samples in step with the time at which they were recorded; plays and records nothing.

Blocks come late when a machine is busy, are missing when a sound card stumbles, and are made up when it stands still.
Counting samples alone, each of these would shift the stream's clock for the rest of the call: the other end's buffer
would have to make up for it, and lips would no longer agree.
"""

from __future__ import annotations

import enum

_SETTLING_S = 1.0
_SLEW = 0.005
"""After settling, the clock follows the card by at most so much of the time that passes: 5 ms a second."""
_MOST_LEAD_S = 0.04
_MOST_LAG_S = 0.1


class Verdict(enum.Enum):
    """What to do with a block."""

    TAKE = "take"
    DISCARD = "discard"
    """Its time has been filled already."""


class CaptureClock:
    """``rate`` samples a second; times are CLOCK_MONOTONIC seconds. Call ``block`` for each, made up ones too."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._begun: float | None = None
        self._first = 0.0
        self._last = 0.0
        self.ticks = 0
        """Samples until the end of the last block that was taken, gaps counted."""

    def block(self, samples: int, now: float, *, more_waiting: bool) -> Verdict:
        """A block of ``samples`` that ends now, or ended a little earlier; ``more_waiting``: others came with it."""
        end = self.ticks + samples
        if self._begun is None:
            self._begun = now - end / self._rate
            self._first = self._last = now
        lead = end / self._rate - (now - self._begun)
        if lead > _MOST_LEAD_S and now - self._first > _SETTLING_S:
            return Verdict.DISCARD
        if lead < -_MOST_LAG_S and not more_waiting:
            end += int(-lead * self._rate)
            lead = 0.0
        self._follow(lead, now)
        self.ticks = end
        return Verdict.TAKE

    def at(self, now: float) -> int | None:
        """Where the clock stands; None before the first block."""
        return None if self._begun is None else int((now - self._begun) * self._rate)

    def _follow(self, lead: float, now: float) -> None:
        """A block is never early, so the earliest tells when it began; later on only as fast as clocks drift."""
        if self._begun is None:
            return
        if now - self._first <= _SETTLING_S:
            self._begun -= max(0.0, lead)
        else:
            most = _SLEW * (now - self._last)
            self._begun -= min(most, max(-most, lead))
        self._last = now
