"""Asks the line with a short faster burst whether it carries more, and reads the answer; decides no rate.

As in libwebrtc, a cluster of packets leaves at a chosen rate, and the rate at which it arrives is what the line can
carry. Clusters are short here (25 ms), because on a narrow line the packets of a cluster become a queue before the
voice.
"""

from __future__ import annotations

from enum import Enum, auto

import msgspec

_CLUSTER_S = 0.025
_LONGEST_CLUSTER_S = 0.07
_LEAST_PACKETS = 5
_MOST_PACKET = 1100
_LEAST_PACKET = 90
_FIRST_STEP = 3.0
_STEP = 2.0
_ENOUGH_REPORTED = 0.6
_QUEUED = 0.25
_COMPRESSED = 0.7
_STEP_WHEN_UNSURE = 1.3
_LEAST_SPAN_S = 0.004
_SATURATED = 0.85
"""A cluster that arrives slower than this share of the rate at which it left has found the end of the line."""

_SOON_S = 1.2
_LATEST_S = 3.0
_SLOWER = 1.4
_ANSWER_S = 1.0


class Probe(msgspec.Struct, frozen=True):
    """A cluster to send."""

    cluster: int
    rate: int
    """Bits per second at which the packets are to leave."""
    size: int
    """Bytes on the wire, all packets together, at least."""
    packets: int
    """Number of packets, at least."""

    @property
    def packet_size(self) -> int:
        """Bytes on the wire of a padding packet for this cluster."""
        return min(max(self.size // self.packets, _LEAST_PACKET), _MOST_PACKET)


class Answer(Enum):
    """What a cluster found."""

    CARRIED = auto()
    """The line carries the rate at which the cluster left."""
    SATURATED = auto()
    """The cluster arrived slower than it left."""
    LOST = auto()
    """Too little of it came back to say anything."""


class Probing:
    """When to probe, and what came of it. ``now`` is in seconds."""

    def __init__(self, *, now: float) -> None:
        self._cluster = 0
        self._open: Probe | None = None
        self._began_at = 0.0
        self._target = 0
        self._due_at = now
        self._pause_s = _SOON_S
        self._step = _FIRST_STEP
        self._sent: list[tuple[float, int]] = []
        self._came: list[tuple[float, float, int]] = []
        self._reported = 0

    def next(self, now: float, *, target: int, most: int, quiet: bool, jitter_ms: float = 0.0) -> Probe | None:
        """The cluster to send now, if any.

        ``quiet`` says that nothing queues on the line, ``jitter_ms`` how much its delay jitters: a short cluster would
        measure only that.
        """
        if self._open is not None:
            if now - self._began_at < _ANSWER_S:
                return None
            self._ended(now, Answer.LOST)
        if now < self._due_at or not quiet or target >= 0.95 * most:
            return None
        rate = int(min(target * self._step, most * 1.15))
        size = int(rate * min(_CLUSTER_S + 0.002 * jitter_ms, _LONGEST_CLUSTER_S) / 8)
        self._cluster += 1
        self._open = Probe(
            cluster=self._cluster, rate=rate, size=size, packets=max(_LEAST_PACKETS, -(-size // _MOST_PACKET))
        )
        self._target = target
        self._began_at = now
        self._sent.clear()
        self._came.clear()
        self._reported = 0
        return self._open

    def sent(self, cluster: int, size: int, now: float) -> None:
        """A packet of a cluster has left."""
        if self._open is not None and cluster == self._open.cluster:
            self._sent.append((now, size))

    def reported(self, cluster: int, sent_s: float, arrival_ms: float | None, size: int) -> None:
        """The other end says when a packet of a cluster came, or that it did not."""
        if self._open is None or cluster != self._open.cluster:
            return
        self._reported += 1
        if arrival_ms is not None:
            self._came.append((arrival_ms / 1000, sent_s, size))

    def answer(self, now: float, *, usual_loss: float, least_delay_ms: float) -> tuple[Answer, int] | None:
        """What the open cluster found and its rate in bits per second, once all of it was reported.

        ``least_delay_ms`` is arrival less departure of a packet that waited nowhere, by the clocks of both.
        """
        probe = self._open
        if probe is None or len(self._sent) < probe.packets or self._reported < len(self._sent):
            return None
        found, rate = self._measure(probe, usual_loss, least_delay_ms)
        self._ended(now, found)
        return found, rate

    def _measure(self, probe: Probe, usual_loss: float, least_delay_ms: float) -> tuple[Answer, int]:
        came = self._came
        if len(came) < max(3, _ENOUGH_REPORTED * len(self._sent)):
            return Answer.LOST, 0
        first, last = min(came), max(came)
        earliest = min(sent_at for _, sent_at, _ in came)
        latest = max(sent_at for _, sent_at, _ in came)
        left_s = max(latest - earliest, _LEAST_SPAN_S)
        came_s = max(last[0] - first[0], _LEAST_SPAN_S)
        # The distance of two packets is what the earlier one took to leave, and what the later one took on the line.
        within = [size for at, size in self._sent if earliest <= at <= latest]
        left = (sum(within) - within[-1]) * 8 / left_s
        size = sum(size for _, _, size in came) - first[2]
        if usual_loss > 0.02:
            # What the line loses anyway was not refused: it had its place among the others.
            size = int(size * min(len(within) / len(came), 1 / (1 - min(usual_loss, 0.5))))
        arrived = size * 8 / came_s
        # Packets of unequal size make one rate look smaller than the other; a full line also delays the last of them.
        delayed_s = last[0] - last[1] - least_delay_ms / 1000
        if arrived < _SATURATED * left and delayed_s > _QUEUED * left_s:
            return Answer.SATURATED, int(arrived)
        if came_s < _COMPRESSED * left_s:
            # Held back and let go at once: that tells the radio's rate more than the line's.
            return Answer.CARRIED, int(min(left, _STEP_WHEN_UNSURE * self._target))
        return Answer.CARRIED, int(min(left, 1.2 * probe.rate))

    def _ended(self, now: float, found: Answer) -> None:
        self._open = None
        self._step = _STEP
        if found is Answer.CARRIED:
            self._pause_s = _SOON_S
            self._due_at = now  # go on up at once
            return
        self._due_at = now + self._pause_s
        self._pause_s = min(self._pause_s * _SLOWER, _LATEST_S)

    def ask_at(self, when: float) -> None:
        """Ask at this time, whatever was found before."""
        self._pause_s = _SOON_S
        self._due_at = when

    def rate_fell(self, now: float) -> None:
        """The target has been lowered: what took the room may go again, so ask soon."""
        self._pause_s = _SOON_S
        self._due_at = max(self._due_at, now + _SOON_S)
