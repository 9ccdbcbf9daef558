"""A call over a line made of numbers (rate, queue, delay, loss), with estimate, pacer and allocation at its end.

Run as a script it prints a table of all conditions. Nothing here waits: time is counted in milliseconds.
"""

from __future__ import annotations

import heapq
import math
import random
import sys
from collections import deque
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from kiosk.media.rtp.allocation import PACKET_OVERHEAD, Allocation, allocate
from kiosk.media.rtp.pacer import Kind, Pacer
from kiosk.media.rtp.send_estimate import SendEstimate

_GIVE_UP_S = 0.35
"""When more than this waits to be sent, a key frame is smaller than what it replaces."""

_RESTART_S = 0.1
"""After the line has collapsed: until the new key frame."""


class Conditions(msgspec.Struct, frozen=True):
    """One direction of a line; delays are of one direction."""

    rates: Sequence[tuple[float, int]] = ((0.0, 10_000_000),)
    """From which second which rate, bits per second."""
    queue_s: float = 0.4
    delay_s: float = 0.02
    jitter_s: float = 0.0
    """Standard deviation of extra delay (its size, order kept)."""
    loss: float = 0.0
    burst: float = 1.0
    """Mean length of a burst of losses."""
    feedback_loss: float = 0.0
    stalls: Sequence[tuple[float, float]] = ()
    """From when to when a radio hands nothing over and then everything at once, seconds."""
    outages: Sequence[tuple[float, float]] = ()
    """From when to when nothing gets through in either direction, seconds."""
    policed: bool = False
    """What is too much is dropped at once instead of queued."""


class Packet(msgspec.Struct):
    """What the simulated line carries."""

    number: int
    size: int
    kind: Kind
    frame: int
    index: int
    sent_at: float = 0.0


class Line:
    """One direction."""

    def __init__(self, conditions: Conditions, seed: int) -> None:
        self._conditions = conditions
        self._random = random.Random(seed)
        self._backlog = 0.0
        self._drained_at = 0.0
        self._last_arrival = 0.0
        self._in_burst = False
        self.queue_s: list[float] = []
        self.refused = 0

    def send(self, size: int, now: float) -> float | None:
        """When it arrives; None if it does not."""
        conditions = self._conditions
        self._drain(now)
        waits = self._leaves_at(self._backlog, now) - now
        self.queue_s.append(waits)
        if waits > (0.015 if conditions.policed else conditions.queue_s):
            self.refused += 1
            return None
        self._backlog += size * 8
        leaves_at = self._leaves_at(self._backlog, now)
        if self._loses() or self.is_out(now):
            return None
        for since, until in conditions.stalls:
            if since <= leaves_at < until:
                leaves_at = until
        delay = conditions.delay_s + abs(self._random.gauss(0, conditions.jitter_s))
        self._last_arrival = max(self._last_arrival, leaves_at + delay)
        return self._last_arrival

    def is_out(self, now: float) -> bool:
        """Whether the line is cut."""
        return any(since <= now < until for since, until in self._conditions.outages)

    def _drain(self, now: float) -> None:
        while self._drained_at < now:
            rate, until = self._rate(self._drained_at)
            until = min(until, now)
            self._backlog = max(0.0, self._backlog - rate * (until - self._drained_at))
            self._drained_at = until

    def _leaves_at(self, bits: float, now: float) -> float:
        while True:
            rate, until = self._rate(now)
            if now + bits / rate <= until:
                return now + bits / rate
            bits -= rate * (until - now)
            now = until

    def _rate(self, now: float) -> tuple[int, float]:
        """The rate, and until when it stays."""
        current, until = self._conditions.rates[0][1], math.inf
        for since, rate in self._conditions.rates:
            if since > now:
                until = since
                break
            current = rate
        return current, until

    def _loses(self) -> bool:
        conditions = self._conditions
        if not conditions.loss:
            return False
        if conditions.burst <= 1:
            return self._random.random() < conditions.loss
        leave = 1 / conditions.burst
        enter = leave * conditions.loss / (1 - conditions.loss)
        self._in_burst = self._random.random() < (1 - leave if self._in_burst else enter)
        return self._in_burst


