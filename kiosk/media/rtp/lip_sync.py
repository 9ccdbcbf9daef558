"""When a picture is due so that lips and voice agree; from sender reports and what the loudspeaker is playing.

Each stream's sender reports tell which of its ticks belongs to which moment of the sender's wall clock (RFC 3550
section 6.4.1). The voice that is being played tells how far the sender's clock lies behind ours; a picture is due when
the voice of the same moment is heard. Pictures that come later than their voice make the voice wait, up to a limit.
"""

from __future__ import annotations

from collections import deque

MOST_HELD_S = 0.25
"""A picture is held back at most this long, and besides as long as the output is slow."""
MOST_VOICE_DELAY_S = 0.15
"""Voice is made to wait at most so much: being late in a talk is worse than lips that disagree a little."""
LATE_TOLERATED_S = 0.02
"""Nobody notices so little (EN 301 549 asks for 100 ms), and the talk is the quicker for it."""
_WINDOW_S = 2.0
_SHARE = 0.8
_SMOOTHING = 0.1
_JUMP_S = 0.2
_NTP_SECOND = 4294967296


class StreamClock:
    """The sender's wall clock (seconds) for unwrapped ticks of one stream."""

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._reported: tuple[int, float] | None = None

    def reported(self, ticks: int, ntp: int) -> None:
        """A sender report: at ``ntp`` (32.32 fixed point) the stream stood at ``ticks`` (unwrapped)."""
        if ntp:
            self._reported = (ticks, ntp / _NTP_SECOND)

    def wall(self, ticks: int) -> float | None:
        """None before the first report."""
        if self._reported is None:
            return None
        at, wall = self._reported
        return wall + (ticks - at) / self._clock_rate


class LipSync:
    """Times are CLOCK_MONOTONIC seconds."""

    def __init__(self) -> None:
        self.voice = StreamClock(48_000)
        self.picture = StreamClock(90_000)
        self._heard: float | None = None  # our clock less the sender's, for voice that is heard
        self._ready: deque[tuple[float, float]] = deque()  # (now, our clock less the sender's) of decoded pictures
        self.output_delay_s = 0.0
        """So much later than ``voice_heard`` is told the voice is really heard, as through a Bluetooth headset."""
        self.last_offset_s: float | None = None
        """Picture less voice at the last picture: above zero, the picture was shown late."""

    def voice_heard(self, ticks: int, at: float) -> None:
        """The loudspeaker plays these ticks at ``at``."""
        wall = self.voice.wall(ticks)
        if wall is None:
            return
        offset = at - wall
        if self._heard is None or abs(offset - self._heard) > _JUMP_S:
            self._heard = offset
        else:
            self._heard += _SMOOTHING * (offset - self._heard)

    def due(self, ticks: int, now: float) -> float:
        """When to show a picture that has just been decoded: now, or somewhat later."""
        at_once = now + self.output_delay_s
        wall = self.picture.wall(ticks)
        if wall is None:
            return at_once
        self._ready.append((now, now - wall))
        while self._ready and now - self._ready[0][0] > _WINDOW_S:
            self._ready.popleft()
        if self._heard is None:
            return at_once
        due = wall + self._heard + self.output_delay_s
        if not now - 2 * _JUMP_S < due < at_once + 2 * MOST_HELD_S:
            self.last_offset_s = None  # the clocks do not belong together: show it
            return at_once
        shown = min(max(due, now), at_once + MOST_HELD_S)
        self.last_offset_s = shown - due
        return shown

    def voice_delay_wanted(self, delay_s: float) -> float:
        """How long the voice should wait in its buffer, which now delays it by ``delay_s``; 0: as short as it can."""
        if self._heard is None or len(self._ready) < 10:
            return 0.0
        ready = sorted(offset for _, offset in self._ready)
        late = ready[int(_SHARE * (len(ready) - 1))] - self._heard - self.output_delay_s
        return min(MOST_VOICE_DELAY_S, max(0.0, delay_s + late - LATE_TOLERATED_S))
