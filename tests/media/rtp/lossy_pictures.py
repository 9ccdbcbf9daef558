"""Pictures over a line that loses packets both ways, in virtual time: how often the picture stands still.

The sender answers questions as a browser does; the receiver is what is tested. Run as a program it prints a table.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from typing import NamedTuple

from kiosk.media.rtp.frame_assembly import FrameAssembly
from kiosk.media.rtp.key_frame_requests import KeyFrameRequests
from kiosk.media.rtp.retransmission import MissingPackets, SentPackets
from kiosk.media.rtp.vp8_payload import pack

FROZEN_S = 0.2


class Outcome(NamedTuple):
    """``frozen``: share of the time in gaps longer than 200 ms; ``longest`` seconds; the rest are counts."""

    frozen: float
    longest: float
    frames: int
    sent: int
    again: int
    asked: int
    key_frames: int
    wrong: int


class Loss:
    """Random loss, or bursts of ``burst`` packets on average; the same share either way."""

    def __init__(self, share: float, burst: float, seed: int) -> None:
        self._random = random.Random(seed)
        self._share = share
        self._burst = burst
        self._losing = False

    def loses(self) -> bool:
        """Whether the next packet is lost."""
        if self._burst <= 1:
            return self._random.random() < self._share
        if self._losing:
            self._losing = self._random.random() >= 1 / self._burst
        else:
            self._losing = self._random.random() < self._share / (1 - self._share) / self._burst
        return self._losing


class BrowserQuestions(MissingPackets):
    """Asks as a browser does: at once, then whenever its 20 ms timer finds the last question a round trip old."""

    def __init__(self) -> None:
        super().__init__(lifetime=3.0)
        self._asked: dict[int, tuple[float, int]] = {}  # number -> (last question, questions)
        self._highest: int | None = None
        self._timer = 0.0

    def received(self, number: int, now: float, *, retransmitted: bool = False, ends: bool = True) -> None:
        """As the base class; nothing is guessed."""
        if self._highest is not None and number > self._highest:
            for lost in range(self._highest + 1, number):
                self._asked[lost] = (-1.0, 0)
        self._asked.pop(number, None)
        self._highest = number if self._highest is None else max(self._highest, number)

    def ask(self, now: float) -> list[int]:
        """As the base class."""
        numbers = [number for number, (_, asked) in self._asked.items() if not asked]
        if now >= self._timer:
            self._timer = now + 0.02
            old = now - self._round_trip
            numbers += [number for number, (at, asked) in self._asked.items() if asked and at <= old]
        for number in numbers:
            asked = self._asked[number][1] + 1
            self._asked[number] = (now, asked)
            if asked == 10:
                del self._asked[number]
        return sorted(numbers)

    def forget_before(self, number: int) -> None:
        """As the base class."""
        self._asked = {lost: asked for lost, asked in self._asked.items() if lost >= number}


class LossyPictures:
    """One call's pictures in one direction."""

    def __init__(
        self,
        share: float,
        *,
        burst: float = 1,
        bitrate: int = 800_000,
        round_trip: float = 0.04,
        layers: int = 1,
        jitter: float = 0.0,
        answers_after: float = 1.15,
        outage: tuple[float, float] = (0.0, 0.0),
        told_loss: float = 0.0,
        transport_feedback: bool = False,
        seed: int = 1,
        missing: MissingPackets | None = None,
        requests: KeyFrameRequests | None = None,
        assembly: FrameAssembly | None = None,
    ) -> None:
        self._random = random.Random(seed)
        self._there = Loss(share, burst, seed + 1)
        self._back = Loss(share, burst, seed + 2)
        self._bitrate = bitrate
        self._one_way = round_trip / 2
        self._layers = layers
        self._jitter = jitter
        self._outage = outage
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = itertools.count()
        self._number = 30_000
        self._picture = self._base = 0
        self._frames: dict[int, bytes] = {}
        self._key_wanted = True
        self._key_at = float("-inf")
        self._history: SentPackets[tuple[int, int, bool, bytes]] = SentPackets()
        # The browser's own measure of the round trip is never quite the line's.
        self._history.set_round_trip(round_trip * answers_after / 0.8)
        self._history.set_loss(told_loss)
        self._transport_feedback = transport_feedback
        self.missing = missing or MissingPackets(lifetime=1.0)
        self.missing.set_round_trip(round_trip)
        self.requests = requests or KeyFrameRequests(0.0)
        self.requests.set_round_trip(round_trip)
        self.assembly = assembly or FrameAssembly()
        self.shown: list[float] = []
        self._sent = self._key_frames = self._wrong = 0
        self._begun = False
        self._last_arrival = self._paced = 0.0

    def run(self, seconds: float) -> Outcome:
        """The whole call."""
        self._at(0.0, self._frame)
        self._at(0.0, self._tick)
        while self._events and self._events[0][0] < seconds:
            now, _, event = heapq.heappop(self._events)
            event(now)
        gaps = [after - before for before, after in itertools.pairwise([0.0, *self.shown, seconds])]
        return Outcome(
            frozen=sum(gap for gap in gaps if gap > FROZEN_S) / seconds,
            longest=max(gaps),
            frames=len(self.shown),
            sent=self._sent,
            again=self._history.sent_again,
            asked=self.missing.asked,
            key_frames=self._key_frames,
            wrong=self._wrong,
        )

    def _at(self, when: float, event: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), event))

    def _frame(self, now: float) -> None:
        mean = self._bitrate / 30 / 8
        size = int(mean * self._random.uniform(0.6, 1.4))
        key_frame = self._key_wanted and now - self._key_at >= 0.3
        if key_frame:
            self._key_wanted, self._key_at = False, now
            self._key_frames += 1
            size *= 4
        data = bytes((0 if key_frame else 1,)) + self._random.randbytes(max(size, 20))
        timestamp = self._picture * 3000
        self._frames[timestamp] = data
        layer = 0 if key_frame or self._layers == 1 else self._picture % 2
        if layer == 0:
            self._base += 1
        payloads = pack(
            data,
            limit=1100,
            picture_id=self._picture,
            tl0picidx=self._base % 256 if self._layers > 1 else None,
            temporal_layer=layer,
            layer_sync=layer > 0,
        )
        self._picture += 1
        step = 1150 * 8 / max(2.5 * self._bitrate, 600_000)
        for place, payload in enumerate(payloads):
            packet = (self._number, timestamp, place == len(payloads) - 1, payload)
            self._number += 1
            self._paced = max(now, self._paced + step)
            self._at(self._paced, lambda at, packet=packet: self._first_time(packet, at))  # type: ignore[misc]
        self._at(now + 1 / 30, self._frame)

    def _first_time(self, packet: tuple[int, int, bool, bytes], now: float) -> None:
        self._history.sent(packet[0] & 0xFFFF, packet, len(packet[3]) + 40, now)
        self._send(packet, now, again=False)

    def _send(self, packet: tuple[int, int, bool, bytes], now: float, *, again: bool) -> None:
        self._sent += 1
        arrival = max(now + self._one_way + self._random.uniform(0, self._jitter), self._last_arrival)
        self._last_arrival = arrival
        if not self._there.loses() and not self._outage[0] <= now < self._outage[1]:
            self._at(arrival, lambda at: self._arrives(packet, again, at))
        elif self._transport_feedback and not self._back.loses():
            # The next feedback, every 60 ms or so, tells of it.
            told = arrival + self._one_way + self._random.uniform(0.01, 0.07)
            self._at(told, lambda at: self._answer([packet[0]], at))

    def _arrives(self, packet: tuple[int, int, bool, bytes], again: bool, now: float) -> None:
        self.missing.received(packet[0], now, retransmitted=again, ends=packet[2])
        self.assembly.put(*packet, now)
        if self.assembly.began_inside and not self._begun:
            self.missing.expect_earlier(16, now)
        self._begun = True
        if (useful := self.assembly.next_number) is not None:
            self.missing.forget_before(useful)
        self._take(now)
        self._ask(now)

    def _tick(self, now: float) -> None:
        self._take(now)
        self._ask(now)
        wanted = self.requests.ask(
            now,
            needs_key_frame=self.assembly.needs_key_frame,
            waiting_since=self.assembly.waiting_since(now),
            key_frame_progress=self.assembly.key_frame_progress(),
            missing=self.missing.missing,
        )
        if wanted and not self._back.loses():
            self._at(now + self._one_way, self._want_key_frame)
        self._at(now + 0.005, self._tick)

    def _take(self, now: float) -> None:
        for frame in self.assembly.take(now):
            self._wrong += self._frames.get(frame.timestamp) != frame.data
            self.shown.append(now)
            self.requests.frame_taken(frame.key_frame, now)

    def _ask(self, now: float) -> None:
        numbers = self.missing.ask(now)
        if numbers and not self._back.loses():
            self._at(now + self._one_way, lambda at: self._answer(numbers, at))

    def _answer(self, numbers: list[int], now: float) -> None:
        for place, packet in enumerate(self._history.asked([number & 0xFFFF for number in numbers], now)):
            self._at(now + place * 0.001, lambda at, packet=packet: self._send(packet, at, again=True))  # type: ignore[misc]
        if (due := self._history.next_due(now)) is not None:
            self._at(due, self._second_copies)

    def _second_copies(self, now: float) -> None:
        for packet in self._history.copies(now):
            self._send(packet, now, again=True)

    def _want_key_frame(self, now: float) -> None:
        self._key_wanted = True