class Outcome(msgspec.Struct):
    """What was measured. Times in seconds, rates in bits per second."""

    targets: list[tuple[float, int]]
    queues: list[tuple[float, float]]
    shown: list[float]
    sizes: list[tuple[float, int, int, int]]
    sound_sent: int
    sound_arrived: int
    sound_delays: list[float]
    sent_bits: list[tuple[float, int]]
    skipped: int
    probe_bits: int
    losses: list[tuple[float, float]]
    key_frames: int = 0

    def target_mean(self, since: float, until: float) -> float:
        values = [rate for at, rate in self.targets if since <= at < until]
        return sum(values) / len(values)

    def target_quantile(self, share: float, since: float, until: float) -> float:
        return quantile([rate for at, rate in self.targets if since <= at < until], share)

    def queue_quantile(self, share: float, since: float, until: float) -> float:
        return quantile([queue for at, queue in self.queues if since <= at < until], share)

    def frozen_share(self, since: float, until: float) -> float:
        return sum(gap for gap in self.gaps(since, until) if gap > 0.2) / (until - since)

    def gaps(self, since: float, until: float) -> list[float]:
        shown = [at for at in self.shown if since <= at < until]
        return [later - earlier for earlier, later in pairwise(shown)]

    def frames_per_second(self, since: float, until: float) -> float:
        return len([1 for at in self.shown if since <= at < until]) / (until - since)

    def reached(self, rate: float, since: float) -> float | None:
        """Seconds after ``since`` until what is sent (mean of 500 ms) is at least ``rate``."""
        window: deque[tuple[float, int]] = deque()
        bits = 0
        for at, size in self.sent_bits:
            window.append((at, size))
            bits += size
            while window[0][0] < at - 0.5:
                bits -= window.popleft()[1]
            if at >= since + 0.5 and bits / 0.5 >= rate:
                return at - since
        return None


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Call:
    """Our end of a call and the other end's answers."""

    def __init__(
        self,
        conditions: Conditions,
        *,
        seed: int,
        start: int = 300_000,
        least: int = 60_000,
        most: int = 2_500_000,
        camera: tuple[int, int] = (640, 480),
        feedback_s: float = 0.07,
        encoder_share: float = 1.0,
    ) -> None:
        self._conditions = conditions
        self._random = random.Random(seed + 1)
        self._line = Line(conditions, seed)
        self.estimate = SendEstimate(start=start, least=least, most=most, now=0.0)
        self._pacer = Pacer(rate=start)
        self._camera = camera
        self._feedback_s = feedback_s
        self._encoder_share = encoder_share
        self._allocation: Allocation = allocate(start, 0.0, None, 0.0, camera=camera)
        self._number = 0
        self._frame = 0
        self._events: list[tuple[float, int, int, object]] = []
        self._event = 0
        self._arrivals: list[tuple[int, float]] = []
        self._reported = -1
        self._missing: dict[int, set[int]] = {}
        self._next_shown = 0
        self._collapses = 0
        self._restart_at = 0.0
        self._key_frame = 0
        self._key_frame_at = 0.0
        self._complete: dict[int, float] = {}
        self.outcome = Outcome([], [], [], [], 0, 0, [], [], 0, 0, [])

    def run(self, seconds: float) -> Outcome:
        next_sound = next_frame = next_allocation = 0.0
        next_feedback = self._feedback_s
        for tick in range(int(seconds * 1000)):
            now = tick / 1000
            while self._events and self._events[0][0] <= now:
                _, kind, _, what = heapq.heappop(self._events)
                self._happened(kind, what, now)
            if now >= next_allocation:
                self._allocate(now)
                next_allocation = now + 0.05
            if now >= next_sound:
                self._speak(now)
                next_sound += self._allocation.speech_frame_ms / 1000
            if now >= next_frame:
                self._picture(now)
                next_frame += 1 / self._allocation.frames_per_second
            if now >= next_feedback:
                self._feedback(now)
                next_feedback = now + self._feedback_s * self._random.uniform(0.8, 1.3)
            due = self._pacer.next_due(now)
            if due is not None and due <= now:
                self._send(now)
        return self.outcome

    def _allocate(self, now: float) -> None:
        target = self.estimate.target(now)
        self.outcome.targets.append((now, target))
        self.outcome.losses.append((now, self.estimate.loss))
        self._pacer.set_rate(target)
        self._allocation = allocate(target, self.estimate.loss, self._allocation, now, camera=self._camera)
        probe = self.estimate.probe(now)
        if probe is not None:
            self._pacer.begin_probe(probe, now)

    def _speak(self, now: float) -> None:
        allocation = self._allocation
        payload = allocation.speech_bitrate * allocation.speech_frame_ms // 8000 * (1 + allocation.speech_redundancy)
        size = payload + PACKET_OVERHEAD
        self._pacer.put(Packet(0, size, Kind.SOUND, -1, 0, now), size, Kind.SOUND, now)
        self.outcome.sound_sent += 1

    def _picture(self, now: float) -> None:
        allocation = self._allocation
        self.outcome.sizes.append(
            (now, allocation.picture_width, allocation.picture_height, allocation.frames_per_second)
        )
        if not allocation.picture_bitrate:
            return
        key_frame = self._frame == 0
        if self.estimate.collapses > self._collapses:
            self._collapses = self.estimate.collapses
            self._restart_at = now + _RESTART_S
            self._pacer.drop_pictures()
        if now < self._restart_at:
            return
        if self._restart_at or (self._pacer.waiting_s > _GIVE_UP_S and now > self._key_frame_at + 0.3):
            self._restart_at = 0.0
            self._pacer.drop_pictures()
            key_frame = True
        elif self._pacer.waiting_s > 0.1:
            self.outcome.skipped += 1
            return
        size = allocation.picture_bitrate / 8 / allocation.frames_per_second * self._encoder_share
        size *= math.exp(self._random.gauss(-0.02, 0.2))
        if key_frame:
            size *= 4
            self._key_frame = self._frame
            self._key_frame_at = now
            self.outcome.key_frames += 1
        count = max(1, math.ceil(size / allocation.picture_packet_bytes))
        self._missing[self._frame] = set(range(count))
        for index in range(count):
            wire = int(size / count) + PACKET_OVERHEAD
            self._pacer.put(Packet(0, wire, Kind.PICTURE, self._frame, index), wire, Kind.PICTURE, now)
        self._frame += 1

    def _send(self, now: float) -> None:
        packets = self._pacer.take(now)
        while True:
            for packet in packets:
                assert isinstance(packet, Packet)
                self._leave(packet, self._pacer.cluster, now)
            wanted = self._pacer.padding_wanted(now)
            if not wanted:
                return
            self._pacer.put(Packet(0, wanted, Kind.PADDING, -1, 0), wanted, Kind.PADDING, now)
            packets = self._pacer.take(now)

    def _leave(self, packet: Packet, cluster: int | None, now: float) -> None:
        packet.number = self._number
        self._number += 1
        self.estimate.sent(packet.number, packet.size, now, probe=cluster)
        self.outcome.sent_bits.append((now, packet.size * 8))
        if packet.kind is Kind.PADDING:
            self.outcome.probe_bits += packet.size * 8
        arrives_at = self._line.send(packet.size, now)
        self.outcome.queues.append((now, self._line.queue_s[-1]))
        if arrives_at is not None:
            self._at(arrives_at, 0, packet)
        elif packet.kind in (Kind.PICTURE, Kind.RETRANSMISSION):
            # The next packet shows the hole some 10 ms later, and the request for it comes back.
            queued = self._line.queue_s[-1]
            self._at(now + queued + 2 * self._conditions.delay_s + 0.012, 1, packet)

    def _at(self, when: float, kind: int, what: object) -> None:
        self._event += 1
        heapq.heappush(self._events, (when, kind, self._event, what))

    def _happened(self, kind: int, what: object, now: float) -> None:
        if kind == 0:
            assert isinstance(what, Packet)
            self._arrived(what, now)
        elif kind == 1:
            assert isinstance(what, Packet)
            if what.frame < self._key_frame or now < self._restart_at:
                return  # a key frame takes its place
            again = Packet(0, what.size, Kind.RETRANSMISSION, what.frame, what.index)
            self._pacer.put(again, again.size, Kind.RETRANSMISSION, now)
        else:
            assert isinstance(what, list)
            self.estimate.feedback(what, now)

    def _arrived(self, packet: Packet, now: float) -> None:
        self._arrivals.append((packet.number, now))
        if packet.kind is Kind.SOUND:
            self.outcome.sound_arrived += 1
            self.outcome.sound_delays.append(now - packet.sent_at)
        if packet.frame < 0:
            return
        missing = self._missing.get(packet.frame)
        if missing is None:
            return
        missing.discard(packet.index)
        if not missing:
            del self._missing[packet.frame]
            self._complete[packet.frame] = now
            if packet.frame == self._key_frame > self._next_shown:
                self._next_shown = packet.frame
        while self._complete.pop(self._next_shown, None) is not None:
            self._next_shown += 1
            self.outcome.shown.append(now)

    def _feedback(self, now: float) -> None:
        if not self._arrivals:
            return
        came = dict(self._arrivals)
        self._arrivals = []
        last = max(came)
        report: list[tuple[int, float | None]] = []
        for number in range(self._reported + 1, last + 1):
            at = came.get(number)
            # The other end's clock is another one, and TWCC counts in quarters of milliseconds.
            report.append((number, None if at is None else round((at + 1234.5) * 4000) / 4))
        self._reported = max(self._reported, last)
        if self._random.random() >= self._conditions.feedback_loss and not self._line.is_out(now):
            self._at(now + self._conditions.delay_s, 2, report)


