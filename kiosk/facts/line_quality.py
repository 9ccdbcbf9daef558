"""How good the line of a call is, in one word, from what was counted in the last second. Pure."""

from __future__ import annotations

import enum

import msgspec


class LineVerdict(enum.Enum):
    """GOOD: nobody notices anything. WEAK: picture or voice suffers. BAD: talking is hard."""

    GOOD = "good"
    WEAK = "weak"
    BAD = "bad"


class LineFigures(msgspec.Struct, frozen=True):
    """What is known of the last second; None: not known, which speaks neither for nor against the line.

    ``round_trip_s``: seconds. Shares are 0 to 1: of packets that were lost after repair was given up
    (``lost_share_received``) or that the other end reports lost (``lost_share_sent``), of the second in which the
    picture stood still (gaps over 200 ms), of the voice that was concealed. ``available_bitrate``: bit/s that the
    sending estimator allows.
    """

    round_trip_s: float | None = None
    lost_share_sent: float | None = None
    lost_share_received: float | None = None
    frozen_share: float | None = None
    concealed_share: float | None = None
    available_bitrate: float | None = None


class _Limit(msgspec.Struct, frozen=True):
    """Weak and bad from these values on. ``falling``: the smaller, the worse."""

    figure: str
    weak: float
    bad: float
    falling: bool = False


_LIMITS = (
    # ITU-T G.114: beyond 400 ms one way a conversation breaks down; 150 ms is not noticed by most.
    _Limit("round_trip_s", 0.5, 1.0),
    # What is lost and repaired is heard and seen in the two shares below; much of it is still a warning.
    _Limit("lost_share_sent", 0.10, 0.25),
    _Limit("lost_share_received", 0.10, 0.25),
    _Limit("frozen_share", 0.10, 0.40),
    # Words are lost from about 5 % on, sentences from 15 %.
    _Limit("concealed_share", 0.05, 0.15),
    # Below 150 kbit/s the picture gives way to the voice; below 50 kbit/s the voice suffers too.
    _Limit("available_bitrate", 150_000.0, 50_000.0, falling=True),
)

EASE = 0.7
"""To be called good again, a figure must be this much better than the limit it crossed."""

SECONDS_TO_WORSE = 4
"""So many of the last five seconds must be worse: a single dropout is no weak line."""

SECONDS_TO_BETTER = 8
"""So long nothing may be wrong before a line is called better."""

_WINDOW = 5


def judge(figures: LineFigures, *, ease: float = 1.0) -> LineVerdict:
    """The verdict of one second by the worst of its figures. ``ease`` below 1 makes every limit as much stricter."""
    verdict = LineVerdict.GOOD
    for limit in _LIMITS:
        value: float | None = getattr(figures, limit.figure)
        if value is None or value != value:
            continue
        if _crossed(value, limit.bad, ease, limit.falling):
            return LineVerdict.BAD
        if _crossed(value, limit.weak, ease, limit.falling):
            verdict = LineVerdict.WEAK
    return verdict


def _crossed(value: float, limit: float, ease: float, falling: bool) -> bool:
    return value <= limit / ease if falling else value >= limit * ease


_ORDER = (LineVerdict.GOOD, LineVerdict.WEAK, LineVerdict.BAD)


class LineJudge:
    """Judges a call second by second, slow to say anything and slower to take it back. One per call."""

    def __init__(self) -> None:
        self._last: list[int] = []
        self._calm = 0
        self.verdict = LineVerdict.GOOD

    def take(self, figures: LineFigures) -> LineVerdict:
        """One more second; the verdict that now stands."""
        current = _ORDER.index(self.verdict)
        self._last = [*self._last[1 - _WINDOW :], _ORDER.index(judge(figures))]
        worst = sorted(self._last, reverse=True)
        lasting = worst[SECONDS_TO_WORSE - 1] if len(worst) >= SECONDS_TO_WORSE else 0
        strict = _ORDER.index(judge(figures, ease=EASE))
        self._calm = self._calm + 1 if strict < current else 0
        if lasting > current:
            self.verdict = _ORDER[lasting]
            self._calm = 0
        elif self._calm >= SECONDS_TO_BETTER:
            self.verdict = _ORDER[max(self._last)]
            self._calm = 0
        return self.verdict