def main() -> None:
    """The table."""
    lines = ["     loss  kbit/s  frozen %  longest ms   fps  again %  asked/s  key"]
    seconds, seeds = 60.0, 5
    for share, burst in ((0.0, 1), (0.05, 1), (0.1, 1), (0.2, 1), (0.05, 3), (0.1, 3)):
        for bitrate in (160_000, 500_000, 1_200_000):
            runs = [
                LossyPictures(share, burst=burst, bitrate=bitrate, seed=seed * 10).run(seconds) for seed in range(seeds)
            ]
            longest = max(run.longest for run in runs) * 1000
            lines.append(
                f"{share * 100:>5.0f}%{'x3' if burst > 1 else '  '} {bitrate // 1000:>7}"
                f" {sum(run.frozen for run in runs) / seeds * 100:>9.2f} {longest:>11.0f}"
                f" {sum(run.frames for run in runs) / seeds / seconds:>5.1f}"
                f" {sum(run.again for run in runs) / sum(run.sent for run in runs) * 100:>8.1f}"
                f" {sum(run.asked for run in runs) / seeds / seconds:>8.1f} {sum(run.key_frames for run in runs):>4}"
            )
    print("\n".join(lines))  # noqa: T201 - this is its output


if __name__ == "__main__":
    main()