STEP = ((0.0, 2_000_000), (15.0, 300_000), (30.0, 2_000_000))

TABLE: dict[str, Conditions] = {
    "clean": Conditions(),
    "rate2500": Conditions(rates=((0.0, 2_500_000),)),
    "rate300": Conditions(rates=((0.0, 300_000),)),
    "rate100": Conditions(rates=((0.0, 100_000),)),
    "step": Conditions(rates=STEP),
    "loss1": Conditions(loss=0.01),
    "loss5": Conditions(loss=0.05),
    "loss10": Conditions(loss=0.1),
    "loss20": Conditions(loss=0.2),
    "burst5": Conditions(loss=0.05, burst=3),
    "jitter30": Conditions(jitter_s=0.03),
    "jitter30 rate500": Conditions(jitter_s=0.03, rates=((0.0, 500_000),)),
    "loss5 rate300": Conditions(loss=0.05, rates=((0.0, 300_000),)),
    "loss20 rate500": Conditions(loss=0.2, rates=((0.0, 500_000),)),
    "policed800": Conditions(rates=((0.0, 800_000),), policed=True),
    "stalls": Conditions(rates=((0.0, 3_000_000),), stalls=((10.0, 10.3), (15.0, 15.5), (20.0, 20.15), (20.4, 20.6))),
    "outage 3 s": Conditions(rates=((0.0, 3_000_000),), outages=((10.0, 13.0),)),
    "feedback lost 20": Conditions(feedback_loss=0.2, rates=((0.0, 500_000),)),
}


