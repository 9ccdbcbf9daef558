"""Counts the times when a picture stands still (webrtc-stats: freezeCount, totalFreezesDuration); shows nothing."""

from __future__ import annotations

FROZEN_S = 0.2
"""A gap between two pictures that is longer than this is seen as a freeze; W3C leaves the limit open."""


class Freezes:
    """Give it each picture that is shown, and ``until`` now and then."""

    def __init__(self) -> None:
        self.count = 0
        self.duration_s = 0.0
        self._last: float | None = None
        self._counted = 0.0

    def shown(self, now: float) -> None:
        """A picture."""
        self.until(now)
        self._last, self._counted = now, 0.0

    def until(self, now: float) -> None:
        """Count a gap that is still open."""
        if self._last is None:
            return
        gap = now - self._last
        if gap > FROZEN_S and gap > self._counted:
            self.count += self._counted == 0.0
            self.duration_s += gap - self._counted
            self._counted = gap

    def pause(self) -> None:
        """No picture is sent: nothing freezes."""
        self._last, self._counted = None, 0.0
