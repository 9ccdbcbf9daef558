"""How much may be sent: joins delay, loss, probes and what arrives into one rate; sends nothing and paces nothing.

Follows draft-ietf-rmcat-gcc-02 (arrival groups, slope, adaptive threshold, additive and multiplicative increase,
decrease to a share of what arrives) and differs where a call in a home needs it: a queue that we made is drained on
purpose before the rate goes up again, random loss does not starve the call (``loss_estimate``), and probes go out every
few seconds while there may be more room.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import Enum, auto
from itertools import takewhile

from kiosk.media.rtp.arrival_rate import ArrivalRate
from kiosk.media.rtp.delay_trend import DelayTrend, Usage
from kiosk.media.rtp.loss_estimate import LossCause, LossEstimate
from kiosk.media.rtp.probing import Answer, Probe, Probing

_DECREASE = 0.85
_DRAIN_DEEPER = 0.4
_DRAIN_DEEPEST_MS = 300.0
_AFTER_DRAIN = 0.92
_DRAINED_MS = 15.0
_LONGEST_DRAIN_S = 1.5
_HOLD_S = 0.15
_NEAR_PER_S = 0.04
_FAR_PER_S = 0.12
_NEAR = 0.85
_COLLAPSE = 0.5
_BEYOND = 1.2
_MORE_THAN_ARRIVES = 1.5
_LITTLE_MORE = 20_000
_SHORT_MS = 150.0
_LONG_MS = 500.0
_FORGOTTEN_S = 10.0
_MOST_HISTORY = 20_000
_IDLE_SHARE = 0.7
_FEEDBACK_S = 0.1
_QUEUE_ALLOWED_S = 0.2
_LEAST_PUSH_BACK = 0.3
_SILENCE_S = 1.0
_AFTER_SILENCE = 0.5
_AFTER_SILENCE_S = 0.3
_LONGEST_RUN = 10
_FALLBACK_AFTER_S = 2.5
_PROBE_QUEUE_MS = 25.0
_BEFORE_FIRST_PROBE = 8
_OWN_NOISE_MS = 12.0
_OWN_NOISE_BITS = 1800


class _Phase(Enum):
    RISING = auto()
    DRAINING = auto()
    HOLDING = auto()


class SendEstimate:
    """The rate that the line to the other end carries now.

    Rates are bits per second on the wire: all that the packets carry, headers of IP and UDP included, if ``sent`` is
    told sizes that include them. Times are seconds of one monotonic clock.
    """

    def __init__(self, *, start: int, least: int, most: int, now: float) -> None:
        if not 0 < least <= start <= most:
            raise ValueError(f"rates out of order: {least} {start} {most}")
        self._least = least
        self._most = most
        self._target = float(start)
        self._receiver_limit: int | None = None
        self._trend = DelayTrend()
        self._losses = LossEstimate()
        self._probing = Probing(now=now)
        self._arrivals = ArrivalRate()
        self._history: dict[int, tuple[float, int, int | None]] = {}
        self._in_flight = 0
        self._came = 0
        self._recently_sent: deque[tuple[float, int]] = deque()
        self._recent_bytes = 0
        self._phase = _Phase.RISING
        self._phase_until = 0.0
        self._capacity: float | None = None
        self._decreased_at = now - 10.0
        self._updated_at = now
        self._before_trial: float | None = None
        self._before_rush: float | None = None
        self._feedback_at: float | None = None
        self._first_sent_at: float | None = None
        self._round_trip: float | None = None
        self._round_trip_told_at: float | None = None
        self.collapses = 0
        """How often the line has become less than half of what was sent.

        What is under way then comes late and with holes: the sender does best to throw away what waits and to begin
        anew with a small key frame after some 100 ms.
        """
        self._told_loss = 0.0
        self._told_least_round_trip: float | None = None
        self._told_at: float | None = None

    # What the sender tells.

    def sent(self, number: int, size: int, now: float, *, probe: int | None = None) -> None:
        """A packet with this (unwrapped) transport-wide number left; ``probe`` is the cluster it belongs to."""
        self._history[number] = (now, size, probe)
        self._in_flight += size
        self._recently_sent.append((now, size))
        self._recent_bytes += size
        if self._first_sent_at is None:
            self._first_sent_at = now
        if probe is not None:
            self._probing.sent(probe, size, now)
        if len(self._history) > _MOST_HISTORY:
            self._forget_before(number - _MOST_HISTORY // 2)

    def round_trip(self, seconds: float, now: float) -> None:
        """Round trip as RTCP reports give it (RFC 3550 6.4.1)."""
        if 0 <= seconds < 10:
            self._round_trip = seconds
            self._round_trip_told_at = now

    def receiver_limit(self, bits_per_second: int | None, now: float) -> None:
        """The other end allows no more than this (REMB), or lifts its limit."""
        self._receiver_limit = bits_per_second

    def report_lost(self, fraction: float, now: float) -> None:
        """Fraction lost of a receiver report: decides only while there is no transport-wide feedback."""
        fraction = min(max(fraction, 0.0), 1.0)
        if self._hears_feedback(now):
            return
        self._told_loss += 0.3 * (fraction - self._told_loss)
        elapsed = min(now - self._told_at, 5.0) if self._told_at is not None else 1.0
        self._told_at = now
        least = self._told_least_round_trip
        if self._round_trip is not None:
            least = self._round_trip if least is None else min(least * 1.001, self._round_trip)
            self._told_least_round_trip = least
        queued = least is not None and self._round_trip is not None and self._round_trip > least + 0.06
        if queued or (fraction > 0.1 and least is None):
            self._set(self._target * (1 - max(0.5 * fraction, 0.1)))
        elif fraction < 0.02 and not self._is_idle(now):
            self._set(self._target * (1 + 0.08 * elapsed))

    def feedback(self, arrivals: Iterable[tuple[int, float | None]], now: float) -> None:
        """Transport-wide feedback: for each number when it came, in milliseconds of the other end's clock, or None."""
        reported = list(arrivals)
        if not reported:
            return
        if self._forget_before(min(number for number, _ in reported)):
            self._arrivals.clear()  # a report was lost: what came meanwhile is not known, and its time must not count
        was_silent = self._feedback_at is not None and now - self._feedback_at > _SILENCE_S
        if was_silent:
            self._after_silence(now)
        came = lost = run = 0
        newest_sent: float | None = None
        history = self._history
        for number, arrival_ms in reported:
            entry = history.pop(number, None)
            if entry is None:
                continue
            sent_at, size, cluster = entry
            self._in_flight -= size
            if cluster is not None:
                self._probing.reported(cluster, sent_at, arrival_ms, size)
            if arrival_ms is None:
                run += 1
                if run <= _LONGEST_RUN:  # more than that is a cut: it says nothing of the rate
                    lost += 1
                continue
            run = 0
            came += 1
            newest_sent = sent_at if newest_sent is None else max(newest_sent, sent_at)
            self._arrivals.add(arrival_ms, size)
            if cluster is None:
                self._trend.arrived(sent_at * 1000, arrival_ms)
        if not came + lost:
            return
        self._feedback_at = now
        self._came += came
        if newest_sent is not None:
            self._guess_round_trip(now - newest_sent, now)
        if not was_silent:
            self._watch_loss(came, lost, now)
        self._take_answer(now)
        self._update(now)
        self._updated_at = now

    # What the sender asks.

    def target(self, now: float) -> int:
        """Bits per second that may be sent now, everything on the wire counted."""
        rate = self._target
        if self._losses.trial_rate is not None:
            rate = min(rate, self._losses.trial_rate)
        rate *= self._push_back(now)
        if self._receiver_limit is not None:
            rate = min(rate, self._receiver_limit)
        return int(min(max(rate, self._least), self._most))

    def probe(self, now: float) -> Probe | None:
        """A cluster to send now, if it is time to ask the line for more."""
        most = self._most if self._receiver_limit is None else min(self._most, self._receiver_limit)
        if self._feedback_at is None or now - self._feedback_at > _SILENCE_S:
            return None
        if self._came < _BEFORE_FIRST_PROBE:
            return None  # a narrow line shows itself in the first packets: it must not be filled with a question
        quiet = (
            self._phase is _Phase.RISING
            and self._trend.usage is not Usage.OVER
            and not self._trend.rushes
            and self._trend.standing_ms < max(_PROBE_QUEUE_MS, 1.5 * self._trend.noise_ms)
            and self._losses.trial_rate is None
        )
        return self._probing.next(now, target=int(self._target), most=most, quiet=quiet, jitter_ms=self._jitter_ms())

    @property
    def queue_delay_s(self) -> float:
        """What queues on the line before the newest packet, seconds."""
        return max(self._trend.queue_ms, 0.0) / 1000

    @property
    def loss(self) -> float:
        """Share of packets lost on the way to the other end in the last seconds."""
        return self._losses.loss if self._feedback_at is not None else self._told_loss

    @property
    def round_trip_s(self) -> float | None:
        """Round trip; None before the first report or feedback."""
        return self._round_trip

    @property
    def remembered(self) -> int:
        """Packets of which no feedback has spoken yet."""
        return len(self._history)

    # The control.

    def _after_silence(self, now: float) -> None:
        """The line was cut and is back, and may be another one: what was lost meanwhile says nothing of the rate."""
        self._set(_AFTER_SILENCE * self._target)
        self._capacity = None
        self._phase = _Phase.RISING
        self._arrivals.clear()
        self._end_trial()
        self._probing.ask_at(now + _AFTER_SILENCE_S)

    def _watch_loss(self, came: int, lost: int, now: float) -> None:
        delivered = self._arrivals.rate(_LONG_MS * 2)
        queued = self._trend.standing_ms > 30.0 + self._trend.noise_ms or self._phase is _Phase.DRAINING
        if queued:
            self._end_trial()
        elif self._losses.trial_rate is None:
            queued = self._is_idle(now)  # what arrives when little is sent tells nothing
        found = self._losses.reported(
            came, lost, now, delivered=delivered, queued=queued, settle_s=self._reaction_s() + 0.05
        )
        if found is LossCause.OUR_RATE:
            self._capacity = min(delivered, self._target)
            self._set(self._capacity * 0.98)
            self._before_trial = None
            self._probing.rate_fell(now)
            self._hold(now)
        elif found is LossCause.LINE and self._before_trial is not None:
            self._set(max(self._target, self._before_trial))
            self._before_trial = None
        elif self._losses.trial_rate is not None and self._before_trial is None:
            self._before_trial = self._target

    def _end_trial(self) -> None:
        self._losses.cancel_trial()
        self._before_trial = None

    def _take_answer(self, now: float) -> None:
        answered = self._probing.answer(now, usual_loss=self._losses.usual, least_delay_ms=self._trend.least_delay_ms)
        if answered is None:
            return
        found, rate = answered
        if found is Answer.LOST or self._trend.usage is Usage.OVER or self._phase is not _Phase.RISING:
            return
        room = 0.95 * rate if found is Answer.CARRIED else 0.9 * rate
        if room > self._target:
            self._set(room)
            if self._capacity is not None and room > self._capacity:
                self._capacity = None

    def _update(self, now: float) -> None:
        if self._trend.usage is Usage.OVER or (self._trend.rushes and self._phase is not _Phase.DRAINING):
            self._decrease(now)
        elif self._phase is _Phase.DRAINING and self._capacity is not None:
            self._drain(self._capacity, now)
        elif self._phase is _Phase.HOLDING:
            if now >= self._phase_until:
                self._phase = _Phase.RISING
        else:
            self._increase(now)

    def _decrease(self, now: float) -> None:
        window, least_packets = min(_SHORT_MS + 8 * self._jitter_ms(), _LONG_MS), 5
        if self._trend.rushes:
            # What came before the line became slower must not count.
            window, least_packets = self._trend.rush_ms[1], 2
        short = self._arrivals.rate(window, least_packets) / (1 - min(self._losses.usual, 0.5))
        if short <= 0:
            return
        if self._trend.usage is Usage.OVER:
            self._before_rush = None
        elif self._phase is not _Phase.DRAINING:
            self._before_rush = self._target
        if self._phase is _Phase.DRAINING:
            # While something queues, what arrives is what the line carries.
            assumed = self._capacity or short
            capacity = min(assumed, short) if now < self._decreased_at + self._reaction_s() else 0.5 * (assumed + short)
        else:
            capacity = min(short, self._target)
            if capacity < _COLLAPSE * self._target:
                self.collapses += 1
            self._decreased_at = now
            self._phase_until = now + _LONGEST_DRAIN_S
        self._capacity = capacity
        self._phase = _Phase.DRAINING
        self._end_trial()
        self._drain(capacity, now)

    def _drain(self, capacity: float, now: float) -> None:
        standing = self._trend.standing_ms
        if self._trend.rushes:
            standing = max(standing, self._trend.rush_ms[0])
        drained = standing < _DRAINED_MS + self._trend.noise_ms and now >= self._decreased_at + self._reaction_s()
        if drained or now >= self._phase_until:
            if self._before_rush is not None:  # no queue came of it: it was a stroke of jitter
                capacity = self._capacity = max(capacity, self._before_rush)
                self._before_rush = None
            self._set(capacity * _AFTER_DRAIN)
            self._hold(now)
            self._probing.rate_fell(now)
            return
        share = _DECREASE - _DRAIN_DEEPER * min(standing / _DRAIN_DEEPEST_MS, 1.0)
        self._set(min(capacity * share, self._target))

    def _hold(self, now: float) -> None:
        self._phase = _Phase.HOLDING
        self._phase_until = now + self._reaction_s() + _HOLD_S

    def _increase(self, now: float) -> None:
        elapsed = min(now - self._updated_at, 0.5)
        if self._is_idle(now) or self._losses.trial_rate is not None:
            return
        capacity = self._capacity
        if capacity is not None and self._target > _BEYOND * capacity:
            self._capacity = capacity = None
        near = capacity is not None and self._target > _NEAR * capacity
        risen = self._target * (1 + (_NEAR_PER_S if near else _FAR_PER_S) * elapsed)
        arrives = self._arrivals.rate(_LONG_MS) / (1 - min(self._losses.usual, 0.5))
        self._set(max(self._target, min(risen, _MORE_THAN_ARRIVES * arrives + _LITTLE_MORE)))

    def _set(self, rate: float) -> None:
        self._target = min(max(rate, float(self._least)), float(self._most))

    def _jitter_ms(self) -> float:
        """What the delay varies beyond what our own packets do on a narrow line, one behind the other."""
        own = max(_OWN_NOISE_MS, _OWN_NOISE_BITS * 1000 / self._target)
        return 3 * max(0.0, self._trend.noise_ms - own)

    def _reaction_s(self) -> float:
        """How long until feedback shows what a change of rate did."""
        return (self._round_trip or 0.1) + _FEEDBACK_S

    def _push_back(self, now: float) -> float:
        """The share that may be sent while more is under way than the line and a small queue hold.

        Feedback comes late just when a queue has grown, so this reacts before it.
        """
        if self._feedback_at is None or not self._in_flight:
            return 1.0
        if now - self._feedback_at > _SILENCE_S:
            return 0.0
        allowed = self._target / 8 * ((self._round_trip or 0.1) + _FEEDBACK_S + _QUEUE_ALLOWED_S) + 3000
        if self._in_flight <= allowed:
            return 1.0
        return max(allowed / self._in_flight, _LEAST_PUSH_BACK)

    def _is_idle(self, now: float) -> bool:
        """The encoder sends much less than it may: what arrives says nothing of the line."""
        recent = self._recently_sent
        while recent and recent[0][0] < now - 1.0:
            self._recent_bytes -= recent.popleft()[1]
        return self._recent_bytes * 8 < _IDLE_SHARE * self._target

    def _hears_feedback(self, now: float) -> bool:
        if self._feedback_at is not None:
            return now - self._feedback_at < _FALLBACK_AFTER_S
        return self._first_sent_at is None or now - self._first_sent_at < _FALLBACK_AFTER_S

    def _guess_round_trip(self, seconds: float, now: float) -> None:
        """The time from sending the newest packet to its report: a little more than the round trip."""
        if self._round_trip_told_at is not None and now - self._round_trip_told_at < 5.0:
            return
        self._round_trip = seconds if self._round_trip is None else 0.8 * self._round_trip + 0.2 * seconds

    def _forget_before(self, number: int) -> bool:
        """Packets that no feedback will speak of any more, because theirs was lost; True if there were any."""
        history = self._history
        older = list(takewhile(lambda old: old < number, history))
        for old in older:
            _, size, cluster = history.pop(old)
            self._in_flight -= size
            if cluster is not None:
                self._probing.reported(cluster, 0.0, None, size)
        return bool(older)
