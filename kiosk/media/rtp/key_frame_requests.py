"""When to ask the sender of pictures for a key frame (PLI, RFC 4585 section 6.3.1); sends nothing.

A key frame is several times as large as others, and so more easily lost in part: retransmission has its time first.
"""

from __future__ import annotations

_DEFAULT_ROUND_TRIP_S = 0.1
_FRAME_LATE_S = 0.15
HOPELESS = 30
"""So many packets that are missing at a time are more than a small key frame, which goes out after them."""


class KeyFrameRequests:
    """One stream's requests. Times are CLOCK_MONOTONIC seconds."""

    def __init__(self, now: float, *, least_patience_s: float = 0.3, round_trips: float = 5.0) -> None:
        """A hole is given ``round_trips`` and at least ``least_patience_s`` to heal."""
        self._least_patience_s = least_patience_s
        self._round_trips = round_trips
        self._round_trip = _DEFAULT_ROUND_TRIP_S
        self._wanted_since: float | None = now
        self._taken_at = now
        self._failed = False
        self._asked_at: float | None = None
        self.requests = 0
        """Key frames that have been asked for."""

    def set_round_trip(self, seconds: float) -> None:
        """As measured by reports; 100 ms are assumed before."""
        if seconds > 0:
            self._round_trip = min(seconds, 2.0)

    @property
    def patience_s(self) -> float:
        """Seconds that a hole is given to heal."""
        return max(self._least_patience_s, self._round_trips * self._round_trip)

    @property
    def interval_s(self) -> float:
        """Seconds from one request to the next: the key frame is on its way."""
        return min(max(0.2, 1.5 * self._round_trip + 0.05), 1.0)

    def decoder_failed(self) -> None:
        """A frame could not be decoded: nothing will heal."""
        self._failed = True

    def frame_taken(self, key_frame: bool, now: float) -> None:
        """A frame went to the decoder."""
        self._taken_at = now
        if key_frame:
            self._failed = False
            self._wanted_since = None

    def ask(
        self,
        now: float,
        *,
        needs_key_frame: bool,
        waiting_since: float | None,
        key_frame_progress: float | None,
        missing: int = 0,
    ) -> bool:
        """Whether to send a request now; it then counts as sent.

        The arguments are what ``FrameAssembly`` tells: only a key frame helps; since when something waits for a hole;
        when the last packet came of a key frame that is not whole yet. ``missing``: packets that are asked for.
        """
        if needs_key_frame or self._failed:
            if self._wanted_since is None:
                self._wanted_since = now - self.interval_s  # in a call that runs there is nothing to wait for
            since, limit = self._wanted_since, self.interval_s
            if key_frame_progress is not None and not self._failed:
                since, limit = max(since, key_frame_progress), self.patience_s
        elif waiting_since is None:
            self._wanted_since = None
            return False
        else:
            # After a link that was gone the hole is seen late, and much has to heal: it has had its time.
            since, limit = min(waiting_since, self._taken_at + _FRAME_LATE_S), self.patience_s
            if missing > HOPELESS:
                limit = 0.0
        if now < since + limit or (self._asked_at is not None and now < self._asked_at + self.interval_s):
            return False
        self._asked_at = now
        self.requests += 1
        return True