def _figures(outcome: Outcome, conditions: Conditions, most: int, seconds: float) -> dict[str, str]:
    since = 5.0
    reached = outcome.reached(0.8 * min(most, conditions.rates[-1][1]), conditions.rates[-1][0])
    sent = sum(size for _, size in outcome.sent_bits)
    losses = [loss for at, loss in outcome.losses if at >= since]
    gaps = outcome.gaps(since, seconds)
    return {
        "mean k": f"{outcome.target_mean(since, seconds) / 1000:.0f}",
        "p5 k": f"{outcome.target_quantile(0.05, since, seconds) / 1000:.0f}",
        "80 % s": "-" if reached is None else f"{reached:.1f}",
        "queue p50": f"{outcome.queue_quantile(0.5, since, seconds) * 1000:.0f}",
        "p95 ms": f"{outcome.queue_quantile(0.95, since, seconds) * 1000:.0f}",
        "frozen %": f"{outcome.frozen_share(since, seconds) * 100:.2f}",
        "gap ms": f"{max(gaps) * 1000:.0f}",
        "fps": f"{outcome.frames_per_second(since, seconds):.1f}",
        "size": f"{outcome.sizes[-1][1]}x{outcome.sizes[-1][2]}",
        "sound p95": f"{quantile(outcome.sound_delays, 0.95) * 1000:.0f}",
        "skipped": str(outcome.skipped),
        "keys": str(outcome.key_frames),
        "padding %": f"{100 * outcome.probe_bits / sent:.2f}",
        "loss %": f"{100 * sum(losses) / len(losses):.1f}",
    }


def main() -> None:
    """Print the table: conditions (or ``all``), then seeds."""
    name, *numbers = sys.argv[1:] or ["all"]
    seconds = 40.0
    heads = False
    for condition, conditions in TABLE.items():
        if name not in ("all", condition):
            continue
        for seed in [int(number) for number in numbers] or [1]:
            most = 1_700_000 if condition == "step" else 2_500_000
            figures = _figures(Call(conditions, seed=seed, most=most).run(seconds), conditions, most, seconds)
            if not heads:
                sys.stdout.write(f"{'condition':18} seed " + " ".join(f"{head:>9}" for head in figures) + "\n")
                heads = True
            sys.stdout.write(f"{condition:18} {seed:4} " + " ".join(f"{value:>9}" for value in figures.values()) + "\n")


if __name__ == "__main__":
    main()
